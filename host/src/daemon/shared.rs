//! What all parts of the daemon know.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::watch;

use crate::Host;

use super::{metrics::Metrics, tokens::Tokens};

/// What all parts of the daemon know. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) host: Host,
    pub(super) instance: Arc<str>,
    pub(super) why: Why,
    pub(super) metrics: Arc<Metrics>,
    pub(super) tokens: Arc<Mutex<Arc<Tokens>>>,
    /// Whether the host has begun to shut down.
    pub(super) draining: watch::Receiver<bool>,
}

impl Shared {
    pub(super) fn tokens(&self) -> Arc<Tokens> {
        Arc::clone(&self.tokens.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set_tokens(&self, tokens: Tokens) {
        *self.tokens.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(tokens);
    }
}

/// Who or what asked for the shutdown first.
#[derive(Clone, Default, Debug)]
pub(super) struct Why(Arc<OnceLock<String>>);

impl Why {
    /// Whoever comes first is the reason.
    pub(super) fn note(&self, reason: impl FnOnce() -> String) {
        self.0.get_or_init(reason);
    }

    pub(super) fn words(&self) -> String {
        self.0.get().cloned().unwrap_or_else(|| "asked for by the process itself".to_owned())
    }
}
