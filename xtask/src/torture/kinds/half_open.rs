//! HTTP connections that send half a head or half a body, and then nothing.

use std::{
    io::Write as _,
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use rustix::process::Signal;

use super::Torment;
use crate::torture::{daemon::check_code, home::Home, http, random::Random, run::Round, units::task};

pub(super) const TORMENT: Torment = Torment {
    name: "half-open",
    fault: "HTTP connections that send half a request and stay, up to and through the shutdown",
    holds: "cancels are fast, the end in time",
    unit: "connections",
    slowest: "cancel, p99",
    batch: 1_000,
    short: 1_000,
    full: 20_000,
    aim: "of 100 cancels among 1,000 connections 99 are answered within 250 ms; exit within the deadline",
    play,
};

const CANCELS: usize = 100;
const P99: Duration = Duration::from_millis(250);
const DEADLINE: Duration = Duration::from_secs(5);
const TOKEN: &str = "alices-token-0001";
/// The daemon closes those that are silent for 5 s, so cancels have to be through by then.
const PATIENCE: Duration = Duration::from_secs(4);

fn play(round: &mut Round<'_>) -> Result<()> {
    let home = round.home;
    let mut config = format!("deadline = \"{}s\"\n", DEADLINE.as_secs());
    config += &home.http_for("alice", TOKEN)?;
    for number in 0..CANCELS {
        config += &format!("{}start = true\n", task(&format!("a/b/{number}"), "alice"));
    }
    home.configure(&config)?;
    let (mut daemon, _) = home.start()?;
    home.until("it says where HTTP is", || Ok(http::address(&daemon).is_ok()))?;
    let address = http::address(&daemon)?;
    let mut half_open = Vec::new();
    for _ in 0..round.goal {
        half_open.push(open_half(home, address, &mut round.random)?);
    }
    round.count(round.goal);
    let mut times = Vec::new();
    for number in 0..CANCELS {
        let request = http::head("POST", &format!("/cancel/a/b/{number}"), TOKEN, 0);
        let began = Instant::now();
        let status = http::send(address, request.as_bytes(), home.limit(PATIENCE))?;
        times.push(began.elapsed());
        ensure!(status == Some(200), "cancel {number} was answered {status:?}");
    }
    times.sort_unstable();
    let p99 = times[CANCELS * 99 / 100 - 1];
    round.took(p99);
    home.check_time("the 99th of 100 cancels", p99, P99)?;
    // Those that were closed for being silent are replaced, so that a shutdown finds all of them.
    let late = round.random.place(half_open.len());
    for stream in &mut half_open[..late] {
        *stream = open_half(home, address, &mut round.random)?;
    }
    daemon.signal(Signal::TERM)?;
    let (status, took) = daemon.gone_within(home.limit(DEADLINE * 2))?;
    home.check_time("the shutdown", took, DEADLINE)?;
    ensure!(check_code(status)? == 0, "nothing was lost, and it exits with 1");
    drop(half_open);
    home.check_left_nothing()
}

fn open_half(home: &Home<'_>, address: SocketAddr, random: &mut Random) -> Result<TcpStream> {
    let mut stream = http::connect(address, home.limit(PATIENCE))?;
    let whole = http::head("POST", "/cancel/a/b/0", "nobodys-token-1", 9) + "{\"reas";
    let half = random.place(whole.len());
    stream.write_all(&whole.as_bytes()[..half])?;
    Ok(stream)
}
