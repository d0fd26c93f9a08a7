//! What an earlier host left, and which of today's units it belongs to.

use std::{collections::HashMap, sync::Arc};

use tokio::sync::oneshot;

use crate::{
    driver::{Driver, Left},
    error::{Error, Missing, StartError},
    store::{Kept, Store},
    unit::{Body, Unit},
};

/// What each unit's findings are called, so that one that is told again is known.
pub(super) async fn findings_of(store: &mut dyn Store, kept: Vec<Kept>) -> Result<Vec<Left>, StartError> {
    let mut all = Vec::with_capacity(kept.len());
    for kept in kept {
        let mut found = Vec::new();
        if kept.row.is_some_and(|row| row.findings > 0) {
            let (reply, answer) = oneshot::channel();
            store.findings(
                Arc::clone(&kept.unit),
                0,
                u32::MAX,
                Box::new(move |findings| drop(reply.send(findings))),
            );
            let findings = answer.await.unwrap_or_else(|_| Err("the store is gone".to_owned()));
            let findings = findings.map_err(|error| StartError::Store(Error::Store(error).into()))?;
            found = findings.into_iter().map(|finding| finding.id).collect();
        }
        all.push(Left { kept, found });
    }
    Ok(all)
}

/// Units that were declared come first, in the order in which they were: a unit has a greater number than
/// whatever it needs. Those that are only in the store come after them, without a body.
pub(super) fn declare(
    driver: &mut Driver,
    units: Vec<(Arc<str>, Unit)>,
    left: Vec<Left>,
) -> Result<(), StartError> {
    let order: Vec<Arc<str>> = left.iter().map(|left| Arc::clone(&left.kept.unit)).collect();
    let mut left: HashMap<Arc<str>, Left> =
        left.into_iter().map(|left| (Arc::clone(&left.kept.unit), left)).collect();
    let is_declared = |name: &Arc<str>| units.iter().any(|(declared, _)| declared == name);
    let unknown = |left: &&Left| !driver.knows_kind(&left.kept.kind) && !is_declared(&left.kept.unit);
    let unknown = order.iter().filter_map(|name| left.get(name)).filter(unknown);
    let missing: Vec<_> =
        unknown.map(|left| (Arc::clone(&left.kept.unit), Arc::clone(&left.kept.kind))).collect();
    if !missing.is_empty() {
        return Err(StartError::KindsMissing(Missing(missing)));
    }
    for (name, unit) in units {
        let left = left.remove(&name);
        driver
            .declare(Arc::clone(&name), unit, left)
            .map_err(|error| StartError::Unit { unit: name, error })?;
    }
    for name in order {
        let Some(left) = left.remove(&name) else { continue };
        let unit = Unit::new(Arc::clone(&left.kept.kind), Body::Absent).owner(Arc::clone(&left.kept.owner));
        driver
            .declare(Arc::clone(&name), unit, Some(left))
            .map_err(|error| StartError::Unit { unit: name, error })?;
    }
    Ok(())
}
