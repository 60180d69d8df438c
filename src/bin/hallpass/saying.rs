//! What is said of a command's answer or refusal, and how the process ends with it.

use hallpass::{
    command::{Data, Failure, Note, Reply, Style},
    python::bridge::{Called, Refusal},
    shell::render::{View, is_paged, render},
    ui::{self, Lost, Ui},
};

/// How Python begins to tell of an exception.
const TRACEBACK: &str = "Traceback (most recent call last):";

/// How the process ends.
pub(crate) enum End {
    /// With this status.
    Status(u8),
    /// By SIGINT.
    Interrupted,
}

/// Prints an answer.
pub(crate) fn say(reply: &Reply, ui: &Ui) -> End {
    let view = ui::width().map_or(View::Pipe, View::Terminal);
    if !matches!(reply.data, Data::Nothing) {
        let text = render(&reply.data, view);
        let done = if is_paged(&reply.data) { ui.page(&text) } else { ui.data(&text) };
        match done {
            Ok(()) => {}
            // Whoever read it has had enough.
            Err(Lost::Pipe) => return End::Status(reply.status),
            Err(Lost::Failed(error)) => {
                ui.error("standard output cannot be written", &[error.to_string()], &[]);
                return End::Status(1);
            }
        }
    }
    for note in &reply.notes {
        match note {
            Note::Status(text) => ui.status(text),
            Note::Warning(text) => ui.warning(text),
            Note::Hint(text) => ui.hint(text),
            Note::Text(text) => ui.text(text),
        }
    }
    End::Status(reply.status)
}

/// Says why there is none.
pub(crate) fn fail(ui: &Ui, failure: &Failure) -> End {
    match failure {
        Failure::Help(text) => drop(ui.data(text)),
        Failure::Usage { message, usage, style: Style::Argparse, .. } => {
            if !usage.is_empty() {
                ui.text(&format!("{}\n", usage.trim_end()));
            }
            ui.text(&format!("{message}\n"));
        }
        Failure::Usage { message, hints, style: Style::Own, .. } | Failure::Refused { message, hints } => {
            ui.error(message, &[], hints);
        }
        Failure::Unavailable { message, causes, hints } => ui.error(message, causes, hints),
        Failure::Command { message, .. } => ui.django_error(&format!("CommandError: {message}")),
        // An input that ended in the middle of a dialogue: Python's traceback, which here has no frames to show.
        Failure::Raised { exception, .. } if exception == "EOFError" => ui.text(&format!("{TRACEBACK}\n{failure}\n")),
        Failure::Raised { .. } => ui.text(&format!("{failure}\n")),
        Failure::Interrupted => ui.text(&format!("{TRACEBACK}\nKeyboardInterrupt\n")),
    }
    failure.status().map_or(End::Interrupted, End::Status)
}

/// What a command answers to `call_command`.
pub(crate) fn called(done: Result<Reply, Failure>) -> Called {
    let failure = match done {
        Ok(reply) => {
            let refusal = (reply.status != 0).then(|| exit(reply.status));
            let err = reply.notes.iter().map(plain).collect();
            return Called { out: render(&reply.data, View::Pipe), err, refusal };
        }
        Err(failure) => failure,
    };
    let refusal = match failure {
        Failure::Help(out) => return Called { out, refusal: Some(exit(0)), ..Called::default() },
        // argparse's own words, without the program's name before them.
        Failure::Usage { message, .. } => {
            Refusal::Usage(message.split_once(": error: ").map_or(message.as_str(), |(_, text)| text).to_owned())
        }
        Failure::Refused { message, .. } => Refusal::Command { message, status: 1 },
        Failure::Command { message, returncode } => Refusal::Command { message, status: returncode },
        Failure::Raised { exception, message } => Refusal::Raised(exception, message),
        Failure::Unavailable { message, .. } => Refusal::Raised("django.db.utils.OperationalError".into(), message),
        Failure::Interrupted => Refusal::Raised("KeyboardInterrupt".into(), String::new()),
    };
    Called { refusal: Some(refusal), ..Called::default() }
}

/// `sys.exit(status)`.
fn exit(status: u8) -> Refusal {
    Refusal::Raised("SystemExit".into(), status.to_string())
}

/// A note without colour.
fn plain(note: &Note) -> String {
    match note {
        Note::Status(text) => format!("{text}\n"),
        Note::Warning(text) => format!("warning: {text}\n"),
        Note::Hint(text) => format!(" hint: {text}\n"),
        Note::Text(text) => text.clone(),
    }
}
