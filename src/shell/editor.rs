//! Reading lines at a terminal: rustyline where the terminal can do it, [`Plain`] where it cannot.

use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{
    Cmd, ColorMode, CompletionType, ConditionalEventHandler, Config, Context, Editor as Rustyline, Event, EventContext,
    EventHandler, Helper, KeyEvent, RepeatCount,
};

use unicode_width::UnicodeWidthStr;

use crate::python::engine::Engine;
use crate::ui::{self, Paint};

use super::block;
use super::commands::Commands;
use super::completion;
use super::highlight::{self, Partner};
use super::hints::{self, Grey};
use super::indent::{Act, Depth, Indentation};
use super::plain::Plain;
use super::suspend::{Suspend, Suspension};
use super::terminal;

/// What came of one prompt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Typed {
    /// A line, or several that were pasted or recalled together.
    Line(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D on an empty line, or the terminal is gone.
    End,
}

/// The line editor of this terminal, before it knows of a session. It listens to signals of the terminal, so it is to be
/// opened before [`crate::python::engine::Interrupts`]: of two that listen to Ctrl-C, the one that came last is heard.
pub struct Keyboard {
    editor: Editor,
    paint: Paint,
}

/// The line editor, with what stands by.
enum Editor {
    Rich(Box<Rustyline<Assistant, MemHistory>>, Shared),
    Plain(Plain),
}

/// What stands by while a line is typed.
struct Assistant {
    engine: Rc<Engine>,
    commands: Commands,
    line: Rc<Cell<Line>>,
    /// Whether the line is drawn for the last time.
    done: Cell<bool>,
    keys: Shared,
    /// Without colours a hint could not be told from what was typed.
    paint: Paint,
    /// The prompt of a further line.
    further: String,
}

/// What a line is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Line {
    /// A statement or a command.
    Statement,
    /// An answer to a question that a script asks.
    Answer,
}

impl Keyboard {
    /// The editor that this terminal can do.
    ///
    /// `suspend` is called when Ctrl-Z was pressed, before the process stops.
    #[must_use]
    pub fn open(paint: Paint, suspend: Suspend) -> Self {
        let suspension = Suspension::new(suspend);
        if !terminal::is_capable() {
            return Self { editor: Editor::Plain(Plain::new(suspension)), paint };
        }
        let config = Config::builder()
            .auto_add_history(false)
            .completion_type(CompletionType::List)
            .completion_prompt_limit(200)
            .bracketed_paste(true)
            // What draws the colours draws the prompts within a block too: it is always asked.
            .color_mode(ColorMode::Forced)
            .tab_stop(4)
            .indent_size(4)
            .build();
        let history = MemHistory::with_config(&config);
        let Ok(mut rustyline) = Rustyline::with_history(config, history) else {
            return Self { editor: Editor::Plain(Plain::new(suspension)), paint };
        };
        let shared = Arc::new(Mutex::new(Effects::new(Depth::default())));
        let keys = Keys { keys: Arc::clone(&shared), suspension };
        rustyline.bind_sequence(Event::Any, EventHandler::Conditional(Box::new(keys)));
        Self { editor: Editor::Rich(Box::new(rustyline), shared), paint }
    }

    /// Has the editor help with what is typed in a session, with `entries` to be recalled, each further line of them
    /// behind the prompt `further`; hints only in colours.
    pub(super) fn assist(&mut self, engine: Rc<Engine>, commands: Commands, entries: &[String], further: &str) {
        if let Editor::Rich(rustyline, keys) = &mut self.editor {
            let (line, done) = (Rc::new(Cell::new(Line::Statement)), Cell::new(false));
            let (keys, paint, further) = (Arc::clone(keys), self.paint, further.to_owned());
            rustyline.set_helper(Some(Assistant { engine, commands, line, done, keys, paint, further }));
        }
        entries.iter().for_each(|entry| self.remember(entry));
    }

    /// Shows `prompt` and reads a line of a statement that goes in so far.
    pub(super) fn read(&mut self, prompt: &str, depth: Depth) -> Typed {
        match &mut self.editor {
            Editor::Plain(plain) => plain.read(prompt).unwrap_or(Typed::End),
            Editor::Rich(rustyline, keys) => {
                *lock(keys) = Effects { prompt: prompt.width(), ..Effects::new(depth) };
                let typed = typed(rustyline.readline_with_initial(prompt, (&depth.text(), "")));
                match typed {
                    Typed::Line(line) => Typed::Line(lock(keys).indentation.finish(line)),
                    Typed::Interrupted if lock(keys).act == Some(Act::End) => Typed::End,
                    other => other,
                }
            }
        }
    }

    /// Shows `prompt` and reads an answer to a script.
    pub(super) fn ask(&mut self, prompt: &str) -> Typed {
        match &mut self.editor {
            Editor::Plain(plain) => plain.read(prompt).unwrap_or(Typed::End),
            Editor::Rich(rustyline, keys) => {
                *lock(keys) = Effects::new(Depth::default());
                let say = |rustyline: &Rustyline<Assistant, MemHistory>, what| {
                    rustyline.helper().iter().for_each(|helper| helper.line.set(what));
                };
                say(rustyline, Line::Answer);
                let answer = typed(rustyline.readline(prompt));
                say(rustyline, Line::Statement);
                answer
            }
        }
    }

    /// Offers `entry` for recall.
    pub(super) fn remember(&mut self, entry: &str) {
        if let Editor::Rich(rustyline, _) = &mut self.editor {
            // An entry that is refused (empty, or the same as the last) is not missed.
            let further = rustyline.helper().map_or("", |helper| &helper.further);
            let entry = block::set(entry, further);
            let _ = rustyline.add_history_entry(entry);
        }
    }
}

fn typed(read: rustyline::Result<String>) -> Typed {
    match read {
        Ok(line) => Typed::Line(block::plain(&line)),
        Err(ReadlineError::Interrupted) => Typed::Interrupted,
        Err(_) => Typed::End,
    }
}

fn lock(keys: &Mutex<Effects>) -> MutexGuard<'_, Effects> {
    keys.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every key, before the editor acts on it.
struct Keys {
    keys: Shared,
    suspension: Suspension,
}

/// What the keys of one line come to beside their own work.
struct Effects {
    indentation: Indentation,
    act: Option<Act>,
    /// How wide the prompt is.
    prompt: usize,
}

type Shared = Arc<Mutex<Effects>>;

impl Effects {
    fn new(depth: Depth) -> Self {
        Self { indentation: Indentation::new(depth), act: None, prompt: 0 }
    }
}

impl Keys {
    /// Stops the process with the cursor below the line, and makes room for the line to be drawn anew when it goes on.
    fn suspend(&self, line: &str, at: usize) -> Cmd {
        let prompt = lock(&self.keys).prompt;
        let columns = ui::width().unwrap_or(80);
        let rows = |text: &str| {
            let widths = text.split('\n').enumerate().map(|(n, line)| line.width() + if n == 0 { prompt } else { 0 });
            widths.map(|width| width / columns + 1).sum::<usize>() - 1
        };
        let (above, all) = (rows(&line[..at]), rows(line));
        terminal::print(&format!("{}\r\n\u{1b}[?2004l", "\n".repeat(all - above)));
        if self.suspension.stop() {
            let up = if all > above { format!("\u{1b}[{}A", all - above) } else { String::new() };
            terminal::print(&format!("\u{1b}[?2004h{}{up}", "\n".repeat(all)));
        } else {
            terminal::print("\u{1b}[?2004h");
            let up = all - above + 1;
            terminal::print(&format!("\u{1b}[{up}A"));
        }
        Cmd::Repaint
    }
}

impl ConditionalEventHandler for Keys {
    fn handle(&self, event: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        let key = *event.get(0)?;
        if key == KeyEvent::ctrl('Z') {
            return Some(self.suspend(context.line(), context.pos()));
        }
        let mut keys = lock(&self.keys);
        keys.act = keys.indentation.key(key, Instant::now());
        match keys.act {
            // Of the editor's own commands only a completion may do anything to the line.
            Some(Act::Rewrite(_)) => Some(Cmd::Complete),
            Some(Act::End) => Some(Cmd::Interrupt),
            None => block::key(context.line(), context.pos(), key),
        }
    }
}

impl Helper for Assistant {}

impl Validator for Assistant {}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, at: usize) -> Cow<'l, str> {
        let text = block::plain(line);
        let painted = match (self.line.get(), self.paint) {
            (Line::Answer, _) | (_, Paint::Plain) => text,
            (Line::Statement, Paint::Colour) => {
                let at = block::plain(&line[..at]).len();
                let partner = if self.done.get() { Partner::None } else { Partner::Of(at) };
                highlight::paint(&self.engine, &self.commands, &text, partner)
            }
        };
        block::draw(&painted, line, &self.further).into()
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        format!("\u{1b}[90m{hint}\u{1b}[0m").into()
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        self.done.set(kind == CmdKind::ForcedRefresh);
        self.paint == Paint::Colour
    }
}

impl Hinter for Assistant {
    type Hint = Grey;

    fn hint(&self, line: &str, at: usize, context: &Context<'_>) -> Option<Grey> {
        let hint = (self.paint == Paint::Colour && at == line.len() && self.line.get() == Line::Statement)
            .then(|| hints::hint(&self.engine, context.history(), line))
            .flatten();
        lock(&self.keys).indentation.shown();
        hint
    }
}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        if let Some(Act::Rewrite(text)) = lock(&self.keys).act.take() {
            return Ok((0, vec![Pair { display: String::new(), replacement: text }]));
        }
        let before = &*block::plain(&line[..at]);
        let on_its_line = before.rsplit('\n').next().unwrap_or_default();
        if on_its_line.trim().is_empty() {
            return Ok((at, vec![Pair { display: String::new(), replacement: "    ".into() }]));
        }
        if self.line.get() == Line::Answer {
            return Ok((at, Vec::new()));
        }
        let (start, found) = completion::complete(&self.engine, &self.commands, before, !self.engine.is_waiting());
        Ok((block::in_buffer(&line[..at], start), found))
    }
}
