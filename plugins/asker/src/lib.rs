//! A cog for the tests: commands with every rule, and every way to ask a user and wait. It is not a template for a cog.
#![forbid(unsafe_code)]

mod asks;
mod gate;

use std::time::Duration;

use gearshift_cog::{
    manifest::{Concurrency, Cooldown, Rules, Scope},
    permissions::{KICK_MEMBERS, MANAGE_MESSAGES},
    prelude::*,
};

use self::gate::Gate;

const HOUR: Duration = Duration::from_secs(60 * 60);
/// The role `moderator` of the built-in Discord, whose ids are the same at every start.
const MODERATOR: u64 = 801604121408444013;

const RULED: &[Command] = &[
    Command::new("manage", "Needs a permission").permissions(MANAGE_MESSAGES),
    Command::new("kick", "Needs a permission of the bot")
        .rules(Rules { bot_permissions: KICK_MEMBERS, ..Rules::NONE }),
    Command::new("server", "In a server only").guild_only(),
    Command::new("direct", "In direct messages only").rules(Rules { dm_only: true, ..Rules::NONE }),
    Command::new("own", "For owners only").owners_only(),
    Command::new("adult", "In age-restricted channels only").nsfw(),
    Command::new("moderate", "For moderators only").rules(Rules { roles: &[MODERATOR, 2], ..Rules::NONE }),
];

struct Asker {
    gate: Gate,
}

impl Cog for Asker {
    const COMMANDS: &'static [Command] = &[
        Command::group("ruled", "Has rules", RULED),
        Command::group(
            "limited",
            "Has cooldowns",
            &[
                Command::new("often", "Twice in an hour, with the group"),
                Command::new("once", "Once in an hour").cooldown(Cooldown::new(1, HOUR)),
                Command::new("here", "Once in an hour in a channel")
                    .cooldown(Cooldown::new(1, HOUR).per(Scope::Channel)),
            ],
        )
        .cooldown(Cooldown::new(2, HOUR).per(Scope::Member)),
        Command::new("single", "One at a time").concurrency(Concurrency::new(1, Scope::Global)),
        Command::new("line", "One after the other").concurrency(Concurrency::new(1, Scope::Global).wait()),
        Command::new("open", "Lets one of the waiting calls continue"),
        Command::user_menu("Kick").permissions(KICK_MEMBERS),
        Command::new("ask", "Asks in the way you name").options(&[Opt::string("how", "How").required()]),
    ];

    const EVENTS: &'static [&'static str] = &[events::MESSAGE_CREATE];
    const COMPONENTS: &'static [&'static str] = &["vote:{number}", "idle", "form"];

    async fn setup(_host: Host) -> Result<Self> {
        Ok(Self { gate: Gate::default() })
    }

    async fn command(&self, ctx: &Context) -> Result<()> {
        match ctx.command() {
            "single" | "line" => self.gate.pass().await,
            "open" => self.gate.open(),
            "ask" => return asks::ask(ctx, ctx.option("how").unwrap_or_default()).await,
            _ => {}
        }
        ctx.reply(format!("{}: done", ctx.command())).await
    }

    async fn component(&self, ctx: &Context) -> Result<()> {
        match ctx.custom_id() {
            "idle" => Ok(()),
            "form" => ctx.reply(ctx.form::<asks::Report>().await?.to_string()).await,
            vote => ctx.update(format!("{vote} counted")).await,
        }
    }
}

gearshift_cog::export!(Asker);
