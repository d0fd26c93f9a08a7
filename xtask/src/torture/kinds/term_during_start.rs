//! SIGTERM from the first millisecond of a start on.

use std::{os::unix::process::ExitStatusExt as _, thread::sleep, time::Duration};

use anyhow::{Context as _, Result};
use rustix::process::Signal;

use super::Torment;
use crate::torture::{
    daemon::check_code,
    run::Round,
    units::{TREES, WORKER, script, survey, task},
};

pub(super) const TORMENT: Torment = Torment {
    name: "term-during-start",
    fault: "SIGTERM at a random moment from the first one of the start on",
    holds: "gone in time, nothing is left",
    unit: "starts",
    slowest: "end after SIGTERM",
    batch: 20,
    short: 60,
    full: 2_000,
    aim: "gone within 2 s with exit 0 or 1, or by the signal before main; no socket, PID file or process left",
    play,
};

const GONE: Duration = Duration::from_secs(2);

fn play(round: &mut Round<'_>) -> Result<()> {
    let home = round.home;
    let mut config = home.http_for("alice", "alices-token-0001")? + WORKER;
    let starting = [survey("survey"), script("tree", TREES[round.random.place(4)]), task("a/b/c", "alice")];
    for unit in starting {
        config += &format!("{unit}start = true\n");
    }
    home.configure(&config)?;
    // How long a start takes is known once there was one.
    let (mut daemon, usual) = home.start()?;
    end(round, &mut daemon).context("after a whole start")?;
    while round.begin() {
        let delay = round.random.time(usual + usual / 4);
        let mut daemon = round.home.spawn()?;
        sleep(delay);
        end(round, &mut daemon).with_context(|| format!("{} us after the start", delay.as_micros()))?;
    }
    Ok(())
}

fn end(round: &mut Round<'_>, daemon: &mut crate::torture::daemon::Daemon) -> Result<()> {
    daemon.signal(Signal::TERM)?;
    let (status, took) = daemon.gone_within(round.home.limit(GONE * 2))?;
    round.took(took);
    round.home.check_time("the end", took, GONE)?;
    // Before the first instruction the kernel does what a signal usually does. Nothing was said by then.
    if status.signal() != Some(Signal::TERM.as_raw()) || !daemon.log().is_empty() {
        check_code(status)?;
    }
    round.home.check_left_nothing()
}
