//! The reference workload: the simulator with everything on, beside a bare event loop and a tokio program
//! of the same workload, so that the ratios mean something on any machine.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use winddown_benches::{
    bare::bare,
    cases::stop_storm,
    paused::{paused, stop_that_awaits},
};
use winddown_sim::{Arena, chooser::Random, run, story::Story};

fn storm(criterion: &mut Criterion) {
    let setup = stop_storm();
    let mut group = criterion.benchmark_group("stop-storm, one run");
    group.throughput(Throughput::Elements(1));
    let mut seed = 0;
    let mut next = || {
        seed += 1;
        Random::new(seed)
    };
    let mut arena = Arena::new(&setup);
    group.bench_function("simulated, all claims on, trace hashed", |bencher| {
        bencher.iter(|| black_box(run(&setup, &mut next(), &mut arena, None)));
    });
    let mut unjudged = Arena::unjudged(&setup);
    group.bench_function("simulated, no claims", |bencher| {
        bencher.iter(|| black_box(run(&setup, &mut next(), &mut unjudged, None)));
    });
    group.bench_function("simulated, all claims on, every step recorded", |bencher| {
        bencher.iter(|| {
            let mut story = Story::default();
            black_box(run(&setup, &mut next(), &mut arena, Some(&mut story)))
        });
    });
    let mut seed = 0;
    group.bench_function("bare event loop", |bencher| {
        bencher.iter(|| {
            seed += 1;
            black_box(bare(seed))
        });
    });
    group.bench_function("tokio's paused clock", |bencher| {
        bencher.iter(|| {
            seed += 1;
            black_box(paused(seed))
        });
    });
    group.finish();
}

/// For scale, and in virtual time, which is exact: what the caller of a stop used to wait.
#[expect(clippy::print_stdout, reason = "a figure for people")]
fn before_winddown(_criterion: &mut Criterion) {
    println!("\na stop that awaits a navigation of 369 s, in virtual time (this engine: 0 s)");
    for asked in [5, 120, 368] {
        let waited = stop_that_awaits(Duration::from_secs(asked));
        println!("  asked for at {asked:3} s: answered after {} s", waited.as_secs());
    }
}

criterion_group!(benches, storm, before_winddown);
criterion_main!(benches);
