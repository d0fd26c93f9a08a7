//! Ctrl-C: the first one asks for what there is so far; the second does not wait for it.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::output::{Code, complain};

static ASKED: AtomicBool = AtomicBool::new(false);

/// From here on, an interrupt is something to look for.
pub(crate) fn listen() {
    listen_and(|| {});
}

/// The same. `end`: what is done before the second one ends everything.
pub(crate) fn listen_and(end: fn()) {
    let handler = move || {
        if ASKED.swap(true, Ordering::Relaxed) {
            end();
            std::process::exit(Code::Interrupted.number().into());
        }
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        complain(&format!("an interrupt will not be answered with what there is so far: {error}"));
    }
}

/// Whether somebody pressed Ctrl-C.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
