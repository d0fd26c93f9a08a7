//! The vocabulary of the socket, in both directions.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use winddown_core::{NoSpan, Notice, Span, Status, Within};

use super::{UnitName, VERSION};

/// One line to the daemon.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// [`VERSION`].
    pub v: u32,
    /// Chosen by the client, and repeated in each line of the answer. Not 0.
    pub id: u64,
    /// What is asked for.
    #[serde(rename = "do")]
    pub ask: Ask,
}

impl Request {
    /// A request of this version.
    #[must_use]
    pub const fn new(id: u64, ask: Ask) -> Self {
        Self { v: VERSION, id, ask }
    }
}

/// What a client can ask for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// Start a unit.
    Start {
        /// Which.
        unit: UnitName,
    },
    /// Stop a unit. Answered when it is stopped and its row is durable.
    Stop {
        /// Which.
        unit: UnitName,
        /// Whether gentle rungs are skipped.
        #[serde(default)]
        force: bool,
        /// How long it may take.
        #[serde(default)]
        within: Option<Time>,
    },
    /// Stop a unit and start it again. Answered when it is started.
    Restart {
        /// Which.
        unit: UnitName,
    },
    /// Cancel a unit's run.
    Cancel {
        /// Which.
        unit: UnitName,
        /// Why.
        #[serde(default)]
        reason: Option<String>,
    },
    /// Ask a unit to hold still.
    Pause {
        /// Which.
        unit: UnitName,
    },
    /// Let a paused unit go on.
    Resume {
        /// Which.
        unit: UnitName,
    },
    /// All units, one part each.
    List {},
    /// One unit.
    Inspect {
        /// Which.
        unit: UnitName,
    },
    /// What a unit found, one part each, in the order of recording.
    Findings {
        /// Which.
        unit: UnitName,
        /// How many to leave out at the beginning.
        #[serde(default)]
        after: u32,
        /// How many at most. Unset: all.
        #[serde(default)]
        limit: Option<u32>,
    },
    /// Everything that happens from now on, one part each, until the connection ends.
    Attach {
        /// Of one unit only.
        #[serde(default)]
        unit: Option<UnitName>,
    },
    /// Shut the whole host down. Answered at once; the connection ends when the work is done.
    Shutdown {
        /// Whether work is given up instead of preserved.
        #[serde(default)]
        force: bool,
        /// How long it may take.
        #[serde(default)]
        within: Option<Time>,
    },
}

/// How long something may take, as text: `5s`, `0s` for at once, `unlimited`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Time {
    /// So long.
    For(Span),
    /// However long it takes.
    Unlimited,
}

impl Time {
    /// A time as the engine takes it. `None`: not said.
    #[must_use]
    pub const fn within(time: Option<Self>) -> Within {
        match time {
            None => Within::Unset,
            Some(Self::For(span)) => Within::For(span),
            Some(Self::Unlimited) => Within::Unlimited,
        }
    }
}

impl FromStr for Time {
    type Err = NoSpan;

    fn from_str(text: &str) -> Result<Self, NoSpan> {
        if text == "unlimited" { Ok(Self::Unlimited) } else { text.parse().map(Self::For) }
    }
}

impl TryFrom<String> for Time {
    type Error = NoSpan;

    fn try_from(text: String) -> Result<Self, NoSpan> {
        text.parse()
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        match time {
            Time::For(span) => span.to_string(),
            Time::Unlimited => "unlimited".to_owned(),
        }
    }
}

/// One line from the daemon.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// [`VERSION`].
    pub v: u32,
    /// The request's. 0: the daemon says it by itself.
    pub id: u64,
    /// What it says.
    #[serde(flatten)]
    pub said: Said,
}

impl Reply {
    /// A reply of this version.
    #[must_use]
    pub const fn new(id: u64, said: Said) -> Self {
        Self { v: VERSION, id, said }
    }
}

/// What a daemon can say.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    /// One of many; more follows.
    Part(Part),
    /// It was done.
    Ok(Answer),
    /// It was not done.
    Error(Problem),
}

/// How a request ended well.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It was carried out, or is on its way.
    Accepted,
    /// The unit is stopped, and that is durable.
    Stopped {
        /// The status that its row has.
        status: Status,
        /// Whether a body was left that is not proven gone.
        leaked: bool,
    },
    /// Whether the unit was running, and is cancelled.
    Cancelled(bool),
    /// One unit.
    Unit(UnitLine),
    /// All parts were said.
    Listed {
        /// How many there were.
        count: u32,
    },
    /// The host shuts down.
    ShuttingDown {
        /// Which start of the daemon this is. Its report names the same.
        instance: String,
    },
}

/// One of many.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// A unit.
    Unit(UnitLine),
    /// A finding.
    Finding(FindingLine),
    /// Something happened to a unit.
    Notice(Happened),
    /// This connection reads too slowly: so many notices were left out.
    Missed(u64),
    /// The host shuts down, and this connection ends with it.
    #[serde(rename = "daemon_shutdown")]
    DaemonShutdown {
        /// Who or what asked for it.
        reason: String,
        /// How long it takes at most. `None`: nobody said so.
        shutdown_in_seconds: Option<u64>,
    },
}

/// One unit, as it is now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UnitLine {
    /// Its name.
    pub unit: String,
    /// The name of its kind.
    pub kind: String,
    /// The name of its owner.
    pub owner: String,
    /// What is promised about it.
    pub status: Status,
    /// Which start it is. 0: never started.
    pub incarnation: u32,
    /// Whether its status is final, but its body still lives.
    pub lingers: bool,
    /// Whether a body was left that is not proven gone.
    pub leaked: bool,
    /// The number of its last process, if its body was one.
    pub pid: Option<u32>,
    /// How many findings it recorded.
    pub recorded: u32,
    /// How many of them are known to be durable: those in the last write that the host has waited for. What is
    /// written behind is on disk before it is counted here, and among the findings at once.
    pub saved: u32,
    /// Why it was stopped or cancelled, where somebody said so.
    pub reason: Option<String>,
    /// What it last said about how far it is.
    pub progress: Option<String>,
    /// What went wrong with it last.
    pub error: Option<String>,
    /// How long it waits before it is started again by its restart policy, if it does.
    #[serde(default)]
    pub starts_again_in_nanos: Option<u64>,
}

/// One finding.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FindingLine {
    /// Its producer's own name for it.
    pub id: String,
    /// What it is.
    pub data: Data,
}

/// Bytes that are mostly text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Data {
    /// They are text.
    Text(String),
    /// They are not: two digits for each byte.
    Hex(String),
}

impl From<&[u8]> for Data {
    fn from(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Hex(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        }
    }
}

/// Something that happened to a unit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Happened {
    /// To which.
    pub unit: String,
    /// To which start of it.
    pub incarnation: u32,
    /// What.
    pub notice: Notice,
    /// In words, where there are any.
    pub text: Option<String>,
}

/// Why a request was not carried out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// For programs.
    pub code: ProblemCode,
    /// For people.
    pub why: String,
}

/// What kind of problem it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemCode {
    /// The line is no request.
    BadLine,
    /// The line is longer than a line may be; the connection ends.
    TooLong,
    /// The line is in a version that the daemon does not speak.
    Version,
    /// There are as many connections as there may be; this one ends.
    Busy,
    /// There is no such unit.
    UnknownUnit,
    /// It must not be now.
    Refused,
    /// It was done, but is not on record.
    NotRecorded,
    /// The store could not be read.
    Store,
    /// The host is gone.
    Gone,
}
