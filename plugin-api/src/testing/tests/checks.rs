//! Rules of commands apply in a test as they do with a host.

use std::time::Duration;

use crate::{
    Cog, Context, Host, Result,
    manifest::{Command, Concurrency, Cooldown, Rules, Scope},
    permissions::MANAGE_MESSAGES,
    testing::Bot,
};

struct Guarded;

impl Cog for Guarded {
    const COMMANDS: &'static [Command] = &[
        Command::new("owner", "For owners").owners_only(),
        Command::new("nsfw", "For adults").nsfw(),
        Command::new("manage", "For moderators").permissions(MANAGE_MESSAGES),
        Command::new("role", "For a role").rules(RULES),
        Command::new("guild", "In guilds").guild_only(),
        Command::new("seldom", "Now and then").cooldown(Cooldown::new(1, Duration::from_secs(3))),
        Command::new("slow", "One after the other")
            .concurrency(Concurrency::new(1, Scope::Guild).wait())
            .cooldown(Cooldown::new(1, Duration::from_secs(60))),
    ];

    async fn setup(_: Host) -> Result<Self> {
        Ok(Self)
    }

    async fn command(&self, ctx: &Context) -> Result {
        if ctx.command() == "slow" {
            ctx.clock().sleep(Duration::from_secs(2)).await;
        }
        ctx.reply("yes").await?;
        Ok(())
    }
}

/// The id of the first role in the kit's guild.
const ROLES: &[u64] = &[300];
const RULES: Rules = Rules {
    permissions: 0,
    bot_permissions: 0,
    guild_only: false,
    dm_only: false,
    owners_only: false,
    nsfw: false,
    roles: ROLES,
    cooldown: None,
    concurrency: None,
};

#[test]
fn rules_apply_with_a_slash_and_with_a_prefix() {
    let bot = Bot::new::<Guarded>();
    let alice = bot.user("alice");
    let refused = ["owner", "nsfw", "manage", "role"];
    for command in refused {
        assert_ne!(alice.say(&format!("!{command}")).content(), "yes", "{command}");
        assert_ne!(alice.slash(command, ()).content(), "yes", "{command}");
    }
    bot.add_owner(&alice);
    bot.mark_nsfw("general");
    alice.set_permissions(MANAGE_MESSAGES);
    assert_eq!(alice.add_role("friends"), ROLES[0]);
    for command in refused {
        alice.say(&format!("!{command}")).assert_content("yes");
        alice.slash(command, ()).assert_content("yes");
    }
    assert!(bot.faults().is_empty());
}

#[test]
fn a_direct_message_is_not_in_a_guild() {
    let bot = Bot::new::<Guarded>();
    let alice = bot.user("alice");
    alice.say("!guild").assert_content("yes");
    alice.in_dm().say("!guild").assert_content("This command only works in a server.");
}

#[test]
fn a_cooldown_ends_after_its_time_and_survives_a_reload() {
    let bot = Bot::new::<Guarded>();
    let (alice, bob) = (bot.user("alice"), bot.user("bob"));
    alice.slash("seldom", ()).assert_content("yes");
    bob.slash("seldom", ()).assert_content("yes");
    bot.reload::<Guarded>();
    bot.advance(Duration::from_secs(1));
    alice.slash("seldom", ()).assert_content("Try again in 2 s.");
    bot.advance(Duration::from_secs(2));
    alice.slash("seldom", ()).assert_content("yes");
}

#[test]
fn a_call_that_waits_for_its_turn_must_be_repeated_when_the_cog_is_replaced() {
    let bot = Bot::new::<Guarded>();
    let (alice, bob, carol) = (bot.user("alice"), bot.user("bob"), bot.user("carol"));
    let first = alice.slash("slow", ());
    let waiting = [bob.slash("slow", ()), carol.say("!slow")];
    assert!(first.messages().is_empty() && waiting.iter().all(|answer| answer.messages().is_empty()));
    bot.reload::<Guarded>();
    for answer in waiting {
        answer.assert_content("`slow` was waiting when its cog was replaced; call it again.");
    }
    // It did not begin, so no cooldown was used.
    let again = bob.slash("slow", ());
    bot.advance(Duration::from_secs(2));
    again.assert_content("yes");
    assert!(bot.faults().is_empty());
}
