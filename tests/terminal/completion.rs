//! Tab: what stands on the screen after it.

use crate::support::{Terminal, TestEnv, terminal::PATIENCE};

/// A session on a store with two users and three tokens.
fn session(env: &TestEnv) -> Terminal {
    let made = "for n in ('alice', 'bob'): Token.objects.create(user=User.objects.create_user(n, n + '@example.com'))\n\
                Token.objects.create(user=User.objects.get(username='alice'), name='ci-build')\n\
                Group.objects.create(name='editors')";
    env.python(made).success();
    let mut terminal = env.terminal::<&str>(&[]);
    terminal.wait_for_prompt();
    assert_eq!(terminal.ask("user = User.objects.get(username='alice')"), "");
    terminal
}

/// Types `typed` and Tab, waits until the line is `completed`, and empties it again.
fn tab(terminal: &mut Terminal, typed: &str, completed: &str) {
    terminal.wait_for_prompt();
    terminal.send(&format!("{typed}\t"));
    // Behind the cursor there may be a hint.
    let line = format!(">>> {completed}");
    let found = terminal.until(PATIENCE, |_, screen| {
        let (row, column) = screen.cursor_position();
        let shown = screen.rows(0, 120).nth(row.into())?;
        (shown.starts_with(line.trim_end()) && usize::from(column) == line.len()).then_some(())
    });
    assert!(found.is_some(), "{typed:?} never becomes {completed:?}; the screen:\n{}", terminal.screen());
    terminal.control('u');
}

#[test]
fn names_attributes_and_parameters_are_completed() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    tab(&mut terminal, "isin", "isinstance(");
    tab(&mut terminal, "user.au", "user.auth_token");
    tab(&mut terminal, "user.auth_token.cre", "user.auth_token.created");
    tab(
        &mut terminal,
        "User.objects.get(pk=1).groups.all().first().nam",
        "User.objects.get(pk=1).groups.all().first().name",
    );
    tab(&mut terminal, "User.objects.create_user(usern", "User.objects.create_user(username=");
    tab(&mut terminal, "Token.objects.filter(user__usern", "Token.objects.filter(user__username");
    tab(&mut terminal, "from django.contrib.auth.mod", "from django.contrib.auth.models");
    tab(&mut terminal, "from django.contrib.auth import authen", "from django.contrib.auth import authenticate");
    tab(&mut terminal, "import json.dec", "import json.decoder");
}

#[test]
fn lookups_are_listed() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    terminal.send("User.objects.filter(us\t");
    terminal.wait_for(">>> User.objects.filter(user");
    terminal.send("\t");
    terminal.wait_until("the look-ups are listed", |screen| {
        ["username__startswith=", "username=", "user_permissions__isnull="].iter().all(|name| screen.contains(name))
    });
}

#[test]
fn what_is_in_the_store_is_completed_in_texts_and_in_commands() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    let id = terminal.ask("user.tokens.get(name='ci-build').id").trim_matches('\'').to_owned();
    tab(&mut terminal, &format!("inspect {}", &id[..14]), &format!("inspect {id}"));
    tab(&mut terminal, "User.objects.get(username=\"al", "User.objects.get(username=\"alice");
    tab(&mut terminal, "User.objects.get(email='bo", "User.objects.get(email='bob@example.com");
    tab(&mut terminal, "user.groups.filter(name__in=[\"ed", "user.groups.filter(name__in=[\"editors");
    tab(&mut terminal, "revoke al", "revoke alice");
    tab(&mut terminal, "regenerate alice/", "regenerate alice/ci-build ");
    tab(&mut terminal, "tokens --un", "tokens --unused ");
    tab(&mut terminal, "tokens --state ex", "tokens --state expired ");
    tab(&mut terminal, "user deactivate b", "user deactivate bob ");
    tab(&mut terminal, "help regen", "help regenerate ");
    tab(&mut terminal, "%insp", "%inspect ");
}

#[test]
fn files_are_completed_where_a_file_is_asked_for() {
    let env = TestEnv::new();
    env.write("fixture-of-users.json", "[]");
    let mut terminal = session(&env);
    tab(&mut terminal, "open(\"fixt", "open(\"fixture-of-users.json");
    tab(&mut terminal, "loaddata fixt", "loaddata fixture-of-users.json");
}
