//! The system's random generator. Built in `bin/`, nowhere else: keys never come from a generator that could be seeded.

use rand::{TryRng, rngs::SysRng};

use crate::domain::Entropy;

/// Random bytes from the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        SysRng.try_fill_bytes(bytes).expect("the system gives random bytes once it is up");
    }
}
