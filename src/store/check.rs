//! Whether a store makes sense: named invariants over its rows, looked at while others go on changing them.

use std::{fmt, ops::ControlFlow};

use super::{
    Progress, Revision, Row, Store, StoreError,
    events::{self, Chain},
    layout::{self, Kind, Relation, Table},
    prefix_end,
    record::Record,
};
use crate::domain::{ContentType, Group, Permission, Token, User};

/// What must hold.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Invariant {
    /// Every record can be read, and stands at the key of its own id.
    RecordsReadable,
    /// Every record stands in each index that it belongs in.
    IndexComplete,
    /// Every row of an index names a record that belongs there.
    IndexSound,
    /// Every link is there from both sides, and both sides are.
    LinksPaired,
    /// No counter is below a number that was given out.
    Counters,
    /// The audit events are one unbroken chain up to the head.
    AuditChain,
    /// No row is newer than the store.
    Revision,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RecordsReadable => "records-readable",
            Self::IndexComplete => "index-complete",
            Self::IndexSound => "index-sound",
            Self::LinksPaired => "links-paired",
            Self::Counters => "counters",
            Self::AuditChain => "audit-chain",
            Self::Revision => "revision",
        })
    }
}

/// One place where an invariant does not hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Broken {
    /// Which one.
    pub invariant: Invariant,
    /// Where, and what is wrong there; never a secret.
    pub what: String,
}

/// What a check found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// How many rows were looked at.
    pub rows: u64,
    /// How many audit events were chained.
    pub events: u64,
    /// What is wrong; empty for a sound store. At most [`Report::SHOWN`] are listed.
    pub broken: Vec<Broken>,
}

impl Report {
    /// How many broken places are listed.
    pub const SHOWN: usize = 1000;
}

/// Looks at every row.
///
/// # Errors
/// [`StoreError`] when the store cannot be read at all.
pub fn check(store: &dyn Store) -> Result<Report, StoreError> {
    check_watched(store, &mut |_| ControlFlow::Continue(()))
}

/// [`check`], and `progress` hears how many rows were looked at.
///
/// # Errors
/// As there, and [`StoreError::Interrupted`] where `progress` ends it.
pub fn check_watched(store: &dyn Store, progress: &mut Progress<'_>) -> Result<Report, StoreError> {
    let mut check = Check { store, report: Report::default(), progress };
    check.records::<User>(Table::User, |u| u.id, |u| vec![layout::username(&u.username)])?;
    check.records::<Group>(Table::Group, |g| g.id, |g| vec![layout::group_name(&g.name)])?;
    check.records::<Permission>(
        Table::Permission,
        |p| p.id,
        |p| vec![layout::codename(p.content_type, &p.codename)],
    )?;
    check.records::<ContentType>(
        Table::ContentType,
        |c| c.id,
        |c| vec![layout::content_type(&c.app_label, &c.model)],
    )?;
    check.records::<Token>(Table::Token, |t| t.serial, token_places)?;
    for relation in Relation::ALL {
        check.links(relation)?;
    }
    check.events()?;
    Ok(check.report)
}

/// Where a token is indexed: a revoked one gives its name free and keeps the rest.
fn token_places(token: &Token) -> Vec<Vec<u8>> {
    let mut places = vec![layout::token_id(token.id), layout::owned(token.user, token.serial)];
    places.push(layout::digest(&token.key.digest));
    places.extend(token.superseded.as_ref().map(|s| layout::digest(&s.key.digest)));
    if token.revoked.is_none() {
        places.push(layout::token_name(token.user, token.name.as_deref()));
    }
    places
}

/// The indexes of a table.
fn indexes(table: Table) -> &'static [Kind] {
    match table {
        Table::User => &[Kind::Username],
        Table::Group => &[Kind::GroupName],
        Table::Permission => &[Kind::Codename],
        Table::ContentType => &[Kind::ModelName],
        Table::Token => &[Kind::TokenId, Kind::Digest, Kind::TokenName, Kind::Owned],
    }
}

const PAGE: usize = 500;

/// How often a place that others are just changing is looked at again.
const PATIENCE: usize = 10_000;

struct Check<'a> {
    store: &'a dyn Store,
    report: Report,
    progress: &'a mut Progress<'a>,
}

impl Check<'_> {
    /// Hands over every row under a prefix.
    fn each(
        &mut self,
        prefix: &[u8],
        mut look: impl FnMut(&mut Self, Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (mut from, to) = (prefix.to_vec(), prefix_end(prefix));
        loop {
            let page = self.store.range(&from, &to, PAGE)?;
            let full = page.found.len() == PAGE;
            if let Some(last) = page.found.last() {
                from.clone_from(&last.key);
                from.push(0);
            }
            for row in page.found {
                self.report.rows += 1;
                if (self.progress)(self.report.rows).is_break() {
                    return Err(StoreError::Interrupted);
                }
                if row.changed > page.seen {
                    self.found(Invariant::Revision, format!("row {} is of the future", shown(&row.key)));
                }
                look(self, row)?;
            }
            if !full {
                return Ok(());
            }
        }
    }

    fn found(&mut self, invariant: Invariant, what: String) {
        if self.report.broken.len() < Report::SHOWN {
            self.report.broken.push(Broken { invariant, what });
        }
    }

    /// Looks until nobody changed the store while it looked, or nothing is wrong.
    fn confirm(
        &mut self,
        look: impl Fn(&dyn Store) -> Result<Option<(Invariant, String)>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut last = None;
        for _ in 0..PATIENCE {
            let before = self.revision()?;
            last = look(self.store)?;
            if last.is_none() || self.revision()? == before {
                break;
            }
        }
        if let Some((invariant, what)) = last {
            self.found(invariant, what);
        }
        Ok(())
    }

    fn revision(&self) -> Result<Revision, StoreError> {
        Ok(self.store.get(events::HEAD)?.seen)
    }

    /// A table with its indexes, both ways, and its counter.
    fn records<R: Record>(
        &mut self,
        table: Table,
        id: fn(&R) -> i64,
        places: fn(&R) -> Vec<Vec<u8>>,
    ) -> Result<(), StoreError> {
        let mut greatest = i64::MIN;
        self.each(&table.prefix(), |check, row| {
            greatest = greatest.max(layout::last_id(&row.key).unwrap_or(i64::MIN));
            check.confirm(|store| {
                let Some(row) = store.get(&row.key)?.found.map(|found| (&row.key, found.value)) else {
                    return Ok(None);
                };
                let Some(record) = R::decode(&row.1).ok().filter(|r| table.row(id(r)) == *row.0) else {
                    return Ok(Some((Invariant::RecordsReadable, format!("{} at {}", R::NAME, shown(row.0)))));
                };
                for place in places(&record) {
                    let there = store.get(&place)?.found.and_then(|found| names(&place, &found.value));
                    if there != Some(id(&record)) {
                        let what = format!("{} {} is not in its index at {}", R::NAME, id(&record), shown(&place));
                        return Ok(Some((Invariant::IndexComplete, what)));
                    }
                }
                Ok(None)
            })
        })?;
        for kind in indexes(table) {
            self.each(&[kind.letter()], |check, row| {
                check.confirm(|store| {
                    let Some(found) = store.get(&row.key)?.found else { return Ok(None) };
                    let named = names(&row.key, &found.value);
                    let record = match named {
                        Some(named) => store.get(&table.row(named))?.found,
                        None => None,
                    };
                    let sound = record
                        .and_then(|record| R::decode(&record.value).ok())
                        .is_some_and(|record| places(&record).contains(&row.key));
                    let what = || format!("{} names no {} that belongs there", shown(&row.key), R::NAME);
                    Ok((!sound).then(|| (Invariant::IndexSound, what())))
                })
            })?;
        }
        self.counter(&table.counter(), greatest)
    }

    fn counter(&mut self, key: &[u8], greatest: i64) -> Result<(), StoreError> {
        if greatest == i64::MIN {
            return Ok(());
        }
        self.confirm(|store| {
            let last = store.get(key)?.found.and_then(|found| layout::read_number(&found.value));
            let what = || format!("{} is below {greatest}", shown(key));
            Ok(last.is_none_or(|last| last < greatest).then(|| (Invariant::Counters, what())))
        })
    }

    fn links(&mut self, relation: Relation) -> Result<(), StoreError> {
        let (left_table, right_table) = relation.sides();
        let mut greatest = i64::MIN;
        self.each(&relation.links(None), |check, row| {
            let Some((left, right)) = layout::last_two_ids(&row.key) else { return Ok(()) };
            greatest = greatest.max(layout::read_number(&row.value).unwrap_or(i64::MIN));
            check.confirm(|store| {
                let Some(link) = store.get(&row.key)?.found else { return Ok(None) };
                let back = store.get(&relation.back(right, left))?.found;
                let both = [left_table.row(left), right_table.row(right)];
                let mut whole = back.is_some_and(|back| back.value == link.value);
                for side in both {
                    whole &= store.get(&side)?.found.is_some();
                }
                let what = || format!("{} {left} to {right}", relation.field());
                Ok((!whole).then(|| (Invariant::LinksPaired, what())))
            })
        })?;
        self.each(&relation.backs(None), |check, row| {
            let Some((right, left)) = layout::last_two_ids(&row.key) else { return Ok(()) };
            check.confirm(|store| {
                let Some(back) = store.get(&row.key)?.found else { return Ok(None) };
                let link = store.get(&relation.link(left, right))?.found;
                let what = || format!("{} {left} to {right}, seen from the right", relation.field());
                let whole = link.is_some_and(|link| link.value == back.value);
                Ok((!whole).then(|| (Invariant::LinksPaired, what())))
            })
        })?;
        self.counter(&relation.counter(), greatest)
    }

    /// Chains the events up to the head that stood there when the check came to them.
    fn events(&mut self) -> Result<(), StoreError> {
        let head = self.store.get(events::HEAD)?.found.map(|row| row.value);
        let mut chain = Chain::default();
        let mut broken = false;
        let length = Chain::from_head(head.as_deref()).map_or(0, |head| head.len());
        self.each(&[events::PREFIX], |check, row| {
            if broken || events::number(&row.key).is_some_and(|number| number > length) {
                return Ok(());
            }
            if chain.verify(&row.key, &row.value) {
                check.report.events += 1;
            } else {
                broken = true;
                check.found(Invariant::AuditChain, format!("event {} does not follow", chain.len() + 1));
            }
            Ok(())
        })?;
        if !broken && Chain::from_head(head.as_deref()) != Some(chain) {
            let what = format!("the chain ends at event {}, its head says {length}", chain.len());
            self.found(Invariant::AuditChain, what);
        }
        Ok(())
    }
}

/// Which record an index row names. The tokens of a user stand in the key itself.
fn names(key: &[u8], value: &[u8]) -> Option<i64> {
    if Kind::of(key) == Some(Kind::Owned) { layout::last_id(key) } else { layout::read_number(value) }
}

fn shown(key: &[u8]) -> String {
    key.escape_ascii().to_string()
}
