//! Bearer tokens, right and wrong ones, and every place where they could turn up.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;
use serde_json::json;

use super::Torment;
use crate::torture::{
    daemon::Daemon,
    home::Home,
    http,
    random::Random,
    run::Round,
    units::{WORKER, script, task},
};

pub(super) const TORMENT: Torment = Torment {
    name: "tokens",
    fault: "right, wrong and mangled bearer tokens, a reload, and commands that print what they were given",
    holds: "no token turns up anywhere",
    unit: "starts",
    slowest: "-",
    batch: 1,
    short: 5,
    full: 1_000,
    aim: "no token in arguments, environments, logs at the level trace, answers, or files of the state",
    play,
};

const ANSWER: Duration = Duration::from_secs(5);

fn play(round: &mut Round<'_>) -> Result<()> {
    let home = round.home;
    while round.begin() {
        let secrets: Vec<String> = (0..3).map(|_| secret(&mut round.random)).collect();
        let mut config = home.http_for("alice", &secrets[0])? + WORKER;
        config += &script("teller", "env; tr '\\0' ' ' < /proc/$PPID/cmdline; exec sleep 1000");
        for number in 0..3 {
            config += &format!("{}start = true\n", task(&format!("a/b/{number}"), "alice"));
        }
        home.configure(&config)?;
        let mut daemon = home.spawn_with(&["--log", "trace"])?;
        home.answers(&mut daemon)?;
        home.connect()?.must(&json!({"start": {"unit": "teller"}}))?;
        ask_for_everything(home, &mut daemon, &secrets)?;
        look(home, &secrets)?;
        daemon.signal(Signal::TERM)?;
        daemon.gone_within(home.limit(ANSWER))?;
        look(home, &secrets)?;
    }
    Ok(())
}

fn secret(random: &mut Random) -> String {
    format!("{:016x}{:016x}", random.next(), random.next())
}

/// Every answer that HTTP has, and a reload.
fn ask_for_everything(home: &Home<'_>, daemon: &mut Daemon, secrets: &[String]) -> Result<()> {
    home.until("it says where HTTP is", || Ok(http::address(daemon).is_ok()))?;
    let address = http::address(daemon)?;
    let send = |path: &str, token: &str, body: &str| {
        let request = http::head("POST", path, token, body.len()) + body;
        http::send(address, request.as_bytes(), home.limit(ANSWER))
    };
    ensure!(send("/cancel/a/b/0", &secrets[0], "")? == Some(200), "the right token is refused");
    ensure!(send("/cancel/a/b/1", &secrets[1], "")? == Some(401), "a wrong token is taken");
    send("/cancel/a/b/1", &format!("{} {}", secrets[0], secrets[1]), "")?;
    send("/cancel/a/../b", &secrets[0], "")?;
    send("/cancel/a/b/1", &secrets[0], "{\"reason\":")?;
    send("/cancel/a/b/1", &secrets[0], &"x".repeat(5_000))?;
    send("/cancel/a/b/none", &secrets[0], "")?;
    http::send(address, format!("GARBAGE {}\r\n\r\n", secrets[1]).as_bytes(), home.limit(ANSWER))?;
    home.http_for("alice", &secrets[2])?;
    daemon.signal(Signal::HUP)?;
    home.until("the new token is taken", || Ok(send("/cancel/a/b/2", &secrets[2], "")? != Some(401)))?;
    // A file that cannot be read is complained about, and its words are not repeated.
    home.http_for("", &secrets[2])?;
    daemon.signal(Signal::HUP)?;
    home.until("it complains", || Ok(daemon.log().contains("not reloaded")))
}

/// Looks for a secret wherever it must not be.
fn look(home: &Home<'_>, secrets: &[String]) -> Result<()> {
    for process in home.alive() {
        for part in ["cmdline", "environ"] {
            let path = Path::new("/proc").join(process.pid.to_string()).join(part);
            // One that is gone meanwhile has neither.
            check(&path, &fs::read(&path).unwrap_or_default(), secrets)?;
        }
    }
    if let Ok(mut line) = home.connect() {
        let said = line.units()?;
        check(Path::new("an answer"), json!(said).to_string().as_bytes(), secrets)?;
    }
    let mut files = files(&home.state_dir())?;
    for entry in fs::read_dir(home.dir())? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("log-") {
            files.push(entry.path());
        }
    }
    for file in files {
        check(&file, &fs::read(&file).unwrap_or_default(), secrets)?;
    }
    Ok(())
}

fn check(place: &Path, bytes: &[u8], secrets: &[String]) -> Result<()> {
    for secret in secrets {
        let secret = secret.as_bytes();
        ensure!(
            !bytes.windows(secret.len()).any(|window| window == secret),
            "there is a token in {}",
            place.display()
        );
    }
    Ok(())
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).context("there is a state directory")? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            all.extend(files(&entry.path())?);
        } else if kind.is_file() {
            all.push(entry.path());
        }
    }
    Ok(all)
}
