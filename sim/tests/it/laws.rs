//! What any run obeys, whatever it is a run of.

use winddown_core::{Disposition, Input, Moment, Signal, Span};
use winddown_sim::{
    Arena, Outcome, Setup,
    chooser::{Chooser, Mild, Random, Recorded, Replay, Tape},
    run,
    scenario::Scenario,
    story::{Entry, Story},
    timeline::{self, End, Heading, Kind},
};

fn play(setup: &Setup, chooser: &mut impl Chooser) -> (Outcome, Story) {
    let mut story = Story::default();
    let outcome = run(setup, chooser, &mut Arena::new(setup), Some(&mut story));
    (outcome, story)
}

fn generated(seed: u64) -> (Setup, Random) {
    let mut chooser = Random::new(seed);
    let scenario = Scenario::generate(&mut chooser, None);
    (Setup::new(scenario).unwrap(), chooser)
}

#[test]
fn a_tape_replays_the_same_run_without_its_seed() {
    for seed in 0..300 {
        let (setup, chooser) = generated(seed);
        let mut recorded = Recorded { inner: chooser, tape: Tape::default() };
        let (first, story) = play(&setup, &mut recorded);
        let (again, same) = play(&setup, &mut Replay::new(recorded.tape));
        assert_eq!((first, story), (again, same), "seed {seed}");
    }
}

#[test]
fn an_arena_that_was_used_before_makes_no_difference() {
    let mut used = None;
    for seed in 0..300 {
        let (setup, chooser) = generated(seed);
        let (fresh, _) = play(&setup, &mut chooser.clone());
        let arena = used.get_or_insert_with(|| Arena::new(&setup));
        let again = run(&setup, &mut chooser.clone(), arena, None);
        assert_eq!(fresh, again, "seed {seed}: recording and used room must not matter");
    }
}

#[test]
fn any_tape_is_a_run_and_never_a_panic() {
    let mut dice = Random::new(99);
    for seed in 0..300 {
        let (setup, _) = generated(seed);
        let mut tape = Tape::default();
        for answers in &mut tape.0 {
            let label = winddown_sim::chooser::Label::Crash;
            let count = dice.choose(label, 200);
            *answers = (0..count).map(|_| dice.choose(label, u64::MAX)).collect();
        }
        let (outcome, _) = play(&setup, &mut Replay::new(tape));
        assert_eq!(outcome.breach, None, "seed {seed}");
    }
}

#[test]
fn the_mildest_run_of_any_scenario_holds() {
    for seed in 0..500 {
        let (setup, _) = generated(seed);
        let (outcome, _) = play(&setup, &mut Mild);
        assert_eq!(outcome.breach, None, "seed {seed}");
    }
}

#[test]
fn a_generated_scenario_reads_back_from_its_text() {
    for seed in 0..500 {
        let (setup, _) = generated(seed);
        let mut scenario = setup.scenario;
        scenario.name = "generated".to_owned();
        let text = scenario.to_toml();
        assert_eq!(Scenario::parse(&text), Ok(scenario), "{text}");
    }
}

#[test]
fn time_never_goes_back_and_refusals_order_nothing_but_answers() {
    for seed in 0..500 {
        let (setup, mut chooser) = generated(seed);
        let (_, story) = play(&setup, &mut chooser);
        let mut latest = Moment::START;
        for (at, entry) in &story.entries {
            assert!(*at >= latest, "seed {seed}");
            latest = *at;
            if let Entry::Step { disposition, effects, .. } = entry
                && *disposition != Disposition::Applied
            {
                let replies = |effect| matches!(effect, &winddown_core::Effect::Reply { .. });
                assert!(effects.iter().all(replies), "seed {seed}");
            }
        }
    }
}

#[test]
fn a_shorter_deadline_never_ends_later() {
    let scenario = Scenario::parse(winddown_sim::scenario::catalog::SHIPPED[1].1).unwrap();
    let mut latest = Span::ZERO;
    for seconds in 0..40 {
        let mut shorter = scenario.clone();
        shorter.host.deadline = Span::from_secs(seconds);
        let setup = Setup::new(shorter).unwrap();
        let (outcome, _) = play(&setup, &mut Mild);
        assert_eq!(outcome.breach, None, "deadline {seconds}s");
        assert!(outcome.took >= latest, "with {seconds}s it takes {}, with less {latest}", outcome.took);
        latest = outcome.took;
    }
}

#[test]
fn the_step_in_which_the_engine_panics_is_told_by_its_input() {
    let (setup, mut chooser) = generated(7);
    let (outcome, mut story) = play(&setup, &mut chooser);
    assert_eq!((outcome.breach, &story.unfinished), (None, &None), "a run that is over has left nothing");

    let at = Moment::START.after(Span::from_secs(7_000));
    story.unfinished = Some((at, Input::SignalReceived { signal: Signal::Hangup }));
    let heading = Heading { seed: None, scenario: String::new(), replay: String::new() };
    let engine = Arena::new(&setup).engine().clone();
    let lines = timeline::lines(&setup, &heading, &story, End::Panicked("boom"), &engine);
    let broken: Vec<&str> =
        lines.iter().filter(|line| line.kind == Kind::Broken).map(|line| line.text.as_str()).collect();
    assert!(broken[0].starts_with("7000.000s") && broken[0].ends_with("SIGHUP: panics"), "{}", broken[0]);
    assert_eq!(broken.last(), Some(&"verdict: PANICKED in the last step: boom"));
}
