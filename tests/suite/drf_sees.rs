//! What code that was written for DRF sees of tokens that have names, ends and revocations: each sentence of the rule is
//! a test of its own.

use crate::support::TestEnv;

/// Alice has an unnamed token and one named `ci`.
fn alice() -> TestEnv {
    let env = TestEnv::new();
    env.python(
        "alice = User.objects.create_user('alice', password='s3cret-enough')\n\
         Token.objects.create(user=alice, key='unnamed')\nToken.objects.create(user=alice, name='ci', key='named')",
    )
    .success();
    env
}

fn login(env: &TestEnv) -> String {
    let server = env.server();
    let body = "username=alice&password=s3cret-enough";
    let request = format!(
        "POST /api-token-auth/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let reply = server.raw(request.as_bytes()).expect("the server answers");
    assert_eq!(reply.status, 200, "{}", reply.text());
    let text = reply.text();
    text.split('"').nth(3).expect("{\"token\":\"...\"}").to_owned()
}

const EXPIRE: &str = "from datetime import timedelta\nfrom django.utils import timezone\nt = Token.objects.get()\n\
                      t.expires = timezone.now() - timedelta(seconds=1)\nt.save()";

#[test]
fn token_objects_has_the_unnamed_token_that_is_not_revoked() {
    let env = alice();
    assert_eq!(env.python("print([t.key for t in Token.objects.all()])").success(), "['unnamed']\n");
    env.hallpass(&["revoke", "alice", "--yes"]).success();
    assert_eq!(env.python("print(Token.objects.count())").success(), "0\n");
}

#[test]
fn user_auth_token_is_the_unnamed_token_that_is_not_revoked() {
    let env = alice();
    let code = "print(User.objects.get().auth_token.key)";
    assert_eq!(env.python(code).success(), "unnamed\n");
    env.hallpass(&["revoke", "alice", "--yes"]).success();
    let gone = env.python(code);
    assert!(
        gone.code == 1 && gone.text().contains("RelatedObjectDoesNotExist: User has no auth_token."),
        "{}",
        gone.text()
    );
}

#[test]
fn api_token_auth_gives_the_unnamed_token_that_is_not_revoked() {
    let env = alice();
    assert_eq!(login(&env), "unnamed");
    env.hallpass(&["revoke", "alice", "--yes"]).success();
    let new = login(&env);
    assert_eq!(new.len(), 40, "a new one in the place that is free: {new}");
    assert_eq!(login(&env), new);
}

#[test]
fn drf_create_token_gives_the_unnamed_token_that_is_not_revoked() {
    let env = alice();
    let said = |env: &TestEnv| env.hallpass(&["drf_create_token", "alice"]).success();
    assert_eq!(said(&env), "Generated token unnamed for user alice\n");
    env.hallpass(&["revoke", "alice", "--yes"]).success();
    let new = said(&env);
    assert!(!new.contains("unnamed") && !new.contains("named ") && said(&env) == new, "{new}");
}

#[test]
fn drf_create_token_r_replaces_the_unnamed_token_alone() {
    let env = alice();
    let said = env.hallpass(&["drf_create_token", "-r", "alice"]).success();
    assert!(!said.contains("unnamed"), "{said}");
    let server = env.server();
    assert_eq!((server.trigger("unnamed").status, server.trigger("named").status), (401, 200));
}

#[test]
fn dumpdata_authtoken_has_the_unnamed_token_that_is_not_revoked() {
    let env = alice();
    let dump = env.hallpass(&["dumpdata", "authtoken"]).success();
    assert!(dump.contains("\"pk\": \"unnamed\"") && !dump.contains("\"pk\": \"named\""), "{dump}");
    env.hallpass(&["revoke", "alice", "--yes"]).success();
    assert_eq!(env.hallpass(&["dumpdata", "authtoken"]).success().trim(), "[]");
}

#[test]
fn a_revoked_token_is_as_good_as_deleted_and_frees_its_place() {
    let env = alice();
    env.hallpass(&["revoke", "alice", "--yes"]).success();
    let code = "u = User.objects.get()\nprint(hasattr(u, 'auth_token'), Token.objects.filter(key='unnamed').exists())\n\
                t = Token.objects.create(user=u)\nprint(Token.objects.get() == t)";
    assert_eq!(env.python(code).success(), "False False\nTrue\n");
}

#[test]
fn an_expired_token_is_visible() {
    let env = alice();
    env.python(EXPIRE).success();
    assert_eq!(
        env.python("print(Token.objects.get().key, User.objects.get().auth_token)").success(),
        "unnamed unnamed\n"
    );
    assert_eq!(env.server().trigger("unnamed").status, 401);
}

#[test]
fn obtaining_an_expired_token_gives_it_a_new_key() {
    let env = alice();
    let id = "print(Token.objects.get()._state.sealed.id)";
    let before = env.python(id).success();
    env.python(EXPIRE).success();
    let key = login(&env);
    assert_ne!(key, "unnamed");
    assert_eq!(env.server().trigger(&key).status, 200);
    assert_eq!(env.python(id).success(), before, "the token is the same");
}

#[test]
fn a_look_up_by_exact_key_finds_any_live_token_by_its_current_key() {
    let env = alice();
    let code = "print(Token.objects.get(key='named').name, Token.objects.filter(key='named').exists())";
    assert_eq!(env.python(code).success(), "ci True\n");
    env.hallpass(&["regenerate", "alice/ci", "--overlap", "1h"]).success();
    assert_eq!(env.python("print(Token.objects.filter(key='named').exists())").success(), "False\n", "superseded");
    env.hallpass(&["revoke", "alice", "--yes"]).success();
    assert_eq!(env.python("print(Token.objects.filter(key='unnamed').exists())").success(), "False\n", "revoked");
}

#[test]
fn a_look_up_by_pk_finds_any_live_token_by_its_current_key() {
    let env = alice();
    let code = "print(Token.objects.get(pk='named').name, Token.objects.get(pk='unnamed').name)";
    assert_eq!(env.python(code).success(), "ci None\n");
}

#[test]
fn user_tokens_and_token_every_have_all_of_them() {
    let env = alice();
    env.hallpass(&["revoke", "alice", "--yes"]).success();
    let code = "u = User.objects.get()\nToken.objects.create(user=u)\n\
                print(u.tokens.count(), Token.every.count(), sorted(t.state for t in u.tokens.all()))";
    assert_eq!(env.python(code).success(), "3 3 ['active', 'active', 'revoked']\n");
}

#[test]
fn dumpdata_hallpass_token_writes_what_django_has_no_place_for() {
    let env = alice();
    env.hallpass(&["revoke", "alice", "--yes", "--reason", "leaked"]).success();
    let dump = env.hallpass(&["dumpdata", "contenttypes", "auth", "hallpass.token"]).success();
    let file = env.write("dump.json", &dump);
    let other = TestEnv::new();
    other.hallpass(&["loaddata", file.to_str().expect("a plain name")]).success();
    let facts = "print([(t.id, t.name, t.state, t.reason, t.key) for t in Token.every.order_by('id')])";
    assert_eq!(other.python(facts).success(), env.python(facts).success());
    assert!(env.python(facts).success().contains("leaked"));
}

#[test]
fn a_tokens_pk_is_its_key_and_a_token_proxys_the_users_id() {
    let env = alice();
    let code = "from rest_framework.authtoken.models import TokenProxy\nu = User.objects.get()\n\
                print(Token.objects.get().pk, TokenProxy.objects.get().pk == u.pk)";
    assert_eq!(env.python(code).success(), "unnamed True\n");
}

#[test]
fn a_second_unnamed_token_is_drfs_integrity_error_and_a_second_name_too() {
    let env = alice();
    for (name, said) in [
        ("", "UNIQUE constraint failed: authtoken_token.user_id"),
        (", name='ci'", "UNIQUE constraint failed: hallpass_token.user_id, hallpass_token.name"),
    ] {
        let twice = env.python(&format!("Token.objects.create(user=User.objects.get(){name})"));
        assert!(twice.code == 1 && twice.text().contains(said), "{}", twice.text());
    }
}

#[test]
fn an_expired_a_revoked_a_superseded_and_an_unknown_key_get_one_answer() {
    let env = alice();
    env.python("Token.objects.create(user=User.objects.get(), name='old', key='superseded')").success();
    env.python("Token.objects.create(user=User.objects.get(), name='gone', key='revoked')").success();
    env.python(EXPIRE).success();
    env.hallpass(&["regenerate", "alice/old"]).success();
    env.hallpass(&["revoke", "alice/gone", "--yes"]).success();
    let server = env.server();
    let answers = ["unnamed", "superseded", "revoked", "nobodys"].map(|key| {
        let reply = server.trigger(key);
        (reply.status, reply.text())
    });
    assert!(answers.iter().all(|answer| *answer == (401, "{\"detail\":\"Invalid token.\"}".into())), "{answers:?}");
}

#[test]
fn deleting_from_python_is_drfs_hard_delete_and_leaves_an_event() {
    let env = alice();
    assert_eq!(env.python("print(Token.objects.get().delete())").success(), "(1, {'authtoken.Token': 1})\n");
    assert_eq!(env.python("print(Token.every.count())").success(), "1\n");
    let last = env.hallpass(&["audit", "-n", "1", "--csv"]).success();
    assert!(last.contains("deleted") && last.contains("tok_"), "{last}");
}
