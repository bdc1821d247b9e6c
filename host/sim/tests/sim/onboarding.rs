//! Onboarding of a guild: set up over REST within Discord's rules, and completed by members.

use gearshift_sim::{Sim, SimOptions, World};
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{ApiClient, api, code, harbour};
use crate::raw::{INTENTS, Socket, options, sim};

/// GUILD_MEMBERS.
const MEMBERS: u64 = 1 << 1;
/// Member flags.
const COMPLETED: u64 = 1 << 1;
const STARTED: u64 = 1 << 3;

const PIXEL: &str = "data:image/png;base64,iVBORw0KGgo=";

fn path(sim: &Sim) -> String {
    format!("/guilds/{}/onboarding", harbour(sim))
}

/// Creates this number of further text channels in the guild.
async fn channels(sim: &Sim, alice: &ApiClient<'_>, count: usize) -> Vec<Value> {
    let mut made = Vec::new();
    for number in 0..count {
        let body = json!({ "name": format!("c{number}") });
        let channel = alice.made(Method::POST, &format!("/guilds/{}/channels", harbour(sim)), body).await;
        made.push(channel["id"].clone());
    }
    made
}

async fn role(sim: &Sim, alice: &ApiClient<'_>, name: &str) -> Value {
    let path = format!("/guilds/{}/roles", harbour(sim));
    alice.made(Method::POST, &path, json!({ "name": name })).await["id"].clone()
}

/// Entries of the audit log about onboarding, oldest first.
async fn entries(sim: &Sim, alice: &ApiClient<'_>) -> Vec<Value> {
    let log = alice.get(&format!("/guilds/{}/audit-logs?limit=100", harbour(sim))).await.1;
    let mut entries = log["audit_log_entries"].as_array().unwrap().clone();
    entries.retain(|entry| (163..=167).contains(&entry["action_type"].as_u64().unwrap()));
    entries.reverse();
    entries
}

fn kinds(entries: &[Value]) -> Vec<u64> {
    entries.iter().map(|entry| entry["action_type"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn onboarding_is_empty_at_first_and_needs_manage_guild_and_manage_roles() {
    let sim = sim().await;
    let (alice, path) = (api(&sim, "alice").because("a warm welcome"), path(&sim));
    let empty = json!({
        "guild_id": harbour(&sim), "prompts": [], "default_channel_ids": [], "enabled": false, "mode": 0,
    });
    assert_eq!(api(&sim, "dave").get(&path).await, (200, empty), "members read it");
    assert_eq!(code(&api(&sim, "bot").put(&path, json!({})).await), (403, 50013));
    let (sailor, channel) = (role(&sim, &alice, "sailor").await, channels(&sim, &alice, 1).await.remove(0));
    let emojis = format!("/guilds/{}/emojis", harbour(&sim));
    let anchor = alice.made(Method::POST, &emojis, json!({ "name": "anchor", "image": PIXEL })).await;
    let prompt = json!({
        "id": "0", "title": "What do you sail?",
        "options": [
            { "title": "The sea", "role_ids": [sailor], "emoji_id": anchor["id"], "emoji_name": "other" },
            { "title": "A lake", "channel_ids": [channel], "emoji_name": "🛶", "description": "Calm" },
            { "title": "Nothing" },
        ],
    });
    let body = json!({ "prompts": [prompt], "default_channel_ids": [channel] });
    let made = alice.made(Method::PUT, &path, body).await;
    assert_eq!(api(&sim, "dave").get(&path).await.1, made);
    let prompt = &made["prompts"][0];
    assert_ne!(prompt["id"], "0", "a question that is not known is a new one");
    let defaults = json!({ "type": 0, "single_select": false, "required": false, "in_onboarding": false });
    for (key, value) in defaults.as_object().unwrap() {
        assert_eq!(&prompt[key], value, "{key}");
    }
    let emoji = |at: usize| &prompt["options"][at]["emoji"];
    assert_eq!(*emoji(0), json!({ "id": anchor["id"], "name": "anchor", "animated": false }));
    assert_eq!(*emoji(1), json!({ "id": null, "name": "🛶", "animated": false }));
    assert_eq!(*emoji(2), json!({ "id": null, "name": null, "animated": false }));
    assert_eq!(
        (&prompt["options"][1]["description"], &prompt["options"][2]["description"]),
        (&json!("Calm"), &json!(""))
    );
    let entries = entries(&sim, &alice).await;
    assert_eq!(kinds(&entries), [163, 166]);
    assert_eq!((&entries[0]["target_id"], &entries[0]["reason"]), (&prompt["id"], &json!("a warm welcome")));
    assert_eq!(entries[1]["target_id"], harbour(&sim));
}

#[tokio::test]
async fn absent_fields_stay_and_each_question_has_an_audit_log_entry() {
    let sim = sim().await;
    let (alice, path) = (api(&sim, "alice"), path(&sim));
    let prompt = |id: &Value, title: &str| json!({ "id": id, "title": title, "options": [{ "title": "Yes" }, { "title": "No" }] });
    let body = json!({ "prompts": [prompt(&json!("1"), "One?"), prompt(&json!("1"), "Two?")], "mode": 1 });
    let made = alice.made(Method::PUT, &path, body).await;
    let prompts = &made["prompts"];
    assert_ne!(prompts[0]["id"], prompts[1]["id"]);
    assert_eq!(kinds(&entries(&sim, &alice).await), [163, 163, 166]);

    let mut changed = prompts[1].clone();
    changed["title"] = json!("Two or more?");
    let option = changed["options"][0]["id"].clone();
    changed["options"] = json!([{ "id": option, "title": "Surely" }, { "id": option, "title": "Never" }]);
    let body = json!({ "prompts": [changed, prompt(&json!("1"), "Three?")] });
    let after = alice.made(Method::PUT, &path, body).await;
    assert_eq!(after["mode"], 1);
    assert_eq!(
        (&after["prompts"][0]["id"], &after["prompts"][0]["options"][0]["id"]),
        (&prompts[1]["id"], &option)
    );
    assert_ne!(after["prompts"][0]["options"][1]["id"], option);
    let log = entries(&sim, &alice).await;
    assert_eq!(kinds(&log)[3..], [164, 163, 165], "nothing else of it has changed");
    assert_eq!(log[3]["changes"].as_array().unwrap().len(), 2, "{}", log[3]);
    assert_eq!(log[5]["target_id"], prompts[0]["id"]);
    alice.made(Method::PUT, &path, json!({ "mode": 0 })).await;
    let log = entries(&sim, &alice).await;
    assert_eq!(kinds(&log)[6..], [167]);
    assert_eq!(log[6]["changes"], json!([{ "key": "mode", "old_value": 1, "new_value": 0 }]));
    alice.made(Method::PUT, &path, json!({})).await;
    assert_eq!(entries(&sim, &alice).await.len(), 7, "nothing has changed");
}

#[tokio::test]
async fn each_mistake_has_its_place() {
    let sim = sim().await;
    let (alice, path) = (api(&sim, "alice"), path(&sim));
    let yes = json!([{ "title": "Yes" }]);
    let prompt = |options: Value| json!({ "prompts": [{ "id": "1", "title": "Well?", "options": options }] });
    for (body, place) in [
        (json!({ "enabled": "yes" }), "/enabled"),
        (json!({ "mode": 2 }), "/mode"),
        (json!({ "default_channel_ids": ["1"] }), "/default_channel_ids/0"),
        (json!({ "default_channel_ids": vec!["1"; 501] }), "/default_channel_ids"),
        (json!({ "prompts": vec![json!({ "id": "1", "title": "x", "options": yes }); 16] }), "/prompts"),
        (json!({ "prompts": [{ "title": "x", "options": yes }] }), "/prompts/0/id"),
        (json!({ "prompts": [{ "id": "x", "title": "x", "options": yes }] }), "/prompts/0/id"),
        (json!({ "prompts": [{ "id": "1", "options": yes }] }), "/prompts/0/title"),
        (json!({ "prompts": [{ "id": "1", "title": "x".repeat(101), "options": yes }] }), "/prompts/0/title"),
        (json!({ "prompts": [{ "id": "1", "title": "x" }] }), "/prompts/0/options"),
        (json!({ "prompts": [{ "id": "1", "title": "x", "type": 2, "options": yes }] }), "/prompts/0/type"),
        (prompt(json!([])), "/prompts/0/options"),
        (prompt(json!(vec![json!({ "title": "x" }); 51])), "/prompts/0/options"),
        (prompt(json!([{}])), "/prompts/0/options/0/title"),
        (prompt(json!([{ "title": "x".repeat(51) }])), "/prompts/0/options/0/title"),
        (
            prompt(json!([{ "title": "x", "description": "x".repeat(101) }])),
            "/prompts/0/options/0/description",
        ),
        (prompt(json!([{ "title": "x", "role_ids": ["1"] }])), "/prompts/0/options/0/role_ids/0"),
        (prompt(json!([{ "title": "x", "channel_ids": ["1"] }])), "/prompts/0/options/0/channel_ids/0"),
        (prompt(json!([{ "title": "x", "emoji_id": "1" }])), "/prompts/0/options/0/emoji_id"),
    ] {
        let refused = alice.put(&path, body.clone()).await;
        assert_eq!(code(&refused), (400, 50035), "{body}: {}", refused.1);
        let mistake = refused.1["errors"].pointer(&format!("{place}/_errors/0/code"));
        assert!(mistake.is_some(), "{body}: {}", refused.1);
    }
    assert_eq!(alice.get(&path).await.1["prompts"], json!([]), "nothing was taken over");
}

#[tokio::test]
async fn onboarding_needs_seven_channels_five_of_them_writable() {
    let sim = sim().await;
    let (alice, path) = (api(&sim, "alice"), path(&sim));
    let all = channels(&sim, &alice, 7).await;
    let silence = json!({ "type": 0, "allow": "0", "deny": "2048" });
    let silence = async |at: usize| {
        let overwrite = format!("/channels/{}/permissions/{}", all[at].as_str().unwrap(), harbour(&sim));
        assert_eq!(alice.put(&overwrite, silence.clone()).await.0, 204);
    };
    let enabled = |channels: &[Value]| json!({ "enabled": true, "default_channel_ids": channels });
    silence(0).await;
    silence(1).await;
    for channels in [&all[1..], &[vec![all[2].clone(); 6], all[..1].to_vec()].concat()] {
        assert_eq!(code(&alice.put(&path, enabled(channels)).await), (400, 350_000), "{channels:?}");
    }
    assert_eq!(alice.made(Method::PUT, &path, enabled(&all)).await["enabled"], true);
    silence(2).await;
    assert_eq!(code(&alice.put(&path, json!({ "mode": 0 })).await), (400, 350_001), "four are left");
    assert_eq!(code(&alice.put(&path, enabled(&all)).await), (400, 350_001));
    alice.made(Method::PUT, &path, json!({ "enabled": false })).await;
    assert_eq!(code(&alice.put(&path, json!({ "enabled": true })).await), (400, 350_000));
}

#[tokio::test]
async fn advanced_mode_also_counts_the_channels_of_questions() {
    let sim = sim().await;
    let (alice, path) = (api(&sim, "alice"), path(&sim));
    let all = channels(&sim, &alice, 7).await;
    let options = json!([{ "title": "All", "channel_ids": all[..6] }]);
    let mut body = json!({
        "enabled": true, "mode": 0, "default_channel_ids": all[5..],
        "prompts": [{ "id": "1", "title": "Which?", "options": options }],
    });
    assert_eq!(code(&alice.put(&path, body.clone()).await), (400, 350_000));
    body["mode"] = json!(1);
    alice.made(Method::PUT, &path, body).await;
    assert_eq!(alice.delete(&format!("/channels/{}", all[0].as_str().unwrap())).await.0, 200);
    let refused = alice.put(&path, json!({ "mode": 1 })).await;
    assert_eq!(code(&refused), (400, 350_001), "a channel that is gone does not count");
}

/// A guild with onboarding: one required question with one answer, and another.
async fn welcoming(sim: &Sim) -> (Value, Value) {
    let alice = api(sim, "alice");
    let (sailor, gone) = (role(sim, &alice, "sailor").await, role(sim, &alice, "gone").await);
    let body = json!({
        "enabled": true, "default_channel_ids": channels(sim, &alice, 7).await,
        "prompts": [
            {
                "id": "1", "title": "What do you sail?", "required": true, "single_select": true,
                "in_onboarding": true,
                "options": [{ "title": "The sea", "role_ids": [sailor, gone] }, { "title": "A lake" }],
            },
            { "id": "2", "title": "And else?", "required": true, "options": [{ "title": "Knots" }] },
        ],
    });
    alice.made(Method::PUT, &path(sim), body).await;
    let roles = format!("/guilds/{}/roles/{}", harbour(sim), gone.as_str().unwrap());
    assert_eq!(alice.delete(&roles).await.0, 204);
    (sailor, gone)
}

#[tokio::test]
async fn a_new_member_starts_onboarding_and_gets_the_roles_of_the_answers() {
    let sim = sim().await;
    let (sailor, _) = welcoming(&sim).await;
    let mut bot = Socket::identified(&sim, INTENTS | MEMBERS).await.0;
    let dave = sim.member("dave").unwrap();
    dave.leave("Harbour").await.unwrap();
    dave.join("Harbour").await.unwrap();
    assert_eq!(bot.event("GUILD_MEMBER_ADD").await["flags"], 0);
    let started = bot.event("GUILD_MEMBER_UPDATE").await;
    assert_eq!((&started["flags"], &started["roles"]), (&json!(STARTED), &json!([])));
    dave.complete_onboarding("Harbour", &["The sea", "Knots"]).await.unwrap();
    let completed = bot.event("GUILD_MEMBER_UPDATE").await;
    assert_eq!(
        (&completed["flags"], &completed["roles"]),
        (&json!(STARTED | COMPLETED), &json!([sailor])),
        "a role that is gone is not given"
    );
    let log = api(&sim, "alice").get(&format!("/guilds/{}/audit-logs?action_type=25", harbour(&sim))).await.1;
    assert_eq!(log["audit_log_entries"], json!([]), "Discord gives them, nobody else");
}

#[tokio::test]
async fn acts_that_a_client_would_not_send_are_refused_with_readable_errors() {
    let sim = sim().await;
    welcoming(&sim).await;
    let dave = sim.member("dave").unwrap();
    let refused = async |guild: &str, options: &[&str]| {
        dave.complete_onboarding(guild, options).await.unwrap_err().to_string()
    };
    assert_eq!(refused("Harbour", &["The se"]).await, "there is no option `The se`; did you mean `The sea`?");
    let required = "dave may not complete onboarding in Harbour: a required question has no answer";
    assert_eq!(refused("Harbour", &["Knots"]).await, required);
    let single = "dave may not complete onboarding in Harbour: a question allows only one answer";
    assert_eq!(refused("Harbour", &["The sea", "A lake"]).await, single);
    dave.complete_onboarding("Harbour", &["A lake"]).await.unwrap();
    let again = "dave may not complete onboarding in Harbour: already completed";
    assert_eq!(refused("Harbour", &["A lake"]).await, again);
    api(&sim, "alice").made(Method::PUT, &path(&sim), json!({ "enabled": false })).await;
    let off = "dave may not complete onboarding in Harbour: onboarding is not enabled";
    assert_eq!(refused("Harbour", &["A lake"]).await, off);
    dave.leave("Harbour").await.unwrap();
    let absent = "dave may not complete onboarding in Harbour: not a member";
    assert_eq!(refused("Harbour", &["A lake"]).await, absent);
}

#[tokio::test]
async fn it_is_kept_with_its_world() {
    let folder = tempfile::tempdir().unwrap();
    let kept =
        || SimOptions { persist_dir: Some(folder.path().to_owned()), world: World::default(), ..options() };
    let sim = Sim::start(kept()).await.unwrap();
    welcoming(&sim).await;
    let before = api(&sim, "alice").get(&path(&sim)).await;
    sim.close().await;
    let sim = Sim::start(kept()).await.unwrap();
    assert_eq!(api(&sim, "alice").get(&path(&sim)).await, before);
}
