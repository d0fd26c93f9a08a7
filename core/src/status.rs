//! What winddown promises about a unit, and why a unit ended as it did.

use core::fmt;

use serde::{Deserialize, Serialize};

/// What is promised about a unit, and persisted. Whether its body is still alive is another matter.
///
/// ```text
/// pending ──► running ◄──► paused
///    ▲           │            │
///    │           ▼            ▼
///    │        stopping ◄──────┘          (only where the ladder takes time)
///    │           │
///    └── stopped, completed, failed, cancelled    terminal for this incarnation
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Declared, or waiting for its next start.
    #[default]
    Pending,
    /// Started.
    Running,
    /// Started, and holding still.
    Paused,
    /// On its way down its ladder.
    Stopping,
    /// Ended because somebody asked for a stop.
    Stopped,
    /// Ended by itself, with success.
    Completed,
    /// Ended by itself, without success; or lost with its host.
    Failed,
    /// Ended because it was cancelled, or ran out of its run budget.
    Cancelled,
}

impl Status {
    /// All of them, in declaration order.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Running,
        Self::Paused,
        Self::Stopping,
        Self::Stopped,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Whether an incarnation with this status has ended for good. The first terminal status wins.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Pending | Self::Running | Self::Paused | Self::Stopping => false,
            Self::Stopped | Self::Completed | Self::Failed | Self::Cancelled => true,
        }
    }

    /// The status in lower case, as it is printed and persisted.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// Why a unit was stopped or cancelled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// None was given, and none is needed.
    #[default]
    None,
    /// The default of the task contract: "Cancelled by user".
    ByUser,
    /// A text that the world keeps under this number.
    Stated(u32),
    /// The unit's own run budget was over: "Timeout after Ns".
    RunBudgetOver,
    /// It did not come up within its start patience.
    StartOverdue,
    /// The whole host shuts down.
    Shutdown,
    /// The host that ran it was gone without a stop; found at recovery.
    Interrupted,
}
