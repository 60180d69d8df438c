//! The secret of a token.

use std::fmt;

use zeroize::Zeroizing;

use super::Entropy;

/// A token's key: DRF's `token.key`. Wiped when dropped; it cannot be printed, cloned or serialised by accident, and
/// [`Key::expose`] is the one way out.
#[derive(Eq, PartialEq)]
pub struct Key(Zeroizing<String>);

impl Key {
    /// How many bytes of UTF-8 a key may have. DRF's have 40; one that is longer than this belongs to no token.
    pub const LONGEST: usize = 255;

    /// Draws a new key as DRF does (`secrets.token_hex(20)`): 20 random bytes as 40 lower-case hexadecimal digits.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; 20]);
        entropy.fill(&mut *bytes);
        Self(Zeroizing::new(hex::encode(*bytes)))
    }

    /// Takes a key that was chosen or received. Any text of at most [`Key::LONGEST`] bytes can be a token's.
    #[must_use]
    pub fn from_text(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Bytes as lower-case hexadecimal digits: how secrets and identities are written down.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

/// Reads exactly `N` bytes of hexadecimal digits into `bytes`; `None` for anything else.
#[must_use]
pub fn from_hex<const N: usize>(text: &str) -> Option<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    hex::decode_to_slice(text, &mut *bytes).ok()?;
    Some(bytes)
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}
