//! Application commands: which bots registered, checked as Discord does, and who may use them where.

mod exceptions;
pub(crate) mod numbers;
mod registry;
mod validate;

pub(crate) use exceptions::Exception;
pub(crate) use registry::{Command, Commands};
pub(crate) use validate::validated;
