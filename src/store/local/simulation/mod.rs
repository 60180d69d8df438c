//! The protocol in a deterministic simulation: several processes on one store, whose steps are dealt by seeded dice,
//! who die at any step, and whose messages arrive in pieces and late. [`elect`](super::elect),
//! [`serving`](super::serving), [`wire`](super::wire) and [`message`](super::message) run as they are; sockets, lock,
//! clock and store are the world's.
//!
//! Some hundreds of runs in the suite; `HALLPASS_SIMULATIONS=10000` makes it as many. A failing run names its seed.

mod attached;
mod world;

use world::World;

/// A generator that is named by its seed (splitmix64).
pub(super) struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n.max(1)
    }

    fn index(&mut self, n: usize) -> usize {
        usize::try_from(self.below(n as u64)).expect("it came from a usize")
    }
}

fn wanted() -> u64 {
    std::env::var("HALLPASS_SIMULATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(500)
}

#[test]
fn whoever_dies_when_every_commit_happens_once_and_everybody_goes_on() {
    let (mut deaths, mut handed_over, mut elected) = (0, 0, 0);
    for seed in 0..wanted() {
        let mut world = World::new(Dice(seed));
        let result = world.run();
        assert_eq!(result, Ok(()), "seed {seed}");
        deaths += world.deaths;
        handed_over += world.handed_over;
        elected += world.elected;
    }
    // A simulation in which nothing happens proves nothing.
    assert!(
        deaths > wanted() && handed_over > wanted() / 4 && elected > wanted() * 2,
        "{deaths} {handed_over} {elected}"
    );
}
