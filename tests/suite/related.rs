//! Related rows that are read beforehand: how often the store is asked, and what no relation is.

use crate::support::TestEnv;

/// Counts questions: what a query set fetches, and what `get` looks up.
const COUNTING: &str = "from django.db.models.query import QuerySet
asked = [0]
fetch, get = QuerySet._fetch_all, QuerySet.get
def fetching(self):
    asked[0] += self._result_cache is None
    return fetch(self)
def getting(self, *args, **kwargs):
    asked[0] += 1
    return get(self, *args, **kwargs)
QuerySet._fetch_all, QuerySet.get = fetching, getting
def questions(of):
    asked[0] = 0
    of()
    return asked[0]
";

/// Twelve users, each with a token and in the three groups.
fn furnished() -> TestEnv {
    let env = TestEnv::new();
    let code = "groups = [Group.objects.create(name=n) for n in 'abc']\n\
                for n in range(12):\n\
                \x20   u = User.objects.create(username='user%d' % n)\n\
                \x20   u.groups.set(groups)\n\
                \x20   Token.objects.create(user=u)\n";
    env.python(code).success();
    env
}

fn questions(env: &TestEnv, of: &str) -> usize {
    let output = env.python(&format!("{COUNTING}\nprint(questions(lambda: {of}))")).success();
    output.trim().parse().unwrap_or_else(|_| panic!("no number: {output}"))
}

#[test]
fn a_row_to_which_another_leads_is_read_with_it() {
    let env = furnished();
    assert_eq!(questions(&env, "[t.user.username for t in Token.objects.all()]"), 13);
    assert_eq!(questions(&env, "[t.user.username for t in Token.objects.select_related('user')]"), 2);
    assert_eq!(questions(&env, "[u.auth_token.key for u in User.objects.select_related('auth_token')]"), 2);
    let two = "[p.content_type.model for p in Permission.objects.select_related('content_type')]";
    assert_eq!(questions(&env, two), 2);
}

#[test]
fn the_many_are_read_by_as_many_questions_as_there_are_relations() {
    let env = furnished();
    assert_eq!(questions(&env, "[len(u.groups.all()) for u in User.objects.all()]"), 13);
    // The users, the links, the groups.
    assert_eq!(questions(&env, "[len(u.groups.all()) for u in User.objects.prefetch_related('groups')]"), 3);
    let all = "[[list(g.permissions.all()) for g in u.groups.all()] \
               for u in User.objects.prefetch_related('groups__permissions')]";
    assert_eq!(questions(&env, all), 5);
    assert_eq!(questions(&env, "[len(g.user_set.all()) for g in Group.objects.prefetch_related('user_set')]"), 3);
}

#[test]
fn names_are_checked_at_every_level_and_when_the_question_is_asked() {
    let env = furnished();
    for (asked, said) in [
        ("select_related('nope')", "Invalid field name(s) given in select_related: 'nope'. Choices are: user"),
        (
            "select_related('user__nope')",
            "Invalid field name(s) given in select_related: 'nope'. Choices are: auth_token",
        ),
        (
            "select_related('user__username')",
            "Non-relational field given in select_related: 'username'. Choices are: auth_token",
        ),
        (
            "prefetch_related('user__nope')",
            "Cannot find 'nope' on User object, 'user__nope' is an invalid parameter to prefetch_related()",
        ),
        (
            "prefetch_related('user__username')",
            "'user__username' does not resolve to an item that supports prefetching - this is an invalid parameter to \
             prefetch_related().",
        ),
    ] {
        let code = format!("rows = Token.objects.{asked}\nprint('asked for')\nlist(rows)");
        let output = env.python(&code);
        assert_eq!(output.stdout, "asked for\n", "{asked}: {}", output.stderr);
        assert!(output.stderr.trim_end().ends_with(said), "{asked}: {}", output.stderr);
    }
    // Where nothing is fetched, nothing is checked.
    let output = env.python("print(Token.objects.select_related('nope').count())").success();
    assert_eq!(output, "12\n");
}
