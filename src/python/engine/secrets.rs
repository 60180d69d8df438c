//! Literals that were taken as a key or a password: noted by the bridge, taken by whoever keeps a history.

use std::cell::RefCell;

use zeroize::Zeroize;

thread_local! {
    static NOTED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// More than these of one statement are not kept apart: a script that makes thousands of users has no history.
const ENOUGH: usize = 100;

/// Notes that `secret` was given as a key or a password in what was typed.
pub fn note(secret: &str) {
    NOTED.with_borrow_mut(|noted| {
        if noted.len() < ENOUGH {
            noted.push(secret.to_owned());
        }
    });
}

/// Forgets what was noted.
pub fn forget() {
    NOTED.with_borrow_mut(|noted| noted.iter_mut().for_each(Zeroize::zeroize));
    take();
}

pub(super) fn take() -> Vec<String> {
    NOTED.with_borrow_mut(std::mem::take)
}
