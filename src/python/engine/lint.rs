//! The warnings that CPython's compiler gives and the engine's does not.

use std::borrow::Cow;

use rustpython_ruff_text_size::Ranged;
use rustpython_vm as vm;
use vm::compiler::ast::visitor::{self, Visitor};
use vm::compiler::ast::{CmpOp, ExceptHandler, Expr, Number, Stmt};
use vm::compiler::parser::parse_module;
use vm::{PyResult, VirtualMachine};

/// Warns about `source`, which compiles.
///
/// # Errors
/// The warning, where the script's filters make an error of it; a `SyntaxError` for what only newer Pythons take.
pub(super) fn warn(vm: &VirtualMachine, source: &str, path: &str) -> PyResult<()> {
    // Most source has none of it, and is not read again.
    if !source.contains(" is ") && !source.contains("assert") && !source.contains("except ") && !follows_literal(source)
    {
        return Ok(());
    }
    let Ok(module) = parse_module(source) else { return Ok(()) };
    let mut found = Findings::default();
    found.visit_body(&module.syntax().body);
    if let Some(at) = found.bare {
        return Err(super::syntax::bare_exceptions(vm, source, path, at));
    }
    for (at, said) in found.warnings {
        let line = 1 + source[..at].matches('\n').count();
        let warnings = vm.import("warnings", 0)?;
        let category = vm.ctx.exceptions.syntax_warning.to_owned();
        vm.call_method(&warnings, "warn_explicit", (said.into_owned(), category, path.to_owned(), line))?;
    }
    Ok(())
}

/// Forgets which warnings have been told: so does each statement at CPython's prompt, whose reader changes the filters.
pub(super) fn forget_told(vm: &VirtualMachine) {
    let modules = vm.sys_module.get_attr("modules", vm);
    if let Ok(warnings) = modules.and_then(|modules| modules.get_item("warnings", vm)) {
        // Without that function they are told once.
        let _ = vm.call_method(&warnings, "_filters_mutated", ());
    }
}

/// Whether a bracket stands where a literal may have ended.
fn follows_literal(source: &str) -> bool {
    source
        .as_bytes()
        .windows(2)
        .any(|pair| matches!(pair[0], b'"' | b'\'' | b']' | b'}' | b'0'..=b'9') && matches!(pair[1], b'(' | b'['))
        || ["None(", "None[", "True(", "True[", "False(", "False["].iter().any(|word| source.contains(word))
}

#[derive(Default)]
struct Findings {
    warnings: Vec<(usize, Cow<'static, str>)>,
    /// Where types of exceptions stand without brackets around them: Python 2's `except A, e`.
    bare: Option<(usize, usize)>,
}

impl<'a> Visitor<'a> for Findings {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if let Stmt::Assert(assert) = statement
            && let Expr::Tuple(tuple) = &*assert.test
            && !tuple.elts.is_empty()
        {
            let said = "assertion is always true, perhaps remove parentheses?";
            self.warnings.push((statement.start().into(), said.into()));
        }
        visitor::walk_stmt(self, statement);
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(inner) = handler;
        if let Some(Expr::Tuple(types)) = inner.type_.as_deref()
            && !types.parenthesized
        {
            self.bare.get_or_insert((types.start().into(), types.end().into()));
        }
        visitor::walk_except_handler(self, handler);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Compare(compare) = expr {
            let operands: Vec<&Expr> = std::iter::once(&*compare.left).chain(&compare.comparators).collect();
            for (op, pair) in compare.ops.iter().zip(operands.windows(2)) {
                let said = match op {
                    CmpOp::Is => "\"is\" with a literal. Did you mean \"==\"?",
                    CmpOp::IsNot => "\"is not\" with a literal. Did you mean \"!=\"?",
                    _ => continue,
                };
                if pair.iter().any(|operand| is_literal(operand)) {
                    self.warnings.push((expr.start().into(), said.into()));
                }
            }
        }
        let missed = match expr {
            Expr::Call(call) => uncallable(&call.func).map(|of| format!("'{of}' object is not callable")),
            Expr::Subscript(subscript) => misused(&subscript.value, &subscript.slice),
            _ => None,
        };
        if let Some(said) = missed {
            self.warnings.push((expr.start().into(), format!("{said}; perhaps you missed a comma?").into()));
        }
        visitor::walk_expr(self, expr);
    }
}

/// The type of a literal; `None` for what is none.
fn literal_type(expr: &Expr) -> Option<&'static str> {
    Some(match expr {
        Expr::NumberLiteral(number) => match number.value {
            Number::Int(_) => "int",
            Number::Float(_) => "float",
            Number::Complex { .. } => "complex",
        },
        Expr::StringLiteral(_) | Expr::FString(_) => "str",
        Expr::BytesLiteral(_) => "bytes",
        Expr::BooleanLiteral(_) => "bool",
        Expr::NoneLiteral(_) => "NoneType",
        Expr::EllipsisLiteral(_) => "ellipsis",
        Expr::Tuple(_) => "tuple",
        Expr::List(_) | Expr::ListComp(_) => "list",
        Expr::Dict(_) | Expr::DictComp(_) => "dict",
        Expr::Set(_) | Expr::SetComp(_) => "set",
        Expr::Generator(_) => "generator",
        Expr::Lambda(_) => "function",
        _ => return None,
    })
}

fn uncallable(func: &Expr) -> Option<&'static str> {
    literal_type(func).filter(|of| !matches!(*of, "function" | "ellipsis"))
}

/// What is wrong with an index of a literal.
fn misused(value: &Expr, index: &Expr) -> Option<String> {
    match literal_type(value)? {
        of @ ("NoneType" | "ellipsis" | "int" | "float" | "complex" | "bool" | "set" | "generator" | "function") => {
            Some(format!("'{of}' object is not subscriptable"))
        }
        of @ ("str" | "bytes" | "tuple" | "list") => {
            let with = literal_type(index).filter(|with| !matches!(*with, "int" | "bool"))?;
            Some(format!("{of} indices must be integers or slices, not {with}"))
        }
        _ => None,
    }
}

fn is_literal(expr: &Expr) -> bool {
    matches!(expr, Expr::StringLiteral(_) | Expr::BytesLiteral(_) | Expr::NumberLiteral(_) | Expr::Tuple(_))
}
