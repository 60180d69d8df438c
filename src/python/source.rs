//! Questions about Python source that need its grammar, not its meaning: is it valid, where do its statements begin and
//! end, which names does it bind.

use std::collections::HashSet;

use rustpython_ruff_text_size::Ranged;
use rustpython_vm as vm;
use vm::compiler::ast::visitor::{self, Visitor};
use vm::compiler::ast::{Alias, ExceptHandler, Expr, ExprContext, Identifier, Mod, Pattern, Stmt};
use vm::compiler::parser::{Mode, ParseOptions, parse_module, parse_unchecked};

/// Whether `source` is valid Python as a whole.
#[must_use]
pub fn is_valid(source: &str) -> bool {
    parse_module(source).is_ok()
}

/// The names that `source` binds anywhere in it: by assignment, import, definition, loop, `with`, `except`, capture.
/// Empty where it is no valid Python.
#[must_use]
pub fn bindings(source: &str) -> HashSet<String> {
    let mut names = Bindings::default();
    if let Ok(module) = parse_module(source) {
        names.visit_body(&module.syntax().body);
    }
    names.0
}

/// Cuts `source` into its statements at the top, each with what follows it on its last line; `None` where it is no
/// valid Python. Statements that share a line stay together.
#[must_use]
pub fn statements(source: &str) -> Option<Vec<&str>> {
    let module = parse_module(source).ok()?;
    let mut parts = Vec::new();
    let mut from = 0;
    for statement in &module.syntax().body {
        let end = usize::from(statement.end());
        if end <= from {
            continue;
        }
        let line_end = source[end..].find('\n').map_or(source.len(), |i| end + i + 1);
        parts.push(&source[from..line_end]);
        from = line_end;
    }
    Some(parts)
}

/// The numbers of the lines (from 0) of `source` at which a statement at the top goes on that began before. Where
/// `source` is no valid Python, those of its beginning that could be read.
#[must_use]
pub fn inner_lines(source: &str) -> HashSet<usize> {
    let module = parse_unchecked(source, ParseOptions::from(Mode::Module));
    let starts: Vec<usize> =
        std::iter::once(0).chain(source.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1)).collect();
    let line_of = |offset: usize| starts.partition_point(|&start| start <= offset) - 1;
    let mut inner = HashSet::new();
    if let Mod::Module(module) = module.syntax() {
        for statement in &module.body {
            let (first, last) = (line_of(statement.start().into()), line_of(statement.end().into()));
            inner.extend(first + 1..=last);
        }
    }
    inner
}

#[derive(Default)]
struct Bindings(HashSet<String>);

impl Bindings {
    fn add(&mut self, name: &Identifier) {
        self.0.insert(name.to_string());
    }
}

impl<'a> Visitor<'a> for Bindings {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(def) => self.add(&def.name),
            Stmt::ClassDef(def) => self.add(&def.name),
            _ => {}
        }
        visitor::walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Name(name) = expr
            && matches!(name.ctx, ExprContext::Store | ExprContext::Del)
        {
            self.0.insert(name.id.to_string());
        }
        visitor::walk_expr(self, expr);
    }

    fn visit_alias(&mut self, alias: &'a Alias) {
        match &alias.asname {
            Some(name) => self.add(name),
            None => drop(self.0.insert(alias.name.split('.').next().unwrap_or_default().to_owned())),
        }
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(inner) = handler;
        if let Some(name) = &inner.name {
            self.add(name);
        }
        visitor::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(inner) => inner.name.as_ref(),
            Pattern::MatchStar(inner) => inner.name.as_ref(),
            Pattern::MatchMapping(inner) => inner.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            self.add(name);
        }
        visitor::walk_pattern(self, pattern);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_bind_a_name_is_seen() {
        let source = "import a.b, c as d\nfrom e import f\nx = y[0] = 1\nfor i in j: pass\nwith k as l: pass\n\
                      try: pass\nexcept E as m: pass\ndef n(): global o; o = 1\nclass p: pass\n(q := 2)\n\
                      match r:\n  case [s, *t]: pass\n  case {**u}: pass\nv: int = 3\ndel w\n";
        let mut names: Vec<_> = bindings(source).into_iter().collect();
        names.sort();
        let expected = ["a", "d", "f", "i", "l", "m", "n", "o", "p", "q", "s", "t", "u", "v", "w", "x"];
        assert_eq!(names, expected);
    }

    #[test]
    fn statements_are_cut_at_their_lines() {
        let source = "a = 1; b = 2\n# said\ndef f():\n    pass\n\nf()  # called\n";
        assert_eq!(
            statements(source).unwrap(),
            ["a = 1; b = 2\n", "# said\ndef f():\n    pass\n", "\nf()  # called\n"]
        );
        assert_eq!(statements("a ="), None);
    }
}
