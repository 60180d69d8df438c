//! Editing on a terminal that can do everything: what is typed ahead, indentation, recall, questions of scripts.

use std::time::Duration;

use crate::support::{Terminal, TestEnv, terminal::PATIENCE};

/// Types as a hand does: the next key comes when the last one is on the screen.
fn by_hand(terminal: &mut Terminal, text: &str) {
    for key in text.chars() {
        let before = terminal.raw().len();
        terminal.send(&key.to_string());
        let shown = terminal.until(PATIENCE, |raw, _| (raw.len() > before).then_some(()));
        assert!(shown.is_some(), "{key:?} brings nothing to the screen:\n{}", terminal.screen());
        terminal.settle(Duration::from_millis(25));
    }
}

fn session(env: &TestEnv) -> Terminal {
    let terminal = env.terminal::<&str>(&[]);
    terminal.wait_for_prompt();
    terminal
}

#[test]
fn what_is_typed_ahead_is_not_lost() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    terminal.send(
        "import time\rfor i in range(2):\r    time.sleep(0.05)\r    print('n', i)\r\rx = input('na' + 'me? ')\rbob\r",
    );
    terminal.wait_for("n 1\n");
    terminal.wait_for("name? bob\n");
    terminal.send("def f():\r  return x\r\rif x:\r  print('is ' + f())\relse:\r  print('no')\r\rf()\r");
    terminal.wait_for("is bob\n");
    terminal.wait_for("'bob'\n>>>");
}

#[test]
fn lines_that_a_script_types_keep_their_own_indentation() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    for line in ["def f(a):", "  if a:", "      return 'yes'", "  else:", "     return 'no'", "", "f(1), f(0)"] {
        terminal.settle(Duration::from_millis(40));
        terminal.line(line);
    }
    terminal.wait_for("('yes', 'no')");
    let screen = terminal.screen();
    assert!(
        screen.contains(">>> def f(a):\n...   if a:\n...       return 'yes'\n...   else:\n...      return 'no'\n..."),
        "{screen}"
    );
}

#[test]
fn a_block_that_a_hand_types_goes_in_and_out_by_itself() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    for line in ["def f(a):\r", "if a:\r", "return 'yes'\r", "else:\r", "return 'no'\r", "\r", "f(1), f(0)\r"] {
        by_hand(&mut terminal, line);
    }
    terminal.wait_for("('yes', 'no')");
    let screen = terminal.screen();
    let shown = ">>> def f(a):\n...     if a:\n...         return 'yes'\n...     else:\n...         return 'no'\n...";
    assert!(screen.contains(shown), "{screen}");
}

#[test]
fn blanks_that_a_hand_types_replace_the_indentation() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    for line in ["for i in (1, 2):\r", "  i\r", "  i * 10\r", "\r"] {
        by_hand(&mut terminal, line);
    }
    terminal.wait_for("1\n10\n2\n20\n>>>");
    assert!(terminal.screen().contains("...   i\n...   i * 10\n..."), "{}", terminal.screen());
}

#[test]
fn a_block_is_recalled_whole_and_found_again() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    terminal.send("for n in (1, 2):\r    print('n', n)\r\r");
    terminal.wait_for("n 2\n>>>");
    assert_eq!(terminal.ask("40 + 2"), "42");
    terminal.send("\u{1b}[A\u{1b}[A");
    terminal.wait_for(">>> for n in (1, 2):\n...     print('n', n)");
    terminal.send("\r");
    terminal.wait_until("the block has run again", |screen| screen.matches("n 2\n").count() == 2);
    terminal.control('r');
    terminal.send("40 ");
    terminal.wait_for("(reverse-i-search)`40 ': 40 + 2");
    terminal.send("\r");
    terminal.wait_until("the line has run again", |screen| screen.matches("\n42\n").count() == 2);
    terminal.control('l');
    terminal.wait_until("the screen is empty", |screen| screen.trim() == ">>>");
}

#[test]
fn a_recalled_block_is_edited_behind_its_prompts() {
    for variable in ["UNUSED", "NO_COLOR"] {
        let mut env = TestEnv::new();
        env.set(variable, "1");
        let mut terminal = session(&env);
        terminal.send("for n in (1, 2):\r    print('n', n)\r\r");
        terminal.wait_for("n 2\n>>>");
        terminal.send("\u{1b}[A");
        terminal
            .wait_until("it is recalled", |screen| screen.matches(">>> for n in (1, 2):\n...     print").count() == 2);
        let (row, column) = terminal.cursor();
        assert_eq!(usize::from(column), "...     print('n', n)".len());
        // The line above, to its end, before its last bracket.
        terminal.send("\u{1b}[A\u{1b}[D\u{1b}[D, 3");
        terminal.wait_for(">>> for n in (1, 2, 3):\n...     print('n', n)");
        assert_eq!(terminal.cursor(), (row - 1, u16::try_from(">>> for n in (1, 2, 3".len()).unwrap()));
        terminal.send("\u{1b}[B\u{1b}[H");
        terminal.settle(Duration::from_millis(100));
        assert_eq!(terminal.cursor(), (row, 4));
        // A line that is joined to the one above takes no prompt with it.
        terminal.send("\u{7f}");
        terminal.wait_for(">>> for n in (1, 2, 3):    print('n', n)");
        terminal.send("\r\r");
        terminal.wait_for("n 3\n>>>");
    }
}

#[test]
fn the_prompts_within_a_block_are_those_of_the_mode_and_no_part_of_the_text() {
    let env = TestEnv::new();
    env.hallpass(&["about"]).success();
    let mut terminal = env.terminal(&["shell", "--sandbox"]);
    terminal.wait_for_prompt();
    terminal.send("text = \"\"\"a\rb\"\"\"\r");
    terminal.wait_for("(sandbox) ... b\"\"\"\n(sandbox) >>>");
    terminal.send("\u{1b}[A");
    terminal.wait_until("it is recalled", |screen| screen.matches("(sandbox) ... b\"\"\"").count() == 2);
    terminal.send("\r");
    terminal.wait_for_prompt();
    assert!(terminal.ask("text").starts_with("'a\\nb'\n"), "{}", terminal.screen());
}

#[test]
fn a_paste_may_hold_commands_between_its_statements() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    terminal.send("\u{1b}[200~for n in ('ann', 'bea'):\n    u = User.objects.create_user(n)\nuser deactivate bea\nfor u in User.objects.all():\n    print(u, u.is_active)\nprint('done')\u{1b}[201~\r");
    terminal.wait_for("ann True\nbea False\ndone\n>>>");
}

#[test]
fn control_c_drops_the_line_and_ends_what_runs_and_what_is_asked() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    terminal.send("print('never");
    terminal.control('c');
    terminal.wait_for("KeyboardInterrupt\n>>>");
    terminal.line("print('run' + 'ning'); exec('while True: pass')");
    terminal.wait_for("\nrunning");
    terminal.control('c');
    terminal.wait_until("it has ended", |screen| screen.matches("\nKeyboardInterrupt\n>>>").count() == 2);
    for question in
        ["input('as' + 'ked? ')", "__import__('getpass').getpass('as' + 'ked? ')", "__import__('sys').stdin.readline()"]
    {
        let ended = |screen: &str| screen.matches("KeyboardInterrupt\n>>>").count();
        let before = ended(&terminal.screen());
        terminal.line(question);
        terminal.settle(Duration::from_millis(200));
        terminal.control('c');
        terminal.wait_until("the question has ended", |screen| ended(screen) == before + 1);
    }
    assert_eq!(terminal.ask("6 * 7"), "42");
}

#[test]
fn an_answer_that_comes_with_the_question_is_neither_lost_nor_shown() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    terminal.line("import getpass; answers = []");
    terminal.wait_for_prompt();
    for n in 0..20 {
        terminal.line(&format!("answers.append(getpass.getpass('which' + '{n}? '))"));
        terminal.wait_for(&format!("which{n}? "));
        terminal.send("s3cret\r");
        terminal.wait_for_prompt();
    }
    assert!(!terminal.screen().contains("s3cret"), "{}", terminal.screen());
    assert_eq!(terminal.ask("answers == ['s3' + 'cret'] * 20"), "True");
}

#[test]
fn an_answer_is_edited_and_an_end_is_an_end() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    terminal.line("x = input('first\\nna' + 'me? ')");
    terminal.wait_for("first\nname? ");
    terminal.send("ac\u{1b}[Db\r");
    assert_eq!(terminal.ask("x"), "'abc'");
    terminal.line("input()");
    terminal.settle(Duration::from_millis(100));
    terminal.control('d');
    terminal.wait_for("EOFError");
    assert_eq!(terminal.ask("6 * 7"), "42");
}
