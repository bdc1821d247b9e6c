//! A prompt, and what is printed beside it, opened for a simulator.

use crate::drive::prompt::{Detail, Printer, Prompt};
use crate::sim::Sim;
use crate::world::ActError;

impl Prompt {
    /// A prompt at which `member` speaks, in the first channel it sees.
    ///
    /// # Errors
    /// If there is no such member.
    pub fn new(sim: &Sim, member: &str) -> Result<Self, ActError> {
        Ok(Self::of(sim.member(member)?))
    }
}

impl Printer {
    /// Shows what happens from now on.
    pub fn new(sim: &Sim, detail: Detail) -> Self {
        Self::of(sim.transcript().reader(), detail)
    }

    /// Shows everything that happened, and what happens.
    pub fn from_start(sim: &Sim, detail: Detail) -> Self {
        Self::of(sim.transcript().reader_from(0), detail)
    }
}
