//! What is typed, and what stands on the screen then.

use std::os::unix::fs::PermissionsExt;

use crate::support::terminal::PATIENCE;
use crate::support::{Ended, TestEnv};

#[test]
fn a_block_is_asked_for_with_three_dots_and_ends_with_a_blank_line() {
    let env = TestEnv::new();
    let mut terminal = env.plain_terminal::<&str>(&[]);
    terminal.wait_for_prompt();
    for line in ["for i in range(2):", "    print('n', i)", ""] {
        terminal.line(line);
    }
    terminal.wait_for("n 0\nn 1\n>>>");
    assert!(terminal.screen().contains("...     print('n', i)\n... "), "{}", terminal.screen());
}

#[test]
fn a_paste_of_a_whole_script_is_one_input() {
    let mut env = TestEnv::new();
    env.set("TERM", "xterm");
    let mut terminal = env.terminal::<&str>(&[]);
    terminal.wait_for_prompt();
    terminal.send("\u{1b}[200~def double(x):\n    y = x + x\n\n    return y\nfor n in (1, 2):\n    double(n)\ndouble(21)\u{1b}[201~");
    terminal.send("\r");
    terminal.wait_for("2\n4\n42\n>>>");
}

#[test]
fn the_history_is_kept_for_its_owner_and_holds_no_key() {
    let env = TestEnv::new();
    let key = "0123456789abcdef0123456789abcdef01234567";
    let mut terminal = env.terminal::<&str>(&[]);
    assert_eq!(terminal.ask("40 + 2"), "42");
    terminal.ask(&format!("Token.objects.filter(key='{key}').exists()"));
    terminal.line("exit()");
    assert_eq!(terminal.end(PATIENCE), Some(Ended::Exit(0)));
    let found = walk(&env.home()).into_iter().find(|path| path.ends_with("history")).expect("a history is kept");
    let text = std::fs::read_to_string(&found).unwrap();
    assert!(text.starts_with("40 + 2\n"), "{text}");
    assert!(!text.contains(key) && text.contains("Token.objects.filter(key="), "{text}");
    assert_eq!(std::fs::metadata(&found).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_script_may_not_touch_what_the_session_keeps() {
    let env = TestEnv::new();
    env.hallpass(&["shell", "-c", "User.objects.create_user('alice')"]).success();
    let store = env.store().display().to_string();
    let script = format!(
        "import os\nfor path in [{store:?}, {store:?} + '/db', {:?}]:\n    try: open(path).read() and print('read')\n    \
         except OSError as e: print(type(e).__name__)\n    try: print(os.listdir(path))\n    except OSError as e: print(type(e).__name__)\n",
        env.keyring().display().to_string()
    );
    let said = env.hallpass_with(&["shell"], &script).success();
    assert_eq!(said, "PermissionError\n".repeat(6));
}

/// Every file below `folder`.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found
}
