//! Ids as arguments, with or without serenity: Discord offers users, roles or channels, and sends the snowflake of the
//! chosen one. Each type converts into the `u64` that the handles take.

use super::{
    given::{CHANNEL_SIGNS, ROLE_SIGNS, USER_SIGNS, ask, get, id, sent_along},
    seen::Facts,
};
use crate::{
    Argument, ArgumentError, Given,
    manifest::{OptionType, kind},
    permissions::VIEW_CHANNEL,
};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u64);

        impl From<$name> for u64 {
            fn from(id: $name) -> Self {
                id.0
            }
        })+
    };
}

ids! {
    /// A user, by a mention or an id. Whether the user exists is not checked.
    User;
    /// A role, by a mention or an id. Whether the role exists is not checked.
    Role;
    /// A channel of this server that the caller can see, by a mention or an id.
    Channel;
}

impl Argument for User {
    const OPTION: OptionType = OptionType::new(kind::USER);

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        let id = id(given.text(), USER_SIGNS);
        id.map(Self).ok_or_else(|| ArgumentError::expected("a user: a mention or an id"))
    }
}

impl Argument for Role {
    const OPTION: OptionType = OptionType::new(kind::ROLE);

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        let id = id(given.text(), ROLE_SIGNS);
        id.map(Self).ok_or_else(|| ArgumentError::expected("a role: a mention or an id"))
    }
}

impl Argument for Channel {
    const OPTION: OptionType = OptionType::new(kind::CHANNEL);

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        let unfit = || {
            let kind = if given.channel_types().is_empty() { "a channel" } else { "a suitable channel" };
            ArgumentError::expected(format!("{kind} of this server: a mention or an id"))
        };
        let (ctx, id) = (given.context(), id(given.text(), CHANNEL_SIGNS).ok_or_else(unfit)?);
        // Discord has checked it.
        if sent_along(ctx, "channels", id).is_some() {
            return Ok(Self(id));
        }
        let found = ask(get(ctx, format!("/channels/{id}"))).await?.unwrap_or_default();
        let facts = Facts::of(&found).ok_or_else(unfit)?;
        let is_here = ctx.guild_id().is_some_and(|guild| facts.is_in(guild));
        let fits = is_here && facts.is_of(given.channel_types());
        if fits && facts.may(ctx, VIEW_CHANNEL).await? { Ok(Self(id)) } else { Err(unfit()) }
    }
}
