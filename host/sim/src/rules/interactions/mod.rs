//! Interactions: what may be invoked where, what is sent to the bot, and how it may respond.

mod answers;
mod controls;
mod forms;
mod invoke;
mod named;
mod options;
mod permitted;
mod run;

pub(crate) use answers::{
    ResponseTarget, acknowledge, answer_draft, answer_message, loading_answer, to_acknowledge, to_follow_up,
};
pub(crate) use controls::{choose, press};
pub(crate) use forms::{submit, uploads_of};
pub(crate) use invoke::{Invocation, Invoker, begin, time_out};
pub(crate) use options::typed_files;
pub(crate) use permitted::{commands_for_member, commands_for_person};
pub(crate) use run::{TypedCommand, command_named, command_with_id, run, run_on};
