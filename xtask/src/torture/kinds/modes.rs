//! Modes of files from the first moment on, where nothing but the daemon keeps others out.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _},
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Result, bail, ensure};
use rustix::process::Signal;
use serde_json::json;

use super::Torment;
use crate::torture::{home::Home, run::Round, units::survey};

pub(super) const TORMENT: Torment = Torment {
    name: "modes",
    fault: "starts with umask 000, each watched from its first moment to its end",
    holds: "socket 0600, directory 0700",
    unit: "starts",
    slowest: "-",
    batch: 50,
    short: 40,
    full: 10_000,
    aim: "nobody ever sees another mode; no other file in the directory is open to others",
    play,
};

fn play(round: &mut Round<'_>) -> Result<()> {
    let home = round.home;
    home.configure(&survey("survey"))?;
    while round.begin() {
        // A directory that is there already keeps its mode; one that is not is made.
        if round.random.percent(30) && home.state_dir().exists() {
            fs::remove_dir_all(home.state_dir())?;
        }
        let (over, looks) = (AtomicBool::new(false), AtomicU64::new(0));
        let by_force = round.random.percent(50);
        thread::scope(|scope| {
            let watcher = scope.spawn(|| watch(home, &over, &looks));
            let result = live(home, by_force, &over, &looks);
            over.store(true, Ordering::Relaxed);
            watcher.join().unwrap_or_else(|_| bail!("the watcher panicked"))?;
            result
        })?;
    }
    Ok(())
}

fn live(home: &Home<'_>, by_force: bool, over: &AtomicBool, looks: &AtomicU64) -> Result<()> {
    let mut daemon = home.spawn_unmasked()?;
    home.answers(&mut daemon)?;
    let before = looks.load(Ordering::Relaxed);
    // Something has to be written, so that all of the database's files are there.
    let mut line = home.connect()?;
    line.must(&json!({"start": {"unit": "survey"}}))?;
    line.must(&json!({"stop": {"unit": "survey"}}))?;
    home.until("the socket and all files are looked at", || {
        Ok(over.load(Ordering::Relaxed) || looks.load(Ordering::Relaxed) > before + 1)
    })?;
    if by_force {
        daemon.kill()
    } else {
        daemon.signal(Signal::TERM)?;
        daemon.gone_within(home.limit(Duration::from_secs(5))).map(drop)
    }
}

/// Looks until it is over, or until it has seen what must not be. Counts how often it has seen the socket.
fn watch(home: &Home<'_>, over: &AtomicBool, looks: &AtomicU64) -> Result<()> {
    while !over.load(Ordering::Relaxed) {
        let result = look(&home.socket()).and_then(|seen| {
            look_around(&home.state_dir())?;
            Ok(u64::from(seen))
        });
        // Nobody is to wait for the looks of one that has stopped looking.
        over.fetch_or(result.is_err(), Ordering::Relaxed);
        looks.fetch_add(result?, Ordering::Relaxed);
    }
    Ok(())
}

fn look_around(dir: &Path) -> Result<()> {
    look(dir)?;
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        look(&entry?.path())?;
    }
    Ok(())
}

/// Whether it is there. Fails if its mode is not what it must be. A socket under another name is on its way to
/// its place, and only its directory guards it.
fn look(path: &Path) -> Result<bool> {
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let mode = meta.mode() & 0o7777;
    let wanted = match meta.file_type() {
        kind if kind.is_dir() => mode == 0o700,
        kind if kind.is_socket() && path.extension().is_some_and(|end| end == "new") => true,
        kind if kind.is_socket() => mode == 0o600,
        _ => mode & 0o077 == 0,
    };
    ensure!(wanted, "{} has mode {mode:04o}", path.display());
    Ok(true)
}
