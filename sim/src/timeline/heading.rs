//! What a run is a run of: the scenario in words, with all that is not as usual.

use winddown_core::{Restart, Span, Within};

use super::{Heading, Kind, Lines, SEMANTICS_VERSION, columns::legend, paragraph, short};
use crate::{
    entropy::RNG_VERSION,
    scenario::{
        Ask, BodyPlan, Expectation, HostPlan, Operator, Order, Outer, Range, Reaction, Target, UnitPlan,
        ladder_words,
    },
    setup::Setup,
};

pub(super) fn print(lines: &mut Lines, setup: &Setup, heading: &Heading) {
    let scenario = &setup.scenario;
    let seed = heading.seed.map(|seed| format!(", seed {seed}")).unwrap_or_default();
    lines.add(
        Kind::Heading,
        format!(
            "winddown simulation: {}{seed}   (rng {RNG_VERSION}, semantics {SEMANTICS_VERSION})",
            heading.scenario
        ),
    );
    if !scenario.about.is_empty() {
        lines.add(Kind::Heading, scenario.about.as_str());
    }
    lines.add(Kind::Heading, "");
    let mut first = 1;
    for plan in &scenario.units {
        let last = first + plan.count.saturating_sub(1);
        let places = if plan.count == 1 { first.to_string() } else { format!("{first}-{last}") };
        let name = if first == 1 { "units" } else { "" };
        paragraph(lines, Kind::Heading, &format!("{name:7} {places:>5}  "), "; ", &unit(plan));
        first += plan.count;
    }
    paragraph(lines, Kind::Heading, "host    ", "; ", &host(&scenario.host));
    let order = match scenario.order {
        Order::Timed => "what takes the least time is next",
        Order::Untimed => "untimed: anything pending may be next",
    };
    let storm = format!("faults and operators until {}, then calm", short(scenario.storm));
    paragraph(lines, Kind::Heading, "storm   ", "; ", &[storm, order.to_owned()]);
    for (place, operator) in scenario.operators.iter().enumerate() {
        let name = if place == 0 { "asks" } else { "" };
        lines.add(Kind::Heading, format!("{name:7} {}", self::operator(operator)));
    }
    let faults: Vec<String> =
        scenario.faults.iter().map(|(fault, rate)| format!("{fault} {}.{}%", rate / 10, rate % 10)).collect();
    paragraph(lines, Kind::Heading, "faults  ", ", ", &faults);
    let expected = expectation(scenario.expect);
    if !expected.is_empty() {
        paragraph(lines, Kind::Heading, "expect  ", "; ", &expected);
    }
    lines.add(Kind::Heading, "");
    print_legend(lines, setup.unit_count());
}

pub(super) fn print_legend(lines: &mut Lines, units: usize) {
    let [first, second] = legend(units);
    lines.add(Kind::Heading, format!("legend  {first}"));
    lines.add(Kind::Heading, format!("        {second}"));
    lines.add(Kind::Heading, "");
}

/// How it is to stop.
fn expectation(expect: Expectation) -> Vec<String> {
    let exit = expect.exit.map(|code| format!("exit {code}"));
    let within = expect.within.map(|span| format!("down within {}", short(span)));
    let killed = expect.killed.map(|is| if is { "killed from outside" } else { "never killed from outside" });
    [exit, within, killed.map(str::to_owned)].into_iter().flatten().collect()
}

/// A unit's name and system, and all that is not as usual for its system.
fn unit(plan: &UnitPlan) -> Vec<String> {
    let mut parts = vec![format!("{} ({})", plan.name, plan.system.name())];
    if let Some(ladder) = &plan.ladder {
        parts.push(ladder_words(ladder));
    }
    if plan.probed {
        parts.push("probed first".to_owned());
    }
    if plan.owner != 0 {
        parts.push(format!("owner {}", plan.owner));
    }
    if !plan.depends_on.is_empty() {
        parts.push(format!("needs {}", plan.depends_on.join(" and ")));
    }
    match plan.restart {
        Restart::Never => {}
        Restart::Always { backoff } => parts.push(format!("always restarts, after {}", short(backoff))),
        Restart::OnFailure { limit, backoff, .. } => {
            parts.push(format!("restarts on failure, {limit} times, after {}", short(backoff)));
        }
    }
    if let Some(budget) = plan.run_budget {
        parts.push(format!("may run {}", short(budget)));
    }
    if let Some(patience) = plan.start_patience {
        parts.push(format!("up in {}, may take {}", range(plan.body.up_after), short(patience)));
    }
    if plan.grace != plan.system.unit("").grace {
        parts.push(format!("grace {}", short(plan.grace)));
    }
    match plan.starts {
        Some(Range { max: Span::ZERO, .. }) => {}
        Some(starts) => parts.push(format!("started at {}", range(starts))),
        None => parts.push("started only if asked".to_owned()),
    }
    body(&mut parts, &plan.body, &plan.system.body());
    parts
}

fn body(parts: &mut Vec<String>, body: &BodyPlan, usual: &BodyPlan) {
    if let Some(lasts) = body.lasts {
        let how = if body.fails { "fails" } else { "completes" };
        parts.push(format!("{how} after {}", range(lasts)));
    }
    if let Some(every) = body.finds_every {
        let durable = if body.durable { " and waits until it is durable" } else { "" };
        parts.push(format!("a finding every {}{durable}", range(every)));
    }
    let reactions = [
        ("a cancel", body.on_cancel, usual.on_cancel),
        ("SIGTERM", body.on_terminate, usual.on_terminate),
        ("SIGKILL", body.on_kill, usual.on_kill),
        ("a pause", body.on_pause, usual.on_pause),
        ("a disconnect", body.on_disconnect, usual.on_disconnect),
        ("a health check", body.on_probe, usual.on_probe),
        ("a checkpoint", body.on_checkpoint, usual.on_checkpoint),
        ("its removal", body.on_remove.unwrap_or(body.on_kill), body.on_kill),
    ];
    for (what, reaction, _) in reactions.iter().filter(|(_, reaction, usual)| reaction != usual) {
        parts.push(match reaction {
            Reaction::Obeys(after) => format!("obeys {what} in {}", range(*after)),
            Reaction::Ignores => format!("ignores {what}"),
            Reaction::Fails => format!("{what} fails"),
        });
    }
    if let Some(after) = body.cancels_itself_after {
        parts.push(format!("cancels itself after {}", range(after)));
    }
}

fn host(host: &HostPlan) -> Vec<String> {
    let mut parts = vec![format!("deadline {}", short(host.deadline))];
    if host.outer != Outer::None {
        let grace = host.outer_grace.or_else(|| host.outer.grace()).unwrap_or_default();
        let known = if host.outer_known { "" } else { ", which it does not know" };
        parts.push(format!("{} kills it after {}{known}", host.outer.name(), short(grace)));
    }
    if let Some(count) = host.at_once {
        parts.push(format!("stops {count} at once"));
    }
    if let Some(cap) = host.owner_cap {
        parts.push(format!("at most {cap} active for an owner"));
    }
    if host.lease {
        parts.push("holds a lease".to_owned());
    }
    if host.running {
        parts.push("up from the beginning".to_owned());
    }
    if host.clients > 0 {
        parts.push(format!("clients: {}", host.clients));
    }
    if host.broken_clients > 0 {
        parts.push(format!("broken ones: {}", host.broken_clients));
    }
    parts
}

fn operator(operator: &Operator) -> String {
    let times = if operator.times == 1 { String::new() } else { format!("{} times ", operator.times) };
    format!("{times}at {}: {}", range(operator.at), ask(&operator.ask))
}

/// What is asked for, in words.
pub(crate) fn ask(ask: &Ask) -> String {
    let target = |target: &Target| match target {
        Target::Named(name) => name.clone(),
        Target::Any => "any unit".to_owned(),
    };
    match ask {
        Ask::Start(unit) => format!("start {}", target(unit)),
        Ask::Stop { unit, force, within } => {
            let force = if *force { " by force" } else { "" };
            format!("stop {}{force}{}", target(unit), within_words(*within))
        }
        Ask::Restart(unit) => format!("restart {}", target(unit)),
        Ask::Cancel(unit) => format!("cancel {}", target(unit)),
        Ask::Pause(unit) => format!("pause {}", target(unit)),
        Ask::Resume(unit) => format!("resume {}", target(unit)),
        Ask::Remove(unit) => format!("remove {}", target(unit)),
        Ask::Shutdown { graceful, within } => {
            let force = if *graceful { "" } else { ", not gracefully" };
            format!("shut down{}{force}", within_words(*within))
        }
        Ask::Terminate => "SIGTERM".to_owned(),
        Ask::Interrupt => "SIGINT".to_owned(),
        Ask::Hangup => "SIGHUP".to_owned(),
        Ask::OuterStop => "the outer supervisor stops the host".to_owned(),
        Ask::Crash => "the host's process dies".to_owned(),
        Ask::FillDisk => "the disk is full from now on".to_owned(),
        Ask::HangDisk => "writes hang from now on".to_owned(),
    }
}

/// The time that a request leaves, as the end of a sentence.
pub(super) fn within_words(within: Within) -> String {
    match within {
        Within::Unset => String::new(),
        Within::For(Span::ZERO) => " at once".to_owned(),
        Within::For(span) => format!(" within {}", short(span)),
        Within::Unlimited => " however long it takes".to_owned(),
    }
}

fn range(range: Range) -> String {
    if range.min == range.max {
        short(range.min)
    } else {
        format!("{} to {}", short(range.min), short(range.max))
    }
}
