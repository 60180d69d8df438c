//! One store, several processes.

use hallpass::store::{Role, Store, local::Tenure};

use crate::{
    puppet::Puppet,
    support::{open, value, wait_for},
};

#[test]
fn what_one_process_writes_the_other_reads_at_once_both_ways() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut first, role) = Puppet::start(&dir.path().join("s"), "visitor");
    assert_eq!(role, "owner");
    let (mut second, role) = Puppet::start(&dir.path().join("s"), "visitor");
    assert_eq!(role, "attached");
    for n in 0..20 {
        first.ask(&format!("put a{n} x{n}"));
        assert_eq!(second.ask(&format!("get a{n}")), format!("x{n}"));
        second.ask(&format!("put b{n} y{n}"));
        assert_eq!(first.ask(&format!("get b{n}")), format!("y{n}"));
    }
}

#[test]
fn a_server_gets_the_store_from_a_visitor_who_goes_on_attached() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut shell, role) = Puppet::start(&dir.path().join("s"), "visitor");
    assert_eq!(role, "owner");
    shell.ask("put a 1");
    let (mut server, role) = Puppet::start(&dir.path().join("s"), "server");
    assert_eq!(role, "owner");
    assert_eq!(server.ask("get a"), "1");
    assert_eq!(shell.ask("get a"), "1");
    assert_eq!(shell.ask("role"), "attached");
    let (_second, role) = Puppet::start(&dir.path().join("s"), "server");
    assert_eq!(role, "attached", "a server keeps the store till it ends");
}

#[test]
fn when_the_owner_is_killed_the_other_goes_on_and_nothing_acknowledged_is_lost() {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("s");
    let (mut owner, _) = Puppet::start(&place, "server");
    let (mut shell, _) = Puppet::start(&place, "visitor");
    for round in 0..5 {
        owner.tell(&format!("count o{round}. 1000000"));
        shell.tell(&format!("count s{round}. 200"));
        let mut acknowledged = 0;
        while acknowledged < 20 {
            acknowledged = owner.answer().parse().expect("a number");
        }
        owner.kill();
        while let Ok(n) = owner.answer().parse::<u64>() {
            acknowledged = n;
        }
        for n in 1..=200 {
            assert_eq!(shell.answer(), n.to_string(), "round {round}");
        }
        for n in 1..=acknowledged {
            assert_eq!(shell.ask(&format!("get o{round}.{n}")), n.to_string(), "round {round}");
        }
        assert_eq!(shell.ask("role"), "owner");
        owner = Puppet::start(&place, "server").0;
        assert_eq!(owner.ask("role"), "owner");
    }
}

#[test]
fn what_was_written_is_there_after_closing_and_opening() {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("s");
    let (mut one, _) = Puppet::start(&place, "visitor");
    one.ask("put a 1");
    assert_eq!(one.ask("end"), "closed");
    let store = open(&place, Tenure::Visitor);
    assert_eq!(store.role(), Role::Owner);
    assert!(!store.created());
    assert_eq!(value(&store, "a").as_deref(), Some("1"));
    store.hand_over().expect("it lets go");
    let (mut other, role) = Puppet::start(&place, "visitor");
    assert_eq!(role, "owner");
    other.ask("put a 2");
    assert_eq!(value(&store, "a").as_deref(), Some("2"));
    other.kill();
    wait_for("this process owns the store again", || store.role() == Role::Owner);
}
