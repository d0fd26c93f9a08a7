//! The scenarios that come with winddown show what they say they show.

use winddown_core::{Answer, Effect, Ending, Input, Moment, Span, Status, UnitId};
use winddown_sim::{
    Arena, Ended, Outcome, Setup,
    chooser::Random,
    run,
    scenario::{Scenario, catalog::SHIPPED},
    story::{Entry, Story},
};

struct Played {
    setup: Setup,
    story: Story,
    outcome: Outcome,
    arena: Arena,
}

fn play(name: &str, seed: u64) -> Played {
    let (_, text) = SHIPPED.iter().find(|(shipped, _)| *shipped == name).unwrap();
    let setup = Setup::new(Scenario::parse(text).unwrap()).unwrap();
    let mut arena = Arena::new(&setup);
    let mut story = Story::default();
    let outcome = run(&setup, &mut Random::new(seed), &mut arena, Some(&mut story));
    assert_eq!(outcome.breach, None, "{name}, seed {seed}");
    Played { setup, story, outcome, arena }
}

impl Played {
    /// Every effect with its time and the input that led to it.
    fn effects(&self) -> impl Iterator<Item = (Moment, Input, Effect)> + '_ {
        self.story.entries.iter().flat_map(|(at, entry)| match entry {
            Entry::Step { input, effects, .. } => {
                effects.iter().map(|effect| (*at, *input, *effect)).collect::<Vec<_>>()
            }
            Entry::Note(_) => Vec::new(),
        })
    }

    fn unit(&self, name: &str) -> UnitId {
        let count = u32::try_from(self.setup.unit_count()).unwrap();
        (0..count).map(UnitId).find(|unit| self.setup.unit_name(*unit) == name).unwrap()
    }

    fn report(&self, name: &str) -> winddown_core::UnitReport {
        self.arena.engine().unit_report(self.unit(name)).unwrap()
    }
}

#[test]
fn a_369_s_navigation_stops_in_no_time_with_one_write_and_never_restarts() {
    for seed in 0..200 {
        let played = play("navigation", seed);
        let five = Moment::from_nanos(5_000_000_000);
        let stop =
            played.effects().find(|(_, _, effect)| matches!(effect, Effect::Persist { confirm: true, .. }));
        assert_eq!(stop.unwrap().0, five, "the status is written in the instant of the stop");
        assert_eq!(played.report("navigation").took, Span::ZERO);
        let writes = |effect: &Effect| matches!(effect, Effect::Persist { confirm: true, .. });
        assert_eq!(played.effects().filter(|(_, _, effect)| writes(effect)).count(), 1);
        let starts = played.effects().filter(|(_, _, effect)| matches!(effect, Effect::Start { .. }));
        assert_eq!(starts.count(), 1, "the policy says restart on failure, and it does not");
        let late = played.effects().filter(|(_, input, _)| matches!(input, Input::UnitExited { .. }));
        assert_eq!(late.count(), 0, "the late exit, at 369 s, leads to nothing");
        let answers: Vec<Answer> = played
            .effects()
            .filter_map(|(_, _, effect)| match effect {
                Effect::Reply { answer, .. } => Some(answer),
                _ => None,
            })
            .collect();
        assert_eq!(answers, [Answer::Stopped { status: Status::Stopped, leaked: false }; 3]);
        assert_eq!(played.outcome.ended, Ended::Exited(0));
    }
}

#[test]
fn a_deaf_container_is_killed_and_an_unkillable_one_is_reported() {
    for seed in 0..200 {
        let played = play("provider", seed);
        let polite = played.report("polite").took;
        assert!((Span::from_secs(1)..=Span::from_secs(2)).contains(&polite), "a normal stop takes 1 to 2 s");
        assert!(
            played.report("deaf").took >= Span::from_secs(5),
            "killed when its grace is over, not before"
        );
        assert_eq!(played.report("gone").status, Status::Completed);
        let stuck = played.report("stuck");
        assert_eq!((stuck.took, stuck.leaked), (Span::from_secs(30), true), "15 + 5 + 10 s, and then said");
        assert!(played.arena.store().row(played.unit("stuck")).unwrap().leaked, "durably");
        assert_eq!(played.outcome.ended, Ended::Exited(1));
    }
}

#[test]
fn sigterm_preserves_every_finding_of_running_and_paused_engagements() {
    for seed in 0..500 {
        let played = play("daemon", seed);
        assert_eq!(played.outcome.ended, Ended::Exited(0));
        for unit in played.arena.engine().report().units {
            assert_eq!(unit.saved, unit.recorded);
            assert_eq!(played.arena.store().row(unit.unit).unwrap().findings, unit.recorded);
        }
    }
}

#[test]
fn sessions_are_closed_inside_their_grace_and_no_child_is_left() {
    for (name, grace) in [("sessions-25", 30), ("sessions-3", 10)] {
        for seed in 0..100 {
            let played = play(name, seed);
            assert_eq!(played.outcome.ended, Ended::Exited(0));
            assert!(!played.outcome.killed);
            assert!(played.outcome.took < Span::from_secs(10 + grace));
            assert!(played.arena.bodies().iter().all(|body| !body.alive));
        }
    }
}

#[test]
fn tasks_are_cancelled_each_for_its_own_reason() {
    use winddown_core::Reason;
    for seed in 0..100 {
        let played = play("tasks", seed);
        for name in ["stuck", "slow", "waiting", "self-cancelling", "runaway"] {
            assert_eq!(played.report(name).status, Status::Cancelled, "{name}");
        }
        assert!(played.report("stuck").lingers, "nobody can end it before its host");
        assert_eq!(played.report("slow").took, Span::from_secs(3));
        assert!(matches!(played.report("waiting").ending, Ending::OnRung(_)));
        assert_eq!(played.report("self-cancelling").reason, Reason::Stated(1));
        assert_eq!(played.report("runaway").reason, Reason::RunBudgetOver);
    }
}

#[test]
fn the_storm_and_the_mixed_host_hold_on_many_seeds() {
    for seed in 0..500 {
        assert_eq!(play("stop-storm", seed).outcome.ended, Ended::Exited(0));
        let _holds = play("mixed", seed);
    }
}
