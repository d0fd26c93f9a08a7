//! What was found, for people and for programs. Nothing here depends on how many threads there were.

use std::{fmt::Write as _, io, time::Duration};

use serde_json::json;
use winddown_core::Status;
use winddown_sim::{
    claims::Sight,
    explore::{Exploration, Model, Scope, Told},
    timeline,
};

use crate::{
    breach::words as breach_words,
    cli::Format,
    json::SCHEMA,
    output::{BAD, Code, GOOD, painted, print, print_json, styled},
};

/// Writing to a string cannot fail.
macro_rules! line {
    ($to:expr, $($text:tt)*) => {{ let _always_fits = writeln!($to, $($text)*); }};
}

/// A way through a scope: each choice by its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Way(pub(crate) Vec<u8>);

pub(crate) fn parse_way(text: &str) -> Result<Way, String> {
    let places = text.split('.').map(str::parse);
    places.collect::<Result<Vec<u8>, _>>().map(Way).map_err(|_| {
        format!("`{text}` is no way; expected numbers from 0 to 255 with dots between them, as in 4.0.2")
    })
}

fn way_text(way: &[u8]) -> String {
    way.iter().map(u8::to_string).collect::<Vec<_>>().join(".")
}

fn many(count: impl Into<usize>, one: &str) -> String {
    match count.into() {
        0 => format!("no {one}"),
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    }
}

/// A scope in words.
pub(crate) fn words(scope: &Scope) -> String {
    let Scope { system, units, stops, findings, signals, failures, delays, crash } = *scope;
    format!(
        "{} of system {}, {}, {}, {}, {}, {}, {}",
        many(units, "unit"),
        system.name(),
        many(stops, "stop"),
        many(signals + 1, "shutdown"),
        many(findings, "finding"),
        many(failures, "failure"),
        many(delays, "late answer"),
        if crash { "a crash at any moment" } else { "no crash" },
    )
}

/// The command that explores a scope, or walks one way of it.
fn command(scope: &Scope, way: Option<&[u8]>) -> String {
    let mut text = "cargo xtask explore".to_owned();
    let reference = Scope::REFERENCE;
    let mut option = |name: &str, value: u8, usual: u8| {
        if value != usual {
            let _always_fits = write!(text, " --{name} {value}");
        }
    };
    option("units", scope.units, reference.units);
    option("stops", scope.stops, reference.stops);
    option("shutdowns", scope.signals + 1, reference.signals + 1);
    option("findings", scope.findings, reference.findings);
    option("failures", scope.failures, reference.failures);
    option("delays", scope.delays, reference.delays);
    if scope.system != reference.system {
        let _always_fits = write!(text, " --system {}", scope.system.name());
    }
    if !scope.crash {
        text.push_str(" --no-crash");
    }
    if let Some(way) = way.filter(|way| !way.is_empty()) {
        let _always_fits = write!(text, " --way {}", way_text(way));
    }
    text
}

/// How fast it went.
pub(crate) struct Speed {
    pub(crate) jobs: usize,
    pub(crate) cpu: Duration,
    pub(crate) elapsed: Duration,
}

impl Speed {
    pub(crate) fn words(&self, exploration: &Exploration) -> String {
        let per_second = |count: u64| u128::from(count) * 1_000_000_000 / self.cpu.as_nanos().max(1);
        let threads = if self.jobs == 1 { "1 thread".to_owned() } else { format!("{} threads", self.jobs) };
        format!(
            "  speed         {:.1?} on {threads}, {:.1?} of CPU time; a CPU-second: {} states, {} transitions\n  \
             tried         {} choices; of all others it is known from their like what comes ({} KiB)",
            self.elapsed,
            self.cpu,
            per_second(exploration.states),
            per_second(exploration.transitions),
            exploration.tried,
            exploration.foresight_bytes / 1024,
        )
    }
}

/// What came of an exploration.
pub(crate) struct Found<'a> {
    pub(crate) model: &'a Model,
    pub(crate) exploration: &'a Exploration,
    /// How far it was to go, if that was said.
    pub(crate) depth: Option<u32>,
}

impl Found<'_> {
    pub(crate) const fn code(&self) -> Code {
        if self.exploration.counterexample.is_some() {
            Code::Broken
        } else if self.exploration.interrupted {
            Code::Interrupted
        } else {
            Code::Clean
        }
    }

    /// Whether all of it was explored, and why not.
    fn extent(&self) -> String {
        let Exploration { exhausted, interrupted, depth, open, .. } = self.exploration;
        if *exhausted {
            "yes: there is no other state in this scope".to_owned()
        } else if self.exploration.counterexample.is_some() {
            format!("no: it ends with the level in which the first claim breaks, {depth} steps away")
        } else if *interrupted {
            format!("no: interrupted at depth {depth}")
        } else {
            let far = self.depth.unwrap_or(*depth);
            format!("no: --depth {far} was reached; from {open} states calm leads beyond it")
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let found = self.exploration;
        line!(text, "  states        {}", found.states);
        line!(text, "  transitions   {}", found.transitions);
        let widest = found.levels.iter().max().copied().unwrap_or_default();
        line!(text, "  depth         {} steps; {widest} states in the widest level", found.depth);
        let each = found.table_bytes / found.states.max(1);
        line!(text, "  memory        {each} bytes a state beyond the frontier");
        self.coverage(&mut text);
        line!(text, "  exhausted     {}", self.extent());
        match &found.counterexample {
            None => line!(text, "  verdict       {}", styled(GOOD, "all claims held")),
            Some(told) => {
                let broken = styled(BAD, "a claim is broken");
                line!(text, "  verdict       {broken}; this is a shortest way to it");
                text.push_str(&timeline_text(self.model, told));
            }
        }
        text
    }

    fn coverage(&self, text: &mut String) {
        let seen = &self.exploration.coverage;
        let (met, of) = seen.pairs();
        line!(text, "  coverage      {met} of {of} pairs of a status and an input");
        for status in Status::ALL {
            let met: Vec<&str> = seen.inputs_met(status).collect();
            if !met.is_empty() {
                line!(text, "                {status} met {}", met.join(", "));
            }
        }
        line!(text, "                actions taken: {}", seen.actions().join(", "));
        let sights = Sight::ALL.len();
        line!(text, "                {} of {sights} sometimes-claims seen", sights - seen.unseen().count());
    }

    pub(crate) fn print_json(&self) -> io::Result<()> {
        let found = self.exploration;
        let met =
            |status: Status| (status.to_string(), found.coverage.inputs_met(status).collect::<Vec<_>>());
        let pairs: std::collections::BTreeMap<_, _> = Status::ALL.into_iter().map(met).collect();
        let seen = Sight::ALL.iter().filter(|sight| found.coverage.has_seen(**sight));
        print_json(&json!({
            "type": "exploration", "schema": SCHEMA, "scope": words(self.model.scope()),
            "command": command(self.model.scope(), None), "states": found.states,
            "transitions": found.transitions, "depth": found.depth, "levels": found.levels,
            "table_bytes": found.table_bytes, "pairs": pairs, "actions": found.coverage.actions(),
            "sights": seen.map(|sight| sight.name()).collect::<Vec<_>>(),
            "exhausted": found.exhausted, "interrupted": found.interrupted, "open": found.open,
            "exit_code": self.code().number(),
        }))?;
        match &found.counterexample {
            Some(told) => print_way(self.model, told, Format::Json),
            None => Ok(()),
        }
    }
}

/// A way as a timeline, with its verdict, and how it is walked again.
pub(crate) fn print_way(model: &Model, told: &Told, format: Format) -> io::Result<()> {
    match format {
        Format::Text => print(&timeline_text(model, told)),
        Format::Json => print_json(&json!({
            "type": "way", "schema": SCHEMA, "way": way_text(&told.way), "steps": told.way.len(),
            "replay": command(model.scope(), Some(&told.way)),
            "timeline": timeline::joined(&timeline::steps(model.setup(), &told.story)),
            "breach": told.breach.as_ref().map(|breach| json!({
                "claim": breach.claim.name(), "id": breach.claim.id(), "message": breach.message,
                "at": breach.at.nanos(),
            })),
        })),
    }
}

fn timeline_text(model: &Model, told: &Told) -> String {
    let mut text = format!("\n{}\n", painted(&timeline::steps(model.setup(), &told.story)));
    match &told.breach {
        None => line!(text, "{}", styled(GOOD, "all claims held on this way")),
        Some(breach) => {
            let head = styled(BAD, &format!("BROKEN  {}", breach_words(breach)));
            let steps = many(told.way.len(), "step");
            line!(text, "{head}   {steps} from the first state");
            line!(text, "        {}", breach.message);
        }
    }
    line!(text, "  replay:    {}", command(model.scope(), Some(&told.way)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_read_as_they_are_printed() {
        let way = [4, 0, 255];
        assert_eq!(parse_way(&way_text(&way)), Ok(Way(way.to_vec())));
        for wrong in ["", "1..2", "256", "a", "1.2."] {
            assert!(parse_way(wrong).unwrap_err().contains("is no way"), "{wrong}");
        }
    }
}
