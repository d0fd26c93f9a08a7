//! What the driver has of a body to pause and to end it.

pub(crate) mod census;
mod command;
mod errand;
pub(crate) mod left;
mod lines;
pub(crate) mod own;
pub(crate) mod process;
pub(crate) mod task;

use std::{sync::Arc, time::Duration};

use crate::context::Shared;

use self::{process::ProcessHands, task::TaskHands};

pub use self::command::Command;

/// The means to reach one body.
#[derive(Debug)]
pub(crate) enum Hands {
    Task(TaskHands),
    Process(ProcessHands),
}

impl Hands {
    /// Whether it is a task of this process.
    pub(crate) const fn is_task(&self) -> bool {
        match self {
            Self::Task(_) => true,
            Self::Process(_) => false,
        }
    }

    /// Whether it is there to answer.
    pub(crate) fn responds(&self) -> bool {
        match self {
            Self::Task(task) => !task.is_finished(),
            Self::Process(process) => !process.is_finished(),
        }
    }

    /// Asks it to hold still. It says so itself.
    pub(crate) fn pause(&self, shared: &Shared) {
        match self {
            Self::Task(_) => shared.pause(),
            Self::Process(process) => process.pause(shared),
        }
    }

    pub(crate) fn resume(&self, shared: &Shared) {
        match self {
            Self::Task(_) => shared.resume(),
            Self::Process(process) => process.resume(shared),
        }
    }

    /// Cuts it off from whoever it talks to.
    pub(crate) fn disconnect(&self, shared: &Shared, reason: Option<Arc<str>>) {
        match self {
            Self::Task(_) => shared.request_cancel(reason),
            Self::Process(process) => process.disconnect(),
        }
    }

    /// Asks it to end, and ends it after `grace`; zero: never.
    pub(crate) fn terminate(&self, shared: &Shared, reason: Option<Arc<str>>, grace: Duration) {
        match self {
            Self::Task(task) => {
                shared.request_cancel(reason);
                task.end_after(grace);
            }
            Self::Process(process) => process.terminate(grace),
        }
    }

    /// Ends it by force.
    pub(crate) fn end(&mut self, shared: &Shared) {
        match self {
            Self::Task(task) => {
                // What the body started in other places looks at this.
                shared.request_cancel(None);
                task.end();
            }
            Self::Process(process) => process.end(),
        }
    }

    /// What dies with its host has to be ended where the process lives on.
    pub(crate) fn host_is_gone(&mut self, shared: &Shared) {
        match self {
            Self::Task(_) => self.end(shared),
            // What it became is in the report, and on record.
            Self::Process(_) => {}
        }
    }
}
