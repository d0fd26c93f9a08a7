//! The real world of winddown: the same engine as in the simulator, around tokio, SQLite, sockets,
//! signals and processes.
//!
//! One driver task owns the engine. It takes an input, calls `handle`, and carries the effects out.
//! No decision about stopping is taken anywhere else, and no deadline is kept anywhere else.
//!
//! # A service
//!
//! This is `examples/service.rs`.
//!
//! ```
#![doc = include_str!("../examples/service.rs")]
//! ```
//!
//! A service needs this crate with `default-features = false`: the default is the daemon and its client around the
//! library, with what serves HTTP and reads command lines. [`run`] is what its `main` ends with.
//!
//! A unit whose body can go on where it was is an [`engagement`](contracts::engagement), as there. One that only has to
//! end what it is at when it is asked to is [`graceful`](contracts::graceful): cancel, wait, drop, and say what is
//! proven.
//!
//! # Testing
//!
//! `winddown-trial` stops a service at a thousand moments, in virtual time; it is made for tests of your own. Under
//! tokio's paused clock keep rows in memory ([`Builder::memory`]), and start no commands: that clock runs ahead as soon
//! as no task can go on, and neither a disk nor a process is a task, so whatever waits for one of them with a deadline
//! finds it over.

mod body;
mod builder;
mod client;
mod context;
#[cfg(feature = "daemon")]
pub mod daemon;
mod driver;
mod error;
mod hooks;
mod host;
#[cfg(feature = "daemon")]
pub mod ipc;
mod name;
mod recorder;
mod report;
mod roster;
mod run;
mod signals;
pub mod store;
mod unit;

pub use body::Command;
pub use builder::Builder;
pub use client::{Client, ClientOrder};
pub use context::{Cancelled, Context, NotSaved};
pub use error::{Error, Missing, REASON_MAX, StartError};
pub use host::{Host, News, Shutdown, Stop, Stopped, UnitInfo};
pub use name::{NAME_FORM, NoName, UnitName};
pub use report::{Report, UnitStop};
pub use run::run;
pub use unit::{BodyResult, Unit};
pub use winddown_core::{
    Action, BodyClass, Ending, Exit, Kind, Ladder, Notice, Outcome, Phase, Promise, Restart, Rung, Signal,
    Span, Status, UnitReport, Why, Within, contracts,
};
