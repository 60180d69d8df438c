//! What the programs promise, as sentences about behaviour. One module for each question; add yours to the list.

#[path = "../support/mod.rs"]
mod support;

mod architecture;
mod around;
mod commands;
mod endpoint;
mod modes;
mod moving;
mod readme;
mod refusals;
mod secrets;
mod sharing;
mod tutorial;
