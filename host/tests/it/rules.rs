//! Rules that are checked before a command runs: for slash and prefix commands alike, kept across a reload and, if
//! longer than a minute, across a restart.

use gearshift_sim::{InteractionHandle, Member};
use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::{SOON, Setting, Stage, http};

async fn stage() -> Stage {
    let stage = Setting::new().with("asker").up().await;
    stage.slash("ruled server", &[]).await.answered(SOON).await.unwrap();
    stage
}

impl Stage {
    fn member(&self, name: &str) -> Member {
        self.sim.member(name).unwrap()
    }

    /// The bot's answer to a member's prefix command in a channel.
    async fn answer_in(&self, who: &str, channel: &str, line: &str) -> String {
        let said = self.member(who).say(channel, line).await.unwrap();
        match self.sim.reply_to(said, SOON).await {
            Some(reply) => reply.content.to_string(),
            None => panic!("no reply to `{line}`\n{}", self.transcript()),
        }
    }

    /// The answer to a member's slash command, and whether it is ephemeral.
    async fn slashed(&self, who: &str, channel: &str, command: &str) -> (String, bool) {
        let member = self.member(who).at(channel).unwrap();
        let asked = member.slash(command, gearshift_sim::NO_OPTIONS).await.unwrap();
        self.answer_of(&asked).await
    }

    async fn answer_of(&self, asked: &InteractionHandle) -> (String, bool) {
        match asked.answered(SOON).await {
            Ok(answer) => (answer.content.to_string(), answer.is_ephemeral()),
            Err(error) => panic!("{error}\n{}", self.transcript()),
        }
    }

    /// A request to Discord as a member.
    async fn rest(&self, who: &str, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.sim.api_url());
        let token = self.member(who).token();
        let request = http().request(method, url).header("Authorization", token);
        let response = request.json(&body).send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.text().await.unwrap());
        response.json().await.unwrap_or_default()
    }
}

fn done(command: &str) -> (String, bool) {
    (format!("{command}: done"), false)
}

fn refused(text: &str) -> (String, bool) {
    (text.to_owned(), true)
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_hold_for_slash_and_prefix_alike() {
    let stage = stage().await;
    let need = "You need Manage Messages to use this command.";
    let owners = "Only the bot's owners can use this command.";
    let direct = "This command only works in direct messages.";
    let adult = "This command only works in age-restricted channels.";
    let table = [
        ("carol", "manage", Some(need)),
        ("bob", "manage", None),
        ("alice", "manage", None),
        ("alice", "direct", Some(direct)),
        ("alice", "server", None),
        ("alice", "own", None),
        ("bob", "own", Some(owners)),
        ("alice", "adult", Some(adult)),
        ("bob", "moderate", None),
        ("carol", "kick", Some("The bot needs Kick Members here to do this.")),
    ];
    for (who, command, refusal) in table {
        let command = format!("ruled {command}");
        let expected = refusal.map_or(done(&command), refused);
        assert_eq!(
            stage.answer_in(who, "general", &format!("!{command}")).await,
            expected.0,
            "{who} !{command}"
        );
        assert_eq!(stage.slashed(who, "general", &command).await, expected, "{who} /{command}");
    }
    for said in [
        stage.answer_in("carol", "general", "!ruled moderate").await,
        stage.slashed("carol", "general", "ruled moderate").await.0,
    ] {
        assert!(said.starts_with("You need one of the roles <@&"), "{said}");
    }
    assert_eq!(stage.status("asker").faults, 0);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_hold_in_direct_messages() {
    let stage = stage().await;
    let bot = stage.sim.world(|world| format!("@{}", world.bots()[0].user.username));
    let table = [
        ("server", "This command only works in a server."),
        ("manage", "This command only works in a server, for members with Manage Messages."),
        ("moderate", "This command only works in a server, for members with a certain role."),
        ("adult", "This command only works in age-restricted channels."),
        ("direct", "ruled direct: done"),
        ("own", "ruled own: done"),
        ("kick", "ruled kick: done"),
    ];
    for (command, expected) in table {
        assert_eq!(stage.answer_in("alice", &bot, &format!("!ruled {command}")).await, expected, "{command}");
    }
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_of_a_prefix_command_follow_overwrites_and_threads() {
    let stage = stage().await;
    let carol = stage.member("carol").id();
    let (channel, bot) =
        stage.sim.world(|world| (world.channel_named("dev", None).unwrap().id, world.bots()[0].user.id));
    let thread = json!({"name": "deep", "type": 11, "auto_archive_duration": 60});
    let thread = stage.rest("alice", Method::POST, &format!("/channels/{channel}/threads"), thread).await;
    let thread = thread["id"].as_str().unwrap().to_owned();
    let need = "You need Manage Messages to use this command.";
    let adult = "This command only works in age-restricted channels.";
    for place in ["dev", &thread] {
        assert_eq!(stage.answer_in("carol", place, "!ruled manage").await, need);
        assert_eq!(stage.answer_in("carol", place, "!ruled adult").await, adult);
        assert_eq!(stage.slashed("carol", place, "ruled adult").await, refused(adult));
    }
    let allow = |bits: u64| json!({"type": 1, "allow": bits.to_string(), "deny": "0"});
    let path = format!("/channels/{channel}");
    stage.rest("alice", Method::PUT, &format!("{path}/permissions/{carol}"), allow(1 << 13)).await;
    stage.rest("alice", Method::PUT, &format!("{path}/permissions/{bot}"), allow(1 << 1)).await;
    stage.rest("alice", Method::PATCH, &path, json!({"nsfw": true})).await;
    for place in ["dev", &thread] {
        for command in ["manage", "kick", "adult"] {
            let command = format!("ruled {command}");
            assert_eq!(stage.answer_in("carol", place, &format!("!{command}")).await, done(&command).0);
            assert_eq!(stage.slashed("carol", place, &command).await, done(&command));
        }
    }
    assert_eq!(stage.answer_in("carol", "general", "!ruled manage").await, need);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_guilds_of_the_gateway_permissions_are_asked_of_discord() {
    let keys = "intents = [\"guild_messages\", \"message_content\"]";
    let stage = Setting::new().with("asker").keys(keys).up().await;
    assert_eq!(stage.answer_in("bob", "general", "!ruled manage").await, "ruled manage: done");
    let need = "You need Manage Messages to use this command.";
    assert_eq!(stage.answer_in("carol", "general", "!ruled manage").await, need);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cooldowns_survive_a_reload_and_long_ones_a_restart() {
    let stage = stage().await;
    let wait = "Try again in 1 h.";
    assert_eq!(stage.slashed("alice", "general", "limited once").await, done("limited once"));
    assert_eq!(stage.slashed("alice", "general", "limited once").await, refused(wait));
    assert_eq!(
        stage.answer_in("alice", "general", "!limited once").await,
        wait,
        "a prefix command is the same one"
    );
    assert_eq!(stage.answer_in("bob", "general", "!limited once").await, done("limited once").0);
    stage.host.cogs().reload("asker").await.unwrap();
    assert_eq!(stage.slashed("alice", "general", "limited once").await, refused(wait));
    let stage = stage.restart().await;
    assert_eq!(stage.answer_in("alice", "general", "!limited once").await, wait);
    // The refused call did not count for the group.
    assert_eq!(stage.answer_in("alice", "general", "!limited often").await, "limited often: done");
    assert_eq!(stage.answer_in("alice", "general", "!limited often").await, wait);
    // Counted per channel, and per member.
    assert_eq!(stage.answer_in("carol", "general", "!limited here").await, "limited here: done");
    assert_eq!(stage.answer_in("dave", "general", "!limited here").await, wait);
    assert_eq!(stage.answer_in("dave", "random", "!limited here").await, "limited here: done");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_once_are_refused_or_wait_in_order() {
    let stage = stage().await;
    let bob = stage.member("bob");
    let first = bob.say("general", "!single").await.unwrap();
    stage.until_status("asker", |status| status.in_flight == 1).await;
    let busy = "`single` is already running; try again when it is done.";
    assert_eq!(stage.slashed("alice", "general", "single").await, refused(busy));
    assert_eq!(stage.answer_in("alice", "general", "!open").await, "open: done");
    assert_eq!(stage.sim.reply_to(first, SOON).await.unwrap().content, "single: done");
    let first = bob.say("general", "!line").await.unwrap();
    stage.until_status("asker", |status| status.in_flight == 1).await;
    let second = stage.slash("line", &[]).await;
    second.acknowledged(SOON).await.unwrap();
    let third = bob.say("general", "!line").await.unwrap();
    stage.until_status("asker", |status| status.in_flight == 3).await;
    assert_eq!(stage.answer_in("alice", "general", "!open").await, "open: done");
    assert_eq!(stage.sim.reply_to(first, SOON).await.unwrap().content, "line: done");
    assert_eq!(stage.answer_in("alice", "general", "!open").await, "open: done");
    assert_eq!(stage.answer_of(&second).await, done("line"));
    assert_eq!(stage.answer_in("alice", "general", "!open").await, "open: done");
    assert_eq!(stage.sim.reply_to(third, SOON).await.unwrap().content, "line: done");
    stage.down().await;
}

#[test]
fn the_built_in_discord_and_the_sdk_know_the_same_permissions() {
    assert_eq!(gearshift_sim::bits::NAMES, gearshift_cog::permissions::ALL);
}
