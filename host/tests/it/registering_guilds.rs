//! Registration compares meaning, works per guild, keeps to Discord's limits, and reports whose command is refused.

use std::time::{Duration, Instant, SystemTime};

use gearshift_host::{commands, sessions::Discord};
use gearshift_sim::{EntryKind, RestFault, World};
use serde_json::{Value, json};

use crate::{
    commanding::{command, ping_with},
    stage::{SOON, Setting, Stage, put},
};

impl Stage {
    fn discord(&self) -> &Discord {
        self.host.sessions().discord.as_deref().expect("it is configured")
    }

    /// The pending changes, as `gearshift commands diff` prints them.
    async fn diff(&self) -> String {
        let plans = commands::diff(self.host.cogs(), self.discord()).await.unwrap();
        let texts: Vec<String> =
            plans.iter().filter(|plan| !plan.is_empty()).map(ToString::to_string).collect();
        texts.join("\n")
    }

    /// Waits until there are no pending changes.
    async fn until_in_sync(&self) {
        let mut reader = self.sim.transcript().reader();
        let end = Instant::now() + SOON;
        while !self.diff().await.is_empty() {
            let written =
                |entry: &gearshift_sim::Entry| matches!(entry.kind, EntryKind::Commands { .. }).then_some(());
            assert!(
                reader.until(end, written).await.is_some(),
                "{}\n{}",
                self.diff().await,
                self.transcript()
            );
        }
    }

    /// The last written state of each list of commands: the guild's id, if any, and the names in order.
    fn lists(&self) -> Vec<(Option<u64>, Vec<String>)> {
        let mut lists = std::collections::BTreeMap::new();
        for entry in self.sim.transcript().history() {
            if let EntryKind::Commands { names, guild, .. } = &entry.kind {
                let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
                names.sort();
                lists.insert(guild.map(|guild| guild.0), names);
            }
        }
        lists.into_iter().collect()
    }

    /// Replaces the cog `tags`.
    async fn load(&self, commands: Value) {
        let file = put(ping_with("tags", commands).path(), &self.cogs(), "tags");
        self.host.cogs().load_file(&file).await.unwrap();
    }
}

fn guild(world: &World, name: &str) -> u64 {
    world.guilds().find(|guild| &*guild.name == name).expect("it is in the world").id.0
}

/// A command with every field that Discord knows.
fn everything() -> Value {
    command(
        1,
        "tag",
        json!({ "discord": {
            "name_localizations": { "de": "notiz" }, "description_localizations": { "de": "Notizen" },
            "default_member_permissions": "8192", "contexts": [0], "integration_types": [0, 1], "nsfw": true,
            "options": [
                { "type": 1, "name": "add", "description": "Adds", "options": [
                    { "type": 3, "name": "name", "description": "Which", "required": true, "max_length": 20,
                      "name_localizations": { "de": "name" } },
                    { "type": 4, "name": "color", "description": "Which",
                      "choices": [{ "name": "Red", "value": 1, "name_localizations": { "de": "Rot" } }] },
                    { "type": 7, "name": "where", "description": "W", "channel_types": [5, 0] },
                    { "type": 10, "name": "size", "description": "S", "min_value": 1, "autocomplete": true },
                ] },
                { "type": 2, "name": "admin", "description": "A", "options": [
                    { "type": 1, "name": "clear", "description": "Clears" } ] },
            ],
        } }),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_discord_has_by_meaning_is_not_written_again() {
    let all = json!([everything(), command(2, "Greet", json!({})), command(3, "Pin", json!({}))]);
    let stage = Setting::new().with_file(ping_with("tags", all).path(), "tags").up().await;
    stage.until_in_sync().await;
    assert_eq!((stage.writes(), stage.diff().await), (1, String::new()));
    let stage = stage.restart().await;
    let registered = commands::register(stage.host.cogs(), stage.discord()).await.unwrap();
    assert!(registered.plans.iter().all(commands::Plan::is_empty), "{registered:?}");
    assert_eq!(stage.writes(), 1);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_is_shown_field_by_field_and_changes_nothing_until_it_is_synchronised() {
    let setting = Setting::new().with_file(ping_with("tags", json!([everything()])).path(), "tags");
    // Nothing is registered automatically in this test.
    let stage = setting.keys("register_commands = false").up().await;
    assert_eq!(stage.diff().await, "create `/tag` globally");
    commands::register(stage.host.cogs(), stage.discord()).await.unwrap();
    let mut changed = everything();
    changed["discord"]["options"][0]["options"][0]["max_length"] = 30.into();
    changed["discord"]["options"][0]["options"][1]["choices"][0]["name_localizations"]["de"] = "Röter".into();
    changed["discord"].as_object_mut().unwrap().remove("contexts");
    stage.load(json!([changed, command(2, "Greet", json!({}))])).await;
    assert_eq!(
        stage.diff().await,
        "create `Greet` (user menu) globally\n\
         change `/tag` globally\n  \
           `/tag`: contexts: [0] → (none)\n  \
           `/tag add`, option `name`: max_length: 20 → 30\n  \
           `/tag add`, option `color`, choice `Red`: name_localizations.de: \"Rot\" → \"Röter\""
    );
    assert_eq!(stage.writes(), 1);
    commands::register(stage.host.cogs(), stage.discord()).await.unwrap();
    assert_eq!((stage.diff().await, stage.writes()), (String::new(), 2));
    stage.load(json!([command(2, "Greet", json!({}))])).await;
    assert_eq!(stage.diff().await, "delete `/tag` globally");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_of_a_guild_is_registered_there_and_moves() {
    let stage = Setting::new().up().await;
    let [harbour, workshop] = ["Harbour", "Workshop"].map(|name| stage.sim.world(|world| guild(world, name)));
    let pin = |guilds: &[u64]| {
        let guilds: Vec<String> = guilds.iter().map(u64::to_string).collect();
        command(1, "pin", json!({ "guilds": guilds, "discord": { "contexts": [0] } }))
    };
    stage.load(json!([pin(&[harbour]), command(1, "ping", json!({}))])).await;
    stage.until_in_sync().await;
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(stage.lists(), [(None, names(&["ping"])), (Some(harbour), names(&["pin"]))]);
    stage.slash("pin", &[]).await.answered(SOON).await.unwrap();
    stage.load(json!([pin(&[workshop]), command(1, "ping", json!({}))])).await;
    stage.until_in_sync().await;
    let expected = [(None, names(&["ping"])), (Some(harbour), vec![]), (Some(workshop), names(&["pin"]))];
    let mut lists = stage.lists();
    lists.sort();
    assert_eq!(lists, expected);
    // After a restart without the cog, it is still known where the command was, and it is deleted only on request.
    stage.host.cogs().unload("tags").await.unwrap();
    std::fs::remove_file(stage.cogs().join("libtags.so")).unwrap();
    let stage = stage.restart().await;
    let listed = commands::list(stage.host.cogs(), stage.discord()).await.unwrap();
    let listed: Vec<_> = listed.iter().filter(|it| it.name == "pin").map(|it| it.guild.clone()).collect();
    assert_eq!(listed, [Some(workshop.to_string())]);
    let pruned = commands::prune(stage.host.cogs(), stage.discord(), &names(&["pin"])).await.unwrap();
    assert_eq!(pruned[0].guild, Some(workshop.to_string()));
    assert!(stage.lists().contains(&(Some(workshop), vec![])), "{:?}", stage.lists());
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guild_for_development_gets_all_commands_alone() {
    let setting = Setting::new().with_file(ping_with("tags", json!([everything()])).path(), "tags");
    let world = &setting.discord.world;
    let harbour = guild(world, "Harbour");
    let stage = setting.commands(&format!("guild = {harbour}\nowner = false")).up().await;
    stage.until_in_sync().await;
    assert_eq!(stage.lists(), [(Some(harbour), vec!["help".to_owned(), "tag".to_owned()])]);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_command_is_named_with_its_cog_and_argument_and_the_others_are_registered() {
    let choices: Vec<Value> = (0..26).map(|n| json!({ "name": format!("n{n}"), "value": n })).collect();
    let bad = command(
        1,
        "tag",
        json!({ "discord": { "options": [{ "type": 1, "name": "add", "description": "Adds", "options": [
            { "type": 4, "name": "color", "description": "Which", "choices": choices } ] }] } }),
    );
    let setting = Setting::new().with("ping").with_file(ping_with("tags", json!([bad])).path(), "tags");
    let stage = setting.keys("register_commands = false").up().await;
    let registered = commands::register(stage.host.cogs(), stage.discord()).await.unwrap();
    let [refused] = registered.refused.as_slice() else { panic!("{registered:?}") };
    assert!(refused.starts_with("`/tag add`, option `color` of `tags`: choices: "), "{refused}");
    assert_eq!(registered.plans[0].to_string(), "create `/ping` globally", "what was done");
    assert_eq!(stage.sim.commands(), ["ping"]);
    assert_eq!(stage.diff().await, "create `/tag` globally");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_created_today_is_kept_and_no_more_than_discord_takes_is_created() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let (now, hour) = (now.as_millis() as u64, Duration::from_secs(3600).as_millis() as u64);
    let kept = json!({ "global": [{ "at_ms": now - 20 * hour, "count": 199 }], "guilds": {} });
    let setting = Setting::new().with("counter").with("ping").keys("register_commands = false");
    let stage = setting.stored("@host", "command-creates", &kept.to_string()).up().await;
    let registered = commands::register(stage.host.cogs(), stage.discord()).await.unwrap();
    let wait = registered.postponed.expect("one is too many");
    assert!(wait <= Duration::from_secs(4 * 3600) && wait > Duration::from_secs(3 * 3600), "{wait:?}");
    assert_eq!(stage.sim.commands(), ["count"]);
    let stage = stage.restart().await;
    let registered = commands::register(stage.host.cogs(), stage.discord()).await.unwrap();
    assert!(registered.postponed.is_some() && stage.writes() == 1, "{registered:?}");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_over_todays_limit_are_not_reported_as_registered() {
    let setting = Setting::new().with("counter").with("ping").keys("register_commands = false");
    let stage = setting.up().await;
    for method in ["PUT", "POST"] {
        let message = "Max number of daily application command creates has been reached (200)".to_owned();
        let fault = RestFault::Status { status: 400, code: 30034, message };
        stage.sim.faults().rest(method, "/applications/*/commands", 1, fault);
    }
    let registered = commands::register(stage.host.cogs(), stage.discord()).await.unwrap();
    assert!(registered.postponed.is_some() && registered.refused.is_empty(), "{registered:?}");
    assert!(registered.plans.iter().all(commands::Plan::is_empty), "{registered:?}");
    stage.down().await;
}
