//! Laws of the engine alone: at every step of simulated runs, it is asked what it would do if.

use std::fmt::Write as _;

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{TestCaseError, TestCaseResult},
};
use winddown_core::{Caller, Disposition, Effect, Effects, Engine, Input, Moment, UnitId, UnitView, Within};
use winddown_sim::{
    Arena,
    story::{Entry, Note},
};

use crate::{
    case::Played,
    inputs::{exit, input},
    law::law,
    make,
};

/// An engine, and what it ordered.
fn handled(engine: &Engine, now: Moment, inputs: &[Input]) -> (Engine, Vec<Effect>) {
    let (mut engine, mut effects) = (engine.clone(), Effects::new());
    for input in inputs {
        let _any = engine.handle(now, *input, &mut effects);
    }
    (engine, effects.drain().collect())
}

/// Gives the inputs of a run to an engine, and shows it after each of them.
fn walk(
    played: &Played,
    mut look: impl FnMut(Moment, &Engine, Disposition, &[Effect], &Entry) -> TestCaseResult,
) -> TestCaseResult {
    let newborn = Arena::new(&played.setup).engine().clone();
    let mut engine = newborn.clone();
    for (now, entry) in &played.story.entries {
        match entry {
            Entry::Note(Note::Crashed | Note::OuterKill) => engine.clone_from(&newborn),
            Entry::Note(_) => {}
            Entry::Step { input, .. } => {
                let mut effects = Effects::new();
                let disposition = engine.handle(*now, *input, &mut effects);
                look(*now, &engine, disposition, effects.as_slice(), entry)?;
            }
        }
    }
    Ok(())
}

/// What went wrong, where, and how it came to that.
fn wrong(played: &Played, now: Moment, what: &str, inputs: &[Input]) -> TestCaseError {
    let mut text = format!("at {now}: {what}\n");
    for input in inputs {
        let _always_fits = writeln!(text, "  {input:?}");
    }
    TestCaseError::fail(format!("{text}\n{}", played.timeline()))
}

#[test]
fn the_same_inputs_get_the_same_orders() {
    law!("the_same_inputs_get_the_same_orders", 500).holds(&make::case(), |case| {
        let played = case.play_unjudged();
        walk(&played, |now, _, disposition, effects, entry| {
            let Entry::Step { input, disposition: then, effects: ordered, .. } = entry else { return Ok(()) };
            if (disposition, effects) == (*then, ordered.as_slice()) {
                return Ok(());
            }
            Err(wrong(&played, now, "the engine alone does otherwise than in its world", &[*input]))
        })
    });
}

#[test]
fn what_is_ignored_or_refused_changes_nothing() {
    let cases = (make::case(), vec(input(4), 1..=12)).boxed();
    law!("what_is_ignored_or_refused_changes_nothing", 500).holds(&cases, |(case, inputs)| {
        let played = case.play_unjudged();
        walk(&played, |now, engine, _, _, _| {
            for input in inputs {
                let (mut after, mut effects) = (engine.clone(), Effects::new());
                let disposition = after.handle(now, *input, &mut effects);
                if disposition == Disposition::Applied {
                    continue;
                }
                if after != *engine || after.report() != engine.report() {
                    return Err(wrong(
                        &played,
                        now,
                        &format!("{disposition:?}, and something changed"),
                        &[*input],
                    ));
                }
                if !effects.as_slice().iter().all(|effect| matches!(effect, Effect::Reply { .. })) {
                    let what = format!("{disposition:?}, and yet there are orders: {effects:?}");
                    return Err(wrong(&played, now, &what, &[*input]));
                }
            }
            Ok(())
        })
    });
}

/// Of a unit that was stopped, and whose body is still there: the body's exit and one more stop may come
/// in either order. Any other stop, once the status is final; before that, the same stop. That is so of the
/// contracts' ladders: one that has a gentle rung after its body may have gone goes on with it, unless force has come
/// before that.
#[test]
fn a_stop_commutes_with_a_late_exit() {
    let cases = (make::contracts_case(), exit(), manner(), manner()).boxed();
    let law = law!("a_stop_commutes_with_a_late_exit", 1_000);
    law.holds_where_it_applies(&cases, |(case, exit, first, second)| {
        let played = case.play_unjudged();
        let mut met = false;
        walk(&played, |now, engine, _, _, _| {
            for (unit, _) in units(engine) {
                let (stopped, _) = handled(engine, now, &[stop(unit, *first)]);
                let Some(it) = stopped.unit(unit).filter(|it| it.body_lives) else { continue };
                met |= it.status.is_terminal();
                let again = stop(unit, if it.status.is_terminal() { *second } else { *first });
                let exit = Input::UnitExited { unit, incarnation: it.incarnation, exit: *exit };
                if is_unwritten(&handled(&stopped, now, &[exit]).0, unit) {
                    continue;
                }
                let one = handled(&stopped, now, &[again, exit]);
                let other = handled(&stopped, now, &[exit, again]);
                if !alike(&one, &other, unit, stopped.is_ending(unit)) {
                    let what = format!(
                        "stopped and {}, what comes of one more stop and an exit is {:?}; of the exit and the \
                         stop, {:?}",
                        it.status, one.1, other.1
                    );
                    return Err(wrong(&played, now, &what, &[stop(unit, *first), again, exit]));
                }
            }
            Ok(())
        })?;
        Ok(met)
    });
}

/// How a stop is asked for: whether by force, and within which time.
fn manner() -> impl Strategy<Value = (bool, Within)> {
    (any::<bool>(), make::within())
}

const fn stop(unit: UnitId, (force, within): (bool, Within)) -> Input {
    Input::StopRequested { unit, force, within, caller: Caller::Nobody }
}

/// Whether both are the same afterwards. Where the ladder still goes on, more may be ordered for a body
/// that is not known to be gone, and the report may say so; what is promised and what is told is the same.
fn alike(one: &(Engine, Vec<Effect>), other: &(Engine, Vec<Effect>), unit: UnitId, ending: bool) -> bool {
    if ending {
        let told = |(engine, orders): &(Engine, Vec<Effect>)| (engine.unit(unit), promises(orders));
        return told(one) == told(other);
    }
    one == other && one.0.report() == other.0.report()
}

/// All units, as they stand.
fn units(engine: &Engine) -> impl Iterator<Item = (UnitId, UnitView)> + '_ {
    let count = u32::try_from(engine.unit_count()).unwrap();
    (0..count).map(UnitId).filter_map(|unit| Some((unit, engine.unit(unit)?)))
}

/// Whether the unit's final row could not be written: whoever asks next has it written again.
fn is_unwritten(engine: &Engine, unit: UnitId) -> bool {
    !engine.is_ending(unit) && engine.unit(unit).is_some_and(|it| it.status.is_terminal() && !it.settled)
}

/// What is not ordered of a body: what becomes durable, and what anybody is told.
fn promises(orders: &[Effect]) -> Vec<Effect> {
    orders.iter().filter(|order| !matches!(order, Effect::Perform { .. })).copied().collect()
}

#[test]
fn a_stop_asked_for_again_is_the_same_stop() {
    let cases = (make::case(), manner()).boxed();
    law!("a_stop_asked_for_again_is_the_same_stop", 500).holds(&cases, |(case, manner)| {
        let played = case.play_unjudged();
        walk(&played, |now, engine, _, _, _| {
            for (unit, _) in units(engine) {
                let stop = stop(unit, *manner);
                let (stopped, _) = handled(engine, now, &[stop]);
                if is_unwritten(&stopped, unit) {
                    continue;
                }
                let (again, orders) = handled(&stopped, now, &[stop, stop]);
                if again != stopped || again.report() != stopped.report() || !orders.is_empty() {
                    let what = format!("{} is stopped again, and {orders:?}", played.setup.unit_name(unit));
                    return Err(wrong(&played, now, &what, &[stop]));
                }
            }
            Ok(())
        })
    });
}
