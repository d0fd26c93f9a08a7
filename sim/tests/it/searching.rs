//! Looking with priorities: for every seed a run of its own, the same one however it is played.

use winddown_sim::{
    Arena,
    chooser::Replay,
    run,
    scenario::{Order as Time, Scenario, System},
    shrink::Recording,
    sweep::{Campaign, Order, Source, Watcher, sweep},
};

const PRIORITIES: Source = Source::Prioritized(None);

struct Nobody;

impl Watcher for Nobody {}

fn swept(source: Source, jobs: usize) -> Campaign {
    let order = Order { source, first: 100, end: 4_100, jobs, until_failure: false, check_determinism: true };
    sweep(&order, &Nobody).unwrap()
}

#[test]
fn what_is_found_replays_from_its_tape_alone() {
    for seed in 0..500 {
        let (recording, outcome) = Recording::of_seed(&PRIORITIES, seed).unwrap();
        let setup = recording.setup().unwrap();
        let mut tape = Replay::new(recording.tape);
        assert_eq!(run(&setup, &mut tape, &mut Arena::new(&setup), None), outcome, "seed {seed}");
    }
}

#[test]
fn it_is_sound_and_the_same_on_any_number_of_threads() {
    let campaign = swept(PRIORITIES, 1);
    assert!(!campaign.has_failed(), "{:?} {:?}", campaign.breaches, campaign.panics);
    assert_eq!(campaign.hash, swept(PRIORITIES, 3).hash);
    assert_ne!(campaign.hash, swept(Source::Generated(None), 3).hash);
}

#[test]
fn but_for_its_order_a_seed_means_the_same_scenario() {
    for system in System::ALL.map(Some).into_iter().chain([None]) {
        for seed in 0..50 {
            let scenario = |source: &Source| source.open(seed).unwrap().0.scenario.clone();
            let plain = scenario(&Source::Generated(system));
            let untimed = Scenario { order: Time::Untimed, ..plain };
            assert_eq!(scenario(&Source::Prioritized(system)), untimed);
        }
    }
}
