//! A disk that takes its time, and does not always work: memory behind a line of writes.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::sleep};
use winddown_host::store::{FindingsReply, MemoryStore, Store, Write};

use crate::course::Dice;

enum Order {
    Write(Write),
    Findings { unit: Arc<str>, after: u32, limit: u32, reply: FindingsReply },
}

struct Line {
    /// Nothing, once it is closed.
    store: Option<MemoryStore>,
    waiting: VecDeque<Order>,
}

impl Line {
    fn carry_out_next(&mut self) {
        match (self.waiting.pop_front(), &mut self.store) {
            (Some(Order::Write(write)), Some(store)) => store.write(write),
            (Some(Order::Findings { unit, after, limit, reply }), Some(store)) => {
                store.findings(unit, after, limit, reply);
            }
            (None, _) | (_, None) => {}
        }
    }
}

/// Orders are carried out one after the other, each after its time.
#[derive(Clone)]
pub(crate) struct SlowStore {
    line: Arc<Mutex<Line>>,
    comes: Arc<Notify>,
}

impl SlowStore {
    pub(crate) fn new(store: MemoryStore) -> Self {
        let line = Line { store: Some(store), waiting: VecDeque::new() };
        Self { line: Arc::new(Mutex::new(line)), comes: Arc::new(Notify::new()) }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries out what comes, until it is closed.
    pub(crate) async fn work(self, takes: (Duration, Duration), mut dice: Dice) {
        loop {
            let (waits, closed) = {
                let line = self.line();
                (!line.waiting.is_empty(), line.store.is_none())
            };
            if waits {
                sleep(takes.0 + dice.up_to(takes.1 - takes.0)).await;
                self.line().carry_out_next();
            } else if closed {
                return;
            } else {
                self.comes.notified().await;
            }
        }
    }

    fn order(&self, order: Order) {
        self.line().waiting.push_back(order);
        self.comes.notify_one();
    }
}

impl Store for SlowStore {
    fn write(&mut self, write: Write) {
        self.order(Order::Write(write));
    }

    fn findings(&mut self, unit: Arc<str>, after: u32, limit: u32, reply: FindingsReply) {
        self.order(Order::Findings { unit, after, limit, reply });
    }

    /// What is left is written: the host does not wait in virtual time any more.
    fn close(self: Box<Self>, within: Duration) {
        let mut line = self.line();
        while !line.waiting.is_empty() {
            line.carry_out_next();
        }
        let store = line.store.take();
        drop(line);
        self.comes.notify_one();
        if let Some(store) = store {
            Box::new(store).close(within);
        }
    }
}
