//! What happened, as a timeline.

use std::{borrow::Cow, sync::Arc};

use winddown_core::{Action, Effects, Engine, Input, KindId, Plan, UnitId};
use winddown_sim::{
    story::Story,
    timeline::{self, Cast, Line},
};

use crate::play::Seen;

/// Who is in it.
struct People<'a> {
    plan: &'a Plan,
    names: &'a [Arc<str>],
    kinds: Vec<KindId>,
}

impl Cast for People<'_> {
    fn unit_count(&self) -> usize {
        self.kinds.len()
    }

    fn unit_name(&self, unit: UnitId, _: usize) -> Cow<'_, str> {
        let name = self.names.get(unit.index());
        name.map_or_else(|| format!("unit-{unit}").into(), |name| Cow::Borrowed(&**name))
    }

    fn action(&self, unit: UnitId, _: usize, rung: u8) -> Option<Action> {
        let kind = self.plan.kinds.get(usize::from(self.kinds.get(unit.index())?.0))?;
        kind.ladder.rung(rung).map(|rung| rung.action)
    }
}

/// The timeline of one life of a host, if it came to be one. Another engine is led through the same steps for it.
pub(crate) fn told(seen: &Seen) -> Vec<Line> {
    let Some(plan) = &seen.plan else { return Vec::new() };
    let Ok(mut engine) = Engine::new(Arc::new(plan.clone())) else { return Vec::new() };
    let mut people = People { plan, names: &seen.names, kinds: Vec::new() };
    let mut story = Story::default();
    let mut same = Effects::new();
    for (at, input, disposition, effects) in &seen.steps {
        if let Input::UnitDeclared { unit, kind, .. } = *input {
            people.kinds.resize(people.kinds.len().max(unit.index() + 1), kind);
            people.kinds[unit.index()] = kind;
        }
        same.clear();
        let _as_it_was = engine.handle(*at, *input, &mut same);
        story.step(*at, *input, *disposition, effects, &engine);
    }
    timeline::told(&people, &story, &engine)
}
