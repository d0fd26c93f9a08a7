//! Who is in a run, apart from where the run comes from.

use winddown_core::{Action, UnitId};

use crate::setup::Setup;

/// What a timeline has to know about the units that it is about.
pub trait Cast {
    /// How many units there are.
    fn unit_count(&self) -> usize;

    /// What a unit is called.
    fn unit_name(&self, unit: UnitId) -> String;

    /// What is done on a rung of a unit's ladder, if it goes down so far.
    fn action(&self, unit: UnitId, rung: u8) -> Option<Action>;
}

impl Cast for Setup {
    fn unit_count(&self) -> usize {
        Self::unit_count(self)
    }

    fn unit_name(&self, unit: UnitId) -> String {
        Self::unit_name(self, unit)
    }

    fn action(&self, unit: UnitId, rung: u8) -> Option<Action> {
        let plan = self.units.get(unit.index())?.plan;
        self.plan.kinds.get(plan)?.ladder.rung(rung).map(|rung| rung.action)
    }
}
