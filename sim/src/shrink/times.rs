//! Every time in a scenario, wherever it stands, and the simpler ones it could be.

use winddown_core::{Restart, Span, Within};

use crate::scenario::{Ask, BodyPlan, Range, Reaction, Scenario, System};

/// A body that ends sooner than this, and always starts again, would fill a run with nothing else.
const SHORTEST_LIFE: Span = Span::from_millis(500);

/// Round numbers are multiples of one of these.
const ROUND: [Span; 6] = [
    Span::from_secs(60),
    Span::from_secs(1),
    Span::from_millis(100),
    Span::from_millis(10),
    Span::from_millis(1),
    Span::from_micros(1),
];

/// Shows all times, in an order that does not change.
pub(super) fn visit_times(scenario: &mut Scenario, visit: &mut dyn FnMut(&mut Range)) {
    let span = |span: &mut Span, visit: &mut dyn FnMut(&mut Range)| {
        let mut range = Range::exactly(*span);
        visit(&mut range);
        *span = range.max;
    };
    span(&mut scenario.storm, visit);
    let host = &mut scenario.host;
    span(&mut host.deadline, visit);
    for range in [&mut host.client_takes, &mut host.row_takes, &mut host.checkpoint_takes] {
        visit(range);
    }
    if let Some(grace) = &mut host.outer_grace {
        span(grace, visit);
    }
    for unit in &mut scenario.units {
        match &mut unit.restart {
            Restart::Never => {}
            Restart::Always { backoff } => span(backoff, visit),
            Restart::OnFailure { backoff, backoff_max, .. } => {
                span(backoff, visit);
                *backoff_max = (*backoff_max).max(*backoff);
            }
        }
        for time in [&mut unit.run_budget, &mut unit.start_patience].into_iter().flatten() {
            span(time, visit);
        }
        // A ladder that says by itself how long it waits has no grace beside it.
        if unit.system == System::Task && unit.ladder.is_none() {
            span(&mut unit.grace, visit);
        }
        if let Some(starts) = &mut unit.starts {
            visit(starts);
        }
        visit_body(&mut unit.body, visit);
    }
    for operator in &mut scenario.operators {
        visit(&mut operator.at);
        if let Ask::Stop { within: Within::For(within), .. }
        | Ask::Shutdown { within: Within::For(within), .. } = &mut operator.ask
        {
            span(within, visit);
        }
    }
}

fn visit_body(body: &mut BodyPlan, visit: &mut dyn FnMut(&mut Range)) {
    visit(&mut body.up_after);
    if let Some(lasts) = &mut body.lasts {
        visit(lasts);
        *lasts = Range::new(lasts.min.max(SHORTEST_LIFE), lasts.max.max(SHORTEST_LIFE));
    }
    for range in [&mut body.finds_every, &mut body.cancels_itself_after].into_iter().flatten() {
        visit(range);
    }
    let reactions = [
        &mut body.on_cancel,
        &mut body.on_terminate,
        &mut body.on_kill,
        &mut body.on_pause,
        &mut body.on_disconnect,
        &mut body.on_probe,
        &mut body.on_checkpoint,
    ];
    for reaction in reactions.into_iter().chain(&mut body.on_remove) {
        if let Reaction::Obeys(range) = reaction {
            visit(range);
        }
    }
}

/// Simpler times than this one, the simplest first.
pub(super) fn simpler(range: Range) -> Vec<Range> {
    let mut simpler = vec![Range::exactly(Span::ZERO), Range::exactly(Span::from_secs(1))];
    if range.min < range.max {
        simpler.extend([Range::exactly(range.min), Range::exactly(range.max)]);
    }
    let nanos = range.max.nanos();
    for round in ROUND {
        simpler.push(Range::exactly(Span::from_nanos(nanos - nanos % round.nanos())));
    }
    simpler.push(Range::exactly(range.max.half()));
    simpler.retain(|other| *other != range);
    simpler.dedup();
    simpler
}
