//! Ctrl-Z and `fg`, in a real shell.

use std::time::Duration;

use crate::support::{Program, Terminal, TestEnv, env::terminal_size};

/// A bash at work, with our program's name for what it starts.
fn bash(env: &TestEnv, term: &str) -> Terminal {
    let program = Program::Hallpass.path().display().to_string();
    let mut variables = env.variables();
    let more = [("TERM", term), ("PS1", "bash> "), ("OURS", &program)];
    variables.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let args = ["--norc", "--noprofile", "-i"];
    let terminal = Terminal::start("/bin/bash".into(), &args, &variables, &env.work(), terminal_size())
        .expect("a pseudo-terminal can be had");
    terminal.wait_for("bash> ");
    terminal
}

fn shell(env: &TestEnv, term: &str) -> Terminal {
    shell_by(env, term, "$OURS")
}

/// A shell that is started so.
fn shell_by(env: &TestEnv, term: &str, line: &str) -> Terminal {
    let mut terminal = bash(env, term);
    terminal.line(line);
    terminal.wait_for_prompt();
    terminal
}

/// Presses Ctrl-Z, and sees to it that others have the store and bash its terminal.
#[track_caller]
fn suspend(terminal: &mut Terminal, env: &TestEnv) {
    terminal.control('z');
    terminal.wait_until("bash is back", |screen| screen.contains("Stopped") && screen.trim_end().ends_with("bash>"));
    assert!(env.hallpass(&["about"]).success().contains("owner"));
    terminal.line("stty -a | grep -o ' icanon'; stty -a | grep -o 'isig'");
    terminal.wait_for("\n icanon\nisig\n");
}

#[test]
fn a_line_that_is_half_typed_is_there_again_when_the_shell_goes_on() {
    // As `cargo run` does, one that waits for it may stand between bash and ours.
    for (term, start) in [("xterm", "$OURS"), ("dumb", "$OURS"), ("xterm", "sh -c '$OURS; true'")] {
        let env = TestEnv::new();
        let mut terminal = shell_by(&env, term, start);
        terminal.send("User.objects.co");
        terminal.wait_for(">>> User.objects.co");
        suspend(&mut terminal, &env);
        terminal.line("fg");
        terminal.wait_until("the line is drawn again", |screen| screen.trim_end().ends_with(">>> User.objects.co"));
        terminal.send("unt()");
        terminal.wait_for(">>> User.objects.count()");
        terminal.send("\r");
        terminal.wait_for("count()\n0\n>>>");
        assert_eq!(terminal.ask("6 * 7"), "42");
    }
}

#[test]
fn a_block_is_drawn_again_below_what_was_said_meanwhile() {
    let env = TestEnv::new();
    let mut terminal = shell(&env, "xterm");
    terminal.send("for n in (1, 2):\r    print('n', n)\r\r");
    terminal.wait_for("n 2\n>>>");
    terminal.send("\u{1b}[A");
    terminal.wait_until("it is recalled", |screen| screen.matches("...     print('n', n)").count() == 2);
    suspend(&mut terminal, &env);
    terminal.line("echo before the fg; fg");
    terminal.wait_until("the block is drawn again", |screen| {
        let after = screen.rsplit_once("before the fg\n").map_or("", |(_, after)| after);
        after.trim_end().ends_with(">>> for n in (1, 2):\n...     print('n', n)")
    });
    terminal.send("\r\r");
    terminal.wait_until("it has run", |screen| screen.matches("n 2\n").count() == 2);
}

#[test]
fn what_runs_lets_go_of_the_store_before_it_is_stopped() {
    let env = TestEnv::new();
    let mut terminal = shell(&env, "xterm");
    terminal.line("import time; print('run' + 'ning'); exec('while True: time.sleep(0.01)')");
    terminal.wait_for("\nrunning");
    suspend(&mut terminal, &env);
    terminal.line("fg");
    terminal.settle(Duration::from_millis(300));
    terminal.control('c');
    terminal.wait_for("KeyboardInterrupt\n>>>");
    assert_eq!(terminal.ask("User.objects.count()"), "0");
}
