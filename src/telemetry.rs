//! What a server writes down about itself, and what neither program leaves behind.

use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Sets up the server's own log, on standard error: warnings, or what `HALLPASS_LOG` asks for. `colours`: whether
/// standard error shows them.
pub fn start(colours: bool) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("HALLPASS_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    // A second call, from a test, changes nothing.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    let _ = log.with_ansi(colours).try_init();
}

/// No core files, which would hold keys: neither as a file, nor through a pipe to a program that collects them; and no
/// other process of the same user may look into the memory of this one.
pub fn leave_no_core() {
    // Where the system refuses, the program still works.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}
