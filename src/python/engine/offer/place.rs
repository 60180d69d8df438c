//! Where in Python source the cursor stands: what kind of word is being typed there, and of which call it is a part.

use crate::python::lexis::{self, Kind, Word};

/// What is being typed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Place<'a> {
    /// Nothing that could be completed.
    Nothing,
    /// The dotted name of a module.
    Module(&'a str),
    /// A name out of a module.
    Member { module: &'a str, prefix: &'a str },
    /// An attribute of what the source in `of` says.
    Attribute { of: &'a str, prefix: &'a str },
    /// A name; inside the brackets of a call, perhaps that of a parameter.
    Name { prefix: &'a str, call: Option<Call<'a>> },
    /// A key of what the source in `of` says; with the quote that was typed, if one was.
    Key { of: &'a str, prefix: &'a str, quote: Option<&'a str> },
    /// The inside of a text.
    Text { body: &'a str, call: Option<Call<'a>> },
}

/// The innermost call whose brackets are open.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Call<'a> {
    /// The source of what is called.
    pub(super) callee: &'a str,
    /// The parameter that is named before the cursor.
    pub(super) keyword: Option<&'a str>,
    /// How many arguments stand before the one at the cursor.
    pub(super) before: usize,
    /// The first argument, where it is a text: without its quotes.
    pub(super) first: Option<&'a str>,
    /// The source of the first argument.
    pub(super) model: Option<&'a str>,
    /// The parameters that are named already.
    pub(super) named: Vec<&'a str>,
    /// Whether the cursor stands at the beginning of an argument, where a parameter may be named.
    pub(super) fresh: bool,
    /// The call around this one.
    pub(super) outer: Option<Box<Self>>,
}

/// Finds the place at the end of `source`.
pub(super) fn place(source: &str) -> Place<'_> {
    let mut words = lexis::words(source);
    let Some(last) = words.last().cloned() else {
        return Place::Name { prefix: "", call: None };
    };
    match last.kind {
        Kind::Comment => return Place::Nothing,
        Kind::OpenText => {
            words.pop();
            return in_text(source, &words, &last);
        }
        Kind::Number if last.at.end == source.len() => return Place::Nothing,
        _ => {}
    }
    let named = matches!(last.kind, Kind::Name | Kind::Keyword) && last.at.end == source.len();
    let prefix = if named { last.text(source) } else { "" };
    if let Some(place) = in_import(source, &words, prefix) {
        return place;
    }
    if named {
        words.pop();
    }
    let Some(before) = words.last() else {
        return Place::Name { prefix, call: None };
    };
    if before.text(source) == "." {
        let end = words.len() - 1;
        return match primary(source, &words[..end]) {
            Some(start) => Place::Attribute { of: &source[words[start].at.start..words[end - 1].at.end], prefix },
            None => Place::Nothing,
        };
    }
    if matches!(before.text(source), "def" | "class" | "as" | "lambda") {
        return Place::Nothing;
    }
    if let Some(open) = opening(source, &words)
        && words[open].text(source) == "["
        && open + 1 == words.len()
        && let Some(start) = primary(source, &words[..open])
    {
        let of = &source[words[start].at.start..words[open - 1].at.end];
        return Place::Key { of, prefix, quote: None };
    }
    Place::Name { prefix, call: call(source, &words) }
}

fn in_text<'a>(source: &'a str, words: &[Word], open: &Word) -> Place<'a> {
    let (_, quote, inside) = open.quote(source);
    let body = &source[inside..];
    if let Some(bracket) = words.len().checked_sub(1)
        && words[bracket].text(source) == "["
        && let Some(start) = primary(source, &words[..bracket])
    {
        let of = &source[words[start].at.start..words[bracket - 1].at.end];
        return Place::Key { of, prefix: body, quote: Some(quote) };
    }
    Place::Text { body, call: call(source, words) }
}

/// An import statement on the last line, up to the cursor.
fn in_import<'a>(source: &'a str, words: &[Word], prefix: &'a str) -> Option<Place<'a>> {
    // A bracket holds the names of one import together over several lines.
    let mut from = words.len();
    while from > 0 {
        let word = &words[from - 1];
        if word.kind == Kind::Newline && opening(source, &words[..from]).is_none() {
            break;
        }
        if word.text(source) == ";" {
            break;
        }
        from -= 1;
    }
    let line = &words[from..];
    let first = line.first()?.text(source);
    let import = line.iter().position(|word| word.text(source) == "import");
    // What is typed behind the last word is a new one.
    let apart = line.last().is_some_and(|word| word.at.end < source.len());
    match (first, import) {
        ("import", _) | ("from", None) => {
            let start = line.iter().rposition(|word| matches!(word.text(source), "import" | "from" | "," | "as"))?;
            if line[start].text(source) == "as" || line.len() == 1 && !apart {
                return (line[start].text(source) == "as").then_some(Place::Nothing);
            }
            let path = line[start + 1..].first().map_or("", |word| &source[word.at.start..]);
            Some(if path.contains(char::is_whitespace) { Place::Nothing } else { Place::Module(path) })
        }
        ("from", Some(at)) if at > 1 && (at + 1 < line.len() || apart) => {
            let module = source[line[1].at.start..line[at].at.start].trim();
            let typed = line.len() - usize::from(!prefix.is_empty());
            let before = line[..typed].iter().rfind(|word| word.kind != Kind::Newline)?;
            Some(match before.text(source) {
                "import" | "," | "(" => Place::Member { module, prefix },
                _ => Place::Nothing,
            })
        }
        _ => None,
    }
}

/// The innermost bracket that is open at the end of `words`.
fn opening(source: &str, words: &[Word]) -> Option<usize> {
    let mut closed = 0;
    for (i, word) in words.iter().enumerate().rev() {
        match word.text(source) {
            ")" | "]" | "}" if word.kind == Kind::Op => closed += 1,
            "(" | "[" | "{" if word.kind == Kind::Op && closed > 0 => closed -= 1,
            "(" | "[" | "{" if word.kind == Kind::Op => return Some(i),
            _ => {}
        }
    }
    None
}

/// Where the expression begins that ends with the last of `words`: a name, a text, something in brackets, and what
/// hangs on it by dots, calls and subscripts.
fn primary(source: &str, words: &[Word]) -> Option<usize> {
    let mut at = words.len().checked_sub(1)?;
    loop {
        let word = &words[at];
        let closing = word.kind == Kind::Op && matches!(word.text(source), ")" | "]" | "}");
        if closing {
            at = opening(source, &words[..at])?;
            let curly = words[at].text(source) == "{";
            let before = at.checked_sub(1).map(|before| &words[before]);
            let hangs = before.is_some_and(|before| {
                matches!(before.kind, Kind::Name | Kind::Text) || matches!(before.text(source), ")" | "]")
            });
            if hangs && !curly {
                at -= 1;
                continue;
            }
        } else if !matches!(word.kind, Kind::Name | Kind::Text | Kind::Number)
            && !matches!(word.text(source), "True" | "False" | "None")
        {
            return None;
        }
        if at >= 2 && words[at - 1].text(source) == "." {
            at -= 2;
        } else {
            return Some(at);
        }
    }
}

/// The call whose brackets are open at the end of `words`; those of a list or of a tuple in an argument count as it.
fn call<'a>(source: &'a str, words: &[Word]) -> Option<Call<'a>> {
    let open = opening(source, words)?;
    let start = (words[open].text(source) == "(").then(|| primary(source, &words[..open])).flatten();
    let Some(start) = start else {
        let inner = call(source, &words[..open])?;
        return Some(Call { fresh: false, ..inner });
    };
    let mut arguments: Vec<&[Word]> = Vec::new();
    let (mut from, mut depth) = (open + 1, 0);
    for (i, word) in words.iter().enumerate().skip(open + 1) {
        match word.text(source) {
            "(" | "[" | "{" if word.kind == Kind::Op => depth += 1,
            ")" | "]" | "}" if word.kind == Kind::Op => depth -= 1,
            "," if depth == 0 => {
                arguments.push(&words[from..i]);
                from = i + 1;
            }
            _ => {}
        }
    }
    let keyword = |argument: &[Word]| match argument {
        [name, equals, ..] if name.kind == Kind::Name && equals.text(source) == "=" => Some(name.text(source)),
        _ => None,
    };
    let here: Vec<Word> = words[from..].iter().filter(|word| word.kind != Kind::Newline).cloned().collect();
    let first = arguments.first().and_then(|argument| match argument {
        [text] if text.kind == Kind::Text => {
            let (_, quote, inside) = text.quote(source);
            source.get(inside..text.at.end - quote.len())
        }
        _ => None,
    });
    let whole = arguments.first().and_then(|argument| Some(argument.first()?.at.start..argument.last()?.at.end));
    Some(Call {
        model: whole.map(|at| &source[at]),
        callee: &source[words[start].at.start..words[open - 1].at.end],
        keyword: keyword(&here),
        before: arguments.len(),
        first,
        named: arguments.iter().filter_map(|argument| keyword(argument)).collect(),
        fresh: here.is_empty(),
        outer: call(source, &words[..open]).map(Box::new),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute<'a>(of: &'a str, prefix: &'a str) -> Place<'a> {
        Place::Attribute { of, prefix }
    }

    #[test]
    fn an_attribute_belongs_to_the_whole_expression_before_its_dot() {
        assert_eq!(place("x = user.au"), attribute("user", "au"));
        assert_eq!(place("f(User.objects.get(pk=1).e"), attribute("User.objects.get(pk=1)", "e"));
        assert_eq!(place("\"abc\".up"), attribute("\"abc\"", "up"));
        assert_eq!(place("not words[0]."), attribute("words[0]", ""));
        assert_eq!(place("a + (b or c).d"), attribute("(b or c)", "d"));
        assert_eq!(place("for x in qs.all()."), attribute("qs.all()", ""));
        assert_eq!(place("1."), Place::Nothing);
    }

    #[test]
    fn an_import_asks_for_modules_and_then_for_names() {
        assert_eq!(place("import js"), Place::Module("js"));
        assert_eq!(place("import os, js"), Place::Module("js"));
        assert_eq!(place("x = 1\nfrom django.contrib.auth.m"), Place::Module("django.contrib.auth.m"));
        assert_eq!(place("from "), Place::Module(""));
        let member = |module, prefix| Place::Member { module, prefix };
        assert_eq!(place("from a.b import Us"), member("a.b", "Us"));
        assert_eq!(place("from a.b import (X,\n  Us"), member("a.b", "Us"));
        assert_eq!(place("from a.b import "), member("a.b", ""));
        assert_eq!(place("import x as "), Place::Nothing);
        assert!(matches!(place("imp"), Place::Name { prefix: "imp", .. }));
    }

    #[test]
    fn a_text_knows_its_call_and_its_parameter() {
        let Place::Text { body: "al", call: Some(call) } = place("User.objects.get(pk=1, username=\"al") else {
            panic!("a text in a call")
        };
        assert_eq!((call.callee, call.keyword, call.before), ("User.objects.get", Some("username"), 1));
        let Place::Text { call: Some(call), .. } = place("qs.filter(Q(username__in=['a', 'b") else { panic!("a text") };
        assert_eq!((call.callee, call.keyword), ("Q", Some("username__in")));
        assert_eq!(call.outer.map(|outer| outer.callee), Some("qs.filter"));
        assert_eq!(place("data['al"), Place::Key { of: "data", prefix: "al", quote: Some("'") });
        assert_eq!(place("data["), Place::Key { of: "data", prefix: "", quote: None });
    }

    #[test]
    fn a_name_in_a_call_may_be_a_parameter() {
        let Place::Name { prefix: "gr", call: Some(call) } = place("greet(\"x\", gr") else { panic!("a name") };
        assert!(call.fresh && call.first == Some("x"));
        let Place::Name { call: Some(call), .. } = place("greet(a + gr") else { panic!("a name") };
        assert!(!call.fresh);
        assert_eq!(place("# gr"), Place::Nothing);
        assert_eq!(place("def gr"), Place::Nothing);
    }
}
