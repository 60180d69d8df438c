//! What the source that is being typed may be completed to. Nothing that a script wrote is run for it, nothing in the
//! store is changed or searched through, and what fails offers nothing.

mod calls;
mod data;
mod imports;
mod lookups;
mod members;
mod place;
mod thing;

use rustpython_vm as vm;
use vm::builtins::{PyDict, PyStr};
use vm::{AsObject, VirtualMachine};

use super::Engine;
use crate::authority::Suggested;
use crate::python::lexis::KEYWORDS;
use place::Place;
use thing::{Eyes, Thing};

/// One thing that may be typed on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Offer {
    /// How it is shown among others.
    pub shown: String,
    /// What stands in the place of what was typed of it.
    pub text: String,
}

/// All that may be typed on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Offers {
    /// How many bytes before the cursor are replaced.
    pub replaced: usize,
    /// In the order in which they are shown.
    pub all: Vec<Offer>,
    /// Whether names of files fit as well.
    pub files: bool,
}

impl Offers {
    /// Offers that are shown as they are.
    #[must_use]
    pub fn plain(typed: &str, texts: impl IntoIterator<Item = String>) -> Self {
        let all = texts.into_iter().map(|text| Offer { shown: text.clone(), text }).collect();
        Self { replaced: typed.len(), all, files: false }
    }
}

/// Builtins that open the file they are given.
const OPENERS: &[&str] = &["open", "Path", "pathlib.Path", "io.open", "os.listdir", "os.path.exists"];

impl Engine {
    /// What `line`, the text before the cursor, may be completed to.
    #[must_use]
    pub fn offers(&self, line: &str) -> Offers {
        let entry = format!("{}{line}", self.pending.borrow());
        self.interpreter.enter(|vm| {
            let eyes = Eyes { vm, globals: &self.globals, entry: &entry };
            let offers = offers(&eyes);
            // What looking raised is no news for the statement that is being typed.
            Offers { replaced: offers.replaced.min(line.len()), ..offers }
        })
    }

    /// The values in the store that begin with `prefix`.
    #[must_use]
    pub fn values(&self, what: Suggested, prefix: &str) -> Vec<String> {
        data::values(what, prefix)
    }

    /// Whether `name` is one of Python's own and was not given another meaning.
    #[must_use]
    pub fn is_builtin(&self, name: &str) -> bool {
        self.interpreter.enter(|vm| vm.builtins.dict().contains_key(name, vm) && !self.globals.contains_key(name, vm))
    }

    /// Whether a keyword or a name of the session begins so.
    #[must_use]
    pub fn begins_name(&self, prefix: &str) -> bool {
        self.interpreter.enter(|vm| !names(vm, &self.globals, prefix).is_empty())
    }

    /// What the call takes at whose beginning, or at the beginning of a further argument, `line` ends.
    #[must_use]
    pub fn signature(&self, line: &str) -> Option<String> {
        if !line.trim_end().ends_with(['(', ',']) {
            return None;
        }
        self.interpreter.enter(|vm| {
            let eyes = Eyes { vm, globals: &self.globals, entry: line };
            match place::place(line) {
                Place::Name { prefix: "", call: Some(call) } if call.fresh => calls::signature(&eyes, &call),
                _ => None,
            }
        })
    }

    /// The names of a user's live tokens that begin with `prefix`.
    #[must_use]
    pub fn values_of(&self, username: &str, prefix: &str) -> Vec<String> {
        data::tokens_of(username, prefix)
    }

    /// Whether the lines so far are the beginning of a statement.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.pending.borrow().is_empty()
    }
}

fn offers(eyes: &Eyes<'_>) -> Offers {
    match place::place(eyes.entry) {
        Place::Nothing => Offers::default(),
        Place::Module(typed) => {
            let last = typed.rsplit('.').next().unwrap_or_default();
            named("", last, imports::modules(eyes.vm, typed))
        }
        Place::Member { module, prefix } => named("", prefix, imports::members(eyes.vm, module, prefix)),
        Place::Attribute { of, prefix } => match eyes.look(of) {
            Some(thing) => named(&shown_before(of), prefix, members::attributes(eyes, &thing, prefix)),
            None => Offers::default(),
        },
        Place::Name { prefix, call } => {
            let mut found: Vec<members::Named> = Vec::new();
            if let Some(call) = call.filter(|call| call.fresh) {
                found.extend(calls::parameters(eyes, &call, prefix).into_iter().map(|name| (name, "=")));
            }
            let lookups_alone = !found.is_empty() && prefix.is_empty();
            if !lookups_alone {
                found.extend(names(eyes.vm, eyes.globals, prefix));
            }
            named("", prefix, found)
        }
        Place::Key { of, prefix, quote } => keys(eyes, of, prefix, quote),
        Place::Text { body, call } => match call {
            Some(call) if OPENERS.contains(&call.callee) && call.before == 0 => {
                Offers { replaced: body.len(), all: Vec::new(), files: true }
            }
            Some(call) if call.callee == "call_command" && call.before > 0 => {
                let files = matches!(call.first, Some("loaddata")) || call.keyword == Some("output");
                Offers { replaced: body.len(), all: Vec::new(), files }
            }
            Some(call) => Offers::plain(body, calls::texts(eyes, &call, body)),
            None => Offers::default(),
        },
    }
}

fn named(before: &str, typed: &str, found: Vec<members::Named>) -> Offers {
    let offer = |(name, behind): members::Named| Offer {
        shown: format!("{before}{name}{behind}"),
        text: format!("{name}{behind}"),
    };
    Offers { replaced: typed.len(), all: found.into_iter().map(offer).collect(), files: false }
}

/// What stands before an attribute in a list: plain names, as Python's own completion shows them.
fn shown_before(of: &str) -> String {
    let plain = of.chars().all(|c| crate::python::lexis::is_in_name(c) || c == '.');
    if plain { format!("{of}.") } else { String::new() }
}

/// Keywords, names of the session and builtins.
fn names(vm: &VirtualMachine, globals: &vm::Py<PyDict>, prefix: &str) -> Vec<members::Named> {
    let mut found = members::entries(vm, globals, prefix);
    found.extend(members::entries(vm, &vm.builtins.dict(), prefix));
    found.extend(KEYWORDS.iter().filter(|word| word.starts_with(prefix)).map(|word| ((*word).to_owned(), "")));
    members::tidy(found)
}

/// The keys of a dict that are texts.
fn keys(eyes: &Eyes<'_>, of: &str, prefix: &str, quote: Option<&str>) -> Offers {
    let Some(Thing::Value(value)) = eyes.look(of) else { return Offers::default() };
    let dict = match value.downcast_ref::<PyDict>() {
        // A class of a script's own may do anything when it is asked for its keys.
        Some(dict) if value.class().is(eyes.vm.ctx.types.dict_type) => dict.to_owned(),
        _ => return Offers::default(),
    };
    let mut all = Vec::new();
    for (key, _) in dict {
        let Some(key) = key.downcast_ref::<PyStr>().and_then(|key| key.to_str()) else { continue };
        if !key.starts_with(prefix) || key.contains(['\n', '\\', '"', '\'']) {
            continue;
        }
        let (open, close) = (if quote.is_none() { "\"" } else { "" }, quote.unwrap_or("\""));
        all.push(Offer { shown: key.to_owned(), text: format!("{open}{key}{close}]") });
        if all.len() == data::MOST {
            break;
        }
    }
    Offers { replaced: prefix.len(), all, files: false }
}
