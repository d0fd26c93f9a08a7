//! What a reader of a state sees: the same as what is going on.

use winddown_core::*;

use crate::bench::{Bench, unit};

const TERM: Input = Input::SignalReceived { signal: Signal::Terminate };

fn seconds(secs: u64) -> Moment {
    Moment::START.after(Span::from_secs(secs))
}

fn stage(bench: &Bench, number: usize) -> Option<StopStage> {
    bench.engine.stop_of(unit(number)).map(|stop| stop.stage)
}

/// 2 depends on 0, and all three run.
fn three() -> Bench {
    let mut bench = Bench::running(vec![contracts::provider(); 3]);
    let depends = Input::DependencyDeclared { unit: unit(2), on: unit(0) };
    assert_eq!(bench.handle(depends), Disposition::Applied);
    bench
}

#[test]
fn a_stop_is_seen_where_it_stands() {
    let mut bench = three();
    assert_eq!((stage(&bench, 0), stage(&bench, 9)), (None, None));
    let _applied = bench.stop(2);
    let _applied = bench.stop_with(0, false, Within::For(Span::from_secs(60)), Caller::Nobody);
    let terminate = Action::Terminate { grace: Span::from_secs(5) };
    assert_eq!(stage(&bench, 2), Some(StopStage::OnRung(0, terminate)));
    let waits = StopView {
        stage: StopStage::ForDependents(1),
        ends: seconds(60),
        forced: false,
        ends_as: Status::Stopped,
    };
    assert_eq!(bench.engine.stop_of(unit(0)), Some(waits));
    let _forced = bench.stop_with(2, true, Within::Unset, Caller::Nobody);
    assert_eq!(stage(&bench, 2), Some(StopStage::OnRung(1, Action::Kill)));
    assert!(bench.engine.stop_of(unit(2)).unwrap().forced);
    let _killed = bench.finish(2, Outcome::Done);
    let _removed = bench.finish(2, Outcome::Done);
    assert_eq!(stage(&bench, 2), Some(StopStage::Recording));
    bench.confirm_rows();
    assert_eq!((stage(&bench, 2), stage(&bench, 0)), (None, Some(StopStage::OnRung(0, terminate))));
}

#[test]
fn whoever_waits_for_a_place_waits_for_no_dependent() {
    let mut plan = contracts::host(vec![contracts::provider()]);
    plan.at_once = Some(1);
    let mut bench = Bench::new(plan);
    for number in 0..2 {
        bench.declare(number, 0);
        bench.start(number);
    }
    let _begun = bench.handle(TERM);
    assert_eq!(stage(&bench, 1), Some(StopStage::ForItsTurn));
}

#[test]
fn a_deadline_is_seen_until_it_is_over() {
    let mut bench = three();
    assert_eq!(bench.engine.deadline_of(unit(0)), Moment::NEVER);
    let _applied = bench.stop(1);
    assert_eq!(bench.engine.deadline_of(unit(1)), seconds(15));
    assert_eq!(bench.engine.deadline_of(unit(3)), Moment::NEVER, "there is no such unit");
    let _gone = bench.exit(1, Exit::Ended);
    assert_eq!(bench.engine.deadline_of(unit(1)), seconds(10), "the removal's");
}

#[test]
fn a_row_is_seen_on_its_way_and_failed_and_settled() {
    let mut bench = Bench::running(vec![contracts::container()]);
    let row = |bench: &Bench| bench.engine.row_of(unit(0));
    assert_eq!((row(&bench), bench.engine.row_of(unit(1))), (Some(RowView::Settled), None));
    let _applied = bench.stop(0);
    let written = bench.effects.clone();
    assert_eq!(row(&bench), Some(RowView::Writing));
    let failed = written.iter().find_map(|effect| match *effect {
        Effect::Persist { unit, row, .. } => Some(Input::Persisted { unit, row, outcome: Outcome::Failed }),
        _ => None,
    });
    let _failed = bench.handle(failed.unwrap());
    assert_eq!(row(&bench), Some(RowView::Failed));
    let _again = bench.stop(0);
    bench.confirm_rows();
    assert_eq!(row(&bench), Some(RowView::Settled));
    let _removed = bench.handle(Input::RemoveRequested { unit: unit(0), caller: Caller::Nobody });
    assert_eq!((row(&bench), stage(&bench, 0)), (None, None), "its number is free");
}

#[test]
fn a_unit_is_settled_once_nothing_goes_on_and_nothing_is_unwritten() {
    let mut bench = Bench::running(vec![contracts::session()]);
    let settled = |bench: &Bench| bench.engine.unit(unit(0)).unwrap().settled;
    assert!(settled(&bench), "it runs");
    let _applied = bench.stop(0);
    assert!(!settled(&bench), "it is on its way down, with no final row yet");
    let _gone = bench.exit(0, Exit::Ended);
    bench.confirm_rows();
    assert!(settled(&bench));
    let _late = bench.handle(Input::FindingRecorded { unit: unit(0), durable: false });
    assert!(!settled(&bench), "a late finding is being written");
}

#[test]
fn inputs_and_effects_say_which_unit_they_are_about() {
    for number in [0, 7] {
        let (unit, incarnation) = (unit(number), Incarnation(1));
        let about = [
            Input::StartRequested { unit, caller: Caller::Nobody },
            Input::UnitExited { unit, incarnation, exit: Exit::Ended },
            Input::Reaped { unit, outcome: Outcome::Done },
        ];
        assert!(about.iter().all(|input| input.unit() == Some(unit)));
        assert_eq!(Effect::Start { unit, incarnation }.unit(), Some(unit));
    }
    assert_eq!((Input::Woken.unit(), TERM.unit(), Effect::Report.unit()), (None, None, None));
}

#[test]
fn callers_are_counted_while_they_wait() {
    let mut bench = Bench::running(vec![contracts::provider()]);
    for count in 0..4 {
        assert_eq!(bench.engine.callers_of(unit(0)), count);
        let _applied = bench.stop(0);
    }
    assert_eq!(bench.engine.callers_of(unit(1)), 0);
    bench.obey();
    assert_eq!((bench.engine.callers_of(unit(0)), bench.answers().len()), (4, 0));
    let _terminated = bench.finish(0, Outcome::Done);
    bench.obey();
    assert_eq!((bench.engine.callers_of(unit(0)), bench.answers().len()), (0, 4));
}

#[test]
fn the_present_phase_is_seen_with_its_deadline() {
    let mut bench = Bench::running(vec![contracts::engagement()]);
    assert_eq!((bench.engine.present_phase(), bench.engine.units_deadline()), (None, None));
    let _begun = bench.handle(TERM);
    assert_eq!(bench.engine.present_phase(), Some((Phase::PauseUnits, seconds(1))));
    // The row's second, and 2.5 s for the phases after it.
    assert_eq!(bench.engine.units_deadline(), Some(Moment::from_nanos(26_500_000_000)));
    bench.obey();
    assert_eq!(bench.engine.present_phase(), None);
    assert!(bench.engine.has_exited());
}

#[test]
fn clients_are_seen_until_they_have_left() {
    let mut bench = Bench::new(contracts::host(Vec::new()));
    for client in 0..3 {
        let _attached = bench.handle(Input::ClientAttached { client: ClientId(client) });
    }
    let _left = bench.handle(Input::ClientLeft { client: ClientId(1) });
    let seen = |bench: &Bench| -> Vec<String> {
        bench.engine.clients().map(|(client, view)| format!("{} {view}", client.0)).collect()
    };
    assert_eq!(seen(&bench), ["0 attached", "2 attached"]);
    let _begun = bench.handle(TERM);
    assert_eq!(seen(&bench), ["0 being told", "2 being told"]);
    let _told = bench.handle(Input::ClientTold { client: ClientId(0), outcome: Outcome::Done });
    let _broken = bench.handle(Input::ClientTold { client: ClientId(2), outcome: Outcome::Failed });
    assert_eq!(seen(&bench), ["0 leaving", "2 leaving"]);
}

#[test]
fn words_are_read_as_they_are_meant() {
    for status in Status::ALL {
        assert_eq!(status.to_string(), format!("{status:?}").to_lowercase());
    }
    assert_eq!(format!("{:>10}|{:<8}|", Status::Running, Status::Failed), "   running|failed  |");
    assert_eq!(Why::Draining.to_string(), "the host shuts down");
    assert_eq!((Moment::NEVER.to_string(), seconds(90).to_string()), ("never".to_owned(), "90s".to_owned()));
    assert_eq!(NoSpan.to_string(), format!("expected {SPAN_FORM}"));
    let started = Notice::Started.words();
    assert!(!started.is_empty() && started != Notice::Stopped.words());
}
