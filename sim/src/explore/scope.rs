//! How much of the world is explored: a few identical units, and a few of everything that may happen.

use crate::{
    scenario::{HostPlan, Order, Scenario, System},
    setup::{Setup, SetupError},
};
use winddown_core::{Restart, Span};

/// A small world, and how often what may happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scope {
    /// Which contract the units follow.
    pub system: System,
    /// How many units there are. They are all alike.
    pub units: u8,
    /// How many stops of single units are asked for, in all.
    pub stops: u8,
    /// How many findings are recorded, in all.
    pub findings: u8,
    /// How many stop signals the host gets beyond the first one, which each of its lives gets.
    pub signals: u8,
    /// How many steps, writes and bodies fail, in all. If any may, a body that fails is started again, once in
    /// a row.
    pub failures: u8,
    /// How many answers come only after the next deadline, in all.
    pub delays: u8,
    /// Whether the host may crash, once, at any moment.
    pub crash: bool,
}

impl Scope {
    /// The reference: three units that may each finish by themselves, two stops at the same time, a
    /// shutdown, and a crash at any moment.
    pub const REFERENCE: Self = Self {
        system: System::Daemon,
        units: 3,
        stops: 2,
        findings: 1,
        signals: 0,
        failures: 0,
        delays: 1,
        crash: true,
    };

    /// The most units there can be.
    pub const UNITS_MAX: u8 = 8;

    /// The same as a scenario, made ready.
    pub(super) fn setup(&self) -> Result<Setup, SetupError> {
        let mut unit = self.system.unit("unit");
        if self.failures > 0 {
            let backoff = Span::from_secs(1);
            unit.restart = Restart::OnFailure { limit: 1, backoff, backoff_max: backoff };
        }
        unit.count = self.units.clamp(1, Self::UNITS_MAX).into();
        Setup::new(Scenario {
            name: "explored".to_owned(),
            about: String::new(),
            order: Order::Untimed,
            storm: Span::ZERO,
            host: HostPlan::default(),
            units: vec![unit],
            operators: Vec::new(),
            faults: crate::fault::Faults::default(),
            expect: crate::scenario::Expectation::default(),
        })
    }
}
