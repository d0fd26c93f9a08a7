//! Who is at work, step by step, and who needs whom.

use std::collections::BTreeSet;

use winddown_core::{Disposition, Effect, Input, UnitId};

#[derive(Debug, Default)]
pub(crate) struct Living {
    needs: Vec<(UnitId, UnitId)>,
    alive: BTreeSet<UnitId>,
}

impl Living {
    /// What came in, and what became of it.
    pub(crate) fn hear(&mut self, input: &Input, disposition: Disposition) {
        if let Input::DependencyDeclared { unit, on } = *input {
            self.needs.push((unit, on));
        }
        let gone = matches!(input, Input::UnitExited { .. } | Input::StartFailed { .. });
        if let Some(unit) = input.unit().filter(|_| gone && disposition == Disposition::Applied) {
            self.alive.remove(&unit);
        }
    }

    /// What was ordered then. Who is ended by force does not count any more.
    pub(crate) fn order(&mut self, effect: &Effect) {
        if let Effect::Start { unit, .. } = *effect {
            self.alive.insert(unit);
        }
        if let Effect::Perform { unit, action, .. } = *effect
            && action.ends_body()
        {
            self.alive.remove(&unit);
        }
    }

    /// Who is at work and needs this unit.
    pub(crate) fn needing(&self, unit: UnitId) -> impl Iterator<Item = UnitId> {
        self.needs.iter().filter(move |(other, on)| *on == unit && self.alive.contains(other)).map(|it| it.0)
    }

    /// Whether everything that this unit needs is at work.
    pub(crate) fn has_what_it_needs(&self, unit: UnitId) -> bool {
        self.needs.iter().all(|(other, on)| *other != unit || self.alive.contains(on))
    }
}
