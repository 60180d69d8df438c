//! Processes are killed at random moments while all of them work: nothing acknowledged is lost, nothing is half
//! there, and everybody else goes on.
//!
//! The suite kills some sixty; `HALLPASS_KILLS=1000` makes it as many. (The images of `powercut` of the kind that
//! keeps everything written are kills too, at every file operation of each step.)

use std::{fs, path::Path};

use hallpass::store::local::Tenure;

use crate::{
    puppet::Puppet,
    support::{Seeded, open, wait_for},
    workload::{self, acknowledged},
};

fn wanted() -> u64 {
    std::env::var("HALLPASS_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(60)
}

/// Two writers each.
const PROCESSES: usize = 3;

const TENURES: [&str; PROCESSES] = ["server", "visitor", "visitor"];

#[test]
fn killed_processes_lose_nothing_and_the_others_go_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, file) = (dir.path().join("s"), dir.path().join("acknowledged"));
    fs::write(&file, []).expect("a file");
    let dice = Seeded::new(4);
    let mut killed = 0;
    let mut seed = 0;
    while killed < wanted() {
        seed += 1;
        // Each process that lives adds sixty.
        let goal = total(&file) + dice.below(60);
        let mut processes: Vec<_> =
            TENURES.iter().map(|tenure| Some(Puppet::spawn(&mut Puppet::command(&store, tenure)))).collect();
        // One victim now and then dies while it opens.
        let early = (dice.below(3) == 0).then(|| usize::try_from(dice.below(PROCESSES as u64)).expect("small"));
        for (n, process) in processes.iter_mut().enumerate() {
            let Some(puppet) = process else { continue };
            if early == Some(n) {
                puppet.kill();
                *process = None;
                killed += 1;
                continue;
            }
            let role = puppet.answer();
            assert!(role == "owner" || role == "attached", "seed {seed}: {role}");
            puppet.tell(&format!("work {} 2 30 {seed} {}", n * 2, file.display()));
        }
        // As soon as so many more are acknowledged, one or two die.
        wait_for("some commits", || total(&file) >= goal);
        for _ in 0..=dice.below(2) {
            let victim = usize::try_from(dice.below(PROCESSES as u64)).expect("small");
            if let Some(mut puppet) = processes[victim].take() {
                puppet.kill();
                killed += 1;
            }
        }
        for (n, process) in processes.iter_mut().enumerate() {
            if let Some(puppet) = process {
                assert_eq!(puppet.answer(), "done", "seed {seed}, process {n}");
            }
        }
        let survivor = open(&store, Tenure::Visitor);
        let promised = acknowledged(&fs::read(&file).expect("the file"));
        if let Err(wrong) = workload::verify(&survivor, &promised) {
            panic!("seed {seed}, after {killed} kills: {wrong}");
        }
        survivor.verify().expect("it adds up");
    }
}

fn total(file: &Path) -> u64 {
    acknowledged(&fs::read(file).expect("the file")).iter().sum()
}
