//! Names a cog's generation. It carries no state.

use std::{fmt, sync::Arc};

/// One incarnation of a cog, written `name#7`. Numbers only rise while the host runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GenerationId {
    /// The cog's name.
    pub cog: Arc<str>,
    /// Which incarnation; the first is 1.
    pub number: u64,
}

impl fmt::Display for GenerationId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}#{}", self.cog, self.number)
    }
}
