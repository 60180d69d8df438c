//! Any sequence of commits, reads, closings, kills and hand-overs has the effect that a sorted map would have.

use std::collections::BTreeMap;

use proptest::{prelude::*, test_runner::Config};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use hallpass::store::{
    Change, Committed, Compare, Edit, Part, Revision, Store, Write,
    local::{LocalStore, Tenure},
    prefix_end,
};

use crate::{puppet::Puppet, support::open};

/// What is done next. Keys are few, so that steps meet.
#[derive(Clone, Debug)]
enum Step {
    Commit {
        writes: Vec<(u8, Option<u16>)>,
        compare: Option<(u8, Guess)>,
    },
    /// The upper half of the values of all rows from one key up to and with another becomes this.
    Edit(u8, u8, u8),
    Range(u8, u8, usize),
    Reopen,
    /// The owner is killed, and somebody else goes on.
    Kill,
    HandOver,
    Checkpoint,
    Compact,
}

/// What a compare supposes of a row.
#[derive(Clone, Copy, Debug)]
enum Guess {
    Absent,
    AsItIs,
    Older,
}

#[derive(Clone, Debug, Default)]
struct Model {
    rows: BTreeMap<u8, (u16, u64)>,
    revision: u64,
}

impl Model {
    /// The revision to compare with, and whether that holds.
    fn guess(&self, key: u8, guess: Guess) -> (Option<u64>, bool) {
        let changed = self.rows.get(&key).map(|(_, changed)| *changed);
        match guess {
            Guess::Absent => (None, changed.is_none()),
            Guess::AsItIs => (changed, true),
            Guess::Older => (Some(0), false),
        }
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        let writes = prop::collection::btree_map(0..20_u8, prop::option::of(any::<u16>()), 0..6);
        let guess = prop_oneof![Just(Guess::Absent), Just(Guess::AsItIs), Just(Guess::Older)];
        prop_oneof![
            12 => (writes, prop::option::of((0..20_u8, guess)))
                .prop_map(|(writes, compare)| Step::Commit { writes: writes.into_iter().collect(), compare }),
            8 => (0..20_u8, 0..20_u8, any::<u8>()).prop_map(|(a, b, to)| Step::Edit(a.min(b), a.max(b), to)),
            4 => (0..20_u8, 0..20_u8, 0..10_usize).prop_map(|(from, to, limit)| Step::Range(from, to, limit)),
            1 => Just(Step::Reopen),
            1 => Just(Step::Kill),
            1 => Just(Step::HandOver),
            1 => Just(Step::Checkpoint),
            1 => Just(Step::Compact),
        ]
        .boxed()
    }

    fn apply(mut model: Self, step: &Step) -> Self {
        if let Step::Commit { writes, compare } = step
            && compare.is_none_or(|(key, guess)| model.guess(key, guess).1)
        {
            model.revision += 1;
            for (key, value) in writes {
                match value {
                    Some(value) => model.rows.insert(*key, (*value, model.revision)),
                    None => model.rows.remove(key),
                };
            }
        }
        if let Step::Edit(from, to, value) = step {
            model.revision += 1;
            for row in model.rows.range_mut(from..=to).map(|(_, row)| row) {
                *row = (u16::from_le_bytes([row.0.to_le_bytes()[0], *value]), model.revision);
            }
        }
        model
    }
}

/// The store, in this process; sometimes another process owns it.
struct Real {
    dir: tempfile::TempDir,
    store: LocalStore,
    other: Option<Puppet>,
}

impl StateMachineTest for Real {
    type SystemUnderTest = Self;
    type Reference = Model;

    fn init_test(_: &Model) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let store = open(&dir.path().join("s"), Tenure::Visitor);
        Self { dir, store, other: None }
    }

    fn apply(mut real: Self, model: &Model, step: Step) -> Self {
        match step {
            Step::Commit { writes, compare } => real.commit(model, &writes, compare),
            Step::Edit(from, to, value) => {
                let parts = vec![Part::Keep(1), Part::Set(vec![value])];
                let edit = Edit::new(vec![(vec![from], vec![to])], parts, u64::from(to - from) + 1);
                let change = Change { edit: edit.map(Into::into), ..Change::default() };
                let applied = real.store.commit(change).expect("an answer");
                assert_eq!(applied, Committed::Applied(Revision(model.revision)));
                real.store.sync(Revision(model.revision)).expect("a sync");
            }
            Step::Range(from, to, limit) => {
                let rows = real.store.range(&[from], &[to], limit).expect("a range").found;
                let expected = model.rows.iter().filter(|(key, _)| (from..to).contains(*key)).take(limit);
                let found = rows.iter().map(|row| (row.key.clone(), row.value.clone(), row.changed.0));
                let expected = expected.map(|(key, (value, at))| (vec![*key], value.to_le_bytes().to_vec(), *at));
                assert!(found.eq(expected));
            }
            Step::Reopen => {
                let path = real.dir.path().join("s");
                real.other = None;
                let Self { dir, store, .. } = real;
                store.close().expect("it closes");
                real = Self { dir, store: open(&path, Tenure::Visitor), other: None };
            }
            Step::HandOver => {
                real.other = None;
                let (other, role) = Puppet::start(&real.dir.path().join("s"), "server");
                assert_eq!(role, "owner");
                real.other = Some(other);
            }
            Step::Kill => {
                if let Some(mut owner) = real.other.take() {
                    owner.kill();
                }
            }
            Step::Checkpoint => {
                real.store.checkpoint().expect("a checkpoint");
            }
            Step::Compact => {
                real.store.compact().expect("it compacts");
            }
        }
        real
    }

    fn check_invariants(real: &Self, model: &Model) {
        let all = real.store.range(b"", &prefix_end(b""), usize::MAX).expect("a range");
        assert_eq!(all.seen, Revision(model.revision));
        let found = all.found.iter().map(|row| (row.key[0], row.value.clone(), row.changed.0));
        assert!(found.eq(model.rows.iter().map(|(key, (value, at))| (*key, value.to_le_bytes().to_vec(), *at))));
        let one = model.rows.iter().next();
        let got = one.map(|(key, _)| real.store.get(&[*key]).expect("a read").found.expect("it is there").changed.0);
        assert_eq!(got, one.map(|(_, (_, changed))| *changed));
    }
}

impl Real {
    /// `model` is as it is after the step.
    fn commit(&self, model: &Model, writes: &[(u8, Option<u16>)], compare: Option<(u8, Guess)>) {
        let before = self.store.get(b"").expect("a read").seen;
        let compares = compare.map(|(key, guess)| Compare {
            key: vec![key],
            changed: match guess {
                Guess::Absent => None,
                Guess::AsItIs => self.store.get(&[key]).expect("a read").found.map(|row| row.changed),
                Guess::Older => Some(Revision(0)),
            },
        });
        let writes = writes
            .iter()
            .map(|(key, value)| Write { key: vec![*key], value: value.map(|value| value.to_le_bytes().to_vec()) });
        let change = Change { compares: compares.into_iter().collect(), writes: writes.collect(), ..Change::default() };
        match self.store.commit(change).expect("an answer") {
            Committed::Applied(revision) => {
                assert_eq!(revision, Revision(model.revision));
                assert_eq!(revision.0, before.0 + 1);
                self.store.sync(revision).expect("a sync");
            }
            Committed::Conflict(at) => assert_eq!((at, before), (before, Revision(model.revision))),
        }
    }
}

prop_state_machine! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    #[test]
    fn any_sequence_of_steps_does_what_a_sorted_map_does(sequential 1..60 => Real);
}
