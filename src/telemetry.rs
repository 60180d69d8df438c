//! What a server writes down about itself.

use std::io;

/// Sets up the server's own log, on standard error: warnings, or what `HALLPASS_LOG` asks for.
pub fn start() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("HALLPASS_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    // A second call, from a test, changes nothing.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false).try_init();
}
