//! serenity's models as arguments of commands. They are read from what Discord sent along, if it did; what a user typed
//! is a mention, an id or a name, and Discord is asked who or what that is.

mod channels;
mod given;
mod messages;
mod people;
mod time;

#[cfg(test)]
mod tests;

use ::serenity::model::{guild::Role, user::User};

/// A user or a role: what Discord calls a mentionable.
#[derive(Clone, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "one argument of a call; a box would be in the way of each match"
)]
pub enum UserOrRole {
    /// A user.
    User(User),
    /// A role of the guild.
    Role(Role),
}
