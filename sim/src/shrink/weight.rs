//! How much there is to a run: what a reader has to take in.

use core::fmt;

use super::times::visit_times;
use crate::{chooser::Tape, scenario::Scenario};

/// What a run amounts to. Of two, the smaller one is easier to read; what counts most comes first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Weight {
    /// Units.
    pub units: u32,
    /// How often operators ask for something.
    pub asks: u32,
    /// Faults that can strike.
    pub faults: usize,
    /// Inputs that the engine took.
    pub steps: u64,
    /// Lines of the scenario, and answers that are not the mildest.
    settings: usize,
    /// Letters of the scenario, and digits of the answers but for zeros at their end.
    letters: usize,
    /// All times and answers together.
    size: u128,
}

impl Weight {
    pub(super) fn of(scenario: &Scenario, tape: &Tape, steps: u64) -> Self {
        let text = scenario.to_toml();
        let answers = || tape.0.iter().flatten().copied().filter(|answer| *answer > 0);
        let mut size: u128 = answers().map(u128::from).sum();
        visit_times(&mut scenario.clone(), &mut |range| {
            size += u128::from(range.min.nanos()) + u128::from(range.max.nanos());
        });
        Self {
            units: scenario.units.iter().map(|unit| unit.count).sum(),
            asks: scenario.operators.iter().map(|operator| operator.times).sum(),
            faults: scenario.faults.iter().count(),
            steps,
            settings: text.lines().count() + answers().count(),
            letters: text.len() + answers().map(digits).sum::<usize>(),
            size,
        }
    }
}

fn digits(number: u64) -> usize {
    number.to_string().trim_end_matches('0').len()
}

/// `3 units, 1 ask, 0 faults, 8 steps`.
impl fmt::Display for Weight {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |count: u64, name: &str| format!("{count} {name}{}", if count == 1 { "" } else { "s" });
        write!(
            formatter,
            "{}, {}, {}, {}",
            counted(u64::from(self.units), "unit"),
            counted(u64::from(self.asks), "ask"),
            counted(self.faults as u64, "fault"),
            counted(self.steps, "step")
        )
    }
}
