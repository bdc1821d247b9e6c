//! The events that are listened to, each as serenity's struct.

use gearshift_cog::{
    FromEvent,
    prelude::*,
    serenity::model::event::{
        GuildCreateEvent, GuildRoleCreateEvent, GuildRoleDeleteEvent, InteractionCreateEvent,
        InviteCreateEvent, MessageCreateEvent, ReactionAddEvent, ReadyEvent, ThreadDeleteEvent,
        ThreadMembersUpdateEvent,
    },
};

macro_rules! events {
    ($($type:ty)+) => {
        pub(crate) const NAMES: &[&str] = &[$(<$type>::NAME),+];

        /// The name of the event, if it can be parsed.
        pub(crate) fn read(event: &Event) -> Result<&'static str> {
            match event.name() {
                $(name if name == <$type>::NAME => <$type>::from_event(event).map(|_| <$type>::NAME),)+
                other => Err(Error::new(format!("{other} was not asked for"))),
            }
        }
    };
}

events! {
    ReadyEvent GuildCreateEvent GuildMemberAddition GuildMemberRemoval GuildMemberUpdateEvent MessageCreateEvent
    MessageUpdateEvent MessageDeleteEvent ReactionAddEvent ReactionRemoveEvent TypingStartEvent ChannelCreateEvent
    ChannelUpdateEvent ChannelDeleteEvent ThreadCreateEvent ThreadDeleteEvent ThreadMembersUpdateEvent
    GuildRoleCreateEvent GuildRoleDeleteEvent InviteCreateEvent InteractionCreateEvent
}
