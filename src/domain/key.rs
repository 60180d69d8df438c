//! The secret of a token.

use std::fmt;

use zeroize::Zeroizing;

use super::Entropy;

/// A token's key: DRF's `token.key`. Wiped when dropped; it cannot be printed, cloned or serialised by accident, and
/// [`Key::expose`] is the one way out.
#[derive(Eq, PartialEq)]
pub struct Key(Zeroizing<String>);

impl Key {
    /// Draws a new key as DRF does (`secrets.token_hex(20)`): 20 random bytes as 40 lower-case hexadecimal digits.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; 20]);
        entropy.fill(&mut *bytes);
        Self(Zeroizing::new(hex::encode(*bytes)))
    }

    /// Takes a key that was chosen or received. Any text is a key, as in DRF.
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

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}
