//! How long a stop takes as a client sees it: over the socket, with its row on disk, beside a bare commit on
//! the same disk in the same run. Both come after the same rest: a disk and processors that have gone to sleep
//! take their time for either.
//!
//! `WINDDOWN_FIGURES=100000 cargo test --release -p winddown-host --test daemon -- --nocapture figures`
//! shows it with a hundred thousand running units.

use std::{
    fmt::Write as _,
    thread::sleep,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use winddown_host::ipc::{Answer, Reply, Said};

use crate::harness::{Home, Line};

/// How many stops are measured.
const STOPS: u64 = 30;
/// What a start's row gets to be written, so that a stop waits for its own alone; and what a commit gets as well.
const REST: Duration = Duration::from_millis(25);

#[test]
#[expect(clippy::print_stdout, reason = "figures are for whoever asks to see them")]
fn figures_of_a_stop_with_one_unit_and_with_many() {
    let many = std::env::var("WINDDOWN_FIGURES").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    for units in [1, many] {
        let (mut stops, mut bare) = measure(units);
        let (stop, commit) = (median(&mut stops), median(&mut bare));
        println!(
            "{units:>7} units: stop p50 {stop:?}, p99 {:?}; bare commit p50 {commit:?}, p99 {:?}; goal p50 {:?}",
            stops[stops.len() * 99 / 100],
            bare[bare.len() * 99 / 100],
            commit * 3 / 2 + Duration::from_micros(100),
        );
        // Far from the goal, which only a quiet machine can be held to; far below what one look at every unit
        // for each stop would cost.
        assert!(stop < commit * 5 + Duration::from_millis(30), "{units} units: {stop:?} beside {commit:?}");
    }
}

/// Stops of one unit among others that run, and bare commits, in turns.
fn measure(units: u64) -> (Vec<Duration>, Vec<Duration>) {
    let mut config = String::new();
    for number in 0..units {
        let start = number > 0;
        writeln!(
            config,
            "[[unit]]\nname = \"unit-{number}\"\nkind = \"container\"\ndemo = \"navigation\"\nstart = {start}"
        )
        .expect("a text can be written to");
    }
    let home = Home::new(&config);
    let _daemon = home.start();
    // As many rows are on their way to the disk as units were started.
    sleep(Duration::from_micros(300 * units));
    let database = bare_database(&home);
    let mut line = home.connect();
    let (mut stops, mut bare) = (Vec::new(), Vec::new());
    for round in 1..=STOPS {
        let started = ask(&mut line, round * 2, r#"{"start":{"unit":"unit-0"}}"#);
        assert_eq!(started, Said::Ok(Answer::Accepted));
        sleep(REST);
        let began = Instant::now();
        let stopped = ask(&mut line, round * 2 + 1, r#"{"stop":{"unit":"unit-0"}}"#);
        stops.push(began.elapsed());
        assert!(matches!(stopped, Said::Ok(Answer::Stopped { .. })), "{stopped:?}");
        sleep(REST);
        let began = Instant::now();
        database.execute("INSERT INTO bare (row) VALUES (zeroblob(100))", ()).expect("it can be written");
        bare.push(began.elapsed());
    }
    (stops, bare)
}

fn bare_database(home: &Home) -> Connection {
    let database = Connection::open(home.state("bare.db")).expect("it can be made");
    let setup = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE bare (row BLOB);";
    database.execute_batch(setup).expect("it can be set up");
    database
}

fn ask(line: &mut Line, id: u64, what: &str) -> Said {
    line.say(&format!(r#"{{"v":1,"id":{id},"do":{what}}}"#));
    let Reply { id: its, said, .. } = line.hear().expect("an answer");
    assert_eq!(its, id);
    said
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
