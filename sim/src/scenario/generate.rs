//! A scenario from a seed: a few units of mixed systems, some operators, a random subset of faults.
//!
//! Each seed turns on its own subset of faults with its own rates (swarm testing), so that rare
//! combinations are not drowned by common ones.

use winddown_core::{Restart, Span, Within};

use super::{
    Ask, BodyPlan, HostPlan, Operator, Order, Outer, Range, Reaction, Scenario, System, Target, UnitPlan,
};
use crate::{
    chooser::{Chooser, Label},
    fault::{Fault, Faults},
};

const SCENARIO: Label = Label::Scenario;

impl Scenario {
    /// The scenario that these choices make. Of one system only, if one is named.
    pub fn generate(chooser: &mut impl Chooser, system: Option<System>) -> Self {
        let storm = Span::from_secs(5 + chooser.choose(SCENARIO, 36));
        let order = if chooser.choose(SCENARIO, 8) == 7 { Order::Untimed } else { Order::Timed };
        let count = 1 + chooser.choose(SCENARIO, 6);
        let mut units: Vec<UnitPlan> = Vec::with_capacity(8);
        for number in 0..count {
            let one = unit(chooser, system, number, &units, storm);
            units.push(one);
        }
        let mut operators = Vec::with_capacity(8);
        for _ in 0..chooser.choose(SCENARIO, 7) {
            operators.push(operator(chooser, &units, storm));
        }
        let mut scenario = Self {
            name: String::new(),
            about: String::new(),
            order,
            storm,
            host: host(chooser),
            units,
            operators,
            faults: swarm(chooser),
            expect: super::Expectation::default(),
        };
        // Whoever names a system wants to see its contract.
        if system.is_none() {
            scenario.vary(chooser);
        }
        scenario
    }
}

/// Something in a list, the first being the mildest.
fn one_of<T: Copy>(chooser: &mut impl Chooser, list: &[T]) -> T {
    let place = usize::try_from(chooser.choose(SCENARIO, list.len() as u64)).unwrap_or_default();
    list[place.min(list.len() - 1)]
}

fn range(chooser: &mut impl Chooser, longest: Span) -> Range {
    let max = chooser.span(SCENARIO, Span::ZERO, longest);
    let min = if chooser.choose(SCENARIO, 2) == 0 { max } else { Span::ZERO };
    Range::new(min, max)
}

/// Spans on a coarse grid, so that things meet in the same instant more often than by accident.
fn coarse(chooser: &mut impl Chooser, longest: Span) -> Range {
    let grid = Span::from_millis(500);
    let steps = longest.nanos() / grid.nanos();
    let steps = chooser.choose(SCENARIO, steps + 1);
    Range::exactly(Span::from_nanos(steps * grid.nanos()))
}

fn moment_of(chooser: &mut impl Chooser, storm: Span) -> Range {
    if chooser.choose(SCENARIO, 2) == 0 { coarse(chooser, storm) } else { range(chooser, storm) }
}

fn unit(
    chooser: &mut impl Chooser,
    system: Option<System>,
    number: u64,
    earlier: &[UnitPlan],
    storm: Span,
) -> UnitPlan {
    let system = system.unwrap_or_else(|| one_of(chooser, &System::ALL));
    let mut unit = system.unit("");
    unit.name = format!("{}-{}", system.name(), number + 1);
    unit.owner = u16::try_from(chooser.choose(SCENARIO, 2)).unwrap_or_default();
    unit.probed = system == System::Provider && chooser.choose(SCENARIO, 2) == 1;
    if let Some(last) = earlier.last().filter(|_| chooser.choose(SCENARIO, 4) == 3) {
        unit.depends_on.push(last.name.clone());
    }
    unit.restart = restart(chooser);
    unit.run_budget = (chooser.choose(SCENARIO, 4) == 3).then(|| coarse(chooser, storm).max);
    unit.start_patience =
        (chooser.choose(SCENARIO, 4) == 3).then(|| Span::from_millis(100 + chooser.choose(SCENARIO, 1_000)));
    if system == System::Task {
        unit.grace = one_of(chooser, &[Span::from_secs(5), Span::from_secs(1), Span::ZERO]);
    }
    unit.starts = match chooser.choose(SCENARIO, 8) {
        0..=5 => Some(Range::exactly(Span::ZERO)),
        6 => Some(moment_of(chooser, storm)),
        _ => None,
    };
    unit.body = body(chooser, unit.body, storm);
    unit
}

fn restart(chooser: &mut impl Chooser) -> Restart {
    match chooser.choose(SCENARIO, 4) {
        0 | 1 => Restart::Never,
        2 => Restart::OnFailure {
            limit: 3,
            backoff: coarse(chooser, Span::from_secs(2)).max,
            backoff_max: Span::from_secs(4),
        },
        _ => Restart::Always { backoff: Span::from_millis(500 * (1 + chooser.choose(SCENARIO, 6))) },
    }
}

fn body(chooser: &mut impl Chooser, usual: BodyPlan, storm: Span) -> BodyPlan {
    let lasts = match chooser.choose(SCENARIO, 3) {
        0 => None,
        1 => Some(moment_of(chooser, storm)),
        _ => Some(Range::exactly(Span::from_secs(369))),
    };
    // A body that ends at once, and always starts again, would fill a run with nothing else.
    let lasts = lasts.map(|range| {
        Range::new(range.min.max(Span::from_millis(500)), range.max.max(Span::from_millis(500)))
    });
    let finds_every = (chooser.choose(SCENARIO, 2) == 1)
        .then(|| Range::new(Span::from_secs(1), Span::from_secs(4 + chooser.choose(SCENARIO, 12))));
    let slow = |reaction: Reaction, chooser: &mut _| match Chooser::choose(chooser, SCENARIO, 6) {
        0..=3 => reaction,
        4 => Reaction::Obeys(coarse(chooser, Span::from_secs(6))),
        _ => Reaction::Obeys(Range::exactly(Span::ZERO)),
    };
    BodyPlan {
        lasts,
        fails: chooser.choose(SCENARIO, 2) == 1,
        finds_every,
        durable: chooser.choose(SCENARIO, 3) == 2,
        on_cancel: slow(usual.on_cancel, chooser),
        on_terminate: slow(usual.on_terminate, chooser),
        on_pause: slow(usual.on_pause, chooser),
        on_disconnect: slow(usual.on_disconnect, chooser),
        ..usual
    }
}

fn target(chooser: &mut impl Chooser, units: &[UnitPlan]) -> Target {
    if chooser.choose(SCENARIO, 3) == 2 {
        return Target::Any;
    }
    let place = usize::try_from(chooser.choose(SCENARIO, units.len() as u64)).unwrap_or_default();
    units.get(place).map_or(Target::Any, |unit| Target::Named(unit.name.clone()))
}

fn within(chooser: &mut impl Chooser) -> Within {
    match chooser.choose(SCENARIO, 6) {
        0..=2 => Within::Unset,
        3 => Within::For(chooser.span(SCENARIO, Span::from_millis(100), Span::from_secs(20))),
        4 => Within::For(Span::ZERO),
        _ => Within::Unlimited,
    }
}

fn operator(chooser: &mut impl Chooser, units: &[UnitPlan], storm: Span) -> Operator {
    let at = moment_of(chooser, storm);
    let ask = match chooser.choose(SCENARIO, 20) {
        0..=5 => Ask::Stop {
            unit: target(chooser, units),
            force: chooser.choose(SCENARIO, 5) == 4,
            within: within(chooser),
        },
        6..=8 => Ask::Cancel(target(chooser, units)),
        9 | 10 => Ask::Restart(target(chooser, units)),
        11 | 12 => Ask::Start(target(chooser, units)),
        13 | 14 => Ask::Pause(target(chooser, units)),
        15 => Ask::Resume(target(chooser, units)),
        16 => Ask::Terminate,
        17 => Ask::Shutdown { graceful: chooser.choose(SCENARIO, 3) < 2, within: within(chooser) },
        18 => Ask::OuterStop,
        _ => one_of(chooser, &[OtherAsk::Hangup, OtherAsk::Interrupt, OtherAsk::Remove]).ask(chooser, units),
    };
    Operator { at, times: 1, ask }
}

#[derive(Clone, Copy)]
enum OtherAsk {
    Hangup,
    Interrupt,
    Remove,
}

impl OtherAsk {
    fn ask(self, chooser: &mut impl Chooser, units: &[UnitPlan]) -> Ask {
        match self {
            Self::Hangup => Ask::Hangup,
            Self::Interrupt => Ask::Interrupt,
            Self::Remove => Ask::Remove(target(chooser, units)),
        }
    }
}

fn host(chooser: &mut impl Chooser) -> HostPlan {
    let usual = HostPlan::default();
    let mut host = HostPlan {
        deadline: one_of(chooser, &[usual.deadline, Span::from_secs(10), Span::from_secs(3)]),
        at_once: one_of(chooser, &[None, None, Some(1), Some(2)]),
        owner_cap: one_of(chooser, &[None, None, None, Some(2)]),
        lease: chooser.choose(SCENARIO, 3) == 2,
        clients: u16::try_from(chooser.choose(SCENARIO, 4)).unwrap_or_default(),
        outer: one_of(chooser, &Outer::ALL),
        outer_known: chooser.choose(SCENARIO, 3) < 2,
        ..usual
    };
    // Nobody who could be known.
    host.outer_known |= host.outer == Outer::None;
    host
}

/// A random subset of all faults, each with a random rate.
fn swarm(chooser: &mut impl Chooser) -> Faults {
    const SWARM: Label = Label::Swarm;
    let mut faults = Faults::NONE;
    // A third of all runs are calm: what only goes wrong when nothing else does is found there.
    if chooser.choose(SWARM, 3) == 0 {
        return faults;
    }
    let words = chooser.choose(SWARM, u64::MAX) & chooser.choose(SWARM, u64::MAX);
    for fault in Fault::ALL {
        if words >> (*fault as u32) & 1 == 1 {
            let rate =
                [20, 100, 300, 1_000][usize::try_from(chooser.choose(SWARM, 4)).unwrap_or_default() & 3];
            faults.set(*fault, rate);
        }
    }
    faults
}
