//! The whole state at one place of a run: the host, every unit, the store, the clients, what is pending.

use winddown_core::{Engine, Moment, RowView, Span, StopStage, UnitId};

use super::{Kind, Line, Lines, cast::column, moment, paragraph, short, words::findings};
use crate::{
    setup::Setup,
    world::{Arena, Place},
};

/// More than this of what is pending is only counted.
const PENDING_SHOWN: usize = 12;

/// What has become of the world at a place of a run that went so far.
#[must_use]
pub fn state(setup: &Setup, place: &Place, arena: &Arena) -> Vec<Line> {
    let mut lines = Lines::default();
    let weather = if place.calm { "calm" } else { "storm" };
    lines.add(Kind::Report, format!("state at {}, after step {}: {weather}", moment(place.now), place.steps));
    paragraph(&mut lines, Kind::Report, "  host     ", "; ", &host(place, arena.engine()));
    let units = || (0..u32::try_from(setup.unit_count()).unwrap_or(u32::MAX)).map(UnitId);
    let (names, width) = column(units().map(|unit| setup.unit_name(unit).into()), 0);
    for (unit, name) in units().zip(names) {
        let title = if unit.0 == 0 { "units" } else { "" };
        let head = format!("  {title:7} {:>3}  {name:width$}  ", unit.0 + 1);
        paragraph(&mut lines, Kind::Report, &head, "; ", &self::unit(place, arena, unit));
    }
    let clients: Vec<String> = arena.engine().clients().map(|(id, view)| format!("{id} {view}")).collect();
    paragraph(&mut lines, Kind::Report, "  clients  ", ", ", &clients);
    pending(&mut lines, setup, arena);
    lines.0
}

fn host(place: &Place, engine: &Engine) -> Vec<String> {
    if engine.has_exited() {
        return vec!["exited".to_owned()];
    }
    if !place.up {
        return vec!["down; what follows is as its last process left it".to_owned()];
    }
    let mut parts = vec!["up".to_owned()];
    let Some(deadline) = engine.shutdown_deadline() else { return parts };
    parts.push(format!("shutting down by {}", by(place.now, deadline)));
    if let Some(units) = engine.units_deadline() {
        parts.push(format!("its units by {}", by(place.now, units)));
    }
    match engine.present_phase() {
        Some((phase, until)) => parts.push(format!("in {} until {}", phase.name(), by(place.now, until))),
        None => parts.push("all phases are over".to_owned()),
    }
    parts
}

fn unit(place: &Place, arena: &Arena, unit: UnitId) -> Vec<String> {
    let engine = arena.engine();
    let Some(view) = engine.unit(unit) else { return vec!["its number is free".to_owned()] };
    let mut parts = vec![format!("{}, start {}", view.status, view.incarnation)];
    if let Some(stop) = engine.stop_of(unit) {
        let forced = if stop.forced { " by force" } else { "" };
        let stage = match stop.stage {
            StopStage::ForDependents(count) => format!("waits for {count} that depend on it"),
            StopStage::ForItsTurn => "waits for its turn".to_owned(),
            StopStage::OnRung(rung, action) => format!("on rung {rung}, {}", action.name()),
            StopStage::Recording => "waits for its final row".to_owned(),
        };
        parts.push(format!("to be {}{forced}: {stage}", stop.ends_as));
        parts.push(if stop.ends.is_never() {
            "its budget has no end".to_owned()
        } else {
            format!("its budget ends at {}", by(place.now, stop.ends))
        });
    }
    let timer = engine.deadline_of(unit);
    if !timer.is_never() {
        parts.push(format!("timer at {}", by(place.now, timer)));
    }
    parts.push(body(arena, unit, view.body_lives));
    parts.push(row(arena, unit));
    if view.recorded > 0 {
        parts.push(format!("findings {}, {} known to be durable", view.recorded, view.saved));
    }
    let flags = [(view.leaked, "LEAKED: not proven gone")];
    parts.extend(flags.iter().filter(|(set, _)| *set).map(|(_, words)| (*words).to_owned()));
    match engine.callers_of(unit) {
        0 => {}
        1 => parts.push("1 caller waits".to_owned()),
        count => parts.push(format!("{count} callers wait")),
    }
    parts
}

/// What runs, and what the engine thinks of it where that is something else.
fn body(arena: &Arena, unit: UnitId, believed: bool) -> String {
    let alive = arena.bodies().iter().filter(|body| body.unit == unit && body.alive).count();
    let lives = match alive {
        0 => "no body".to_owned(),
        1 => "1 body".to_owned(),
        count => format!("{count} bodies"),
    };
    match (alive > 0, believed) {
        (true, false) => format!("{lives}, of which the engine knows nothing"),
        (false, true) => format!("{lives}, which the engine does not know"),
        (true, true) | (false, false) => lives,
    }
}

fn row(arena: &Arena, unit: UnitId) -> String {
    let durable = match arena.store().row(unit) {
        Some(row) => {
            let findings = findings(row.findings);
            format!("row: {} of start {}, {findings}", row.status, row.incarnation)
        }
        None => "no row".to_owned(),
    };
    match arena.engine().row_of(unit) {
        Some(RowView::Writing) => format!("{durable}, the final one on its way"),
        Some(RowView::Failed) => format!("{durable}, the final one COULD NOT BE WRITTEN"),
        Some(RowView::Settled) | None => durable,
    }
}

fn pending(lines: &mut Lines, setup: &Setup, arena: &Arena) {
    let all = arena.pending(setup);
    for (place, next) in all.iter().take(PENDING_SHOWN).enumerate() {
        let title = if place == 0 { "pending" } else { "" };
        let at = next.at.map_or_else(|| "any time".to_owned(), moment);
        lines.add(Kind::Report, format!("  {title:7}  {at:>9}  {}", next.what));
    }
    if all.is_empty() {
        lines.add(Kind::Report, "  pending  nothing");
    }
    if all.len() > PENDING_SHOWN {
        lines.add(Kind::Report, format!("  {:7}  {:>9}  and {} more", "", "", all.len() - PENDING_SHOWN));
    }
}

/// A moment, and how much time is left until then.
fn by(now: Moment, at: Moment) -> String {
    if at.is_never() {
        return "any time".to_owned();
    }
    match now.until(at) {
        Span::ZERO => format!("{} (over)", moment(at)),
        left => format!("{} ({} left)", moment(at), short(left)),
    }
}
