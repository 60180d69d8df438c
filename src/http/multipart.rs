//! Multipart forms, as Django's `MultiPartParser` reads them, with all that it lets pass: a boundary anywhere ends a
//! part, and a body that is cut off ends its last one.

use super::{
    charset::Charset,
    form::{Field, Form, MOST_FIELDS},
    params::Parameters,
    text::strip,
};

/// Django's `DATA_UPLOAD_MAX_NUMBER_FILES`.
const MOST_FILES: usize = 100;
/// A part's headers fit into so many bytes.
const LONGEST_HEAD: usize = 1024;

/// A form that is refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum MultipartError {
    /// It is none: Django's message.
    Malformed(String),
    /// It has more fields, files or bytes than Django takes.
    TooMuch,
}

impl MultipartError {
    fn malformed(message: impl Into<String>) -> Self {
        Self::Malformed(message.into())
    }
}

/// The kinds of parts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Raw,
    Field,
    File,
}

/// Reads a form. `content_type` is the whole header, as latin-1.
pub(super) fn parse(
    content_type: &str,
    body: &[u8],
    charset: Charset,
    most_bytes: usize,
) -> Result<Form, MultipartError> {
    let separator = [b"--", boundary(content_type)?.as_bytes()].concat();
    let mut form = Form::default();
    let mut files: Vec<(String, Field)> = Vec::new();
    let (mut keys, mut uploads, mut bytes) = (0, 0, 0);
    let mut unfinished = None;
    for part in (Parts { rest: Some(body), separator: &separator }) {
        // A file is complete when something comes after it.
        files.extend(unfinished.take());
        let (kind, headers, content) = part_of(part)?;
        if kind != Kind::File {
            keys += 1;
            if keys > MOST_FIELDS + 2 {
                return Err(MultipartError::TooMuch);
            }
        }
        let Some(disposition) = find(&headers, "content-disposition").map(|(_, parameters)| parameters) else {
            continue;
        };
        let Some(name) = disposition.get("name").map(|name| name.trim_ascii().to_owned()) else { continue };
        let base64 = find(&headers, "content-transfer-encoding").is_some_and(|(value, _)| strip(value) == "base64");
        match kind {
            Kind::Raw => {}
            Kind::Field => {
                let content = &content[..content.len().min(most_bytes - bytes)];
                bytes += content.len() + name.chars().count() + 2;
                if bytes > most_bytes {
                    return Err(MultipartError::TooMuch);
                }
                let decoded = if base64 { super::base64::decode(content) } else { None };
                let text = charset.decode_leniently(decoded.as_deref().unwrap_or(content));
                form.0.push((name, Field::Text(text)));
            }
            Kind::File => {
                uploads += 1;
                if uploads > MOST_FILES {
                    return Err(MultipartError::TooMuch);
                }
                if !is_file_name(disposition.get("filename").unwrap_or_default()) {
                    continue;
                }
                let digits = content.iter().filter(|byte| !byte.is_ascii_whitespace()).count();
                if base64 && (digits % 4 != 0 || super::base64::decode(content).is_none()) {
                    return Err(MultipartError::malformed("Could not decode base64 data."));
                }
                unfinished = Some((name, Field::File));
            }
        }
    }
    form.0.extend(files);
    Ok(form)
}

fn boundary(content_type: &str) -> Result<String, MultipartError> {
    if !content_type.starts_with("multipart/") {
        return Err(MultipartError::malformed(format!("Invalid Content-Type: {content_type}")));
    }
    if !content_type.is_ascii() {
        let message = format!("Invalid non-ASCII Content-Type in multipart: {content_type}");
        return Err(MultipartError::Malformed(message));
    }
    let parameters = Parameters::parse(content_type).unwrap_or_default();
    let boundary = parameters.get("boundary");
    let fits = |boundary: &&str| {
        (1..=201).contains(&boundary.len())
            && boundary.bytes().all(|byte| matches!(byte, b' '..=b'~'))
            && !boundary.ends_with(' ')
    };
    match boundary.filter(fits) {
        Some(boundary) => Ok(boundary.into()),
        None => {
            let told = boundary.unwrap_or("None");
            Err(MultipartError::Malformed(format!("Invalid boundary in multipart: {told}")))
        }
    }
}

/// What stands between the separators; what precedes the first one is a part, too.
struct Parts<'a> {
    rest: Option<&'a [u8]>,
    separator: &'a [u8],
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest.take().filter(|rest| !rest.is_empty())?;
        let found = rest.windows(self.separator.len()).position(|here| here == self.separator);
        let Some(at) = found else { return Some(rest) };
        self.rest = Some(&rest[at + self.separator.len()..]);
        let part = &rest[..at];
        let part = part.strip_suffix(b"\n").unwrap_or(part);
        Some(part.strip_suffix(b"\r").unwrap_or(part))
    }
}

type Headers = Vec<(String, (String, Parameters))>;

fn part_of(part: &[u8]) -> Result<(Kind, Headers, &[u8]), MultipartError> {
    let head = &part[..part.len().min(LONGEST_HEAD)];
    let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") else {
        return match part.len() < LONGEST_HEAD {
            true => Ok((Kind::Raw, Vec::new(), part)),
            false => Err(MultipartError::malformed("Request max total header size exceeded.")),
        };
    };
    let mut kind = Kind::Raw;
    let mut headers = Headers::new();
    for line in lines(&part[..end]) {
        let Ok(line) = str::from_utf8(line) else { continue };
        let Ok(parameters) = Parameters::parse(line) else { continue };
        let Some((name, value)) = parameters.value.split_once(':') else { continue };
        let (name, value) = (name.to_owned(), value.to_owned());
        if name == "content-disposition" {
            kind = match parameters.get("filename") {
                Some(name) if !name.is_empty() => Kind::File,
                Some(_) | None => Kind::Field,
            };
        }
        headers.retain(|(known, _)| *known != name);
        headers.push((name, (value, parameters)));
    }
    Ok((kind, headers, &part[end + 4..]))
}

fn lines(mut head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut over = false;
    std::iter::from_fn(move || {
        if over {
            return None;
        }
        let end = head.windows(2).position(|two| two == b"\r\n");
        let line = &head[..end.unwrap_or(head.len())];
        head = &head[end.map_or(head.len(), |end| end + 2)..];
        over = end.is_none();
        Some(line)
    })
}

fn find<'a>(headers: &'a Headers, name: &str) -> Option<&'a (String, Parameters)> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// Whether anything is left of the name of a file without its folders.
fn is_file_name(name: &str) -> bool {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    !["", ".", ".."].contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Form, MultipartError> {
        parse("multipart/form-data; boundary=XX", body.as_bytes(), Charset::Utf8, 1000)
    }

    fn field(name: &str, value: &str) -> String {
        format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    }

    fn text(text: &str) -> Field {
        Field::Text(text.into())
    }

    #[test]
    fn fields_are_read_and_what_is_none_is_passed_over() {
        let body =
            format!("preamble\r\n{}--XX\r\nX: y\r\n\r\nz\r\n{}--XX--\r\n", field("a", "1\r\n2"), field("b", "3"));
        assert_eq!(read(&body), Ok(Form(vec![("a".into(), text("1\r\n2")), ("b".into(), text("3"))])));
        assert_eq!(read(&field("a", "cut off")[..50]).map(|form| form.0.len()), Ok(1));
        assert_eq!(read(""), Ok(Form::default()));
        let body = "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64\r\n\r\neHk=\r\n--XX--";
        assert_eq!(read(body), Ok(Form(vec![("a".into(), text("xy"))])));
    }

    #[test]
    fn a_file_is_no_text() {
        let body = "--XX\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b.txt\"\r\n\r\nc\r\n";
        assert_eq!(read(body), Ok(Form::default()), "one that was cut off is none");
        assert_eq!(read(&format!("{body}--XX--")).map(|form| form.get("a").cloned()), Ok(Some(Field::File)));
        let unnamed = body.replace("b.txt", "../..") + "--XX--";
        assert_eq!(read(&unnamed), Ok(Form::default()));
    }

    #[test]
    fn what_is_refused_is_refused_in_djangos_words() {
        let told = |content_type: &str| match parse(content_type, b"x", Charset::Utf8, 10) {
            Err(MultipartError::Malformed(message)) => message,
            other => panic!("{other:?}"),
        };
        assert_eq!(told("multipart/form-data"), "Invalid boundary in multipart: None");
        assert_eq!(told("multipart/form-data; boundary=\"a \""), "Invalid boundary in multipart: a ");
        assert_eq!(told("Multipart/form-data; boundary=x"), "Invalid Content-Type: Multipart/form-data; boundary=x");
        let long = format!("--XX\r\nX: {}", "y".repeat(1024));
        assert_eq!(read(&long), Err(MultipartError::malformed("Request max total header size exceeded.")));
        assert_eq!(read(&field("a", &"x".repeat(1000))), Err(MultipartError::TooMuch));
        assert_eq!(read(&field("a", "").repeat(1003)), Err(MultipartError::TooMuch));
    }
}
