//! What was before a run whose host is up already: the same for every seed, so it is done once for all runs.

use winddown_core::Moment;

use super::{Arena, World, agenda::Happening};
use crate::{
    chooser::{Chooser, Mild},
    claims::Breach,
    digest::Digest,
    setup::Setup,
    story::Story,
};

/// A host that has come up, and what its steps have left behind.
#[derive(Debug)]
pub(crate) struct Before {
    arena: Arena,
    digest: Digest,
    /// How many inputs the engine took.
    pub(super) steps: u64,
    breach: Option<Box<Breach>>,
    story: Story,
}

impl Before {
    /// Brings the host up at the beginning of time: clients connect, then units start, in their order, nothing
    /// fails, and nothing takes any time.
    pub(crate) fn new(setup: &Setup) -> Self {
        let (mut arena, mut story) = (Arena::new(setup), Story::default());
        let mut mild = Mild;
        let mut world = World::new(setup, &mut mild, &mut arena, Some(&mut story));
        world.come_up();
        let (digest, steps, breach) = (world.digest, world.steps, world.breach);
        Self { arena, digest, steps, breach, story }
    }
}

impl Arena {
    /// Everything is as it was when the host had come up.
    pub(super) fn copy_from(&mut self, before: &Before, timed: bool) {
        let Self { engine, effects: _, agenda: _, bodies, current, store, judge, coverage, host, judging: _ } =
            &before.arena;
        self.engine.clone_from(engine);
        self.effects.clear();
        self.agenda.reset(timed);
        self.bodies.clone_from(bodies);
        self.current.clone_from(current);
        self.store.reset(current.len());
        self.store.copy_rows_from(store);
        self.judge.copy_from(judge);
        self.coverage.merge(coverage);
        self.host = *host;
    }
}

impl<C: Chooser> World<'_, C> {
    fn come_up(&mut self) {
        // Untimed, whatever is planned takes no time; and there are no faults when it is calm.
        self.timed = false;
        self.calm = true;
        self.state.agenda.reset(self.timed);
        for client in self.setup.clients() {
            self.unless_over(Happening::ClientComes(client));
        }
        for unit in self.setup.unit_ids() {
            let setup = &self.setup.units[unit.index()];
            if setup.starts.is_some() && setup.starts_later(true).is_none() {
                self.unless_over(Happening::Start(unit));
            }
        }
        while let Some(what) = self.take_what_a_start_waits_for() {
            self.unless_over(what);
        }
        self.state.store.advance(Moment::START);
    }

    fn unless_over(&mut self, what: Happening) {
        if !self.is_over() {
            self.happen(what);
        }
    }

    /// A row, or a sign of life. What bodies do beyond that belongs to the run.
    fn take_what_a_start_waits_for(&mut self) -> Option<Happening> {
        let waited_for = |what: &Happening| matches!(what, Happening::Stored(_) | Happening::BodyUp(_));
        let place = self.state.agenda.line().iter().position(waited_for)?;
        self.state.agenda.take(place)
    }

    /// The run goes on from there.
    pub(super) fn follow(&mut self, before: &Before) {
        (self.digest, self.steps) = (before.digest, before.steps);
        self.breach.clone_from(&before.breach);
        if let Some(story) = self.story.as_deref_mut() {
            story.entries.extend_from_slice(&before.story.entries);
        }
    }

    /// Who runs already goes on with its work.
    pub(super) fn go_on(&mut self) {
        for place in 0..self.state.bodies.len() {
            let unit = self.state.bodies[place].unit;
            self.work(unit, u32::try_from(place).unwrap_or(u32::MAX));
        }
    }
}
