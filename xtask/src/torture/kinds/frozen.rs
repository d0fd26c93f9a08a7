//! SIGSTOP of the daemon itself in the middle of its shutdown.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use rustix::process::Signal;

use super::Torment;
use crate::torture::{daemon::check_code, run::Round, units::survey};

pub(super) const TORMENT: Torment = Torment {
    name: "frozen",
    fault: "SIGSTOP of the daemon in the middle of its shutdown, and SIGCONT after its deadline",
    holds: "the deadline counts meanwhile",
    unit: "shutdowns",
    slowest: "end after SIGCONT",
    batch: 1,
    short: 2,
    full: 200,
    aim: "gone within 2 s of SIGCONT",
    play,
};

/// Shorter than the usual 30 s, because each trial takes as long.
const DEADLINE: Duration = Duration::from_secs(2);
const GONE: Duration = Duration::from_secs(2);

/// A unit that goes only when it is made to, long after the deadline.
const DEAF: &str = r#"
[ladder.patient]
rungs = [{ do = "request-cancel", patience = "60s" }, { do = "abort", patience = "0s" }]
[kind.patient]
ladder = "patient"
body = "task"
[[unit]]
name = "deaf"
kind = "patient"
demo = "navigation"
start = true
"#;

fn play(round: &mut Round<'_>) -> Result<()> {
    let home = round.home;
    let survey = survey("survey");
    home.configure(&format!("deadline = \"{}s\"\n{DEAF}{survey}start = true\n", DEADLINE.as_secs()))?;
    while round.begin() {
        let (mut daemon, _) = home.start()?;
        home.until("its units are started", || Ok(daemon.log().contains(" ready ")))?;
        daemon.signal(Signal::TERM)?;
        home.until("it shuts down", || Ok(daemon.log().contains("shutting down")))?;
        sleep(round.random.time(DEADLINE / 4));
        ensure!(daemon.ended()?.is_none(), "it did not wait for the body that does not listen");
        daemon.signal(Signal::STOP)?;
        sleep(DEADLINE);
        let began = Instant::now();
        daemon.signal(Signal::CONT)?;
        let (status, _) = daemon.gone_within(home.limit(GONE * 2))?;
        round.took(began.elapsed());
        home.check_time("the end after SIGCONT", began.elapsed(), GONE)?;
        check_code(status)?;
        home.check_left_nothing()?;
    }
    Ok(())
}
