//! The host: its clients, its disk, its limits, and who runs it.

use cucumber::given;
use winddown_core::Span;
use winddown_sim::{
    fault::Fault,
    scenario::{Outer, Range},
};

use crate::{Stage, span};

#[given(regex = r"^(\d+) clients?(?:, (\d+) of them broken)?$")]
fn clients(stage: &mut Stage, count: u16, broken: String) {
    stage.scenario.host.clients = count;
    stage.scenario.host.broken_clients = broken.parse().unwrap_or_default();
}

#[given(regex = r"^clients that need (\S+) to read$")]
fn slow_clients(stage: &mut Stage, time: String) {
    stage.scenario.host.client_takes = Range::exactly(span(&time));
}

#[given("a client that connects during every shutdown")]
fn late_client(stage: &mut Stage) {
    stage.scenario.faults.set(Fault::LateClient, 1_000);
}

#[given(regex = r"^a deadline of (\S+)$")]
fn deadline(stage: &mut Stage, limit: String) {
    stage.scenario.host.deadline = span(&limit);
}

#[given(regex = r"^at most (\d+) units? (?:is|are) stopped at the same time$")]
fn at_once(stage: &mut Stage, count: u16) {
    stage.scenario.host.at_once = Some(count);
}

#[given(regex = r"^an owner may have (\d+) active units?$")]
fn owner_cap(stage: &mut Stage, cap: u32) {
    stage.scenario.host.owner_cap = Some(cap);
}

#[given("a lease")]
fn lease(stage: &mut Stage) {
    stage.scenario.host.lease = true;
}

#[given(
    regex = r"^(docker|systemd|kubernetes) runs the host and kills it after (\S+?)(, which it does not know)?$"
)]
fn outer(stage: &mut Stage, name: String, grace: String, unknown: String) {
    let host = &mut stage.scenario.host;
    host.outer = Outer::ALL.into_iter().find(|outer| outer.name() == name).unwrap();
    host.outer_grace = Some(span(&grace));
    host.outer_known = unknown.is_empty();
}

#[given("a disk that never answers")]
fn disk_hangs(stage: &mut Stage) {
    let year = Span::from_secs(365 * 86_400);
    stage.scenario.host.row_takes = Range::exactly(year);
    stage.scenario.host.checkpoint_takes = Range::exactly(year);
}

#[given(regex = r"^a disk that needs (\S+) for a (row|checkpoint)$")]
fn slow_disk(stage: &mut Stage, time: String, what: String) {
    let host = &mut stage.scenario.host;
    let takes = if what == "row" { &mut host.row_takes } else { &mut host.checkpoint_takes };
    *takes = Range::exactly(span(&time));
}

#[given("every part of the host's own shutdown fails")]
fn phases_fail(stage: &mut Stage) {
    stage.scenario.faults.set(Fault::PhaseFails, 1_000);
}
