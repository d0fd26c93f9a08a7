//! The thread that owns the connection.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender},
    },
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode};
use winddown_core::Outcome;

use super::{
    place::Place,
    queue::Queue,
    rows::{self, Carried},
};
use crate::store::{Done, FindingsReply, Write, owed::Owed};

/// What the writer is asked for.
pub(super) enum Order {
    Write(Write),
    Findings { unit: Arc<str>, after: u32, limit: u32, reply: FindingsReply },
    Close { by: Option<Instant>, closed: SyncSender<()> },
}

/// The log is brought into the database when nothing was asked for so long.
const IDLE: Duration = Duration::from_millis(500);
/// How often it is looked whether the files are where they were, while nothing is asked for.
const LOOK: Duration = Duration::from_secs(5);
/// The log is brought into the database although there is something to do when it has so many times more
/// pages than it may have.
const FAR_TOO_LONG: i64 = 64;

pub(super) struct Writer {
    connection: Connection,
    /// `None`: nobody can look where its files are.
    place: Option<Place>,
    done: Box<dyn Fn(Done) + Send>,
    trouble: Box<dyn Fn(Option<String>) + Send>,
    /// Whether somebody was told that it fails, and not yet that it works again.
    fails: bool,
    owed: Owed,
    /// How many pages of the log are not in the database.
    log_pages: i64,
    /// How many it may have before they are brought in.
    log_pages_max: i64,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        place: Option<Place>,
        done: Box<dyn Fn(Done) + Send>,
        trouble: Box<dyn Fn(Option<String>) + Send>,
        log_pages_max: u32,
    ) -> Self {
        Self {
            connection,
            place,
            done,
            trouble,
            fails: false,
            owed: Owed::default(),
            log_pages: 0,
            log_pages_max: log_pages_max.into(),
        }
    }

    /// Works until it is closed, or until nobody can ask for anything any more.
    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        let mut queue = Queue::default();
        while let Some(order) = queue.then().or_else(|| self.wait(orders)) {
            match order {
                Order::Write(_) => queue.push(order),
                Order::Findings { unit, after, limit, reply } => {
                    let found = rows::findings(&self.connection, &unit, after, limit);
                    reply(found.map_err(|error| error.to_string()));
                }
                Order::Close { by, closed } => return self.close(by, &closed),
            }
            self.work_off(&mut queue, orders);
        }
        self.settle_debts();
    }

    /// Carries out all writes that wait, and those that come meanwhile, up to the next order that is none.
    fn work_off(&mut self, queue: &mut Queue, orders: &Receiver<Order>) {
        loop {
            queue.fill(orders);
            let group = queue.group();
            if group.is_empty() {
                return;
            }
            self.commit(group);
            if self.log_pages > self.log_pages_max.saturating_mul(FAR_TOO_LONG) {
                self.checkpoint();
            }
        }
    }

    /// What is asked for next. The log is brought into the database meanwhile, where nobody waits for it.
    fn wait(&mut self, orders: &Receiver<Order>) -> Option<Order> {
        while self.log_pages > 0 {
            let patience = if self.log_pages > self.log_pages_max { Duration::ZERO } else { IDLE };
            match orders.recv_timeout(patience) {
                Ok(order) => return Some(order),
                Err(RecvTimeoutError::Disconnected) => return None,
                // One that does not work costs nothing but room; it is tried again after the next write.
                Err(RecvTimeoutError::Timeout) if !self.checkpoint() => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        while self.place.is_some() {
            match orders.recv_timeout(LOOK) {
                Ok(order) => return Some(order),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => self.look(),
            }
        }
        orders.recv().ok()
    }

    /// Tells that the files are not where they were, also where nothing is to be written.
    fn look(&mut self) {
        if let Err(error) = self.in_place() {
            self.begin_to_fail(&error);
        }
    }

    fn in_place(&self) -> rusqlite::Result<()> {
        self.place.as_ref().map_or(Ok(()), Place::check)
    }

    fn begin_to_fail(&mut self, error: &rusqlite::Error) {
        if !std::mem::replace(&mut self.fails, true) {
            (self.trouble)(Some(error.to_string()));
        }
    }

    /// Writes a group, and tells when the disk works again. That is not before all of it is written: a full disk
    /// that still takes what is small does not work again with each of these.
    fn commit(&mut self, group: Vec<Write>) {
        if self.write(group) && std::mem::take(&mut self.fails) {
            (self.trouble)(None);
        }
    }

    /// Writes a group in one transaction with one sync, tells everybody how it went, and says whether all of
    /// it could be written. When that does not work, each is tried alone: one that cannot be written, or
    /// that is too big for what is left of the disk, takes no other with it. When the disk fails, everybody
    /// is told at once: one that takes its time to fail is not asked a thousand times.
    fn write(&mut self, group: Vec<Write>) -> bool {
        match self.attempt(&group) {
            Ok(carried) => {
                for write in &group {
                    self.owed.settle(write.unit());
                }
                for (write, carried) in group.into_iter().zip(carried) {
                    self.tell(
                        &write,
                        match carried {
                            Carried::Out => Outcome::Done,
                            Carried::Refused => Outcome::Failed,
                        },
                    );
                }
                // Nobody waits for this any more.
                self.log_pages = log_pages(&self.connection).unwrap_or(self.log_pages + 1);
                true
            }
            Err(error) if group.len() > 1 && !disk_fails(&error) => {
                let mut all = true;
                for write in group {
                    all &= self.write(vec![write]);
                }
                all
            }
            Err(error) => {
                if may_pass(&error) {
                    self.begin_to_fail(&error);
                }
                for write in group {
                    self.tell(&write, Outcome::Failed);
                    if may_pass(&error) {
                        self.owed.owe(write);
                    }
                }
                false
            }
        }
    }

    fn tell(&self, write: &Write, outcome: Outcome) {
        if let Some(done) = write.done(outcome) {
            (self.done)(done);
        }
    }

    /// One transaction: what is owed to the units of the group, then the group. All of it, or nothing. What is
    /// not where the next start looks for it is not written: it may have been moved meanwhile, so that is known
    /// only behind the sync. Whatever is done twice by that is done once.
    fn attempt(&mut self, group: &[Write]) -> rusqlite::Result<Vec<Carried>> {
        self.in_place()?;
        let transaction = Transaction::begin(&self.connection)?;
        let mut paid = BTreeSet::new();
        let mut carried = Vec::with_capacity(group.len());
        for write in group {
            if !self.owed.is_empty() && paid.insert(write.unit()) {
                for debt in self.owed.of(write.unit()) {
                    rows::carry_out(&self.connection, debt)?;
                }
            }
            carried.push(rows::carry_out(&self.connection, write)?);
        }
        transaction.commit()?;
        self.in_place()?;
        Ok(carried)
    }

    /// Tries once more what nobody was told about.
    fn settle_debts(&mut self) {
        let nothing_more = |unit| Write::Findings { unit, findings: Vec::new() };
        let group: Vec<_> = self.owed.units().cloned().map(nothing_more).collect();
        if !group.is_empty() {
            self.commit(group);
        }
    }

    /// Brings the log into the database, and says whether that worked.
    fn checkpoint(&mut self) -> bool {
        let done = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if done.is_ok() {
            self.log_pages = 0;
        }
        done.is_ok()
    }

    /// What is left in the log is not lost, so it is brought in only where that takes no time to speak of.
    fn close(mut self, by: Option<Instant>, closed: &SyncSender<()>) {
        self.settle_debts();
        let time_is_left = by.is_none_or(|by| Instant::now() < by);
        if time_is_left && self.log_pages <= self.log_pages_max {
            drop(self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
        }
        drop(self);
        // Whoever waited may have given up.
        let _given_up = closed.send(());
    }
}

/// A transaction that is taken back unless it is committed.
struct Transaction<'connection>(&'connection Connection);

impl<'connection> Transaction<'connection> {
    fn begin(connection: &'connection Connection) -> rusqlite::Result<Self> {
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(Self(connection))
    }

    fn commit(self) -> rusqlite::Result<()> {
        self.0.prepare_cached("COMMIT")?.execute([]).map(drop)
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        // SQLite itself takes some back when they fail.
        if !self.0.is_autocommit() {
            drop(self.0.execute_batch("ROLLBACK"));
        }
    }
}

/// The pages of the log that are not in the database. Asked without bringing any in.
fn log_pages(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("PRAGMA wal_checkpoint(NOOP)")
        .and_then(|mut ask| ask.query_row([], |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?)))
}

/// Whether no write could work.
fn disk_fails(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure)
}

/// Whether the same write could work later. What is too big, or breaks a rule of the tables, never will,
/// and must not stand in the way of what comes behind it.
fn may_pass(error: &rusqlite::Error) -> bool {
    !matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::TooBig | ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch)
    )
}
