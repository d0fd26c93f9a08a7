//! Bodies that never yield, and processes that hold still or hear nothing.

use std::{
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::Torment;
use crate::torture::{
    daemon::{GLANCE, check_code},
    run::Round,
    units::{TREES, WORKER, script, spin},
};

pub(super) const TORMENT: Torment = Torment {
    name: "stopped-spinning",
    fault: "a shutdown while bodies spin and never yield, and processes are stopped, deaf or busy",
    holds: "gone by the deadline, with all",
    unit: "shutdowns",
    slowest: "shutdown",
    batch: 1,
    short: 3,
    full: 200,
    aim: "SIGTERM acted on within 100 ms, exit by the deadline and 0.5 s, nothing left of any tree",
    play,
};

/// Shorter than the usual 30 s, so that two hundred trials take minutes; the ladders are the same.
const DEADLINE: Duration = Duration::from_secs(6);
const SLACK: Duration = Duration::from_millis(500);
const HEARD: Duration = Duration::from_millis(100);
const SPINNING: u64 = 64;

fn play(round: &mut Round<'_>) -> Result<()> {
    let home = round.home;
    while round.begin() {
        let mut config = format!("deadline = \"{}s\"\n{WORKER}", DEADLINE.as_secs());
        for number in 0..1 + round.random.below(SPINNING) {
            config += &format!("{}start = true\n", spin(&format!("spin-{number}")));
        }
        for (number, tree) in TREES.iter().enumerate() {
            config += &format!("{}start = true\n", script(&format!("tree-{number}"), tree));
        }
        home.configure(&config)?;
        let (mut daemon, _) = home.start()?;
        home.until("all trees have begun", || Ok(home.bodies().len() >= TREES.len()))?;
        for process in home.bodies() {
            if round.random.percent(50) {
                let pid = Pid::from_raw(process.pid).context("a process has a number")?;
                // One that is gone meanwhile cannot be stopped.
                let _gone = kill_process(pid, Signal::STOP);
            }
        }
        let began = Instant::now();
        daemon.signal(Signal::TERM)?;
        while !daemon.log().contains("shutting down") {
            home.check_time("acting on SIGTERM", began.elapsed(), HEARD)?;
            sleep(GLANCE);
        }
        let (status, _) = daemon.gone_within(home.limit(DEADLINE * 2))?;
        round.took(began.elapsed());
        home.check_time("the shutdown", began.elapsed(), DEADLINE + SLACK)?;
        let code = check_code(status)?;
        home.check_left_nothing()?;
        let report: Value = serde_json::from_str(&fs::read_to_string(home.state("report.json"))?)?;
        ensure!(report["code"] == code, "it exits with {code}, and the report says {}", report["code"]);
        for unit in report["units"].as_array().context("the report has units")? {
            let is_tree = unit["name"].as_str().is_some_and(|name| name.starts_with("tree"));
            ensure!(unit["status"] == "stopped", "not stopped: {unit}");
            ensure!(!is_tree || unit["leaked"] == false, "it is gone, and said to be leaked: {unit}");
        }
    }
    Ok(())
}
