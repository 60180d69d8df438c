//! A block in the line editor: several lines in one buffer, each of them behind the prompt of a further line.
//!
//! The editor knows one prompt, and draws the lines after the first at the left edge. So each of them begins, in the
//! buffer, with as many place holders as the prompt of a further line is wide. They are drawn as that prompt, keys step
//! over them as if they were none, and whoever uses the text gets it without them.

use rustyline::{CharSearch, Cmd, KeyCode, KeyEvent, Modifiers, Movement};

/// Holds a column of the prompt. It is a blank, so that words end at it, and one that nobody types.
const PLACE: char = '\u{1680}';

/// `entry` as it stands in the buffer, behind prompts as wide as `prompt`.
pub(super) fn set(entry: &str, prompt: &str) -> String {
    let places: String = prompt.chars().map(|_| PLACE).collect();
    entry.replace('\n', &format!("\n{places}"))
}

/// What stands in the buffer without the place holders.
pub(super) fn plain(buffer: &str) -> String {
    if !buffer.contains(PLACE) {
        return buffer.to_owned();
    }
    let lines = buffer.split('\n').enumerate();
    let text = lines.map(|(n, line)| if n == 0 { line } else { line.trim_start_matches(PLACE) });
    text.collect::<Vec<_>>().join("\n")
}

/// Where a byte of the text without place holders stands in the buffer.
pub(super) fn in_buffer(buffer: &str, at: usize) -> usize {
    let mut left = at;
    let mut before = 0;
    for (n, line) in buffer.split_inclusive('\n').enumerate() {
        let places = if n == 0 { 0 } else { line.len() - line.trim_start_matches(PLACE).len() };
        if left < line.len() - places || before + line.len() == buffer.len() {
            return before + places + left;
        }
        left -= line.len() - places;
        before += line.len();
    }
    buffer.len()
}

/// The text in colours, with the prompts that the place holders of `buffer` stand for.
pub(super) fn draw(painted: &str, buffer: &str, prompt: &str) -> String {
    let mut drawn = String::with_capacity(painted.len() + 16);
    for (n, (painted, line)) in painted.split('\n').zip(buffer.split('\n')).enumerate() {
        if n > 0 {
            drawn.push('\n');
            let places = line.chars().take_while(|c| *c == PLACE).count();
            drawn.extend(prompt.chars().take(places));
        }
        drawn.push_str(painted);
    }
    drawn
}

/// A line of the buffer.
struct Line {
    /// Where its text begins, behind the place holders.
    from: usize,
    places: usize,
}

/// The line that begins at this byte.
fn line_at(buffer: &str, start: usize) -> Line {
    let places = if start == 0 { 0 } else { buffer[start..].chars().take_while(|c| *c == PLACE).count() };
    Line { from: start + places * PLACE.len_utf8(), places }
}

/// What a key does in a block, where the editor would step into a prompt; `None`: what it always does.
///
/// The editor makes one step of every count that a binding asks for, so what is aimed at is a character: the end of the
/// line above, the last place holder, the first character of the line below.
pub(super) fn key(buffer: &str, at: usize, key: KeyEvent) -> Option<Cmd> {
    if !buffer.contains('\n') {
        return None;
    }
    let start = buffer[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = line_at(buffer, start);
    let (KeyEvent(code, modifiers), control) = (key, |letter| key == KeyEvent::ctrl(letter));
    let is = |plain| modifiers == Modifiers::NONE && code == plain;
    let search = |aim| Movement::ViCharSearch(1, aim);
    let over_back = || (line.places > 0 && at == line.from).then(|| search(CharSearch::Backward('\n')));
    let to_start = || match at > line.from {
        true => Some(search(CharSearch::BackwardAfter(PLACE))),
        false => None,
    };
    let below = buffer[at..].starts_with('\n').then(|| line_at(buffer, at + 1)).filter(|below| below.places > 0);
    let first = |below: &Line| buffer[below.from..].chars().next();
    if is(KeyCode::Left) || control('B') {
        return over_back().map(Cmd::Move);
    }
    if is(KeyCode::Backspace) || control('H') {
        return over_back().map(Cmd::Kill);
    }
    if is(KeyCode::Right) || control('F') {
        let aim = first(&below?).map(CharSearch::Forward);
        return Some(Cmd::Move(aim.map_or(Movement::EndOfBuffer, search)));
    }
    if is(KeyCode::Delete) || control('D') {
        let aim = first(&below?).map(CharSearch::ForwardBefore);
        return Some(Cmd::Kill(aim.map_or(Movement::EndOfBuffer, search)));
    }
    if line.places > 0 && (is(KeyCode::Home) || control('A')) {
        return Some(to_start().map_or(Cmd::Noop, Cmd::Move));
    }
    if line.places > 0 && control('U') {
        return Some(to_start().map_or(Cmd::Noop, Cmd::Kill));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "for n in x:\n    y = 'é'\n\n    z";

    #[test]
    fn a_block_comes_out_as_it_went_in() {
        let buffer = set(ENTRY, "... ");
        assert_eq!(plain(&buffer), ENTRY);
        assert_eq!(draw(ENTRY, &buffer, "... "), "for n in x:\n...     y = 'é'\n... \n...     z");
        assert_eq!(plain("a\nb"), "a\nb", "what was pasted has none");
        assert_eq!(draw("a\nb", "a\nb", "... "), "a\nb");
    }

    #[test]
    fn every_place_of_the_text_is_found_in_the_buffer() {
        let buffer = set(ENTRY, "(sandbox) ... ");
        for at in (0..=ENTRY.len()).filter(|at| ENTRY.is_char_boundary(*at)) {
            let there = in_buffer(&buffer, at);
            assert_eq!(plain(&buffer[..there]), ENTRY[..at], "{at}");
            assert_eq!(buffer[there..].chars().next(), ENTRY[at..].chars().next(), "{at}");
        }
    }

    /// Where a key takes the cursor, in the text.
    fn after(at: usize, code: KeyCode) -> Option<usize> {
        let buffer = set(ENTRY, "... ");
        let at = in_buffer(&buffer, at);
        let there = match key(&buffer, at, KeyEvent(code, Modifiers::NONE))? {
            Cmd::Move(movement) | Cmd::Kill(movement) => match movement {
                Movement::ViCharSearch(1, CharSearch::Backward(c)) => buffer[..at].rfind(c)?,
                Movement::ViCharSearch(1, CharSearch::BackwardAfter(c)) => buffer[..at].rfind(c)? + c.len_utf8(),
                Movement::ViCharSearch(1, CharSearch::Forward(c) | CharSearch::ForwardBefore(c)) => {
                    at + 1 + buffer[at + 1..].find(c)?
                }
                Movement::EndOfBuffer => buffer.len(),
                other => panic!("{code:?} at {at}: {other:?}"),
            },
            Cmd::Noop => at,
            other => panic!("{code:?} at {at}: {other:?}"),
        };
        assert_ne!(buffer[there..].chars().next(), Some(PLACE), "the cursor stands in no prompt");
        Some(plain(&buffer[..there]).len())
    }

    #[test]
    fn keys_step_over_the_prompts() {
        let second = "for n in x:\n".len();
        let third = "for n in x:\n    y = 'é'\n".len();
        for (at, code, there) in [
            (second, KeyCode::Left, Some(second - 1)),
            (second, KeyCode::Backspace, Some(second - 1)),
            (second + 1, KeyCode::Backspace, None),
            (second - 1, KeyCode::Right, Some(second)),
            (second - 1, KeyCode::Delete, Some(second)),
            (third - 1, KeyCode::Right, Some(third)),
            (third, KeyCode::Delete, Some(third + 1)),
            (second + 4, KeyCode::Home, Some(second)),
            (second, KeyCode::Home, Some(second)),
            (4, KeyCode::Home, None),
            (second, KeyCode::Right, None),
        ] {
            assert_eq!(after(at, code), there, "{code:?} at {at}");
        }
        assert_eq!(key("a", 0, KeyEvent(KeyCode::Left, Modifiers::NONE)), None);
    }
}
