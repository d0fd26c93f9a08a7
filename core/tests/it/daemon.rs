//! The daemon's contract in detail: preservation, order, and an end on every path.

use winddown_core::*;

use crate::bench::{Bench, answer_to, unit};

const TERM: Input = Input::SignalReceived { signal: Signal::Terminate };

fn seconds(secs: u64) -> Moment {
    Moment::START.after(Span::from_secs(secs))
}

fn daemon(engagements: usize, clients: u16) -> Bench {
    let mut bench = Bench::running(vec![contracts::engagement(); engagements]);
    for client in 0..clients {
        assert_eq!(bench.handle(Input::ClientAttached { client: ClientId(client) }), Disposition::Applied);
    }
    bench
}

fn count(bench: &Bench, test: impl Fn(&Effect) -> bool) -> usize {
    bench.all.iter().filter(|(_, effect)| test(effect)).count()
}

fn winds(bench: &Bench) -> Vec<Phase> {
    let winds = bench.all.iter().filter_map(|(_, effect)| match *effect {
        Effect::Wind { phase, .. } => Some(phase),
        _ => None,
    });
    winds.collect()
}

fn checkpoints(bench: &Bench) -> usize {
    count(bench, |effect| matches!(effect, Effect::Checkpoint { .. }))
}

fn shutdown(graceful: bool, within: Within) -> Input {
    Input::ShutdownRequested { graceful, within, caller: Caller::Nobody }
}

/// Wakes the engine until it has exited. Says when it was.
fn run_out(bench: &mut Bench) -> Moment {
    while bench.exit_code().is_none() {
        assert_eq!(bench.wake(), Disposition::Applied, "no wake-up is for nothing");
    }
    bench.now
}

#[test]
fn nothing_is_checkpointed_before_the_last_holds_still() {
    let mut bench = daemon(3, 0);
    let _begun = bench.handle(TERM);
    assert_eq!(bench.actions(2), ["pause"]);
    bench.after(Span::from_millis(400));
    for number in [2, 0] {
        let paused = Input::UnitPaused { unit: unit(number), incarnation: Incarnation(1) };
        assert_eq!(bench.handle(paused), Disposition::Applied);
        assert_eq!(checkpoints(&bench), 0);
    }
    // 1 does not answer: its second is over, and then it is checkpointed as it is.
    let _woken = bench.wake();
    assert_eq!((bench.now, checkpoints(&bench)), (seconds(1), 3));
}

#[test]
fn a_body_that_goes_while_all_pause_holds_nobody_up() {
    let mut bench = daemon(2, 0);
    let _begun = bench.handle(TERM);
    let _paused = bench.finish(0, Outcome::Done);
    let _gone = bench.exit(1, Exit::Failed);
    assert_eq!(checkpoints(&bench), 2, "what it found is kept");
}

#[test]
fn a_stop_while_others_pause_waits_with_them() {
    let mut bench = daemon(3, 1);
    let _begun = bench.handle(TERM);
    assert_eq!(bench.actions(0), Vec::<&str>::new(), "the client is told first");
    assert_eq!(bench.stop(0), Disposition::Applied);
    let _paused = bench.finish(0, Outcome::Done);
    assert_eq!(checkpoints(&bench), 0);
    let told = Input::ClientTold { client: ClientId(0), outcome: Outcome::Done };
    assert_eq!(bench.handle(told), Disposition::Applied);
    assert_eq!(bench.stop(1), Disposition::Applied, "joins");
    let _paused = bench.finish(1, Outcome::Done);
    assert_eq!(checkpoints(&bench), 0);
    let _paused = bench.finish(2, Outcome::Done);
    assert_eq!(checkpoints(&bench), 3);
    bench.effects = bench.all.iter().map(|(_, effect)| *effect).collect();
    bench.obey();
    assert_eq!((bench.exit_code(), bench.answers().len()), (Some(0), 2));
}

#[test]
fn a_checkpoint_that_hangs_ends_at_the_deadline_with_its_findings_named() {
    let mut bench = daemon(2, 0);
    let _found = bench.handle(Input::FindingRecorded { unit: unit(0), durable: false });
    let _begun = bench.handle(TERM);
    let _paused = bench.finish(0, Outcome::Done);
    let _paused = bench.finish(1, Outcome::Done);
    let _done = bench.finish(1, Outcome::Done);
    let ended = run_out(&mut bench);
    assert!(ended <= seconds(30));
    assert_eq!(winds(&bench), [Phase::CloseListener, Phase::UnlinkSocket, Phase::RemovePidFile]);
    let report = bench.engine.report();
    let unsaved: Vec<UnitId> = report.unsaved().map(|unit| unit.unit).collect();
    assert_eq!((report.code, unsaved), (1, vec![unit(0)]));
    assert_eq!(report.overran().map(|unit| unit.unit).collect::<Vec<_>>(), [unit(0)]);
}

#[test]
fn not_graceful_preserves_nothing_and_cleans_up() {
    let mut bench = daemon(2, 2);
    let _begun = bench.handle(shutdown(false, Within::Unset));
    assert_eq!(bench.engine.shutdown_deadline(), Some(seconds(5)));
    assert_eq!(checkpoints(&bench), 0);
    assert_eq!(bench.actions(0), ["abort"]);
    bench.obey();
    assert_eq!(count(&bench, |effect| matches!(effect, Effect::Tell { .. })), 0);
    assert_eq!(count(&bench, |effect| matches!(effect, Effect::Disconnect { .. })), 2);
    assert_eq!(winds(&bench).len(), 3);
    assert!(bench.engine.report().forced);
    assert_eq!(bench.exit_code(), Some(0), "final rows keep the findings all the same");
}

#[test]
fn within_no_time_it_is_over_in_one_input() {
    let mut bench = daemon(2, 2);
    let _begun = bench.handle(shutdown(true, Within::For(Span::ZERO)));
    assert_eq!(bench.exit_code(), Some(1), "nothing is known to be durable");
    assert_eq!(winds(&bench).len(), 3);
    assert_eq!(count(&bench, |effect| matches!(effect, Effect::Disconnect { .. })), 2);
    assert_eq!(bench.engine.next_deadline(), None);
}

#[test]
fn a_later_request_shortens_and_never_lengthens() {
    let mut bench = daemon(1, 0);
    let _begun = bench.handle(shutdown(true, Within::For(Span::from_secs(20))));
    assert_eq!(
        bench.handle(shutdown(true, Within::For(Span::from_secs(25)))),
        Disposition::Ignored(Why::AlreadyStopping)
    );
    assert_eq!(bench.handle(shutdown(true, Within::Unlimited)), Disposition::Ignored(Why::AlreadyStopping));
    assert_eq!(bench.handle(shutdown(true, Within::For(Span::from_secs(8)))), Disposition::Applied);
    assert_eq!(bench.engine.shutdown_deadline(), Some(seconds(8)));
    assert!(!bench.engine.report().forced, "shorter is not harder");
    assert!(run_out(&mut bench) <= seconds(8));
}

#[test]
fn the_second_signal_counts_in_every_phase() {
    // After so many answers of an obedient world the second signal comes, and then nothing at all.
    for answers in 0..40 {
        let mut bench = daemon(2, 2);
        let _begun = bench.handle(TERM);
        let mut asked = bench.effects.clone();
        for _answer in 0..answers {
            if asked.is_empty() {
                break;
            }
            if let Some(input) = answer_to(asked.remove(0), bench.now) {
                let _any = bench.handle(input);
                asked.extend(bench.effects.clone());
            }
        }
        if bench.exit_code().is_some() {
            continue;
        }
        bench.after(Span::from_millis(10));
        assert_eq!(bench.handle(TERM), Disposition::Applied);
        let by = bench.engine.shutdown_deadline().unwrap();
        assert!(by <= bench.now.after(Span::from_secs(5)));
        assert!(run_out(&mut bench) <= by);
        assert_eq!(winds(&bench).len(), 3);
        assert_eq!(count(&bench, |effect| matches!(effect, Effect::Disconnect { .. })), 2);
    }
}

#[test]
fn a_hangup_is_no_stop_in_any_phase() {
    let mut bench = daemon(1, 0);
    let _begun = bench.handle(TERM);
    let deadline = bench.engine.shutdown_deadline();
    let hangup = Input::SignalReceived { signal: Signal::Hangup };
    assert_eq!(bench.handle(hangup), Disposition::Ignored(Why::Draining));
    assert!(bench.effects.is_empty());
    assert_eq!(bench.engine.shutdown_deadline(), deadline);
    assert!(!bench.engine.report().forced);
}

#[test]
fn a_client_that_comes_in_any_phase_is_sent_away() {
    for answers in 0..40 {
        let mut bench = daemon(2, 1);
        let _begun = bench.handle(TERM);
        let mut asked = bench.effects.clone();
        for _answer in 0..answers.min(asked.len() * 40) {
            if asked.is_empty() {
                break;
            }
            if let Some(input) = answer_to(asked.remove(0), bench.now) {
                let _any = bench.handle(input);
                asked.extend(bench.effects.clone());
            }
        }
        if bench.exit_code().is_some() {
            continue;
        }
        let late = ClientId(9);
        assert_eq!(bench.handle(Input::ClientAttached { client: late }), Disposition::Applied);
        asked.extend(bench.effects.clone());
        bench.effects = asked;
        bench.obey();
        assert_eq!(bench.exit_code(), Some(0), "after {answers} answers");
        let sent_away = |effect: &Effect| *effect == Effect::Disconnect { client: late };
        assert_eq!(count(&bench, sent_away), 1, "after {answers} answers");
    }
}

#[test]
fn clients_that_break_or_vanish_or_hang_block_nobody() {
    let mut bench = daemon(1, 4);
    let _begun = bench.handle(TERM);
    let told = |client, outcome| Input::ClientTold { client: ClientId(client), outcome };
    assert_eq!(bench.handle(told(0, Outcome::Failed)), Disposition::Applied);
    assert_eq!(bench.effects, [Effect::Disconnect { client: ClientId(0) }], "a broken client is dropped");
    assert_eq!(bench.handle(Input::ClientLeft { client: ClientId(1) }), Disposition::Applied);
    assert_eq!(bench.handle(told(1, Outcome::Done)), Disposition::Ignored(Why::StaleStep));
    assert_eq!(bench.handle(told(2, Outcome::Done)), Disposition::Applied);
    // 3 hangs: it has the second that all have.
    let _woken = bench.wake();
    assert_eq!((bench.now, bench.actions(0)), (seconds(1), vec!["pause"]));
    bench.obey();
    assert_eq!(bench.now, seconds(1));
    assert_eq!(count(&bench, |effect| *effect == Effect::Disconnect { client: ClientId(0) }), 1);
    assert_eq!(count(&bench, |effect| matches!(effect, Effect::Disconnect { .. })), 3);
    // 0 was told to go before, and its leaving is waited for like all others'.
    assert_eq!(bench.handle(Input::ClientLeft { client: ClientId(0) }), Disposition::Applied);
    bench.obey();
    assert_eq!(bench.exit_code(), Some(0));
}

#[test]
fn a_part_that_fails_is_named_and_the_rest_still_goes() {
    let mut bench = daemon(0, 0);
    let _begun = bench.handle(TERM);
    for phase in [Phase::CloseListener, Phase::UnlinkSocket, Phase::RemovePidFile] {
        let outcome = if phase.name() == "unlink-socket" { Outcome::Failed } else { Outcome::Done };
        assert_eq!(bench.handle(Input::PhaseFinished { phase, outcome }), Disposition::Applied);
        assert_ne!(bench.handle(Input::PhaseFinished { phase, outcome }), Disposition::Applied, "said twice");
    }
    assert_eq!(bench.exit_code(), Some(1));
    assert_eq!(bench.engine.report().failed_phases, [Phase::UnlinkSocket]);
}

#[test]
fn what_starts_in_the_instant_of_the_signal_is_stopped_with_the_rest() {
    let starting = Kind { start_patience: Some(Span::from_secs(3)), ..contracts::engagement() };
    let mut bench = Bench::new(contracts::host(vec![starting, contracts::session()]));
    bench.declare(0, 0);
    bench.declare(1, 1);
    for number in 0..2 {
        let start = Input::StartRequested { unit: unit(number), caller: Caller::Nobody };
        assert_eq!(bench.handle(start), Disposition::Applied);
    }
    let announced = bench.effects.clone();
    let _begun = bench.handle(TERM);
    let mut asked = bench.effects.clone();
    // The process is on record, too late to be started; the engagement comes up while it is paused.
    bench.effects = announced;
    bench.confirm_rows();
    let started = Input::UnitStarted { unit: unit(0), incarnation: Incarnation(1) };
    assert_eq!(bench.handle(started), Disposition::Applied);
    asked.extend(bench.effects.clone());
    bench.effects = asked;
    bench.obey();
    assert_eq!(bench.exit_code(), Some(0));
    assert_eq!(count(&bench, |effect| matches!(effect, Effect::Start { .. })), 1);
    assert!((0..2).all(|number| bench.status(number) == Status::Stopped));
}

#[test]
fn findings_found_late_are_written_or_cost_the_exit_its_zero() {
    for durable in [true, false] {
        for written in [Outcome::Done, Outcome::Failed] {
            let mut bench = daemon(1, 1);
            let _begun = bench.handle(TERM);
            let mut asked = bench.effects.clone();
            while bench.engine.unit(unit(0)).unwrap().status != Status::Stopped {
                if let Some(input) = answer_to(asked.remove(0), bench.now) {
                    let _any = bench.handle(input);
                    asked.extend(bench.effects.clone());
                }
            }
            // The checkpoint is done, clients are on their way out, and a body that lingers finds more.
            let found = Input::FindingRecorded { unit: unit(0), durable };
            assert_eq!(bench.handle(found), Disposition::Applied);
            asked.extend(bench.effects.clone());
            while !asked.is_empty() {
                let effect = asked.remove(0);
                let input = match answer_to(effect, bench.now) {
                    Some(Input::Persisted { unit, row, .. }) => {
                        Some(Input::Persisted { unit, row, outcome: written })
                    }
                    other => other,
                };
                if let Some(input) = input {
                    let _any = bench.handle(input);
                    asked.extend(bench.effects.clone());
                }
            }
            let code = u8::from(written == Outcome::Failed);
            assert_eq!(bench.exit_code(), Some(code), "durable {durable}, written {written:?}");
            assert_eq!(bench.engine.report().unsaved().count(), usize::from(code));
        }
    }
}

#[test]
fn a_checkpoint_that_fails_costs_the_zero_whatever_failed_before_it() {
    for pause in [Outcome::Done, Outcome::Failed] {
        let mut bench = Bench::running(vec![contracts::engagement()]);
        let _begun = bench.handle(Input::SignalReceived { signal: Signal::Terminate });
        let _paused = bench.finish(0, pause);
        assert_eq!(bench.actions(0).last(), Some(&"checkpoint"));
        let _failed = bench.finish(0, Outcome::Failed);
        bench.obey();
        while bench.exit_code().is_none() {
            let _woken = bench.wake();
            bench.obey();
        }
        assert_eq!(bench.exit_code(), Some(1), "the pause: {pause:?}");
        assert_eq!(bench.engine.unit_report(unit(0)).unwrap().failed, Some(Action::Checkpoint));
    }
}
