//! What an expression is called in CPython's messages about assignments.

use rustpython_vm as vm;
use vm::compiler::ast::Expr;
use vm::compiler::parser::parse_expression;

/// The word for the expression that `text` is, and whether "Maybe you meant '=='" may be said of it.
pub(super) fn kind(text: &str) -> (&'static str, Hint) {
    let wrapped = format!("({text}\n)");
    let Ok(parsed) = parse_expression(&wrapped) else {
        return ("expression", Hint::Fits);
    };
    of(parsed.expr())
}

/// CPython offers "==" for what could stand left of a comparison.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Hint {
    Fits,
    Misplaced,
}

fn of(expr: &Expr) -> (&'static str, Hint) {
    use Hint::{Fits, Misplaced};

    match expr {
        Expr::Attribute(_) => ("attribute", Fits),
        Expr::Subscript(_) => ("subscript", Fits),
        Expr::Starred(_) => ("starred", Misplaced),
        Expr::Name(_) => ("name", Fits),
        Expr::List(_) => ("list", Misplaced),
        Expr::Tuple(_) => ("tuple", Misplaced),
        Expr::Lambda(_) => ("lambda", Misplaced),
        Expr::Call(_) => ("function call", Fits),
        Expr::BinOp(_) => ("expression", Fits),
        Expr::UnaryOp(op) if op.op.is_not() => ("expression", Misplaced),
        Expr::UnaryOp(_) => ("expression", Fits),
        Expr::BoolOp(_) => ("expression", Misplaced),
        Expr::Generator(_) => ("generator expression", Misplaced),
        Expr::Yield(_) | Expr::YieldFrom(_) => ("yield expression", Misplaced),
        Expr::Await(_) => ("await expression", Fits),
        Expr::ListComp(_) => ("list comprehension", Fits),
        Expr::SetComp(_) => ("set comprehension", Fits),
        Expr::DictComp(_) => ("dict comprehension", Fits),
        Expr::Dict(_) => ("dict literal", Fits),
        Expr::Set(_) => ("set display", Fits),
        Expr::FString(_) | Expr::TString(_) => ("f-string expression", Fits),
        Expr::NoneLiteral(_) => ("None", Misplaced),
        Expr::BooleanLiteral(literal) => (if literal.value { "True" } else { "False" }, Misplaced),
        Expr::EllipsisLiteral(_) => ("ellipsis", Fits),
        Expr::StringLiteral(_) | Expr::BytesLiteral(_) | Expr::NumberLiteral(_) => ("literal", Fits),
        Expr::Compare(_) => ("comparison", Misplaced),
        Expr::If(_) => ("conditional expression", Misplaced),
        Expr::Named(_) => ("named expression", Misplaced),
        Expr::Slice(_) | Expr::IpyEscapeCommand(_) => ("expression", Misplaced),
    }
}

/// What is wrong between the braces of an f-string: whether one was just opened, and what stands there.
pub(super) const fn in_braces(open: bool, next: Option<char>) -> &'static str {
    match next {
        Some('!') if open => "f-string: expression required before '!'",
        Some('}' | ':' | '=') if open => "f-string: empty expression not allowed",
        Some('"' | '\'') | None => "f-string: expecting '}'",
        Some(_) => "f-string: invalid syntax",
    }
}
