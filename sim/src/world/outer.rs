//! What happens to the whole host from outside: supervisors that kill, crashes, and the calm after all.

use winddown_core::{Input, Signal, Span, UnitId};

use super::{World, agenda::Happening};
use crate::{
    chooser::{Chooser, Label},
    claims::{Breach, Claim},
    fault::Fault,
    scenario::{Expectation, Outer, Range},
    story::Note,
};

impl<C: Chooser> World<'_, C> {
    /// Decides beforehand which disasters there will be.
    pub(super) fn plan_disasters(&mut self) {
        if self.strikes(Label::Crash, Fault::Crash, None) {
            self.crash_at = 1 + self.chooser.choose(Label::Crash, 120);
        }
        let storm = Range::new(Span::ZERO, self.setup.scenario.storm);
        if self.strikes(Label::Store, Fault::DiskFull, None) {
            let after = self.draw(Label::Store, storm);
            self.plan_after(after, Happening::DiskFills);
        }
        if self.strikes(Label::Store, Fault::DiskHangs, None) {
            let after = self.draw(Label::Store, storm);
            self.plan_after(after, Happening::DiskHangs);
        }
        if self.strikes(Label::Host, Fault::WakesEarly, None) {
            let after = self.draw(Label::Host, storm);
            self.plan_after(after, Happening::Woken);
        }
        if self.strikes(Label::Operators, Fault::SecondSignal, None) {
            for _ in 0..2 {
                let after = self.draw(Label::Operators, storm);
                self.plan_after(after, Happening::Signal(Signal::Terminate));
            }
        }
    }

    /// The outer supervisor begins its own stop.
    pub(super) fn outer_stop(&mut self) {
        let outer = self.setup.scenario.host.outer;
        let hook = match outer {
            // A preStop hook takes its share of the grace before the host hears anything.
            Outer::Kubernetes => self.draw(Label::Operators, Range::new(Span::ZERO, Span::from_secs(5))),
            Outer::None | Outer::Docker | Outer::Systemd => Span::ZERO,
        };
        if let Some(grace) = self.setup.outer_grace.filter(|_| outer != Outer::None) {
            self.plan_after(grace, Happening::OuterKill);
        }
        self.note(Note::OuterStop(outer));
        self.plan_after(hook, Happening::Signal(Signal::Terminate));
    }

    #[cold]
    pub(super) fn fill_disk(&mut self) {
        self.state.store.full = !self.calm;
    }

    #[cold]
    pub(super) fn hang_disk(&mut self) {
        self.state.store.hangs = !self.calm;
    }

    /// SIGKILL to everything that belongs to the host: its process and all below it.
    #[cold]
    pub(super) fn outer_kill(&mut self) {
        if !self.up {
            return;
        }
        self.note(Note::OuterKill);
        self.killed = true;
        self.check_killed();
        self.state.judge.killed();
        for body in &mut self.state.bodies {
            body.alive = false;
        }
        self.go_down();
        // Somebody starts it again; there are no more surprises, and what was acknowledged must be there.
        self.calm = true;
        self.plan_after(Span::from_secs(1), Happening::Boot);
    }

    /// A host that is killed has not stopped by itself.
    fn check_killed(&mut self) {
        let Expectation { exit, within, killed } = self.setup.scenario.expect;
        let says_nothing = exit.is_none() && within.is_none();
        if killed.unwrap_or(says_nothing) || !self.state.judging {
            return;
        }
        let alive =
            self.state.bodies.iter().filter(|body| body.alive).map(|body| self.setup.unit_name(body.unit));
        let alive: Vec<String> = alive.collect();
        let who = if alive.is_empty() { "nobody".to_owned() } else { alive.join(", ") };
        let text = format!("the host is killed from outside before it is down; still at work: {who}");
        self.breach = Some(Breach::new(Claim::AsExpected, self.now, self.steps, None, text));
    }

    /// The host's process dies between two steps. What can outlive it does.
    #[cold]
    pub(super) fn crash(&mut self) {
        if !self.up {
            return;
        }
        self.note(Note::Crashed);
        self.state.judge.crashed();
        for body in self.state.bodies.iter_mut().filter(|body| !body.process) {
            body.alive = false;
        }
        self.go_down();
        let after = self.draw(Label::Crash, Range::new(Span::from_millis(100), Span::from_secs(3)));
        self.plan_after(after, Happening::Boot);
    }

    fn go_down(&mut self) {
        self.up = false;
        self.crashes += 1;
        self.state.store.advance(self.now);
        let pending = self.state.store.pending() as u64;
        let made_it = self.chooser.choose(Label::Crash, pending + 1);
        self.state.store.crash(usize::try_from(made_it).unwrap_or_default());
        self.state.agenda.retain(|what| !what.needs_host());
    }

    /// A new process, with what the store has kept.
    #[cold]
    pub(super) fn boot(&mut self) {
        self.up = true;
        self.state.host += 1;
        self.state.engine.clone_from(&self.setup.template);
        self.note(Note::Booted);
        for place in 0..self.setup.units.len() {
            let unit = UnitId(u32::try_from(place).unwrap_or(u32::MAX));
            if let Some(row) = self.state.store.row(unit) {
                self.state.judge.recovered(unit, row);
                self.step(Input::UnitRecovered { unit, row });
            }
        }
        // A supervisor that killed it wants it down; otherwise the storm goes on until its end.
        if self.calm {
            self.plan_after(Span::from_secs(1), Happening::Signal(Signal::Terminate));
        }
    }

    /// Faults stop. What is broken heals, or stays as it is; a host that nobody stops is stopped now.
    #[cold]
    pub(super) fn calm_down(&mut self) {
        self.calm = true;
        self.note(Note::Calm);
        let hung = self.state.store.heal(self.now);
        for place in hung {
            let write = self.state.store.writes[place];
            let what = Happening::Stored(u32::try_from(place).unwrap_or(u32::MAX));
            self.plan(write.done_at, what);
        }
        if !self.state.engine.is_draining() && self.up {
            self.step(Input::SignalReceived { signal: Signal::Terminate });
        } else if !self.up {
            self.plan_after(Span::from_secs(5), Happening::Signal(Signal::Terminate));
        }
    }
}
