//! What is told to whom, in which order, and when.

use cucumber::then;
use winddown_core::{Action, Effect, Input, Moment, Phase, Span, Status, UnitId};
use winddown_sim::story::Entry;

use super::{is_about, takes};
use crate::{Stage, played::Played, span};

/// What a unit is told on its way down, and when.
fn told(played: &Played, unit: UnitId) -> Vec<(Moment, Action)> {
    played
        .effects()
        .filter_map(|(at, effect)| match effect {
            Effect::Perform { unit: of, action, .. } if of == unit => Some((at, action)),
            Effect::Checkpoint { unit: of, .. } if of == unit => Some((at, Action::Checkpoint)),
            _ => None,
        })
        .collect()
}

/// "terminate at 5s, kill at 20s and remove at 25s", each to a tenth of a second.
#[then(regex = r#"^"([^"]+)" is told to (.+)$"#)]
fn is_told(stage: &mut Stage, name: String, list: String) {
    let played = stage.played();
    let told = told(played, played.id(&name));
    let list = list.replace(" and ", ", ");
    let expected: Vec<(&str, Span)> = list
        .split(", ")
        .map(|part| part.split_once(" at ").unwrap())
        .map(|(action, at)| (action, span(at)))
        .collect();
    let same = |((at, action), (name, wanted)): (&(Moment, Action), &(&str, Span))| {
        let at = Moment::START.until(*at);
        action.name() == name.replace(' ', "-") && is_about(played, *wanted, at)
    };
    assert!(told.len() == expected.len() && told.iter().zip(&expected).all(same), "told: {told:?}");
}

#[then(regex = r#"^"([^"]+)" is told nothing$"#)]
fn is_told_nothing(stage: &mut Stage, name: String) {
    let played = stage.played();
    assert_eq!(told(played, played.id(&name)), []);
}

#[then(regex = r#"^the stop of "([^"]+)" takes (about \S+|\S+)$"#)]
fn stop_takes(stage: &mut Stage, name: String, time: String) {
    let played = stage.played();
    let took = played.unit_report(&name).took;
    assert!(takes(played, &time, took), "it took {took}");
}

#[then(regex = r#"^"([^"]+)" is only told to stop once "([^"]+)" is down$"#)]
fn after(stage: &mut Stage, later: String, earlier: String) {
    let played = stage.played();
    let (later, earlier) = (played.id(&later), played.id(&earlier));
    let begins = told(played, later).iter().find(|(_, action)| *action != Action::Pause).unwrap().0;
    let steps = played.steps();
    let gone = |input: &Input| matches!(input, Input::UnitExited { unit, .. } if *unit == earlier);
    let gone_at = steps.filter(|(_, input, _)| gone(input)).map(|(at, ..)| at).last().unwrap();
    let last_told = told(played, earlier).last().unwrap().0;
    assert!(begins >= gone_at.min(last_told), "{begins:?} is before {gone_at:?} and {last_told:?}");
    assert!(begins >= last_told, "{begins:?} is before {last_told:?}");
}

#[then(regex = r"^at most (\d+) units are on their way down at the same time$")]
fn at_once(stage: &mut Stage, most: usize) {
    let played = stage.played();
    let mut told = vec![false; played.names.len()];
    let mut worst = 0;
    for (_, entry) in &played.story.entries {
        let Entry::Step { effects, units, .. } = entry else { continue };
        for effect in effects {
            if let Effect::Perform { unit, .. } = effect {
                told[unit.index()] = true;
            }
        }
        let on_its_way =
            |(told, (status, _)): &(&bool, &(Status, bool))| **told && *status == Status::Stopping;
        worst = worst.max(told.iter().zip(units).filter(on_its_way).count());
    }
    assert_eq!(worst, most);
}

#[then(regex = r#"^the exit of "([^"]+)" leads to nothing$"#)]
fn exit_is_quiet(stage: &mut Stage, name: String) {
    let played = stage.played();
    let unit = played.id(&name);
    let exit = |input: &Input| matches!(input, Input::UnitExited { unit: of, .. } if *of == unit);
    let (_, _, effects) = played.steps().find(|(_, input, _)| exit(input)).unwrap();
    assert_eq!(effects, []);
}

#[then("all clients are told before any unit is asked to pause")]
fn told_first(stage: &mut Stage) {
    let played = stage.played();
    let told = played.places(|effect| matches!(effect, Effect::Tell { .. }));
    let paused = played.places(|effect| matches!(effect, Effect::Perform { action: Action::Pause, .. }));
    assert!(!told.is_empty() && told.last() < paused.first());
}

#[then(regex = r"^(\d+) clients are told, and (\d+) are disconnected$")]
fn clients(stage: &mut Stage, told: usize, gone: usize) {
    let played = stage.played();
    assert_eq!(played.places(|effect| matches!(effect, Effect::Tell { .. })).len(), told);
    assert_eq!(played.places(|effect| matches!(effect, Effect::Disconnect { .. })).len(), gone);
}

#[then(regex = r"^(\d+) clients? (?:is|are) disconnected before any unit is asked to pause$")]
fn dropped(stage: &mut Stage, count: usize) {
    let played = stage.played();
    let gone = played.places(|effect| matches!(effect, Effect::Disconnect { .. }));
    let paused = played.places(|effect| matches!(effect, Effect::Perform { action: Action::Pause, .. }));
    assert_eq!(gone.iter().filter(|place| Some(*place) < paused.first()).count(), count);
}

#[then("nothing is checkpointed before all hold still")]
fn paused_first(stage: &mut Stage) {
    let played = stage.played();
    let asked = played.places(|effect| matches!(effect, Effect::Perform { action: Action::Pause, .. }));
    let saved = played.places(|effect| matches!(effect, Effect::Checkpoint { .. }));
    assert!(!asked.is_empty() && asked.last() < saved.first());
}

#[then("clients are disconnected after the last checkpoint")]
fn disconnected_last(stage: &mut Stage) {
    let played = stage.played();
    let saved = played.places(|effect| matches!(effect, Effect::Checkpoint { .. }));
    let gone = played.places(|effect| matches!(effect, Effect::Disconnect { .. }));
    assert!(!gone.is_empty() && saved.last() < gone.first());
}

fn winds(played: &Played, phase: Phase) -> Vec<usize> {
    played.places(|effect| matches!(effect, Effect::Wind { phase: of, .. } if *of == phase))
}

#[then("the socket and the PID file are removed")]
fn artifacts_gone(stage: &mut Stage) {
    let played = stage.played();
    for wanted in [Phase::CloseListener, Phase::UnlinkSocket, Phase::RemovePidFile] {
        assert_eq!(winds(played, wanted).len(), 1, "{}", wanted.name());
    }
}

#[then("the lease is given back after the last unit is down, and before the listener is closed")]
fn lease(stage: &mut Stage) {
    let played = stage.played();
    let told = |effect: &Effect| matches!(effect, Effect::Perform { .. } | Effect::Checkpoint { .. });
    let lease = winds(played, Phase::ReleaseLease);
    assert_eq!(lease.len(), 1);
    assert!(played.places(told).last() < lease.first());
    assert!(lease.first() < winds(played, Phase::CloseListener).first());
}

#[then("the configuration is read again once")]
fn reload(stage: &mut Stage) {
    assert_eq!(stage.played().places(|effect| matches!(effect, Effect::Reload)).len(), 1);
}
