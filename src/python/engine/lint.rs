//! The warnings that CPython's compiler gives and the engine's does not.

use rustpython_ruff_text_size::Ranged;
use rustpython_vm as vm;
use vm::compiler::ast::visitor::{self, Visitor};
use vm::compiler::ast::{CmpOp, Expr, Stmt};
use vm::compiler::parser::parse_module;
use vm::{PyResult, VirtualMachine};

/// Warns about `source`, which compiles.
///
/// # Errors
/// The warning, where the script's filters make an error of it.
pub(super) fn warn(vm: &VirtualMachine, source: &str, path: &str) -> PyResult<()> {
    // Most source has neither word, and is not read again.
    if !source.contains(" is ") && !source.contains("assert") {
        return Ok(());
    }
    let Ok(module) = parse_module(source) else { return Ok(()) };
    let mut found = Findings::default();
    found.visit_body(&module.syntax().body);
    for (at, said) in found.0 {
        let line = 1 + source[..at].matches('\n').count();
        let warnings = vm.import("warnings", 0)?;
        let category = vm.ctx.exceptions.syntax_warning.to_owned();
        vm.call_method(&warnings, "warn_explicit", (said, category, path.to_owned(), line))?;
    }
    Ok(())
}

#[derive(Default)]
struct Findings(Vec<(usize, &'static str)>);

impl<'a> Visitor<'a> for Findings {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if let Stmt::Assert(assert) = statement
            && let Expr::Tuple(tuple) = &*assert.test
            && !tuple.elts.is_empty()
        {
            let said = "assertion is always true, perhaps remove parentheses?";
            self.0.push((statement.start().into(), said));
        }
        visitor::walk_stmt(self, statement);
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
                    self.0.push((expr.start().into(), said));
                }
            }
        }
        visitor::walk_expr(self, expr);
    }
}

fn is_literal(expr: &Expr) -> bool {
    matches!(expr, Expr::StringLiteral(_) | Expr::BytesLiteral(_) | Expr::NumberLiteral(_) | Expr::Tuple(_))
}
