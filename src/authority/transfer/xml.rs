//! Django's XML fixtures, read into the same objects as JSON's. A small reader: elements, attributes, text, references
//! to characters. Documents that declare entities are refused, as Django refuses them.

use serde_json::{Map, Value as Json};

use super::{error::TransferError, pyrepr::repr};

type Take<'a> = &'a mut dyn FnMut(Json) -> Result<(), TransferError>;

/// An element.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Self>,
    text: String,
}

/// Gives `take` each object.
pub(super) fn each(bytes: &[u8], take: Take<'_>) -> Result<(), TransferError> {
    let text = str::from_utf8(bytes).map_err(|_| malformed("not well-formed (invalid token)", (1, 0)))?;
    let mut reader = Reader { text, at: 0 };
    let mut depth = 0;
    // Elements outside of others: a document has one.
    let mut roots = 0;
    loop {
        let piece = reader.next()?;
        if depth == 0 {
            reader.check_outside(&piece, roots)?;
            roots += usize::from(matches!(piece, Piece::Start(..)));
        }
        match piece {
            Piece::Start(element, Ended::No) if element.name == "object" => take(object(&reader.whole(element)?))?,
            Piece::Start(element, Ended::Yes) if element.name == "object" => take(object(&element))?,
            Piece::Start(_, Ended::No) => depth += 1,
            Piece::End(_) => depth -= 1,
            Piece::Start(_, Ended::Yes) | Piece::Text(_) => {}
            Piece::Nothing if depth > 0 => {
                return Err(malformed("no element found", reader.place()));
            }
            Piece::Nothing => return Ok(()),
        }
    }
}

/// `<object model="..." pk="...">` as JSON's object.
fn object(element: &Element) -> Json {
    let mut out = Map::new();
    for name in ["model", "pk"] {
        if let Some(value) = element.attribute(name) {
            out.insert(name.into(), value.into());
        }
    }
    let fields = element.children.iter().filter(|child| child.name == "field");
    let fields = fields.map(|field| (field.attribute("name").unwrap_or_default().to_owned(), value(field)));
    out.insert("fields".into(), Json::Object(fields.collect()));
    Json::Object(out)
}

fn value(field: &Element) -> Json {
    let named = |parent: &Element, name: &str| parent.children.iter().any(|child| child.name == name);
    if named(field, "None") {
        return Json::Null;
    }
    if field.attribute("rel") == Some("ManyToManyRel") {
        let objects = field.children.iter().filter(|child| child.name == "object");
        return objects
            .map(|object| match object.attribute("pk") {
                Some(pk) if !named(object, "natural") => Json::from(pk),
                Some(_) | None => natural(object),
            })
            .collect();
    }
    if named(field, "natural") {
        return natural(field);
    }
    Json::from(field.inner_text().trim())
}

fn natural(parent: &Element) -> Json {
    let parts = parent.children.iter().filter(|child| child.name == "natural");
    parts.map(|part| Json::from(part.inner_text().trim())).collect()
}

impl Element {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    fn inner_text(&self) -> String {
        self.children.iter().fold(self.text.clone(), |text, child| text + &child.inner_text())
    }
}

enum Ended {
    Yes,
    No,
}

enum Piece {
    Start(Element, Ended),
    End(String),
    Text(String),
    Nothing,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// An element that was begun, with everything up to its end.
    fn whole(&mut self, mut element: Element) -> Result<Element, TransferError> {
        loop {
            match self.next()? {
                Piece::Start(child, Ended::Yes) => element.children.push(child),
                Piece::Start(child, Ended::No) => {
                    let child = self.whole(child)?;
                    element.children.push(child);
                }
                Piece::Text(text) => element.text.push_str(&text),
                Piece::End(name) if name == element.name => return Ok(element),
                Piece::End(_) => return Err(malformed("mismatched tag", self.place())),
                Piece::Nothing => return Err(malformed("no element found", self.place())),
            }
        }
    }

    fn next(&mut self) -> Result<Piece, TransferError> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return Ok(Piece::Nothing);
        }
        if !rest.starts_with('<') {
            let text = self.up_to("<").unwrap_or(rest);
            self.at += text.len();
            return Ok(Piece::Text(self.unescape(text)?));
        }
        for (open, close) in [("<?", "?>"), ("<!--", "-->")] {
            if rest.starts_with(open) {
                self.skip_past(close)?;
                return Ok(Piece::Text(String::new()));
            }
        }
        if let Some(data) = rest.strip_prefix("<![CDATA[") {
            let text = data.split("]]>").next().unwrap_or_default().to_owned();
            self.skip_past("]]>")?;
            return Ok(Piece::Text(text));
        }
        if let Some(declaration) = rest.strip_prefix("<!") {
            return Err(forbidden(declaration));
        }
        let start = self.at;
        let tag = self.tag()?;
        self.at = start + tag.len() + 2;
        if let Some(name) = tag.strip_prefix('/') {
            return Ok(Piece::End(name.trim().to_owned()));
        }
        let (tag, ended) = match tag.strip_suffix('/') {
            Some(tag) => (tag, Ended::Yes),
            None => (tag, Ended::No),
        };
        Ok(Piece::Start(self.element(tag)?, ended))
    }

    /// What stands outside of the root: nothing but blanks, and no second one.
    fn check_outside(&self, piece: &Piece, roots: usize) -> Result<(), TransferError> {
        let what = if roots == 0 { "syntax error" } else { "junk after document element" };
        match piece {
            Piece::Text(text) if !text.trim().is_empty() => {
                let length = self.text[..self.at].rfind(text.trim()).unwrap_or(self.at);
                Err(malformed(what, self.place_of(length)))
            }
            Piece::Start(..) if roots > 0 => {
                Err(malformed(what, self.place_of(self.text[..self.at].rfind('<').unwrap_or(self.at))))
            }
            Piece::Start(..) | Piece::End(_) | Piece::Text(_) | Piece::Nothing => Ok(()),
        }
    }

    /// What is between `<` and `>`; a `>` inside quotes is part of it.
    fn tag(&self) -> Result<&'a str, TransferError> {
        let rest = &self.text[self.at + 1..];
        let mut quote = None;
        for (at, c) in rest.char_indices() {
            match (quote, c) {
                (None, '>') => return Ok(&rest[..at]),
                (None, '<') => {
                    return Err(malformed("not well-formed (invalid token)", self.place_of(self.at + 1 + at)));
                }
                (None, '"' | '\'') => quote = Some(c),
                (Some(open), c) if open == c => quote = None,
                (Some(_) | None, _) => {}
            }
        }
        Err(malformed("unclosed token", self.place()))
    }

    fn element(&self, tag: &str) -> Result<Element, TransferError> {
        let wrong = || malformed("not well-formed (invalid token)", self.place());
        let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        let mut element = Element { name: name.to_owned(), ..Element::default() };
        if name.is_empty() {
            return Err(wrong());
        }
        loop {
            rest = rest.trim_start();
            if rest.is_empty() {
                return Ok(element);
            }
            let (name, value) = rest.split_once('=').ok_or_else(wrong)?;
            let value = value.trim_start();
            let quote = value.chars().next().filter(|c| ['"', '\''].contains(c)).ok_or_else(wrong)?;
            let (value, after) = value[1..].split_once(quote).ok_or_else(wrong)?;
            element.attributes.push((name.trim().to_owned(), self.unescape(value)?));
            rest = after;
        }
    }

    fn unescape(&self, text: &str) -> Result<String, TransferError> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('&') {
            out.push_str(before);
            let (name, after) =
                after.split_once(';').ok_or_else(|| malformed("not well-formed (invalid token)", self.place()))?;
            out.push(match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                other => numbered(other).ok_or_else(|| malformed("undefined entity", self.place()))?,
            });
            rest = after;
        }
        out.push_str(rest);
        Ok(out.replace("\r\n", "\n"))
    }

    fn up_to(&self, end: &str) -> Option<&'a str> {
        let rest = &self.text[self.at..];
        rest.find(end).map(|at| &rest[..at])
    }

    fn skip_past(&mut self, end: &str) -> Result<(), TransferError> {
        let length = self.up_to(end).ok_or_else(|| malformed("unclosed token", self.place()))?.len();
        self.at += length + end.len();
        Ok(())
    }

    /// Line and column.
    fn place(&self) -> (usize, usize) {
        self.place_of(self.at)
    }

    fn place_of(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..at];
        let line = before.rsplit('\n').next().unwrap_or_default();
        (1 + before.matches('\n').count(), line.len())
    }
}

/// `#65` and `#x41`.
fn numbered(name: &str) -> Option<char> {
    let digits = name.strip_prefix('#')?;
    let code = match digits.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    char::from_u32(code)
}

fn malformed(what: &str, (line, column): (usize, usize)) -> TransferError {
    TransferError::whole("xml.sax._exceptions.SAXParseException", format!("<unknown>:{line}:{column}: {what}"))
}

/// Django's refusal of a document that declares its type: to whose text nothing is added.
fn forbidden(declaration: &str) -> TransferError {
    let head = declaration.split(['>', '[']).next().unwrap_or_default();
    let mut words = head.split_whitespace().skip(1);
    let name = words.next().unwrap_or_default();
    let kind = words.next();
    let quoted: Vec<&str> = head.split(['"', '\'']).skip(1).step_by(2).collect();
    let (public, system) = match (kind, quoted.as_slice()) {
        (Some("PUBLIC"), [public, rest @ ..]) => (Some(*public), rest.first().copied()),
        (Some("SYSTEM"), [system, ..]) => (None, Some(*system)),
        (Some(_) | None, _) => (None, None),
    };
    let shown = |text: Option<&str>| text.map_or_else(|| "None".to_owned(), |text| repr(&Json::from(text)));
    TransferError::whole(
        "django.core.serializers.xml_serializer.DTDForbidden",
        format!("DTDForbidden(name={}, system_id={}, public_id={})", shown(Some(name)), shown(system), shown(public)),
    )
}

/// An error of an object as Django's XML reader tells it: without the words that its JSON reader puts around it.
pub(super) fn as_xml(error: TransferError) -> TransferError {
    let TransferError::Raised { exception, message } = error else { return error };
    if let Some(text) = message.strip_prefix("Error deserializing object: ") {
        if text.ends_with("has no field named ''") {
            return TransferError::deserialization("<field> node is missing the 'name' attribute");
        }
        if text.contains(" has no field named ") {
            return TransferError::raised("django.core.exceptions.FieldDoesNotExist", text);
        }
    }
    match message.split_once("]: (") {
        Some((text, _)) if text.starts_with('[') => {
            TransferError::whole("django.core.exceptions.ValidationError", format!("{text}]"))
        }
        _ => TransferError::Raised { exception, message },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn objects(text: &str) -> Result<Vec<Json>, TransferError> {
        let mut found = Vec::new();
        each(text.as_bytes(), &mut |object| {
            found.push(object);
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn fields_relations_and_references_to_characters_are_read() {
        let text = r#"<?xml version="1.0" encoding="utf-8"?><!-- a > b -->
            <django-objects version="1.0"><object model="auth.user" pk="1"><field name="username" type="CharField">a&amp;b&#xe9;</field>
            <field name="last_login" type="DateTimeField"><None></None></field><field name="groups" rel="ManyToManyRel" to="auth.group"><object pk="2"></object><object><natural>ops</natural></object></field></object></django-objects>"#;
        let fields = json!({"username": "a&b\u{e9}", "last_login": null, "groups": ["2", ["ops"]]});
        let expected = json!({"model": "auth.user", "pk": "1", "fields": fields});
        assert_eq!(objects(text).expect("well-formed"), [expected]);
    }

    #[test]
    fn errors_say_what_expat_says_and_where() {
        let told = |text: &str| match objects(text).expect_err("it is wrong") {
            TransferError::Whole { message, .. } => message,
            other => panic!("{other}"),
        };
        assert_eq!(told("not xml"), "<unknown>:1:0: syntax error");
        assert_eq!(told("<a></a>\n more"), "<unknown>:2:1: junk after document element");
        assert_eq!(told("<a></a><b></b>"), "<unknown>:1:7: junk after document element");
        assert_eq!(told("<a>\n<object</a>"), "<unknown>:2:7: not well-formed (invalid token)");
        assert_eq!(
            told("<!DOCTYPE x PUBLIC \"p\" 's' [<!ENTITY a 'b'>]><a/>"),
            "DTDForbidden(name='x', system_id='s', public_id='p')"
        );
    }

    #[test]
    fn what_is_not_well_formed_or_declares_entities_is_refused() {
        for text in ["<a>", "<object><field></object>", "<!DOCTYPE x><a/>", "<a>&nosuch;</a>", "<object model=x/>"] {
            assert!(objects(text).is_err(), "{text}");
        }
    }
}
