//! What may happen next in a state, and what of the state decides that. It is little, so a search need not put
//! a state together only to know.

use winddown_core::{Exit, Moment, Outcome, UnitId};

use super::{
    choice::{Choice, Manner},
    left::{Counted, Left},
    scope::Scope,
    state::{State, Write},
};

/// What of a unit decides what may happen next.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct UnitOptions {
    /// How many orders for it have not come to their end.
    pub(super) orders: u8,
    /// How many writes of it are on their way.
    pub(super) writes: u8,
    /// Which of these is the first that somebody waits for.
    pub(super) awaited: Option<u8>,
    /// How many answers are waited for that no deadline has outrun.
    pub(super) in_time: u8,
    /// There is a body of this host's whose end was not reported.
    pub(super) exit_is_due: bool,
    /// Its body lives.
    pub(super) alive: bool,
    /// Its body was told to go.
    pub(super) told: bool,
    /// It has a deadline.
    pub(super) has_deadline: bool,
}

/// What of a host decides what may happen next.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct HostOptions {
    /// The host's process is there.
    pub(super) up: bool,
    pub(super) draining: bool,
    /// It has a deadline that is no unit's.
    pub(super) has_deadline: bool,
}

/// All of a state that decides what may happen next in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// Only the first `count` are there.
    all: [UnitOptions; Scope::UNITS_MAX as usize],
    count: usize,
    host: HostOptions,
    left: Left,
}

impl Options {
    pub(super) fn new(units: impl Iterator<Item = UnitOptions>, host: HostOptions, left: Left) -> Self {
        let mut options = Self { all: [UnitOptions::default(); _], count: 0, host, left };
        for unit in units {
            options.all[options.count] = unit;
            options.count += 1;
        }
        options
    }

    fn units(&self) -> impl Iterator<Item = (UnitId, &UnitOptions)> {
        (0..).map(UnitId).zip(&self.all[..self.count])
    }

    /// Puts everything that may happen next into `menu`, from mild to nasty, and says whether the first
    /// of it needs nobody's ill will and brings the end nearer: then it is the calm one. `key`: a unit's.
    pub(super) fn menu(&self, key: impl Fn(UnitId) -> u64, menu: &mut Vec<Choice>) -> bool {
        menu.clear();
        if !self.host.up {
            self.recovery(key, menu);
            return true;
        }
        self.answers(menu, Outcome::Done);
        for (unit, it) in self.units() {
            if it.exit_is_due && (it.told || !it.alive) {
                menu.push(Choice::Exit(unit, Exit::Ended));
            }
        }
        let draining = self.host.draining;
        if !draining {
            menu.push(Choice::Signal);
        }
        if self.has_deadline() && self.in_time() <= self.left.of_these(Counted::Delays) {
            menu.push(Choice::Wake);
        }
        let calm = !menu.is_empty();
        for (unit, it) in self.units() {
            let alive = it.exit_is_due && it.alive;
            if alive && !it.told {
                menu.push(Choice::Exit(unit, Exit::Completed));
            }
            if alive && self.left.may(Counted::Findings) {
                menu.extend([Choice::Find(unit, false), Choice::Find(unit, true)]);
            }
        }
        if self.left.may(Counted::Stops) {
            for (unit, _) in self.units() {
                menu.extend(Manner::ALL.map(|manner| Choice::Stop(unit, manner)));
            }
        }
        if draining && self.left.may(Counted::Signals) {
            menu.push(Choice::Signal);
        }
        if self.left.may(Counted::Failures) {
            self.answers(menu, Outcome::Failed);
            for (unit, it) in self.units() {
                if it.exit_is_due && it.alive && !it.told {
                    menu.push(Choice::Exit(unit, Exit::Failed));
                }
            }
        }
        if self.left.may(Counted::Crashes) {
            menu.push(Choice::Crash);
        }
        calm
    }

    /// What may still happen once this has.
    pub(super) fn left_after(&self, choice: Choice) -> Left {
        self.left.after(choice, self.host.draining, || self.in_time())
    }

    /// What the host waits for, with this outcome. Of a unit's writes, the first that somebody waits for.
    fn answers(&self, menu: &mut Vec<Choice>, outcome: Outcome) {
        for (unit, it) in self.units() {
            menu.extend((0..it.orders).map(|order| Choice::Finish(unit, order, outcome)));
        }
        for (unit, it) in self.units() {
            menu.extend(it.awaited.map(|write| Choice::Store(unit, write, outcome)));
        }
    }

    /// After a crash: unit by unit, how much of what was on its way made it; then the host comes back.
    /// Which unit is first must not depend on their numbers, as states that differ in these alone are one;
    /// of units that are alike it is the first, whose like is not tried. How many states there are in between
    /// depends on what digests come to, and so does the number of all: nothing else does.
    fn recovery(&self, key: impl Fn(UnitId) -> u64, menu: &mut Vec<Choice>) {
        let writing = self.units().filter(|(_, it)| it.writes > 0);
        match writing.min_by_key(|(unit, _)| (key(*unit), *unit)) {
            Some((unit, it)) => menu.extend((0..=it.writes).rev().map(|kept| Choice::Keep(unit, kept))),
            None => menu.push(Choice::Boot),
        }
    }

    fn has_deadline(&self) -> bool {
        self.host.has_deadline || self.units().any(|(_, it)| it.has_deadline)
    }

    /// How many answers are waited for that no deadline has outrun.
    pub(super) fn in_time(&self) -> u8 {
        self.units().fold(0, |sum, (_, it)| sum.saturating_add(it.in_time))
    }
}

impl State {
    /// Puts everything that may happen next into `menu`, from mild to nasty, and says whether the first
    /// of it needs nobody's ill will and brings the end nearer: then it is the calm one.
    pub fn menu(&self, menu: &mut Vec<Choice>) -> bool {
        if self.is_over() {
            menu.clear();
            return false;
        }
        self.options().menu(|unit| self.unit_key(unit), menu)
    }

    /// All of it that decides what may happen next.
    pub(super) fn options(&self) -> Options {
        let units = self.hands().map(|(unit, _)| self.unit_options(unit));
        Options::new(units, self.host_options(), self.left)
    }

    pub(super) fn unit_options(&self, unit: UnitId) -> UnitOptions {
        let orders = self.orders.iter().filter(|order| order.unit == unit);
        let writes = self.writes.iter().filter(|write| write.unit == unit);
        let in_time = orders.clone().filter(|order| !order.slow).count()
            + writes.clone().filter(|write| write.counts() && !write.slow).count();
        let (body, hand) = (&self.bodies[unit.index()], &self.hands[unit.index()]);
        UnitOptions {
            orders: few(orders.count()),
            writes: few(writes.clone().count()),
            awaited: writes.clone().position(Write::counts).map(few),
            in_time: few(in_time),
            exit_is_due: body.alive && !hand.orphan || hand.unreported,
            alive: body.alive,
            told: hand.told,
            has_deadline: !self.engine.deadline_of(unit).is_never(),
        }
    }

    pub(super) fn host_options(&self) -> HostOptions {
        HostOptions {
            up: self.up,
            draining: self.engine.is_draining(),
            has_deadline: !self.engine.phase_deadline().is_never(),
        }
    }

    /// When the next deadline is; now, if that is past.
    pub(super) fn next_wake(&self) -> Moment {
        self.engine.next_deadline().map_or(self.now, |due| due.max(self.now))
    }
}

/// Nothing of a small scope is counted farther.
fn few(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}
