//! Whom a message mentions: parsed from its text, and restricted by `allowed_mentions`.

use std::sync::Arc;

use crate::ids::Snowflake;
use crate::world::{Channel, User, World, bits};

/// <https://discord.com/developers/docs/resources/message#allowed-mentions-object>
#[derive(Clone, Debug, Default)]
pub(crate) struct AllowedMentions {
    /// What may be mentioned at all: `users`, `roles`, `everyone`. If absent, only the listed ids.
    pub(crate) parse: Option<Vec<String>>,
    pub(crate) users: Option<Vec<Snowflake>>,
    pub(crate) roles: Option<Vec<Snowflake>>,
    pub(crate) replied_user: Option<bool>,
}

impl AllowedMentions {
    fn allows(&self, kind: &str, listed: Option<&Vec<Snowflake>>, id: Snowflake) -> bool {
        self.parse.as_ref().is_some_and(|kinds| kinds.iter().any(|one| one == kind))
            || listed.is_some_and(|listed| listed.contains(&id))
    }
}

/// The mentions in a text.
#[derive(Default)]
pub(crate) struct Mentions {
    pub(crate) users: Vec<Arc<User>>,
    pub(crate) roles: Vec<Snowflake>,
    pub(crate) everyone: bool,
}

/// The mentions in an author's text in a channel. `@everyone`, and roles that not everybody may mention, need the
/// permission. Webhooks have no account and are not restricted, as with Discord.
pub(crate) fn mentions_by(
    world: &World,
    channel: Snowflake,
    author: Snowflake,
    text: &str,
    allowed: Option<&AllowedMentions>,
) -> Mentions {
    let mut found = mentions_in(world, text, allowed);
    if !found.everyone && found.roles.is_empty() {
        return found;
    }
    let Some(channel) = world.channel(channel) else { return found };
    let Some(guild) = world.guild_of(channel) else { return found };
    let held = guild.members.contains_key(&author)
        && world.permissions_in(channel, author) & bits::MENTION_EVERYONE == 0;
    found.everyone &= !held;
    found.roles.retain(|role| guild.role(*role).is_some_and(|role| role.mentionable || !held));
    found
}

pub(crate) fn mentions_in(world: &World, text: &str, allowed: Option<&AllowedMentions>) -> Mentions {
    let mut found = Mentions::default();
    if text.contains("@everyone") || text.contains("@here") {
        found.everyone = allowed.is_none_or(|allowed| allowed.allows("everyone", None, Snowflake(0)));
    }
    let mut rest = text;
    while let Some(at) = rest.find("<@") {
        rest = &rest[at + 2..];
        let Some(end) = rest.find('>') else { break };
        let inner = &rest[..end];
        if let Some(role) = inner.strip_prefix('&') {
            if let Ok(role) = role.parse()
                && allowed.is_none_or(|allowed| allowed.allows("roles", allowed.roles.as_ref(), role))
                && !found.roles.contains(&role)
            {
                found.roles.push(role);
            }
        } else if let Ok(user) = inner.trim_start_matches('!').parse()
            && allowed.is_none_or(|allowed| allowed.allows("users", allowed.users.as_ref(), user))
            && let Some(user) = world.users.get(&user)
            && !found.users.iter().any(|known| known.id == user.id)
        {
            found.users.push(user.clone());
        }
    }
    found
}

/// A text as Discord's client sends it: with ids in place of the names of a guild's members, roles and channels that its
/// author typed as `@bob`, `@moderator` or `#dev`. A backslash in front keeps a name as it is.
/// <https://discord.com/developers/docs/reference#message-formatting>
pub(crate) fn with_mentions(world: &World, channel: &Channel, text: &str) -> String {
    let (mut sent, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(['@', '#']) {
        let (before, (mark, name)) = (&rest[..at], rest[at..].split_at(1));
        sent.push_str(before);
        let is_typed = !sent.ends_with(|before| is_word(before) || before == '\\');
        match is_typed.then(|| mention(world, channel, mark, name)).flatten() {
            Some((length, mention)) => {
                sent.push_str(&mention);
                rest = &name[length..];
            }
            None => {
                sent.push_str(mark);
                rest = name;
            }
        }
    }
    sent + rest
}

/// The mention of whom or what a text begins with the name of, and the length of that name.
fn mention(world: &World, channel: &Channel, mark: &str, text: &str) -> Option<(usize, String)> {
    let is_named = |name: &str| text.strip_prefix(name).is_some_and(|after| !after.starts_with(is_word));
    let found = |name: &str, mention: &dyn Fn() -> String| is_named(name).then(|| (name.len(), mention()));
    let of_user = |user: &User| found(&user.username, &|| format!("<@{}>", user.id));
    let guild = world.guild_of(channel);
    let all: Vec<(usize, String)> = match (mark, guild) {
        ("@", Some(guild)) => {
            let users = guild.members.values().filter_map(|member| of_user(&member.user));
            let roles = guild.roles.iter().filter(|role| role.id != guild.id);
            users.chain(roles.filter_map(|role| found(&role.name, &|| format!("<@&{}>", role.id)))).collect()
        }
        ("@", None) => channel.recipients.iter().filter_map(|user| of_user(user)).collect(),
        (_, guild) => {
            let channels = guild.into_iter().flat_map(|guild| &guild.channels);
            let channels = channels.filter_map(|id| world.channel(*id));
            channels.filter_map(|it| found(&it.name, &|| format!("<#{}>", it.id))).collect()
        }
    };
    // Of `@news` and `@news team`, the longer one is meant.
    all.into_iter().max_by_key(|(length, _)| *length)
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_names_become_mentions() {
        let world = World::default();
        let id = |name: &str| world.user_named(name).unwrap().id;
        let (alice, bob) = (id("alice"), id("bob"));
        let general = world.channels.values().find(|channel| &*channel.name == "general").unwrap();
        let role = &world.guild_of(general).unwrap().roles[1];
        for (text, sent) in [
            ("hi @alice, meet @bob.", format!("hi <@{alice}>, meet <@{bob}>.")),
            ("@bobby and a@bob and \\@bob", "@bobby and a@bob and \\@bob".to_owned()),
            ("@everyone @nobody #nowhere @", "@everyone @nobody #nowhere @".to_owned()),
            ("in #general ä", format!("in <#{}> ä", general.id)),
            (&format!("@{}!", role.name), format!("<@&{}>!", role.id)),
            (&format!("<@{alice}>"), format!("<@{alice}>")),
        ] {
            assert_eq!(with_mentions(&world, general, text), sent);
        }
    }

    #[test]
    fn mentions_are_found_once_and_only_if_allowed() {
        let world = World::default();
        let alice = world.user_named("alice").unwrap().id;
        let text = format!("<@{alice}> and <@!{alice}> and <@&7> and @everyone <@nobody> <@");
        let all = mentions_in(&world, &text, None);
        assert_eq!((all.users.len(), all.roles.len(), all.everyone), (1, 1, true));
        let none =
            mentions_in(&world, &text, Some(&AllowedMentions { parse: Some(vec![]), ..Default::default() }));
        assert_eq!((none.users.len(), none.roles.len(), none.everyone), (0, 0, false));
    }
}
