//! One stop must cost the same however many units there are; a whole shutdown must be linear.
#![expect(clippy::expect_used, reason = "a benchmark of what is known to be sound")]

use std::{hint::black_box, sync::Arc};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use winddown_core::*;

/// A host with so many running containers.
fn host(units: u32) -> Engine {
    let plan = Arc::new(contracts::host(vec![contracts::container()]));
    let mut engine = Engine::new(plan).expect("the contract's plan is sound");
    let mut effects = Effects::new();
    for unit in (0..units).map(UnitId) {
        let declared = Input::UnitDeclared { unit, kind: KindId(0), owner: OwnerId(0) };
        let _declared = engine.handle(Moment::START, declared, &mut effects);
        let start = Input::StartRequested { unit, caller: Caller::Nobody };
        let _started = engine.handle(Moment::START, start, &mut effects);
        effects.clear();
    }
    engine
}

/// Start, stop and confirm one unit of many, over and over: the host's state is the same after each turn.
fn one_turn(engine: &mut Engine, unit: UnitId, effects: &mut Effects) {
    effects.clear();
    let caller = Caller::Outside(Ticket(1));
    let stop = Input::StopRequested { unit, force: false, within: Within::Unset, caller };
    let _stopped = engine.handle(Moment::START, stop, effects);
    let row = effects.as_slice().iter().find_map(|effect| {
        if let Effect::Persist { row, confirm: true, .. } = effect { Some(*row) } else { None }
    });
    if let Some(row) = row {
        let written = Input::Persisted { unit, row, outcome: Outcome::Done };
        let _answered = engine.handle(Moment::START, written, effects);
        let exit = Exit::Ended;
        let _gone = engine.handle(
            Moment::START,
            Input::UnitExited { unit, incarnation: row.incarnation, exit },
            effects,
        );
    }
    let start = Input::StartRequested { unit, caller: Caller::Nobody };
    let _started = engine.handle(Moment::START, start, effects);
}

fn stop(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stop, answer and start of one unit among");
    for units in [1, 1_000, 100_000] {
        let mut engine = host(units);
        let mut effects = Effects::new();
        group.bench_function(BenchmarkId::from_parameter(units), |bencher| {
            bencher.iter(|| one_turn(black_box(&mut engine), UnitId(units / 2), &mut effects));
        });
    }
    group.finish();
}

fn shutdown(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("SIGTERM to a host with so many units");
    for units in [1_000_u32, 100_000] {
        group.throughput(Throughput::Elements(units.into()));
        let engine = host(units);
        group.bench_function(BenchmarkId::from_parameter(units), |bencher| {
            bencher.iter_batched_ref(
                || (engine.clone(), Effects::new()),
                |(engine, effects)| {
                    let signal = Input::SignalReceived { signal: Signal::Terminate };
                    black_box(engine.handle(Moment::START, signal, effects))
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, stop, shutdown);
criterion_main!(benches);
