//! Who has a state directory.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt as _,
    thread,
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    process::{Pid, test_kill_process},
};

use super::{Paths, StateError, failed};
use crate::daemon::socket;

/// So long a lock is waited for whose daemon is gone: what that was about to run holds it as well, until it
/// runs. So nothing of an earlier daemon comes to life after its state is taken over.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(1);
const LOCK_GLANCE: Duration = Duration::from_millis(2);

/// Takes the lock. Whoever has it lives.
pub(super) fn take(paths: &Paths) -> Result<File, StateError> {
    let path = paths.lock();
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(failed("open", &path))?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(failed("lock", &path)(error)),
        }
        let text = fs::read_to_string(paths.pid_file()).unwrap_or_default();
        if holder_lives(&text) || began.elapsed() > LOCK_PATIENCE {
            return Err(StateError::Taken { dir: paths.dir().to_owned(), who: who(&text) });
        }
        thread::sleep(LOCK_GLANCE);
    }
}

/// A lock file that somebody removed is made anew, and proves nothing about who has the old one. Whoever that is
/// listens.
pub(super) fn refuse_another(paths: &Paths) -> Result<(), StateError> {
    let path = paths.socket();
    let began = Instant::now();
    while socket::is_listened_at(&path).map_err(failed("connect to", &path))? {
        // What a daemon that is gone was about to run lets go of its socket as it does of its lock.
        let text = fs::read_to_string(paths.pid_file()).unwrap_or_default();
        if holder_lives(&text) || began.elapsed() > LOCK_PATIENCE {
            return Err(StateError::Taken { dir: paths.dir().to_owned(), who: who(&text) });
        }
        thread::sleep(LOCK_GLANCE);
    }
    Ok(())
}

/// Whether the process lives that a PID file names.
fn holder_lives(text: &str) -> bool {
    let pid = text.split_whitespace().next().and_then(|word| word.parse().ok());
    pid.and_then(Pid::from_raw).is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

/// What a PID file says, as part of a sentence.
pub(super) fn who(text: &str) -> String {
    let mut words = text.split_whitespace();
    match (words.next().and_then(|word| word.parse::<u32>().ok()), words.next()) {
        (Some(pid), Some(instance)) => format!(" (process {pid}, instance {instance})"),
        _ => String::new(),
    }
}
