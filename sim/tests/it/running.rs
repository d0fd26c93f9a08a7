//! Hosts that are up when a run begins.

use winddown_core::{Effect, Input, Moment, Status, UnitId};
use winddown_sim::{
    Arena, Ended, Setup,
    chooser::{Mild, Random},
    run, run_while,
    scenario::Scenario,
    story::{Entry, Story},
};

/// A process whose row comes before its start, one that says when it is up, one that comes later and one that
/// nobody starts.
const ALL_KINDS: &str = r#"
name = "up"
[host]
running = true
clients = 2
[[unit]]
name = "worker"
system = "daemon"
count = 2
[unit.body]
finds-every = "1s"
[[unit]]
name = "session"
system = "session"
start-patience = "9s"
[unit.body]
up-after = "4s"
[[unit]]
name = "brief"
system = "task"
[unit.body]
lasts = "5s"
[[unit]]
name = "later"
system = "task"
starts = "2s"
[[unit]]
name = "never"
system = "task"
starts = "never"
"#;

fn setup(text: &str) -> Setup {
    Setup::new(Scenario::parse(text).unwrap()).unwrap()
}

#[test]
fn it_begins_with_everybody_up_and_on_record() {
    let setup = setup(ALL_KINDS);
    let (mut arena, mut story) = (Arena::new(&setup), Story::default());
    let (place, _) = run_while(&setup, &mut Mild, &mut arena, Some(&mut story), &mut |_| false);
    assert_eq!(place.now, Moment::START);
    let status = |unit| arena.engine().unit(UnitId(unit)).unwrap().status;
    let statuses: Vec<Status> = (0..6).map(status).collect();
    let (up, not) = (Status::Running, Status::Pending);
    assert_eq!(statuses, [up, up, up, up, not, not]);
    for unit in 0..4 {
        assert_eq!(arena.store().row(UnitId(unit)).unwrap().status, up, "unit {unit}");
        assert!(arena.bodies()[unit as usize].alive);
    }
    let inputs: Vec<Input> = story
        .entries
        .iter()
        .filter_map(|(_, entry)| match entry {
            Entry::Step { input, .. } => Some(*input),
            Entry::Note(_) => None,
        })
        .collect();
    assert_eq!(inputs.len() as u64, place.steps, "the story tells how it came up");
    assert!(matches!(inputs[..2], [Input::ClientAttached { .. }, Input::ClientAttached { .. }]));
    assert!(inputs.iter().any(|input| matches!(input, Input::UnitStarted { unit: UnitId(2), .. })));
}

#[test]
fn from_there_everybody_does_what_they_do_anyway() {
    let setup = setup(ALL_KINDS);
    let (mut arena, mut story) = (Arena::new(&setup), Story::default());
    let outcome = run(&setup, &mut Random::new(1), &mut arena, Some(&mut story));
    assert_eq!(outcome.ended, Ended::Exited(0));
    let at = |wanted: fn(&Input) -> bool| {
        let is = |entry: &Entry| matches!(entry, Entry::Step { input, .. } if wanted(input));
        story.entries.iter().find(|(_, entry)| is(entry)).map(|(at, _)| at.nanos() / 1_000_000_000)
    };
    assert_eq!(at(|input| matches!(input, Input::FindingRecorded { .. })), Some(1));
    assert_eq!(at(|input| matches!(input, Input::StartRequested { unit: UnitId(4), .. })), Some(2));
    assert_eq!(at(|input| matches!(input, Input::UnitExited { unit: UnitId(3), .. })), Some(5));
    assert_eq!(at(|input| matches!(input, Input::StartRequested { unit: UnitId(5), .. })), None);
    // What happened once for all runs is not counted for each.
    assert_eq!(
        outcome.steps + 8,
        story.entries.iter().filter(|(_, it)| !matches!(it, Entry::Note(_))).count() as u64
    );
}

#[test]
fn a_crash_at_once_finds_every_row() {
    let crash = "\n[[operator]]\nat = \"0s\"\nask = \"crash\"\n";
    let setup = setup(&format!("{ALL_KINDS}{crash}"));
    for seed in 0..50 {
        let (mut arena, mut story) = (Arena::new(&setup), Story::default());
        let outcome = run(&setup, &mut Random::new(seed), &mut arena, Some(&mut story));
        assert_eq!((outcome.breach, outcome.crashes), (None, 1), "seed {seed}");
        let recovered =
            |entry: &Entry| matches!(entry, Entry::Step { input: Input::UnitRecovered { .. }, .. });
        assert_eq!(story.entries.iter().filter(|(_, entry)| recovered(entry)).count(), 4);
        let reaps = |(_, entry): &&(Moment, Entry)| match entry {
            Entry::Step { effects, .. } => effects.iter().any(|effect| matches!(effect, Effect::Reap { .. })),
            Entry::Note(_) => false,
        };
        assert!(story.entries.iter().any(|entry| reaps(&entry)), "the session has outlived its host");
    }
}

#[test]
fn every_claim_holds_for_whatever_is_up() {
    let mut used = None;
    for seed in 0..3_000 {
        let mut chooser = Random::new(seed);
        let mut scenario = Scenario::generate(&mut chooser, None);
        let plain = Setup::new(scenario.clone()).unwrap();
        scenario.host.running = true;
        let setup = Setup::new(scenario).unwrap();
        let fresh = run(&setup, &mut chooser.clone(), &mut Arena::new(&setup), None);
        assert_eq!(fresh.breach, None, "seed {seed}");
        // Neither does it matter what was run in the same room before.
        let arena = used.get_or_insert_with(|| Arena::new(&plain));
        let _other = run(&plain, &mut chooser.clone(), arena, None);
        assert_eq!(run(&setup, &mut chooser.clone(), arena, None), fresh, "seed {seed}");
    }
}
