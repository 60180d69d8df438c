//! The usage of tokens. Nearly all that are used in a minute are written together: neighbours share a row.

use super::{Reader, Record, Writer};
use crate::domain::Usage;

/// The usage of tokens that stand in one row (see [`layout::usage`](crate::store::layout::usage)).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Usages(Vec<(u8, Usage)>);

impl Usages {
    /// That of the token in this place; nothing counted where there is none.
    #[must_use]
    pub fn get(&self, place: u8) -> Usage {
        self.0.binary_search_by_key(&place, |(place, _)| *place).map(|at| self.0[at].1.clone()).unwrap_or_default()
    }

    /// That of the token in this place, to be changed.
    pub fn at(&mut self, place: u8) -> &mut Usage {
        let at = self.0.binary_search_by_key(&place, |(place, _)| *place).unwrap_or_else(|at| {
            self.0.insert(at, (place, Usage::default()));
            at
        });
        &mut self.0[at].1
    }

    /// Forgets that of the token in this place.
    pub fn remove(&mut self, place: u8) {
        self.0.retain(|(other, _)| *other != place);
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Record for Usages {
    const NAME: &'static str = "usage of tokens";
    const USUAL: usize = 1200;

    fn write(&self, out: &mut Writer) {
        for (place, usage) in &self.0 {
            out.0.push(*place);
            out.maybe(usage.last_used, Writer::time);
            out.0.extend_from_slice(&usage.uses.to_le_bytes());
            out.0.extend_from_slice(&usage.superseded_uses.to_le_bytes());
            out.maybe(usage.superseded_last, Writer::time);
            out.maybe(usage.superseded_from.as_deref(), Writer::text);
        }
    }

    fn read(bytes: &mut Reader<'_>) -> Option<Self> {
        let mut all: Vec<(u8, Usage)> = Vec::new();
        while !bytes.0.is_empty() {
            let [place] = bytes.array()?;
            // In order, and each once: as they are looked for.
            if all.last().is_some_and(|(last, _)| *last >= place) {
                return None;
            }
            let usage = Usage {
                last_used: bytes.maybe(Reader::time)?,
                uses: bytes.array().map(u64::from_le_bytes)?,
                superseded_uses: bytes.array().map(u64::from_le_bytes)?,
                superseded_last: bytes.maybe(Reader::time)?,
                superseded_from: bytes.maybe(Reader::text)?,
            };
            all.push((place, usage));
        }
        Some(Self(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    #[test]
    fn each_token_has_its_own_place_in_the_row() {
        let usage = |uses| Usage { uses, last_used: Some(Timestamp(7)), ..Usage::default() };
        let mut all = Usages::default();
        for place in [31, 0, 7] {
            *all.at(place) = usage(u64::from(place) + 1);
        }
        *all.at(7) = Usage { superseded_from: Some("10.0.0.1".into()), ..usage(70) };
        let read = Usages::decode(&all.encode()).unwrap();
        assert_eq!(read, all);
        assert_eq!([0, 7, 8, 31].map(|place| read.get(place).uses), [1, 70, 0, 32]);
        for place in [0, 7, 31] {
            assert!(!all.is_empty());
            all.remove(place);
        }
        assert!(all.is_empty());
    }

    #[test]
    fn a_row_with_a_place_twice_is_damaged() {
        let mut all = Usages::default();
        all.at(3);
        let once = all.encode();
        let twice = [&once[..], &once[1..]].concat();
        assert!(Usages::decode(&twice).is_err());
        assert!(Usages::decode(&once[..once.len() - 1]).is_err());
    }
}
