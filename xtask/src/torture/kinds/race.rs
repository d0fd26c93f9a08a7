//! Daemons that start at the same time on one state directory.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;

use super::Torment;
use crate::torture::{
    daemon::{Daemon, GLANCE, check_code},
    home::Home,
    run::Round,
    units::survey,
};

pub(super) const TORMENT: Torment = Torment {
    name: "race",
    fault: "two to four daemons start at once on one state directory: a new one, a used one, or one whose \
            daemon was killed",
    holds: "one survives, its socket stays",
    unit: "races",
    slowest: "decision",
    batch: 10,
    short: 30,
    full: 200,
    aim: "exactly one survives, the others exit with 1, and the socket's inode never changes",
    play,
};

/// By when it is decided.
const DECIDED: Duration = Duration::from_secs(5);
/// So long the winner is looked at when all others are gone.
const AFTERWARDS: Duration = Duration::from_millis(20);

fn play(round: &mut Round<'_>) -> Result<()> {
    let home = round.home;
    home.configure(&survey("survey"))?;
    while round.begin() {
        let stale = inode(home);
        let mut racers = Vec::new();
        for _ in 0..2 + round.random.below(3) {
            racers.push(home.spawn()?);
            sleep(round.random.time(Duration::from_millis(3)));
        }
        let (mut winner, took) = decide(home, racers, stale)?;
        round.took(took);
        if round.random.percent(50) {
            winner.kill()?;
        } else {
            winner.signal(Signal::TERM)?;
            let (status, _) = winner.gone_within(home.limit(DECIDED))?;
            ensure!(check_code(status)? == 0, "the winner had nothing to lose, and exits with 1");
            home.check_left_nothing()?;
        }
    }
    Ok(())
}

/// The daemon that is left, and how long it took until it was the only one.
fn decide(home: &Home<'_>, mut racers: Vec<Daemon>, stale: Option<u64>) -> Result<(Daemon, Duration)> {
    let began = Instant::now();
    let mut seen = None;
    let mut decided: Option<Instant> = None;
    loop {
        let now = inode(home).filter(|inode| Some(*inode) != stale);
        ensure!(seen.is_none() || now == seen, "the socket was {seen:?}, and is {now:?}");
        seen = now;
        let mut alive = Vec::new();
        for mut racer in racers {
            match racer.ended()? {
                None => alive.push(racer),
                Some(status) => {
                    ensure!(check_code(status)? == 1, "one that lost exits with 0: {}", racer.log());
                    ensure!(
                        racer.log().contains("another winddownd"),
                        "it does not say why: {}",
                        racer.log()
                    );
                }
            }
        }
        racers = alive;
        ensure!(!racers.is_empty(), "nobody survived");
        if racers.len() == 1 && seen.is_some() {
            let since = *decided.get_or_insert_with(Instant::now);
            if since.elapsed() > AFTERWARDS {
                break;
            }
        }
        ensure!(began.elapsed() < home.limit(DECIDED), "{} daemons are left", racers.len());
        sleep(GLANCE);
    }
    let took = decided.unwrap_or(began) - began;
    let mut winner = racers.pop().context("there is one")?;
    home.answers(&mut winner)?;
    ensure!(inode(home) == seen, "the winner's socket has changed");
    let pid = fs::read_to_string(home.state("winddownd.pid"))?;
    ensure!(
        pid.split_whitespace().next() == Some(&winner.pid().to_string()),
        "the PID file names another process than {}: {pid}",
        winner.pid()
    );
    Ok((winner, took))
}

fn inode(home: &Home<'_>) -> Option<u64> {
    fs::symlink_metadata(home.socket()).ok().map(|meta| meta.ino())
}
