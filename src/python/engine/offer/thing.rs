//! What an expression is worth, found out by looking alone: dicts of instances, of classes and of modules are read, the
//! table of models is asked, and nothing of a script's own is called: no property, no `__getattr__`, no query.

use rustpython_vm as vm;
use vm::builtins::{
    PyClassMethod, PyDict, PyDictRef, PyFunction, PyList, PyModule, PyStaticMethod, PyStr, PyTuple, PyType, PyTypeRef,
};
use vm::compiler::ast::{Expr, Number, Stmt};
use vm::compiler::parser::{Mode, ParseOptions, parse_expression, parse_unchecked};
use vm::{AsObject, Py, PyObject, PyObjectRef, VirtualMachine};

use crate::domain::Model;
use crate::domain::filter::View;
use crate::domain::model::Kind;

/// What is known of a value.
#[derive(Clone)]
pub(super) enum Thing {
    /// It is there.
    Value(PyObjectRef),
    /// It will be an instance of this class.
    Instance(PyTypeRef),
    /// It will be rows of a model, as `class` gives them: a query set or a manager.
    Rows { class: PyTypeRef, model: PyTypeRef, view: View },
}

/// Looks at things in a session.
pub(super) struct Eyes<'a> {
    pub(super) vm: &'a VirtualMachine,
    pub(super) globals: &'a PyDictRef,
    /// The statement that is being typed, up to the cursor: what it binds is known by it alone.
    pub(super) entry: &'a str,
}

/// How deep an expression is looked into.
const DEPTH: usize = 24;

/// Methods of managers and query sets that give rows again.
const ROWS: &[&str] = &[
    "alias",
    "all",
    "annotate",
    "complex_filter",
    "defer",
    "difference",
    "distinct",
    "exclude",
    "filter",
    "get_queryset",
    "intersection",
    "none",
    "only",
    "order_by",
    "prefetch_related",
    "reverse",
    "select_for_update",
    "select_related",
    "union",
    "using",
];

/// Those that give one row.
const ROW: &[&str] =
    &["create", "create_superuser", "create_user", "earliest", "first", "get", "get_by_natural_key", "last", "latest"];

/// Methods of texts that give a text.
const TEXTS: &[&str] = &[
    "capitalize",
    "casefold",
    "center",
    "expandtabs",
    "format",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "removeprefix",
    "removesuffix",
    "replace",
    "rjust",
    "rstrip",
    "strip",
    "swapcase",
    "title",
    "translate",
    "upper",
    "zfill",
];

impl Eyes<'_> {
    /// What `source`, an expression, is worth.
    pub(super) fn look(&self, source: &str) -> Option<Thing> {
        let parsed = parse_expression(source.trim()).ok()?;
        self.infer(&parsed.syntax().body, DEPTH)
    }

    fn infer(&self, expr: &Expr, depth: usize) -> Option<Thing> {
        let depth = depth.checked_sub(1)?;
        let types = &self.vm.ctx.types;
        let instance = |class: &'static Py<PyType>| Some(Thing::Instance(class.to_owned()));
        match expr {
            Expr::Name(name) => self.name(name.id.as_str(), depth),
            Expr::Attribute(attribute) => {
                let of = self.infer(&attribute.value, depth)?;
                self.attribute(&of, attribute.attr.as_str())
            }
            Expr::Call(call) => self.called(&call.func, depth),
            Expr::Subscript(subscript) => {
                let of = self.infer(&subscript.value, depth)?;
                self.item(&of, &subscript.slice)
            }
            Expr::StringLiteral(_) | Expr::FString(_) => instance(types.str_type),
            Expr::BytesLiteral(_) => instance(types.bytes_type),
            Expr::BooleanLiteral(_) => instance(types.bool_type),
            Expr::NoneLiteral(_) => Some(Thing::Value(self.vm.ctx.none())),
            Expr::List(_) | Expr::ListComp(_) => instance(types.list_type),
            Expr::Dict(_) | Expr::DictComp(_) => instance(types.dict_type),
            Expr::Set(_) | Expr::SetComp(_) => instance(types.set_type),
            Expr::Tuple(_) => instance(types.tuple_type),
            Expr::NumberLiteral(number) => match number.value {
                Number::Int(_) => instance(types.int_type),
                Number::Float(_) => instance(types.float_type),
                Number::Complex { .. } => instance(types.complex_type),
            },
            Expr::Named(named) => self.infer(&named.value, depth),
            Expr::BinOp(binary) => self.infer(&binary.left, depth).filter(|left| self.rows(left).is_some()),
            _ => None,
        }
    }

    fn name(&self, name: &str, depth: usize) -> Option<Thing> {
        self.bound_here(name, depth).or_else(|| {
            let global = self.globals.get_item_opt(name, self.vm).ok().flatten();
            let found = global.or_else(|| self.vm.builtins.dict().get_item_opt(name, self.vm).ok().flatten());
            found.map(Thing::Value)
        })
    }

    /// What the statement that is being typed binds `name` to.
    fn bound_here(&self, name: &str, depth: usize) -> Option<Thing> {
        if !self.entry.contains('\n') {
            return None;
        }
        let parsed = parse_unchecked(self.entry, ParseOptions::from(Mode::Module));
        let vm::compiler::ast::Mod::Module(module) = parsed.syntax() else { return None };
        let mut found = None;
        self.bound_in(&module.body, name, depth, &mut found);
        found
    }

    fn bound_in(&self, body: &[Stmt], name: &str, depth: usize, found: &mut Option<Thing>) {
        let is_name = |target: &Expr| matches!(target, Expr::Name(target) if target.id.as_str() == name);
        for statement in body {
            match statement {
                Stmt::Assign(assign) if assign.targets.iter().any(is_name) => {
                    *found = self.infer(&assign.value, depth).or(found.take());
                }
                Stmt::For(each) => {
                    if is_name(&each.target)
                        && let Some(rows) = self.infer(&each.iter, depth)
                        && let Some((model, _)) = self.rows(&rows)
                    {
                        *found = Some(Thing::Instance(model));
                    }
                    self.bound_in(&each.body, name, depth, found);
                }
                Stmt::FunctionDef(def) => self.bound_in(&def.body, name, depth, found),
                Stmt::While(each) => self.bound_in(&each.body, name, depth, found),
                Stmt::With(with) => self.bound_in(&with.body, name, depth, found),
                Stmt::Try(tried) => self.bound_in(&tried.body, name, depth, found),
                Stmt::If(tested) => {
                    self.bound_in(&tested.body, name, depth, found);
                    tested.elif_else_clauses.iter().for_each(|clause| self.bound_in(&clause.body, name, depth, found));
                }
                _ => {}
            }
        }
    }

    fn called(&self, function: &Expr, depth: usize) -> Option<Thing> {
        let types = &self.vm.ctx.types;
        if let Expr::Attribute(attribute) = function {
            let of = self.infer(&attribute.value, depth)?;
            let name = attribute.attr.as_str();
            if let Some((model, view)) = self.rows(&of) {
                return match name {
                    _ if ROWS.contains(&name) => {
                        let class = self.class_of("django.db.models.query", "QuerySet")?;
                        Some(Thing::Rows { class, model, view })
                    }
                    _ if ROW.contains(&name) => Some(Thing::Instance(model)),
                    "count" => Some(Thing::Instance(types.int_type.to_owned())),
                    "exists" => Some(Thing::Instance(types.bool_type.to_owned())),
                    _ => None,
                };
            }
            if TEXTS.contains(&name) && self.type_of(&of).is_some_and(|class| class.is(types.str_type)) {
                return Some(Thing::Instance(types.str_type.to_owned()));
            }
        }
        let Thing::Value(value) = self.infer(function, depth)? else { return None };
        if let Some(function) = value.downcast_ref::<PyFunction>() {
            let name = function.as_object().get_attr("__name__", self.vm).ok()?;
            let is_user_model = name.downcast_ref::<PyStr>().and_then(|n| n.to_str()) == Some("get_user_model");
            return if is_user_model { self.model_class("auth.User").map(|c| Thing::Value(c.into())) } else { None };
        }
        value.downcast::<PyType>().ok().map(Thing::Instance)
    }

    fn item(&self, of: &Thing, index: &Expr) -> Option<Thing> {
        if let Some((model, view)) = self.rows(of) {
            let class = self.class_of("django.db.models.query", "QuerySet")?;
            let sliced = matches!(index, Expr::Slice(_));
            return Some(if sliced { Thing::Rows { class, model, view } } else { Thing::Instance(model) });
        }
        let Thing::Value(of) = of else { return None };
        let number = match index {
            Expr::NumberLiteral(number) => match &number.value {
                Number::Int(n) => n.as_u64().and_then(|n| usize::try_from(n).ok()),
                _ => None,
            },
            _ => None,
        };
        // Only Python's own containers: those of a script may do anything.
        if let Some(list) = exact::<PyList>(of, self.vm.ctx.types.list_type) {
            return list.borrow_vec().get(number?).cloned().map(Thing::Value);
        }
        if let Some(tuple) = exact::<PyTuple>(of, self.vm.ctx.types.tuple_type) {
            return tuple.as_slice().get(number?).cloned().map(Thing::Value);
        }
        let dict = exact::<PyDict>(of, self.vm.ctx.types.dict_type)?;
        let found = match index {
            Expr::StringLiteral(text) => dict.get_item_opt(text.value.to_str(), self.vm),
            _ => dict.get_item_opt(self.vm.ctx.new_int(number?).as_object(), self.vm),
        };
        found.ok().flatten().map(Thing::Value)
    }

    /// What the attribute `name` of a thing is worth.
    pub(super) fn attribute(&self, of: &Thing, name: &str) -> Option<Thing> {
        match of {
            Thing::Value(value) => {
                if let Some(class) = value.downcast_ref::<PyType>() {
                    let raw = find(class, name)?;
                    if self.is_ours(&raw, "ManagerDescriptor") {
                        return raw.dict()?.get_item_opt("manager", self.vm).ok().flatten().map(Thing::Value);
                    }
                    return Some(Thing::Value(unwrapped(&raw, self.vm)));
                }
                let own = value.dict().and_then(|dict| dict.get_item_opt(name, self.vm).ok().flatten());
                match own {
                    Some(own) => Some(Thing::Value(own)),
                    None if value.downcastable::<PyModule>() => self.later(value, name),
                    None => {
                        let raw = find(value.class(), name)?;
                        self.of_instance(&raw, value.class(), name)
                    }
                }
            }
            Thing::Instance(class) => {
                let raw = find(class, name)?;
                self.of_instance(&raw, class, name)
            }
            Thing::Rows { class, .. } => {
                let raw = find(class, name)?;
                Some(Thing::Value(unwrapped(&raw, self.vm)))
            }
        }
    }

    /// What `raw`, found in a class, is for an instance of it.
    fn of_instance(&self, raw: &PyObject, class: &Py<PyType>, name: &str) -> Option<Thing> {
        let label = |key: &'static str| {
            let label = raw.dict()?.get_item_opt(key, self.vm).ok().flatten()?;
            Some(label.downcast_ref::<PyStr>()?.to_str()?.to_owned())
        };
        let kind = raw.class().name().to_owned();
        let ours = self.is_ours(raw, &kind);
        match &*kind {
            "ForwardManyToOneDescriptor" | "ForwardOneToOneDescriptor" if ours => {
                self.model_class(&label("_to")?).map(Thing::Instance)
            }
            "ReverseOneToOneDescriptor" if ours => self.model_class(&label("_other")?).map(Thing::Instance),
            "ManyToManyDescriptor" | "ReverseManyToOneDescriptor" if ours => {
                // The prelude's own code, which asks for no row; of an instance that was never made, of its own class:
                // a class that a script derived may do anything.
                let class = self.model_class(&self.model(class)?.0.label())?;
                let dict = self.vm.ctx.new_dict();
                dict.set_item("id", self.vm.ctx.new_int(1).into(), self.vm).ok()?;
                let instance = self.vm.ctx.new_base_object(class.clone(), Some(dict));
                self.vm.call_method(raw, "__get__", (instance, class)).ok().map(Thing::Value)
            }
            "DeferredAttribute" | "ForeignKeyDeferredAttribute" if ours => {
                let (model, _) = self.model(class)?;
                let field = &model.describe().fields[model.field(name)?];
                self.kind(field.kind).map(Thing::Instance)
            }
            "ManagerDescriptor" | "property" | "getset_descriptor" | "member_descriptor" | "cached_property" => None,
            _ => Some(Thing::Value(unwrapped(raw, self.vm))),
        }
    }

    fn kind(&self, kind: Kind) -> Option<PyTypeRef> {
        let types = &self.vm.ctx.types;
        Some(match kind {
            Kind::Char | Kind::Email | Kind::Text => types.str_type.to_owned(),
            Kind::Boolean => types.bool_type.to_owned(),
            Kind::Auto | Kind::PositiveSmallInteger | Kind::Integer => types.int_type.to_owned(),
            Kind::DateTime => return self.class_of("datetime", "datetime"),
            Kind::ForeignKey(_) | Kind::OneToOne(_) => types.int_type.to_owned(),
            Kind::ManyToMany(_) => return None,
        })
    }

    /// What one of the program's own modules makes when it is asked for it.
    fn later(&self, module: &PyObjectRef, name: &str) -> Option<Thing> {
        let own = module.dict()?.get_item_opt("__name__", self.vm).ok().flatten()?;
        let own = own.downcast_ref::<PyStr>()?.to_str()?;
        let frozen = self.vm.state.frozen.contains_key(own);
        if frozen { module.get_attr(self.vm.ctx.intern_str(name), self.vm).ok().map(Thing::Value) } else { None }
    }

    /// Whether it is one of the program's own things that know their names themselves: the settings.
    pub(super) fn lists_itself(&self, value: &PyObject) -> bool {
        is_of(value.class(), "django.conf")
    }

    /// The class of a thing.
    pub(super) fn type_of(&self, thing: &Thing) -> Option<PyTypeRef> {
        match thing {
            Thing::Value(value) => Some(value.class().to_owned()),
            Thing::Instance(class) | Thing::Rows { class, .. } => Some(class.clone()),
        }
    }

    /// The model whose rows a manager or a query set gives.
    pub(super) fn rows(&self, thing: &Thing) -> Option<(PyTypeRef, View)> {
        match thing {
            Thing::Rows { model, view, .. } => Some((model.clone(), *view)),
            Thing::Instance(_) => None,
            Thing::Value(value) => {
                let mut classes = value.class().mro_collect().into_iter();
                classes.find(|class| {
                    is_of(class, "django.db.models") && matches!(&*class.name(), "BaseManager" | "QuerySet")
                })?;
                let model = value.dict()?.get_item_opt("model", self.vm).ok().flatten()?;
                let every = find(value.class(), "_every").is_some_and(|every| every.is(&self.vm.ctx.true_value));
                let view = if every { View::Every } else { View::Django };
                Some((model.downcast().ok()?, view))
            }
        }
    }

    /// The model in the table that a class stands for.
    pub(super) fn model(&self, class: &Py<PyType>) -> Option<(Model, View)> {
        let label = find(class, "_meta")?.dict()?.get_item_opt("label", self.vm).ok().flatten()?;
        let model = Model::by_label(label.downcast_ref::<PyStr>()?.to_str()?)?;
        Some((model, View::Django))
    }

    fn model_class(&self, label: &str) -> Option<PyTypeRef> {
        let apps = self.vm.import("django.apps", 0).and_then(|django| django.get_attr("apps", self.vm)).ok()?;
        self.vm.call_method(&apps, "load", (label.to_owned(),)).ok()?.downcast().ok()
    }

    fn class_of(&self, module: &'static str, name: &'static str) -> Option<PyTypeRef> {
        self.vm.import(module, 0).ok()?;
        let modules = self.vm.sys_module.get_attr("modules", self.vm).ok()?;
        modules.get_item(module, self.vm).ok()?.get_attr(name, self.vm).ok()?.downcast().ok()
    }

    fn is_ours(&self, object: &PyObject, class: &str) -> bool {
        &*object.class().name() == class && is_of(object.class(), "django.")
    }
}

/// Whether a class was made by a module whose name begins so.
fn is_of(class: &Py<PyType>, module: &str) -> bool {
    let attributes = class.attributes.read();
    let found = attributes.iter().find(|(name, _)| name.as_str() == "__module__");
    found.is_some_and(|(_, value)| {
        value.downcast_ref::<PyStr>().and_then(|m| m.to_str()).is_some_and(|m| m.starts_with(module))
    })
}

/// What stands in a class or in those that it comes from, untouched.
pub(super) fn find(class: &Py<PyType>, name: &str) -> Option<PyObjectRef> {
    let classes = class.mro_collect();
    classes.iter().find_map(|class| {
        let attributes = class.attributes.read();
        attributes.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value.clone())
    })
}

/// The function inside a class method or a static method.
fn unwrapped(raw: &PyObject, vm: &VirtualMachine) -> PyObjectRef {
    if raw.downcastable::<PyClassMethod>() || raw.downcastable::<PyStaticMethod>() {
        return raw.get_attr("__func__", vm).unwrap_or_else(|_| raw.to_owned());
    }
    raw.to_owned()
}

fn exact<'a, T: vm::PyPayload>(object: &'a PyObject, class: &Py<PyType>) -> Option<&'a Py<T>> {
    if object.class().is(class) { object.downcast_ref::<T>() } else { None }
}
