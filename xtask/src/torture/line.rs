//! A connection to the daemon's socket. It reads and writes the protocol by itself, so that it notices
//! when the daemon does not.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

/// A connection.
#[derive(Debug)]
pub(super) struct Line {
    stream: BufReader<UnixStream>,
    last: u64,
}

/// What a request came to.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) parts: Vec<Value>,
    /// What it came to, or the code of why not.
    pub(super) end: Result<Value, String>,
}

impl Line {
    pub(super) fn connect(path: &Path, patience: Duration) -> Result<Self> {
        let stream = UnixStream::connect(path).context("failed to connect to the socket")?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Self { stream: BufReader::new(stream), last: 0 })
    }

    /// Asks, and waits for the whole answer.
    pub(super) fn ask(&mut self, ask: &Value) -> Result<Answer> {
        let id = self.tell(ask)?;
        let mut parts = Vec::new();
        loop {
            let mut reply = self.hear()?.context("the connection ended before the answer came")?;
            if reply["id"] != id {
                continue;
            }
            if let Some(part) = reply.get_mut("part") {
                parts.push(part.take());
            } else if let Some(ok) = reply.get_mut("ok") {
                return Ok(Answer { parts, end: Ok(ok.take()) });
            } else if let Some(code) = reply["error"]["code"].as_str() {
                return Ok(Answer { parts, end: Err(code.to_owned()) });
            } else {
                bail!("neither a part nor an end: {reply}");
            }
        }
    }

    /// Asks, and does not wait. Says under which number.
    pub(super) fn tell(&mut self, ask: &Value) -> Result<u64> {
        self.last += 1;
        let line = format!("{}\n", json!({"v": 1, "id": self.last, "do": ask}));
        self.stream.get_mut().write_all(line.as_bytes())?;
        Ok(self.last)
    }

    /// The next line. `None`: the connection has ended.
    pub(super) fn hear(&mut self) -> Result<Option<Value>> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        Ok(Some(serde_json::from_str(&line).with_context(|| format!("not a line of JSON: {line:?}"))?))
    }

    /// Both ends of the connection, to be used by different threads.
    pub(super) fn split(&self) -> Result<UnixStream> {
        Ok(self.stream.get_ref().try_clone()?)
    }

    /// All units.
    pub(super) fn units(&mut self) -> Result<Vec<Value>> {
        let answer = self.ask(&json!({"list": {}}))?;
        if let Err(code) = answer.end {
            bail!("the units are not listed: {code}");
        }
        Ok(answer.parts.into_iter().map(|mut part| part["unit"].take()).collect())
    }

    /// The names of all findings of a unit.
    pub(super) fn findings(&mut self, unit: &str) -> Result<Vec<String>> {
        let answer = self.ask(&json!({"findings": {"unit": unit}}))?;
        if let Err(code) = answer.end {
            bail!("the findings of {unit} are not told: {code}");
        }
        let id = |part: &Value| part["finding"]["id"].as_str().map(str::to_owned);
        answer.parts.iter().map(|part| id(part).context("a finding has an id")).collect()
    }

    /// Asks for something that has to be done.
    pub(super) fn must(&mut self, ask: &Value) -> Result<Value> {
        self.ask(ask)?.end.map_err(|code| anyhow::anyhow!("{ask} came to {code}"))
    }
}
