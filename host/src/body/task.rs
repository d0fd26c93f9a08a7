//! Bodies that are async tasks of this process.

use std::{
    any::Any,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use tokio::{runtime::Handle, task::AbortHandle, time::sleep};
use winddown_core::Exit;

use crate::{
    context::{Cancelled, Context, Shared},
    driver::Word,
    unit::{BodyResult, StartTask},
};

use super::Hands;

#[derive(Debug)]
pub(crate) struct TaskHands {
    /// `None`: it was told to end. Who keeps hold of a task that is gone keeps its memory.
    task: Option<AbortHandle>,
    runtime: Handle,
}

impl TaskHands {
    pub(crate) fn is_finished(&self) -> bool {
        self.task.as_ref().is_none_or(AbortHandle::is_finished)
    }

    pub(crate) fn end(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }

    pub(crate) fn end_after(&self, grace: Duration) {
        let Some(task) = self.task.clone().filter(|_| !grace.is_zero()) else { return };
        drop(self.runtime.spawn(async move {
            sleep(grace).await;
            task.abort();
        }));
    }
}

/// Starts a body. Its exit is told exactly once, however it comes: a result, a panic, an abort, or the end
/// of the runtime.
pub(crate) fn start(runtime: &Handle, body: &StartTask, shared: &Arc<Shared>) -> Hands {
    let body = Arc::clone(body);
    let teller = Teller { shared: Arc::clone(shared), exit: Exit::Ended, error: None };
    let context = Context { shared: Arc::clone(shared) };
    let task = runtime.spawn(async move {
        // Dropped last, after everything that the body holds.
        let mut teller = teller;
        (teller.exit, teller.error) = match caught(move || body(context)).await {
            Ok(Ok(())) => (Exit::Completed, None),
            Ok(Err(error)) if error.is::<Cancelled>() => (Exit::Ended, None),
            Ok(Err(error)) => (Exit::Failed, Some(Arc::from(error.to_string()))),
            Err(panic) => (Exit::Panicked, Some(words_of(&*panic))),
        };
    });
    Hands::Task(TaskHands { task: Some(task.abort_handle()), runtime: runtime.clone() })
}

/// Tells how a body went when it is gone.
struct Teller {
    shared: Arc<Shared>,
    exit: Exit,
    error: Option<Arc<str>>,
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.shared.say(Word::Exited { exit: self.exit, error: self.error.take() });
    }
}

/// Runs `body`, and catches a panic wherever in it.
pub(crate) async fn caught<F>(body: impl FnOnce() -> F) -> Result<BodyResult, Box<dyn Any + Send>>
where
    F: Future<Output = BodyResult> + Unpin,
{
    // Whatever a panic leaves half done is the body's own, and goes with it.
    let mut future = catch_unwind(AssertUnwindSafe(body))?;
    poll_fn(move |context| {
        match catch_unwind(AssertUnwindSafe(|| std::pin::Pin::new(&mut future).poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(result)) => Poll::Ready(Ok(result)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

/// What somebody panicked with.
pub(crate) fn words_of(panic: &(dyn Any + Send)) -> Arc<str> {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Arc::from(format!("panicked: {}", text.unwrap_or("with a value that is no text")))
}
