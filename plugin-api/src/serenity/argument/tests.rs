//! Arguments of a command find nothing that Discord's client would not show the caller.

use ::serenity::model::channel::{GuildChannel, Message};
use serde_json::json;

use crate::{
    Context, Result, cog,
    permissions::{MANAGE_THREADS, READ_MESSAGE_HISTORY, SEND_MESSAGES, VIEW_CHANNEL},
    testing::Bot,
};

#[derive(Default)]
struct Quotes;

#[cog(export = false)]
impl Quotes {
    /// Repeats a message
    #[command]
    async fn quote(&self, ctx: &Context, message: Message) -> Result {
        ctx.reply(message.content).await
    }

    /// Names a channel
    #[command]
    async fn channel(&self, ctx: &Context, channel: GuildChannel) -> Result {
        ctx.reply(channel.name).await
    }
}

#[test]
fn a_message_is_found_only_by_users_who_may_read_it() {
    let bot = Bot::new::<Quotes>();
    let (alice, bob) = (bot.user("alice"), bot.user("bob"));
    bob.say("the launch is on Monday");
    let message = bot.messages("general")[0].id();
    let link =
        format!("https://discord.com/channels/{}/{}/{message}", bot.guild_id(), bot.channel("general"));
    for asked in [message.to_string(), link] {
        for lacking in [VIEW_CHANNEL, READ_MESSAGE_HISTORY] {
            alice.set_permissions((VIEW_CHANNEL | SEND_MESSAGES | READ_MESSAGE_HISTORY) & !lacking);
            let unfit =
                "`message` must be a message of this server: its link, or its id if it is in this channel.";
            alice.say(&format!("!quote {asked}")).assert_content(unfit);
            alice.slash("quote", [("message", &*asked)]).assert_content(unfit);
        }
        alice.set_permissions(VIEW_CHANNEL | SEND_MESSAGES | READ_MESSAGE_HISTORY);
        alice.say(&format!("!quote {asked}")).assert_content("the launch is on Monday");
        alice.slash("quote", [("message", &*asked)]).assert_content("the launch is on Monday");
    }
}

#[test]
fn only_permissions_are_requested_for_the_calls_own_channel() {
    let bot = Bot::new::<Quotes>();
    let (alice, here) = (bot.user("alice"), bot.channel("general"));
    alice.say("the launch is on Monday");
    let message = bot.messages("general")[0].id().to_string();
    alice.say(&format!("!quote {message}")).assert_content("the launch is on Monday");
    alice.slash("quote", [("message", &*message)]).assert_content("the launch is on Monday");
    assert_eq!(asked_for(&bot), vec![format!("/channels/{here}/messages/{message}"); 2]);
}

#[test]
fn only_the_missing_part_of_a_resolved_channel_is_requested() {
    let bot = Bot::new::<Quotes>();
    let (alice, id) = (bot.user("alice"), bot.channel("plans"));
    let thread = json!({
        "id": id.to_string(), "type": 12, "name": "plans", "guild_id": bot.guild_id().to_string(), "position": 0,
        "permission_overwrites": [],
    });
    bot.mock_discord("GET", &format!("/channels/{id}"), 200, thread);
    alice.set_permissions(VIEW_CHANNEL | SEND_MESSAGES);
    alice.slash("channel", [("channel", id)]).assert_content("plans");
    assert_eq!(asked_for(&bot), [format!("/channels/{id}")]);
}

/// The paths that the bot requested from Discord.
fn asked_for(bot: &Bot) -> Vec<String> {
    let asked = bot.discord_requests().into_iter().filter(|it| it.method == "GET");
    asked.map(|it| it.address).collect()
}

#[test]
fn a_channel_is_found_only_by_users_who_see_it() {
    let bot = Bot::new::<Quotes>();
    let (alice, id) = (bot.user("alice"), bot.channel("plans"));
    for asked in ["plans".to_owned(), id.to_string(), format!("<#{id}>")] {
        alice.set_permissions(SEND_MESSAGES);
        let unfit = "`channel` must be a channel of this server: a mention, an id or a name.";
        alice.say(&format!("!channel {asked}")).assert_content(unfit);
        alice.set_permissions(SEND_MESSAGES | VIEW_CHANNEL);
        alice.say(&format!("!channel {asked}")).assert_content("plans");
    }
}

#[test]
fn a_private_thread_is_seen_by_its_members_and_by_moderators() {
    let bot = Bot::new::<Quotes>();
    let (alice, id) = (bot.user("alice"), bot.channel("plans"));
    let thread = json!({
        "id": id.to_string(), "type": 12, "name": "plans", "guild_id": bot.guild_id().to_string(), "position": 0,
        "permission_overwrites": [],
    });
    bot.mock_discord("GET", &format!("/channels/{id}"), 200, thread);
    let asked = format!("!channel <#{id}>");
    let member = format!("/channels/{id}/thread-members/{}", alice.id());
    bot.mock_discord("GET", &member, 404, json!({ "code": 10007, "message": "Unknown Member" }));
    alice
        .say(&asked)
        .assert_content("`channel` must be a channel of this server: a mention, an id or a name.");
    alice.set_permissions(VIEW_CHANNEL | SEND_MESSAGES | MANAGE_THREADS);
    alice.say(&asked).assert_content("plans");
    alice.set_permissions(VIEW_CHANNEL | SEND_MESSAGES);
    bot.mock_discord("GET", &member, 200, json!({}));
    alice.say(&asked).assert_content("plans");
}
