//! Channels over REST: creating, changing, ordering and removing them, and permissions in them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{api, code, harbour, id, user};
use crate::raw::{INTENTS, Socket, channel_id, sim};

#[tokio::test]
async fn channels_of_every_kind_are_created_edited_and_deleted_with_events() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    let alice = api(&sim, "alice");
    let path = format!("/guilds/{}/channels", harbour(&sim));
    for kind in [0, 2, 4, 5, 13, 15, 16] {
        let body = json!({ "name": "New Place", "type": kind, "topic": null });
        let made = alice.made(Method::POST, &path, body).await;
        assert_eq!(made["type"], kind);
        let spoken = matches!(kind, 2 | 4 | 13);
        assert_eq!(made["name"], if spoken { "New Place" } else { "new-place" });
        assert_eq!(socket.event("CHANNEL_CREATE").await, made);
        let one = format!("/channels/{}", id(&made));
        let changed = alice.made(Method::PATCH, &one, json!({ "name": "renamed", "nsfw": true })).await;
        assert_eq!((&changed["name"], &changed["nsfw"]), (&json!("renamed"), &json!(true)));
        assert_eq!(socket.event("CHANNEL_UPDATE").await, changed);
        let gone = alice.made(Method::DELETE, &one, Value::Null).await;
        assert_eq!(socket.event("CHANNEL_DELETE").await["id"], gone["id"]);
        assert_eq!(code(&alice.get(&one).await), (404, 10003));
    }
}

#[tokio::test]
async fn a_bad_channel_is_refused_with_the_path_of_each_mistake() {
    let sim = sim().await;
    let path = format!("/guilds/{}/channels", harbour(&sim));
    let bad = json!({
        "name": "", "type": 0, "topic": "x".repeat(1025), "rate_limit_per_user": 21_601,
        "permission_overwrites": [{ "id": "x", "type": 0 }], "default_auto_archive_duration": 61,
    });
    let (status, body) = api(&sim, "alice").post(&path, bad).await;
    assert_eq!((status, &body["code"]), (400, &json!(50035)));
    let of = |field: &str| body["errors"][field]["_errors"][0]["code"].clone();
    assert_eq!(of("name"), "BASE_TYPE_BAD_LENGTH");
    assert_eq!(of("topic"), "BASE_TYPE_MAX_LENGTH");
    assert_eq!(of("rate_limit_per_user"), "NUMBER_TYPE_MAX");
    assert_eq!(of("default_auto_archive_duration"), "BASE_TYPE_CHOICES");
    let overwrite = &body["errors"]["permission_overwrites"]["0"]["id"]["_errors"][0]["code"];
    assert_eq!(overwrite, "NUMBER_TYPE_COERCE");
    let parent = json!({ "name": "x", "parent_id": channel_id(&sim, "general") });
    let (_, body) = api(&sim, "alice").post(&path, parent).await;
    assert_eq!(body["errors"]["parent_id"]["_errors"][0]["code"], "CHANNEL_PARENT_INVALID");
}

#[tokio::test]
async fn without_the_permission_nothing_is_changed() {
    let sim = sim().await;
    let general = channel_id(&sim, "general");
    let bob = api(&sim, "bob");
    let path = format!("/guilds/{}/channels", harbour(&sim));
    assert_eq!(code(&bob.post(&path, json!({ "name": "mine" })).await), (403, 50013));
    let one = format!("/channels/{general}");
    assert_eq!(code(&bob.patch(&one, json!({ "name": "mine" })).await), (403, 50013));
    assert_eq!(code(&bob.delete(&one).await), (403, 50013));
    let overwrite = format!("{one}/permissions/{}", harbour(&sim));
    let deny = json!({ "type": 0, "deny": "2048" });
    assert_eq!(code(&bob.put(&overwrite, deny).await), (403, 50013));
    let staff = format!("/channels/{}", channel_id(&sim, "staff"));
    assert_eq!(code(&api(&sim, "dave").get(&staff).await), (403, 50001));
    assert_eq!(api(&sim, "alice").get(&one).await.1["name"], "general");
}

#[tokio::test]
async fn an_overwrite_takes_effect_at_once() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    let general = channel_id(&sim, "general");
    let everyone = format!("/channels/{general}/permissions/{}", harbour(&sim));
    let alice = api(&sim, "alice");
    let says = || async {
        let path = format!("/channels/{general}/messages");
        code(&api(&sim, "dave").post(&path, json!({ "content": "hi" })).await)
    };
    assert_eq!(says().await, (200, 0));
    alice.made(Method::PUT, &everyone, json!({ "type": 0, "deny": "2048" })).await;
    let told = socket.event("CHANNEL_UPDATE").await;
    assert_eq!(told["permission_overwrites"][0]["deny"], "2048");
    assert_eq!(says().await, (403, 50013));
    alice.made(Method::PUT, &everyone, json!({ "type": 0, "deny": "1024" })).await;
    assert_eq!(says().await, (403, 50001));
    assert_eq!(alice.delete(&everyone).await.0, 204);
    assert_eq!(says().await, (200, 0));
    assert_eq!(code(&alice.delete(&everyone).await), (404, 10009));
}

#[tokio::test]
async fn channels_are_ordered_and_inherit_a_categorys_overwrites() {
    let sim = sim().await;
    let guild = harbour(&sim);
    let alice = api(&sim, "alice");
    let path = format!("/guilds/{guild}/channels");
    let closed = json!([{ "id": guild, "type": 0, "allow": "0", "deny": "1024" }]);
    let category = json!({ "name": "Back rooms", "type": 4, "permission_overwrites": closed });
    let category = alice.made(Method::POST, &path, category).await;
    let under = json!({ "name": "inner", "parent_id": category["id"] });
    let inner = alice.made(Method::POST, &path, under).await;
    assert_eq!(inner["permission_overwrites"], closed);
    let general = channel_id(&sim, "general");
    let places = json!([
        { "id": general, "position": 7, "parent_id": category["id"], "lock_permissions": true },
        { "id": inner["id"], "position": 8 },
    ]);
    assert_eq!(alice.patch(&path, places).await.0, 204);
    let (_, moved) = alice.get(&format!("/channels/{general}")).await;
    assert_eq!((&moved["position"], &moved["parent_id"]), (&json!(7), &category["id"]));
    assert_eq!(moved["permission_overwrites"], closed);
    alice.made(Method::DELETE, &format!("/channels/{}", id(&category)), Value::Null).await;
    let (_, orphan) = alice.get(&format!("/channels/{general}")).await;
    assert_eq!(orphan["parent_id"], Value::Null);
}

#[tokio::test]
async fn a_bot_knows_only_the_place_of_a_channel_that_it_may_not_view() {
    let sim = sim().await;
    let (alice, guild) = (api(&sim, "alice"), harbour(&sim));
    let staff = channel_id(&sim, "staff");
    let (mut socket, ready) = Socket::identified(&sim, INTENTS).await;
    let bot = id(&ready["user"]).to_owned();
    let shown = socket.event("GUILD_CREATE").await;
    let hidden = shown["channels"].as_array().unwrap().iter().find(|one| one["id"] == *staff).unwrap();
    assert_eq!((&hidden["name"], &hidden["topic"]), (&json!("___hidden___"), &Value::Null));
    assert_eq!((&hidden["flags"], &hidden["type"]), (&json!(1 << 17), &json!(0)));
    let denied = json!([{ "id": guild, "type": 0, "allow": "0", "deny": "1024" }]);
    assert_eq!(hidden["permission_overwrites"], denied);
    let listed = || async {
        let (_, all) = api(&sim, "bot").get(&format!("/guilds/{guild}/channels")).await;
        all.as_array().unwrap().iter().any(|one| one["id"] == *staff)
    };
    assert!(!listed().await);

    let path = format!("/channels/{staff}");
    alice.made(Method::PATCH, &path, json!({ "name": "crew" })).await;
    assert_eq!(socket.event("CHANNEL_UPDATE").await["name"], "___hidden___");
    // By an overwrite of the channel, and by a role.
    let own = format!("{path}/permissions/{bot}");
    assert_eq!(alice.put(&own, json!({ "type": 1, "allow": "1024" })).await.0, 204);
    assert_eq!(socket.event("CHANNEL_UPDATE").await["name"], "crew");
    assert!(listed().await);
    assert_eq!(alice.delete(&own).await.0, 204);
    assert_eq!(socket.event("CHANNEL_UPDATE").await["name"], "___hidden___");
    let moderator =
        sim.world(|world| world.guild_named("Harbour").unwrap().role_named("moderator").unwrap().id);
    let role = format!("/guilds/{guild}/members/{bot}/roles/{moderator}");
    assert_eq!(alice.put(&role, Value::Null).await.0, 204);
    assert_eq!(socket.event("CHANNEL_UPDATE").await["name"], "crew");
    assert_eq!(alice.delete(&role).await.0, 204);
    let again = socket.settled().await;
    let updates: Vec<&Value> = again.iter().filter(|one| one["t"] == "CHANNEL_UPDATE").collect();
    assert_eq!((updates.len(), &updates[0]["d"]["name"]), (1, &json!("___hidden___")), "once");
    alice.made(Method::DELETE, &path, Value::Null).await;
    assert_eq!(socket.event("CHANNEL_DELETE").await["name"], "___hidden___");
}

#[tokio::test]
async fn a_category_is_listed_for_those_who_may_view_a_channel_in_it() {
    let sim = sim().await;
    let (alice, guild) = (api(&sim, "alice"), harbour(&sim));
    let path = format!("/guilds/{guild}/channels");
    let denied = json!([{ "id": guild, "type": 0, "deny": "1024" }]);
    let category = json!({ "name": "Hold", "type": 4, "permission_overwrites": denied });
    let category = alice.made(Method::POST, &path, category).await;
    let listed = || async {
        let (_, all) = api(&sim, "dave").get(&path).await;
        all.as_array().unwrap().iter().any(|one| one["id"] == category["id"])
    };
    assert!(!listed().await);
    let child = json!({ "name": "hatch", "parent_id": category["id"], "permission_overwrites": [] });
    alice.made(Method::POST, &path, child).await;
    assert!(listed().await);
}

#[tokio::test]
async fn who_may_not_connect_to_a_voice_channel_may_not_manage_it() {
    let sim = sim().await;
    let (alice, guild) = (api(&sim, "alice"), harbour(&sim));
    let role = json!({ "name": "builder", "permissions": (1_u64 << 4 | 1 << 28).to_string() });
    let role = alice.made(Method::POST, &format!("/guilds/{guild}/roles"), role).await;
    let member = format!("/guilds/{guild}/members/{}", user(&sim, "dave"));
    alice.made(Method::PATCH, &member, json!({ "roles": [id(&role)] })).await;
    for (channel, outcome) in [("lounge", (403, 50013)), ("general", (200, 0))] {
        let path = format!("/channels/{}", channel_id(&sim, channel));
        let denied = json!({ "type": 0, "deny": (1 << 20).to_string() });
        assert_eq!(alice.put(&format!("{path}/permissions/{guild}"), denied).await.0, 204);
        let renamed = api(&sim, "dave").patch(&path, json!({ "name": channel, "nsfw": true })).await;
        assert_eq!(code(&renamed), outcome, "{channel}");
    }
}

#[tokio::test]
async fn overwrites_are_limited_to_what_the_caller_may_do() {
    let sim = sim().await;
    let (alice, guild) = (api(&sim, "alice"), harbour(&sim));
    let path = format!("/guilds/{guild}/channels");
    let dave = api(&sim, "dave");
    let role = json!({ "name": "builder", "permissions": (1_u64 << 4 | 1 << 28).to_string() });
    let role = alice.made(Method::POST, &format!("/guilds/{guild}/roles"), role).await;
    let member = format!("/guilds/{guild}/members/{}", user(&sim, "dave"));
    alice.made(Method::PATCH, &member, json!({ "roles": [id(&role)] })).await;
    let with = |deny: u64, parent: &Value| {
        let overwrite = json!({ "id": guild, "type": 0, "deny": deny.to_string() });
        json!({ "name": "new", "parent_id": parent, "permission_overwrites": [overwrite] })
    };
    // VIEW_CHANNEL, which dave has; MANAGE_ROLES, which he has, too; and MANAGE_WEBHOOKS, which he has not.
    let (view, roles, webhooks) = (1 << 10, 1 << 28, 1 << 29);
    for (deny, outcome) in [(view, (201, 0)), (roles, (403, 50013)), (webhooks, (403, 50013))] {
        assert_eq!(code(&dave.post(&path, with(deny, &Value::Null)).await), outcome, "{deny}");
    }
    // MANAGE_CHANNELS is enough for a new channel.
    let only_channels = json!({ "permissions": (1_u64 << 4).to_string() });
    alice.made(Method::PATCH, &format!("/guilds/{guild}/roles/{}", id(&role)), only_channels).await;
    assert_eq!(code(&dave.post(&path, with(view, &Value::Null)).await), (201, 0));
    // What he has in the category.
    let allowed = json!([{ "id": user(&sim, "dave"), "type": 1, "allow": webhooks.to_string() }]);
    let category = json!({ "name": "Hold", "type": 4, "permission_overwrites": allowed });
    let category = alice.made(Method::POST, &path, category).await;
    let made = dave.post(&path, with(webhooks, &category["id"])).await;
    assert_eq!(code(&made), (201, 0));
    // An overwrite that lets him manage permissions in a channel lets him set all of them.
    let general = format!("/channels/{}/permissions", channel_id(&sim, "general"));
    let denied = json!({ "type": 0, "deny": webhooks.to_string() });
    let everyone = format!("{general}/{guild}");
    assert_eq!(code(&dave.put(&everyone, denied.clone()).await), (403, 50013));
    let manages = json!({ "type": 1, "allow": roles.to_string() });
    assert_eq!(alice.put(&format!("{general}/{}", user(&sim, "dave")), manages).await.0, 204);
    assert_eq!(dave.put(&everyone, denied).await.0, 204);
}
