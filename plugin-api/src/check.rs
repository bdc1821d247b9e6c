//! The rules of a command, checked before its handler runs together with those of the groups it is in. The place is
//! checked first, then the caller, and last what uses something up: concurrency and cooldowns.

mod turns;

use std::time::Duration;

pub(crate) use self::turns::{Turn, Turns};
use crate::{
    Cog, Context, Error, Result,
    abi::{ChannelPermissions, CooldownUse},
    manifest::{Concurrency, Rules, Scope},
    permissions,
};

/// Discord's types of threads, which have no age restriction of their own.
/// <https://discord.com/developers/docs/resources/channel#channel-object-channel-types>
const THREADS: std::ops::RangeInclusive<u8> = 10..=12;

/// Checks all rules, and the cog's own checks. The call keeps its turns until they are dropped.
///
/// # Errors
/// [Input](Error::input) that says which rule does not hold. Such a call does not count for a cooldown.
pub(crate) async fn hold<C: Cog>(cog: &C, ctx: &Context) -> Result<Vec<Turn>> {
    let rules: Vec<(&str, &Rules)> = ctx.rules().collect();
    for (_, rules) in &rules {
        place(ctx, rules)?;
    }
    if rules.iter().any(|(_, rules)| rules.owners_only) {
        owner(ctx)?;
    }
    let mut here = Here::new(ctx);
    if rules.iter().any(|(_, rules)| rules.nsfw) && !here.is_nsfw().await? {
        return Err(Error::input("this command only works in age-restricted channels"));
    }
    for (_, rules) in &rules {
        permitted(ctx, rules, &mut here).await?;
    }
    for (_, rules) in &rules {
        role(ctx, rules.roles)?;
    }
    cog.check(ctx).await?;
    let turns = turns(ctx, &rules).await?;
    cooled_down(ctx, &rules).await?;
    Ok(turns)
}

/// What a cog's own check returns: a `bool`, or `()` if it fails with an error that says why the command may not run.
pub trait Verdict {
    /// Whether the command may run.
    ///
    /// # Errors
    /// [Input](Error::input) that says that it may not.
    fn hold(self) -> Result;
}

impl Verdict for bool {
    fn hold(self) -> Result {
        if self { Ok(()) } else { Err(Error::input("you cannot use this command here")) }
    }
}

impl Verdict for () {
    fn hold(self) -> Result {
        Ok(())
    }
}

fn place(ctx: &Context, rules: &Rules) -> Result {
    match ctx.guild_id() {
        None if rules.guild_only => Err(Error::input("this command only works in a server")),
        Some(_) if rules.dm_only => Err(Error::input("this command only works in direct messages")),
        _ => Ok(()),
    }
}

fn owner(ctx: &Context) -> Result {
    let user = ctx.user()?.id;
    match ctx.discord().owners()?.contains(&user) {
        true => Ok(()),
        false => Err(Error::input("only the bot's owners can use this command")),
    }
}

/// What is known of the place where the command was called; the host is asked only if necessary, and only once.
struct Here<'c> {
    ctx: &'c Context,
    permissions: Option<ChannelPermissions>,
}

impl<'c> Here<'c> {
    fn new(ctx: &'c Context) -> Self {
        Self { ctx, permissions: None }
    }

    async fn is_nsfw(&mut self) -> Result<bool> {
        #[derive(serde::Deserialize)]
        struct In {
            channel: Channel,
        }
        #[derive(serde::Deserialize)]
        struct Channel {
            #[serde(rename = "type")]
            kind: u8,
            nsfw: Option<bool>,
        }
        if let Some(interaction) = self.ctx.interaction() {
            // In a direct message, Discord offers the command only to users who are old enough.
            // https://support.discord.com/hc/en-us/articles/10123937946007
            if self.ctx.guild_id().is_none() {
                return Ok(true);
            }
            if let Ok(In { channel: Channel { kind, nsfw: Some(nsfw) } }) =
                serde_json::from_str(&interaction.json)
                && !THREADS.contains(&kind)
            {
                return Ok(nsfw);
            }
        }
        match self.ctx.guild_id() {
            Some(guild) => Ok(self.asked(guild).await?.nsfw),
            None => Ok(false),
        }
    }

    /// The permissions of the user and of the bot.
    async fn permissions(&mut self, guild: u64) -> Result<(u64, u64)> {
        // Discord has computed them for the channel, overwrites included.
        if let Some(interaction) = self.ctx.interaction() {
            return Ok((interaction.permissions, interaction.app_permissions));
        }
        let ChannelPermissions { user, bot, .. } = self.asked(guild).await?;
        Ok((user, bot))
    }

    async fn asked(&mut self, guild: u64) -> Result<ChannelPermissions> {
        if let Some(permissions) = self.permissions {
            return Ok(permissions);
        }
        let (channel, user) = (self.ctx.channel_id()?, self.ctx.user()?.id);
        let permissions = self.ctx.channel_permissions(guild, channel, user, self.ctx.roles()).await?;
        Ok(*self.permissions.insert(permissions))
    }
}

async fn permitted(ctx: &Context, rules: &Rules, here: &mut Here<'_>) -> Result {
    if rules.permissions == 0 && rules.bot_permissions == 0 {
        return Ok(());
    }
    let Some(guild) = ctx.guild_id() else {
        // Nobody can take permissions from the bot in a direct message.
        return match rules.permissions {
            0 => Ok(()),
            needed => Err(Error::input(format!(
                "this command only works in a server, for members with {}",
                named(needed)
            ))),
        };
    };
    let (user, bot) = here.permissions(guild).await?;
    let missing = permissions::missing(user, rules.permissions);
    if missing != 0 {
        return Err(Error::input(format!("you need {} to use this command", named(missing))));
    }
    let missing = permissions::missing(bot, rules.bot_permissions);
    if missing != 0 {
        return Err(Error::input(format!("the bot needs {} here to do this", named(missing))));
    }
    Ok(())
}

/// Permissions as a phrase: `Manage Messages and Embed Links`.
fn named(permissions: u64) -> String {
    list(&mut permissions::names(permissions), "and")
}

fn role(ctx: &Context, roles: &[u64]) -> Result {
    if roles.is_empty() || ctx.roles().iter().any(|role| roles.contains(role)) {
        return Ok(());
    }
    if ctx.guild_id().is_none() {
        return Err(Error::input("this command only works in a server, for members with a certain role"));
    }
    // Discord shows the names; the answer notifies nobody.
    let mut names = roles.iter().map(|role| format!("<@&{role}>"));
    Err(Error::input(match roles {
        [role] => format!("you need the role <@&{role}> to use this command"),
        _ => format!("you need one of the roles {} to use this command", list(&mut names, "or")),
    }))
}

async fn turns(ctx: &Context, rules: &[(&str, &Rules)]) -> Result<Vec<Turn>> {
    let mut turns = Vec::new();
    for (path, rules) in rules {
        let Some(Concurrency { most, scope, waits }) = rules.concurrency else { continue };
        let turn = ctx.take_turn(key(ctx, path, scope)?, most);
        match (turn.is_ready() || has_ended_form(ctx, &turn).await?, waits) {
            (true, _) => {}
            (false, true) => {
                // It may take longer than Discord waits for the first answer.
                ctx.defer().await?;
                let came = ctx.waits().unless_paused(turn.ready()).await;
                came.ok_or_else(|| {
                    Error::input(format!("`{path}` was waiting when its cog was replaced; call it again"))
                })?;
            }
            (false, false) => {
                return Err(Error::input(match most {
                    1 => format!("`{path}` is already running; try again when it is done"),
                    most => format!("`{path}` is already running {most} times; try again later"),
                }));
            }
        }
        turns.push(turn);
    }
    Ok(turns)
}

/// How long a call may take to end after its form was closed. The answer to the new call is due within 3 s.
const FORM_END: Duration = Duration::from_secs(2);

/// Whether it is this call's turn now, because the same user's previous call was waiting for a form that they have
/// closed.
async fn has_ended_form(ctx: &Context, turn: &Turn) -> Result<bool> {
    let had_form = ctx.waits().close_forms(ctx.user()?.id);
    Ok(had_form && ctx.clock().timeout(FORM_END, turn.ready()).await.is_some())
}

async fn cooled_down(ctx: &Context, rules: &[(&str, &Rules)]) -> Result {
    let mut uses = Vec::new();
    for (path, rules) in rules {
        let Some(cooldown) = rules.cooldown else { continue };
        let time_ms = u64::try_from(cooldown.time.as_millis()).unwrap_or(u64::MAX);
        let key = key(ctx, path, cooldown.scope)?.into();
        uses.push(CooldownUse { key, uses: cooldown.uses, time_ms });
    }
    if uses.is_empty() {
        return Ok(());
    }
    match ctx.use_cooldowns(uses).await? {
        Duration::ZERO => Ok(()),
        wait => Err(Error::input(format!("try again in {}", span(wait)))),
    }
}

/// The key under which calls are counted together.
fn key(ctx: &Context, path: &str, scope: Scope) -> Result<String> {
    // A menu may have the same name as a command.
    let kind = ctx.interaction().map_or(1, |interaction| interaction.command_kind);
    let user = || Ok::<_, Error>(ctx.user()?.id);
    let whose = match (scope, ctx.guild_id()) {
        (Scope::Member, Some(guild)) => format!(" member {guild} {}", user()?),
        (Scope::User | Scope::Member, _) => format!(" user {}", user()?),
        (Scope::Guild, Some(guild)) => format!(" guild {guild}"),
        (Scope::Channel | Scope::Guild, _) => format!(" channel {}", ctx.channel_id()?),
        (Scope::Global, _) => String::new(),
    };
    Ok(format!("{kind} {path}{whose}"))
}

/// A duration in its two largest units, rounded up: `3 s`, `2 min 5 s`, `1 h`.
fn span(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    // Seconds are irrelevant next to hours.
    let seconds = if seconds >= 3600 { seconds.div_ceil(60) * 60 } else { seconds };
    let units = [(86400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let mut left = seconds;
    let parts = units.iter().filter_map(|(length, unit)| {
        let count = left / length;
        left %= length;
        (count > 0).then(|| format!("{count} {unit}"))
    });
    parts.take(2).collect::<Vec<_>>().join(" ")
}

/// `a`, `a and b`, `a, b and c`.
fn list(names: &mut dyn Iterator<Item = String>, last: &str) -> String {
    let names: Vec<String> = names.collect();
    match &*names {
        [] => String::new(),
        [name] => name.clone(),
        [names @ .., name] => format!("{} {last} {name}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_in_its_two_largest_units() {
        let table = [
            (1, "1 s"),
            (2_500, "3 s"),
            (60_000, "1 min"),
            (125_000, "2 min 5 s"),
            (3_600_000, "1 h"),
            (3_601_000, "1 h 1 min"),
            (90_000_000, "1 d 1 h"),
        ];
        for (millis, expected) in table {
            assert_eq!(span(Duration::from_millis(millis)), expected);
        }
    }

    #[test]
    fn names_are_joined_with_commas_and_a_word() {
        let said = |names: &[&str]| list(&mut names.iter().map(|name| (*name).to_owned()), "and");
        assert_eq!([said(&["a"]), said(&["a", "b"]), said(&["a", "b", "c"])], ["a", "a and b", "a, b and c"]);
    }
}
