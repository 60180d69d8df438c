//! What the programs promise, as sentences about behaviour. One module for each question; add yours to the list.

#[path = "../support/mod.rs"]
mod support;

mod architecture;
mod around;
mod commands;
mod docs;
mod drf_sees;
mod endpoint;
mod fixtures;
mod keeping;
mod manage;
mod manners;
mod manual;
mod modes;
mod moving;
mod refusals;
mod related;
mod saving;
mod secrets;
mod sharing;
mod showing;
mod tokens;
mod tutorial;
