//! The endpoint server on raw sockets: its limits, its ends, its neighbours. The real program, in a place of its own.

#[path = "../support/mod.rs"]
mod support;

mod clients;
mod configuration;
mod desk;
mod forward;
mod limits;
mod operation;
mod swift;
mod throttle;
mod trigger;
