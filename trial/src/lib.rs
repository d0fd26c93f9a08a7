//! Your own service, stopped at a thousand moments.
//!
//! A [`Trial`] plays a service that is described with [`winddown_host::Builder`], its own bodies and all, on a clock
//! that stands still while anything can be done. A seed says what happens beside the service's own work: single units
//! are stopped, cancelled, restarted and paused, the disk is slow or fails or hangs for a while, and in the end the
//! host is shut down, gets a signal or two, or is gone from one moment to the next and started again on what it left.
//! What that shows of the service is told, each [`Trouble`] with the shortest run that shows it, as a timeline.
//!
//! ```
//! use tokio::time::{Duration, sleep};
//! use winddown_host::{BodyResult, Builder, Context, Host, Span, Unit, contracts};
//! use winddown_trial::{Trial, Trouble};
//!
//! /// Looks whether it is to stop only every 8 s.
//! async fn consumer(context: Context) -> BodyResult {
//!     loop {
//!         context.check_cancellation()?;
//!         sleep(Duration::from_secs(8)).await;
//!     }
//! }
//!
//! fn service() -> Builder {
//!     let kind = contracts::task(Span::from_secs(5)); // it has 5 s to go, and then it is dropped
//!     Host::builder().kind("polite", kind).unit("consumer", Unit::task("polite", consumer))
//! }
//!
//! // In a test of one's own: Trial::of(service).check();
//! let verdict = Trial::of(service).runs(100).run()?;
//! let deaf = verdict.defect(Trouble::Deaf, Some("consumer")).expect("it does not listen often enough");
//! assert!(deaf.timeline().contains("abort consumer"));
//! # Ok::<(), winddown_trial::Refused>(())
//! ```
//!
//! # What it can see, and what not
//!
//! Time is virtual: 500 runs of a minute take a second or so. So bodies have to wait for tokio's time, for their
//! context, or for one another; what comes from outside (a network, a process, a thread) takes real time, in which
//! the virtual one runs ahead. Give such bodies something to talk to that is a task, as in any test. A service with a
//! kind of processes is refused: describe it without them, or with tasks in their place.
//!
//! Work that nobody was told of is not missed: what a body still has in a buffer when it is dropped, or when it ends at
//! the `?` after [`Context::wait`](winddown_host::Context::wait), is gone, and no trouble. Only what was recorded is known
//! here. Record a thing when it is done, or write the buffer out before the body ends; and ask for more with
//! [`Trial::holds`]: that each job which was taken is also done, for example.
//!
//! A seed decides what is asked and when, and how long the disk takes. What the service draws by itself
//! (`tokio::select!` without `biased`, the order of a hash map) may differ when a seed is played again.
//!
//! Each life of the host drops what was there before it, as the end of a process does; but destructors run, which
//! they do not after `kill -9`.

mod course;
mod disk;
mod left;
mod living;
mod notice;
mod play;
mod tale;
mod trial;
mod trouble;
mod verdict;

pub use left::Left;
pub use trial::{Refused, Trial};
pub use trouble::Trouble;
pub use verdict::{Defect, Verdict};
