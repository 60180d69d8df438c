//! What an instance of a model is underneath: one that was read holds its row, and unpacks from it what is asked for.
//! Nobody can tell: who looks at `__dict__` finds everything in Django's order.

use std::{
    cell::{OnceCell, RefCell},
    rc::Rc,
    sync::Arc,
};

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::{PyDict, PyDictRef, PyStr, PyStrInterned, PyStrRef, PyTuple, PyTypeRef},
    function::{FuncArgs, PySetterValue},
    gc_state::gc_state,
    pyclass,
    types::{Constructor, GetDescriptor, Initializer, SetAttr},
};

use super::{
    import,
    moments::moment_now,
    query::model_of,
    rows::PySealed,
    saving::{Plain, Rest},
    shelf::{Born, Packed, Shelf},
};
use crate::{
    authority::query::Row,
    domain::{Model, Timestamp, model::Default as Initial},
};

/// What all models are derived from; of Django's class of that name there is nothing else to see.
#[pyclass(module = "django.db.models.utils", name = "AltersData")]
#[derive(Debug, Default, PyPayload)]
pub(super) struct PyInstance {
    shelf: RefCell<Shelf>,
}

impl Constructor for PyInstance {
    type Args = FuncArgs;

    fn slot_new(cls: PyTypeRef, _args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        Ok(PyRef::new_ref(Self::default(), cls, Some(vm.ctx.new_dict())).into())
    }

    fn py_new(_cls: &Py<rustpython_vm::builtins::PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

impl Initializer for PyInstance {
    type Args = FuncArgs;

    /// `Model.__init__` where nothing but fields are named; all else is done by the prelude's `_initialize`.
    fn slot_init(zelf: PyObjectRef, args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        if let Some(dict) = zelf.dict()
            && let Some(one) = zelf.downcast_ref::<Self>()
            && one.is_untouched()
            && let Some(layout) = Layout::of(&zelf, vm)?
            && args.args.is_empty()
            && let Some(given) = layout.given(args.kwargs.keys())
            && !is_told(["pre_init", "post_init"], vm)?
        {
            let mut at = Timestamp::default();
            for (place, field) in layout.model.describe().fields.iter().enumerate() {
                if matches!(field.default, Initial::Now) && !given.contains(&place) {
                    match own_now(vm)? {
                        Ok(now) => at = now,
                        Err(theirs) => dict.set_item(layout.names[place], theirs, vm)?,
                    }
                }
            }
            let mut related = Vec::new();
            for (place, (name, value)) in given.into_iter().zip(args.kwargs) {
                if layout.names[place].as_str() == name {
                    dict.set_item(layout.names[place], value, vm)?;
                } else {
                    related.push((vm.ctx.intern_str(name), value));
                }
            }
            *one.shelf.borrow_mut() = Shelf::Fresh(Some(Born { model: layout.model, at }));
            // An instance in the place of its key: the relation says what comes of it.
            for (name, value) in related {
                zelf.set_attr(name, value, vm)?;
            }
            return Ok(());
        }
        vm.call_method(&zelf, "_initialize", args).map(drop)
    }

    fn init(_zelf: PyRef<Self>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<()> {
        Ok(())
    }
}

impl SetAttr for PyInstance {
    fn setattro(zelf: &Py<Self>, name: &Py<PyStr>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        if let PySetterValue::Delete = value {
            Self::unpack(zelf, vm)?;
        }
        zelf.as_object().generic_setattr(name, value, vm)
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer, SetAttr))]
impl PyInstance {
    #[pygetset(name = "__dict__")]
    fn dict(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        Self::unpack(zelf, vm)
    }

    #[pygetset(name = "__dict__", setter)]
    fn set_dict(zelf: &Py<Self>, dict: PyDictRef, vm: &VirtualMachine) -> PyResult<()> {
        *zelf.shelf.borrow_mut() = Shelf::Unpacked;
        zelf.as_object().set_dict(dict).map_err(|_| vm.new_attribute_error("this instance has no __dict__".to_owned()))
    }

    #[pygetset(name = "_state")]
    fn state(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let dict = Self::held(zelf, vm)?;
        let name = vm.ctx.intern_str("_state");
        if let Some(state) = dict.get_item_opt(name, vm)? {
            return Ok(state);
        }
        if let Shelf::Unpacked = &*zelf.shelf.borrow() {
            return Err(vm.new_no_attribute_error(zelf.as_object().to_owned(), name.to_owned()));
        }
        let state = Self::new_state(zelf, vm)?;
        dict.set_item(name, state.clone(), vm)?;
        Ok(state)
    }

    #[pygetset(name = "_state", setter)]
    fn set_state(zelf: &Py<Self>, state: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        Self::held(zelf, vm)?.set_item(vm.ctx.intern_str("_state"), state, vm)
    }
}

impl PyInstance {
    /// Whether nothing was made of it yet.
    fn is_untouched(&self) -> bool {
        matches!(&*self.shelf.borrow(), Shelf::Fresh(None))
    }

    /// What lies in the `__dict__` so far.
    fn held(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        zelf.as_object().dict().ok_or_else(|| vm.new_attribute_error("this instance has no __dict__".to_owned()))
    }

    fn new_state(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        thread_local! {
            static CLASS: OnceCell<PyTypeRef> = const { OnceCell::new() };
        }
        let class = match CLASS.with(|cell| cell.get().cloned()) {
            Some(class) => class,
            None => {
                let class = import(vm, "django.db.models.base")?.get_attr("ModelState", vm)?;
                let class: PyTypeRef =
                    class.downcast().map_err(|_| vm.new_type_error("ModelState is no class".to_owned()))?;
                CLASS.with(|cell| drop(cell.set(class.clone())));
                class
            }
        };
        let dict = vm.ctx.new_dict();
        if let Shelf::Row(_) | Shelf::Saved(_) = &*zelf.shelf.borrow() {
            dict.set_item(vm.ctx.intern_str("adding"), vm.ctx.new_bool(false).into(), vm)?;
            dict.set_item(vm.ctx.intern_str("db"), vm.ctx.intern_str("default").to_owned().into(), vm)?;
            if let Shelf::Row(Packed { row, .. }) = &*zelf.shelf.borrow()
                && let Some(token) = &row.token
            {
                dict.set_item("sealed", PySealed::new(token).into_ref(&vm.ctx).into(), vm)?;
            }
        }
        Ok(vm.ctx.new_base_object(class, Some(dict)))
    }

    /// Puts a value into the `__dict__`, without looking at what else belongs there.
    pub(super) fn hold(object: &PyObject, name: PyStrRef, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        match object.downcast_ref::<Self>() {
            Some(zelf) => Self::held(zelf, vm)?.set_item(&*name, value, vm),
            None => object.get_attr("__dict__", vm)?.set_item(&*name, value, vm),
        }
    }

    /// Whether all fields are there, told from what was made of it.
    pub(super) fn is_whole(object: &PyObject) -> bool {
        let Some(zelf) = object.downcast_ref::<Self>() else { return false };
        match &*zelf.shelf.borrow() {
            Shelf::Fresh(born) | Shelf::Saved(born) => born.is_some(),
            Shelf::Row(packed) => packed.only.is_none() && packed.row.token.is_none(),
            Shelf::Unpacked => false,
        }
    }

    /// What is needed to write the row; none where that takes more than the values.
    pub(super) fn plain(object: &PyObject, vm: &VirtualMachine) -> PyResult<Option<Plain>> {
        let Some(zelf) = object.downcast_ref::<Self>() else { return Ok(None) };
        let Some(layout) = Layout::of(object, vm)? else { return Ok(None) };
        let rest = match &*zelf.shelf.borrow() {
            Shelf::Fresh(Some(born)) | Shelf::Saved(Some(born)) => Rest::Born(*born),
            Shelf::Row(packed) if packed.only.is_none() && packed.row.token.is_none() => {
                Rest::Row(Arc::clone(&packed.row))
            }
            Shelf::Unpacked => Rest::Nowhere,
            Shelf::Fresh(None) | Shelf::Saved(None) | Shelf::Row(_) => return Ok(None),
        };
        Ok(Some(Plain { model: layout.model, dict: Self::held(zelf, vm)?, rest }))
    }

    /// Says of one that was born that it has a row since `at`, with this key where it is told.
    pub(super) fn saved(
        object: &PyObject,
        key: Option<PyObjectRef>,
        at: Option<Timestamp>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let Some(zelf) = object.downcast_ref::<Self>() else { return Ok(()) };
        let born = if let Shelf::Fresh(born) | Shelf::Saved(born) = *zelf.shelf.borrow() { born } else { None };
        let born = born.map(|born| Born { at: at.unwrap_or(born.at), ..born });
        *zelf.shelf.borrow_mut() = Shelf::Saved(born);
        match (key, Layout::of(object, vm)?) {
            (Some(key), Some(layout)) => {
                let name = layout.names[layout.model.describe().pk];
                Self::held(zelf, vm)?.set_item(name, key, vm)
            }
            _ => Ok(()),
        }
    }

    /// Brings everything into the `__dict__`: the state, the fields in their order, then what else was set.
    fn unpack(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        let dict = Self::held(zelf, vm)?;
        if let Shelf::Unpacked = &*zelf.shelf.borrow() {
            return Ok(dict);
        }
        let held = PyDict::default().into_ref(&vm.ctx);
        for (name, value) in dict.items_vec() {
            held.set_item(&*name, value, vm)?;
        }
        let state = Self::state(zelf, vm)?;
        let shelf = std::mem::replace(&mut *zelf.shelf.borrow_mut(), Shelf::Unpacked);
        dict.clear();
        dict.set_item(vm.ctx.intern_str("_state"), state, vm)?;
        if let Some(model) = shelf.model() {
            for (place, field) in model.describe().fields.iter().enumerate() {
                let name = vm.ctx.intern_str(field.attname);
                let own = held.get_item_opt(name, vm)?;
                if let Some(value) = own.map_or_else(|| shelf.value(place, vm), |own| Ok(Some(own)))? {
                    dict.set_item(name, value, vm)?;
                }
            }
        }
        for (name, value) in held.items_vec() {
            if !dict.contains_key(&*name, vm) {
                dict.set_item(&*name, value, vm)?;
            }
        }
        Ok(dict)
    }
}

/// The names of a model's fields: what every instance holds.
#[pyclass(module = "_hallpass", name = "Layout")]
#[derive(Debug, PyPayload)]
pub(super) struct Layout {
    model: Model,
    names: Vec<&'static PyStrInterned>,
}

#[pyclass]
impl Layout {
    pub(super) fn new(model: Model, vm: &VirtualMachine) -> Self {
        Self { model, names: model.describe().fields.iter().map(|field| vm.ctx.intern_str(field.attname)).collect() }
    }

    /// The places of the fields that are named, each once: by what the instance holds, or by the relation.
    fn given<'n>(&self, named: impl Iterator<Item = &'n String>) -> Option<Vec<usize>> {
        let fields = self.model.describe().fields;
        let mut places = Vec::new();
        for name in named {
            let held = self.names.iter().position(|known| known.as_str() == name);
            let place = held.or_else(|| fields.iter().position(|field| field.name == name))?;
            if places.contains(&place) {
                return None;
            }
            places.push(place);
        }
        Some(places)
    }

    /// That of an instance's class.
    fn of(instance: &PyObject, vm: &VirtualMachine) -> PyResult<Option<PyRef<Self>>> {
        let layout = instance.class().get_attr(vm.ctx.intern_str("_layout"));
        Ok(layout.and_then(|layout| layout.downcast().ok()))
    }
}

/// This moment; or what the function says that a script has put in the place of Django's.
pub(super) fn own_now(vm: &VirtualMachine) -> PyResult<Result<Timestamp, PyObjectRef>> {
    let module = import(vm, "django.utils.timezone")?;
    let now = module.get_attr(vm.ctx.intern_str("now"), vm)?;
    if now.is(&module.get_attr(vm.ctx.intern_str("_own_now"), vm)?) {
        return moment_now(vm).map(Ok);
    }
    now.call((), vm).map(Err)
}

/// Whether somebody listens to one of these signals.
pub(super) fn is_told(names: [&'static str; 2], vm: &VirtualMachine) -> PyResult<bool> {
    let signals = import(vm, "django.db.models.signals")?;
    for name in names {
        let receivers = signals.get_attr(vm.ctx.intern_str(name), vm)?.get_attr(vm.ctx.intern_str("receivers"), vm)?;
        if receivers.is_true(vm)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The attribute behind a field. The prelude's classes are derived from it and say what happens where the instance does
/// not have the value.
#[pyclass(module = "_hallpass", name = "Column")]
#[derive(Debug, PyPayload)]
pub(super) struct PyColumn {
    name: &'static PyStrInterned,
    place: Option<usize>,
}

impl Constructor for PyColumn {
    type Args = FuncArgs;

    fn slot_new(cls: PyTypeRef, args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        let pair = args.args.first().and_then(|pair| pair.downcast_ref::<PyTuple>());
        let Some([model, name]) = pair.map(|pair| pair.as_slice()) else {
            return Err(vm.new_type_error("a column needs a model and a name".to_owned()));
        };
        let name = name.str(vm)?;
        let place = model_of(model, vm)?.and_then(|model| model.field(&name.to_string_lossy()));
        let column = Self { name: vm.ctx.intern_str(name.as_wtf8()), place };
        Ok(PyRef::new_ref(column, cls, Some(vm.ctx.new_dict())).into())
    }

    fn py_new(_cls: &Py<rustpython_vm::builtins::PyType>, _args: FuncArgs, vm: &VirtualMachine) -> PyResult<Self> {
        Err(vm.new_type_error("a column needs a model and a name".to_owned()))
    }
}

impl GetDescriptor for PyColumn {
    fn descr_get(
        zelf: PyObjectRef,
        instance: Option<PyObjectRef>,
        _class: Option<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult {
        let Some(instance) = instance.filter(|instance| !vm.is_none(instance)) else { return Ok(zelf) };
        if let Some(column) = zelf.downcast_ref::<Self>()
            && let Some(dict) = instance.dict()
        {
            if let Some(value) = dict.get_item_opt(column.name, vm)? {
                return Ok(value);
            }
            if let Some(place) = column.place
                && let Some(one) = instance.downcast_ref::<PyInstance>()
            {
                let value = one.shelf.borrow().value(place, vm)?;
                if let Some(value) = value {
                    dict.set_item(column.name, value.clone(), vm)?;
                    return Ok(value);
                }
            }
        }
        vm.call_method(&zelf, "_missing", (instance,))
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT), with(Constructor, GetDescriptor))]
impl PyColumn {}

/// Instances with rows, made without the collector of cycles looking at each: there are none among them.
pub(super) struct Press<'v> {
    vm: &'v VirtualMachine,
    class: PyTypeRef,
    model: Model,
    only: Option<Rc<[usize]>>,
}

impl<'v> Press<'v> {
    pub(super) fn new(class: &PyTypeRef, model: Model, only: Option<&[usize]>, vm: &'v VirtualMachine) -> Self {
        Self { vm, class: class.clone(), model, only: only.map(Rc::from) }
    }

    pub(super) fn instance(&self, row: Arc<Row>) -> PyRef<PyInstance> {
        let packed = Packed { model: self.model, row, only: self.only.clone() };
        let instance = PyInstance { shelf: RefCell::new(Shelf::Row(packed)) };
        PyRef::new_ref(instance, self.class.clone(), Some(self.vm.ctx.new_dict()))
    }
}

/// Keeps the collector of cycles away for a while.
pub(super) struct NoCollector(bool);

impl NoCollector {
    pub(super) fn new() -> Self {
        let was = gc_state().is_enabled();
        gc_state().disable();
        Self(was)
    }
}

impl Drop for NoCollector {
    fn drop(&mut self) {
        if self.0 {
            gc_state().enable();
        }
    }
}
