//! The constructors of the prompt and its printer, for a simulator.

use crate::drive::prompt::{Detail, Printer, Prompt};
use crate::sim::Sim;
use crate::world::ActError;

impl Prompt {
    /// A prompt at which `member` acts, in the first channel that it sees.
    ///
    /// # Errors
    /// If there is no such member.
    pub fn new(sim: &Sim, member: &str) -> Result<Self, ActError> {
        Ok(Self::of(sim.member(member)?))
    }
}

impl Printer {
    /// Prints what happens from now on.
    pub fn new(sim: &Sim, detail: Detail) -> Self {
        Self::of(sim.transcript().reader(), detail)
    }

    /// Prints everything that has happened, and what happens from now on.
    pub fn from_start(sim: &Sim, detail: Detail) -> Self {
        Self::of(sim.transcript().reader_from(0), detail)
    }
}
