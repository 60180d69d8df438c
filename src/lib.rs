//! Hallpass: Django's user-and-token administration as one small program, and the endpoint that authenticates
//! `Authorization: Token <key>` as Django REST Framework does. This file is the map.
//!
//! | room | what it is for | what it may import of ours |
//! |---|---|---|
//! | [`domain`] | pure values: users, groups, tokens, keys, events; the table of models; [`domain::Clock`] and [`domain::Entropy`] | nothing |
//! | [`password`] | Django's password hashes and validators | `domain` |
//! | [`seal`] | digests by which keys are found, seals under which they are kept, the keyring | `domain` |
//! | [`store`] | the trait [`store::Store`], record encodings, the memory store, the sled store and its sharing | `domain` |
//! | [`authority`] | the use-cases: the only code that changes state | `seal`, `password`, `store`, `domain` |
//! | [`command`] | one file for each command: arguments and what it does, never how it is printed | `authority`, `password`, `domain` |
//! | [`python`] | the Python surface: engine, bridge, prelude | `command`, `authority`, `domain` |
//! | [`shell`] | the interactive session: line editing, completion, rendering | `python`, `command`, `authority`, `domain` |
//! | [`http`] | the endpoint server | `authority`, `domain`, `telemetry` |
//! | [`ui`], [`clock`], [`random`], [`config`], [`telemetry`] | the only places that write to the terminal, read the clock, draw random bytes, read the configuration, set up logs | `domain` |
//!
//! The two programs in `bin/` open a store, build an authority over it and hand it to a shell or a server.

pub mod authority;
pub mod clock;
pub mod command;
pub mod config;
pub mod domain;
pub mod http;
pub mod password;
pub mod python;
pub mod random;
pub mod seal;
pub mod shell;
pub mod store;
pub mod telemetry;
pub mod ui;
