//! Auto moderation: rules of a guild, their effect on messages, and who receives the events.

use std::time::Duration;

use gearshift_sim::{ActError, Sim};
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{api, code, harbour, id, user};
use crate::raw::{INTENTS, Socket, channel_id, client, sim};

/// AUTO_MODERATION_CONFIGURATION and AUTO_MODERATION_EXECUTION.
const AUTO_MODERATION: u64 = 1 << 20 | 1 << 21;

fn rules(sim: &Sim) -> String {
    format!("/guilds/{}/auto-moderation/rules", harbour(sim))
}

/// An enabled rule, created by alice, who owns the guild.
async fn rule(sim: &Sim, trigger: u8, metadata: Value, actions: Value) -> Value {
    let rule = json!({
        "name": "No fish", "event_type": 1, "trigger_type": trigger, "trigger_metadata": metadata,
        "actions": actions, "enabled": true,
    });
    api(sim, "alice").made(Method::POST, &rules(sim), rule).await
}

/// The bot, an administrator, who receives every event.
async fn moderator(sim: &Sim, intents: u64) -> Socket {
    let role = sim.world(|world| {
        let guild = world.guild_named("Harbour").unwrap();
        guild.roles.iter().find(|role| role.bot.is_some()).unwrap().id
    });
    let path = format!("/guilds/{}/roles/{role}", harbour(sim));
    api(sim, "alice").made(Method::PATCH, &path, json!({ "permissions": "8" })).await;
    Socket::identified(sim, intents).await.0
}

#[tokio::test]
async fn rules_are_created_edited_and_deleted_with_manage_guild() {
    let sim = sim().await;
    let mut bot = moderator(&sim, INTENTS | AUTO_MODERATION).await;
    let keywords = json!({ "keyword_filter": ["fish*"], "regex_patterns": ["(b|c)at"] });
    let made = rule(&sim, 1, keywords, json!([{ "type": 1 }])).await;
    assert_eq!(made["actions"], json!([{ "type": 1, "metadata": {} }]));
    assert_eq!(made["trigger_metadata"]["allow_list"], json!([]));
    assert_eq!(bot.event("AUTO_MODERATION_RULE_CREATE").await, made);
    let (alice, one) = (api(&sim, "alice"), format!("{}/{}", rules(&sim), id(&made)));
    assert_eq!(alice.get(&one).await, (200, made.clone()));
    let edit = json!({ "name": "No cats", "trigger_metadata": { "regex_patterns": [] } });
    let changed = alice.made(Method::PATCH, &one, edit).await;
    assert_eq!(
        (&changed["name"], &changed["trigger_metadata"]["keyword_filter"]),
        (&json!("No cats"), &json!(["fish*"]))
    );
    assert_eq!(bot.event("AUTO_MODERATION_RULE_UPDATE").await, changed);
    assert_eq!(alice.get(&rules(&sim)).await.1, json!([changed]));
    assert_eq!(alice.delete(&one).await.0, 204);
    assert_eq!(bot.event("AUTO_MODERATION_RULE_DELETE").await["id"], made["id"]);
    assert_eq!(code(&alice.get(&one).await).0, 404);
    assert_eq!(code(&api(&sim, "dave").get(&rules(&sim)).await), (403, 50013));
    let log = alice.get(&format!("/guilds/{}/audit-logs", harbour(&sim))).await.1;
    let kinds = log["audit_log_entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action_type"].as_u64().unwrap());
    assert_eq!(kinds.filter(|kind| *kind >= 140).collect::<Vec<_>>(), [142, 141, 140]);
}

#[tokio::test]
async fn a_trigger_has_one_event_and_goes_with_some_actions_only() {
    let sim = sim().await;
    let alice = api(&sim, "alice");
    let timeout = json!({ "type": 3, "metadata": { "duration_seconds": 60 } });
    let made = |event: u64, trigger: u64, action: &Value| {
        let metadata = if trigger == 4 { json!({ "presets": [1] }) } else { json!({}) };
        json!({
            "name": "x", "event_type": event, "trigger_type": trigger, "trigger_metadata": metadata,
            "actions": [action],
        })
    };
    let refused = async |rule: Value, place: &str, message: &str| {
        let answer = alice.post(&rules(&sim), rule).await;
        assert_eq!(code(&answer), (400, 50035), "{message}: {}", answer.1);
        let error = answer.1["errors"].pointer(&format!("{place}/_errors/0/message"));
        assert_eq!(error, Some(&json!(message)), "{}", answer.1);
    };
    let block = json!({ "type": 1 });
    for (event, trigger) in [(2, 1), (2, 3), (2, 4), (2, 5), (1, 6)] {
        let message = format!("Event type {event} is not permitted for rule with trigger type {trigger}");
        refused(made(event, trigger, &block), "/event_type", &message).await;
    }
    for (trigger, action) in [(3, &timeout), (4, &timeout), (1, &json!({ "type": 4 }))] {
        let kind = &action["type"];
        let message = format!("Action type {kind} is not permitted for rule with trigger type {trigger}");
        refused(made(1, trigger, action), "/actions/0/type", &message).await;
    }
    for (event, trigger, action) in [(1, 5, &timeout), (1, 3, &block), (2, 6, &json!({ "type": 4 }))] {
        let rule = alice.made(Method::POST, &rules(&sim), made(event, trigger, action)).await;
        assert_eq!((&rule["event_type"], &rule["trigger_type"]), (&json!(event), &json!(trigger)));
        let one = format!("{}/{}", rules(&sim), id(&rule));
        let other = alice.patch(&one, json!({ "event_type": 3 - event })).await;
        assert_eq!(code(&other), (400, 50035), "{}", other.1);
    }
}

#[tokio::test]
async fn each_invalid_pattern_is_reported_at_its_place() {
    let sim = sim().await;
    let rule = json!({
        "name": "x", "event_type": 1, "trigger_type": 1, "actions": [{ "type": 1 }],
        "trigger_metadata": { "regex_patterns": [7, "(", "fish", "["] },
    });
    let (_, refused) = api(&sim, "alice").post(&rules(&sim), rule).await;
    let places = refused["errors"]["trigger_metadata"]["regex_patterns"].as_object().unwrap();
    assert_eq!(places.keys().collect::<Vec<_>>(), ["0", "1", "3"], "{refused}");
}

#[tokio::test]
async fn each_limit_of_a_rule_has_its_place() {
    let sim = sim().await;
    let alice = api(&sim, "alice");
    let valid = json!({ "name": "x", "event_type": 1, "trigger_type": 1, "actions": [{ "type": 1 }] });
    for (key, value, place) in [
        ("name", json!("x".repeat(101)), "/name"),
        ("trigger_type", json!(2), "/trigger_type"),
        ("actions", json!([]), "/actions"),
        ("actions", json!([{ "type": 2 }]), "/actions/0/metadata/channel_id"),
        (
            "actions",
            json!([{ "type": 2, "metadata": { "channel_id": "1" } }]),
            "/actions/0/metadata/channel_id",
        ),
        (
            "actions",
            json!([{ "type": 3, "metadata": { "duration_seconds": 2_419_201 } }]),
            "/actions/0/metadata/duration_seconds",
        ),
        (
            "trigger_metadata",
            json!({ "keyword_filter": ["x".repeat(61)] }),
            "/trigger_metadata/keyword_filter/0",
        ),
        (
            "trigger_metadata",
            json!({ "keyword_filter": vec!["x"; 1001] }),
            "/trigger_metadata/keyword_filter",
        ),
        ("trigger_metadata", json!({ "regex_patterns": ["ok", "("] }), "/trigger_metadata/regex_patterns/1"),
        ("trigger_metadata", json!({ "allow_list": vec!["x"; 101] }), "/trigger_metadata/allow_list"),
        ("exempt_roles", json!(vec!["1"; 21]), "/exempt_roles"),
        ("exempt_channels", json!(vec!["1"; 51]), "/exempt_channels"),
    ] {
        let mut rule = valid.clone();
        rule[key] = value;
        let (status, error) = alice.post(&rules(&sim), rule).await;
        let found = error["errors"].pointer(place).is_some_and(|at| at["_errors"].is_array());
        assert!(status == 400 && found, "{place}: {error}");
    }
    for _ in 0..6 {
        alice.made(Method::POST, &rules(&sim), valid.clone()).await;
    }
    assert_eq!(code(&alice.post(&rules(&sim), valid).await), (400, 50035), "a seventh of its kind");
}

#[tokio::test]
async fn a_blocked_message_is_not_posted_and_moderators_receive_the_event() {
    let sim = sim().await;
    let mut bot = moderator(&sim, INTENTS | AUTO_MODERATION).await;
    let mut unprivileged = Socket::identified(&sim, AUTO_MODERATION).await.0;
    let (mut dave, _) = client(&sim, "dave").await;
    let staff = channel_id(&sim, "staff");
    let actions = json!([
        { "type": 1, "metadata": { "custom_message": "no fish here" } },
        { "type": 2, "metadata": { "channel_id": staff } },
    ]);
    let made =
        rule(&sim, 1, json!({ "keyword_filter": ["fish*"], "allow_list": ["fishing"] }), actions).await;
    let before = sim.messages("general").unwrap().len();
    let path = format!("/channels/{}/messages", channel_id(&sim, "general"));
    let bad = json!({ "content": "Fishes!" });
    assert_eq!(code(&api(&sim, "dave").post(&path, bad.clone()).await), (400, 200_000));
    let blocked = sim.member("dave").unwrap().say("general", "a Fish").await.unwrap_err();
    assert_eq!(blocked, ActError::Moderated { rule: "No fish".to_owned() });
    assert_eq!(sim.messages("general").unwrap().len(), before);

    let executed = bot.event("AUTO_MODERATION_ACTION_EXECUTION").await;
    assert_eq!((&executed["action"]["type"], &executed["rule_id"]), (&json!(1), &made["id"]));
    assert_eq!(
        (&executed["matched_keyword"], &executed["matched_content"]),
        (&json!("fish*"), &json!("Fish"))
    );
    assert_eq!((&executed["content"], &executed["message_id"]), (&json!("Fishes!"), &Value::Null));
    let alert = bot.event("AUTO_MODERATION_ACTION_EXECUTION").await;
    let posted = sim.messages("staff").unwrap();
    assert_eq!(alert["alert_system_message_id"], json!(posted[posted.len() - 2].id));
    assert_eq!(posted.last().unwrap().embeds[0].description.as_deref(), Some("a Fish"));
    let executed = unprivileged.event("AUTO_MODERATION_ACTION_EXECUTION").await;
    assert_eq!(
        (&executed["content"], &executed["matched_content"]),
        (&json!(""), &json!("")),
        "without MESSAGE_CONTENT"
    );
    let names: Vec<Value> = dave.settled().await.iter().map(|event| event["t"].clone()).collect();
    assert!(!names.contains(&json!("AUTO_MODERATION_ACTION_EXECUTION")), "{names:?}");

    // Allowed words, members who manage the guild, and bots are not affected.
    for (name, text) in [("dave", "fishing"), ("alice", "fish"), ("bot", "fish")] {
        api(&sim, name).made(Method::POST, &path, json!({ "content": text })).await;
    }
    let said = sim.member("dave").unwrap().say("general", "nothing").await.unwrap();
    let edited = api(&sim, "dave").patch(&format!("{path}/{said}"), bad).await;
    assert_eq!(code(&edited), (400, 200_000), "an edit is looked at, too");
}

#[tokio::test]
async fn mentions_are_counted_and_a_member_is_timed_out() {
    let sim = sim().await;
    sim.clock().freeze();
    let mut bot = moderator(&sim, INTENTS | AUTO_MODERATION | 1 << 1).await;
    let timeout = json!([{ "type": 3, "metadata": { "duration_seconds": 60 } }]);
    rule(&sim, 5, json!({ "mention_total_limit": 1 }), timeout).await;
    let dave = sim.member("dave").unwrap();
    let (bob, carol) = (user(&sim, "bob"), user(&sim, "carol"));
    dave.say("general", &format!("<@{bob}> <@{bob}>")).await.unwrap();
    let said = dave.say("general", &format!("<@{bob}> <@{carol}>")).await.unwrap();
    let executed = bot.event("AUTO_MODERATION_ACTION_EXECUTION").await;
    assert_eq!(
        (&executed["message_id"], &executed["matched_keyword"]),
        (&json!(said), &Value::Null),
        "it is not blocked"
    );
    assert!(dave.say("general", "hi").await.is_err(), "timed out");
    sim.clock().advance(Duration::from_secs(61));
    dave.say("general", "hi").await.unwrap();
}

#[tokio::test]
async fn a_rule_does_not_apply_to_exempt_channels_and_roles_or_while_it_is_disabled() {
    let sim = sim().await;
    let made = rule(&sim, 1, json!({ "keyword_filter": ["fish"] }), json!([{ "type": 1 }])).await;
    let (alice, one) = (api(&sim, "alice"), format!("{}/{}", rules(&sim), id(&made)));
    let dave = sim.member("dave").unwrap();
    assert!(dave.say("general", "fish").await.is_err());
    alice.made(Method::PATCH, &one, json!({ "exempt_channels": [channel_id(&sim, "general")] })).await;
    dave.say("general", "fish").await.unwrap();
    assert!(dave.say("random", "fish").await.is_err());
    let guild = harbour(&sim);
    let role = alice.made(Method::POST, &format!("/guilds/{guild}/roles"), json!({ "name": "crew" })).await;
    let given = format!("/guilds/{guild}/members/{}/roles/{}", user(&sim, "dave"), id(&role));
    alice.made(Method::PUT, &given, Value::Null).await;
    alice.made(Method::PATCH, &one, json!({ "exempt_roles": [role["id"]] })).await;
    dave.say("random", "fish").await.unwrap();
    alice.made(Method::PATCH, &one, json!({ "exempt_roles": [], "enabled": false })).await;
    dave.say("random", "fish").await.unwrap();
}
