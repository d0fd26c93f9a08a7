//! What waits for the writer, and what of it comes next.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, mpsc::Receiver},
};

use super::writer::Order;
use crate::store::Write;

/// A transaction takes at most so many writes and findings together: while it runs, everybody waits. That is less
/// than a tenth of the second that a plan usually gives a row.
const GROUP: usize = 1 << 14;

/// Writes in the order in which they were handed over, and the order behind them that is no write: it has its
/// turn when they are carried out, and nothing is taken in behind it before.
#[derive(Default)]
pub(super) struct Queue {
    writes: VecDeque<Write>,
    then: Option<Order>,
}

impl Queue {
    pub(super) fn push(&mut self, order: Order) {
        match order {
            Order::Write(write) => self.writes.push_back(write),
            Order::Findings { .. } | Order::Close { .. } => self.then = Some(order),
        }
    }

    /// Takes in what was handed over.
    pub(super) fn fill(&mut self, orders: &Receiver<Order>) {
        while self.then.is_none()
            && let Ok(order) = orders.try_recv()
        {
            self.push(order);
        }
    }

    /// The writes of the next transaction; none if none wait.
    pub(super) fn group(&mut self) -> Vec<Write> {
        if self.fitting() < self.writes.len() {
            self.awaited_first();
        }
        let count = self.fitting();
        self.writes.drain(..count).collect()
    }

    /// How many of the writes one transaction takes.
    fn fitting(&self) -> usize {
        let mut size = 0;
        let fits = |write: &&Write| {
            let fits = size < GROUP;
            size += 1 + write.findings().len();
            fits
        };
        self.writes.iter().take_while(fits).count()
    }

    /// The order behind the writes.
    pub(super) fn then(&mut self) -> Option<Order> {
        self.then.take()
    }

    /// Units whose writes somebody waits for have their turn before those that nobody waits for. The writes of
    /// one unit stay in their order.
    fn awaited_first(&mut self) {
        let awaited = self.writes.iter().filter(|write| write.is_awaited());
        let awaited: HashSet<Arc<str>> = awaited.map(|write| Arc::clone(write.unit())).collect();
        if !awaited.is_empty() {
            self.writes.make_contiguous().sort_by_key(|write| !awaited.contains(write.unit()));
        }
    }
}
