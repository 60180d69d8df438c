//! What a configuration may say, and what it may not.

use crate::support::{
    Output, Program, TestEnv,
    process::{Stdin, run},
};

fn check(env: &TestEnv, configuration: &str, args: &[&str]) -> Output {
    let file = env.write("c.toml", configuration);
    let mut all = vec!["check", "--config", file.to_str().expect("a plain name")];
    all.extend(args);
    run(env.command(Program::Hallpassd, &all), Stdin::Null)
}

#[test]
fn a_configuration_is_checked_without_a_server() {
    let env = TestEnv::new();
    let good = check(&env, "listen = [\"127.0.0.1:0\", \"unix:/tmp/x\"]\n[limits]\nidle = \"5s\"\n", &[]);
    assert_eq!(good.code, 0, "{}", good.text());
    assert!(good.stdout.is_empty() && !env.store().exists());
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_a_hint() {
    let env = TestEnv::new();
    for (text, error, hint) in [
        ("[limits]\nidel = \"5s\"\n", ":2: unknown field `idel`", "did you mean `idle`?"),
        ("\nlisten = 10000\n", ":2: ", ""),
        ("[throttle]\nlogin_user = \"often\"\n", ":2: a rate is written as 10/second", ""),
        ("[limits]\nidle = 5\n", ":2: invalid type: integer `5`", ""),
        ("listen = \n", ":1: ", ""),
    ] {
        let refused = check(&env, text, &[]);
        assert_eq!(refused.code, 1, "{}", refused.text());
        let told = &refused.stderr;
        assert!(told.starts_with("error: ") && told.contains(error), "{told}");
        assert!(told.contains("\n hint: ") && told.contains(hint), "{told}");
        assert!(!env.store().exists());
    }
}

#[test]
fn plain_text_beyond_this_machine_is_refused_unless_it_is_meant() {
    let env = TestEnv::new();
    let open = "listen = \"0.0.0.0:10000\"\n";
    let refused = check(&env, open, &[]);
    assert_eq!(refused.code, 1, "{}", refused.text());
    assert!(refused.stderr.contains("as plain text beyond this machine"), "{}", refused.stderr);
    assert_eq!(check(&env, open, &["--insecure"]).code, 0);
    assert_eq!(check(&env, &format!("{open}[proxies]\ntrusted = [\"10.0.0.1\"]\n"), &[]).code, 0);
}

#[test]
fn flags_go_before_the_environment_and_that_before_the_file() {
    let mut env = TestEnv::new();
    let open = "listen = \"0.0.0.0:10000\"\n";
    env.set("HALLPASS_LISTEN", "127.0.0.1:1,unix:/tmp/x");
    assert_eq!(check(&env, open, &[]).code, 0, "the environment's are local");
    assert_eq!(check(&env, "", &["--listen", "0.0.0.0:1"]).code, 1, "the flag's is not");
    env.set("HALLPASS_LISTEN", "nowhere");
    assert_eq!(check(&env, "", &[]).code, 1);
}

#[test]
fn an_unknown_option_is_a_usage_error() {
    let env = TestEnv::new();
    let refused = run(env.command(Program::Hallpassd, &["--nope"]), Stdin::Null);
    assert_eq!(refused.code, 2, "{}", refused.text());
}
