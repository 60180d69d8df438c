//! A map of short keys to short values that takes little more memory than they are long: all of them lie one behind the
//! other, and a table of places finds them.

use hashbrown::HashTable;

/// A record begins with the lengths of its key and its value.
const LENGTHS: usize = 4;
/// Records lie in blocks of this size: a vector that grows by being copied would leave holes where it was.
const BLOCK: usize = 64 * 1024;
/// The longest record; longer ones are not kept.
const LONGEST: usize = 4 * 1024;

/// The map.
#[derive(Debug, Default)]
pub(super) struct Packed {
    blocks: Vec<Vec<u8>>,
    /// Where the records begin. A byte of each hash stands there too: a record is seldom looked at in vain.
    places: HashTable<u32>,
    /// Bytes of records that are gone.
    waste: usize,
}

impl Packed {
    /// How many bytes it takes.
    pub(super) fn size(&self) -> usize {
        self.blocks.len() * BLOCK + self.places.allocation_size()
    }

    /// How many records there are.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.places.len()
    }

    /// The value of `key`.
    pub(super) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let at = self.places.find(hash(key), |at| record(&self.blocks, *at).0 == key)?;
        Some(record(&self.blocks, *at).1)
    }

    /// Puts a value in the place of the one before. `false`: it is too long, or there is no place left.
    #[must_use]
    pub(super) fn set(&mut self, key: &[u8], value: &[u8]) -> bool {
        self.remove(key);
        if LENGTHS + key.len() + value.len() > LONGEST {
            return false;
        }
        if self.waste > BLOCK && self.waste * 2 > self.blocks.len() * BLOCK {
            self.leave_out_waste();
        }
        let Some(at) = append(&mut self.blocks, key, value) else { return false };
        let Self { blocks, places, .. } = self;
        places.insert_unique(hash(key), at, |at| hash(record(blocks, *at).0));
        true
    }

    /// Forgets `key`.
    pub(super) fn remove(&mut self, key: &[u8]) {
        let found = self.places.find_entry(hash(key), |at| record(&self.blocks, *at).0 == key);
        if let Ok(found) = found {
            let (at, _) = found.remove();
            let (key, value) = record(&self.blocks, at);
            self.waste += LENGTHS + key.len() + value.len();
        }
    }

    fn leave_out_waste(&mut self) {
        let mut blocks = Vec::new();
        for at in &mut self.places {
            let (key, value) = record(&self.blocks, *at);
            *at = append(&mut blocks, key, value).expect("they had places before, with more between them");
        }
        (self.blocks, self.waste) = (blocks, 0);
    }
}

fn append(blocks: &mut Vec<Vec<u8>>, key: &[u8], value: &[u8]) -> Option<u32> {
    let length = LENGTHS + key.len() + value.len();
    if blocks.last().is_none_or(|block| block.len() + length > BLOCK) {
        blocks.push(Vec::with_capacity(BLOCK));
    }
    let before = (blocks.len() - 1) * BLOCK;
    let block = blocks.last_mut()?;
    let at = u32::try_from(before + block.len()).ok()?;
    let short = |length: usize| u16::try_from(length).ok().map(u16::to_le_bytes);
    for part in [&short(key.len())?[..], &short(value.len())?, key, value] {
        block.extend_from_slice(part);
    }
    Some(at)
}

/// The key and the value that lie there.
fn record(blocks: &[Vec<u8>], at: u32) -> (&[u8], &[u8]) {
    let at = at as usize;
    let record = &blocks[at / BLOCK][at % BLOCK..];
    let length = |at: usize| usize::from(u16::from_le_bytes([record[at], record[at + 1]]));
    let (key, value) = (length(0), length(2));
    record[LENGTHS..LENGTHS + key + value].split_at(key)
}

/// Digests are random and ids are ours: nobody can choose keys that meet.
fn hash(key: &[u8]) -> u64 {
    let mut hash = key.len() as u64;
    for part in key.chunks(8) {
        let mut word = [0; 8];
        word[..part.len()].copy_from_slice(part);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^= hash >> 32;
    }
    // The table looks at both ends of it.
    hash.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_a_map_holds(steps in vec((0_u16..300, prop::option::of(vec(any::<u8>(), 0..40))), 0..2000)) {
            let (mut packed, mut model) = (Packed::default(), BTreeMap::new());
            for (key, value) in steps {
                let key = key.to_le_bytes();
                match value {
                    Some(value) => {
                        prop_assert!(packed.set(&key, &value));
                        model.insert(key, value);
                    }
                    None => {
                        packed.remove(&key);
                        model.remove(&key);
                    }
                }
                prop_assert_eq!(packed.get(&key), model.get(&key).map(Vec::as_slice));
            }
            prop_assert_eq!(packed.len(), model.len());
            for key in 0..300_u16 {
                let key = key.to_le_bytes();
                prop_assert_eq!(packed.get(&key), model.get(&key).map(Vec::as_slice));
            }
        }
    }

    #[test]
    fn what_is_overwritten_for_ever_takes_no_more_memory() {
        let mut packed = Packed::default();
        for round in 0..100_000_u32 {
            assert!(packed.set(&(round % 1000).to_le_bytes(), &[7; 50]));
        }
        assert_eq!(packed.len(), 1000);
        assert!(packed.size() < 400_000, "{}", packed.size());
    }

    #[test]
    fn what_is_too_long_is_not_kept_and_says_so() {
        let mut packed = Packed::default();
        assert!(packed.set(b"key", &[7; 100]));
        assert!(!packed.set(b"key", &[7; LONGEST]));
        assert_eq!(packed.get(b"key"), None, "nor what was there before");
    }
}
