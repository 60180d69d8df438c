//! Digests by which keys are found, seals under which they are kept, and the keyring.
