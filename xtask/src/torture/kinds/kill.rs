//! SIGKILL at random moments, some of them during the start. What was acknowledged before is compared with
//! what the next start knows.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;

use super::Torment;
use crate::torture::{
    home::Home,
    line::Line,
    random::Random,
    run::Round,
    units::{TREES, WORKER, script, survey},
};

pub(super) const TORMENT: Torment = Torment {
    name: "kill",
    fault: "kill -9 at random moments, one in ten during the start, while two clients start, stop, cancel \
            and read",
    holds: "nothing acknowledged is lost",
    unit: "kills",
    slowest: "restart",
    batch: 20,
    short: 40,
    full: 10_000,
    aim: "restart within 2 s, no unit seems to run, nobody of the old process trees lives",
    play,
};

const RESTART: Duration = Duration::from_secs(2);
const REAPED: Duration = Duration::from_secs(5);
/// A daemon lives so long at most after it has come up: enough for some writes, not enough for all to be
/// written.
const LIFE: Duration = Duration::from_millis(200);
const SURVEYS: usize = 24;
const CLIENTS: usize = 2;

/// What is known for certain about a unit.
#[derive(Clone, Default, Debug)]
struct Known {
    /// Its final status, as an answer had it. `None`: something was asked since that may change it.
    status: Option<String>,
    /// Findings that were read.
    findings: BTreeSet<String>,
    /// So many were said to be durable.
    saved: u64,
}

type Ledger = BTreeMap<String, Known>;

fn play(round: &mut Round<'_>) -> Result<()> {
    let mut ledger = Ledger::new();
    let mut config = WORKER.to_owned();
    for number in 0..SURVEYS {
        let name = format!("survey-{number}");
        config += &survey(&name);
        ledger.insert(name, Known::default());
    }
    for (number, tree) in TREES.iter().enumerate() {
        let name = format!("tree-{number}");
        config += &script(&name, tree);
        ledger.insert(name, Known::default());
    }
    round.home.configure(&config)?;
    let mut usual_start = Duration::from_millis(50);
    while round.begin() {
        if round.random.percent(10) {
            let delay = round.random.time(usual_start);
            let mut daemon = round.home.spawn()?;
            thread::sleep(delay);
            daemon.kill()?;
            continue;
        }
        let (mut daemon, took) = round.home.start()?;
        round.took(took);
        round.home.check_time("a restart", took, RESTART)?;
        usual_start = took;
        check(round.home, &mut ledger)?;
        round.home.until_reaped(daemon.life, REAPED)?;
        let delay = round.random.time(LIFE);
        let parts = share(&mut ledger, &mut round.random);
        let home = round.home;
        let parts = thread::scope(|scope| {
            let clients: Vec<_> = parts.into_iter().map(|part| scope.spawn(|| work(home, part))).collect();
            thread::sleep(delay);
            daemon.kill()?;
            clients
                .into_iter()
                .map(|client| client.join().unwrap_or_else(|_| bail!("a client panicked")))
                .collect::<Result<Vec<_>>>()
        })?;
        ledger.extend(parts.into_iter().flatten());
    }
    let (daemon, _) = round.home.start()?;
    check(round.home, &mut ledger)?;
    round.home.until_reaped(daemon.life, REAPED)?;
    Ok(())
}

/// Gives each client units of its own, so that nobody else changes what it has seen.
fn share(ledger: &mut Ledger, random: &mut Random) -> Vec<(Random, Ledger)> {
    let mut parts: Vec<(Random, Ledger)> = (0..CLIENTS).map(|_| (random.branch(), Ledger::new())).collect();
    for (number, (name, known)) in std::mem::take(ledger).into_iter().enumerate() {
        parts[number % CLIENTS].1.insert(name, known);
    }
    parts
}

/// Asks until the daemon is gone, and remembers what was answered.
fn work(home: &Home<'_>, (mut random, mut ledger): (Random, Ledger)) -> Result<Ledger> {
    let names: Vec<String> = ledger.keys().cloned().collect();
    let Ok(mut line) = home.connect() else { return Ok(ledger) };
    loop {
        let name = &names[random.place(names.len())];
        let known = ledger.get_mut(name).context("each name is in the ledger")?;
        // An error is a connection that has ended: the daemon is gone.
        if request(&mut line, &mut random, name, known).is_err() {
            return Ok(ledger);
        }
    }
}

fn request(line: &mut Line, random: &mut Random, name: &str, known: &mut Known) -> Result<()> {
    let unit = json!({ "unit": name });
    match random.below(10) {
        0..4 => {
            known.status = None;
            line.ask(&json!({ "start": unit }))?;
        }
        4..6 => {
            known.status = None;
            if let Ok(answer) = line.ask(&json!({ "stop": unit }))?.end {
                known.status = answer["stopped"]["status"].as_str().map(str::to_owned);
            }
        }
        6 => {
            let before = known.status.take();
            match line.ask(&json!({ "cancel": unit }))?.end {
                Ok(answer) if answer["cancelled"] == true => known.status = Some("cancelled".to_owned()),
                _ => known.status = before,
            }
        }
        7 => {
            if let Ok(answer) = line.ask(&json!({ "inspect": unit }))?.end {
                known.saved = known.saved.max(answer["unit"]["saved"].as_u64().unwrap_or_default());
            }
        }
        _ => known.findings.extend(line.findings(name)?),
    }
    Ok(())
}

/// Compares what the daemon knows with what was acknowledged.
fn check(home: &Home<'_>, ledger: &mut Ledger) -> Result<()> {
    let mut line = home.connect()?;
    for unit in line.units()? {
        let name = unit["unit"].as_str().context("a unit has a name")?;
        let status = unit["status"].as_str().context("a unit has a status")?;
        let known = ledger.get_mut(name).with_context(|| format!("nobody configured {name}"))?;
        ensure!(
            !["running", "paused", "stopping"].contains(&status),
            "{name} is {status}, and the daemon that ran it is gone"
        );
        if let Some(acknowledged) = &known.status {
            ensure!(acknowledged == status, "{name} was acknowledged {acknowledged}, and is {status}");
        }
        let found: BTreeSet<String> = line.findings(name)?.into_iter().collect();
        if let Some(lost) = known.findings.iter().find(|id| !found.contains(*id)) {
            bail!(
                "{name} has lost the finding {lost} that was read; {} of {} are there",
                found.len(),
                known.findings.len()
            );
        }
        let count = u64::try_from(found.len())?;
        ensure!(count >= known.saved, "{name} had {} durable findings, and has {count}", known.saved);
    }
    Ok(())
}
