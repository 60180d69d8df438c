//! What lists look like on a terminal: they fit, they are paged, and what takes its time says so.

use crate::support::{Terminal, TestEnv};

fn with_users(count: usize) -> TestEnv {
    let env = TestEnv::new();
    let code = format!("User.objects.bulk_create([User(username=f'user{{n:03}}') for n in range({count})])");
    env.python(&code).success();
    env
}

/// A shell on a screen of this size.
fn shell(env: &TestEnv, rows: u16, columns: u16) -> Terminal {
    let terminal = env.terminal::<&str>(&[]);
    terminal.wait_for_prompt();
    terminal.resize(rows, columns);
    terminal
}

#[test]
fn a_table_gives_up_its_dates_first_and_then_becomes_records() {
    let env = with_users(1);
    env.hallpass(&["token", "create", "user000"]).success();
    let id = env.hallpass(&["tokens", "--csv"]).success();
    let id = id.lines().nth(1).and_then(|line| line.split(',').next()).expect("there is a token").to_owned();
    let mut terminal = shell(&env, 200, 140);
    let shown = terminal.ask("tokens");
    assert!(shown.contains("Z (") && shown.contains(&id), "{shown}");
    terminal.resize(200, 60);
    let shown = terminal.ask("tokens --user user000");
    assert!(!shown.contains("Z (") && shown.contains(&id) && shown.lines().count() == 2, "{shown}");
    terminal.resize(200, 40);
    let shown = terminal.ask("tokens --user  user000");
    assert!(shown.contains(&format!("id         {id}")) && shown.contains("created    20"), "{shown}");
}

#[test]
fn a_list_longer_than_the_screen_is_shown_a_screen_at_a_time() {
    let env = with_users(60);
    let mut terminal = shell(&env, 24, 100);
    terminal.line("users");
    terminal.wait_for("space: next page");
    assert!(terminal.screen().contains("user000") && !terminal.screen().contains("user040"), "{}", terminal.screen());
    terminal.send(" ");
    terminal.wait_for("user040");
    terminal.send("q");
    terminal.wait_for_prompt();
    assert!(!terminal.screen().contains("space: next page"), "{}", terminal.screen());
    assert_eq!(terminal.ask("1 + 1"), "2");
    // A window that has become lower is not written past.
    let last = |screen: &str| screen.rsplit_once(">>> users").map_or_else(String::new, |(_, list)| list.to_owned());
    terminal.line("users");
    terminal.wait_until("a page", |screen| last(screen).contains("-- 3") && last(screen).contains("user021"));
    terminal.resize(12, 100);
    terminal.send(" ");
    terminal.wait_until("a lower page", |screen| last(screen).contains("-- 5") && last(screen).contains("user032"));
    assert!(!last(&terminal.screen()).contains("user033"), "{}", terminal.screen());
    terminal.send("q");
    terminal.resize(24, 100);
    terminal.wait_for_prompt();
    // Ctrl-C leaves the list, not the shell.
    terminal.line("show(User.objects.all())");
    terminal.wait_for("space: next page");
    terminal.control('c');
    terminal.wait_for_prompt();
    assert_eq!(terminal.ask("2 + 2"), "4");
    terminal.line("users");
    terminal.wait_for("space: next page");
    terminal.send("G");
    terminal.wait_for("user059");
    terminal.wait_for_prompt();
}

#[test]
fn nobody_is_asked_for_a_key_where_the_pager_is_unwanted() {
    let mut env = with_users(60);
    env.set("PAGER", "cat");
    let mut terminal = shell(&env, 24, 100);
    terminal.line("users");
    terminal.wait_for("user059");
    terminal.wait_for_prompt();
}

#[test]
fn one_screen_says_everything_about_a_user() {
    let env = with_users(1);
    env.hallpass(&["token", "create", "user000"]).success();
    env.hallpass(&["token", "create", "user000", "--name", "ci", "--expires", "90d"]).success();
    env.hallpass(&["regenerate", "user000", "--overlap", "1h"]).success();
    env.hallpass(&["revoke", "user000/ci", "--yes", "--reason", "leaked"]).success();
    let terminal = env.terminal(&["inspect", "user000"]);
    terminal.wait_for("next:");
    let screen = terminal.screen();
    for part in ["user000", "tok_", "active", "revoked", "ci", "old_key_until", "leaked", "regenerate", "hallpass key"]
    {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
    assert!(screen.lines().filter(|line| !line.is_empty()).count() <= 40, "{screen}");
}

#[test]
fn what_takes_its_time_says_how_far_it_is() {
    let env = with_users(1);
    let mut terminal = shell(&env, 50, 100);
    // Rows that may be there already are looked at one by one, which takes its time.
    terminal.line("people = [User(username=f'many{n}') for n in range(200_000)]");
    terminal.line(
        "made = User.objects.bulk_create(people, update_conflicts=True, update_fields=['email'], unique_fields=['username'])",
    );
    let seen = terminal.until(std::time::Duration::from_secs(120), |raw, _| {
        String::from_utf8_lossy(raw).contains("reading objects").then_some(())
    });
    assert!(seen.is_some(), "{}", terminal.screen());
    terminal.control('c');
    let over = terminal.until(std::time::Duration::from_secs(240), |_, screen| {
        let screen = screen.contents();
        screen.trim_end().ends_with(">>>").then_some(())
    });
    assert!(over.is_some(), "{}", terminal.screen());
    assert!(!terminal.screen().contains("reading objects"), "the bar is gone:\n{}", terminal.screen());
}
