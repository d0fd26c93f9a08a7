//! Signals and requests in any order and number, except for SIGKILL.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::process::ExitStatusExt as _,
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::Torment;
use crate::torture::{
    daemon::{Daemon, check_code},
    home::Home,
    line::Line,
    run::Round,
    units::{TREES, WORKER, script, survey},
};

pub(super) const TORMENT: Torment = Torment {
    name: "signal-storm",
    fault: "SIGTERM, SIGINT and SIGHUP in any order and number, with stops over the socket between them",
    holds: "exit 0 or 1, and 0 loses nothing",
    unit: "signals",
    slowest: "end of the storm",
    batch: 500,
    short: 10_000,
    full: 100_000,
    aim: "a report each time with the code of the exit; with 0 every finding is there at the next start",
    play,
};

const SURVEYS: usize = 6;
const DEADLINE: Duration = Duration::from_secs(5);

fn play(round: &mut Round<'_>) -> Result<()> {
    let home = round.home;
    let mut config = format!("deadline = \"{}s\"\n{WORKER}", DEADLINE.as_secs());
    for number in 0..SURVEYS {
        config += &format!("{}start = true\n", survey(&format!("survey-{number}")));
    }
    config += &format!("{}start = true\n", script("tree", TREES[3]));
    home.configure(&config)?;
    let mut saved: BTreeMap<String, u64> = BTreeMap::new();
    let mut left = round.goal;
    while left > 0 {
        let mut daemon = home.spawn()?;
        let is_up = !round.random.percent(20);
        let mut line = None;
        if is_up {
            home.answers(&mut daemon)?;
            let mut asker = home.connect()?;
            for (name, saved) in &saved {
                let count = u64::try_from(asker.findings(name)?.len())?;
                ensure!(count >= *saved, "{name} had {saved} durable findings, and has {count}");
            }
            line = Some(asker);
        } else {
            sleep(round.random.time(Duration::from_millis(40)));
        }
        let began = Instant::now();
        let sent = storm(round, &mut daemon, line.as_mut(), left)?;
        round.count(sent);
        // Even a storm of nothing but hangups comes to an end.
        left = left.saturating_sub(sent.max(1));
        daemon.signal(Signal::TERM)?;
        let (status, _) = daemon.gone_within(home.limit(DEADLINE * 2))?;
        round.took(began.elapsed());
        let before_main = status.signal().is_some() && daemon.log().is_empty();
        if !before_main {
            check_code(status)?;
        }
        if is_up {
            saved.extend(check_report(home, check_code(status)?)?);
        }
        home.check_left_nothing()?;
    }
    Ok(())
}

/// Sends signals until the daemon is gone or there were enough. Says how many it was there for.
fn storm(round: &mut Round<'_>, daemon: &mut Daemon, mut line: Option<&mut Line>, most: u64) -> Result<u64> {
    let random = &mut round.random;
    // Some storms are over soon, others keep the daemon busy for long.
    let hangups = random.one_of(&[30, 80, 97]);
    let pause = Duration::from_micros(random.one_of(&[0, 100, 2_000]));
    let mut sent = 0;
    while sent < most {
        let signal = match random.below(100) {
            percent if percent < hangups => Signal::HUP,
            percent if percent % 2 == 0 => Signal::TERM,
            _ => Signal::INT,
        };
        if !daemon.signal(signal)? {
            break;
        }
        sent += 1;
        if let Some(line) = line.as_deref_mut().filter(|_| random.percent(10)) {
            let unit = format!("survey-{}", random.place(SURVEYS));
            let ask = random.one_of(&["stop", "start", "cancel"]);
            // Once it is shutting down nobody needs to be there for the answer.
            let _gone = line.tell(&json!({ ask: { "unit": unit } }));
        }
        sleep(random.time(pause));
    }
    Ok(sent)
}

/// Compares the report with the exit code. Says how many findings of each unit are durable.
fn check_report(home: &Home<'_>, code: i32) -> Result<BTreeMap<String, u64>> {
    let text = fs::read_to_string(home.state("report.json")).context("there is no report")?;
    let report: Value = serde_json::from_str(&text).context("the report is no JSON")?;
    ensure!(report["code"] == code, "it exits with {code}, and the report says {}", report["code"]);
    let mut all = BTreeMap::new();
    for unit in report["units"].as_array().context("the report has units")? {
        let number = |field: &str| unit[field].as_u64().with_context(|| format!("{unit} has no {field}"));
        let (recorded, saved) = (number("recorded")?, number("saved")?);
        ensure!(code != 0 || recorded == saved, "it exits with 0, and has lost findings: {unit}");
        all.insert(unit["name"].as_str().context("a unit has a name")?.to_owned(), saved);
    }
    fs::remove_file(home.state("report.json"))?;
    Ok(all)
}
