//! SIGKILL of a daemon whose commands run: the next one finds what they left.

use std::{thread::sleep, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::Torment;
use crate::torture::{
    run::Round,
    units::{TREES, WORKER, script},
};

pub(super) const TORMENT: Torment = Torment {
    name: "orphans",
    fault: "kill -9 of the daemon while commands run: with children, in other sessions, deaf, busy",
    holds: "no child lives without an owner",
    unit: "kills",
    slowest: "start and reaping",
    batch: 20,
    short: 20,
    full: 1_000,
    aim: "nobody of the old process trees lives 5 s after the next start, and no unit seems to run",
    play,
};

const REAPED: Duration = Duration::from_secs(5);
/// A tree is killed while it grows, or when it is grown up.
const GROWING: Duration = Duration::from_millis(60);

fn play(round: &mut Round<'_>) -> Result<()> {
    let home = round.home;
    let trees = TREES.iter().enumerate().map(|(number, tree)| script(&format!("tree-{number}"), tree));
    home.configure(&trees.fold(WORKER.to_owned(), |config, tree| config + &tree))?;
    let (mut daemon, _) = home.start()?;
    while round.begin() {
        let mut line = home.connect()?;
        let mut started = Vec::new();
        for number in 0..TREES.len() {
            if started.is_empty() || round.random.percent(50) {
                let name = format!("tree-{number}");
                line.must(&json!({"start": {"unit": name}})).context("nothing keeps it from starting")?;
                started.push(name);
            }
        }
        sleep(round.random.time(GROWING));
        daemon.kill()?;
        let (next, came_up) = home.start()?;
        daemon = next;
        let reaped = home.until_reaped(daemon.life, REAPED)?;
        round.took(came_up + reaped);
        home.check_time("start and reaping", came_up + reaped, REAPED)?;
        for unit in home.connect()?.units()? {
            let (name, status) = (&unit["unit"], unit["status"].as_str().unwrap_or_default());
            let was_started = started.iter().any(|started| name == started);
            // A start is on its way when it is answered, and may not be on record.
            let is_lost = status == "failed" || status == "pending";
            ensure!(!was_started || is_lost, "{name} is {status}, and was lost with its daemon");
            ensure!(status != "running" && status != "stopping", "{name} is {status}, and nobody started it");
        }
    }
    Ok(())
}
