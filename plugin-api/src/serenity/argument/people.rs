//! Users, members and roles.

use std::borrow::Cow;

use ::serenity::model::{
    guild::{Member, Role},
    id::{GuildId, RoleId, UserId},
    user::User,
};
use serde::Deserialize;

use super::{
    UserOrRole,
    given::{ROLE_SIGNS, USER_SIGNS, ask, get, guild, has_id, id, is_named, items, sent_along},
};
use crate::{
    Argument, ArgumentError, Context, FromDiscord, Given,
    manifest::{OptionType, kind},
    serenity::context::read_member,
};

const USER: &str = "a user: a mention, an id or a name";
const MEMBER: &str = "a member of this server: a mention, an id or a name";
const ROLE: &str = "a role of this server: a mention, an id or a name";
const USER_OR_ROLE: &str = "a user or a role: a mention, an id or a name";

impl Argument for User {
    const OPTION: OptionType = OptionType::new(kind::USER);

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        let (ctx, text) = (given.context(), given.text());
        if let Some(id) = id(text, USER_SIGNS) {
            if let Some(user) = sent_along(ctx, "users", id) {
                return parsed(Self::from_discord(user));
            }
            if let Some(user) = ask(get(ctx, format!("/users/{id}"))).await? {
                return parsed(Self::from_discord(&user));
            }
        }
        let member = named_member(ctx, text, USER).await?;
        member.map(|member| member.user).ok_or_else(|| ArgumentError::expected(USER))
    }
}

/// For a member in an option of a slash command, Discord does not say whether they are muted or deafened.
impl Argument for Member {
    const OPTION: OptionType = OptionType::new(kind::USER);

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        let (ctx, text) = (given.context(), given.text());
        let guild = guild(ctx, MEMBER)?;
        if let Some(id) = id(text, USER_SIGNS) {
            if let Some(member) = sent_along(ctx, "members", id) {
                return parsed(read_member(member, sent_along(ctx, "users", id), guild));
            }
            if let Some(member) = ask(get(ctx, format!("/guilds/{guild}/members/{id}"))).await? {
                return parsed(read_member(&member, None, guild));
            }
        }
        named_member(ctx, text, MEMBER).await?.ok_or_else(|| ArgumentError::expected(MEMBER))
    }
}

/// For an id, whether the user exists is not checked.
impl Argument for UserId {
    const OPTION: OptionType = OptionType::new(kind::USER);

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        match id(given.text(), USER_SIGNS) {
            Some(id) => Ok(Self::new(id)),
            None => User::read(given).await.map(|user| user.id),
        }
    }
}

impl Argument for Role {
    const OPTION: OptionType = OptionType::new(kind::ROLE);

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        let (ctx, text) = (given.context(), given.text());
        let guild = guild(ctx, ROLE)?;
        let id = id(text, ROLE_SIGNS);
        if let Some(role) = id.and_then(|id| sent_along(ctx, "roles", id)) {
            return parsed(read_role(role, guild));
        }
        let roles = ask(get(ctx, format!("/guilds/{guild}/roles"))).await?.unwrap_or_default();
        let roles = items(&roles);
        let by_id = id.and_then(|id| roles.iter().find(|role| has_id(role, id)));
        let role = by_id.or_else(|| roles.iter().find(|role| is_named(&name_of(role), text)));
        parsed(read_role(role.ok_or_else(|| ArgumentError::expected(ROLE))?, guild))
    }
}

/// For an id, whether the role exists is not checked.
impl Argument for RoleId {
    const OPTION: OptionType = OptionType::new(kind::ROLE);

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        match id(given.text(), ROLE_SIGNS) {
            Some(id) => Ok(Self::new(id)),
            None => Role::read(given).await.map(|role| role.id),
        }
    }
}

impl Argument for UserOrRole {
    const OPTION: OptionType = OptionType::new(kind::MENTIONABLE);

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        let is_role = id(given.text(), ROLE_SIGNS).is_some_and(|id| {
            given.text().starts_with("<@&") || sent_along(given.context(), "roles", id).is_some()
        });
        if !is_role {
            match User::read(given).await {
                Err(ArgumentError::Expected(_)) => {}
                user => return user.map(Self::User),
            }
        }
        match Role::read(given).await {
            Err(ArgumentError::Expected(_)) => Err(ArgumentError::expected(USER_OR_ROLE)),
            role => role.map(Self::Role),
        }
    }
}

/// The member of this guild with this name: the username, which is unique, or else the name that is shown.
async fn named_member(ctx: &Context, text: &str, what: &str) -> Result<Option<Member>, ArgumentError> {
    let Some(guild) = ctx.guild_id() else { return Ok(None) };
    let name = text.strip_prefix('@').unwrap_or(text);
    // Discord's search finds names that begin with the text.
    let search = get(ctx, format!("/guilds/{guild}/members/search"));
    let Some(found) = ask(search.query(&[("query", name), ("limit", "100")])).await? else { return Ok(None) };
    let found = items(&found);
    let mut shown = found.iter().filter(|member| Names::of(member).is_shown_as(name));
    let member = match found.iter().find(|member| is_named(&Names::of(member).user.username, name)) {
        Some(member) => member,
        None => match (shown.next(), shown.next()) {
            (Some(member), None) => member,
            (Some(_), Some(_)) => {
                return Err(ArgumentError::expected(format!("{what}; several have this name")));
            }
            (None, _) => return Ok(None),
        },
    };
    parsed(read_member(member, None, GuildId::new(guild))).map(Some)
}

/// The names of a member.
#[derive(Default, Deserialize)]
struct Names<'a> {
    #[serde(borrow, default)]
    user: UserNames<'a>,
    #[serde(borrow)]
    nick: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
struct UserNames<'a> {
    #[serde(borrow)]
    username: Cow<'a, str>,
    #[serde(borrow)]
    global_name: Option<Cow<'a, str>>,
}

impl<'a> Names<'a> {
    fn of(member: &'a str) -> Self {
        serde_json::from_str(member).unwrap_or_default()
    }

    fn is_shown_as(&self, name: &str) -> bool {
        [&self.nick, &self.user.global_name].into_iter().flatten().any(|it| is_named(it, name))
    }
}

fn name_of(object: &str) -> Cow<'_, str> {
    #[derive(Default, Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        name: Cow<'a, str>,
    }
    serde_json::from_str(object).map(|it: Named<'_>| it.name).unwrap_or_default()
}

fn read_role(role: &str, guild: GuildId) -> crate::Result<Role> {
    Role::from_discord(role).map(|mut role| {
        role.guild_id = guild;
        role
    })
}

pub(super) fn parsed<T>(read: crate::Result<T>) -> Result<T, ArgumentError> {
    read.map_err(ArgumentError::Failed)
}
