//! A run, to its end or to where somebody wants to look.

use winddown_core::Moment;

use super::{Arena, Outcome, World};
use crate::{chooser::Chooser, digest::Digest, setup::Setup, story::Story};

/// Runs a scenario once, with these choices. Whatever happens, the story is told up to there.
pub fn run<C: Chooser>(
    setup: &Setup,
    chooser: &mut C,
    state: &mut Arena,
    story: Option<&mut Story>,
) -> Outcome {
    let mut world = World::new(setup, chooser, state, story);
    world.prepare();
    while !world.is_over() {
        world.turn();
    }
    world.finish()
}

/// How far a run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// What time it is.
    pub now: Moment,
    /// How many inputs the engine took.
    pub steps: u64,
    /// Whether the host's process is there.
    pub up: bool,
    /// Whether the storm is over.
    pub calm: bool,
}

/// Runs a scenario as long as `go_on` says so, which is asked before each thing that happens. What has
/// become of the world is in the arena; there is an outcome only if the run came to its end.
pub fn run_while<C: Chooser>(
    setup: &Setup,
    chooser: &mut C,
    state: &mut Arena,
    story: Option<&mut Story>,
    go_on: &mut dyn FnMut(&Place) -> bool,
) -> (Place, Option<Outcome>) {
    let mut world = World::new(setup, chooser, state, story);
    world.prepare();
    while !world.is_over() && go_on(&world.place()) {
        world.turn();
    }
    let place = world.place();
    let outcome = if world.is_over() { Some(world.finish()) } else { None };
    (place, outcome)
}

impl<'a, C: Chooser> World<'a, C> {
    pub(super) fn new(
        setup: &'a Setup,
        chooser: &'a mut C,
        state: &'a mut Arena,
        story: Option<&'a mut Story>,
    ) -> Self {
        state.reset(setup);
        let mut world = Self {
            setup,
            state,
            chooser,
            story,
            now: Moment::START,
            timed: setup.is_timed(),
            calm: false,
            faults: setup.scenario.faults,
            struck: 0,
            digest: Digest::default(),
            steps: 0,
            up: true,
            exited: None,
            crashes: 0,
            killed: false,
            crash_at: u64::MAX,
            tickets: 0,
            breach: None,
        };
        if let Some(before) = &setup.before {
            world.follow(before);
        }
        world
    }

    pub(super) const fn is_over(&self) -> bool {
        self.exited.is_some() || self.breach.is_some()
    }

    const fn place(&self) -> Place {
        Place { now: self.now, steps: self.steps, up: self.up, calm: self.calm }
    }
}
