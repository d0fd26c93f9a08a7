//! Bodies of earlier starts that were not seen to go before the next one: which they are, so that whoever goes
//! late is taken off once, and nobody else with it. One table for all units: a unit that leaves nothing behind
//! costs nothing, and a stop never looks here.

use alloc::vec::Vec;

use super::Engine;
use crate::{
    disposition::{Disposition, Why},
    ids::{Incarnation, UnitId},
};

/// So many are known by their start, in all units together. One more is only counted, and stays counted as long as
/// its unit is there: nobody could say which one it was.
const LIMIT: usize = 4_096;

#[derive(Clone, Debug, Default)]
pub(super) struct Abandoned {
    // Invariant: sorted, without doubles, at most LIMIT.
    starts: Vec<(UnitId, Incarnation)>,
}

impl Abandoned {
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.starts.clone_from(&other.starts);
    }

    pub(super) fn clear(&mut self) {
        self.starts.clear();
    }

    pub(super) fn add(&mut self, unit: UnitId, incarnation: Incarnation) {
        if self.starts.len() < LIMIT
            && let Err(place) = self.starts.binary_search(&(unit, incarnation))
        {
            self.starts.insert(place, (unit, incarnation));
        }
    }

    /// Takes it off. Says whether it was known.
    fn take(&mut self, unit: UnitId, incarnation: Incarnation) -> bool {
        let place = self.starts.binary_search(&(unit, incarnation));
        place.map(|place| self.starts.remove(place)).is_ok()
    }

    /// The starts of the unit that left a body which is not known to be gone.
    pub(super) fn of(&self, unit: UnitId) -> impl Iterator<Item = Incarnation> {
        let first = self.starts.partition_point(|(other, _)| *other < unit);
        self.starts[first..].iter().take_while(move |(other, _)| *other == unit).map(|(_, start)| *start)
    }

    /// The unit's number is free: what it stood for is nobody's any more.
    pub(super) fn forget(&mut self, unit: UnitId) {
        self.starts.retain(|(other, _)| *other != unit);
    }

    /// The unit's starts, as words.
    pub(super) fn visit(&self, unit: UnitId, visit: &mut impl FnMut(u64)) {
        self.of(unit).for_each(|start| visit(u64::from(start.0)));
        visit(u64::MAX);
    }
}

impl Engine {
    /// Makes room for the unit's next incarnation, whose number is not given yet.
    pub(super) fn begin_run(&mut self, unit: UnitId) {
        if self.units[unit.index()].body_lives() {
            self.leave_body(unit);
        }
        self.units[unit.index()].begin_run();
    }

    /// Out of line, as all that is here: most units leave nothing, and their way stays short.
    #[cold]
    #[inline(never)]
    fn leave_body(&mut self, unit: UnitId) {
        let it = &mut self.units[unit.index()];
        it.abandoned = it.abandoned.saturating_add(1);
        self.abandoned.add(unit, it.incarnation);
    }

    /// A body of this start is gone. If it was one that the unit has left behind, it is no longer: that is proof
    /// however late it comes. Otherwise it means nothing, for the reason that is given.
    #[cold]
    #[inline(never)]
    pub(super) fn gone_after_all(
        &mut self,
        unit: UnitId,
        incarnation: Incarnation,
        otherwise: Disposition,
    ) -> Disposition {
        if otherwise != Disposition::Ignored(Why::StaleIncarnation) || !self.abandoned.take(unit, incarnation)
        {
            return otherwise;
        }
        // It changes no status, and writes nothing: a row that says too much is looked into, and a new one is right.
        let it = &mut self.units[unit.index()];
        it.abandoned = it.abandoned.saturating_sub(1);
        Disposition::Applied
    }
}
