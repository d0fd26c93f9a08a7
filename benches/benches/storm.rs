//! The reference workload: the simulator with everything on, beside a bare event loop of the same
//! workload, so that the ratio means something on any machine.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use winddown_benches::{bare::bare, cases::stop_storm};
use winddown_sim::{Arena, chooser::Random, run};

fn storm(criterion: &mut Criterion) {
    let setup = stop_storm();
    let mut arena = Arena::new(&setup);
    let mut group = criterion.benchmark_group("stop-storm, one run");
    group.throughput(Throughput::Elements(1));
    let mut seed = 0;
    group.bench_function("simulated, all claims on, trace hashed", |bencher| {
        bencher.iter(|| {
            seed += 1;
            black_box(run(&setup, &mut Random::new(seed), &mut arena, None))
        });
    });
    group.bench_function("bare event loop of the same workload", |bencher| {
        bencher.iter(|| {
            seed += 1;
            black_box(bare(seed))
        });
    });
    group.finish();
}

criterion_group!(benches, storm);
criterion_main!(benches);
