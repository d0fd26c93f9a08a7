//! One stop must cost the same however many units there are; a whole shutdown must be linear.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use winddown_benches::host::{Host, World};
use winddown_core::{
    Caller, Effects, Exit, Incarnation, Input, Kind, Moment, Signal, Span, UnitId, contracts,
};

fn stop(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stop, answer, exit and start of one unit among");
    for units in [1, 1_000, 100_000] {
        let mut host = Host::running(vec![contracts::container()], units);
        group.bench_function(BenchmarkId::from_parameter(units), |bencher| {
            bencher.iter(|| {
                host.stop(UnitId(units / 2), World::Happy);
                host.start(UnitId(units / 2));
            });
        });
    }
    group.finish();
}

fn shutdown(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("SIGTERM until the exit, engagements");
    group.sample_size(20);
    for units in [1_000_u32, 100_000] {
        group.throughput(Throughput::Elements(units.into()));
        let host = Host::running(vec![contracts::engagement()], units);
        group.bench_function(BenchmarkId::from_parameter(units), |bencher| {
            bencher.iter_batched_ref(|| host.clone(), Host::shut_down, BatchSize::LargeInput);
        });
    }
    group.finish();
}

fn ladders(criterion: &mut Criterion) {
    let contracts: [(&str, Kind); 5] = [
        ("container", contracts::container()),
        ("provider", contracts::provider()),
        ("engagement", contracts::engagement()),
        ("session", contracts::session()),
        ("task", contracts::task(Span::from_secs(5))),
    ];
    let mut group = criterion.benchmark_group("a whole ladder and the next start");
    for (name, kind) in contracts {
        for (how, world) in [("everything works", World::Happy), ("nothing answers", World::Hopeless)] {
            let mut host = Host::running(vec![kind.clone()], 1);
            group.bench_function(BenchmarkId::new(name, how), |bencher| {
                bencher.iter(|| {
                    host.stop(UnitId(0), world);
                    host.start(UnitId(0));
                });
            });
        }
    }
    group.finish();
}

/// Inputs that leave the host as it was, so that each can be given for ever.
fn handle(criterion: &mut Criterion) {
    let unit = UnitId(50);
    let inputs = [
        ("woken, nothing due", Input::Woken),
        ("a finding", Input::FindingRecorded { unit, durable: false }),
        ("progress", Input::Progressed { unit, incarnation: Incarnation(1) }),
        ("a start that is refused", Input::StartRequested { unit, caller: Caller::Nobody }),
        ("a late exit", Input::UnitExited { unit, incarnation: Incarnation(0), exit: Exit::Ended }),
        ("SIGHUP", Input::SignalReceived { signal: Signal::Hangup }),
    ];
    let host = Host::running(vec![contracts::engagement()], 100);
    let mut group = criterion.benchmark_group("handle, among 100 units");
    for (name, input) in inputs {
        let (mut engine, mut effects) = (host.engine().clone(), Effects::new());
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                effects.clear();
                black_box(engine.handle(Moment::START, black_box(input), &mut effects))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, stop, shutdown, ladders, handle);
criterion_main!(benches);
