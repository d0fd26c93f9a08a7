//! The same for programs: one object a line, each with its type and the version of the format.

use std::io;

use serde_json::{Value, json};
use winddown_sim::{
    Ended,
    claims::{Breach, Sight},
    entropy::RNG_VERSION,
    fault::Fault,
    story::Entry,
    sweep::Campaign,
    timeline::SEMANTICS_VERSION,
};

use crate::{output::print_json, play::Told};

/// The version of these lines. A new field does not change it; a changed or missing one does.
pub(crate) const SCHEMA: u32 = 1;

pub(crate) fn print_run(told: &Told) -> io::Result<()> {
    let scenario = &told.setup.scenario;
    let units: Vec<String> =
        (0..told.arena.engine().unit_count()).map(|unit| told.setup.unit_name(unit_id(unit))).collect();
    print_json(&json!({
        "type": "run", "schema": SCHEMA, "seed": told.heading.seed, "rng": RNG_VERSION,
        "semantics": SEMANTICS_VERSION, "scenario": scenario.to_toml(), "units": units,
        "replay": told.heading.replay,
    }))?;
    for (at, entry) in &told.story.entries {
        print_json(&match entry {
            Entry::Step { input, disposition, effects, units } => {
                let statuses: Vec<Value> =
                    units.iter().map(|(status, lives)| json!({"status": status, "lives": lives})).collect();
                json!({
                    "type": "step", "schema": SCHEMA, "at": at.nanos(), "input": input,
                    "disposition": disposition, "effects": effects, "units": statuses,
                })
            }
            Entry::Note(note) => {
                json!({"type": "note", "schema": SCHEMA, "at": at.nanos(), "note": format!("{note:?}")})
            }
        })?;
    }
    print_json(&json!({
        "type": "report", "schema": SCHEMA, "exited": told.arena.engine().has_exited(),
        "report": told.arena.engine().report(),
    }))?;
    let outcome = &told.outcome;
    let exit = match outcome.ended {
        Ended::Exited(code) => Some(code),
        Ended::Broken => None,
    };
    print_json(&json!({
        "type": "verdict", "schema": SCHEMA, "broken": outcome.breach.as_deref().map(breach),
        "exit": exit, "killed": outcome.killed, "crashes": outcome.crashes, "steps": outcome.steps,
        "virtual_nanos": outcome.took.nanos(), "trace": format!("{:016x}", outcome.hash),
    }))
}

fn unit_id(place: usize) -> winddown_core::UnitId {
    winddown_core::UnitId(u32::try_from(place).unwrap_or(u32::MAX))
}

pub(crate) fn breach(breach: &Breach) -> Value {
    json!({
        "claim": breach.claim.name(), "id": breach.claim.id(), "at": breach.at.nanos(),
        "step": breach.step, "message": breach.message,
    })
}

pub(crate) fn print_campaign(
    campaign: &Campaign,
    seconds_nanos: u128,
    replay: impl Fn(u64) -> String,
) -> io::Result<()> {
    for (seed, broken) in &campaign.breaches {
        print_json(&json!({
            "type": "breach", "schema": SCHEMA, "seed": seed, "breach": breach(broken), "replay": replay(*seed),
        }))?;
    }
    for divergence in &campaign.divergences {
        print_json(&json!({"type": "divergence", "schema": SCHEMA, "seed": divergence.seed}))?;
    }
    let (pairs, pairs_of) = campaign.coverage.pairs();
    let unseen: Vec<&str> = campaign.coverage.unseen().map(Sight::name).collect();
    let struck = Fault::ALL.iter().filter(|fault| campaign.coverage.has_struck(**fault));
    let struck: Vec<&str> = struck.map(|fault| fault.name()).collect();
    print_json(&json!({
        "type": "sweep", "schema": SCHEMA, "runs": campaign.runs, "steps": campaign.steps,
        "virtual_nanos": u64::try_from(campaign.virtual_nanos).unwrap_or(u64::MAX),
        "elapsed_nanos": u64::try_from(seconds_nanos).unwrap_or(u64::MAX),
        "exits": campaign.exits, "crashes": campaign.crashes, "killed": campaign.killed,
        "breaches": campaign.breach_count, "pairs": pairs, "pairs_of": pairs_of,
        "faults_struck": struck, "unseen": unseen, "stopped": campaign.stopped,
        "hash": format!("{:016x}", campaign.hash),
    }))
}
