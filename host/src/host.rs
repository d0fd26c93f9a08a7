//! The host as the rest of the process sees it: a handle that asks, and hears the answers.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use winddown_core::{Action, Answer, Ending, Notice, Signal, Span, Status, Within};

use crate::{
    builder::Builder,
    client::Client,
    driver::{Ask, Message, Reply, Request},
    error::{self, Error},
    report::Report,
    store::Finding,
    unit::Unit,
};

/// A running host. Clones are the same host; dropping them stops nothing.
///
/// A `main` that returns without [`Host::shutdown`] or [`Host::wait`] ends the process as a crash would: tasks die with
/// it, and processes that were started live on, until the next host at the same place finds and ends them.
#[derive(Clone, Debug)]
pub struct Host {
    pub(crate) inbox: mpsc::UnboundedSender<Message>,
    pub(crate) done: watch::Receiver<Option<Arc<Report>>>,
    pub(crate) news: broadcast::Sender<News>,
}

/// How a stop is to go. The default is gentle, and takes as long as the unit's ladder says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stop {
    /// Whether gentle rungs are skipped.
    pub force: bool,
    /// How long it may take. Zero: at once and by force.
    pub within: Within,
}

impl Stop {
    /// One that skips the gentle rungs.
    #[must_use]
    pub const fn forced() -> Self {
        Self { force: true, within: Within::Unset }
    }

    /// One that takes at most so long.
    #[must_use]
    pub fn within(time: Duration) -> Self {
        Self { force: false, within: Within::For(time.into()) }
    }
}

/// How a shutdown is to go. The default is graceful, and takes at most what the plan says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shutdown {
    /// Whether work is preserved. If not, gentle steps are skipped and the rest is the same.
    pub graceful: bool,
    /// How long it may take. Zero: at once and by force, with 1 s at most for what is killed to be gone.
    pub within: Within,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { graceful: true, within: Within::Unset }
    }
}

impl Shutdown {
    /// One that skips the gentle steps.
    #[must_use]
    pub const fn forced() -> Self {
        Self { graceful: false, within: Within::Unset }
    }

    /// A graceful one that takes at most so long.
    #[must_use]
    pub fn within(time: Duration) -> Self {
        Self { graceful: true, within: Within::For(time.into()) }
    }
}

/// What a stop came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Stopped {
    /// The unit's status, which is durable.
    pub status: Status,
    /// Whether a body was left that is not proven gone.
    pub leaked: bool,
}

/// What subscribers are told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct News {
    /// About which unit.
    pub unit: Arc<str>,
    /// Which start.
    pub incarnation: u32,
    /// What.
    pub notice: Notice,
    /// In words: how far it is, what failed, also while it was stopped, why it was cancelled.
    pub text: Option<Arc<str>>,
}

/// A unit as it stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct UnitInfo {
    /// Its name.
    pub name: Arc<str>,
    /// The name of its kind.
    pub kind: Arc<str>,
    /// The name of its owner.
    pub owner: Arc<str>,
    /// What is promised about it.
    pub status: Status,
    /// Its present or last start; 0: never started.
    pub incarnation: u32,
    /// Whether nothing is going on: no stop in flight, no row waited for.
    pub settled: bool,
    /// Whether its body is not known to be gone.
    pub body_lives: bool,
    /// Whether a body was left that is not proven gone.
    pub leaked: bool,
    /// How its last start came to its end.
    pub ending: Ending,
    /// The first rung of its last stop that did not do its work in its time.
    pub failed: Option<Action>,
    /// The number of its last process, if its body was one.
    pub pid: Option<u32>,
    /// Findings so far.
    pub recorded: u32,
    /// Findings known to be durable: those in the last write that the host has waited for, which are a row, a
    /// checkpoint or a finding that its body waits for. What is written behind is on disk a few milliseconds after
    /// it was recorded, and only counted here with the next such write; [`Host::findings`] shows it at once.
    pub saved: u32,
    /// Why it was stopped or cancelled.
    pub reason: Option<Arc<str>>,
    /// What went wrong with its last body: what it failed with, what it left behind.
    pub error: Option<Arc<str>>,
    /// How far it said to be.
    pub progress: Option<Arc<str>>,
    /// How long it waits before it is started again by its restart policy, if it does.
    pub starts_again_in: Option<Span>,
}

impl Host {
    /// A host to be described.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Makes a unit known. It does not run before it is started.
    ///
    /// # Errors
    /// The name is taken, or the kind or what the unit needs is not known.
    pub async fn declare(&self, name: impl Into<Arc<str>>, unit: Unit) -> Result<(), Error> {
        let name = name.into();
        self.ask(|reply| Ask::Declare { name, unit, reply }).await
    }

    /// Starts a unit. Answers when the start is on its way.
    ///
    /// # Errors
    /// There is no such unit, it runs already, or the host admits nothing any more.
    pub async fn start(&self, name: impl Into<Arc<str>>) -> Result<(), Error> {
        self.request(name, Request::Start).await.map(drop)
    }

    /// Asks a unit to hold still. Answers when that is on its way; a notice says when it does.
    ///
    /// # Errors
    /// There is no such unit, or it does not run.
    pub async fn pause(&self, name: impl Into<Arc<str>>) -> Result<(), Error> {
        self.request(name, Request::Pause).await.map(drop)
    }

    /// Lets a paused unit go on.
    ///
    /// # Errors
    /// There is no such unit, or it is not paused.
    pub async fn resume(&self, name: impl Into<Arc<str>>) -> Result<(), Error> {
        self.request(name, Request::Resume).await.map(drop)
    }

    /// Stops a unit by its own ladder. Answers when it is stopped and its row is durable.
    ///
    /// # Errors
    /// There is no such unit, or the row could not be written.
    pub async fn stop(&self, name: impl Into<Arc<str>>) -> Result<Stopped, Error> {
        self.stop_as(name, Stop::default()).await
    }

    /// The same, harder or within another time. Where a stop is in flight, this one makes it harder or
    /// shorter, or joins it.
    ///
    /// # Errors
    /// There is no such unit, or the row could not be written.
    pub async fn stop_as(&self, name: impl Into<Arc<str>>, stop: Stop) -> Result<Stopped, Error> {
        let Stop { force, within } = stop;
        let answer = self.request(name, Request::Stop { force, within }).await?;
        let Answer::Stopped { status, leaked } = answer else { return Err(Error::Unexpected(answer)) };
        Ok(Stopped { status, leaked })
    }

    /// Stops a unit and starts it again. Answers when it is started.
    ///
    /// # Errors
    /// There is no such unit, it is stopping already, or the host admits nothing any more.
    pub async fn restart(&self, name: impl Into<Arc<str>>) -> Result<(), Error> {
        self.request(name, Request::Restart).await.map(drop)
    }

    /// Cancels a unit's run, by its own ladder. `true`: it was running, it is cancelled, and its row is
    /// durable, with the reason. `false`: it was not running. An empty reason is none.
    ///
    /// # Errors
    /// There is no such unit, the reason has more than [`REASON_MAX`](crate::REASON_MAX) bytes, or the row could
    /// not be written.
    pub async fn cancel(
        &self,
        name: impl Into<Arc<str>>,
        reason: impl Into<Arc<str>>,
    ) -> Result<bool, Error> {
        let reason = error::reason(reason.into())?;
        let answer = self.request(name, Request::Cancel { reason }).await?;
        let Answer::Cancelled(was_running) = answer else { return Err(Error::Unexpected(answer)) };
        Ok(was_running)
    }

    /// Forgets a unit that has ended. Its findings stay in the store.
    ///
    /// # Errors
    /// There is no such unit, something of it is not settled, or others need it: those are to be removed first.
    pub async fn remove(&self, name: impl Into<Arc<str>>) -> Result<(), Error> {
        self.request(name, Request::Remove).await.map(drop)
    }

    /// All units as they stand.
    ///
    /// # Errors
    /// The host has exited.
    pub async fn list(&self) -> Result<Vec<UnitInfo>, Error> {
        self.ask(|reply| Ask::List { reply }).await
    }

    /// A unit as it stands.
    ///
    /// # Errors
    /// There is no such unit.
    pub async fn inspect(&self, name: impl Into<Arc<str>>) -> Result<UnitInfo, Error> {
        let name = name.into();
        self.ask(|reply| Ask::Inspect { name, reply }).await
    }

    /// What a unit's subscribers are told from now on. A slow one misses the oldest, and hears how many.
    ///
    /// # Errors
    /// There is no such unit.
    pub async fn subscribe(&self, name: impl Into<Arc<str>>) -> Result<broadcast::Receiver<News>, Error> {
        let name = name.into();
        self.ask(|reply| Ask::Subscribe { name, reply }).await
    }

    /// What the subscribers of all units are told from now on.
    #[must_use]
    pub fn news(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    /// The findings of a unit, oldest first, from the `after`-th on, at most `limit`; also those of a unit
    /// that was removed.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn findings(
        &self,
        name: impl Into<Arc<str>>,
        after: u32,
        limit: u32,
    ) -> Result<Vec<Finding>, Error> {
        let name = name.into();
        self.ask(|reply| Ask::Findings { name, after, limit, reply }).await
    }

    /// Attaches a client: it will be told that the host shuts down, and disconnected before the host is
    /// down.
    ///
    /// # Errors
    /// There are too many, or the host has exited.
    pub async fn attach(&self) -> Result<Client, Error> {
        self.ask(|reply| Ask::Attach { reply }).await
    }

    /// Hands a signal of the process to the host. [`Builder::signals`] does this by itself.
    pub fn signal(&self, signal: Signal) {
        // A host that has exited needs no signal.
        drop(self.inbox.send(Message::Signal(signal)));
    }

    /// Shuts the whole host down, and waits for its report. Where a shutdown is in flight, this one makes
    /// it harder or shorter, or joins it.
    ///
    /// # Errors
    /// [`Error::Gone`] if the driver ended without a report, which it does only with its runtime.
    pub async fn shutdown(&self, shutdown: Shutdown) -> Result<Arc<Report>, Error> {
        let Shutdown { graceful, within } = shutdown;
        // A host that has exited has a report.
        drop(self.inbox.send(Message::Asked(Box::new(Ask::Shutdown { graceful, within }))));
        self.wait().await
    }

    /// Waits until the host has exited, whoever asked for that. What is left of its bodies then, as the report says,
    /// ends with the process: see [`run`](crate::run).
    ///
    /// # Errors
    /// [`Error::Gone`] if the driver ended without a report, which it does only with its runtime.
    pub async fn wait(&self) -> Result<Arc<Report>, Error> {
        let mut done = self.done.clone();
        let report = done.wait_for(Option::is_some).await.map_err(|_| Error::Gone)?;
        report.clone().ok_or(Error::Gone)
    }

    async fn request(&self, name: impl Into<Arc<str>>, request: Request) -> Result<Answer, Error> {
        let name = name.into();
        self.ask(|reply| Ask::Unit { name, request, reply }).await
    }

    async fn ask<T>(&self, ask: impl FnOnce(Reply<T>) -> Ask) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.inbox.send(Message::Asked(Box::new(ask(reply)))).map_err(|_| Error::Gone)?;
        answer.await.map_err(|_| Error::Gone)?
    }
}
