//! Lines on the socket that are no requests.

use std::{
    io::{BufReader, ErrorKind, Write as _},
    net::Shutdown,
    thread,
    time::Instant,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::Torment;
use crate::torture::{census, home::Home, random::Random, run::Round, units::survey};

pub(super) const TORMENT: Torment = Torment {
    name: "frames",
    fault: "lines that are no requests: random bytes, deep and cut JSON, wrong types, mutated requests, and \
            lines that are too long",
    holds: "the daemon answers, in bounds",
    unit: "lines",
    slowest: "answer meanwhile",
    batch: 20_000,
    short: 20_000,
    full: 1_000_000,
    aim: "no panic, at most 64 MiB more memory, and a request on another connection is answered",
    play,
};

const MORE_MEMORY_KIB: u64 = 64 * 1024;
/// How many lines one connection sends.
const AT_ONCE: u64 = 100;
/// The longest line that is read.
const LINE_LIMIT: usize = 64 * 1024;

/// Requests to begin with. None of them ends the daemon, whatever becomes of it.
const REQUESTS: [&str; 5] = [
    r#"{"v":1,"id":7,"do":{"stop":{"unit":"survey","force":false,"within":"20ms"}}}"#,
    r#"{"v":1,"id":8,"do":{"inspect":{"unit":"survey"}}}"#,
    r#"{"v":1,"id":9,"do":{"findings":{"unit":"survey","after":4294967295,"limit":1}}}"#,
    r#"{"v":1,"id":10,"do":{"cancel":{"unit":"survey","reason":"\u00e4"}}}"#,
    r#"{"v":1,"id":11,"do":{"list":{}}}"#,
];

/// What is JSON, and no request.
const NO_REQUESTS: [&str; 14] = [
    "null",
    "0",
    "[]",
    "\"stop\"",
    r#"{"v":1}"#,
    r#"{"v":1,"id":0,"do":{"list":{}}}"#,
    r#"{"v":1,"id":-1,"do":{"list":{}}}"#,
    r#"{"v":1,"id":18446744073709551616,"do":{"list":{}}}"#,
    r#"{"v":1e400,"id":1,"do":{"list":{}}}"#,
    r#"{"v":2,"id":1,"do":{"shutdown":{}}}"#,
    r#"{"v":1,"id":1,"do":{"list":{}},"do":{"list":{}}}"#,
    r#"{"v":1,"id":1,"do":{"stop":{"unit":"\ud800"}}}"#,
    r#"{"v":1,"id":1,"do":{"stop":{"unit":"survey","within":"99999999999999999999h"}}}"#,
    r#"{"v":1,"id":1,"do":{"findings":{"unit":"survey","limit":-1}}}"#,
];

fn play(round: &mut Round<'_>) -> Result<()> {
    let home = round.home;
    home.configure(&survey("survey"))?;
    let (mut daemon, _) = home.start()?;
    let pid = daemon.pid();
    let before = census::memory(pid, "VmRSS").context("a process has memory")?;
    let mut control = home.connect()?;
    let mut left = round.goal;
    while left > 0 {
        let count = left.min(AT_ONCE);
        let mut bytes: Vec<u8> = (0..count).flat_map(|_| frame(&mut round.random)).collect();
        if round.random.percent(10) {
            // It ends the connection, so it comes last.
            let longer = round.random.place(3 * LINE_LIMIT);
            bytes.extend(vec![b'x'; LINE_LIMIT + 1 + longer]);
        }
        flood(home, &bytes)?;
        round.count(count);
        left -= count;
        if let Some(status) = daemon.ended()? {
            bail!("the daemon is gone: {status}");
        }
        let began = Instant::now();
        control.must(&json!({"inspect": {"unit": "survey"}}))?;
        round.took(began.elapsed());
        let most = census::memory(pid, "VmHWM").context("a process has memory")?;
        ensure!(most <= before + MORE_MEMORY_KIB, "it had {before} KiB, and needed {most} KiB");
    }
    Ok(())
}

fn frame(random: &mut Random) -> Vec<u8> {
    let mut bytes = match random.below(8) {
        0 => {
            let length = random.place(2_000);
            random.bytes(length)
        }
        1 => {
            let deep = random.place(LINE_LIMIT - 100);
            let what = random.one_of(&["[", "{\"a\":", "[{\"v\":", "-"]);
            let mut text = what.repeat(deep / what.len());
            text.insert_str(0, random.one_of(&["", r#"{"v":1,"id":9,"do":"#, r#"{"v":1,"id":9,"x":"#]));
            text.into_bytes()
        }
        2..5 => {
            let mut bytes = random.one_of(&REQUESTS).as_bytes().to_vec();
            for _ in 0..1 + random.below(4) {
                let place = random.place(bytes.len());
                bytes[place] = random.next().to_le_bytes()[0];
            }
            bytes
        }
        5 => {
            let request = random.one_of(&REQUESTS);
            request.as_bytes()[..random.place(request.len())].to_vec()
        }
        6 => {
            let name = random.one_of(&["n", "../", "\\u0000", "%2e"]).repeat(1 + random.place(10_000));
            format!(r#"{{"v":1,"id":3,"do":{{"stop":{{"unit":"{name}"}}}}}}"#).into_bytes()
        }
        _ => random.one_of(&NO_REQUESTS).as_bytes().to_vec(),
    };
    bytes.push(b'\n');
    bytes
}

/// Sends all of it on one connection, and reads what comes back until the daemon closes it.
fn flood(home: &Home<'_>, bytes: &[u8]) -> Result<()> {
    let stream = home.connect()?.split()?;
    thread::scope(|scope| {
        let reader = scope.spawn(|| read(BufReader::new(&stream)));
        let mut writer = &stream;
        match writer.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write)) {
            // It was closed because of a line that is too long.
            Err(error) if !is_closed(error.kind()) => return Err(error).context("the daemon reads no more"),
            _ => {}
        }
        let said = reader.join().unwrap_or_else(|_| bail!("the reader panicked"))?;
        ensure!(said > 0, "not one of these lines was answered");
        Ok(())
    })
}

/// Says how many lines came. Each of them is JSON of this version.
fn read(mut from: impl std::io::BufRead) -> Result<u64> {
    let mut said = 0;
    loop {
        let mut line = String::new();
        match from.read_line(&mut line) {
            Ok(0) => return Ok(said),
            Ok(_) => {
                let reply: Value =
                    serde_json::from_str(&line).with_context(|| format!("no JSON: {line:?}"))?;
                ensure!(reply["v"] == 1, "not this version: {line}");
                said += 1;
            }
            Err(error) if is_closed(error.kind()) => return Ok(said),
            Err(error) => return Err(error).context("the daemon does not close the connection"),
        }
    }
}

const fn is_closed(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}
