//! The daemon's program, and one process of it.

use std::{
    env,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, getrlimit, kill_process, kill_process_group, setrlimit,
};

use crate::breach::workspace;

/// How often something that is waited for is looked at.
pub(super) const GLANCE: Duration = Duration::from_millis(1);

/// The daemon's program, and where it is from, in words. Without a path cargo builds it, so that what is
/// tormented is what the source says.
pub(super) fn find(path: Option<&Path>) -> Result<(PathBuf, String)> {
    if let Some(path) = path {
        let path = path.canonicalize().with_context(|| format!("failed to find {}", path.display()))?;
        let said = Command::new(&path).arg("--version").output();
        let said = said.with_context(|| format!("failed to run {}", path.display()))?;
        ensure!(said.stdout.starts_with(b"winddownd "), "{} is not the daemon, winddownd", path.display());
        let origin = format!("{}, as said", path.display());
        return Ok((path, origin));
    }
    let (profile, option) =
        if cfg!(debug_assertions) { ("debug", None) } else { ("release", Some("--release")) };
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--locked", "--package", "winddown-host", "--bin", "winddownd"]);
    cargo.args(option).arg("--target-dir").arg(&target).current_dir(workspace());
    ensure!(cargo.status().context("failed to run cargo")?.success(), "cargo could not build winddownd");
    let program = target.join(profile).join("winddownd");
    let origin = format!("{}, built by cargo", program.display());
    Ok((program, origin))
}

/// A thousand connections need a thousand descriptors at both ends; children inherit the limit.
pub(super) fn raise_descriptor_limit() -> Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .context("failed to raise the limit of descriptors")
}

/// One process of the daemon. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct Daemon {
    child: Child,
    status: Option<ExitStatus>,
    /// Which start in its home it is.
    pub(super) life: u32,
    pub(super) log: PathBuf,
}

impl Daemon {
    pub(super) const fn new(child: Child, life: u32, log: PathBuf) -> Self {
        Self { child, status: None, life, log }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        if self.status.is_none() {
            self.status = self.child.try_wait()?;
        }
        Ok(self.status)
    }

    /// Sends a signal. `false`: it is gone.
    pub(super) fn signal(&mut self, signal: Signal) -> Result<bool> {
        if self.ended()?.is_some() {
            return Ok(false);
        }
        kill_process(number(&self.child)?, signal)?;
        Ok(true)
    }

    /// Kills it, and waits until it is gone.
    pub(super) fn kill(&mut self) -> Result<()> {
        self.signal(Signal::KILL)?;
        self.status = Some(self.child.wait()?);
        Ok(())
    }

    /// Waits until it is gone by itself. Says how it ended, and how long that took.
    pub(super) fn gone_within(&mut self, limit: Duration) -> Result<(ExitStatus, Duration)> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.ended()? {
                return Ok((status, began.elapsed()));
            }
            if began.elapsed() > limit {
                bail!("it is not gone within {limit:?}");
            }
            sleep(GLANCE);
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let (None, Ok(pid)) = (self.status, number(&self.child)) {
            // Whatever shares its group goes with it; one that is gone already is what is wanted.
            let _gone = kill_process_group(pid, Signal::KILL);
            let _status = self.child.wait();
        }
    }
}

fn number(child: &Child) -> Result<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("a process has a number")
}

/// Fails unless it ended by itself with the code 0 or 1, which are the only ones that a running daemon has.
pub(super) fn check_code(status: ExitStatus) -> Result<i32> {
    match status.code() {
        Some(code @ 0..=1) => Ok(code),
        Some(code) => bail!("it exited with {code}"),
        None => bail!("signal {} ended it", status.signal().unwrap_or_default()),
    }
}
