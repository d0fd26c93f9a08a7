//! A shutdown's first phase for units: everybody holds still before anything is stopped.

use winddown_core::*;

use crate::bench::{Bench, unit};

fn kind(rungs: Vec<Rung<Action>>, budget: Option<u64>) -> Kind {
    let ladder = Ladder::of_unit(rungs, budget.map(Span::from_secs));
    Kind { ladder, ..contracts::container() }
}

fn shutdown(within: Within) -> Input {
    Input::ShutdownRequested { graceful: true, within, caller: Caller::Nobody }
}

/// Until when the unit's last rung is waited for.
fn until(bench: &Bench) -> Moment {
    let last = bench.all.iter().rev().find_map(|(_, effect)| match effect {
        Effect::Perform { until, .. } => Some(*until),
        _ => None,
    });
    last.unwrap()
}

/// Whatever is on its row only does nothing that others would have to wait for.
#[test]
fn who_goes_while_it_is_to_hold_still_keeps_nobody_until_its_row_is_written() {
    let pause = Rung::new(Action::Pause, Span::from_secs(4));
    let brief = kind(vec![pause, Rung::new(Action::Abort, Span::from_secs(1))], None);
    let mut bench = Bench::running(vec![brief, contracts::task(Span::from_secs(5))]);
    let _begun = bench.handle(shutdown(Within::Unset));
    assert_eq!(bench.engine.present_phase().unwrap().0, Phase::PauseUnits);
    let gone = bench.exit(0, Exit::Completed);
    assert_eq!(gone, Disposition::Applied);
    assert!(bench.engine.is_ending(unit(0)), "its row is on its way");
    assert_eq!(bench.engine.present_phase().unwrap().0, Phase::StopUnits);
    assert_eq!(bench.actions(1), ["request-cancel"], "and the next one has its turn");
}

#[test]
fn a_pause_that_takes_what_there_is_takes_no_more_than_its_ladder_may() {
    let pause = Rung::new(Action::Pause, Span::ZERO).rest();
    let deaf = || kind(vec![pause, Rung::new(Action::Kill, Span::from_secs(2))], Some(6));
    for within in [Within::Unlimited, Within::For(Span::from_secs(900))] {
        let mut bench = Bench::running(vec![deaf()]);
        let _begun = bench.handle(shutdown(within));
        assert_eq!(until(&bench), Moment::START.after(Span::from_secs(4)), "{within:?}");
        while bench.actions(0).len() < 2 {
            let _woken = bench.wake();
        }
        assert_eq!(bench.actions(0), ["pause", "kill"]);
    }
    // Where there is less, that is what there is; and a stop that somebody has given all the time has it.
    let mut bench = Bench::running(vec![deaf()]);
    let _begun = bench.handle(shutdown(Within::For(Span::from_secs(8))));
    assert_eq!(until(&bench), Moment::START.after(Span::from_millis(2_500)));
    let mut bench = Bench::running(vec![deaf()]);
    let caller = bench.ticket();
    let asked = Input::StopRequested { unit: unit(0), force: false, within: Within::Unlimited, caller };
    let _begun = bench.handle(asked);
    assert!(until(&bench).is_never());
}

#[test]
fn who_pauses_a_second_time_on_an_earlier_way_down_holds_nobody_up() {
    let pause = |secs| Rung::new(Action::Pause, Span::from_secs(secs));
    let forget = Rung::new(Action::Forget, Span::from_secs(1));
    let twice = kind(vec![pause(1), forget, pause(8), Rung::new(Action::Abort, Span::from_secs(1))], None);
    let mut bench = Bench::running(vec![twice, contracts::task(Span::from_secs(5))]);
    let _begun = bench.stop(0);
    let _paused = bench.finish(0, Outcome::Done);
    let _forgotten = bench.finish(0, Outcome::Done);
    assert_eq!(bench.actions(0), ["pause", "forget", "pause"]);
    let _begun = bench.handle(shutdown(Within::Unset));
    assert_eq!(bench.actions(1), ["request-cancel"], "nobody is waited for");
}
