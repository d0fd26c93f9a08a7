//! What may be wrong with how a service stops.

use std::{fmt, sync::Arc};

use winddown_core::Action;

/// What kind of trouble it is. Each names who is to mend it: nearly always a body.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Trouble {
    /// What was durable is gone, or an exit code of 0 was not true.
    Lost,
    /// A rule of the service's own does not hold: see [`Trial::holds`](crate::Trial::holds).
    Broken,
    /// The run did not come to its end: a body blocks its thread, never yields, or waits for something outside.
    Stuck,
    /// A unit was still running when the time for its stop was over: mostly because what is stopped before it, or
    /// after it, leaves too little of the shutdown's time.
    Overran,
    /// A unit was told to go while another one that needs it still worked: there was no time to wait for that.
    OutOfOrder,
    /// A body was asked to end, and had to be dropped or killed.
    Deaf,
    /// A body was asked to hold still, and went on.
    Restless,
    /// Another rung of a stop did not do its work in its time.
    Late,
    /// Findings were recorded, and were not durable when the host was down.
    Unsaved,
    /// Tasks that bodies had started were still there when the host was down, and were cut off, although every body
    /// had the time to wait for its own. A [`JoinSet`](tokio::task::JoinSet) that a body holds ends them with it.
    /// Whose they were is not known: the runtime only counts them.
    LeftTasks,
    /// A body failed or panicked, also while it was stopped. What it says of a stop that was forced, or cut short, is
    /// not asked for, nor if what it needs was not at work any more, because somebody had stopped that alone. To end
    /// with [`Cancelled`](winddown_host::Cancelled) is to end well.
    Failed,
    /// What is done in a phase of the shutdown failed, or took too long.
    Phase,
    /// The host could not be started.
    NoHost,
    /// A unit never ran, in no run: a start was refused each time.
    NeverRan,
}

impl Trouble {
    /// What a rung says of the body when it did not do its work in its time.
    pub(crate) fn of_rung(action: Action) -> Self {
        match action {
            Action::RequestCancel | Action::Terminate { .. } => Self::Deaf,
            Action::Pause => Self::Restless,
            Action::Probe
            | Action::Checkpoint
            | Action::Disconnect
            | Action::Kill
            | Action::Abort
            | Action::Remove
            | Action::Forget => Self::Late,
        }
    }
}

/// Something that was noticed, once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Noticed {
    pub(crate) trouble: Trouble,
    /// Which unit, if it is about one.
    pub(crate) unit: Option<Arc<str>>,
    /// The rest of it, in words.
    pub(crate) words: String,
}

impl Noticed {
    pub(crate) fn new(trouble: Trouble, unit: Option<&Arc<str>>, words: impl Into<String>) -> Self {
        Self { trouble, unit: unit.cloned(), words: words.into() }
    }
}

impl fmt::Display for Noticed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.unit {
            Some(unit) => write!(formatter, "{unit}: {}", self.words),
            None => formatter.write_str(&self.words),
        }
    }
}
