//! Application commands: which ones bots registered, validated as by Discord, and who may use them where.

mod body;
mod exceptions;
pub(crate) mod numbers;
mod registry;
mod validate;

pub(crate) use body::{CommandBody, CommandKind, CommandOption, OptionKind};
pub(crate) use registry::{Command, Commands};
pub(crate) use validate::{choice, locale, translations, validated};
