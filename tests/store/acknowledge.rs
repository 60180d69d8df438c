//! Before each acknowledgement there is a sync, as the kernel sees it.

use std::{fs, process::Command};

use crate::{puppet::Puppet, support::skipped};

#[test]
fn the_journal_is_synced_between_its_writing_and_the_answer() {
    if Command::new("strace").arg("--version").output().is_err() {
        return skipped("the trace of syncs", "strace is not installed");
    }
    let dir = tempfile::tempdir().expect("a directory");
    let trace = dir.path().join("trace");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-e", "trace=pwrite64,fdatasync,write", "-o"]).arg(&trace);
    let mut puppet = Puppet::spawn(&mut Puppet::under(strace, &dir.path().join("s"), "visitor"));
    assert_eq!(puppet.answer(), "owner");
    for n in 0..20 {
        let revision = puppet.ask(&format!("put key{n} value{n}"));
        assert!(revision.parse::<u64>().is_ok(), "{revision}");
    }
    assert_eq!(puppet.ask("end"), "closed");
    drop(puppet);
    let trace = fs::read_to_string(&trace).expect("a trace");
    let mut written = 0;
    let mut synced = 0;
    let mut answers = 0;
    for line in trace.lines() {
        let journal = line.contains("/data/journal.");
        if journal && line.contains("pwrite64(") {
            written += 1;
        } else if journal && line.contains("fdatasync(") && line.contains("= 0") || line.contains("fdatasync resumed") {
            synced = written;
        } else if line.contains("write(1") && line.contains('@') {
            answers += 1;
            assert_eq!(synced, written, "an answer left before its sync: {line}");
        }
    }
    assert!(answers >= 20 && written >= 20, "{answers} answers, {written} writes");
}
