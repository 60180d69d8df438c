//! The same power cuts one floor lower: a real ext4 on a loop device, whose image lies in the power-cut file system.
//! What the store syncs goes through the journal and the barriers of a file system that people use.
//!
//! The suite looks at a few images, since each is mounted; `HALLPASS_CUTS_EXT4=1000` makes it look at so many.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    cutfs::Mount,
    powercut::{SCENES, Sampling, Scene, Stage, Tally, cannot, list},
    support::skipped,
};

/// The size of the device.
const BYTES: u64 = 80 << 20;

fn wanted() -> u64 {
    std::env::var("HALLPASS_CUTS_EXT4").ok().and_then(|n| n.parse().ok()).unwrap_or(48)
}

/// Runs a program of the system; what it printed, or what it complained of.
fn system(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| e.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// A file with an ext4 in it, mounted by a loop device of its own.
struct Guest {
    device: String,
    at: PathBuf,
}

impl Guest {
    fn mount(file: &Path, at: &Path) -> Result<Self, String> {
        fs::create_dir_all(at).map_err(|e| e.to_string())?;
        let device = system(Command::new("losetup").args(["--find", "--show"]).arg(file))?;
        let guest = Self { device, at: at.to_path_buf() };
        system(Command::new("mount").args(["-t", "ext4"]).arg(&guest.device).arg(at))?;
        Ok(guest)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Whatever a failed test left open there.
        if system(Command::new("umount").arg(&self.at)).is_err() {
            let _ = system(Command::new("umount").arg("-l").arg(&self.at));
        }
        let _ = system(Command::new("losetup").arg("--detach").arg(&self.device));
    }
}

/// Plays a scene on an ext4; leaves images of its device in `images`, and returns how many operations it had.
fn play(scene: &Scene, disk: &Path, seed: u64, sampling: Option<Sampling>, images: &Path) -> u64 {
    let dir = tempfile::tempdir().expect("a directory");
    let acknowledged = dir.path().join("acknowledged");
    fs::write(&acknowledged, []).expect("a file");
    let mut mount = Mount::start(&dir.path().join("mount"), Some(disk));
    let guest = Guest::mount(&mount.at.join("disk"), &dir.path().join("guest")).expect("root can mount an ext4");
    if let Some(Sampling { every, limit }) = sampling {
        mount.cut(every, limit, seed, &acknowledged, images);
    }
    (scene.play)(&Stage { store: guest.at.join("s"), acknowledged, seed });
    let operations = mount.ask("stop").parse().expect("a number");
    drop(guest);
    operations
}

#[test]
fn nothing_acknowledged_is_lost_when_the_power_goes_below_an_ext4() {
    if cannot() {
        return;
    }
    let place = tempfile::tempdir_in("/dev/shm").expect("a place for images");
    let disk = place.path().join("disk");
    fs::create_dir(&disk).expect("a directory");
    File::create(disk.join("disk")).and_then(|file| file.set_len(BYTES)).expect("a sparse file");
    let lazily = "lazy_itable_init=0,lazy_journal_init=0";
    if let Err(why) = system(Command::new("mkfs.ext4").args(["-q", "-F", "-E", lazily]).arg(disk.join("disk"))) {
        return skipped("power cuts below an ext4", &why);
    }
    let mut tally = Tally::default();
    for (seed, scene) in (1..).zip(&SCENES) {
        let images = place.path().join("images");
        let length = play(scene, &disk, seed, None, &images);
        let sampling = Sampling::of(length, (wanted() * scene.share / 100).max(8));
        play(scene, &disk, seed, Some(sampling), &images);
        for (image, file) in list(&images) {
            let guest = Guest::mount(&image.join("disk"), &place.path().join("guest"));
            match guest {
                Ok(guest) => {
                    tally.judge(scene.name, &image, &guest.at, &file);
                }
                Err(why) => tally.wrong.push(format!("{}, {}: {why}", scene.name, image.display())),
            }
        }
        fs::remove_dir_all(&images).expect("it can be removed");
    }
    tally.print("power cuts below an ext4");
    assert!(tally.wrong.is_empty(), "{:#?}", tally.wrong);
}
