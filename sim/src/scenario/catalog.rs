//! The scenarios that come with winddown.

use super::System;

/// Every scenario that comes with winddown: the name of its file, and the file.
pub const SHIPPED: [(&str, &str); 8] = [
    ("navigation", include_str!("../../scenarios/navigation.toml")),
    ("provider", include_str!("../../scenarios/provider.toml")),
    ("daemon", include_str!("../../scenarios/daemon.toml")),
    ("sessions-25", include_str!("../../scenarios/sessions-25.toml")),
    ("sessions-3", include_str!("../../scenarios/sessions-3.toml")),
    ("tasks", include_str!("../../scenarios/tasks.toml")),
    ("mixed", include_str!("../../scenarios/mixed.toml")),
    ("stop-storm", include_str!("../../scenarios/stop-storm.toml")),
];

impl System {
    /// The name of the file in [`SHIPPED`] that shows this system's contract.
    #[must_use]
    pub const fn scenario(self) -> &'static str {
        match self {
            Self::Container => "navigation",
            Self::Provider => "provider",
            Self::Daemon => "daemon",
            Self::Session => "sessions-25",
            Self::Task => "tasks",
        }
    }

    /// The system with that name, or what to say to whoever asked for it.
    ///
    /// # Errors
    /// A message that lists the known ones, and the nearest.
    pub fn by_name(name: &str) -> Result<Self, String> {
        let names = Self::ALL.map(Self::name);
        Self::named(name).ok_or_else(|| super::file::unknown("system", name, &names))
    }
}
