//! The store: one suite over its implementations, and what the one on this machine promises when processes, disks
//! and power fail.

mod acknowledge;
mod conformance;
mod cutfs;
mod damage;
mod edits;
mod ext4;
mod faults;
mod golden;
mod kills;
mod model;
mod points;
mod powercut;
mod puppet;
mod refusals;
mod services;
mod sharing;
mod support;
mod workload;
