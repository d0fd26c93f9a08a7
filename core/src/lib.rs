//! winddown's engine: decides how services stop.
//!
//! [`Engine`] is a state machine that takes the time and one [`Input`] at a time, and asks for
//! [`Effect`]s. It runs unchanged in a simulated world and in a real one. A stop plan is data: a
//! [`Ladder`] of [`Rung`]s; [`contracts`] has those of five real systems.
//!
//! There is no clock here, no thread, no I/O, no randomness, and no order that depends on a hash:
//! the crate is `no_std`, so that reading a clock is a compile error.
//!
//! ```
//! use std::sync::Arc;
//! use winddown_core::*;
//!
//! // One container, as the container contract wants it: the stop is answered at once.
//! let plan = Arc::new(contracts::host(vec![contracts::container()]));
//! let mut engine = Engine::new(plan).expect("the contract's own plan is sound");
//! let mut effects = Effects::new();
//! let (unit, now) = (UnitId(0), Moment::START);
//!
//! let declared = Input::UnitDeclared { unit, kind: KindId(0), owner: OwnerId(0) };
//! assert_eq!(engine.handle(now, declared, &mut effects), Disposition::Applied);
//! let start = Input::StartRequested { unit, caller: Caller::Nobody };
//! assert_eq!(engine.handle(now, start, &mut effects), Disposition::Applied);
//! effects.clear();
//!
//! let stop = Input::StopRequested {
//!     unit,
//!     force: false,
//!     within: Within::Unset,
//!     caller: Caller::Outside(Ticket(1)),
//! };
//! assert_eq!(engine.handle(now, stop, &mut effects), Disposition::Applied);
//! assert_eq!(engine.unit(unit).expect("it is declared").status, Status::Stopped);
//! assert!(effects.as_slice().iter().any(|effect| matches!(effect, Effect::Persist { .. })));
//! ```

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod budget;
pub mod contracts;
mod disposition;
mod effect;
mod engine;
pub mod hint;
mod ids;
mod input;
mod ladder;
mod plan;
mod report;
mod status;
mod time;
mod written;

/// The version of the engine's rules: the same inputs at the same moments have the same effects under the
/// same version.
pub const SEMANTICS_VERSION: u32 = 1;

pub use budget::Budget;
pub use disposition::{Disposition, Why};
pub use effect::{Answer, Effect, Effects, Notice};
pub use engine::{ClientView, Engine, RowView, StopStage, StopView, UnitPiece, UnitView};
pub use ids::{ClientId, Incarnation, KindId, OwnerId, Ticket, UnitId};
pub use input::{Caller, Exit, Input, Outcome, Row, Signal, Step, Within};
pub use ladder::{Action, Ladder, Otherwise, Patience, Phase, Rung};
pub use plan::{BodyClass, Kind, Plan, PlanError, Promise, Restart};
pub use report::{Ending, Report, UnitReport};
pub use status::{Reason, Status};
pub use time::{Moment, NoSpan, SPAN_FORM, Span};
pub use written::LadderError;
