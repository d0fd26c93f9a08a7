//! What `cargo xtask bench` runs: the cases of the gate, one process a question, so that nothing of the
//! harness is measured. It prints JSON, for programs.
#![expect(unsafe_code, reason = "counting allocations takes an allocator, and that trait is unsafe")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    io::{self, Write as _},
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
};

use serde_json::{Value, json};
use winddown_benches::{
    cases::{CASES, Case},
    clock,
};

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

struct Counting;

// SAFETY: everything is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps to the contract, and so do we.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the contract, and so do we.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps to the contract, and so do we.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const USAGE: &str = "\
usage: winddown-cases list            every case, with what it does
       winddown-cases counters        exact counters of every case
       winddown-cases run CASE        one case, once: for a tool that counts instructions
       winddown-cases pairs           wall-clock ratios, measured in interleaved pairs
       winddown-cases curves          times against sizes, for the report
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let value = match words.as_slice() {
        ["list"] => list(),
        ["counters"] => counters(),
        ["run", name] => match Case::by_name(name) {
            Some(case) => {
                let _counters = case.prepare().measure();
                return ExitCode::SUCCESS;
            }
            None => return complain(&format!("there is no case `{name}`; `winddown-cases list` has them\n")),
        },
        ["pairs"] => clock::pairs(),
        ["curves"] => clock::curves(),
        _ => return complain(USAGE),
    };
    match writeln!(io::stdout(), "{value}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn complain(text: &str) -> ExitCode {
    // If standard error is closed, there is nobody to tell.
    drop(io::stderr().write_all(text.as_bytes()));
    ExitCode::from(2)
}

fn list() -> Value {
    CASES.iter().map(|case| json!({ "case": case.name, "about": case.about })).collect()
}

fn counters() -> Value {
    let count = |case: &Case| {
        let work = case.prepare();
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        let counters = work.measure();
        let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
        let counters = json!({
            "allocations": allocations,
            "steps": counters.steps,
            "effects": counters.effects,
            "rows": counters.rows,
        });
        (case.name.to_owned(), counters)
    };
    Value::Object(CASES.iter().map(count).collect())
}
