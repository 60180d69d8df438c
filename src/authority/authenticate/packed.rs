//! A map of short keys to short values that takes little more memory than they are long: all of them lie one behind the
//! other, and a table of places finds them.

/// No record was ever in this place, and none is there any more.
const EMPTY: u32 = u32::MAX;
const GONE: u32 = u32::MAX - 1;
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
    /// Where the records begin; a power of two of them, or none.
    places: Vec<u32>,
    live: usize,
    /// Places that are not empty.
    taken: usize,
    /// Bytes of records that are gone.
    waste: usize,
}

impl Packed {
    /// How many bytes it takes.
    pub(super) fn size(&self) -> usize {
        self.blocks.len() * BLOCK + self.places.len() * size_of::<u32>()
    }

    /// How many records there are.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.live
    }

    /// The value of `key`.
    pub(super) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.find(key).map(|(_, at)| self.record(at).1)
    }

    /// Puts a value in the place of the one before.
    pub(super) fn set(&mut self, key: &[u8], value: &[u8]) {
        self.remove(key);
        if LENGTHS + key.len() + value.len() > LONGEST {
            return;
        }
        self.make_room();
        let Some(at) = self.append(key, value) else { return };
        let free = self.probe(key).find(|place| self.places[*place] >= GONE);
        let free = free.expect("there is always an empty place: make_room");
        self.taken += usize::from(self.places[free] == EMPTY);
        self.places[free] = at;
        self.live += 1;
    }

    /// Forgets `key`.
    pub(super) fn remove(&mut self, key: &[u8]) {
        let Some((place, at)) = self.find(key) else { return };
        let (key, value) = self.record(at);
        self.waste += LENGTHS + key.len() + value.len();
        self.places[place] = GONE;
        self.live -= 1;
    }

    fn append(&mut self, key: &[u8], value: &[u8]) -> Option<u32> {
        let length = LENGTHS + key.len() + value.len();
        if self.blocks.last().is_none_or(|block| block.len() + length > BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        let before = (self.blocks.len() - 1) * BLOCK;
        let block = self.blocks.last_mut()?;
        let at = u32::try_from(before + block.len()).ok().filter(|at| *at < GONE)?;
        let short = |length: usize| u16::try_from(length).ok().map(u16::to_le_bytes);
        for part in [&short(key.len())?[..], &short(value.len())?, key, value] {
            block.extend_from_slice(part);
        }
        Some(at)
    }

    fn find(&self, key: &[u8]) -> Option<(usize, u32)> {
        for place in self.probe(key) {
            match self.places[place] {
                EMPTY => return None,
                GONE => {}
                at if self.record(at).0 == key => return Some((place, at)),
                _ => {}
            }
        }
        None
    }

    fn record(&self, at: u32) -> (&[u8], &[u8]) {
        let at = at as usize;
        let block = &self.blocks[at / BLOCK];
        let at = at % BLOCK;
        let length = |at: usize| usize::from(u16::from_le_bytes([block[at], block[at + 1]]));
        let (key, value) = (length(at), length(at + 2));
        block[at + LENGTHS..at + LENGTHS + key + value].split_at(key)
    }

    /// The places where a key may be, in order.
    fn probe(&self, key: &[u8]) -> impl Iterator<Item = usize> + use<> {
        let mask = self.places.len().wrapping_sub(1);
        let first = hash(key);
        (0..self.places.len()).map(move |step| first.wrapping_add(step) & mask)
    }

    /// Grows the table at five eighths, and leaves out what is gone where that is half of all.
    fn make_room(&mut self) {
        let is_crowded = (self.taken + 1) * 8 > self.places.len() * 5;
        let is_wasteful = self.waste > BLOCK && self.waste * 2 > self.blocks.len() * BLOCK;
        if !is_crowded && !is_wasteful {
            return;
        }
        let mut places = std::mem::take(&mut self.places);
        places.retain(|at| *at < GONE);
        self.places = vec![EMPTY; ((self.live + 1) * 2).next_power_of_two().max(64)];
        (self.taken, self.live) = (places.len(), places.len());
        if is_wasteful {
            let old = std::mem::take(self);
            (self.places, self.live, self.taken) = (vec![EMPTY; old.places.len()], old.live, old.taken);
            for at in places {
                let (key, value) = old.record(at);
                if let Some(at) = self.append(key, value) {
                    self.place(hash(key), at);
                }
            }
        } else {
            for at in places {
                self.place(hash(self.record(at).0), at);
            }
        }
    }

    fn place(&mut self, hash: usize, at: u32) {
        let mask = self.places.len() - 1;
        let mut place = hash & mask;
        while self.places[place] != EMPTY {
            place = (place + 1) & mask;
        }
        self.places[place] = at;
    }
}

/// Digests are random and ids are ours: nobody can choose keys that meet.
fn hash(key: &[u8]) -> usize {
    let mut hash = key.len() as u64;
    for part in key.chunks(8) {
        let mut word = [0; 8];
        word[..part.len()].copy_from_slice(part);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^= hash >> 32;
    }
    usize::try_from(hash & 0xffff_ffff).expect("32 bits fit")
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
                        packed.set(&key, &value);
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
            packed.set(&(round % 1000).to_le_bytes(), &[7; 50]);
        }
        assert_eq!(packed.len(), 1000);
        assert!(packed.size() < 400_000, "{}", packed.size());
    }
}
