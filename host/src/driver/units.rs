//! Units come to be known: declared by somebody, or found in the store.

use std::sync::Arc;

use winddown_core::{BodyClass, Disposition, Incarnation, Input, KindId, Outcome, OwnerId, Reason, UnitId};

use super::{
    Driver, Message,
    table::{Entry, Ledger},
};
use crate::{
    body::{census::Tree, left},
    error::Error,
    name::check,
    store::{Kept, Write},
    unit::{Body, Unit},
};

/// What an earlier host left of a unit.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) kept: Kept,
    /// What its findings are called.
    pub(crate) found: Vec<Arc<str>>,
}

impl Driver {
    /// Makes a unit known, with what was left of it. Nothing has changed if it cannot be.
    pub(crate) fn declare(&mut self, name: Arc<str>, unit: Unit, left: Option<Left>) -> Result<(), Error> {
        let Unit { body, kind, owner, needs } = unit;
        // What the store has is known by the name that it has.
        if !matches!(body, Body::Absent) {
            check(&name)?;
        }
        let kind_id = self.kind_id(&kind).ok_or_else(|| Error::UnknownKind(Arc::clone(&kind)))?;
        let class = self.engine.plan().kinds[usize::from(kind_id.0)].body;
        if matches!(body, Body::Command(_)) && class != BodyClass::Process {
            return Err(Error::NotForProcesses(kind));
        }
        let owner_id = self.owner_id(&owner)?;
        if let Some(known) = self.table.find(&name) {
            return self.adopt(known, body, kind_id, owner_id);
        }
        let number =
            |need: &Arc<str>| self.table.find(need).ok_or_else(|| Error::UnknownNeed(Arc::clone(need)));
        let needs: Vec<UnitId> = needs.iter().map(number).collect::<Result<_, _>>()?;
        let unit = self.table.next_number(&needs).ok_or(Error::Full("units"))?;
        if let Some(recorder) = &mut self.recorder
            && let Some(remark) = recorder.name(unit, &name)
        {
            self.hooks.remark(&remark);
        }
        let declared = Input::UnitDeclared { unit, kind: kind_id, owner: owner_id };
        if let Disposition::Refused(why) | Disposition::Ignored(why) = self.feed_first(declared) {
            return Err(Error::Refused(why));
        }
        let same = left.as_ref().is_some_and(|left| left.kept.kind == kind && left.kept.owner == owner);
        if !same {
            // The same names for all units, so that a store that keeps them holds each once.
            let kind = Arc::clone(&self.names.kinds[usize::from(kind_id.0)]);
            let owner = Arc::clone(&self.names.owners[usize::from(owner_id.0)]);
            self.store.write(Write::Declare { unit: Arc::clone(&name), kind, owner });
        }
        let born = self.engine.unit(unit).map_or(Incarnation(0), |view| view.incarnation);
        self.table.insert(unit, Entry::new(name, kind_id, owner_id, body, born));
        for on in needs {
            self.feed(Input::DependencyDeclared { unit, on });
        }
        if let Some(left) = left {
            self.recover(unit, left);
        }
        Ok(())
    }

    /// A unit that is only known from the store gets its body.
    fn adopt(&mut self, unit: UnitId, body: Body, kind: KindId, owner: OwnerId) -> Result<(), Error> {
        let Some(entry) = self.table.get_mut(unit) else { return Err(Error::Full("units")) };
        if !matches!(entry.body, Body::Absent) || (entry.kind, entry.owner) != (kind, owner) {
            return Err(Error::NameTaken(Arc::clone(&entry.name)));
        }
        entry.body = body;
        Ok(())
    }

    fn recover(&mut self, unit: UnitId, left: Left) {
        let Left { kept, found } = left;
        let Some(row) = kept.row else { return };
        if let Some(entry) = self.table.get_mut(unit) {
            entry.born = row.incarnation;
            entry.row = Some(row);
            if let (Reason::Stated(number), Some(text)) = (row.reason, kept.stated) {
                entry.reason = Some((number, text));
            }
            entry.state = kept.state.filter(|state| !state.is_empty()).map(Arc::from);
            entry.process = kept.process.map(Box::new);
            entry.findings = Ledger::recovered(found.into_iter(), row.findings);
        }
        self.feed(Input::UnitRecovered { unit, row });
    }

    /// Looks for what an earlier host left of a unit's bodies, up to this start, and ends it. A later one is
    /// this host's.
    pub(super) fn reap(&mut self, unit: UnitId, last: Incarnation) {
        let Some(entry) = self.table.get(unit) else {
            return self.then.push_back(Input::Reaped { unit, outcome: Outcome::Failed });
        };
        let name = Arc::clone(&entry.name);
        let mark = Tree::mark(&self.means.home, &name);
        let tree = Tree { mark, starts: 0..=last.0, leader: entry.process.as_deref().copied() };
        let (census, inbox) = (self.means.census.clone(), self.sender.clone());
        drop(self.bodies.spawn(async move {
            let (outcome, found) = match left::reap(&census, tree).await {
                Ok(found) => {
                    (Outcome::Done, found.map(|who| format!("an earlier host left {who}, now ended")))
                }
                Err(error) => {
                    (Outcome::Failed, Some(format!("failed to end what an earlier host left: {error}")))
                }
            };
            drop(inbox.send(Message::Reaped { unit, name, outcome, found: found.map(Arc::from) }));
        }));
    }

    pub(super) fn reaped(&mut self, unit: UnitId, name: &str, outcome: Outcome, found: Option<Arc<str>>) {
        let Some(entry) = self.table.get_mut(unit).filter(|entry| &*entry.name == name) else { return };
        if let Some(found) = &found {
            self.hooks.remark(&format!("unit {name:?}: {found}"));
        }
        if found.is_some() && entry.running.is_none() {
            entry.error = found;
        }
        self.feed(Input::Reaped { unit, outcome });
    }

    pub(crate) fn knows_kind(&self, name: &str) -> bool {
        self.kind_id(name).is_some()
    }

    fn kind_id(&self, name: &str) -> Option<KindId> {
        let place = self.names.kinds.iter().position(|kind| &**kind == name)?;
        u16::try_from(place).ok().map(KindId)
    }

    fn owner_id(&mut self, name: &Arc<str>) -> Result<OwnerId, Error> {
        let known = self.names.owners.iter().position(|owner| owner == name);
        let place = known.unwrap_or(self.names.owners.len());
        let id = u16::try_from(place).map(OwnerId).map_err(|_| Error::Full("owners"))?;
        if known.is_none() {
            self.names.owners.push(Arc::clone(name));
        }
        Ok(id)
    }
}
