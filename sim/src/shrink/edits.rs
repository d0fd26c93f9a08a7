//! Smaller scenarios than a given one. Whether one of them still does what is wanted is for a run to say.

use winddown_core::{Restart, Within};

use super::{
    answers::stretches,
    times::{simpler, visit_times},
};
use crate::{
    claims::Claim,
    fault::Faults,
    scenario::{Ask, HostPlan, Order, Outer, Scenario, System, Target, UnitPlan},
};

type Edits = fn(&Scenario) -> Vec<Scenario>;

/// All sorts of edits for what breaks this claim, those that take the most away first. What a scenario expects
/// is about the service that it describes: with other units it would be another one.
pub(super) fn of(claim: Option<Claim>) -> &'static [Edits] {
    match claim {
        Some(Claim::AsExpected) => &[operators, faults],
        Some(_) | None => &[units, operators, faults, systems, settings, unit_settings, times],
    }
}

fn units(scenario: &Scenario) -> Vec<Scenario> {
    let mut smaller = Vec::new();
    for (start, end) in stretches(scenario.units.len()) {
        smaller.push(without_units(scenario, start, end, false));
        smaller.push(without_units(scenario, start, end, true));
    }
    for (place, unit) in scenario.units.iter().enumerate().filter(|(_, unit)| unit.count > 1) {
        for count in [1, unit.count / 2, unit.count - 1] {
            smaller.push(edited(scenario, |it| {
                it.units[place].count = count;
                let name = it.units[place].name.clone();
                // A number that no unit has any more means them all.
                rename(it, |target| numbered(target, &name).then(|| name.clone()));
            }));
        }
    }
    smaller.retain(|scenario| !scenario.units.is_empty());
    smaller
}

/// Leaves units out. Whoever asked something of them asks it of another unit, or nothing at all.
fn without_units(scenario: &Scenario, start: usize, end: usize, redirected: bool) -> Scenario {
    edited(scenario, |it| {
        let gone: Vec<UnitPlan> = it.units.drain(start..end).collect();
        let is_gone = |name: &str| gone.iter().any(|plan| plan.name == name || numbered(name, &plan.name));
        for unit in &mut it.units {
            unit.depends_on.retain(|name| !is_gone(name));
        }
        if let Some(other) = it.units.first().map(|unit| unit.name.clone()).filter(|_| redirected) {
            rename(it, |name| is_gone(name).then(|| other.clone()));
        }
        it.operators.retain_mut(|operator| match operator.ask.target_mut() {
            Some(Target::Named(name)) => !is_gone(name),
            Some(Target::Any) | None => true,
        });
    })
}

/// Whether it is that name with a number behind it.
fn numbered(name: &str, plan: &str) -> bool {
    let number = name.strip_prefix(plan).and_then(|rest| rest.strip_prefix('-'));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()))
}

fn rename(scenario: &mut Scenario, new_name: impl Fn(&str) -> Option<String>) {
    for operator in &mut scenario.operators {
        if let Some(Target::Named(name)) = operator.ask.target_mut()
            && let Some(new) = new_name(name)
        {
            *name = new;
        }
    }
    for unit in &mut scenario.units {
        for name in &mut unit.depends_on {
            if let Some(new) = new_name(name) {
                *name = new;
            }
        }
    }
}

fn operators(scenario: &Scenario) -> Vec<Scenario> {
    let mut smaller: Vec<Scenario> = stretches(scenario.operators.len())
        .map(|(start, end)| {
            edited(scenario, |it| {
                it.operators.drain(start..end);
            })
        })
        .collect();
    for (place, operator) in scenario.operators.iter().enumerate() {
        for times in [1, operator.times / 2].into_iter().filter(|times| *times > 0) {
            smaller.push(edited(scenario, |it| it.operators[place].times = times));
        }
        for unit in &scenario.units {
            smaller.push(edited(scenario, |it| {
                if let Some(target @ Target::Any) = it.operators[place].ask.target_mut() {
                    *target = Target::Named(unit.name.clone());
                }
            }));
        }
        smaller.push(edited(scenario, |it| match &mut it.operators[place].ask {
            Ask::Stop { force, within, .. } => (*force, *within) = (false, Within::Unset),
            Ask::Shutdown { graceful, within } => (*graceful, *within) = (true, Within::Unset),
            ask @ (Ask::Interrupt | Ask::Hangup | Ask::OuterStop) => *ask = Ask::Terminate,
            Ask::Start(_)
            | Ask::Restart(_)
            | Ask::Cancel(_)
            | Ask::Pause(_)
            | Ask::Resume(_)
            | Ask::Remove(_)
            | Ask::Terminate
            | Ask::Crash
            | Ask::FillDisk
            | Ask::HangDisk => {}
        }));
        smaller.push(edited(scenario, |it| {
            if let Ask::Stop { within, .. } | Ask::Shutdown { within, .. } = &mut it.operators[place].ask {
                *within = Within::Unset;
            }
        }));
    }
    smaller
}

/// Leaves faults out; and lets one strike always, so that it takes no luck.
fn faults(scenario: &Scenario) -> Vec<Scenario> {
    let mut smaller = vec![edited(scenario, |it| it.faults = Faults::NONE)];
    for (fault, _) in scenario.faults.iter() {
        for rate in [0, 1_000] {
            smaller.push(edited(scenario, |it| it.faults.set(fault, rate)));
        }
    }
    smaller
}

/// Each unit as one of another system, or as it usually is.
fn systems(scenario: &Scenario) -> Vec<Scenario> {
    let mut smaller = Vec::new();
    for (place, unit) in scenario.units.iter().enumerate() {
        let others = System::ALL.into_iter().filter(|system| *system != unit.system);
        for system in core::iter::once(unit.system).chain(others) {
            smaller.push(edited(scenario, |it| {
                let usual = system.unit(&unit.name);
                it.units[place] =
                    UnitPlan { count: unit.count, depends_on: unit.depends_on.clone(), ..usual };
            }));
        }
    }
    smaller
}

/// The host and the order of things as they usually are, all at once and one by one.
fn settings(scenario: &Scenario) -> Vec<Scenario> {
    let usual = HostPlan::default();
    let fields: [fn(&mut HostPlan, HostPlan); 14] = [
        |host, usual| *host = usual,
        |host, usual| host.deadline = usual.deadline,
        |host, usual| host.at_once = usual.at_once,
        |host, usual| host.owner_cap = usual.owner_cap,
        |host, usual| host.lease = usual.lease,
        |host, usual| host.running = usual.running,
        |host, usual| (host.clients, host.broken_clients) = (usual.clients, usual.broken_clients),
        |host, _| {
            host.clients = host.clients.saturating_sub(1);
            host.broken_clients = host.broken_clients.min(host.clients);
        },
        |host, usual| host.broken_clients = usual.broken_clients,
        |host, usual| host.client_takes = usual.client_takes,
        |host, usual| host.row_takes = usual.row_takes,
        |host, usual| host.checkpoint_takes = usual.checkpoint_takes,
        |host, usual| {
            (host.outer, host.outer_grace, host.outer_known) =
                (usual.outer, usual.outer_grace, usual.outer_known);
        },
        |host, usual| host.outer_known = usual.outer_known,
    ];
    let edit = |field: &fn(&mut HostPlan, HostPlan)| {
        edited(scenario, |it| {
            field(&mut it.host, usual.clone());
            // Nobody is left who could do what is expected.
            if it.host.outer == Outer::None {
                it.expect.killed = it.expect.killed.filter(|is_killed| !is_killed);
            }
        })
    };
    let mut smaller: Vec<Scenario> = fields.iter().map(edit).collect();
    smaller.push(edited(scenario, |it| it.order = Order::Timed));
    smaller.push(edited(scenario, |it| it.about.clear()));
    smaller
}

/// Each field of each unit as it usually is in its system.
fn unit_settings(scenario: &Scenario) -> Vec<Scenario> {
    let fields: [fn(&mut UnitPlan, UnitPlan); 24] = [
        |unit, usual| unit.body = usual.body,
        |unit, usual| unit.ladder = usual.ladder,
        |unit, usual| unit.probed = usual.probed,
        |unit, usual| unit.owner = usual.owner,
        |unit, usual| unit.depends_on = usual.depends_on,
        |unit, usual| unit.restart = usual.restart,
        |unit, _| {
            if let Restart::OnFailure { limit, .. } = &mut unit.restart {
                *limit = 1;
            }
        },
        |unit, usual| unit.run_budget = usual.run_budget,
        |unit, usual| unit.start_patience = usual.start_patience,
        |unit, usual| unit.grace = usual.grace,
        |unit, usual| unit.starts = usual.starts,
        |unit, usual| unit.body.up_after = usual.body.up_after,
        |unit, usual| (unit.body.lasts, unit.body.fails) = (usual.body.lasts, usual.body.fails),
        |unit, usual| unit.body.fails = usual.body.fails,
        |unit, usual| unit.body.finds_every = usual.body.finds_every,
        |unit, usual| unit.body.durable = usual.body.durable,
        |unit, usual| unit.body.on_cancel = usual.body.on_cancel,
        |unit, usual| unit.body.on_terminate = usual.body.on_terminate,
        |unit, usual| unit.body.on_kill = usual.body.on_kill,
        |unit, usual| unit.body.on_pause = usual.body.on_pause,
        |unit, usual| unit.body.on_disconnect = usual.body.on_disconnect,
        |unit, usual| unit.body.on_probe = usual.body.on_probe,
        |unit, usual| unit.body.on_checkpoint = usual.body.on_checkpoint,
        |unit, usual| unit.body.on_remove = usual.body.on_remove,
    ];
    let mut smaller = Vec::new();
    for (place, unit) in scenario.units.iter().enumerate() {
        let usual = unit.system.unit(&unit.name);
        for field in &fields {
            smaller.push(edited(scenario, |it| field(&mut it.units[place], usual.clone())));
        }
    }
    smaller
}

/// Each time as a simpler one.
fn times(scenario: &Scenario) -> Vec<Scenario> {
    let mut all = Vec::new();
    visit_times(&mut scenario.clone(), &mut |range| all.push(*range));
    let mut smaller = Vec::new();
    for (place, range) in all.into_iter().enumerate() {
        for simpler in simpler(range) {
            smaller.push(edited(scenario, |it| {
                let mut number = 0;
                visit_times(it, &mut |range| {
                    if number == place {
                        *range = simpler;
                    }
                    number += 1;
                });
            }));
        }
    }
    smaller
}

fn edited(scenario: &Scenario, edit: impl FnOnce(&mut Scenario)) -> Scenario {
    let mut edited = scenario.clone();
    edit(&mut edited);
    edited
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Setup, chooser::Random, scenario::catalog::SHIPPED};

    /// Keys that need others, each with what it needs.
    const DEPENDENT: &str = r#"
name = "a"
about = "Keys that mean something together with others."
storm = "90s"
host = { clients = 3, broken-clients = 2, outer = "docker", outer-grace = "7s", outer-known = false }
operator = [{ at = "3s", ask = "outer-stop" }, { at = "4s", times = 2, ask = "stop", unit = "web-2" }]
faults = { slow-write = 300 }
expect = { exit = 1, within = "20s", killed = true }

[[unit]]
name = "db"
system = "provider"
probed = true
restart = "on-failure"
restart-backoff = "3s"
restart-backoff-max = "9s"

[[unit]]
name = "web"
system = "session"
count = 3
depends-on = ["db"]
restart = "always"
start-patience = "2s"
starts = "30s..60s"
body = { up-after = "1s", on-terminate = "ignores" }

[[unit]]
name = "own"
system = "task"
depends-on = ["web", "db"]
ladder = { rungs = [{ do = "terminate", grace = "3s", patience = "4s" }, { do = "kill", patience = "1s" }] }

[[unit]]
name = "task"
system = "task"
grace = "7s"
"#;

    /// What is found is kept in a file, and printed: it is of no use to anybody if it cannot be read there.
    #[test]
    fn whatever_can_be_played_can_be_written_down_and_read_again() {
        let generated = (0..20).map(|seed| Scenario::generate(&mut Random::new(seed), None));
        let written = SHIPPED.iter().map(|(_, text)| *text).chain([DEPENDENT]);
        let mut tried = 0;
        for scenario in written.map(|text| Scenario::parse(text).unwrap()).chain(generated) {
            for smaller in of(None).iter().flat_map(|edits| edits(&scenario)) {
                let smaller = Scenario { name: "smaller".to_owned(), ..smaller };
                let text = smaller.to_toml();
                let read = Scenario::parse(&text);
                tried += 1;
                let is_same = read.as_ref() == Ok(&smaller);
                // What cannot be played is never kept.
                assert!(is_same || Setup::new(smaller).is_err(), "{:?}\n{text}", read.err());
            }
        }
        assert!(tried > 10_000, "{tried}");
    }
}
