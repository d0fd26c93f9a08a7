//! Where a torment takes place: a directory with a configuration, a state directory, and logs.

use std::{
    fs::{self, File, Permissions},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{
    census::{self, Marked},
    daemon::{Daemon, GLANCE},
    line::Line,
};
use crate::breach::workspace;

/// How long something may take that has no limit of its own, so that nothing waits without end.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the homes of one run have in common.
#[derive(Debug)]
pub(super) struct Arena {
    program: PathBuf,
    patience: u32,
    homes: AtomicU32,
}

impl Arena {
    pub(super) const fn new(program: PathBuf, patience: u32) -> Self {
        Self { program, patience, homes: AtomicU32::new(0) }
    }

    /// What marks the processes of this run, and of no other one.
    fn tag() -> String {
        format!("{}.", process::id())
    }

    pub(super) const fn patience(&self) -> u32 {
        self.patience
    }

    pub(super) fn home(&self) -> Result<Home<'_>> {
        let number = self.homes.fetch_add(1, Ordering::Relaxed);
        let dir = tempfile::Builder::new().prefix("winddown-torture-").tempdir()?;
        Ok(Home { arena: self, dir, tag: format!("{}{}.", Self::tag(), number), lives: AtomicU32::new(0) })
    }

    /// Ends whatever is left of this run, and says what it was.
    pub(super) fn end_all() -> Vec<Marked> {
        let left = census::alive(&Self::tag());
        kill_all(&left);
        left
    }
}

fn kill_all(processes: &[Marked]) {
    for process in processes {
        if let Some(pid) = Pid::from_raw(process.pid) {
            // One that is gone meanwhile is what is wanted.
            let _gone = kill_process(pid, Signal::KILL);
        }
    }
}

/// One directory, and the daemons that live in it one after the other.
#[derive(Debug)]
pub(super) struct Home<'a> {
    arena: &'a Arena,
    dir: TempDir,
    tag: String,
    lives: AtomicU32,
}

impl Home<'_> {
    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(super) fn state_dir(&self) -> PathBuf {
        self.dir().join("state")
    }

    pub(super) fn state(&self, name: &str) -> PathBuf {
        self.state_dir().join(name)
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.state("winddownd.sock")
    }

    pub(super) fn configure(&self, text: &str) -> Result<()> {
        Ok(fs::write(self.dir().join("winddownd.toml"), text)?)
    }

    /// A configuration's part that has HTTP at a free port, for one owner with this token.
    pub(super) fn http_for(&self, owner: &str, token: &str) -> Result<String> {
        let file = self.dir().join("tokens");
        fs::write(&file, format!("{owner} {token}\n"))?;
        fs::set_permissions(file, Permissions::from_mode(0o600))?;
        Ok("[http]\naddress = \"127.0.0.1:0\"\ntokens = \"tokens\"\n".to_owned())
    }

    /// So long may something take, on this machine.
    pub(super) fn limit(&self, limit: Duration) -> Duration {
        limit * self.arena.patience()
    }

    /// Fails if something took longer than it may.
    pub(super) fn check_time(&self, what: &str, took: Duration, limit: Duration) -> Result<()> {
        let limit = self.limit(limit);
        ensure!(took <= limit, "{what} took {} ms, and may take {} ms", took.as_millis(), limit.as_millis());
        Ok(())
    }

    /// Starts a daemon, and does not wait for it.
    pub(super) fn spawn(&self) -> Result<Daemon> {
        self.spawn_by(Command::new(&self.arena.program), &[])
    }

    /// Starts a daemon without any mask of modes: whatever it does not forbid, others may.
    pub(super) fn spawn_unmasked(&self) -> Result<Daemon> {
        let mut shell = Command::new("sh");
        shell.args(["-c", "umask 000; exec \"$0\" \"$@\""]).arg(&self.arena.program);
        self.spawn_by(shell, &[])
    }

    /// Starts a daemon with more arguments.
    pub(super) fn spawn_with(&self, arguments: &[&str]) -> Result<Daemon> {
        self.spawn_by(Command::new(&self.arena.program), arguments)
    }

    fn spawn_by(&self, mut command: Command, arguments: &[&str]) -> Result<Daemon> {
        let life = self.lives.fetch_add(1, Ordering::Relaxed) + 1;
        let log = self.dir().join(format!("log-{life}"));
        command.arg("--config").arg(self.dir().join("winddownd.toml"));
        command.arg("--state-dir").arg(self.state_dir()).args(arguments);
        command.env(census::MARK, format!("{}{life}", self.tag)).env_remove("NOTIFY_SOCKET");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?).process_group(0);
        Ok(Daemon::new(command.spawn().context("failed to start winddownd")?, life, log))
    }

    /// Starts a daemon, and waits until it answers. Says how long that took.
    pub(super) fn start(&self) -> Result<(Daemon, Duration)> {
        let began = Instant::now();
        let mut daemon = self.spawn()?;
        self.answers(&mut daemon)?;
        Ok((daemon, began.elapsed()))
    }

    /// Waits until a daemon answers.
    pub(super) fn answers(&self, daemon: &mut Daemon) -> Result<()> {
        self.until("it answers", || {
            if let Some(status) = daemon.ended()? {
                bail!("it is gone instead of coming up: {status}");
            }
            Ok(self.connect().and_then(|mut line| line.units()).is_ok())
        })
    }

    /// Waits until something is so.
    pub(super) fn until(&self, what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
        let began = Instant::now();
        let limit = self.limit(PATIENCE);
        while !is_so()? {
            ensure!(began.elapsed() < limit, "not within {limit:?}: {what}");
            sleep(GLANCE);
        }
        Ok(())
    }

    pub(super) fn connect(&self) -> Result<Line> {
        Line::connect(&self.socket(), self.limit(PATIENCE))
    }

    /// Who is alive of what was started here.
    pub(super) fn alive(&self) -> Vec<Marked> {
        census::alive(&self.tag)
    }

    /// Who of them is neither a daemon nor a copy of one that is about to become something else.
    pub(super) fn bodies(&self) -> Vec<Marked> {
        let config = self.dir().join("winddownd.toml").display().to_string();
        self.alive().into_iter().filter(|process| !process.words.contains(&config)).collect()
    }

    /// Waits until nobody is alive of daemons before this one. Says how long that took.
    pub(super) fn until_reaped(&self, life: u32, limit: Duration) -> Result<Duration> {
        let began = Instant::now();
        loop {
            let old: Vec<Marked> = self.alive().into_iter().filter(|process| process.life < life).collect();
            if old.is_empty() {
                return Ok(began.elapsed());
            }
            ensure!(began.elapsed() < self.limit(limit), "without an owner after {limit:?}: {}", words(&old));
            sleep(GLANCE);
        }
    }

    /// Fails if a daemon that is gone has left a file or a process.
    pub(super) fn check_left_nothing(&self) -> Result<()> {
        for artifact in ["winddownd.sock", "winddownd.pid", "winddownd.new"] {
            ensure!(!self.state(artifact).exists(), "{artifact} is left");
        }
        let left = self.alive();
        ensure!(left.is_empty(), "left alive: {}", words(&left));
        Ok(())
    }

    /// Ends everything here, and fails if it cannot be ended, or if a daemon panicked.
    pub(super) fn close(&self) -> Result<()> {
        self.until("everything that was started is ended", || {
            let left = self.alive();
            kill_all(&left);
            Ok(left.is_empty())
        })?;
        for life in 1..=self.lives.load(Ordering::Relaxed) {
            let log = fs::read_to_string(self.dir().join(format!("log-{life}"))).unwrap_or_default();
            if let Some(line) = log.lines().find(|line| line.contains("panicked at")) {
                bail!("start {life} panicked: {line}");
            }
        }
        Ok(())
    }

    /// Copies what is here to where it stays, and says where that is.
    pub(super) fn keep(&self, name: &str) -> Result<PathBuf> {
        let place = workspace().join("target").join("torture").join(name);
        if place.exists() {
            fs::remove_dir_all(&place)?;
        }
        copy(self.dir(), &place)?;
        Ok(place)
    }

    /// The last lines of the last daemon's log.
    pub(super) fn last_words(&self, lines: usize) -> String {
        let log = fs::read(self.dir().join(format!("log-{}", self.lives.load(Ordering::Relaxed))))
            .unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let all: Vec<&str> = log.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }
}

/// Copies files and directories. A socket cannot be copied, and says nothing.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()))?;
        } else if kind.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

pub(super) fn words(processes: &[Marked]) -> String {
    let each = processes.iter().map(|one| format!("{} of start {} ({})", one.pid, one.life, one.words));
    each.collect::<Vec<_>>().join(", ")
}
