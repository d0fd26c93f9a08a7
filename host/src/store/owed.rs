//! Writes that did not work, and that nobody was told about.

use std::{collections::BTreeMap, sync::Arc};

use super::Write;

/// What is carried out ahead of the next write of the same unit, in the same transaction: a disk that was
/// full for a minute must not cost what was found in that minute.
#[derive(Default, Debug)]
pub(super) struct Owed {
    of: BTreeMap<Arc<str>, Vec<Write>>,
}

impl Owed {
    pub(super) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// What is owed to a unit, oldest first.
    pub(super) fn of(&self, unit: &str) -> &[Write] {
        self.of.get(unit).map_or(&[], Vec::as_slice)
    }

    /// All units to which something is owed.
    pub(super) fn units(&self) -> impl Iterator<Item = &Arc<str>> {
        self.of.keys()
    }

    /// What was owed to a unit, which is nothing from now on.
    pub(super) fn settle(&mut self, unit: &str) -> Vec<Write> {
        self.of.remove(unit).unwrap_or_default()
    }

    /// Takes what is left to do of a write that failed. Whoever waits for a row was told that it is not
    /// durable, and the engine decides what becomes of it; the findings that came with it are owed.
    pub(super) fn owe(&mut self, write: Write) {
        let rest = if write.is_awaited() { findings_of(write) } else { write };
        if matches!(&rest, Write::Findings { findings, .. } if findings.is_empty()) {
            return;
        }
        let list = self.of.entry(Arc::clone(rest.unit())).or_default();
        match (list.last_mut(), rest) {
            (Some(Write::Findings { findings: before, .. }), Write::Findings { findings, .. }) => {
                before.extend(findings);
            }
            (_, rest) => list.push(rest),
        }
    }
}

fn findings_of(write: Write) -> Write {
    match write {
        Write::Persist { unit, findings, .. }
        | Write::Checkpoint { unit, findings, .. }
        | Write::Findings { unit, findings } => Write::Findings { unit, findings },
        Write::Declare { unit, .. } | Write::Spawned { unit, .. } | Write::Remove { unit } => {
            Write::Findings { unit, findings: Vec::new() }
        }
    }
}
