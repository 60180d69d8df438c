//! Django's password hashes and validators.
