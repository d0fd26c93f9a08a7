//! All that reaches the driver from the rest of the process.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, broadcast, oneshot};
use winddown_core::{Answer, ClientId, Exit, Incarnation, Outcome, Phase, Signal, UnitId, Within};

use crate::{
    client::Client,
    context::NotSaved,
    error::Error,
    host::{News, UnitInfo},
    store::{Done, Finding, ProcessIdentity},
    unit::Unit,
};

pub(crate) type Reply<T> = oneshot::Sender<Result<T, Error>>;

/// One thing that reaches the driver.
#[derive(Debug)]
pub(crate) enum Message {
    /// Somebody outside of any body asks for something.
    Asked(Box<Ask>),
    /// A body says something.
    Said { unit: UnitId, incarnation: Incarnation, word: Word },
    /// The store did something.
    Stored(Done),
    /// The database begins to fail, and this is what it says; or it works again.
    Trouble(Option<String>),
    /// The process got a signal.
    Signal(Signal),
    /// What belongs to a phase of the shutdown was done, and what of it could not be.
    Wound { phase: Phase, errors: Vec<String> },
    /// A client was told, or could not be.
    ClientTold { client: ClientId, outcome: Outcome },
    /// A client is gone.
    ClientLeft { client: ClientId },
    /// An earlier host's body was looked for and ended, or could not be.
    Reaped { unit: UnitId, name: Arc<str>, outcome: Outcome, found: Option<Arc<str>> },
}

/// What a body says.
#[derive(Debug)]
pub(crate) enum Word {
    Started,
    Exited {
        exit: Exit,
        error: Option<Arc<str>>,
    },
    Recorded {
        finding: Finding,
        reply: Option<oneshot::Sender<Result<(), NotSaved>>>,
    },
    /// Its process is this one.
    Spawned(ProcessIdentity),
    /// There is no body.
    NotStarted {
        error: Arc<str>,
    },
    /// Nobody can look who is alive of it, and it is tried again; or that is over.
    Looked {
        error: Option<Arc<str>>,
    },
    /// `place` is given back when the driver has heard it.
    Progress {
        text: Arc<str>,
        place: Option<OwnedSemaphorePermit>,
    },
    HoldsStill {
        pause: u32,
    },
    Asks {
        request: Request,
        reply: Reply<Answer>,
    },
}

/// A request about one unit.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Start,
    Pause,
    Resume,
    Stop { force: bool, within: Within },
    Restart,
    Cancel { reason: Option<Arc<str>> },
    Remove,
}

/// What somebody outside of any body asks for.
#[derive(Debug)]
pub(crate) enum Ask {
    Unit { name: Arc<str>, request: Request, reply: Reply<Answer> },
    Declare { name: Arc<str>, unit: Unit, reply: Reply<()> },
    Shutdown { graceful: bool, within: Within },
    List { reply: Reply<Vec<UnitInfo>> },
    Inspect { name: Arc<str>, reply: Reply<UnitInfo> },
    Subscribe { name: Arc<str>, reply: Reply<broadcast::Receiver<News>> },
    Findings { name: Arc<str>, after: u32, limit: u32, reply: Reply<Vec<Finding>> },
    Attach { reply: Reply<Client> },
}
