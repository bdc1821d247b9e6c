//! The user who called, as serenity's models: read on demand, once, from the JSON of the call.

use std::{borrow::Cow, cell::OnceCell};

use ::serenity::model::{
    guild::Member,
    id::{GuildId, UserId},
    user::User,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::models::complete;

use crate::{Context, FromDiscord};

/// The user who called, once they were asked for.
#[derive(Default)]
pub(crate) struct Caller {
    author: OnceCell<Box<User>>,
    member: OnceCell<Option<Box<Member>>>,
}

/// The fields of Discord's messages, interactions and events that name the user they are about.
#[derive(Default, Deserialize)]
struct About<'a> {
    /// Of a message.
    #[serde(borrow)]
    author: Option<&'a RawValue>,
    /// Of an interaction in a direct message, and of most events.
    #[serde(borrow)]
    user: Option<&'a RawValue>,
    /// Of a message, without the user; of an interaction in a guild and of some events, with it.
    #[serde(borrow)]
    member: Option<&'a RawValue>,
    /// Of events that only have the id.
    #[serde(borrow)]
    user_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    guild_id: Option<Cow<'a, str>>,
}

impl Context {
    /// The user that the call or event is about: who called, pressed, wrote, joined or reacted. If an event has only an
    /// id, the name is empty. In a task, and for an event that is about no user, this is the bot itself.
    #[must_use]
    pub fn author(&self) -> &User {
        self.caller.author.get_or_init(|| Box::new(author(self)))
    }

    /// The [`author`](Self::author) as a member of the guild, with their roles, their nickname and, for an interaction,
    /// their permissions in the channel. `None` in a direct message and in a task, and for an event that does not have
    /// it.
    #[must_use]
    pub fn member(&self) -> Option<&Member> {
        self.caller.member.get_or_init(|| member(self).map(Box::new)).as_deref()
    }
}

fn author(ctx: &Context) -> User {
    let json = ctx.json();
    let about = about(&json);
    let of_member = || about.member.and_then(|member| self::about(member.get()).user);
    if let Some(user) = about.author.or(about.user).or_else(of_member)
        && let Ok(user) = User::from_discord(user.get())
    {
        return user;
    }
    let mut user = User::default();
    // What is known of a user that serenity cannot read.
    if let Ok(plain) = ctx.user()
        && plain.id != 0
    {
        user.id = UserId::new(plain.id);
        user.name = plain.name.to_string();
        user.bot = plain.bot;
    } else if let Some(id) = about.user_id.and_then(|id| id.parse().ok()) {
        user.id = id;
    } else {
        user.bot = true;
        user.id = UserId::new(ctx.bot_id().max(1));
        user.name = ctx.discord().application().map(|bot| bot.user_name).unwrap_or_default();
    }
    user
}

fn member(ctx: &Context) -> Option<Member> {
    let json = ctx.json();
    let About { author, member, guild_id, .. } = about(&json);
    let member = match ctx.event_name() {
        // The event itself is the member.
        "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE" => &json,
        _ => member?.get(),
    };
    let guild = guild_id?.parse().ok()?;
    match read_member(member, author.map(RawValue::get), guild) {
        Ok(member) => Some(member),
        Err(error) => {
            tracing::warn!("cannot read the caller's member data: {error}");
            None
        }
    }
}

/// Reads a member that is a part of another object. Discord leaves out what that object has (the user and the guild),
/// and whether the member is muted, which is then taken to be `false`.
pub(super) fn read_member(member: &str, user: Option<&str>, guild: GuildId) -> crate::Result<Member> {
    let guild = format!("\"{guild}\"");
    let known = [("guild_id", &*guild), ("deaf", "false"), ("mute", "false"), ("flags", "0")];
    let user = user.map(|user| ("user", user));
    let known: Vec<(&str, &str)> = known.into_iter().chain(user).collect();
    Member::from_discord(&complete(member, &known))
}

fn about(json: &str) -> About<'_> {
    serde_json::from_str(json).unwrap_or_default()
}
