//! A shortest way to what was found, walked once more, with somebody who takes down what happens.

use super::{
    Model,
    choice::Choice,
    state::{State, Witness},
    table::Table,
};
use crate::{
    claims::{Breach, Claim},
    story::{Note, Story},
};

/// A way that was walked, and what happened on it.
#[derive(Debug)]
pub struct Told {
    /// The choices, after all units were started: each by its place in the menu of its state.
    pub way: Vec<u8>,
    /// The claim that the last step broke, if one did.
    pub breach: Option<Box<Breach>>,
    /// What happened, with the starts.
    pub story: Story,
}

/// A way that cannot be walked: a choice is not on the menu.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoSuchChoice {
    /// Which choice of the way, from 0.
    pub number: usize,
    /// How many there are on the menu.
    pub menu: usize,
}

/// What a way leads to.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// A state in which a choice breaks a claim.
    Breach(u64),
    /// A state from which calm leads to no exit.
    NoExit(u64),
}

/// Walks to what was found.
pub(super) fn to_breach(model: &Model, table: &Table, end: End) -> Told {
    let mut walk = Walk::new(model);
    match end {
        End::Breach(key) => {
            walk.to(table, key);
            walk.break_a_claim();
        }
        End::NoExit(key) => {
            walk.to(table, key);
            walk.on_calmly();
        }
    }
    walk.break_with("a choice led elsewhere than its like: keys or parts that are equal did not behave alike, and what was explored says nothing");
    walk.told()
}

/// Walks a way that somebody has kept, and calmly on from there.
pub(super) fn along(model: &Model, way: &[u8]) -> Result<Told, NoSuchChoice> {
    let mut walk = Walk::new(model);
    for (number, place) in way.iter().enumerate() {
        if walk.broken.is_some() {
            break;
        }
        walk.state.menu(&mut walk.menu);
        if usize::from(*place) >= walk.menu.len() {
            return Err(NoSuchChoice { number, menu: walk.menu.len() });
        }
        walk.take(*place);
    }
    walk.on_calmly();
    Ok(walk.told())
}

struct Walk<'a> {
    model: &'a Model,
    state: State,
    witness: Witness,
    way: Vec<u8>,
    menu: Vec<Choice>,
    broken: Option<Box<Breach>>,
}

impl<'a> Walk<'a> {
    fn new(model: &'a Model) -> Self {
        let mut witness = Witness { story: Some(Story::default()), ..Witness::default() };
        let (state, verdict) = model.start(&mut witness);
        Self { model, state, witness, way: Vec::new(), menu: Vec::new(), broken: verdict.err() }
    }

    fn told(self) -> Told {
        Told { way: self.way, breach: self.broken, story: self.witness.story.unwrap_or_default() }
    }

    /// Walks to the state with this key, by the states that it was first reached from.
    fn to(&mut self, table: &Table, key: u64) {
        let root = self.state.key(self.model.symmetric());
        let mut way = Vec::new();
        let mut at = key;
        while at != root && at != 0 {
            way.push(at);
            at = table.parent(at);
        }
        for wanted in way.into_iter().rev() {
            match self.find(|next, verdict| verdict.is_ok() && next.is_some_and(|key| key == wanted)) {
                Some(place) => self.take(place),
                None => self.break_with(
                    "a way that was found could not be walked again: equal keys did not behave alike",
                ),
            }
        }
    }

    /// The first choice of the menu that leads to what is wanted: a key, and whether all is well.
    fn find(&mut self, wanted: impl Fn(Option<u64>, &Result<(), Box<Breach>>) -> bool) -> Option<u8> {
        if self.broken.is_some() {
            return None;
        }
        self.state.menu(&mut self.menu);
        let mut next = self.model.root();
        let mut witness = Witness::default();
        (0..).zip(&self.menu).find_map(|(place, choice)| {
            next.copy_from(&self.state);
            let verdict = next.take(self.model.setup(), *choice, &mut witness);
            let key = verdict.is_ok().then(|| next.key(self.model.symmetric()));
            wanted(key, &verdict).then_some(place)
        })
    }

    /// Takes the choice at this place of the menu.
    fn take(&mut self, place: u8) {
        self.way.push(place);
        let choice = self.menu[usize::from(place)];
        self.broken = self.state.take(self.model.setup(), choice, &mut self.witness).err();
    }

    fn break_a_claim(&mut self) {
        if let Some(place) = self.find(|_, verdict| verdict.is_err()) {
            self.take(place);
        }
    }

    /// Goes on calmly until the exit, or until nothing is left that could happen, or it all comes again.
    fn on_calmly(&mut self) {
        if self.broken.is_some() || self.state.is_over() {
            return;
        }
        if let Some(story) = &mut self.witness.story {
            story.note(self.state.now, Note::Calm);
        }
        let mut keys = Vec::new();
        let stem = self.way.len();
        while self.broken.is_none() && !self.state.is_over() {
            let key = self.state.key(self.model.symmetric());
            if keys.contains(&key) {
                self.break_with("calm goes round in a circle, and the host never exits");
            } else if !self.state.menu(&mut self.menu) {
                self.break_with("the host still runs, and nothing is left that could ever happen");
            } else {
                keys.push(key);
                self.take(0);
            }
        }
        // Calm comes by itself.
        self.way.truncate(stem);
    }

    /// Says what is wrong, if nothing was before.
    fn break_with(&mut self, message: &str) {
        if self.broken.is_some() {
            return;
        }
        let (now, step) = (self.state.now, self.state.step);
        if let Some(story) = &mut self.witness.story {
            story.note(now, Note::Broken(Claim::EveryRunEnds));
        }
        let breach = Breach::new(Claim::EveryRunEnds, now, step, None, message.to_owned());
        self.broken = Some(breach);
    }
}
