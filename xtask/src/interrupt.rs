//! Ctrl-C and SIGTERM: the first one asks for what there is so far; the second does not wait for it.

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};

use crate::output::{Code, complain};

static ASKED: AtomicBool = AtomicBool::new(false);

/// From here on, an interrupt is something to look for.
pub(crate) fn listen() {
    listen_and(|| {});
}

/// The same. `end`: what is done before the second one ends everything.
pub(crate) fn listen_and(end: fn()) {
    if let Err(error) = hear(end) {
        complain(&format!("an interrupt will not be answered with what there is so far: {error}"));
    }
}

fn hear(end: fn()) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let hear = move || {
        for _ in signals.forever() {
            if ASKED.swap(true, Ordering::Relaxed) {
                end();
                std::process::exit(Code::Interrupted.number().into());
            }
        }
    };
    thread::Builder::new().name("interrupts".to_owned()).spawn(hear).map(drop)
}

/// Whether somebody interrupted.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
