//! A cog's file.
mod open;
pub use open::{OpenError, OpenFailure, OpenLibrary, open};
