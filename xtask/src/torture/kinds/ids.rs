//! Names of units that are paths, options, shell commands, or nothing of the kind.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::Torment;
use crate::torture::{
    daemon::Daemon,
    home::{Home, words},
    http,
    random::Random,
    run::Round,
    units::{TREES, WORKER, script, task},
};

pub(super) const TORMENT: Torment = Torment {
    name: "ids",
    fault: "names of units over the socket and HTTP that are paths, options, shell commands, or noise",
    holds: "no file outside, nothing is run",
    unit: "names",
    slowest: "-",
    batch: 10_000,
    short: 5_000,
    full: 1_000_000,
    aim: "each is refused, no file is made or open outside the state directory, no process is started",
    play,
};

const TOKEN: &str = "alices-token-0001";
const AT_ONCE: u64 = 100;
/// Of so many names one goes over HTTP, where each needs a connection.
const HTTP_SHARE: u64 = 20;
const ANSWER: Duration = Duration::from_secs(5);

const PIECES: [&str; 34] = [
    "..",
    "/",
    "//",
    ".",
    "-",
    "--help",
    "-rf",
    "~",
    "$HOME",
    "$(touch canary)",
    "`touch canary`",
    ";",
    "|",
    "&",
    "\n",
    "\r\n",
    "\0",
    "\t",
    " ",
    "%2e%2e",
    "%2f",
    "%00",
    "\\",
    "\"",
    "'",
    "\u{202e}",
    "ä",
    "\u{feff}",
    "canary",
    "tree",
    "a/b/c",
    "winddownd.pid",
    "etc/passwd",
    "*",
];

fn play(round: &mut Round<'_>) -> Result<()> {
    let home = round.home;
    let mut config = home.http_for("alice", TOKEN)? + WORKER;
    config += &script("tree", TREES[0]);
    config += &task("a/b/c", "alice");
    home.configure(&config)?;
    let (mut daemon, _) = home.start()?;
    home.until("it says where HTTP is", || Ok(http::address(&daemon).is_ok()))?;
    let address = http::address(&daemon)?;
    let before = files(home.dir())?;
    let mut left = round.goal;
    while left > 0 {
        let count = left.min(AT_ONCE);
        let mut line = home.connect()?;
        let mut asked = Vec::new();
        for _ in 0..count {
            let name = name(&mut round.random, home);
            if round.random.below(HTTP_SHARE) == 0 {
                let request = http::head("POST", &format!("/cancel/{name}"), TOKEN, 0);
                let status = http::send(address, request.as_bytes(), home.limit(ANSWER))?;
                ensure!(status != Some(200), "a cancel of {name:?} over HTTP is answered {status:?}");
            } else {
                let ask = ask(&mut round.random, &name);
                asked.push((line.tell(&ask)?, name));
            }
        }
        for _ in 0..asked.len() {
            let reply = line.hear()?.context("the connection has ended")?;
            let name = asked.iter().find(|(id, _)| reply["id"] == *id).map(|(_, name)| name);
            ensure!(reply.get("error").is_some(), "a request for {name:?} is answered with {reply}");
        }
        round.count(count);
        left -= count;
        check(home, &mut daemon, &before)?;
    }
    Ok(())
}

/// A name that no unit has.
fn name(random: &mut Random, home: &Home<'_>) -> String {
    let mut name = match random.below(12) {
        0 => "x".repeat(200 + random.place(1_000)),
        1 => {
            let length = random.place(40);
            String::from_utf8_lossy(&random.bytes(length)).into_owned()
        }
        2 => format!("{}{}/canary", "../".repeat(random.place(12)), home.dir().display()),
        _ => String::new(),
    };
    for _ in 0..random.below(6) {
        name += random.one_of(&PIECES);
    }
    if name == "tree" || name == "a/b/c" { "..".to_owned() } else { name }
}

fn ask(random: &mut Random, name: &str) -> Value {
    let what =
        random.one_of(&["start", "stop", "cancel", "pause", "resume", "inspect", "findings", "attach"]);
    json!({ what: { "unit": name } })
}

/// Fails if there is a file that was not there before, if one is open that is not the daemon's business, or
/// if something runs.
fn check(home: &Home<'_>, daemon: &mut Daemon, before: &BTreeSet<String>) -> Result<()> {
    if let Some(status) = daemon.ended()? {
        bail!("the daemon is gone: {status}");
    }
    let own = |name: &str| name.starts_with("state/winddown.db");
    if let Some(new) = files(home.dir())?.difference(before).find(|name| !own(name)) {
        bail!("there is a file {new:?} that was not there before");
    }
    ensure!(!Path::new("canary").exists(), "there is a file called canary where the daemon was started");
    let running = home.bodies();
    ensure!(running.is_empty(), "something runs that nobody started: {}", words(&running));
    for entry in fs::read_dir(format!("/proc/{}/fd", daemon.pid()))? {
        // One that is closed meanwhile is no longer open.
        let Ok(target) = fs::read_link(entry?.path()) else { continue };
        let is_file = target.is_absolute() && !target.starts_with("/dev");
        ensure!(!is_file || target.starts_with(home.dir().canonicalize()?), "{} is open", target.display());
    }
    Ok(())
}

/// The names of all files below a directory.
fn files(dir: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            names.extend(files(&entry.path())?.into_iter().map(|inner| format!("{name}/{inner}")));
        }
        names.insert(name);
    }
    Ok(names)
}
