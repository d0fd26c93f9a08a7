//! What the driver has of a body to pause and to end it.

pub(crate) mod task;

use std::{sync::Arc, time::Duration};

use crate::context::Shared;

use self::task::TaskHands;

/// The means to reach one body.
#[derive(Debug)]
pub(crate) enum Hands {
    Task(TaskHands),
}

impl Hands {
    /// Whether it is a task of this process.
    pub(crate) const fn is_task(&self) -> bool {
        match self {
            Self::Task(_) => true,
        }
    }

    /// Whether it is there to answer.
    pub(crate) fn responds(&self) -> bool {
        match self {
            Self::Task(task) => !task.is_finished(),
        }
    }

    /// Whether it holds still as soon as it is told to. If not, it says so itself.
    pub(crate) const fn pauses_at_once(&self) -> bool {
        match self {
            Self::Task(_) => false,
        }
    }

    pub(crate) fn pause(&self, shared: &Shared) {
        match self {
            Self::Task(_) => shared.pause(),
        }
    }

    pub(crate) fn resume(&self, shared: &Shared) {
        match self {
            Self::Task(_) => shared.resume(),
        }
    }

    /// Cuts it off from whoever it talks to.
    pub(crate) fn disconnect(&self, shared: &Shared, reason: Option<Arc<str>>) {
        match self {
            Self::Task(_) => shared.request_cancel(reason),
        }
    }

    /// Asks it to end.
    pub(crate) fn request_cancel(&self, shared: &Shared, reason: Option<Arc<str>>) {
        match self {
            Self::Task(_) => shared.request_cancel(reason),
        }
    }

    /// Asks it to end, and ends it after `grace`; zero: never.
    pub(crate) fn terminate(&self, shared: &Shared, reason: Option<Arc<str>>, grace: Duration) {
        match self {
            Self::Task(task) => {
                shared.request_cancel(reason);
                task.end_after(grace);
            }
        }
    }

    /// What dies with its host has to be ended where the process lives on.
    pub(crate) fn host_is_gone(&self, shared: &Shared) {
        match self {
            Self::Task(_) => self.end(shared),
        }
    }

    /// Ends it by force.
    pub(crate) fn end(&self, shared: &Shared) {
        match self {
            Self::Task(task) => {
                // What the body started in other places looks at this.
                shared.request_cancel(None);
                task.end();
            }
        }
    }
}
