//! The flight recorder: everything that a host's engine took in and asked for, in a file that can be
//! played again.
//!
//! The engine has no clock and no randomness, so the same inputs at the same moments have the same effects.
//! A [`Writer`] writes them down while a host runs; [`Journal::read`] reads them, and [`Journal::replay`]
//! gives the inputs to a new engine and says where it does something else.
//!
//! A journal is lines of JSON. The first one says what it is, and has the engine's plan:
//!
//! ```text
//! {"head":{"format":1,"semantics":1,"kinds":["engagement"],"plan":{…}}}
//! {"name":{"unit":0,"name":"navigation"}}
//! {"step":{"at":1500000,"input":{…},"disposition":"applied","effects":[…]}}
//! ```
//!
//! A host that is killed leaves a line that is torn off; that line never was. Anything else that is not as
//! it should be is an error, so that no other run is taken for this one.

mod read;
mod replay;
mod write;

use serde::{Deserialize, Serialize};
use winddown_core::{Disposition, Effect, Input, Moment, Plan, UnitId};

pub use self::{
    read::{Journal, JournalError, What},
    replay::{Difference, Played},
    write::Writer,
};

/// The version of this form.
pub const FORMAT: u32 = 1;

/// What a journal begins with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The version of the form.
    pub format: u32,
    /// The version of the engine's rules, [`winddown_core::SEMANTICS_VERSION`].
    pub semantics: u32,
    /// What the plan's kinds are called, by number.
    pub kinds: Vec<String>,
    /// What the engine follows.
    pub plan: Plan,
}

/// What a unit is called. A number that is given again is called something else from then on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// Its number.
    pub unit: UnitId,
    /// Its name.
    pub name: String,
}

/// One input, and what came of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When, counted from the host's start.
    pub at: Moment,
    /// What the engine took in.
    pub input: Input,
    /// What became of it.
    pub disposition: Disposition,
    /// What the engine asked for.
    pub effects: Vec<Effect>,
}

/// One line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Head(Head),
    Name(Name),
    Step(Step),
}
