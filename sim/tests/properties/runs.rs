//! Laws of whole runs: two of them that must come out alike, or one not later than the other.

use proptest::{collection::vec, prelude::*, test_runner::TestCaseResult};
use winddown_core::{Answer, Caller, Effect, Input, Moment, Span, UnitId, Within};
use winddown_sim::{
    Arena, Outcome,
    chooser::{Recorded, Replay, Tape},
    claims::Claim,
    run,
    scenario::{Ask, HostPlan, Operator, Range, Reaction, Scenario, Target},
    shrink::{Kept, Recording},
    story::{Entry, Story},
};

use crate::{
    case::{Case, Played},
    law::law,
    make,
};

const AT_ONCE: Reaction = Reaction::Obeys(Range::exactly(Span::ZERO));

#[test]
fn a_replay_is_the_same_run() {
    law!("a_replay_is_the_same_run", 1_000).holds(&make::case(), |case| {
        let played = case.play();
        same(&case.play(), &played, "played twice")?;
        let (recording, outcome) = recorded(case);
        prop_assert_eq!(&outcome, &played.outcome, "played while recorded, and without a story");
        same(&Case(recording.clone()).play(), &played, "from its recording")?;

        let kept = Kept { recording, claim: Claim::EveryRunEnds, trace: outcome.hash };
        let read = Kept::parse(&kept.to_text()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(played.outcome.hash, read.trace, "its trace");
        same(&Case(read.recording).play(), &played, "from a file")
    });
}

/// Whether it is the same run, to the last order.
fn same(again: &Played, played: &Played, how: &str) -> TestCaseResult {
    prop_assert!(
        again.outcome == played.outcome && again.story == played.story,
        "{how} it is another run\n\n{}\n{}",
        played.timeline(),
        again.timeline()
    );
    Ok(())
}

/// Every answer of a run, and no more.
fn recorded(case: &Case) -> (Recording, Outcome) {
    let setup = case.setup();
    let mut answers = Recorded { inner: Replay::new(case.0.tape.clone()), tape: Tape::default() };
    let outcome = run(&setup, &mut answers, &mut Arena::new(&setup), None);
    (Recording { scenario: setup.scenario, tape: answers.tape.trimmed() }, outcome)
}

/// A calm scenario, and a stop of its first unit, which is never started again.
fn stopped_once() -> impl Strategy<Value = (Case, Operator)> {
    (make::calm_case(), make::range(), any::<bool>(), make::within()).prop_map(
        |(mut case, at, force, within)| {
            let scenario = &mut case.0.scenario;
            // A row that could not be written is tried again by whoever asks next, and waited for.
            quick_store(scenario);
            scenario.operators.retain(|operator| leaves_it_stopped(&operator.ask));
            let unit = &mut scenario.units[0];
            (unit.starts, unit.count) = (Some(Range::exactly(Span::ZERO)), 1);
            let unit = Target::Named(unit.name.clone());
            let ask = Ask::Stop { unit, force, within };
            (case, Operator { at: Range::exactly(at.max), times: 1, ask })
        },
    )
}

/// Whether a stopped unit stays as it is. A new host has forgotten what was not durable.
const fn leaves_it_stopped(ask: &Ask) -> bool {
    !matches!(ask, Ask::Start(_) | Ask::Restart(_) | Ask::Crash | Ask::OuterStop)
}

/// The scenario with these operators besides.
fn with(mut scenario: Scenario, operators: impl IntoIterator<Item = Operator>) -> Case {
    scenario.operators.extend(operators);
    Case(Recording { scenario, tape: Tape::default() })
}

#[test]
fn n_stops_are_one_stop() {
    let cases = (stopped_once(), vec(make::span(), 1..=4)).boxed();
    law!("n_stops_are_one_stop", 1_000).holds(&cases, |((case, stop), later)| {
        let once = with(case.0.scenario.clone(), [stop.clone()]).play_unjudged();
        let again = later
            .iter()
            .map(|later| Operator { at: Range::exactly(stop.at.max.plus(*later)), ..stop.clone() });
        let often =
            with(case.0.scenario.clone(), core::iter::once(stop.clone()).chain(again)).play_unjudged();
        prop_assert!(
            orders(&often.story) == orders(&once.story),
            "once:\n{}\noften:\n{}",
            once.timeline(),
            often.timeline()
        );
        prop_assert_eq!(&often.outcome.ended, &once.outcome.ended);
        Ok(())
    });
}

/// All that was ordered, and when; not what callers were told, since there are more of them.
fn orders(story: &Story) -> Vec<(Moment, Effect)> {
    let mut orders = Vec::new();
    for (at, entry) in &story.entries {
        if let Entry::Step { effects, .. } = entry {
            let of_others = effects.iter().filter(|effect| !matches!(effect, Effect::Reply { .. }));
            orders.extend(of_others.map(|effect| (*at, *effect)));
        }
    }
    orders
}

/// Force and the store work at once; what is gentle may take any time. Otherwise a stop that is cut short
/// could take longer than one that is let end: its kill could be slower than the end that it would have had,
/// and its row stands in line behind a checkpoint that is still written.
fn forceful(mut scenario: Scenario) -> Scenario {
    for unit in &mut scenario.units {
        (unit.body.on_kill, unit.body.on_remove) = (AT_ONCE, None);
    }
    quick_store(&mut scenario);
    scenario
}

/// Writes take no longer than usual, and work. A body that is slow to give the state for its checkpoint
/// holds up what is written after that.
fn quick_store(scenario: &mut Scenario) {
    let usual = HostPlan::default();
    (scenario.host.row_takes, scenario.host.checkpoint_takes) = (usual.row_takes, usual.checkpoint_takes);
    scenario.operators.retain(|operator| !matches!(operator.ask, Ask::FillDisk | Ask::HangDisk));
    for unit in &mut scenario.units {
        unit.body.on_checkpoint = AT_ONCE;
    }
}

#[test]
fn a_shorter_deadline_never_exits_later() {
    let cases = (make::calm_case(), make::span(), make::span()).boxed();
    law!("a_shorter_deadline_never_exits_later", 1_000).holds(&cases, |(case, one, other)| {
        let exit = |deadline| {
            let mut scenario = forceful(case.0.scenario.clone());
            scenario.host.deadline = deadline;
            with(scenario, []).play_unjudged()
        };
        let (short, long) = (exit(*one.min(other)), exit(*one.max(other)));
        prop_assert!(
            short.outcome.took <= long.outcome.took,
            "the shorter one:\n{}\nthe longer one:\n{}",
            short.timeline(),
            long.timeline()
        );
        Ok(())
    });
}

#[test]
fn a_shorter_stop_is_never_answered_later() {
    let cases = (stopped_once(), make::span(), make::span()).boxed();
    let law = law!("a_shorter_stop_is_never_answered_later", 1_000);
    law.holds_where_it_applies(&cases, |((case, stop), one, other)| {
        let answer = |span| {
            let (at, mut stop) = (stop.at.max, stop.clone());
            if let Ask::Stop { force, within, .. } = &mut stop.ask {
                (*force, *within) = (false, Within::For(span));
            }
            let played = with(forceful(case.0.scenario.clone()), [stop]).play_unjudged();
            (answered(&played, at, span), played)
        };
        let ((early, short), (late, long)) = (answer(*one.min(other)), answer(*one.max(other)));
        let (Some(early), Some(late)) = (early, late) else { return Ok(false) };
        prop_assert!(
            early <= late,
            "the shorter one:\n{}\nthe longer one:\n{}",
            short.timeline(),
            long.timeline()
        );
        Ok(true)
    });
}

/// When the first stop that was asked for at that time and within that span was answered.
fn answered(played: &Played, at: Span, within: Span) -> Option<Moment> {
    let mut ticket = None;
    for (now, entry) in &played.story.entries {
        let Entry::Step { input, effects, .. } = entry else { continue };
        if let Input::StopRequested {
            within: Within::For(span), caller: Caller::Outside(asked), unit, ..
        } = *input
            && (unit, span, *now) == (UnitId(0), within, Moment::START.after(at))
        {
            ticket.get_or_insert(asked);
        }
        let told = |effect: &Effect| match *effect {
            Effect::Reply { ticket: told, answer } => {
                ticket == Some(told) && !matches!(answer, Answer::Refused(_))
            }
            _ => false,
        };
        if effects.iter().any(told) {
            return Some(*now);
        }
    }
    None
}
