//! The store on disk.
//!
//! One thread owns the one connection. While it syncs, orders queue up; what queued is the next group: one
//! transaction, one sync, and then everybody is told. So a stop waits for one sync that is under way and
//! for its own, however many others stop at the same time, and no timer makes anybody wait. When more queued
//! than one transaction should hold, what somebody waits for goes first.
//!
//! The write-ahead log (WAL) with `synchronous=FULL` is the one setting that is both fast and true. A
//! commit is one append and one sync. With `NORMAL` the sync is left out, and a power loss takes what was
//! committed since the last checkpoint; a rollback journal with `FULL`, which is the default, loses the last
//! commit in some crashes, since the journal's end is a deleted name that nobody syncs. Groups make up for
//! the price of the sync.
//!
//! When a sync fails, nobody is told that it worked, the transaction is taken back, and the next one is
//! written to the same place of the log. What may be in the kernel's memory only when a process ends after
//! that is written again by the next one, before anything is added to it.
//!
//! A database that was removed or replaced while it is open fails like a disk: each commit looks whether the files
//! are still where the next start looks for them.
//!
//! The findings of a write that failed are not gone: they go into the next write of that unit, or into a
//! last try when the store is closed. What waits, and what failed, is held in memory without a bound: whoever
//! hands it over is not held up, and keeps the bound.
//!
//! Not here: any decision about stopping, any deadline but that of [`Store::close`], and any file beside the
//! database and SQLite's own.

mod error;
mod log;
mod open;
mod place;
mod queue;
mod rows;
mod schema;
mod writer;

use std::{
    path::Path,
    sync::{
        Arc,
        mpsc::{self, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use self::writer::{Order, Writer};
use super::{Done, FindingsReply, Kept, Store, Write};

pub use error::StoreError;

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether all of the database is read once, so that damage is found now and not when it matters. Takes
    /// time in proportion to its size. On by default.
    pub verify: bool,
    /// How long to wait for another process to let go of the file. 1 s by default.
    pub patience: Duration,
    /// How many pages of 4 KiB the log may have before it is brought into the database in between. More are
    /// brought in when nothing else is to be done. 1,024 by default.
    pub log_pages: u32,
    /// The name of the SQLite VFS that the files are reached through, if not the usual one.
    pub vfs: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { verify: true, patience: Duration::from_secs(1), log_pages: 1 << 10, vfs: None }
    }
}

/// A store in one SQLite database. See the module's own words on what it promises and how.
///
/// Dropped without being closed, it lets its thread finish what was handed over, and waits for nothing.
#[derive(Debug)]
pub struct SqliteStore {
    orders: Sender<Order>,
}

impl SqliteStore {
    /// Opens the database at `path`, or makes one where there is none, and says what it holds. `done` is
    /// called on the store's thread, and must not block.
    ///
    /// # Errors
    /// A [`StoreError`] that names the file and says what to do. Nothing is overwritten then.
    pub fn open(
        path: &Path,
        done: impl Fn(Done) + Send + 'static,
        options: &Options,
    ) -> Result<(Self, Vec<Kept>), StoreError> {
        Self::open_telling(path, done, |_| {}, options)
    }

    /// The same. `trouble` is called like `done`, before whatever fails: with what the database says when it
    /// begins to fail, and with nothing when it works again.
    pub(crate) fn open_telling(
        path: &Path,
        done: impl Fn(Done) + Send + 'static,
        trouble: impl Fn(Option<String>) + Send + 'static,
        options: &Options,
    ) -> Result<(Self, Vec<Kept>), StoreError> {
        let (connection, place, kept) = open::open(path, options)?;
        let (orders, receiver) = mpsc::channel();
        let writer = Writer::new(connection, place, Box::new(done), Box::new(trouble), options.log_pages);
        thread::Builder::new()
            .name("winddown-store".to_owned())
            .spawn(move || writer.run(&receiver))
            .map_err(|error| StoreError::of_io(path, error))?;
        Ok((Self { orders }, kept))
    }
}

impl Store for SqliteStore {
    fn write(&mut self, write: Write) {
        // The writer ends when it is closed, and this is gone then.
        drop(self.orders.send(Order::Write(write)));
    }

    fn findings(&mut self, unit: Arc<str>, after: u32, limit: u32, reply: FindingsReply) {
        drop(self.orders.send(Order::Findings { unit, after, limit, reply }));
    }

    fn close(self: Box<Self>, within: Duration) {
        let (closed, wait) = mpsc::sync_channel(1);
        let by = Instant::now().checked_add(within);
        drop(self.orders.send(Order::Close { by, closed }));
        // Late is not lost: the thread goes on for as long as the process lives.
        let _late = wait.recv_timeout(within);
    }
}
