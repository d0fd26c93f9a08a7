//! What some generated scenarios have beyond what the five contracts say: ladders of somebody's own, units that
//! need several others, a host that is up already.
//!
//! Its choices have a label of their own, so that a seed without any of that means what it always meant.

use winddown_core::{Action, Ladder, Otherwise, Patience, Rung, Span};

use super::{Scenario, UnitPlan};
use crate::chooser::{Chooser, Label};

const VARIETY: Label = Label::Variety;

/// Every tenth scenario is varied.
const ONE_IN: u64 = 10;

/// Those of which this is drawn: with it, what most kept seeds have found stays what they find.
const DRAWN: u64 = 5;

/// What ends a body for certain: one of these is in every ladder.
const LAST: [Action; 3] = [Action::Kill, Action::Abort, Action::Remove];

impl Scenario {
    pub(super) fn vary(&mut self, chooser: &mut impl Chooser) {
        if chooser.choose(VARIETY, ONE_IN) != DRAWN {
            return;
        }
        self.host.running = chooser.choose(VARIETY, 3) == 2;
        for place in 0..self.units.len() {
            let (earlier, rest) = self.units.split_at_mut(place);
            let Some(unit) = rest.first_mut() else { continue };
            need(chooser, unit, earlier);
            if chooser.choose(VARIETY, 2) == 1 {
                unit.probed = false;
                unit.grace = unit.system.unit("").grace;
                unit.ladder = Some(ladder(chooser));
            }
        }
    }
}

/// Any of the earlier ones, beside the one that is needed already.
fn need(chooser: &mut impl Chooser, unit: &mut UnitPlan, earlier: &[UnitPlan]) {
    for other in earlier {
        if chooser.choose(VARIETY, 4) == 3 && !unit.depends_on.contains(&other.name) {
            unit.depends_on.push(other.name.clone());
        }
    }
}

/// Any rungs in any order, one of which ends the body.
fn ladder(chooser: &mut impl Chooser) -> Ladder<Action> {
    let mut rungs: Vec<Rung<Action>> = (0..chooser.choose(VARIETY, 4)).map(|_| rung(chooser)).collect();
    let place = chooser.choose(VARIETY, rungs.len() as u64 + 1);
    let last = Rung::new(one_of(chooser, &LAST), span(chooser));
    rungs.insert(usize::try_from(place).unwrap_or_default(), last);
    let waits_for_rest = rungs.iter().any(|rung| rung.patience == Patience::Rest);
    let bounded = waits_for_rest || chooser.choose(VARIETY, 2) == 1;
    let budget = bounded.then(|| span(chooser));
    Ladder::of_unit(rungs, budget)
}

fn rung(chooser: &mut impl Chooser) -> Rung<Action> {
    let span = span(chooser);
    let mut action = one_of(chooser, &Action::ALL);
    if let Action::Terminate { grace } = &mut action {
        // Whoever carries it out waits no longer than the rung does.
        *grace = if chooser.choose(VARIETY, 2) == 1 { span } else { Span::ZERO };
    }
    let patience = if chooser.choose(VARIETY, 5) == 4 { Patience::Rest } else { Patience::For(span) };
    let otherwise = if chooser.choose(VARIETY, 4) == 3 { Otherwise::Force } else { Otherwise::Next };
    Rung { action, patience, always: chooser.choose(VARIETY, 6) == 5, otherwise }
}

/// Up to eight seconds, on a coarse grid, so that things meet in the same instant.
fn span(chooser: &mut impl Chooser) -> Span {
    Span::from_millis(500 * chooser.choose(VARIETY, 17))
}

fn one_of<T: Copy>(chooser: &mut impl Chooser, list: &[T]) -> T {
    let place = usize::try_from(chooser.choose(VARIETY, list.len() as u64)).unwrap_or_default();
    list[place.min(list.len() - 1)]
}
