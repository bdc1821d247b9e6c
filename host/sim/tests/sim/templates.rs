//! Templates of guilds: created, synced, changed and deleted by members who manage the guild, readable by all users.

use gearshift_sim::Sim;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{ApiClient, api, code, harbour, id, user};
use crate::raw::{channel_id, sim};

fn templates(sim: &Sim) -> String {
    format!("/guilds/{}/templates", harbour(sim))
}

/// A template created by alice, who owns the guild: its path in the guild, and its data.
async fn made(sim: &Sim, alice: &ApiClient<'_>) -> (String, Value) {
    let made = alice.made(Method::POST, &templates(sim), json!({ "name": "Ports" })).await;
    (format!("{}/{}", templates(sim), made["code"].as_str().unwrap()), made)
}

#[tokio::test]
async fn a_guild_has_one_template_for_those_who_manage_it() {
    let sim = sim().await;
    let alice = api(&sim, "alice");
    assert_eq!(alice.get(&templates(&sim)).await, (200, json!([])));
    let (one, made) = made(&sim, &alice).await;
    assert_eq!(
        (&made["name"], &made["description"], &made["usage_count"], &made["is_dirty"]),
        (&json!("Ports"), &Value::Null, &json!(0), &Value::Null)
    );
    assert_eq!(
        (&made["creator_id"], &made["creator"]["username"]),
        (&json!(user(&sim, "alice")), &json!("alice"))
    );
    assert_eq!(made["source_guild_id"], harbour(&sim));
    assert_eq!(alice.get(&templates(&sim)).await.1, json!([made]));
    let again = alice.post(&templates(&sim), json!({ "name": "More" })).await;
    assert_eq!(code(&again), (400, 30031));

    let changed = alice.made(Method::PATCH, &one, json!({ "description": "By the sea" })).await;
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Ports"), &json!("By the sea")));
    assert_eq!(changed["updated_at"], made["updated_at"], "it was not synced");
    let changed = alice.made(Method::PATCH, &one, json!({ "name": "Harbours", "description": null })).await;
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Harbours"), &Value::Null));

    for dave in [api(&sim, "dave"), api(&sim, "bot")] {
        for refused in [
            dave.get(&templates(&sim)).await,
            dave.post(&templates(&sim), json!({ "name": "x" })).await,
            dave.put(&one, Value::Null).await,
            dave.patch(&one, json!({ "name": "x" })).await,
            dave.delete(&one).await,
        ] {
            assert_eq!(code(&refused), (403, 50013));
        }
    }
    assert_eq!(alice.delete(&one).await, (200, changed));
    assert_eq!(code(&alice.delete(&one).await), (404, 10057));
    assert_eq!(alice.get(&templates(&sim)).await.1, json!([]));
}

#[tokio::test]
async fn a_template_is_read_by_its_code_and_bots_cannot_create_guilds_from_it() {
    let sim = sim().await;
    let alice = api(&sim, "alice");
    let (one, made) = made(&sim, &alice).await;
    let path = format!("/guilds/templates/{}", made["code"].as_str().unwrap());
    let read = reqwest::get(format!("{}{path}", sim.api_url())).await.unwrap();
    assert_eq!(read.json::<Value>().await.unwrap(), made, "without a token");
    for (path, body) in [(&*path, json!({ "name": "Copy" })), ("/guilds", json!({ "name": "New" }))] {
        assert_eq!(code(&api(&sim, "bot").post(path, body).await), (403, 20001), "{path}");
    }
    assert_eq!(code(&alice.get("/guilds/templates/nothing").await), (404, 10057));
    let workshop = sim.world(|world| world.guild_named("Workshop").unwrap().id);
    let owner = sim.world(|world| {
        let owner = world.guild_named("Workshop").unwrap().owner_id;
        world.user(owner).unwrap().username.clone()
    });
    let elsewhere = one.replace(&harbour(&sim), &workshop.to_string());
    assert_eq!(code(&api(&sim, &owner).put(&elsewhere, Value::Null).await), (404, 10057), "of another guild");
}

#[tokio::test]
async fn each_mistake_has_its_place() {
    let sim = sim().await;
    let alice = api(&sim, "alice");
    let long = |count| json!("x".repeat(count));
    let wrong = [
        (json!({ "name": "" }), "name"),
        (json!({ "name": long(101) }), "name"),
        (json!({ "name": "x", "description": long(121) }), "description"),
    ];
    let refused = async |answer: (u16, Value), place: &str| {
        assert_eq!(code(&answer), (400, 50035), "{}", answer.1);
        assert!(answer.1["errors"][place]["_errors"].is_array(), "{place}: {}", answer.1);
    };
    refused(alice.post(&templates(&sim), json!({})).await, "name").await;
    for (body, place) in &wrong {
        refused(alice.post(&templates(&sim), body.clone()).await, place).await;
    }
    let (one, _) = made(&sim, &alice).await;
    for (body, place) in &wrong {
        refused(alice.patch(&one, body.clone()).await, place).await;
    }
}

#[tokio::test]
async fn a_templates_snapshot_is_the_guild_with_placeholder_ids() {
    let sim = sim().await;
    let (alice, guild) = (api(&sim, "alice"), harbour(&sim));
    let make = async |path: &str, body: Value| {
        alice.made(Method::POST, &format!("/guilds/{guild}/{path}"), body).await
    };
    let role = make("roles", json!({ "name": "pilot", "color": 255, "permissions": "8192" })).await;
    let category = make("channels", json!({ "name": "Docks", "type": 4 })).await;
    let overwrites = json!([
        { "id": role["id"], "type": 0, "allow": "1024", "deny": "0" },
        { "id": user(&sim, "dave"), "type": 1, "allow": "1024", "deny": "0" },
        { "id": guild, "type": 0, "allow": "0", "deny": "1024" },
    ]);
    let dock = json!({ "name": "dock", "parent_id": id(&category), "permission_overwrites": overwrites, "topic": "Boats" });
    let dock = make("channels", dock).await;
    make("channels", json!({ "name": "news", "type": 5 })).await;
    make("channels", json!({ "name": "stage", "type": 13 })).await;
    let tags = json!([{ "name": "sail" }, { "name": "row", "moderated": true }]);
    make("channels", json!({ "name": "pictures", "type": 15, "available_tags": tags })).await;
    alice.made(Method::PATCH, &format!("/guilds/{guild}"), json!({ "system_channel_id": dock["id"] })).await;
    let (_, made) = made(&sim, &alice).await;
    let snapshot = &made["serialized_source_guild"];
    assert_eq!((&snapshot["name"], &snapshot["afk_timeout"]), (&json!("Harbour"), &json!(300)));
    for gone in ["id", "owner_id", "emojis", "members", "features"] {
        assert!(snapshot.get(gone).is_none(), "{gone}");
    }
    let named = |list: &str, name: &str| -> Value {
        let all = snapshot[list].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name} in {list}")).clone()
    };
    let roles = snapshot["roles"].as_array().unwrap();
    assert_eq!((&roles[0]["id"], &roles[0]["name"]), (&json!(0), &json!("@everyone")));
    assert!(roles.iter().all(|role| role["name"] != "bot"), "a bot's role stays with it");
    let pilot = named("roles", "pilot");
    assert_eq!((&pilot["color"], &pilot["permissions"]), (&json!(255), &json!("8192")));
    let (docks, dock) = (named("channels", "Docks"), named("channels", "dock"));
    assert_eq!(
        (&dock["parent_id"], &dock["topic"], &dock["type"]),
        (&docks["id"], &json!("Boats"), &json!(0))
    );
    assert_eq!(snapshot["system_channel_id"], dock["id"]);
    let channels = snapshot["channels"].as_array().unwrap();
    let numbers: Vec<u64> = channels.iter().map(|channel| channel["id"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=channels.len() as u64).collect::<Vec<_>>());
    let place = |channel: &Value| channels.iter().position(|one| one["id"] == channel["id"]);
    assert!(place(&docks) < place(&dock), "a category comes before what is in it");
    assert_eq!(
        dock["permission_overwrites"],
        json!([
            { "id": pilot["id"], "type": 0, "allow": "1024", "deny": "0" },
            { "id": 0, "type": 0, "allow": "0", "deny": "1024" },
        ]),
        "those of members stay with them"
    );
    assert_eq!(
        (&named("channels", "news")["type"], &named("channels", "stage")["type"]),
        (&json!(0), &json!(2))
    );
    let tags = &named("channels", "pictures")["available_tags"];
    assert_eq!(
        (&tags[0]["id"], &tags[1]["name"], &tags[1]["moderated"]),
        (&json!(0), &json!("row"), &json!(true))
    );
}

#[tokio::test]
async fn a_template_is_dirty_until_synced() {
    let sim = sim().await;
    sim.clock().freeze();
    let alice = api(&sim, "alice");
    let (one, made) = made(&sim, &alice).await;
    sim.member("alice").unwrap().say("general", "nothing of the guild").await.unwrap();
    assert_eq!(alice.get(&templates(&sim)).await.1[0]["is_dirty"], Value::Null);
    let general = format!("/channels/{}", channel_id(&sim, "general"));
    alice.made(Method::PATCH, &general, json!({ "topic": "Tides" })).await;
    let dirty = alice.get(&templates(&sim)).await.1[0].clone();
    assert_eq!(dirty["is_dirty"], true);
    assert_eq!(dirty["serialized_source_guild"], made["serialized_source_guild"]);
    sim.clock().advance(std::time::Duration::from_secs(60));
    let synced = alice.made(Method::PUT, &one, Value::Null).await;
    assert_eq!((&synced["is_dirty"], &synced["created_at"]), (&Value::Null, &made["created_at"]));
    assert_ne!(synced["updated_at"], made["updated_at"]);
    let channels = synced["serialized_source_guild"]["channels"].as_array().unwrap();
    assert!(channels.iter().any(|channel| channel["topic"] == "Tides"));
}
