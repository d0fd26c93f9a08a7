//! How fast everything is tried that can happen in a small scope. Throughput is in transitions: most of
//! them lead to states that were seen before.

use std::hint::black_box;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use winddown_benches::cases::SMALL_SCOPE;
use winddown_sim::explore::{Model, Scope};

/// Large enough that its table does not fit into a core's own cache.
const LARGER: Scope = Scope { stops: 1, findings: 0, ..Scope::REFERENCE };

#[expect(clippy::expect_used, reason = "a benchmark of what is known to be sound")]
fn explore(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("explore, one thread");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    for (name, scope) in [("two units, one stop", SMALL_SCOPE), ("three units, one stop", LARGER)] {
        let model = Model::new(scope).expect("the scope makes a plan");
        let transitions = model.explore(u32::MAX, 1, &()).transitions;
        group.throughput(Throughput::Elements(transitions));
        group.bench_function(name, |bencher| bencher.iter(|| black_box(model.explore(u32::MAX, 1, &()))));
    }
    group.finish();
}

criterion_group!(benches, explore);
criterion_main!(benches);
