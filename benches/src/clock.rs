//! Wall-clock figures. Machines are noisy, so a figure that is compared with another day's is a ratio of
//! two things measured in turns within the same seconds; plain times are for looking at.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use winddown_core::{UnitId, contracts};
use winddown_sim::{Arena, chooser::Random, run, story::Story};

use crate::{
    bare::bare,
    cases::stop_storm,
    host::{Host, World},
    paused::paused,
};

/// How many pairs make a ratio.
const PAIRS: usize = 201;

/// Runs of the simulator in one half of a pair.
const RUNS: u64 = 40;

/// The same beside something slow.
const FEW: u64 = 10;

fn timed(work: impl FnOnce()) -> u64 {
    let begun = Instant::now();
    work();
    u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// The median over many pairs of what `measured` takes, in thousandths of what `reference` takes. Which of
/// the two is first changes from pair to pair.
fn ratio(mut measured: impl FnMut(u64), mut reference: impl FnMut(u64)) -> u64 {
    let mut ratios: Vec<u64> = (0..PAIRS as u64)
        .map(|pair| {
            let (time, floor) = if pair % 2 == 0 {
                let time = timed(|| measured(pair));
                (time, timed(|| reference(pair)))
            } else {
                let floor = timed(|| reference(pair));
                (timed(|| measured(pair)), floor)
            };
            time * 1_000 / floor.max(1)
        })
        .collect();
    ratios.sort_unstable();
    ratios[PAIRS / 2]
}

/// Ratios, in thousandths.
#[must_use]
pub fn pairs() -> Value {
    let setup = stop_storm();
    let mut arena = Arena::new(&setup);
    let simulated = ratio(
        |pair| {
            for seed in pair * RUNS..(pair + 1) * RUNS {
                black_box(run(&setup, &mut Random::new(seed), &mut arena, None));
            }
        },
        |pair| {
            for seed in pair * RUNS..(pair + 1) * RUNS {
                black_box(bare(seed));
            }
        },
    );
    let recorded = ratio(
        |pair| {
            for seed in pair * RUNS..(pair + 1) * RUNS {
                let mut story = Story::default();
                black_box(run(&setup, &mut Random::new(seed), &mut Arena::new(&setup), Some(&mut story)));
            }
        },
        |pair| {
            let mut arena = Arena::new(&setup);
            for seed in pair * RUNS..(pair + 1) * RUNS {
                black_box(run(&setup, &mut Random::new(seed), &mut arena, None));
            }
        },
    );
    let on_tokio = ratio(
        |pair| {
            for seed in pair * FEW..(pair + 1) * FEW {
                black_box(run(&setup, &mut Random::new(seed), &mut arena, None));
            }
        },
        |pair| {
            for seed in pair * FEW..(pair + 1) * FEW {
                black_box(paused(seed));
            }
        },
    );
    let (mut one, mut many) = (stopping(1), stopping(100_000));
    let flat = ratio(|_| stops(&mut many), |_| stops(&mut one));
    json!({
        "storm-to-bare-loop": simulated,
        "storm-to-tokio-paused": on_tokio,
        "storm-recorded-to-hashed": recorded,
        "stop-of-100000-to-stop-of-1": flat,
    })
}

/// A host of so many containers, and one in the middle of them.
fn stopping(units: u32) -> (Host, UnitId) {
    (Host::running(vec![contracts::container()], units), UnitId(units / 2))
}

fn stops((host, unit): &mut (Host, UnitId)) {
    for _ in 0..100 {
        host.stop(*unit, World::Happy);
        host.start(*unit);
    }
}

/// The shortest of some tries, in nanoseconds: what is left when nothing else disturbs.
fn shortest(mut tries: impl FnMut() -> u64) -> u64 {
    (0..9).map(|_| tries()).min().unwrap_or_default()
}

/// Times against sizes.
#[must_use]
pub fn curves() -> Value {
    let sizes = [1_u32, 10, 100, 1_000, 10_000, 100_000];
    let stop: Vec<Value> = sizes
        .iter()
        .map(|units| {
            let mut host = stopping(*units);
            stops(&mut host);
            // A turn is a stop, its row, its answer, the exit and the next start.
            json!([units, shortest(|| timed(|| stops(&mut host))) / 100])
        })
        .collect();
    let shutdown: Vec<Value> = sizes
        .iter()
        .map(|units| {
            let host = Host::running(vec![contracts::engagement()], *units);
            let time = shortest(|| {
                let mut host = host.clone();
                timed(|| host.shut_down())
            });
            json!([units, time])
        })
        .collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let sweep: Vec<Value> = (1..=threads).map(|threads| json!([threads, runs_a_second(threads)])).collect();
    json!({ "stop-nanoseconds": stop, "shutdown-nanoseconds": shutdown, "storm-runs-a-second": sweep })
}

/// Runs of the reference workload in one second on so many threads.
fn runs_a_second(threads: usize) -> u64 {
    let begun = Instant::now();
    let time = Duration::from_secs(1);
    std::thread::scope(|scope| {
        let count = |thread: u64| {
            move || {
                let setup = stop_storm();
                let mut arena = Arena::new(&setup);
                let mut runs = 0_u64;
                while begun.elapsed() < time {
                    for _ in 0..100 {
                        let seed = thread << 32 | runs;
                        black_box(run(&setup, &mut Random::new(seed), &mut arena, None));
                        runs += 1;
                    }
                }
                runs
            }
        };
        let all: Vec<_> = (0..threads as u64).map(|thread| scope.spawn(count(thread))).collect();
        all.into_iter().map(|handle| handle.join().unwrap_or_default()).sum()
    })
}
