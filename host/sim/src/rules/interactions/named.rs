//! Objects that an interaction names: users, roles and channels are found by name, id or mention and added to
//! `resolved`.

use serde_json::{Map, Value, json};

use crate::ids::Snowflake;
use crate::world::permissions::permissions_of;
use crate::world::wire::MemberJson;
use crate::world::{Attachment, ComponentKind, Guild, World, bits};

/// Where names are looked up.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) world: &'a World,
    pub(crate) guild: Option<&'a Guild>,
    /// The user who names it; channels that this user cannot see are not found.
    pub(crate) user: Snowflake,
    /// The bot that receives it.
    pub(crate) bot: Snowflake,
    /// The files that were sent along, each with the text by which an option or field names it.
    pub(crate) files: &'a [(String, Attachment)],
}

/// Objects that are found by name.
#[derive(Clone, Copy)]
pub(crate) enum NamedKind {
    User,
    Role,
    Mentionable,
    Channel,
}

impl NamedKind {
    /// The kind of object in this kind of select menu.
    pub(crate) fn of_menu(kind: ComponentKind) -> Option<Self> {
        match kind {
            ComponentKind::UserSelect => Some(Self::User),
            ComponentKind::RoleSelect => Some(Self::Role),
            ComponentKind::MentionableSelect => Some(Self::Mentionable),
            ComponentKind::ChannelSelect => Some(Self::Channel),
            _ => None,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::User => "member",
            Self::Role => "role",
            Self::Mentionable => "member or role",
            Self::Channel => "channel",
        }
    }
}

/// Finds a file that was sent along, and adds it to `resolved`.
pub(crate) fn file(place: Place<'_>, key: &str, resolved: &mut Map<String, Value>) -> Option<Snowflake> {
    let (_, file) = place.files.iter().find(|(known, _)| known == key)?;
    resolve(resolved, "attachments", file.id, json!(file));
    Some(file.id)
}

/// Finds a user, role or channel by name, id or mention and adds it to `resolved`.
pub(crate) fn named(
    place: Place<'_>,
    kind: NamedKind,
    name: &str,
    resolved: &mut Map<String, Value>,
) -> Option<Snowflake> {
    match kind {
        NamedKind::User => user(place, name, resolved),
        NamedKind::Role => role(place.guild, name, resolved),
        NamedKind::Mentionable => user(place, name, resolved).or_else(|| role(place.guild, name, resolved)),
        NamedKind::Channel => channel(place, name, resolved),
    }
}

fn user(place: Place<'_>, name: &str, resolved: &mut Map<String, Value>) -> Option<Snowflake> {
    let Place { world, guild, .. } = place;
    let bare = name.trim_start_matches("<@").trim_start_matches('!').trim_end_matches('>');
    let user = world.user_named(bare)?;
    resolve(resolved, "users", user.id, json!(&**user));
    if let Some(guild) = guild
        && let Some(member) = guild.members.get(&user.id)
    {
        let granted = permissions_of(guild, None, user.id);
        resolve(resolved, "members", user.id, json!(MemberJson::resolved(member, granted)));
    }
    Some(user.id)
}

fn channel(place: Place<'_>, name: &str, resolved: &mut Map<String, Value>) -> Option<Snowflake> {
    let Place { world, guild, user, bot, .. } = place;
    let bare = name.trim_start_matches("<#").trim_end_matches('>');
    let channel = world.channel_named(bare, guild.map(|guild| guild.id))?;
    let granted = world.permissions_in(channel, user);
    if granted & bits::VIEW_CHANNEL == 0 {
        return None;
    }
    let mut partial = json!({
        "id": channel.id, "name": &*channel.name, "type": channel.kind as u8, "parent_id": channel.parent_id,
        "permissions": granted.to_string(),
    });
    if guild.is_some_and(|guild| guild.members.contains_key(&bot)) {
        partial["app_permissions"] = json!(world.permissions_in(channel, bot).to_string());
    }
    resolve(resolved, "channels", channel.id, partial);
    Some(channel.id)
}

fn role(guild: Option<&Guild>, name: &str, resolved: &mut Map<String, Value>) -> Option<Snowflake> {
    let bare = name.trim_start_matches("<@&").trim_end_matches('>').trim_start_matches('@');
    let role = guild?.roles.iter().find(|role| role.name == bare || role.id.to_string() == bare)?;
    resolve(resolved, "roles", role.id, json!(role));
    Some(role.id)
}

/// Whether a channel has one of these types; an empty list allows any.
pub(crate) fn is_of_types(place: Place<'_>, channel: Snowflake, types: &[u64]) -> bool {
    let kind = place.world.channel(channel).map(|channel| channel.kind as u64);
    types.is_empty() || kind.is_some_and(|kind| types.contains(&kind))
}

pub(crate) fn resolve(resolved: &mut Map<String, Value>, kind: &str, id: Snowflake, value: Value) {
    resolved.entry(kind).or_insert_with(|| json!({}))[id.to_string()] = value;
}
