//! The reference workload: the simulator with everything on, beside a bare event loop of the same
//! workload (a binary heap and a match, no engine, no claims, no trace), so that the ratio means something
//! on any machine.
#![expect(clippy::expect_used, reason = "a benchmark of what is known to be sound")]

use std::{cmp::Reverse, collections::BinaryHeap, hint::black_box};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use winddown_sim::{
    Arena, Setup,
    chooser::{Label, Random},
    entropy::Stream,
    run,
    scenario::{Scenario, catalog::SHIPPED},
};

const WORKERS: usize = 10;
const SECOND: u64 = 1_000_000_000;
const MILLI: u64 = 1_000_000;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bare {
    Finds(usize),
    Stops,
    Ends(usize),
    Written(usize),
    ShutsDown,
    Told,
    Paused,
    Saved(usize),
    Left,
}

#[expect(
    clippy::too_many_lines,
    clippy::needless_range_loop,
    reason = "a loop with nothing around it is the point: no function, no table, no trait"
)]
/// One run of the bare loop. Gives the findings lost, which is 0.
fn bare(seed: u64) -> u64 {
    let mut dice = Stream::new(seed, Label::Bodies);
    let mut heap = BinaryHeap::with_capacity(32);
    let mut planned = 0_u32;
    let mut plan = |heap: &mut BinaryHeap<_>, at: u64, what: Bare| {
        planned += 1;
        heap.push(Reverse((at, planned, what)));
    };
    let (mut alive, mut stopping) = ([true; WORKERS], [false; WORKERS]);
    let (mut found, mut saved) = ([0_u64; WORKERS], [0_u64; WORKERS]);
    let (mut down, mut told, mut left, mut paused, mut to_save) = (false, 0, 0, 0, 0_u64);
    for worker in 0..WORKERS {
        plan(&mut heap, SECOND + dice.below(368 * SECOND), Bare::Finds(worker));
    }
    for _ in 0..5 {
        plan(&mut heap, dice.below(400 * SECOND), Bare::Stops);
    }
    plan(&mut heap, dice.below(600 * SECOND), Bare::ShutsDown);
    while let Some(Reverse((now, _, what))) = heap.pop() {
        match what {
            Bare::Finds(worker) if alive[worker] && !stopping[worker] => {
                found[worker] += 1;
                plan(&mut heap, now + SECOND + dice.below(368 * SECOND), Bare::Finds(worker));
            }
            Bare::Stops if !down => {
                let worker = usize::try_from(dice.below(WORKERS as u64)).unwrap_or_default();
                if alive[worker] && !stopping[worker] {
                    stopping[worker] = true;
                    plan(&mut heap, now + dice.below(50 * MILLI), Bare::Ends(worker));
                    plan(&mut heap, now + dice.below(5 * MILLI), Bare::Written(worker));
                }
            }
            Bare::Finds(_) | Bare::Stops => {}
            Bare::Ends(worker) => alive[worker] = false,
            Bare::Written(worker) => saved[worker] = found[worker],
            Bare::ShutsDown => {
                down = true;
                for _ in 0..3 {
                    plan(&mut heap, now + dice.below(100 * MILLI), Bare::Told);
                }
            }
            Bare::Told => {
                told += 1;
                for worker in 0..if told == 3 { WORKERS } else { 0 } {
                    if alive[worker] && !stopping[worker] {
                        stopping[worker] = true;
                        to_save += 1;
                        plan(&mut heap, now + dice.below(50 * MILLI), Bare::Paused);
                    }
                }
            }
            Bare::Paused => {
                paused += 1;
                for worker in 0..if paused == to_save { WORKERS } else { 0 } {
                    if alive[worker] {
                        plan(&mut heap, now + 5 * MILLI, Bare::Saved(worker));
                    }
                }
            }
            Bare::Saved(worker) => {
                saved[worker] = found[worker];
                to_save -= 1;
                for _ in 0..if to_save == 0 { 3 } else { 0 } {
                    plan(&mut heap, now + dice.below(100 * MILLI), Bare::Left);
                }
            }
            Bare::Left => {
                left += 1;
                if left == 3 {
                    break;
                }
            }
        }
    }
    found.iter().zip(saved).map(|(found, saved)| found - saved.min(*found)).sum()
}

fn storm(criterion: &mut Criterion) {
    let (_, text) = SHIPPED.iter().find(|(name, _)| *name == "stop-storm").expect("it is shipped");
    let setup = Setup::new(Scenario::parse(text).expect("it can be read")).expect("and run");
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
