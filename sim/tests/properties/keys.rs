//! Equal state keys behave alike: engines that came to the same key by different ways, at different times,
//! give the same orders from there on, counted from where they stand.
//!
//! The ways are made of requests, of what the world answers to the orders, and of waiting, so that the same
//! things in another order often come to the same.

use std::{collections::BTreeMap, sync::Arc};

use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestCaseResult};
use winddown_core::{
    Answer, Caller, Disposition, Effect, Effects, Engine, Exit, Input, Kind, KindId, Moment, Outcome,
    OwnerId, Span, UnitId, Within, contracts,
};

use crate::{inputs::input, law::law, make::within};

/// Something that happens to an engine.
#[derive(Clone, PartialEq, Debug)]
enum Act {
    /// This comes in.
    Take(Input),
    /// One of the orders that are open comes to its end.
    Finish(usize, Outcome),
    /// Time goes by.
    Wait(Span),
}

fn act() -> impl Strategy<Value = Act> {
    let outcome = select(&[Outcome::Done, Outcome::Done, Outcome::Failed][..]);
    let unit = || (0..2_u32).prop_map(UnitId);
    let stop = (unit(), any::<bool>(), within()).prop_map(|(unit, force, within)| Input::StopRequested {
        unit,
        force,
        within,
        caller: Caller::Nobody,
    });
    let found = (unit(), any::<bool>()).prop_map(|(unit, durable)| Input::FindingRecorded { unit, durable });
    prop_oneof![
        2 => input(1).prop_map(Act::Take),
        3 => stop.prop_map(Act::Take),
        1 => found.prop_map(Act::Take),
        5 => (0..6_usize, outcome).prop_map(|(place, outcome)| Act::Finish(place, outcome)),
        2 => (0..=20_u64).prop_map(|halves| Act::Wait(Span::from_millis(halves * 500))),
    ]
}

/// The kinds of two units.
fn kinds() -> impl Strategy<Value = Vec<Kind>> {
    let all = [
        contracts::container(),
        contracts::provider(),
        contracts::engagement(),
        contracts::session(),
        contracts::task(Span::from_secs(5)),
    ];
    vec(select(all.to_vec()), 2)
}

/// An engine, when it is, and what it ordered that may come to an end.
#[derive(Clone, Debug)]
struct Place {
    engine: Engine,
    now: Moment,
    open: Vec<Effect>,
}

/// What came of an input, with times counted from where it came in.
type Reaction = (Disposition, Vec<Effect>, Option<Span>);

impl Place {
    fn new(kinds: &[Kind]) -> Self {
        let plan = contracts::host(kinds.to_vec());
        let mut place =
            Self { engine: Engine::new(Arc::new(plan)).unwrap(), now: Moment::START, open: Vec::new() };
        for number in 0..2 {
            let (unit, kind) = (UnitId(number), KindId(u16::try_from(number).unwrap()));
            let declared = Input::UnitDeclared { unit, kind, owner: OwnerId(0) };
            let _declared = place.take(declared);
            let _started = place.take(Input::StartRequested { unit, caller: Caller::Nobody });
        }
        place
    }

    fn key(&self) -> Vec<u64> {
        let mut words = Vec::new();
        self.engine.visit_state(self.now, &mut |word| words.push(word));
        words
    }

    fn take(&mut self, input: Input) -> Reaction {
        let mut effects = Effects::new();
        let disposition = self.engine.handle(self.now, input, &mut effects);
        self.open.extend(effects.as_slice().iter().filter(|effect| ending(effect, Outcome::Done).is_some()));
        let due = self.engine.next_deadline().map(|due| self.now.until(due));
        (disposition, effects.drain().map(|effect| since(self.now, effect)).collect(), due)
    }

    /// Lets time go by, and wakes the engine whenever it wants that.
    fn wait(&mut self, span: Span) -> Vec<Reaction> {
        let ends = self.now.after(span);
        let mut reactions = Vec::new();
        while let Some(due) = self.engine.next_deadline().filter(|due| *due <= ends) {
            self.now = self.now.max(due);
            reactions.push(self.take(Input::Woken));
        }
        self.now = ends;
        reactions
    }

    /// The input that an act stands for here, if it is one.
    fn meant(&mut self, act: &Act) -> Option<Input> {
        match act {
            Act::Take(input) => Some(*input),
            Act::Finish(_, _) if self.open.is_empty() => None,
            Act::Finish(place, outcome) => {
                let effect = self.open.remove(place % self.open.len());
                ending(&effect, *outcome)
            }
            Act::Wait(_) => None,
        }
    }

    /// Lets an act happen, here and where else the same is to happen.
    fn act(&mut self, act: &Act, twin: Option<&mut Self>) -> (Vec<Reaction>, Vec<Reaction>) {
        if let Act::Wait(span) = act {
            return (self.wait(*span), twin.map_or_else(Vec::new, |twin| twin.wait(*span)));
        }
        let Some(input) = self.meant(act) else { return (Vec::new(), Vec::new()) };
        (vec![self.take(input)], twin.map_or_else(Vec::new, |twin| vec![twin.take(input)]))
    }
}

/// What is said when an order comes to its end.
fn ending(effect: &Effect, outcome: Outcome) -> Option<Input> {
    Some(match *effect {
        Effect::Start { unit, incarnation } => Input::UnitExited {
            unit,
            incarnation,
            exit: if outcome == Outcome::Done { Exit::Completed } else { Exit::Failed },
        },
        Effect::Pause { unit, incarnation } => Input::UnitPaused { unit, incarnation },
        Effect::Perform { unit, step, .. } | Effect::Checkpoint { unit, step, .. } => {
            Input::StepFinished { unit, step, outcome }
        }
        Effect::Persist { unit, row, .. } => Input::Persisted { unit, row, outcome },
        Effect::Reap { unit, .. } => Input::Reaped { unit, outcome },
        Effect::Tell { client, .. } => Input::ClientTold { client, outcome },
        Effect::Disconnect { client } => Input::ClientLeft { client },
        Effect::Wind { phase, .. } => Input::PhaseFinished { phase, outcome },
        _ => return None,
    })
}

/// The order with its time counted from `now`.
fn since(now: Moment, mut effect: Effect) -> Effect {
    let count = |at: &mut Moment| {
        if !at.is_never() {
            *at = Moment::from_nanos(now.until(*at).nanos());
        }
    };
    match &mut effect {
        Effect::Perform { until, .. } | Effect::Checkpoint { until, .. } | Effect::Wind { until, .. } => {
            count(until);
        }
        Effect::Tell { by, .. } | Effect::Reply { answer: Answer::ShuttingDown { by }, .. } => count(by),
        _ => {}
    }
    effect
}

/// A way that is almost another one.
#[derive(Clone, Debug)]
enum Change {
    Left(usize),
    Swapped(usize),
    Replaced(usize, Act),
    /// A stop is asked for in another manner, or a finding is durable or is not.
    Manner(usize, bool, Within),
}

fn change() -> impl Strategy<Value = Change> {
    let place = || 0..10_usize;
    prop_oneof![
        1 => place().prop_map(Change::Left),
        2 => place().prop_map(Change::Swapped),
        2 => (place(), act()).prop_map(|(place, act)| Change::Replaced(place, act)),
        3 => (place(), any::<bool>(), within()).prop_map(|(place, force, within)| Change::Manner(place, force, within)),
    ]
}

impl Change {
    fn made_to(&self, way: &[Act]) -> Vec<Act> {
        let mut way = way.to_vec();
        let length = way.len();
        match self {
            Self::Left(place) => {
                way.remove(place % length);
            }
            Self::Swapped(place) => way.swap(place % length, (place + 1) % length),
            Self::Replaced(place, act) => way[place % length].clone_from(act),
            Self::Manner(place, flag, other) => match &mut way[place % length] {
                Act::Take(Input::StopRequested { force, within, .. }) => (*force, *within) = (*flag, *other),
                Act::Take(Input::FindingRecorded { durable, .. }) => *durable = !*durable,
                _ => {}
            },
        }
        way
    }
}

#[test]
fn equal_state_keys_behave_alike() {
    let cases = (kinds(), vec(act(), 1..=10), vec(change(), 10..=20), vec(vec(act(), 1..=8), 1..=4)).boxed();
    let law = law!("equal_state_keys_behave_alike", 1_000);
    law.holds_where_it_applies(&cases, |(kinds, way, changes, futures)| {
        let mut known: BTreeMap<Vec<u64>, (Place, Vec<Act>)> = BTreeMap::new();
        let mut met = false;
        let ways = changes.iter().map(|change| change.made_to(way));
        for way in core::iter::once(way.clone()).chain(ways) {
            let mut place = Place::new(kinds);
            for act in &way {
                let _any = place.act(act, None);
            }
            let Some((other, other_way)) = known.get(&place.key()) else {
                known.insert(place.key(), (place, way));
                continue;
            };
            met |= way != *other_way;
            for future in futures {
                behave_alike(place.clone(), other.clone(), future).map_err(|what| {
                    TestCaseError::fail(format!("{what}\n\nafter {way:?}\nand after {other_way:?}"))
                })?;
            }
        }
        Ok(met)
    });
}

/// Lets the same happen to both.
fn behave_alike(mut one: Place, mut other: Place, future: &[Act]) -> TestCaseResult {
    for act in future {
        let (reactions, others) = one.act(act, Some(&mut other));
        prop_assert_eq!(reactions, others, "{:?} makes a difference", act);
    }
    prop_assert_eq!(one.key(), other.key(), "the keys differ afterwards");
    Ok(())
}
