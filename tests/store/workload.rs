//! A workload whose result tells what is missing or torn: each writer counts, and every commit leaves its number in
//! several rows that must agree.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt,
    path::Path,
};

use hallpass::store::{Change, Committed, Edit, Part, Run, Store, StoreError, Write, events, prefix_end};

use crate::support::{Seeded, write};

/// How many rows a large commit writes.
const BIG: u64 = 700;

/// Every so many commits one is large.
const BIG_EVERY: u64 = 25;

/// How many rows are overwritten over and over.
const SLOTS: u64 = 17;

/// The writer each of whose commits writes very many rows: so many, of so many bytes, that the store keeps them in one
/// piece and sets the space for them in its journal apart.
pub(crate) const HUGE_WRITER: u64 = 15;
const HUGE: u64 = 20_000;

/// How many rows each commit changes by one edit, and to how many bytes of each it does something.
const MARKS: u64 = 30;
const MARK_BYTES: usize = 12;
const HUGE_BYTES: usize = 230;

/// The acknowledged number of each writer, where another process can read them.
pub(crate) struct Acknowledged(File);

impl Acknowledged {
    pub(crate) fn open(path: &Path) -> Self {
        Self(OpenOptions::new().write(true).create(true).truncate(false).open(path).expect("a file"))
    }

    fn set(&self, writer: u64, n: u64) {
        self.0.write_all_at(&n.to_le_bytes(), writer * 8).expect("a file that can be written");
    }
}

/// The numbers in a file of acknowledged ones.
pub(crate) fn acknowledged(bytes: &[u8]) -> Vec<u64> {
    bytes.chunks_exact(8).map(|n| u64::from_le_bytes(n.try_into().expect("eight bytes"))).collect()
}

/// One writer goes on from where it was, `count` commits; each is told to be acknowledged when it is durable.
pub(crate) fn run(
    store: &dyn Store,
    writer: u64,
    count: u64,
    seed: u64,
    acknowledged: &Acknowledged,
) -> Result<(), StoreError> {
    let dice = Seeded::new(seed ^ writer << 32);
    let last = last(store, writer)?;
    for n in last + 1..=last + count {
        let committed = store.commit(change(writer, n, &dice))?;
        let Committed::Applied(revision) = committed else { unreachable!("there is no compare") };
        store.sync(revision)?;
        acknowledged.set(writer, n);
    }
    Ok(())
}

fn last(store: &dyn Store, writer: u64) -> Result<u64, StoreError> {
    Ok(store.get(format!("w{writer}.last").as_bytes())?.found.map_or(0, |row| leading_number(&row.value)))
}

fn change(writer: u64, n: u64, dice: &Seeded) -> Change {
    let padded = |most: u64| {
        let length = usize::try_from(dice.below(most)).expect("small");
        format!("{n} {}", "x".repeat(length))
    };
    let mut writes = vec![
        write(&format!("w{writer}.n.{n:08}"), Some(&padded(if n.is_multiple_of(40) { 15_000 } else { 400 }))),
        write(&format!("w{writer}.last"), Some(&padded(10))),
        write(&format!("w{writer}.slot.{}", n % SLOTS), Some(&padded(3000))),
    ];
    if n > 60 {
        writes.push(write(&format!("w{writer}.n.{:08}", n - 60), None));
    }
    if n.is_multiple_of(BIG_EVERY) {
        writes.extend((0..BIG).map(|i| write(&format!("w{writer}.big.{i}"), Some(&padded(60)))));
    }
    // Rows that every commit changes by an edit; some it writes as a whole besides, or removes, and brings back.
    for i in (0..MARKS).filter(|i| n == 1 || n % 11 == i % 11 || removed(n - 1, *i) || removed(n, *i)) {
        let value = (!removed(n, i)).then(|| mark(n) + &padded(60));
        writes.push(write(&format!("w{writer}.mark.{i:02}"), value.as_deref()));
    }
    writes.sort_by(|a: &Write, b| a.key.cmp(&b.key));
    let marks = (format!("w{writer}.mark.").into_bytes(), format!("w{writer}.mark.99").into_bytes());
    let mut spans = vec![marks];
    let mut run = Run::default();
    if writer == HUGE_WRITER {
        let value = format!("{:HUGE_BYTES$}", format!("{n} "));
        if n.is_multiple_of(3) {
            spans.insert(0, (format!("w{writer}.huge.").into_bytes(), format!("w{writer}.huge.999999").into_bytes()));
        } else {
            (0..HUGE).for_each(|i| run.push(format!("w{writer}.huge.{i:06}").as_bytes(), Some(value.as_bytes())));
        }
    }
    let edit = Edit::new(spans, vec![Part::Set(mark(n).into())], MARKS).expect("the spans rise");
    let events = vec![format!("{writer} {n}").into_bytes()];
    let syncs = dice.below(2) == 0;
    Change { writes, run: run.into(), edit: Some(edit.into()), events, syncs, ..Change::default() }
}

/// What an edit makes of the beginning of a row.
fn mark(n: u64) -> String {
    format!("{n:<MARK_BYTES$}")
}

/// Whether the row that is marked is not there after this commit.
fn removed(n: u64, i: u64) -> bool {
    n > 1 && n % 13 == i
}

fn leading_number(value: &[u8]) -> u64 {
    let text = std::str::from_utf8(value).expect("tests write text");
    text.split(' ').next().and_then(|n| n.parse().ok()).expect("a number comes first")
}

/// Checks that everything acknowledged is there and nothing is half there; says what is wrong otherwise.
pub(crate) fn verify(store: &dyn Store, acknowledged: &[u64]) -> Result<(), String> {
    let fail = |error: StoreError| format!("cannot read: {error}");
    let mut events = 0;
    for writer in 0..16 {
        let last = last(store, writer).map_err(fail)?;
        events += last;
        let promised = acknowledged.get(usize::try_from(writer).expect("small")).copied().unwrap_or(0);
        if last < promised {
            return Err(format!("LOST: writer {writer} has {last} of {promised}"));
        }
        let rows = |name: &str| {
            let prefix = format!("w{writer}.{name}.");
            store.range(prefix.as_bytes(), &prefix_end(prefix.as_bytes()), usize::MAX).map_err(fail)
        };
        let numbers: Vec<_> = rows("n")?.found.iter().map(|row| leading_number(&row.value)).collect();
        if !numbers.iter().copied().eq(last.saturating_sub(60) + 1..=last) {
            return Err(format!("TORN: writer {writer} at {last} has {numbers:?}"));
        }
        for row in rows("slot")?.found {
            let slot: u64 =
                String::from_utf8_lossy(&row.key).rsplit('.').next().expect("it has dots").parse().expect("n");
            let n = leading_number(&row.value);
            if n % SLOTS != slot || n + SLOTS <= last || n > last {
                return Err(format!("TORN: writer {writer} at {last} has {n} in slot {slot}"));
            }
        }
        let big = rows("big")?.found;
        let expected = last / BIG_EVERY * BIG_EVERY;
        if big.iter().any(|row| leading_number(&row.value) != expected)
            || big.len() as u64 != if expected > 0 { BIG } else { 0 }
        {
            return Err(format!("TORN: writer {writer} at {last} has a large commit that is not whole"));
        }
        let marks = rows("mark")?.found;
        let there = if last == 0 { 0 } else { (0..MARKS).filter(|i| !removed(last, *i)).count() };
        if marks.len() != there || marks.iter().any(|row| leading_number(&row.value) != last) {
            let found: Vec<_> = marks.iter().map(|row| leading_number(&row.value)).collect();
            return Err(format!("TORN: writer {writer} at {last} has an edit that is not whole: {found:?}"));
        }
        let huge = rows("huge")?.found;
        if huge.iter().any(|row| leading_number(&row.value) != last || row.value.len() != HUGE_BYTES)
            || huge.len() as u64 != if writer == HUGE_WRITER && last > 0 { HUGE } else { 0 }
        {
            return Err(format!("TORN: writer {writer} at {last} has a very large commit that is not whole"));
        }
    }
    let head = store.get(events::HEAD).map_err(fail)?.found.map(|row| row.value);
    let chain = events::Chain::from_head(head.as_deref()).ok_or("the head of the chain cannot be read")?;
    if chain.len() != events {
        return Err(format!("TORN: {events} commits and {} events", chain.len()));
    }
    Ok(())
}
