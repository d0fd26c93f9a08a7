//! What a life of the host left, for rules of the service's own.

use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc},
};

use winddown_host::store::{Finding, Memory, MemoryStore, Store};

/// What is durable when a life of the host is over, of this life and those of the same run before it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Left {
    /// The run's seed.
    pub seed: u64,
    /// Which life of the run it was, counted from 1. The first one finds nothing that was there before.
    pub life: u64,
    /// In this life every body could end what it was at: neither the shutdown nor a stop was forced or cut short, nobody
    /// had to be dropped, and the disk worked. After a crash, it is not so.
    pub had_its_time: bool,
    findings: BTreeMap<Arc<str>, Vec<Finding>>,
}

impl Left {
    pub(crate) fn after(seed: u64, life: u64, had_its_time: bool, memory: &Memory) -> Self {
        let (mut store, kept) = MemoryStore::open(memory, drop);
        // What hung until then is lost; from now on it answers.
        memory.hang(false);
        let mut findings = BTreeMap::new();
        for unit in kept.into_iter().map(|kept| kept.unit) {
            let (reply, answer) = mpsc::channel();
            let tell = Box::new(move |found| drop(reply.send(found)));
            store.findings(Arc::clone(&unit), 0, u32::MAX, tell);
            let found = answer.try_recv().ok().and_then(Result::ok).unwrap_or_default();
            findings.insert(unit, found);
        }
        Self { seed, life, had_its_time, findings }
    }

    /// What this unit found, oldest first.
    #[must_use]
    pub fn findings(&self, unit: &str) -> &[Finding] {
        self.findings.get(unit).map_or(&[], Vec::as_slice)
    }
}
