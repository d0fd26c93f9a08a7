//! NFR12. After exit 0 every finding that was recorded is in a checkpoint, and comes back after a restart.
//! After any exit, be it exit 1, a crash or a kill, every finding that was acknowledged as durable does.
//!
//! Nothing here asks the judge: findings are counted from what went into the engine and came out of it,
//! and from the rows that are left.

use proptest::{prelude::*, test_runner::TestCaseError};
use winddown_core::{Disposition, Effect, Effects, Engine, Input, Moment, UnitId};
use winddown_sim::{
    Arena, Ended, Setup, Store,
    story::{Entry, Note},
};

use crate::{case::Played, law::law, make};

/// What became of a unit's findings.
#[derive(Clone, Copy, Default)]
struct Findings {
    /// As the host knows that runs now.
    recorded: u32,
    /// By any host.
    acknowledged: u32,
}

#[test]
fn after_exit_0_every_recorded_finding_comes_back() {
    law!("after_exit_0_every_recorded_finding_comes_back", 2_000).holds_where_it_applies(
        &make::case(),
        |case| {
            let played = case.play_unjudged();
            let findings = count(&played)?;
            let exit_0 = played.outcome.ended == Ended::Exited(0);
            if exit_0 {
                come_back(&played, "recorded", &findings, |it| it.recorded)?;
            }
            Ok(exit_0 && findings.iter().any(|it| it.recorded > 0))
        },
    );
}

#[test]
fn after_any_exit_every_acknowledged_finding_comes_back() {
    law!("after_any_exit_every_acknowledged_finding_comes_back", 2_000).holds_where_it_applies(
        &make::finding_case(),
        |case| {
            let played = case.play_unjudged();
            let findings = count(&played)?;
            come_back(&played, "acknowledged as durable", &findings, |it| it.acknowledged)?;
            Ok(findings.iter().any(|it| it.acknowledged > 0))
        },
    );
}

/// Goes through a run. At no step does a host know of fewer findings than were ever acknowledged.
fn count(played: &Played) -> Result<Vec<Findings>, TestCaseError> {
    let mut findings = vec![Findings::default(); played.setup.unit_count()];
    for (at, entry) in &played.story.entries {
        match entry {
            Entry::Note(Note::Crashed | Note::OuterKill) => {
                findings.iter_mut().for_each(|it| it.recorded = 0);
            }
            Entry::Note(_) => {}
            Entry::Step { input, disposition, effects, .. } => {
                match *input {
                    Input::FindingRecorded { unit, .. } if *disposition == Disposition::Applied => {
                        findings[unit.index()].recorded += 1;
                    }
                    Input::UnitRecovered { unit, row } => findings[unit.index()].recorded = row.findings,
                    _ => {}
                }
                for effect in effects {
                    if let Effect::Acknowledge { unit, findings: count } = *effect {
                        findings[unit.index()].acknowledged = findings[unit.index()].acknowledged.max(count);
                    }
                }
                let known = matches!(input, Input::UnitRecovered { .. })
                    || findings.iter().all(|it| it.recorded >= it.acknowledged);
                prop_assert!(
                    known,
                    "at {at} the host has forgotten acknowledged findings\n\n{}",
                    played.timeline()
                );
            }
        }
    }
    Ok(findings)
}

/// A new host reads what is left in the store: so many findings of each unit have to be there.
fn come_back(
    played: &Played,
    which: &str,
    findings: &[Findings],
    expected: impl Fn(&Findings) -> u32,
) -> Result<(), TestCaseError> {
    let engine = restarted(&played.setup, played.arena.store());
    for (unit, it) in (0..).map(UnitId).zip(findings) {
        let back = engine.unit(unit).map_or(0, |it| it.saved);
        prop_assert!(
            back >= expected(it),
            "{} of {} findings of {} that were {which} came back after {:?}\n\n{}",
            back,
            expected(it),
            played.setup.unit_name(unit),
            played.outcome.ended,
            played.timeline()
        );
    }
    Ok(())
}

/// A new host after an exit.
fn restarted(setup: &Setup, store: &Store) -> Engine {
    let mut engine = Arena::new(setup).engine().clone();
    let mut effects = Effects::new();
    for unit in (0..).map(UnitId).take(setup.unit_count()) {
        if let Some(row) = store.row(unit) {
            let _taken = engine.handle(Moment::START, Input::UnitRecovered { unit, row }, &mut effects);
        }
    }
    engine
}
