//! What a body gets: a way to say what it found, and to hear what it is asked.

mod place;

use std::{
    error::Error,
    fmt,
    future::Future,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::sleep,
};
use winddown_core::{Incarnation, UnitId};

use crate::{
    driver::{Message, Request, Word},
    error::{self, Error as HostError},
    store::Finding,
};

use self::place::OWED_MAX;

pub(crate) use self::place::Place;

/// The body was asked to cancel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cancelled {
    /// Why, in words.
    pub reason: Arc<str>,
}

impl fmt::Display for Cancelled {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "cancelled: {}", self.reason)
    }
}

impl Error for Cancelled {}

/// A finding is not known to be durable. It was recorded, and later writes try again; recording it
/// again under the same id is safe.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the finding is not known to be durable; record it again under the same id")]
pub struct NotSaved;

/// How long a body that waits for a disk that fails leaves it alone.
const DISK_REST: Duration = Duration::from_millis(100);

/// What a body and the driver share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) name: Arc<str>,
    pub(crate) unit: UnitId,
    pub(crate) incarnation: Incarnation,
    pub(crate) inbox: mpsc::UnboundedSender<Message>,
    cancelled: AtomicBool,
    /// Odd: asked to hold still. Each pause has its own number, so that an answer to an earlier one is
    /// not taken for one to this one.
    pauses: AtomicU32,
    /// Bytes of findings that are on their way to the disk.
    owed: AtomicU64,
    changed: Notify,
    reason: Mutex<Option<Arc<str>>>,
    state: Mutex<Option<Arc<[u8]>>>,
}

impl Shared {
    pub(crate) fn new(
        name: Arc<str>,
        unit: UnitId,
        incarnation: Incarnation,
        inbox: mpsc::UnboundedSender<Message>,
        state: Option<Arc<[u8]>>,
    ) -> Self {
        Self {
            name,
            unit,
            incarnation,
            inbox,
            cancelled: AtomicBool::new(false),
            pauses: AtomicU32::new(0),
            owed: AtomicU64::new(0),
            changed: Notify::new(),
            reason: Mutex::new(None),
            state: Mutex::new(state),
        }
    }

    pub(crate) fn say(&self, word: Word) {
        // A driver that is gone needs to hear nothing.
        drop(self.inbox.send(Message::Said { unit: self.unit, incarnation: self.incarnation, word }));
    }

    /// Tells a finding, and waits until it is durable, and with it what was told before. `None`: nobody takes
    /// findings of this body any more.
    async fn record(&self, finding: Finding) -> Option<Result<(), NotSaved>> {
        let (reply, saved) = oneshot::channel();
        self.say(Word::Recorded { finding, reply: Some(reply) });
        saved.await.ok()
    }

    fn owes_too_much(&self) -> bool {
        self.owed.load(Ordering::SeqCst) > OWED_MAX
    }

    /// Whether a body that waits for the disk may go on: it owes less, or is asked to cancel, which it did not know
    /// before it began to wait.
    fn may_go_on(&self, knew: bool) -> bool {
        !self.owes_too_much() || (self.is_cancelled() && !knew)
    }

    pub(crate) fn request_cancel(&self, reason: Option<Arc<str>>) {
        if let Some(reason) = reason {
            *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
        }
        self.cancelled.store(true, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    pub(crate) fn pause(&self) {
        if !self.is_asked_to_pause() {
            self.pauses.fetch_add(1, Ordering::SeqCst);
            self.changed.notify_waiters();
        }
    }

    pub(crate) fn resume(&self) {
        if self.is_asked_to_pause() {
            self.pauses.fetch_add(1, Ordering::SeqCst);
            self.changed.notify_waiters();
        }
    }

    pub(crate) fn pauses(&self) -> u32 {
        self.pauses.load(Ordering::SeqCst)
    }

    fn is_asked_to_pause(&self) -> bool {
        !self.pauses().is_multiple_of(2)
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    pub(crate) fn state(&self) -> Option<Arc<[u8]>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until `is_so`, which changes only when `changed` is told.
    async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if is_so(self) {
                return;
            }
            changed.await;
        }
    }
}

/// A body's side of its unit. May be cloned and handed to whatever the body starts.
#[derive(Clone, Debug)]
pub struct Context {
    pub(crate) shared: Arc<Shared>,
}

impl Context {
    /// The unit's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Which start this is, from 1.
    #[must_use]
    pub fn incarnation(&self) -> u32 {
        self.shared.incarnation.0
    }

    /// Records a finding. It is handed to the store with the next writes, at the latest when the driver
    /// has nothing else to do, and it is in every checkpoint and final row from now on. A finding with an
    /// id that the unit has used before is the same finding, and adds nothing.
    ///
    /// Waits for nothing, unless the body is faster than the disk: while more than 1 MiB of its findings is on
    /// the way (each counted with its id and 64 bytes more), it waits, and so does every other clone of this
    /// context. That lasts as long as the disk is full or fails. The finding is recorded before the wait, so it
    /// is kept if the body is dropped there. Being asked to cancel ends a wait that is under way; what is recorded
    /// after that may wait again.
    pub async fn record(&self, finding: impl Into<Finding>) {
        let (shared, finding) = (&*self.shared, Place::take(&self.shared, finding.into()));
        if !shared.owes_too_much() {
            return shared.say(Word::Recorded { finding, reply: None });
        }
        let saved = async {
            // Told again it is the same finding, and written once more.
            let again = finding.clone();
            let mut saved = shared.record(finding).await;
            while let Some(Err(NotSaved)) = saved {
                sleep(DISK_REST).await;
                saved = shared.record(again.clone()).await;
            }
        };
        let knew = shared.is_cancelled();
        tokio::select! {
            // The first look at this tells the finding.
            biased;
            () = saved => {}
            () = shared.until(|shared| shared.may_go_on(knew)) => {}
        }
    }

    /// Records a finding, and waits until it is durable. On a disk that fails it says so at once, unless more than
    /// 1 MiB of the body's findings is on the way: then it tries again until there is room, as
    /// [`record`](Self::record) does, or until the body is asked to cancel.
    ///
    /// # Errors
    /// [`NotSaved`] if the write failed, or the host has exited.
    pub async fn record_durable(&self, finding: impl Into<Finding>) -> Result<(), NotSaved> {
        let (shared, finding) = (&*self.shared, Place::take(&self.shared, finding.into()));
        let (again, knew) = (finding.clone(), shared.is_cancelled());
        let mut saved = shared.record(finding).await;
        while let Some(Err(NotSaved)) = saved
            && !shared.may_go_on(knew)
        {
            sleep(DISK_REST).await;
            saved = shared.record(again.clone()).await;
        }
        saved.unwrap_or(Err(NotSaved))
    }

    /// Tells subscribers how far it is.
    pub fn progress(&self, text: impl Into<Arc<str>>) {
        self.shared.say(Word::Progress { text: text.into(), place: None });
    }

    /// Says that it is up. Needed only where the unit's kind has a start patience.
    pub fn started(&self) {
        self.shared.say(Word::Started);
    }

    /// Whether it was asked to cancel.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.shared.is_cancelled()
    }

    /// Goes on unless it was asked to cancel: `ctx.check_cancellation()?` between two steps of work.
    ///
    /// # Errors
    /// [`Cancelled`] with the reason.
    pub fn check_cancellation(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(self.why()) } else { Ok(()) }
    }

    /// Waits until it is asked to cancel, which is what a ladder's request-cancel, disconnect and terminate do:
    /// [`contracts::task`](crate::contracts::task) and [`contracts::graceful`](crate::contracts::graceful) ask.
    /// Those of [`contracts::engagement`](crate::contracts::engagement) and
    /// [`contracts::container`](crate::contracts::container) do not: there this never comes, and the body is dropped
    /// where it waits. Only what it has started beside itself, with a clone of this, sees a cancel then.
    pub async fn cancelled(&self) -> Cancelled {
        self.shared.until(Shared::is_cancelled).await;
        self.why()
    }

    fn why(&self) -> Cancelled {
        let reason = self.shared.reason.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Cancelled { reason: reason.unwrap_or_else(|| Arc::from("stopped")) }
    }

    /// A place where the body can hold still: goes on at once unless it was asked to pause; then says
    /// that it holds still, and waits until it is resumed or cancelled.
    pub async fn paused(&self) {
        loop {
            let pause = self.shared.pauses();
            if pause.is_multiple_of(2) || self.is_cancelled() {
                return;
            }
            self.shared.say(Word::HoldsStill { pause });
            self.shared.until(|shared| shared.is_cancelled() || shared.pauses() != pause).await;
        }
    }

    /// Waits for `future` in a way that can be cancelled and paused: while the body is paused, `future`
    /// is not polled. So it must not hold a lock that others wait for.
    ///
    /// # Errors
    /// [`Cancelled`] if the body was asked to cancel before `future` was ready.
    pub async fn wait<F: Future>(&self, future: F) -> Result<F::Output, Cancelled> {
        let mut future = pin!(future);
        loop {
            self.paused().await;
            self.check_cancellation()?;
            let mut changed = pin!(self.shared.changed.notified());
            changed.as_mut().enable();
            if self.is_cancelled() || self.shared.is_asked_to_pause() {
                continue;
            }
            tokio::select! {
                biased;
                output = &mut future => return Ok(output),
                () = changed => {}
            }
        }
    }

    /// What the last checkpoint kept of this unit, or what was kept since.
    #[must_use]
    pub fn state(&self) -> Option<Arc<[u8]>> {
        self.shared.state()
    }

    /// What the next checkpoint keeps. Call it whenever there is a state from which the body could go on.
    pub fn keep(&self, state: impl Into<Arc<[u8]>>) {
        let state = state.into();
        *self.shared.state.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
    }

    /// Asks for this unit's own stop. Says at once whether that was accepted; the stop follows.
    ///
    /// # Errors
    /// Why it was refused, or that the host has exited.
    pub async fn stop(&self) -> Result<(), HostError> {
        let request = Request::Stop { force: false, within: winddown_core::Within::Unset };
        self.ask(request).await
    }

    /// Asks that this unit's own run is cancelled. Says at once whether that was accepted.
    ///
    /// # Errors
    /// Why it was refused, the reason being too long among others, or that the host has exited.
    pub async fn cancel(&self, reason: impl Into<Arc<str>>) -> Result<(), HostError> {
        self.ask(Request::Cancel { reason: error::reason(reason.into())? }).await
    }

    async fn ask(&self, request: Request) -> Result<(), HostError> {
        let (reply, answer) = oneshot::channel();
        self.shared.say(Word::Asks { request, reply });
        answer.await.unwrap_or(Err(HostError::Gone)).map(drop)
    }
}

impl<I: Into<Arc<str>>, D: AsRef<[u8]>> From<(I, D)> for Finding {
    /// A finding from its producer's name for it, and what it is.
    fn from((id, data): (I, D)) -> Self {
        Self { id: id.into(), data: Arc::from(data.as_ref()), place: Place::default() }
    }
}
