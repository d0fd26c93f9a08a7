//! Restarts by policy: what counts as a failure, what forgives it, how long they wait, and for whom.

use winddown_core::*;

use crate::bench::{Bench, unit};

fn seconds(secs: u64) -> Moment {
    Moment::START.after(Span::from_secs(secs))
}

fn on_failure(limit: u16, backoff: u64, backoff_max: u64) -> Restart {
    Restart::OnFailure { limit, backoff: Span::from_secs(backoff), backoff_max: Span::from_secs(backoff_max) }
}

/// Its rows are durable at once.
fn fails(bench: &mut Bench, number: usize) {
    assert_eq!(bench.exit(number, Exit::Failed), Disposition::Applied);
    bench.confirm_all();
    assert!(!bench.engine.is_ending(unit(number)));
}

fn comes_up(bench: &mut Bench) {
    let incarnation = bench.engine.unit(unit(0)).unwrap().incarnation;
    assert_eq!(bench.handle(Input::UnitStarted { unit: unit(0), incarnation }), Disposition::Applied);
    assert_eq!(bench.status(0), Status::Running);
}

fn waits_to_start_again(bench: &Bench) -> bool {
    bench.engine.starts_again(unit(0)).is_some()
}

#[test]
fn coming_up_forgives_no_failure() {
    let start_patience = Some(Span::from_secs(60));
    let kind = Kind { start_patience, restart: on_failure(2, 1, 1), ..contracts::container() };
    let mut bench = Bench::running(vec![kind]);
    for failures in 1..=3 {
        comes_up(&mut bench);
        bench.after(Span::from_secs(10));
        fails(&mut bench, 0);
        assert_eq!(waits_to_start_again(&bench), failures <= 2, "after {failures} failures");
        if failures <= 2 {
            let _started = bench.wake();
        }
    }
    assert_eq!(bench.status(0), Status::Failed);
}

#[test]
fn a_start_that_is_overdue_uses_up_a_restart() {
    let start_patience = Some(Span::from_secs(3));
    let kind = Kind { start_patience, restart: on_failure(1, 2, 2), ..contracts::container() };
    let mut bench = Bench::running(vec![kind]);
    for waits in [true, false] {
        let _overdue = bench.wake();
        bench.confirm_rows();
        assert_eq!(waits_to_start_again(&bench), waits, "at {}", bench.now);
        if waits {
            let _started = bench.wake();
        }
    }
    assert_eq!((bench.now, bench.status(0)), (seconds(8), Status::Failed));
    assert_eq!(bench.engine.next_deadline(), None);
}

#[test]
fn overdue_starts_make_the_next_wait_longer() {
    let start_patience = Some(Span::from_secs(1));
    let kind = Kind { start_patience, restart: on_failure(9, 2, 60), ..contracts::container() };
    let mut bench = Bench::running(vec![kind]);
    for wait in [2, 4, 8] {
        let _overdue = bench.wake();
        bench.confirm_rows();
        assert_eq!(bench.engine.starts_again(unit(0)), Some(bench.now.after(Span::from_secs(wait))));
        let _started = bench.wake();
    }
}

#[test]
fn an_explicit_start_forgives_also_while_the_last_row_is_on_its_way() {
    for recorded in [true, false] {
        let kind = Kind { restart: on_failure(1, 1, 1), ..contracts::container() };
        let mut bench = Bench::running(vec![kind]);
        fails(&mut bench, 0);
        let _started = bench.wake();
        let _failed = bench.exit(0, Exit::Failed);
        if recorded {
            bench.confirm_rows();
        }
        assert_eq!((bench.engine.is_ending(unit(0)), bench.status(0)), (!recorded, Status::Failed));
        bench.start(0);
        fails(&mut bench, 0);
        assert!(waits_to_start_again(&bench), "row durable before the start: {recorded}");
        let _started = bench.wake();
        fails(&mut bench, 0);
        assert!(!waits_to_start_again(&bench), "what is forgiven is forgiven once");
    }
}

#[test]
fn no_restart_waits_longer_than_the_longest_backoff() {
    for (backoff, waits) in [(10, [4, 4, 4]), (1, [1, 2, 4]), (3, [3, 4, 4])] {
        let kind = Kind { restart: on_failure(3, backoff, 4), ..contracts::container() };
        let mut bench = Bench::running(vec![kind]);
        for wait in waits {
            fails(&mut bench, 0);
            let until = bench.now.after(Span::from_secs(wait));
            assert_eq!(bench.engine.starts_again(unit(0)), Some(until), "backoff {backoff} s");
            let _started = bench.wake();
            assert_eq!((bench.now, bench.status(0)), (until, Status::Running));
        }
    }
}

#[test]
fn what_waits_to_start_again_takes_no_place_from_its_owner_and_gets_none_that_is_taken() {
    let restart = Restart::Always { backoff: Span::from_secs(1) };
    let kinds = vec![Kind { restart, ..contracts::container() }, contracts::container()];
    let mut bench = Bench::new(Plan { owner_cap: Some(1), ..contracts::host(kinds) });
    for number in 0..2 {
        bench.declare(number, number);
    }
    bench.start(0);
    fails(&mut bench, 0);
    bench.start(1);
    let _due = bench.wake();
    assert_eq!((bench.now, bench.status(0), bench.status(1)), (seconds(1), Status::Pending, Status::Running));
    assert_eq!(bench.effects, []);
    assert_eq!(bench.engine.starts_again(unit(0)), None, "nothing will start it by itself");
    // It does not come by itself when there is room again; somebody has to ask.
    let _gone = bench.exit(1, Exit::Completed);
    bench.confirm_rows();
    assert_eq!((bench.engine.next_deadline(), bench.status(0)), (None, Status::Pending));
    bench.start(0);
    assert_eq!(bench.status(0), Status::Running);
}

/// A process whose start failed once, and whose next start waits for its row, while the row of its backoff is not
/// answered. Both say the same.
fn with_two_rows_on_their_way() -> (Bench, Row) {
    let kind = Kind { restart: on_failure(5, 1, 1), ..contracts::provider() };
    let mut bench = Bench::running(vec![kind]);
    assert_eq!(bench.exit(0, Exit::Failed), Disposition::Applied);
    bench.confirm_rows();
    let first = pending_row(&bench);
    let _started = bench.wake();
    assert_eq!((bench.status(0), bench.engine.starts_again(unit(0))), (Status::Pending, None));
    assert_eq!(pending_row(&bench), first, "nobody can tell them apart");
    (bench, first)
}

fn pending_row(bench: &Bench) -> Row {
    let row = |effect: &Effect| match effect {
        Effect::Persist { row, confirm: true, .. } if row.status == Status::Pending => Some(*row),
        _ => None,
    };
    bench.effects.iter().find_map(row).expect("a row that says that it is to start")
}

fn answer(bench: &mut Bench, row: Row, outcome: Outcome) -> Disposition {
    bench.handle(Input::Persisted { unit: unit(0), row, outcome })
}

#[test]
fn the_late_failure_of_an_earlier_row_ends_no_start() {
    for outcomes in [[Outcome::Failed, Outcome::Done], [Outcome::Done, Outcome::Failed]] {
        let (mut bench, row) = with_two_rows_on_their_way();
        for outcome in outcomes {
            let _any = answer(&mut bench, row, outcome);
        }
        assert_eq!(bench.status(0), Status::Running, "one of them is on record: {outcomes:?}");
    }
}

#[test]
fn a_start_of_which_no_row_could_be_written_comes_to_nothing() {
    let (mut bench, row) = with_two_rows_on_their_way();
    assert_eq!(answer(&mut bench, row, Outcome::Failed), Disposition::Applied);
    assert_eq!(bench.status(0), Status::Pending, "the other one is on its way");
    assert_eq!(answer(&mut bench, row, Outcome::Failed), Disposition::Applied);
    assert_eq!(bench.status(0), Status::Failed);
}

#[test]
fn a_start_does_not_wait_for_its_row_for_ever_either() {
    let (mut bench, row) = with_two_rows_on_their_way();
    assert_eq!(answer(&mut bench, row, Outcome::Failed), Disposition::Applied);
    let due = bench.engine.next_deadline().expect("a deadline");
    assert_eq!(due, bench.now.after(bench.engine.plan().record_patience));
    let _woken = bench.wake();
    assert_eq!(bench.status(0), Status::Failed);
}

#[test]
fn a_row_that_is_answered_during_the_backoff_is_not_waited_for_after_it() {
    for outcome in [Outcome::Done, Outcome::Failed] {
        let kind = Kind { restart: on_failure(5, 1, 1), ..contracts::provider() };
        let mut bench = Bench::running(vec![kind]);
        let _failed = bench.exit(0, Exit::Failed);
        bench.confirm_rows();
        let row = pending_row(&bench);
        assert_eq!(answer(&mut bench, row, outcome), Disposition::Applied);
        let _started = bench.wake();
        assert_eq!(answer(&mut bench, row, Outcome::Failed), Disposition::Applied);
        assert_eq!(bench.status(0), Status::Failed, "that was the start's own, after {outcome:?}");
    }
}

#[test]
fn a_finding_whose_row_fails_during_a_start_is_written_again() {
    let (mut bench, row) = with_two_rows_on_their_way();
    let _found = bench.handle(Input::FindingRecorded { unit: unit(0), durable: true });
    let with_finding = pending_row(&bench);
    assert_eq!(answer(&mut bench, with_finding, Outcome::Failed), Disposition::Applied);
    assert_eq!(bench.status(0), Status::Pending);
    assert_eq!(answer(&mut bench, row, Outcome::Done), Disposition::Applied);
    assert_eq!(bench.status(0), Status::Running);
    let _begun = bench.handle(Input::SignalReceived { signal: Signal::Terminate });
    bench.obey();
    assert_eq!((bench.exit_code(), bench.engine.report().unsaved().count()), (Some(0), 0));
}
