//! Placeholder.
/// Placeholder.
#[derive(Debug)]
pub struct ScenarioError;
