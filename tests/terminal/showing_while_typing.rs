//! What stands on the screen while a line is typed: colours, hints, brackets.

use crate::support::{Terminal, TestEnv, terminal::PATIENCE};
use vt100::Color;

fn session(env: &TestEnv) -> Terminal {
    let terminal = env.terminal::<&str>(&[]);
    terminal.wait_for_prompt();
    terminal
}

/// Waits until `word`, on the last line, has this colour.
#[track_caller]
fn wait_for_colour(terminal: &Terminal, word: &str, colour: Color) {
    let found = terminal.until(PATIENCE, |_, screen| {
        let (row, _) = screen.cursor_position();
        let line = screen.rows(0, 120).nth(row.into())?;
        let column = u16::try_from(line.find(word)?).ok()?;
        (screen.cell(row, column)?.fgcolor() == colour).then_some(())
    });
    assert!(found.is_some(), "{word:?} never had {colour:?}; the screen:\n{}", terminal.screen());
}

#[test]
fn python_and_commands_have_colours() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    terminal.send("for x in range(10): print('é', x)  # why");
    for (word, colour) in [("for", 5), ("range", 3), ("10", 6), ("'é'", 2), ("print", 3)] {
        wait_for_colour(&terminal, word, Color::Idx(colour));
    }
    wait_for_colour(&terminal, "x in", Color::Default);
    terminal.control('u');
    terminal.send("tokens --state active");
    wait_for_colour(&terminal, "tokens", Color::Idx(6));
    wait_for_colour(&terminal, "--state", Color::Idx(6));
    terminal.control('u');
    terminal.send("revok alice");
    wait_for_colour(&terminal, "revok", Color::Idx(1));
    terminal.control('u');
    terminal.send("%nothing");
    wait_for_colour(&terminal, "nothing", Color::Idx(1));
}

#[test]
fn without_colours_nothing_is_coloured() {
    let mut env = TestEnv::new();
    env.set("NO_COLOR", "1");
    let mut terminal = session(&env);
    assert_eq!(terminal.ask("40 + 2"), "42");
    terminal.send("40 + 2; print(1)");
    terminal.wait_for(">>> 40 + 2; print(1)");
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    assert!(!raw.contains("\u{1b}[3") && !raw.contains("\u{1b}[9"), "{raw:?}");
}

#[test]
fn a_bracket_shows_its_partner() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    terminal.send("len((1, 2))");
    let marked = terminal.until(PATIENCE, |_, screen| {
        let (row, column) = screen.cursor_position();
        let partner = screen.cell(row, 7)?.underline() && screen.cell(row, column.checked_sub(1)?)?.underline();
        (partner && column == 15).then_some(())
    });
    assert!(marked.is_some(), "{}", terminal.screen());
}

#[test]
fn an_earlier_line_is_hinted_at_and_taken_by_the_right_arrow() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    assert_eq!(terminal.ask("sum([40, 2])"), "42");
    terminal.send("sum([4");
    wait_for_colour(&terminal, "0, 2])", Color::Idx(8));
    terminal.send("\u{1b}[C");
    wait_for_colour(&terminal, "40", Color::Idx(6));
    terminal.send("\r");
    terminal.wait_until("it ran", |screen| screen.matches("\n42\n").count() == 2);
}

#[test]
fn a_call_hints_at_what_it_takes() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    terminal.send("def greet(name, greeting='hello'): return greeting + name\r\r");
    terminal.wait_for_prompt();
    terminal.send("greet(");
    wait_for_colour(&terminal, "name, greeting='hello'", Color::Idx(8));
    terminal.send("'x', ");
    wait_for_colour(&terminal, "greeting='hello'", Color::Idx(8));
}
