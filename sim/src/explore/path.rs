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

/// A way from the first state to a broken claim. There is no shorter one.
#[derive(Debug)]
pub struct Counterexample {
    /// What is broken.
    pub breach: Box<Breach>,
    /// The choices that lead there, after all units were started.
    pub choices: Vec<Choice>,
    /// What happened, with the starts.
    pub story: Story,
}

/// What a way leads to.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// A state in which a choice breaks a claim.
    Breach(u64),
    /// A state from which calm leads to no exit.
    NoExit(u64),
}

pub(super) fn counterexample(model: &Model, table: &Table, end: End) -> Counterexample {
    let mut walk = Walk::new(model);
    let breach = match end {
        End::Breach(key) => walk.to(table, key).or_else(|| walk.break_a_claim()),
        End::NoExit(key) => walk.to(table, key).or_else(|| walk.on_calmly()),
    };
    let unlike =
        || "a way that was found could not be walked again: equal keys did not behave alike".to_owned();
    let breach = breach.unwrap_or_else(|| walk.breach(unlike()));
    Counterexample { breach, choices: walk.choices, story: walk.witness.story.unwrap_or_default() }
}

struct Walk<'a> {
    model: &'a Model,
    state: State,
    witness: Witness,
    choices: Vec<Choice>,
    menu: Vec<Choice>,
    broken: Option<Box<Breach>>,
}

impl<'a> Walk<'a> {
    fn new(model: &'a Model) -> Self {
        let mut witness = Witness { story: Some(Story::default()), ..Witness::default() };
        let (state, verdict) = model.start(&mut witness);
        Self { model, state, witness, choices: Vec::new(), menu: Vec::new(), broken: verdict.err() }
    }

    /// Walks to the state with this key, by the states that it was first reached from.
    fn to(&mut self, table: &Table, key: u64) -> Option<Box<Breach>> {
        let root = self.state.key(self.model.symmetric());
        let mut way = Vec::new();
        let mut at = key;
        while at != root && at != 0 {
            way.push(at);
            at = table.parent(at);
        }
        for wanted in way.into_iter().rev() {
            if self.broken.is_none() {
                self.step_to(wanted);
            }
        }
        self.broken.take()
    }

    fn step_to(&mut self, wanted: u64) {
        let choice = self.find(|next, verdict| verdict.is_ok() && next.is_some_and(|key| key == wanted));
        match choice {
            Some(choice) => self.take(choice),
            None => {
                let text = "equal keys did not behave alike".to_owned();
                self.broken = Some(self.breach(text));
            }
        }
    }

    /// The first choice of the menu that leads to what is wanted: a key, and whether all is well.
    fn find(&mut self, wanted: impl Fn(Option<u64>, &Result<(), Box<Breach>>) -> bool) -> Option<Choice> {
        self.state.menu(&mut self.menu);
        let mut next = self.model.root();
        let mut witness = Witness::default();
        self.menu.iter().copied().find(|choice| {
            next.copy_from(&self.state);
            let verdict = next.take(self.model.setup(), *choice, &mut witness);
            let key = verdict.is_ok().then(|| next.key(self.model.symmetric()));
            wanted(key, &verdict)
        })
    }

    fn take(&mut self, choice: Choice) {
        self.choices.push(choice);
        self.broken = self.state.take(self.model.setup(), choice, &mut self.witness).err();
    }

    fn break_a_claim(&mut self) -> Option<Box<Breach>> {
        let choice = self.find(|_, verdict| verdict.is_err())?;
        self.take(choice);
        self.broken.take()
    }

    /// Goes on calmly until nothing is left that could happen, or it all comes again.
    fn on_calmly(&mut self) -> Option<Box<Breach>> {
        if let Some(story) = &mut self.witness.story {
            story.note(self.state.now, Note::Calm);
        }
        let mut keys = Vec::new();
        while self.broken.is_none() && !self.state.is_over() {
            let key = self.state.key(self.model.symmetric());
            if keys.contains(&key) {
                return Some(self.breach("calm goes round in a circle, and the host never exits".to_owned()));
            }
            keys.push(key);
            if !self.state.menu(&mut self.menu) {
                let text = "the host still runs, and nothing is left that could ever happen".to_owned();
                return Some(self.breach(text));
            }
            self.take(self.menu[0]);
        }
        self.broken.take()
    }

    fn breach(&mut self, message: String) -> Box<Breach> {
        let (now, step) = (self.state.now, self.state.step);
        if let Some(story) = &mut self.witness.story {
            story.note(now, Note::Broken(Claim::EveryRunEnds));
        }
        Breach::new(Claim::EveryRunEnds, now, step, None, message)
    }
}
