//! The power goes at any moment: what was acknowledged is there afterwards, nothing is half there, and the store
//! opens by itself.
//!
//! The suite looks at some hundreds of images; `HALLPASS_CUTS=10000` makes it look at so many (benches/power-cuts).
//! Each image is named by its seed and operation, and is kept when something is wrong with it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use hallpass::store::{Store, backup, local::Tenure};

use crate::{
    cutfs::{self, Mount},
    puppet::{Puppet, Speaker},
    support::{applied, put, skipped, try_open},
    workload::{self, HUGE_WRITER, acknowledged},
};

/// How many images are made at one moment: as many as there are ways to lose what was not synced.
const KINDS: u64 = 8;

const CHECKER: &str = "HALLPASS_TEST_CHECKER";

/// How many images are looked at in all.
fn wanted() -> u64 {
    std::env::var("HALLPASS_CUTS").ok().and_then(|n| n.parse().ok()).unwrap_or(400)
}

/// What happens in the mount while the images are made.
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    /// The share of the images, in percent.
    pub(crate) share: u64,
    pub(crate) play: fn(&Stage),
}

/// Where a scene plays.
pub(crate) struct Stage {
    pub(crate) store: PathBuf,
    pub(crate) acknowledged: PathBuf,
    pub(crate) seed: u64,
}

impl Stage {
    fn work(&self, puppet: &mut Puppet, first: u64, writers: u64, count: u64) {
        let (seed, file) = (self.seed, self.acknowledged.display());
        assert_eq!(puppet.ask(&format!("work {first} {writers} {count} {seed} {file}")), "done");
    }
}

pub(crate) const SCENES: [Scene; 8] = [
    Scene {
        name: "a new store",
        share: 20,
        play: |stage| {
            let (mut one, _) = Puppet::start(&stage.store, "visitor");
            stage.work(&mut one, 0, 1, 5);
            assert_eq!(one.ask("end"), "closed");
        },
    },
    Scene {
        name: "one writer, growing and overwriting",
        share: 15,
        play: |stage| {
            let (mut one, _) = Puppet::start(&stage.store, "visitor");
            stage.work(&mut one, 0, 1, 300);
            assert_eq!(one.ask("end"), "closed");
        },
    },
    Scene {
        name: "concurrent writers",
        share: 15,
        play: |stage| {
            let (mut one, _) = Puppet::start(&stage.store, "visitor");
            stage.work(&mut one, 0, 4, 80);
            one.kill();
            let (mut one, _) = Puppet::start(&stage.store, "visitor");
            stage.work(&mut one, 0, 4, 40);
        },
    },
    Scene {
        name: "opening and closing",
        share: 15,
        play: |stage| {
            for _ in 0..6 {
                let (mut one, _) = Puppet::start(&stage.store, "visitor");
                stage.work(&mut one, 0, 2, 6);
                assert_eq!(one.ask("end"), "closed");
            }
        },
    },
    Scene {
        name: "a hand-over",
        share: 10,
        play: |stage| {
            let (mut shell, _) = Puppet::start(&stage.store, "visitor");
            stage.work(&mut shell, 0, 2, 10);
            for _ in 0..3 {
                let (mut server, _) = Puppet::start(&stage.store, "server");
                stage.work(&mut shell, 0, 2, 10);
                stage.work(&mut server, 2, 2, 10);
                assert_eq!(server.ask("end"), "closed");
            }
        },
    },
    Scene {
        name: "compact and backup",
        share: 10,
        play: |stage| {
            let (mut one, _) = Puppet::start(&stage.store, "visitor");
            for n in 0..3 {
                stage.work(&mut one, 0, 2, 30);
                assert_eq!(one.ask("compact"), "done");
                let file = stage.store.with_extension(format!("backup{n}"));
                assert_eq!(one.ask(&format!("backup {}", file.display())), "done");
            }
        },
    },
    Scene {
        name: "a checkpoint",
        share: 10,
        play: |stage| {
            let (mut one, _) = Puppet::start(&stage.store, "visitor");
            for _ in 0..4 {
                stage.work(&mut one, 0, 2, 30);
                assert_eq!(one.ask("checkpoint"), "done");
            }
        },
    },
    Scene {
        name: "very large changes",
        share: 5,
        play: |stage| {
            let (mut one, _) = Puppet::start(&stage.store, "visitor");
            stage.work(&mut one, HUGE_WRITER, 1, 2);
            assert_eq!(one.ask("checkpoint"), "done");
            stage.work(&mut one, HUGE_WRITER, 1, 1);
            one.kill();
            let (mut one, _) = Puppet::start(&stage.store, "visitor");
            stage.work(&mut one, 0, 1, 3);
            assert_eq!(one.ask("end"), "closed");
        },
    },
];

/// Whether the layer cannot run here.
pub(crate) fn cannot() -> bool {
    cutfs::available().is_err_and(|why| {
        skipped("power cuts", &why);
        true
    })
}

#[test]
fn nothing_acknowledged_is_lost_when_the_power_goes() {
    if cannot() {
        return;
    }
    let mut tally = Tally::default();
    let mut round = 0;
    let lengths = SCENES.each_ref().map(|scene| play(scene, 0, None, None).operations);
    while tally.images < wanted() {
        round += 1;
        for (scene, length) in SCENES.iter().zip(lengths) {
            let share = (wanted() * scene.share / 100).clamp(KINDS, 400);
            let images = play(scene, round, Some(Sampling::of(length, share)), None).images;
            let kept = keep_some(images.path(), round);
            tally.look(scene.name, images.path());
            // What is wrong already is told once.
            if tally.wrong.is_empty() && (scene.name == "a new store" || scene.name == "concurrent writers") {
                recover(kept.path(), round, share, &mut tally);
            }
        }
    }
    tally.print("power cuts");
    assert!(tally.wrong.is_empty(), "{:#?}", tally.wrong);
}

/// Copies a few images before they are used up.
fn keep_some(images: &Path, round: u64) -> tempfile::TempDir {
    let kept = tempfile::tempdir_in("/dev/shm").expect("a place for images");
    let with_data: Vec<_> = list(images).into_iter().filter(|(path, _)| path.join("s/data").exists()).collect();
    let step = (with_data.len() / 4).max(1);
    let skip = usize::try_from(round).expect("few rounds") % step;
    for (image, file) in with_data.iter().skip(skip).step_by(step) {
        let copied = Command::new("cp").arg("-a").args([image, file]).arg(kept.path()).status();
        assert!(copied.is_ok_and(|status| status.success()), "an image can be copied");
    }
    kept
}

/// Cuts again while a store recovers from an earlier cut.
fn recover(images: &Path, round: u64, limit: u64, tally: &mut Tally) {
    let scene = Scene {
        name: "recovery from an earlier cut",
        share: 0,
        play: |stage| {
            let (mut one, _) = Puppet::start(&stage.store, "visitor");
            stage.work(&mut one, 0, 1, 3);
            assert_eq!(one.ask("end"), "closed");
        },
    };
    for (image, file) in list(images) {
        // Opening and three commits are some eighty operations.
        let sampling = Sampling::of(80, (limit / 4).max(KINDS));
        let again = play(&scene, round, Some(sampling), Some((&image, &file)));
        tally.look(scene.name, again.images.path());
    }
}

/// At which operations images are made: all over a scene, not at its beginning only.
#[derive(Clone, Copy)]
pub(crate) struct Sampling {
    pub(crate) every: u64,
    pub(crate) limit: u64,
}

impl Sampling {
    pub(crate) fn of(length: u64, limit: u64) -> Self {
        Self { every: (length * KINDS / limit).max(1), limit }
    }
}

/// What is left of a scene.
struct Played {
    images: tempfile::TempDir,
    operations: u64,
}

/// Plays a scene in a mount.
fn play(scene: &Scene, seed: u64, sampling: Option<Sampling>, from: Option<(&PathBuf, &PathBuf)>) -> Played {
    // In memory: thousands of images need no disk.
    let images = tempfile::tempdir_in("/dev/shm").expect("a place for images");
    let dir = tempfile::tempdir().expect("a directory");
    let acknowledged = dir.path().join("acknowledged");
    match from {
        Some((_, file)) => drop(fs::copy(file, &acknowledged).expect("a copy")),
        None => fs::write(&acknowledged, []).expect("a file"),
    }
    let mut mount = Mount::start(&dir.path().join("mount"), from.map(|(image, _)| image.as_path()));
    if let Some(Sampling { every, limit }) = sampling {
        mount.cut(every, limit, seed, &acknowledged, images.path());
    }
    (scene.play)(&Stage { store: mount.at.join("s"), acknowledged, seed });
    let operations = mount.ask("stop").parse().expect("a number");
    Played { images, operations }
}

/// The images in a directory, each with the file of what was acknowledged.
pub(crate) fn list(images: &Path) -> Vec<(PathBuf, PathBuf)> {
    let names = fs::read_dir(images).expect("images").map(|entry| entry.expect("an entry").path());
    let mut list: Vec<_> = names.filter(|path| path.is_dir()).map(|p| (p.clone(), beside(&p))).collect();
    list.sort();
    list
}

fn beside(image: &Path) -> PathBuf {
    let mut name = image.as_os_str().to_owned();
    name.push(".acknowledged");
    name.into()
}

/// What became of the images.
#[derive(Default)]
pub(crate) struct Tally {
    images: u64,
    scenes: BTreeMap<&'static str, u64>,
    pub(crate) wrong: Vec<String>,
    checker: Option<Checker>,
}

impl Tally {
    fn look(&mut self, scene: &'static str, images: &Path) {
        for (image, file) in list(images) {
            if self.judge(scene, &image, &image, &file) {
                fs::remove_dir_all(&image).expect("it can be removed");
            }
        }
    }

    /// Has a process open the store `s` in `dir`, which is what became of `image`; whether all was well.
    pub(crate) fn judge(&mut self, scene: &'static str, image: &Path, dir: &Path, file: &Path) -> bool {
        let speaker = self.checker.get_or_insert_with(Checker::start);
        self.images += 1;
        *self.scenes.entry(scene).or_default() += 1;
        let answer = speaker.0.ask(&format!("{} {}", dir.display(), file.display()));
        if answer.as_deref() == Some("ok") {
            return true;
        }
        self.checker = None;
        let answer = answer.unwrap_or_else(|| "the process died or hung".into());
        self.wrong.push(format!("{scene}, {}: {answer}", image.display()));
        if let Some(keep) = std::env::var_os("HALLPASS_KEEP_IMAGES") {
            let name = format!("{scene}.{}", self.wrong.len()).replace([' ', ','], "-");
            let _ = Command::new("cp").arg("-a").arg(image).arg(Path::new(&keep).join(name)).status();
        }
        false
    }

    /// Prints how many there were of each scene.
    pub(crate) fn print(&self, what: &str) {
        let mut text = format!("{what}: {} images, {} wrong\n", self.images, self.wrong.len());
        for (scene, images) in &self.scenes {
            text += &format!("  {images:6}  {scene}\n");
        }
        let _ = std::io::Write::write_all(&mut std::io::stderr().lock(), text.as_bytes());
    }
}

/// A process that looks at images; a panic, an abort or a hang of it is a result.
struct Checker(Speaker);

impl Checker {
    fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().expect("the test binary"));
        command.args(["--exact", "powercut::checker", "--nocapture", "--test-threads=1"]).env(CHECKER, "1");
        command.stderr(Stdio::null());
        Self(Speaker::start(&mut command, Duration::from_secs(60)))
    }
}

/// Not a test by itself: the process that looks at images. Without its variable it has nothing to do.
#[test]
fn checker() {
    if std::env::var_os(CHECKER).is_none() {
        return;
    }
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let (image, file) = line.split_once(' ').expect("an image and a file");
        let promised = acknowledged(&fs::read(file).unwrap_or_default());
        let verdict = look(&Path::new(image).join("s"), &promised);
        crate::puppet::say(&verdict.map_or_else(|wrong| wrong.replace('\n', " "), |()| "ok".into()));
    }
}

/// Opens an image twice: as it was left, and after it was used.
fn look(dir: &Path, promised: &[u64]) -> Result<(), String> {
    for _ in 0..2 {
        let store = try_open(dir, Tenure::Visitor).map_err(|e| format!("does not open: {e}"))?;
        workload::verify(&store, promised)?;
        store.verify().map_err(|e| format!("does not add up: {e}"))?;
        let revision = applied(store.commit(put("used", "again")).map_err(|e| format!("takes nothing: {e}"))?);
        store.sync(revision).map_err(|e| format!("syncs nothing: {e}"))?;
        store.close().map_err(|e| format!("does not close: {e}"))?;
    }
    // A backup that was called done is whole.
    for n in 0..3 {
        let file = dir.with_extension(format!("backup{n}"));
        if file.exists() {
            backup::read(&file, |_| Ok(())).map_err(|e| format!("backup: {e}"))?;
        }
    }
    Ok(())
}
