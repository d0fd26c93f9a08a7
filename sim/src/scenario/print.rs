//! A scenario as a file that reads back as the same one, and says only what is not as usual.

use core::fmt::Write as _;

use winddown_core::{Restart, Span, Within};

use super::{
    Ask, BodyPlan, Expectation, HostPlan, Operator, Order, Outer, Reaction, Scenario, Target, UnitPlan,
    ladder::ladder_text, span_text::range_text, text::STORM,
};

/// Writing to a string cannot fail.
macro_rules! line {
    ($to:expr, $($text:tt)*) => {{ let _always_fits = writeln!($to, $($text)*); }};
}

impl Scenario {
    /// The scenario as a file.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        line!(text, "name = {}", quoted(if self.name.is_empty() { "generated" } else { &self.name }));
        if !self.about.is_empty() {
            line!(text, "about = {}", quoted(&self.about));
        }
        if self.order == Order::Untimed {
            line!(text, "order = \"untimed\"");
        }
        if self.storm != STORM {
            line!(text, "storm = \"{}\"", self.storm);
        }
        print_host(&mut text, &self.host);
        for unit in &self.units {
            print_unit(&mut text, unit);
        }
        for operator in &self.operators {
            print_operator(&mut text, operator);
        }
        if self.faults.iter().next().is_some() {
            line!(text, "\n[faults]");
        }
        for (fault, rate) in self.faults.iter() {
            line!(text, "{fault} = {rate}");
        }
        print_expectation(&mut text, self.expect);
        text
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn print_host(text: &mut String, host: &HostPlan) {
    let usual = HostPlan::default();
    if *host == usual {
        return;
    }
    line!(text, "\n[host]");
    if host.deadline != usual.deadline {
        line!(text, "deadline = \"{}\"", host.deadline);
    }
    if let Some(count) = host.at_once {
        line!(text, "at-once = {count}");
    }
    if let Some(cap) = host.owner_cap {
        line!(text, "owner-cap = {cap}");
    }
    if host.lease {
        line!(text, "lease = true");
    }
    if host.running {
        line!(text, "running = true");
    }
    if host.clients > 0 {
        line!(text, "clients = {}", host.clients);
    }
    if host.broken_clients > 0 {
        line!(text, "broken-clients = {}", host.broken_clients);
    }
    let takes = [
        ("client-takes", host.client_takes, usual.client_takes),
        ("row-takes", host.row_takes, usual.row_takes),
        ("checkpoint-takes", host.checkpoint_takes, usual.checkpoint_takes),
    ];
    for (name, range, usual) in takes {
        if range != usual {
            line!(text, "{name} = \"{}\"", range_text(range));
        }
    }
    if host.outer == Outer::None {
        return;
    }
    line!(text, "outer = \"{}\"", host.outer.name());
    if let Some(grace) = host.outer_grace {
        line!(text, "outer-grace = \"{grace}\"");
    }
    if !host.outer_known {
        line!(text, "outer-known = false");
    }
}

fn print_unit(text: &mut String, unit: &UnitPlan) {
    let usual = unit.system.unit(&unit.name);
    line!(text, "\n[[unit]]");
    line!(text, "name = {}", quoted(&unit.name));
    line!(text, "system = \"{}\"", unit.system.name());
    if unit.count != usual.count {
        line!(text, "count = {}", unit.count);
    }
    if unit.probed {
        line!(text, "probed = true");
    }
    if unit.owner != usual.owner {
        line!(text, "owner = {}", unit.owner);
    }
    if !unit.depends_on.is_empty() {
        let names: Vec<String> = unit.depends_on.iter().map(|name| quoted(name)).collect();
        line!(text, "depends-on = [{}]", names.join(", "));
    }
    match unit.restart {
        Restart::Never => {}
        Restart::Always { backoff } => {
            line!(text, "restart = \"always\"\nrestart-backoff = \"{backoff}\"");
        }
        Restart::OnFailure { limit, backoff, backoff_max } => {
            line!(text, "restart = \"on-failure\"\nrestart-limit = {limit}");
            line!(text, "restart-backoff = \"{backoff}\"\nrestart-backoff-max = \"{backoff_max}\"");
        }
    }
    print_span(text, "run-budget", unit.run_budget);
    print_span(text, "start-patience", unit.start_patience);
    if unit.grace != usual.grace {
        line!(text, "grace = \"{}\"", unit.grace);
    }
    if unit.starts != usual.starts {
        line!(text, "starts = \"{}\"", unit.starts.map_or_else(|| "never".to_owned(), range_text));
    }
    if let Some(ladder) = &unit.ladder {
        text.push_str(&ladder_text(ladder));
    }
    print_body(text, &unit.body, &usual.body);
}

fn print_expectation(text: &mut String, expect: Expectation) {
    if expect == Expectation::default() {
        return;
    }
    line!(text, "\n[expect]");
    if let Some(code) = expect.exit {
        line!(text, "exit = {code}");
    }
    print_span(text, "within", expect.within);
    if let Some(killed) = expect.killed {
        line!(text, "killed = {killed}");
    }
}

fn print_span(text: &mut String, name: &str, span: Option<Span>) {
    if let Some(span) = span {
        line!(text, "{name} = \"{span}\"");
    }
}

fn print_body(text: &mut String, body: &BodyPlan, usual: &BodyPlan) {
    if body == usual {
        return;
    }
    line!(text, "[unit.body]");
    if body.up_after != usual.up_after {
        line!(text, "up-after = \"{}\"", range_text(body.up_after));
    }
    if body.lasts != usual.lasts {
        line!(text, "lasts = \"{}\"", body.lasts.map_or_else(|| "forever".to_owned(), range_text));
    }
    if body.fails {
        line!(text, "fails = true");
    }
    if let Some(every) = body.finds_every {
        line!(text, "finds-every = \"{}\"", range_text(every));
    }
    if body.durable {
        line!(text, "durable = true");
    }
    let reactions = [
        ("on-cancel", body.on_cancel, usual.on_cancel),
        ("on-terminate", body.on_terminate, usual.on_terminate),
        ("on-kill", body.on_kill, usual.on_kill),
        ("on-pause", body.on_pause, usual.on_pause),
        ("on-disconnect", body.on_disconnect, usual.on_disconnect),
        ("on-probe", body.on_probe, usual.on_probe),
        ("on-checkpoint", body.on_checkpoint, usual.on_checkpoint),
    ];
    for (name, reaction, _) in reactions.into_iter().filter(|(_, reaction, usual)| reaction != usual) {
        print_reaction(text, name, reaction);
    }
    if let Some(reaction) = body.on_remove {
        print_reaction(text, "on-remove", reaction);
    }
    if let Some(after) = body.cancels_itself_after {
        line!(text, "cancels-itself-after = \"{}\"", range_text(after));
    }
}

fn print_reaction(text: &mut String, name: &str, reaction: Reaction) {
    let reaction = match reaction {
        Reaction::Obeys(range) => range_text(range),
        Reaction::Ignores => "ignores".to_owned(),
        Reaction::Fails => "fails".to_owned(),
    };
    line!(text, "{name} = \"{reaction}\"");
}

fn print_operator(text: &mut String, operator: &Operator) {
    line!(text, "\n[[operator]]");
    line!(text, "at = \"{}\"", range_text(operator.at));
    if operator.times != 1 {
        line!(text, "times = {}", operator.times);
    }
    let (name, target) = match &operator.ask {
        Ask::Start(unit) => ("start", Some(unit)),
        Ask::Stop { unit, .. } => ("stop", Some(unit)),
        Ask::Restart(unit) => ("restart", Some(unit)),
        Ask::Cancel(unit) => ("cancel", Some(unit)),
        Ask::Pause(unit) => ("pause", Some(unit)),
        Ask::Resume(unit) => ("resume", Some(unit)),
        Ask::Remove(unit) => ("remove", Some(unit)),
        Ask::Shutdown { .. } => ("shutdown", None),
        Ask::Terminate => ("terminate", None),
        Ask::Interrupt => ("interrupt", None),
        Ask::Hangup => ("hangup", None),
        Ask::OuterStop => ("outer-stop", None),
        Ask::Crash => ("crash", None),
        Ask::FillDisk => ("fill-disk", None),
        Ask::HangDisk => ("hang-disk", None),
    };
    line!(text, "ask = \"{name}\"");
    match target {
        Some(Target::Named(unit)) => line!(text, "unit = {}", quoted(unit)),
        Some(Target::Any) => line!(text, "unit = \"any\""),
        None => {}
    }
    if let Ask::Stop { force: true, .. } = operator.ask {
        line!(text, "force = true");
    }
    if let Ask::Shutdown { graceful: false, .. } = operator.ask {
        line!(text, "graceful = false");
    }
    if let Ask::Stop { within, .. } | Ask::Shutdown { within, .. } = operator.ask {
        match within {
            Within::Unset => {}
            Within::For(span) => line!(text, "within = \"{span}\""),
            Within::Unlimited => line!(text, "within = \"unlimited\""),
        }
    }
}
