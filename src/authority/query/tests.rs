//! Queries over a store in memory.

use crate::{
    authority::{
        NewToken, Session,
        tests::{Bench, bench},
    },
    domain::{
        Action, Model, Timestamp, User, Value,
        filter::{Cond, Expr, Op, Order, OrderBy, Path, Query, Select, View},
    },
    store::{
        Store as _,
        layout::{Relation, Table},
        prefix_end,
        record::{Record as _, UserView},
    },
};

use super::{Found, Row};

fn people(bench: &Bench) -> Session {
    let mut session = bench.session();
    for name in ["admin", "bob", "Eve"] {
        let user = session.transact(|tx| tx.insert(User { email: format!("{name}@x.org"), ..bench.user(name) }));
        let user = user.unwrap();
        if name != "bob" {
            session.transact(|tx| tx.create_token(NewToken::of(user.id)).map(drop)).unwrap();
        }
    }
    session
}

/// Tests `lookup` for equality, or by `op`.
fn asked(model: Model, lookup: &str, op: Op, value: Value) -> Query {
    let mut query = Query::new(model, View::Django);
    let path = Path::resolve(model, View::Django, lookup).unwrap();
    let column = query.column(&path, 1);
    query.conditions.push(Cond::test(column, op, Expr::Value(value)));
    query
}

fn names(session: &mut Session, query: &Query) -> Vec<String> {
    let fetched = session.transact(|tx| tx.fetch(query)).unwrap();
    let name = |found: Found| match found {
        Found::Row(row, _) => row.values[4].to_text(),
        Found::Values(values) => values[0].to_text(),
    };
    fetched.found.into_iter().filter_map(name).collect()
}

#[test]
fn rows_come_by_id_and_names_alone_come_by_name() {
    let bench = bench();
    let mut session = people(&bench);
    let mut query = Query::new(Model::User, View::Django);
    assert_eq!(names(&mut session, &query), ["admin", "bob", "Eve"]);
    let name = Expr::Column { alias: 0, model: Model::User, field: 4 };
    query.select = Select::Values(vec![("username".into(), name)]);
    assert_eq!(names(&mut session, &query), ["Eve", "admin", "bob"]);
}

#[test]
fn contains_does_not_know_the_case_of_ascii_letters_and_equals_does() {
    let bench = bench();
    let mut session = people(&bench);
    let query = asked(Model::User, "username", Op::Contains, "E".into());
    assert_eq!(names(&mut session, &query), ["Eve"]);
    let query = asked(Model::User, "email", Op::Contains, "X.ORG".into());
    assert_eq!(names(&mut session, &query).len(), 3);
    let query = asked(Model::User, "username", Op::Exact, "eve".into());
    assert!(names(&mut session, &query).is_empty());
}

#[test]
fn a_relation_is_followed_back_from_the_row_that_an_index_names() {
    let bench = bench();
    let mut session = people(&bench);
    let group = session.transact(|tx| tx.insert(crate::domain::Group { id: 0, name: "ops".into() })).unwrap();
    session.transact(|tx| tx.link(Relation::UserGroups, 3, &[group.id])).unwrap();
    session.transact(|tx| tx.link(Relation::UserGroups, 1, &[group.id])).unwrap();
    let query = asked(Model::User, "groups__name", Op::Exact, "ops".into());
    assert_eq!(names(&mut session, &query), ["Eve", "admin"], "in the order of the links, as from SQLite's index");
}

#[test]
fn what_is_missing_is_neither_equal_nor_different() {
    let bench = bench();
    let mut session = people(&bench);
    let mut query = asked(Model::User, "last_login", Op::Exact, Value::Time(crate::domain::Timestamp(5)));
    assert!(names(&mut session, &query).is_empty());
    let cond = query.conditions.remove(0);
    query.conditions.push(cond.clone().negated());
    assert!(names(&mut session, &query).is_empty());
    query.conditions = vec![Cond::Known(Box::new(cond)).negated()];
    assert_eq!(names(&mut session, &query).len(), 3, "as Django excludes");
}

#[test]
fn rows_that_are_kept_are_never_those_of_yesterday() {
    let bench = bench();
    let mut session = people(&bench);
    let mut other = bench.session();
    let query = Query::new(Model::User, View::Django);
    assert_eq!(names(&mut session, &query).len(), 3);
    other.transact(|tx| tx.insert(bench.user("zed"))).unwrap();
    assert_eq!(names(&mut session, &query).last().map(String::as_str), Some("zed"));
    session.begin();
    session.transact(|tx| tx.insert(bench.user("mine"))).unwrap();
    assert_eq!(names(&mut session, &query).len(), 5, "an open block sees its own rows");
    assert_eq!(names(&mut other, &query).len(), 4, "and nobody else does");
    session.roll_back();
    assert_eq!(names(&mut session, &query).len(), 4);
    assert_eq!(session.transact(|tx| tx.count(&query)).unwrap(), 4);
}

#[test]
fn rows_that_are_kept_follow_what_this_process_changes() {
    let bench = bench();
    let mut session = people(&bench);
    let query = Query::new(Model::User, View::Django);
    let email =
        |session: &mut Session, wanted: &str| names(session, &asked(Model::User, "email", Op::Contains, wanted.into()));
    assert_eq!(names(&mut session, &query).len(), 3);
    assert!(email(&mut session, "new").is_empty());
    let bob = session.transact(|tx| tx.user_named("bob")).unwrap().unwrap();
    session.transact(|tx| tx.update(&User { email: "new@x.org".into(), ..bob.clone() })).unwrap();
    assert_eq!(email(&mut session, "new"), ["bob"]);
    session.transact(|tx| tx.delete_user(&bob)).unwrap();
    assert_eq!(names(&mut session, &query), ["admin", "Eve"]);
    session.transact(|tx| tx.insert(bench.user("zed"))).unwrap();
    assert_eq!(names(&mut session, &query), ["admin", "Eve", "zed"]);
}

/// `count` users by one statement.
fn crowd(session: &mut Session, count: usize) {
    let patch = |n| {
        let text = |field, text: &str| (field, Value::Text(text.into()));
        let mut patch = vec![text(1, "!"), (4, Value::Text(format!("user{n:04}"))), text(5, ""), text(6, "")];
        patch.extend([text(7, "old@x.org"), (10, Value::Time(crate::domain::Timestamp(n)))]);
        patch.extend([3, 8, 9].map(|field| (field, Value::Bool(true))));
        patch
    };
    let patches: Vec<_> = (0..i64::try_from(count).unwrap()).map(patch).collect();
    session
        .transact(|tx| tx.insert_rows(Model::User, &patches, super::OnConflict::Refuse, &mut |_| ()).map(drop))
        .unwrap();
}

#[test]
fn one_statement_over_many_rows_is_one_event_that_names_them_all() {
    let bench = bench();
    let mut session = bench.session();
    crowd(&mut session, 150);
    let query = asked(Model::User, "username", Op::StartsWith, "USER".into());
    let set = [(7, Expr::Value("new@x.org".into()))];
    assert_eq!(session.transact(|tx| tx.update_rows(&query, &set)).unwrap(), 150);
    assert_eq!(session.transact(|tx| tx.update_rows(&query, &set)).unwrap(), 150, "nothing is left to change");
    let mut actions = Vec::new();
    let read = |tx: &mut crate::authority::Tx<'_>| {
        actions.clear();
        tx.events(1, |_, event| {
            actions.push(event.action);
            crate::authority::Scan::On
        })
    };
    session.transact(read).unwrap();
    let (kind, ids) = ("user".to_owned(), vec![(1, 150)]);
    let created = Action::ManyCreated { kind: kind.clone(), ids: ids.clone() };
    assert_eq!(actions, [created, Action::ManyChanged { kind, ids, fields: vec!["email".into()] }]);
    let found = asked(Model::User, "email", Op::Exact, "new@x.org".into());
    assert_eq!(session.transact(|tx| tx.count(&found)).unwrap(), 150);
}

#[test]
fn the_first_of_very_many_are_those_of_the_whole_order_and_equal_ones_keep_theirs() {
    let bench = bench();
    let mut session = bench.session();
    crowd(&mut session, 700);
    let name = |session: &mut Session, field: usize, descending, to| {
        let mut query = Query::new(Model::User, View::Django);
        let by = OrderBy::Expr(Expr::Column { alias: 0, model: Model::User, field });
        query.order = vec![Order { by, descending, nulls: None }];
        query.to = to;
        names(session, &query)
    };
    for (field, descending) in [(10, true), (10, false), (4, true), (7, false), (7, true), (3, true)] {
        let all = name(&mut session, field, descending, None);
        assert_eq!(name(&mut session, field, descending, Some(3)), all[..3], "field {field}");
    }
}

#[test]
fn what_takes_long_stops_when_it_is_told_to_and_leaves_nothing() {
    let bench = bench();
    let mut session = people(&bench);
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    session.heed(std::sync::Arc::clone(&stop));
    let done = session.transact(|tx| tx.insert(bench.user("zed")));
    assert!(matches!(done, Err(crate::authority::ChangeError::Interrupted)));
    stop.store(false, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(names(&mut session, &Query::new(Model::User, View::Django)).len(), 3);
}

#[test]
fn deleting_users_counts_what_goes_with_them() {
    let bench = bench();
    let mut session = people(&bench);
    let query = Query::new(Model::User, View::Django);
    let deleted = session.transact(|tx| tx.delete_rows(&query)).unwrap();
    assert_eq!(deleted.0, [(Model::Token, 2), (Model::User, 3)]);
    assert_eq!(session.transact(|tx| tx.count(&query)).unwrap(), 0);
}

#[test]
fn a_value_that_must_be_there_is_asked_for_in_sqlites_words() {
    let bench = bench();
    let mut session = people(&bench);
    let query = asked(Model::User, "username", Op::Exact, "bob".into());
    let refused = session.transact(|tx| tx.update_row(Model::User, &query, &vec![(4, Value::Null)]));
    assert_eq!(refused.unwrap_err().to_string(), "NOT NULL constraint failed: auth_user.username");
}

fn first_names(session: &mut Session) -> Vec<String> {
    let query = Query::new(Model::User, View::Django);
    let fetched = session.transact(|tx| tx.fetch(&query)).unwrap();
    let name = |found: Found| if let Found::Row(row, _) = found { row.text(5).map(str::to_owned) } else { None };
    let mut names: Vec<String> = fetched.found.into_iter().filter_map(name).collect();
    names.dedup();
    names
}

#[test]
fn very_many_users_are_made_and_changed_in_one_piece_and_everybody_sees_the_same() {
    let bench = bench();
    let mut session = bench.session();
    crowd(&mut session, 3000);
    let (all, mut other) = (Query::new(Model::User, View::Django), bench.session());
    assert_eq!(names(&mut other, &all).len(), 3000);
    let set = |name: &str| [(5, Expr::Value(name.into()))];
    for name in ["Ann", "Bo", "Cy"] {
        assert_eq!(session.transact(|tx| tx.update_rows(&all, &set(name))).unwrap(), 3000);
        assert_eq!(first_names(&mut session), [name]);
        assert_eq!(first_names(&mut bench.session()), [name]);
    }
    // Some of them, by what they hold.
    let some = asked(Model::User, "username", Op::StartsWith, "user1".into());
    assert_eq!(session.transact(|tx| tx.update_rows(&some, &set("Di"))).unwrap(), 1000);
    assert_eq!(first_names(&mut session), ["Cy", "Di", "Cy"]);
    let found = asked(Model::User, "first_name", Op::Exact, "Di".into());
    assert_eq!(session.transact(|tx| tx.count(&found)).unwrap(), 1000);
    let one = session.transact(|tx| tx.user_named("user1234")).unwrap().unwrap();
    assert_eq!((one.id, one.first_name.as_str(), one.email.as_str()), (1235, "Di", "old@x.org"));
    // A name that is taken is refused, and nothing of the statement stays.
    let again = |session: &mut Session| {
        let patches: Vec<_> = (0..2000).map(|n| named(if n == 1999 { 1234 } else { 7000 + n })).collect();
        session.transact(|tx| {
            tx.insert_rows(Model::User, &patches, super::OnConflict::Refuse, &mut |_| ()).map(|made| made.len())
        })
    };
    let refused = again(&mut session).unwrap_err();
    assert_eq!(refused.to_string(), "UNIQUE constraint failed: auth_user.username");
    assert_eq!(session.transact(|tx| tx.count(&all)).unwrap(), 3000);
    session.transact(|tx| tx.delete_user(&one)).unwrap();
    assert_eq!(again(&mut session).unwrap(), 2000);
    assert_eq!(session.transact(|tx| tx.user_named("user1234")).unwrap().unwrap().id, 5000, "ids go on");
    assert_eq!(first_names(&mut session), ["Cy", "Di", "Cy", ""]);
}

/// A user of that number with nothing but a name.
fn named(n: i64) -> super::Patch {
    let text = |field, text: String| (field, Value::Text(text));
    let mut patch = vec![text(4, format!("user{n:04}")), (10, Value::Time(crate::domain::Timestamp(n)))];
    patch.extend([1, 5, 6, 7].map(|field| text(field, String::new())));
    patch.extend([3, 8, 9].map(|field| (field, Value::Bool(false))));
    patch
}

#[test]
fn very_many_rows_in_an_atomic_block_are_seen_in_it_and_taken_back_to_a_savepoint() {
    let bench = bench();
    let mut session = bench.session();
    crowd(&mut session, 2000);
    let all = Query::new(Model::User, View::Django);
    let set = |session: &mut Session, name: &str| {
        let set = [(5, Expr::Value(name.into()))];
        session.transact(|tx| tx.update_rows(&all, &set)).unwrap();
    };
    session.begin();
    set(&mut session, "Ann");
    assert_eq!(first_names(&mut session), ["Ann"]);
    assert_eq!(first_names(&mut bench.session()), [""]);
    session.begin();
    set(&mut session, "Bo");
    assert_eq!(first_names(&mut session), ["Bo"]);
    session.roll_back();
    assert_eq!(first_names(&mut session), ["Ann"]);
    session.commit().unwrap();
    assert_eq!(first_names(&mut bench.session()), ["Ann"]);
    session.begin();
    set(&mut session, "Cy");
    session.roll_back();
    assert_eq!(first_names(&mut session), ["Ann"]);
    // Somebody else's change in between: the block fails, and leaves nothing.
    session.begin();
    set(&mut session, "Di");
    bench.session().transact(|tx| tx.insert(bench.user("zed"))).unwrap();
    assert!(matches!(session.commit(), Err(crate::authority::ChangeError::Locked)));
    assert_eq!(first_names(&mut session), ["Ann", ""]);
}

/// That the rows which are kept are those of the store; how many users have this first name.
fn as_stored(bench: &Bench, session: &mut Session, first_name: &str) -> usize {
    let fetched = session.transact(|tx| tx.fetch(&Query::new(Model::User, View::Django))).unwrap();
    let prefix = Table::User.prefix();
    let stored = bench.store.range(&prefix, &prefix_end(&prefix), usize::MAX).unwrap().found;
    assert_eq!(fetched.found.len(), stored.len());
    for (found, stored) in fetched.found.iter().zip(&stored) {
        let Found::Row(row, _) = found else { panic!("rows were asked for") };
        let user = User::decode(&stored.value).unwrap();
        assert_eq!(row.as_user(), UserView::from(&user));
        for (field, value) in Row::from(user).values.iter().enumerate() {
            assert_eq!(*row.value(field), *value);
            assert_eq!(row.text(field), value.text());
        }
        assert_eq!(row.changed.unwrap_or(stored.changed), stored.changed);
    }
    let named = asked(Model::User, "first_name", Op::Exact, first_name.into());
    session.transact(|tx| tx.count(&named)).unwrap()
}

#[test]
fn the_same_values_for_very_many_users_are_one_edit_and_the_kept_rows_follow_it() {
    let bench = bench();
    let mut session = bench.session();
    crowd(&mut session, 3000);
    let all = Query::new(Model::User, View::Django);
    let ask = |session: &mut Session, lookup: &str, op, value: Value, set: &[(usize, Value)]| {
        let query = asked(Model::User, lookup, op, value);
        let set: Vec<_> = set.iter().map(|(field, value)| (*field, Expr::Value(value.clone()))).collect();
        session.transact(|tx| tx.update_rows(&query, &set)).unwrap()
    };
    let Found::Row(held, _) = session.transact(|tx| tx.fetch(&all)).unwrap().found.remove(1500) else {
        panic!("a row")
    };
    let one = held.as_user().username.to_owned();
    assert_eq!(ask(&mut session, "id", Op::Gt, Value::Int(1000), &[(5, "Ann".into()), (8, Value::Bool(false))]), 2000);
    assert_eq!(as_stored(&bench, &mut session, "Ann"), 2000);
    assert_eq!((held.text(5), held.as_user().is_staff), (Some(""), true), "who has a row has it as it was");
    // A row that was written alone, and one that is looked at as a whole.
    let single = asked(Model::User, "username", Op::Exact, one.as_str().into());
    session.transact(|tx| tx.update_rows(&single, &[(6, Expr::Value("Lone".into()))])).unwrap();
    assert_eq!(as_stored(&bench, &mut session, "Ann"), 2000);
    let when = Timestamp(7_000_000);
    let many: &[_] = &[(7, "n@x.org".into()), (2, Value::Time(when)), (3, Value::Int(1)), (10, Value::Time(when))];
    assert_eq!(ask(&mut session, "id", Op::Lte, Value::Int(2500), many), 2500);
    assert_eq!(as_stored(&bench, &mut session, "Ann"), 2000);
    assert_eq!(ask(&mut session, "id", Op::Gt, Value::Int(0), &[(5, Value::Int(5)), (2, Value::Null)]), 3000);
    assert_eq!(as_stored(&bench, &mut session, "5"), 3000);
    // What has the value already is not written again; the trail tells of those that changed.
    assert_eq!(ask(&mut session, "id", Op::Lte, Value::Int(1500), &[(6, "L".into())]), 1500);
    assert_eq!(ask(&mut session, "id", Op::Gt, Value::Int(0), &[(6, "L".into()), (5, "5".into())]), 3000);
    assert_eq!(as_stored(&bench, &mut session, "5"), 3000);
    let mut last = None;
    session
        .transact(|tx| {
            tx.events(0, |_, event| {
                last = Some(event.action);
                crate::authority::Scan::On
            })
        })
        .unwrap();
    let (kind, fields) = ("user".into(), vec!["last_name".into()]);
    assert_eq!(last, Some(Action::ManyChanged { kind, ids: vec![(1501, 3000)], fields }));
    // A text that no edit brings goes the other way.
    let long = "x".repeat(3000);
    assert_eq!(ask(&mut session, "id", Op::Gt, Value::Int(0), &[(5, long.as_str().into())]), 3000);
    assert_eq!(as_stored(&bench, &mut session, &long), 3000);
}
