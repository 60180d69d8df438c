//! The session at a real pseudo-terminal: typing, interrupts, what ends it, and what it leaves behind.

#[path = "../support/mod.rs"]
mod support;

mod around;
mod completion;
mod editing;
mod interrupts;
mod ipython;
mod jobs;
mod manners;
mod patience;
mod showing;
mod showing_while_typing;
mod typing;
