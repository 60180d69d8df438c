//! Man pages and completions: made from the one declaration, and looked at by those who read them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::TestEnv;

/// Runs a tool that the gate installs; elsewhere it may be missing, which is said.
#[track_caller]
fn tool(name: &str, args: &[&str]) -> Option<(bool, String)> {
    match Command::new(name).args(args).output() {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            Some((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
        }
        Err(error) => {
            crate::support::skip(&format!("{name}: {error}"));
            None
        }
    }
}

/// Writes the completions for a shell into a file and returns its name.
fn completions(env: &TestEnv, shell: &str) -> String {
    let script = env.hallpass(&["completions", shell]).success();
    env.write(shell, &script).display().to_string()
}

#[test]
fn bash_completes_commands_and_options() {
    let env = TestEnv::new();
    let file = completions(&env, "bash");
    let offered = |words: &str, at: usize, current: &str, previous: &str| {
        let script = format!(
            "source {file}; COMP_WORDS=({words}); COMP_CWORD={at}; _hallpass hallpass '{current}' '{previous}'; echo \"${{COMPREPLY[@]}}\""
        );
        tool("bash", &["-c", &script])
    };
    assert!(tool("bash", &["-n", &file]).is_none_or(|(fine, _)| fine));
    let Some((fine, commands)) = offered("hallpass rev", 1, "rev", "hallpass") else { return };
    assert!(fine && commands.trim() == "revoke", "{commands}");
    let (_, options) = offered("hallpass tokens --ex", 2, "--ex", "tokens").expect("it ran before");
    assert_eq!(options.trim(), "--expiring");
    let (_, states) = offered("hallpass tokens --state ''", 3, "", "--state").expect("it ran before");
    assert_eq!(states.trim(), "active expired revoked all");
}

#[test]
fn fish_and_zsh_take_their_completions() {
    let env = TestEnv::new();
    let (fish, zsh) = (completions(&env, "fish"), completions(&env, "zsh"));
    if let Some((fine, said)) = tool("fish", &["--no-execute", &fish]) {
        assert!(fine, "{said}");
        let (_, offered) =
            tool("fish", &["-c", &format!("source {fish}; complete -C 'hallpass rev'")]).expect("it ran");
        assert!(offered.starts_with("revoke"), "{offered}");
    }
    if let Some((fine, said)) = tool("zsh", &["-n", &zsh]) {
        assert!(fine, "{said}");
        let script = format!("autoload -Uz compinit && compinit -D; source {zsh}; whence -w _hallpass");
        let (_, said) = tool("zsh", &["-c", &script]).expect("it ran");
        assert!(said.contains("_hallpass: function"), "{said}");
    }
}

#[test]
fn every_command_has_a_man_page_that_mandoc_takes() {
    let env = TestEnv::new();
    env.hallpass(&["man", "pages"]).success();
    let pages = env.work().join("pages");
    let names: Vec<String> = fs::read_dir(&pages)
        .expect("the pages are there")
        .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
        .collect();
    let commands = env.hallpass(&["help", "--commands"]).success();
    for command in commands.lines() {
        assert!(names.contains(&format!("hallpass-{command}.1")), "{command}");
    }
    assert!(names.iter().any(|name| name == "hallpass-store-backup.1"));
    let server = fs::read_to_string(pages.join("hallpassd.8")).expect("the server has a page");
    assert!(server.contains(".TH hallpassd 8") && server.contains("listen") && server.contains("check"), "{server}");
    for name in &names {
        let page = pages.join(name);
        let said = lint(&page);
        assert!(said.is_empty(), "{name}\n{said}");
    }
    assert!(env.hallpass(&["man"]).success().contains(".TH hallpass"));
}

/// What mandoc has to say of a page, from warnings on.
fn lint(page: &Path) -> String {
    tool("mandoc", &["-T", "lint", "-W", "warning", &page.display().to_string()])
        .map_or_else(String::new, |(_, said)| said)
}
