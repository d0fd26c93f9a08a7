//! What may happen next.

use winddown_core::{Exit, Moment, Outcome, UnitId};

use super::{left::Counted, state::State};

/// How a stop is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Manner {
    /// As the plan says.
    Plain,
    /// Within half of the time that the plan says.
    Sooner,
    /// By force.
    Forced,
}

impl Manner {
    /// All of them, from mild to nasty.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Sooner, Self::Forced];
}

/// One thing that may happen next in an explored world.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Choice {
    /// An order of the host comes to its end; a place in the state's list.
    Finish(u8, Outcome),
    /// A write comes to its end, and with it those of the same unit before it, of which nobody is told.
    Store(u8, Outcome),
    /// A body is seen to go.
    Exit(UnitId, Exit),
    /// The host gets SIGTERM.
    Signal,
    /// The next deadline has come.
    Wake,
    /// A body records a finding; and whether it waits until that is durable.
    Find(UnitId, bool),
    /// Somebody asks that a unit stops.
    Stop(UnitId, Manner),
    /// The host's process dies.
    Crash,
    /// Of the writes of this unit that were on their way at the crash, so many are in the store.
    Keep(UnitId, u8),
    /// The host's process comes back.
    Boot,
}

impl State {
    /// Puts everything that may happen next into `menu`, from mild to nasty, and says whether the first
    /// of it needs nobody's ill will and brings the end nearer: then it is the calm one.
    pub fn menu(&self, menu: &mut Vec<Choice>) -> bool {
        menu.clear();
        if self.is_over() {
            return false;
        }
        if !self.up {
            self.recovery(menu);
            return true;
        }
        self.answers(menu, Outcome::Done);
        for (unit, hand) in self.hands() {
            if self.exit_is_due(unit) && (hand.told || !self.bodies[unit.index()].alive) {
                menu.push(Choice::Exit(unit, Exit::Ended));
            }
        }
        let draining = self.engine.is_draining();
        if !draining {
            menu.push(Choice::Signal);
        }
        if self.engine.next_deadline().is_some() && self.in_time() <= self.left.of_these(Counted::Delays) {
            menu.push(Choice::Wake);
        }
        let calm = !menu.is_empty();
        for (unit, hand) in self.hands() {
            let alive = self.exit_is_due(unit) && self.bodies[unit.index()].alive;
            if alive && !hand.told {
                menu.push(Choice::Exit(unit, Exit::Completed));
            }
            if alive && self.may(Counted::Findings) {
                menu.extend([Choice::Find(unit, false), Choice::Find(unit, true)]);
            }
        }
        if self.may(Counted::Stops) {
            for (unit, _) in self.hands() {
                menu.extend(Manner::ALL.map(|manner| Choice::Stop(unit, manner)));
            }
        }
        if draining && self.may(Counted::Signals) {
            menu.push(Choice::Signal);
        }
        if self.may(Counted::Failures) {
            self.answers(menu, Outcome::Failed);
            for (unit, hand) in self.hands() {
                if self.exit_is_due(unit) && self.bodies[unit.index()].alive && !hand.told {
                    menu.push(Choice::Exit(unit, Exit::Failed));
                }
            }
        }
        if self.may(Counted::Crashes) {
            menu.push(Choice::Crash);
        }
        calm
    }

    /// Which unit a choice is about, if it is about one.
    pub(super) fn unit_of(&self, choice: &Choice) -> Option<UnitId> {
        match *choice {
            Choice::Finish(place, _) => Some(self.orders[usize::from(place)].unit),
            Choice::Store(place, _) => Some(self.writes[usize::from(place)].unit),
            Choice::Exit(unit, _) | Choice::Find(unit, _) | Choice::Stop(unit, _) | Choice::Keep(unit, _) => {
                Some(unit)
            }
            Choice::Signal | Choice::Wake | Choice::Crash | Choice::Boot => None,
        }
    }

    /// What the host waits for, with this outcome.
    fn answers(&self, menu: &mut Vec<Choice>, outcome: Outcome) {
        for (place, _) in (0_u8..).zip(&self.orders) {
            menu.push(Choice::Finish(place, outcome));
        }
        // Of a unit's writes that somebody waits for, the first one.
        let mut units = 0_u8;
        for (place, write) in (0_u8..).zip(&self.writes).filter(|(_, write)| write.counts()) {
            let unit = 1 << write.unit.0;
            if units & unit == 0 {
                menu.push(Choice::Store(place, outcome));
            }
            units |= unit;
        }
    }

    /// After a crash: unit by unit, how much of what was on its way made it; then the host comes back.
    /// Which unit is first must not depend on their numbers, as states that differ in these alone are one;
    /// of units that are alike it is the first, whose like is not tried. How many states there are in between
    /// depends on what digests come to, and so does the number of all: nothing else does.
    fn recovery(&self, menu: &mut Vec<Choice>) {
        let units = self.writes.iter().map(|write| write.unit);
        let Some(unit) = units.min_by_key(|unit| (self.unit_key(*unit), *unit)) else {
            return menu.push(Choice::Boot);
        };
        let count = self.writes.iter().filter(|write| write.unit == unit).count();
        let count = u8::try_from(count).unwrap_or(u8::MAX);
        menu.extend((0..=count).rev().map(|kept| Choice::Keep(unit, kept)));
    }

    /// Whether there is a body of this host's whose end was not reported.
    fn exit_is_due(&self, unit: UnitId) -> bool {
        let body = &self.bodies[unit.index()];
        body.alive && !self.hands[unit.index()].orphan || self.hands[unit.index()].unreported
    }

    /// When the next deadline is; now, if that is past.
    pub(super) fn next_wake(&self) -> Moment {
        self.engine.next_deadline().map_or(self.now, |due| due.max(self.now))
    }
}
