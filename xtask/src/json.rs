//! The same for programs: one object a line, each with its type and the version of the format.

use std::io;

use serde_json::{Value, json};
use winddown_core::{Moment, UnitId};
use winddown_sim::{
    Ended, Outcome, Setup,
    claims::{Breach, Sight},
    entropy::RNG_VERSION,
    fault::Fault,
    story::{Entry, Note, Story},
    timeline::{self, Heading, Line, SEMANTICS_VERSION},
};

use crate::{
    output::{Code, print_json},
    play::{Told, replay},
    summary::Summary,
};

/// The version of these lines. A new field does not change it; a changed or missing one does.
pub(crate) const SCHEMA: u32 = 1;

/// Why a command did not work.
pub(crate) fn error(message: &str, code: Code) -> Value {
    json!({"type": "error", "schema": SCHEMA, "message": message, "exit": code.number()})
}

pub(crate) fn print_run(told: &Told) -> io::Result<()> {
    run(told).iter().try_for_each(print_json)
}

/// A whole run: what it is a run of, its entries, its report, its verdict.
pub(crate) fn run(told: &Told) -> Vec<Value> {
    let mut all = vec![head(&told.setup, &told.heading)];
    all.extend(entries(&told.setup, &told.story));
    match &told.end {
        Ok(outcome) => all.extend(end(told, outcome)),
        Err(message) => {
            let given = told.story.unfinished.as_ref();
            let given = given.map(|(at, input)| json!({"at": at.nanos(), "input": input}));
            all.push(json!({"type": "verdict", "schema": SCHEMA, "panicked": message, "in": given}));
        }
    }
    all
}

/// What a run is a run of.
pub(crate) fn head(setup: &Setup, heading: &Heading) -> Value {
    let ids = (0..setup.unit_count()).map(|place| UnitId(u32::try_from(place).unwrap_or(u32::MAX)));
    let units: Vec<Value> = ids
        .map(|unit| {
            let system = setup.system(unit).map(winddown_sim::scenario::System::name);
            json!({"unit": unit, "name": setup.unit_name(unit), "system": system})
        })
        .collect();
    json!({
        "type": "run", "schema": SCHEMA, "seed": heading.seed, "rng": RNG_VERSION,
        "semantics": SEMANTICS_VERSION, "scenario": heading.scenario, "toml": setup.scenario.to_toml(),
        "units": units, "replay": heading.replay,
    })
}

/// What happened, entry by entry, each with the lines of the timeline that tell it.
pub(crate) fn entries(setup: &Setup, story: &Story) -> Vec<Value> {
    let mut number = 0_u64;
    let entry = |((at, entry), lines): (&(Moment, Entry), Vec<Line>)| {
        let text: Vec<String> = lines.into_iter().map(|line| line.text).collect();
        match entry {
            Entry::Step { input, disposition, effects, units } => {
                number += 1;
                let units: Vec<Value> =
                    units.iter().map(|(status, lives)| json!({"status": status, "lives": lives})).collect();
                json!({
                    "type": "step", "schema": SCHEMA, "at": at.nanos(), "step": number, "input": input,
                    "disposition": disposition, "effects": effects, "units": units, "text": text,
                })
            }
            Entry::Note(note) => {
                let (name, mut object) = self::note(note);
                object["type"] = "note".into();
                object["schema"] = SCHEMA.into();
                object["at"] = at.nanos().into();
                object["note"] = name.into();
                object["text"] = text.into();
                object
            }
        }
    };
    story.entries.iter().zip(timeline::entries(setup, story)).map(entry).collect()
}

/// A note's name, and what else there is to say.
fn note(note: &Note) -> (&'static str, Value) {
    match *note {
        Note::Struck(fault, unit) => ("fault-struck", json!({"fault": fault.name(), "unit": unit})),
        Note::Deaf(unit) => ("deaf", json!({"unit": unit})),
        Note::OuterStop(outer) => ("outer-stop", json!({"outer": outer.name()})),
        Note::OuterKill => ("outer-kill", json!({})),
        Note::Crashed => ("crashed", json!({})),
        Note::Booted => ("booted", json!({})),
        Note::Calm => ("calm", json!({})),
        Note::Broken(claim) => ("broken", json!({"claim": claim.name(), "id": claim.id()})),
    }
}

fn end(told: &Told, outcome: &Outcome) -> [Value; 2] {
    let engine = told.arena.engine();
    let report = json!({
        "type": "report", "schema": SCHEMA, "exited": engine.has_exited(), "report": engine.report(),
    });
    let exit = match outcome.ended {
        Ended::Exited(code) => Some(code),
        Ended::Broken => None,
    };
    let verdict = json!({
        "type": "verdict", "schema": SCHEMA, "held": outcome.breach.is_none(),
        "broken": outcome.breach.as_deref().map(breach), "exit": exit, "killed": outcome.killed,
        "crashes": outcome.crashes, "steps": outcome.steps, "virtual_nanos": outcome.took.nanos(),
        "trace": format!("{:016x}", outcome.hash),
    });
    [report, verdict]
}

fn breach(breach: &Breach) -> Value {
    json!({
        "claim": breach.claim.name(), "id": breach.claim.id(), "at": breach.at.nanos(),
        "step": breach.step, "unit": breach.unit, "message": breach.message,
    })
}

pub(crate) fn print_campaign(summary: &Summary<'_>) -> io::Result<()> {
    let (campaign, arguments) = (summary.campaign, summary.arguments);
    for (seed, found) in &campaign.breaches {
        print_json(&json!({
            "type": "breach", "schema": SCHEMA, "seed": seed, "breach": breach(found),
            "replay": replay(arguments, *seed),
        }))?;
    }
    for (seed, message) in &campaign.panics {
        print_json(&json!({
            "type": "panic", "schema": SCHEMA, "seed": seed, "message": message,
            "replay": replay(arguments, *seed),
        }))?;
    }
    for divergence in &campaign.divergences {
        let (one, other) = divergence.hashes;
        print_json(&json!({
            "type": "divergence", "schema": SCHEMA, "seed": divergence.seed,
            "traces": [format!("{one:016x}"), format!("{other:016x}")],
        }))?;
    }
    let (pairs, pairs_of) = campaign.coverage.pairs();
    let unseen: Vec<&str> = campaign.coverage.unseen().map(Sight::name).collect();
    let idle = Fault::ALL.iter().filter(|fault| !campaign.coverage.has_struck(**fault));
    let idle: Vec<&str> = idle.map(|fault| fault.name()).collect();
    print_json(&json!({
        "type": "sweep", "schema": SCHEMA, "scenarios": arguments.scenario_words(),
        "first": summary.first, "end": campaign.end, "runs": campaign.runs, "steps": campaign.steps,
        "virtual_millis": u64::try_from(campaign.virtual_nanos / 1_000_000).unwrap_or(u64::MAX),
        "elapsed_millis": u64::try_from(summary.elapsed.as_millis()).unwrap_or(u64::MAX),
        "exits": campaign.exits, "crashes": campaign.crashes, "killed": campaign.killed,
        "breaches": campaign.breach_count, "panics": campaign.panic_count,
        "divergences": campaign.divergences.len(), "pairs": pairs, "pairs_of": pairs_of,
        "faults_idle": idle, "unseen": unseen, "stopped": campaign.stopped,
        "interrupted": summary.interrupted, "exit_code": summary.code().number(),
        "hash": format!("{:016x}", campaign.hash),
    }))
}
