//! What a unit is made of: a body, and the names of its kind and its owner.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use crate::{body::Command, context::Context};

/// What a body comes to. An error, or a panic, is a failed unit, and its text is kept.
///
/// While the unit is being stopped, it stays a unit that was stopped, or cancelled, and the exit code is what it would
/// have been. The error is told all the same: [`Builder::on_stopped`](crate::Builder::on_stopped) and the
/// [`Report`](crate::Report) have its text, and so has the notice of the stop, unless its kind promises that before the
/// body has gone. To return [`Cancelled`](crate::Cancelled) is to end well.
pub type BodyResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

pub(crate) type BodyFuture = Pin<Box<dyn Future<Output = BodyResult> + Send>>;

/// How an async task is started, as often as its unit is.
pub(crate) type StartTask = Arc<dyn Fn(Context) -> BodyFuture + Send + Sync>;

/// What runs for a unit, as often as it is started.
#[derive(Clone)]
pub(crate) enum Body {
    /// An async task of this process.
    Task(StartTask),
    /// A process of its own.
    Command(Arc<Command>),
    /// Nothing: a unit that the store remembers, but nobody declared since. It cannot be started.
    Absent,
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Task(_) => "Task",
            Self::Command(_) => "Command",
            Self::Absent => "Absent",
        })
    }
}

/// A unit to be declared: a body, and the policies that it is under.
#[derive(Clone)]
pub struct Unit {
    pub(crate) body: Body,
    pub(crate) kind: Arc<str>,
    pub(crate) owner: Arc<str>,
    pub(crate) needs: Vec<Arc<str>>,
}

impl Unit {
    /// A unit whose body is an async closure. It is called once for each start, in the body's own task.
    ///
    /// A body that keeps its thread (`std::thread::sleep`, long computing, a blocking read) keeps it from whatever
    /// else runs there, which may be the host: nothing is stopped in its time then. Do such work in
    /// [`tokio::task::spawn_blocking`], or give bodies a runtime of their own with
    /// [`Builder::bodies_on`](crate::Builder::bodies_on). Neither can be ended from outside, and a runtime that is
    /// dropped waits for both: end `main` as [`run`](crate::run) does.
    pub fn task<B, F>(kind: impl Into<Arc<str>>, body: B) -> Self
    where
        B: Fn(Context) -> F + Send + Sync + 'static,
        F: Future<Output = BodyResult> + Send + 'static,
    {
        let start = move |context| -> BodyFuture { Box::pin(body(context)) };
        Self::new(kind.into(), Body::Task(Arc::new(start)))
    }

    /// A unit whose body is a process, with everything that it starts. Its kind has to be one of
    /// processes. What it writes, line by line, is its progress; it has nothing to read.
    pub fn command(kind: impl Into<Arc<str>>, command: impl Into<Command>) -> Self {
        Self::new(kind.into(), Body::Command(Arc::new(command.into())))
    }

    pub(crate) fn new(kind: Arc<str>, body: Body) -> Self {
        Self { body, kind, owner: Arc::from(""), needs: Vec::new() }
    }

    /// The same, owned by `owner`: caps on active units count per owner. Unless said, the owner's name
    /// is empty.
    #[must_use]
    pub fn owner(self, owner: impl Into<Arc<str>>) -> Self {
        Self { owner: owner.into(), ..self }
    }

    /// The same, needing `other` for as long as it lives: it stops before `other` does. `other` has to
    /// be declared before.
    ///
    /// It is an order, and no more than that: of a shutdown, and of stops that are under way at the same time. A stop
    /// of `other` alone leaves this one running, and this one starts without `other`, too.
    #[must_use]
    pub fn needs(mut self, other: impl Into<Arc<str>>) -> Self {
        self.needs.push(other.into());
        self
    }
}

impl fmt::Debug for Unit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Unit")
            .field("body", &self.body)
            .field("kind", &self.kind)
            .field("owner", &self.owner)
            .field("needs", &self.needs)
            .finish()
    }
}
