//! One store, several processes.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    time::Duration,
};

use hallpass::store::{Role, Store, local::Tenure};

use crate::{
    puppet::Puppet,
    support::{Seeded, applied, open, put, value, wait_for},
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

#[test]
fn sixty_four_attached_processes_work_at_once_and_outlive_their_owner() {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("s");
    let (mut owner, _) = Puppet::start(&place, "server");
    let mut shells: Vec<_> = (0..64).map(|_| Puppet::spawn(&mut Puppet::command(&place, "visitor"))).collect();
    for shell in &mut shells {
        assert_eq!(shell.answer(), "attached");
    }
    for (n, shell) in shells.iter_mut().enumerate() {
        shell.tell(&format!("count s{n}. 20"));
    }
    owner.kill();
    for shell in &mut shells {
        for n in 1..=20 {
            assert_eq!(shell.answer(), n.to_string());
        }
    }
    let roles: Vec<_> = shells.iter_mut().map(|shell| shell.ask("role")).collect();
    assert_eq!(roles.iter().filter(|role| *role == "owner").count(), 1);
    for n in 0..64 {
        assert_eq!(shells[63 - n].ask(&format!("get s{n}.20")), "20");
    }
}

#[test]
fn a_peer_that_talks_nonsense_or_reads_nothing_hurts_nobody() {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("s");
    let owner = open(&place, Tenure::Server);
    let _ = owner.commit(put("a", &"x".repeat(16_000))).expect("a commit");
    let attached = open(&place, Tenure::Visitor);
    let connect = || UnixStream::connect(place.join("socket")).expect("it listens");
    let dice = Seeded::new(8);
    let mut silent = Vec::new();
    for length in 1..200_usize {
        let mut peer = connect();
        let noise: Vec<u8> = (0..length * 7).map(|_| dice.next().to_le_bytes()[0]).collect();
        // The owner may end the connection at any byte.
        let _ = peer.write_all(&noise);
        silent.push(peer);
    }
    // Asks for large answers, never takes one, and asks on.
    let mut greedy = connect();
    greedy.set_write_timeout(Some(Duration::from_millis(200))).expect("it can be set");
    greedy.write_all(&hello(PROTOCOL)).expect("it is read");
    let get = [&15_u32.to_le_bytes()[..], &[9; 8], &[2, 0], &1_u32.to_le_bytes(), b"a"].concat();
    while greedy.write_all(&get).is_ok() {}
    for n in 0..100 {
        let revision = applied(attached.commit(put("b", &n.to_string())).expect("a commit"));
        attached.sync(revision).expect("a sync");
        assert_eq!(value(&owner, "b"), Some(n.to_string()));
    }
}

/// The version that this program speaks.
const PROTOCOL: u32 = 5;

/// The greeting of a program that speaks a version.
fn hello(version: u32) -> Vec<u8> {
    [&23_u32.to_le_bytes()[..], &[0; 8], &[1, 0], &version.to_le_bytes(), &[0; 4], &[0], &[0; 4]].concat()
}

#[test]
fn a_program_of_another_protocol_is_refused_in_words() {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("s");
    let _owner = open(&place, Tenure::Server);
    let mut peer = UnixStream::connect(place.join("socket")).expect("it listens");
    peer.write_all(&hello(99)).expect("it is read");
    let mut answer = Vec::new();
    peer.read_to_end(&mut answer).expect("it answers and ends");
    let text = String::from_utf8_lossy(&answer);
    let refusal = format!("has the store open and speaks version {PROTOCOL} of its protocol, not 99");
    assert!(text.contains(&refusal), "{text}");
}
