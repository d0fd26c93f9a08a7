//! Two states that differ in one thing only, which will make a difference: they are not equal.

use winddown_core::*;

use crate::{
    alike::{ROW, TERM, after, alone, client, completed, finding, persisted, shutdown, told},
    bench::{Bench, unit},
};

fn stopped_by_nobody(bench: &mut Bench, within: Within) {
    assert_eq!(bench.stop_with(0, false, within, Caller::Nobody), Disposition::Applied);
}

#[test]
fn what_follows_an_end_is_a_difference() {
    for backoff in [Span::ZERO, Span::from_secs(1)] {
        let kind = Kind { restart: Restart::Always { backoff }, ..contracts::container() };
        let armed =
            alone(kind.clone(), |bench| assert_eq!(bench.exit(0, Exit::Failed), Disposition::Applied));
        let disarmed = alone(kind, |bench| {
            let _gone = bench.exit(0, Exit::Failed);
            stopped_by_nobody(bench, Within::Unset);
        });
        assert_ne!(armed, disarmed, "only one of them starts again");
    }
    let kind = Kind {
        restart: Restart::OnFailure { limit: 5, backoff: Span::ZERO, backoff_max: Span::ZERO },
        ..contracts::container()
    };
    let failed = alone(kind.clone(), |bench| {
        let _gone = bench.exit(0, Exit::Failed);
        bench.confirm_rows();
        bench.confirm_rows();
        let _woken = bench.wake();
    });
    let completed = alone(kind, |bench| {
        let _gone = bench.exit(0, Exit::Completed);
        bench.confirm_rows();
        bench.start(0);
    });
    assert_eq!(failed.unit(unit(0)), completed.unit(unit(0)));
    assert_ne!(failed, completed, "one of them has one failure less to go");
}

#[test]
fn what_the_exit_code_is_made_of_is_a_difference() {
    let failing = |within, answered: bool| {
        alone(contracts::session(), |bench| {
            stopped_by_nobody(bench, within);
            while bench.status(0) == Status::Stopping {
                let _next = if answered { bench.finish(0, Outcome::Failed) } else { bench.wake() };
            }
            bench.confirm_all();
        })
    };
    let (in_time, too_late) = (failing(Within::Unset, true), failing(Within::For(Span::from_secs(1)), false));
    let code = |engine: &Engine| engine.unit_report(unit(0)).unwrap().overran;
    assert_eq!((code(&in_time), code(&too_late)), (false, true));
    assert_ne!(in_time, too_late);
}

#[test]
fn who_is_waited_for_is_a_difference_even_without_a_deadline() {
    let ended = |found_first: bool| {
        let plan = Plan {
            record_patience: Span::from_nanos(u64::MAX),
            ..contracts::host(vec![contracts::container()])
        };
        let mut bench = Bench::new(plan);
        bench.declare(0, 0);
        bench.start(0);
        if found_first {
            let _found = bench.handle(finding(false));
        }
        let _gone = bench.exit(0, Exit::Completed);
        if !found_first {
            bench.confirm_rows();
            let _found = bench.handle(finding(false));
        }
        bench.engine
    };
    let row = |engine: &Engine| (engine.row_of(unit(0)), engine.next_deadline());
    assert_eq!((row(&ended(true)), row(&ended(false))), ((Some(RowView::Writing), None), row(&ended(true))));
    assert_ne!(ended(true), ended(false), "only one of them has settled already");
}

#[test]
fn how_far_a_host_is_down_is_a_difference() {
    let (close, unlink) = (Phase::CloseListener, Phase::UnlinkSocket);
    let finished = |outcome| Input::PhaseFinished { phase: close, outcome };
    let engines = [
        vec![shutdown(true, 20)],
        vec![shutdown(false, 20)],
        vec![shutdown(true, 20), finished(Outcome::Done)],
        vec![shutdown(true, 20), finished(Outcome::Failed)],
        vec![shutdown(false, 20), finished(Outcome::Done)],
    ]
    .map(|inputs| {
        let five = |phase| Rung::new(phase, Span::from_secs(5));
        let phases = vec![five(close), five(unlink), five(Phase::StopUnits).rest()];
        let ladder = Ladder::of_host(phases, Span::from_secs(30));
        let mut bench = Bench::new(Plan { shutdown: ladder, ..contracts::host(Vec::new()) });
        for input in inputs {
            assert_eq!(bench.handle(input), Disposition::Applied);
        }
        bench.engine
    });
    for (place, engine) in engines.iter().enumerate() {
        assert_eq!(engine.next_deadline(), Some(Moment::from_nanos(5_000_000_000)));
        assert!(engines[..place].iter().all(|other| other != engine), "{place}");
    }
}

#[test]
fn what_is_promised_and_asked_for_is_a_difference() {
    // After the end, every finding is written, and only some are waited for.
    let late = |durable| after(&[completed(0), persisted(ROW, Outcome::Done), finding(durable)]);
    assert_ne!(late(true), late(false));
    // A write that failed is not on its way.
    let row = Row { findings: 1, status: Status::Running, ..ROW };
    let lost = persisted(row, Outcome::Failed);
    let failed = alone(contracts::session(), |bench| {
        let _found = bench.handle(finding(true));
        let _lost = bench.handle(lost);
    });
    let on_its_way = alone(contracts::session(), |bench| {
        let _found = bench.handle(finding(true));
    });
    assert_eq!(failed.unit(unit(0)), on_its_way.unit(unit(0)));
    assert_ne!(failed, on_its_way);
}

#[test]
fn what_is_in_a_checkpoint_and_which_one_it_is_is_a_difference() {
    /// `false`: something is found. `true`: what is asked for is done.
    fn checkpointed(first: &[bool], then: &[bool]) -> Engine {
        alone(contracts::engagement(), |bench| {
            let play = |bench: &mut Bench, done: bool| {
                let _any = if done { bench.finish(0, Outcome::Done) } else { bench.handle(finding(true)) };
            };
            first.iter().for_each(|done| play(bench, *done));
            stopped_by_nobody(bench, Within::Unset);
            then.iter().for_each(|done| play(bench, *done));
        })
    }
    let (found_before, found_after) = (checkpointed(&[false], &[true]), checkpointed(&[], &[true, false]));
    assert_eq!(found_before.unit(unit(0)), found_after.unit(unit(0)));
    assert_ne!(found_before, found_after, "in one of them it is in the checkpoint");
    let second = checkpointed(&[false], &[true, false, true]);
    let third = checkpointed(&[], &[true, false, true, false, true]);
    assert_eq!(second.unit(unit(0)), third.unit(unit(0)));
    assert_ne!(second, third, "an answer to the second is late in one of them");
}

#[test]
fn whose_place_it_is_is_a_difference() {
    let placed = |before: usize, within: usize| {
        let phases = vec![
            Rung::new(Phase::Notify, Span::from_secs(1)),
            Rung::new(Phase::StopUnits, Span::ZERO).rest(),
        ];
        let mut bench = Bench::new(Plan {
            at_once: Some(2),
            shutdown: Ladder::of_host(phases, Span::from_secs(30)),
            ..contracts::host(vec![contracts::session()])
        });
        for number in 0..2 {
            bench.declare(number, 0);
            bench.start(number);
        }
        let _client = bench.handle(client(0));
        let stop = |number| Input::StopRequested {
            unit: unit(number),
            force: false,
            within: Within::For(Span::from_secs(20)),
            caller: Caller::Nobody,
        };
        let inputs =
            [stop(before), TERM, stop(within), told(Outcome::Done), completed(before), completed(within)];
        for input in inputs {
            assert_eq!(bench.handle(input), Disposition::Applied, "{input:?}");
        }
        bench.engine
    };
    let (first, second) = (placed(0, 1), placed(1, 0));
    assert_eq!((first.unit(unit(0)), first.unit(unit(1))), (second.unit(unit(0)), second.unit(unit(1))));
    assert_ne!(first, second, "in one of them, the end of unit 0 lets another one go on");
}
