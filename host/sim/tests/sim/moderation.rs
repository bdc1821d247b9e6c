//! Roles, members, bans, timeouts and the audit log: who may do what to whom, and which events are sent.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{api, code, harbour, id, user};
use crate::raw::{INTENTS, Socket, channel_id, sim};

/// The intents for all events of moderation.
const MODERATION: u64 = INTENTS | 1 << 1 | 1 << 2 | 1 << 7;

#[tokio::test]
async fn a_role_is_created_edited_moved_and_deleted() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    let (alice, guild) = (api(&sim, "alice"), harbour(&sim));
    let path = format!("/guilds/{guild}/roles");
    let body = json!({ "name": "painter", "color": 0xff_00_00, "hoist": true, "permissions": "2048" });
    let role = alice.made(Method::POST, &path, body).await;
    assert_eq!((&role["position"], &role["permissions"]), (&json!(1), &json!("2048")));
    assert_eq!(socket.event("GUILD_ROLE_CREATE").await["role"], role);
    let one = format!("{path}/{}", id(&role));
    let changed = alice.made(Method::PATCH, &one, json!({ "name": "artist", "mentionable": true })).await;
    assert_eq!((&changed["name"], &changed["color"]), (&json!("artist"), &json!(0xff_00_00)));
    assert_eq!(socket.event("GUILD_ROLE_UPDATE").await["role"], changed);
    let all = alice.made(Method::PATCH, &path, json!([{ "id": role["id"], "position": 3 }])).await;
    let mut places: Vec<u64> =
        all.as_array().unwrap().iter().map(|role| role["position"].as_u64().unwrap()).collect();
    places.sort_unstable();
    assert_eq!(places, (0..places.len() as u64).collect::<Vec<_>>(), "{all:#}");
    assert_eq!(alice.get(&one).await.1["position"], 3);
    assert_eq!(alice.delete(&one).await.0, 204);
    assert_eq!(socket.event("GUILD_ROLE_DELETE").await["role_id"], role["id"]);
    assert_eq!(code(&alice.delete(&one).await), (404, 10011));
    assert_eq!(code(&alice.delete(&format!("{path}/{guild}")).await), (400, 50028));
}

#[tokio::test]
async fn members_cannot_manage_equal_roles_or_grant_permissions_they_lack() {
    let sim = sim().await;
    let (alice, guild) = (api(&sim, "alice"), harbour(&sim));
    let roles = format!("/guilds/{guild}/roles");
    let keeper = json!({ "name": "keeper", "permissions": (1_u64 << 28 | 1 << 1 | 1 << 27).to_string() });
    let keeper = alice.made(Method::POST, &roles, keeper).await;
    let member = |name: &str| format!("/guilds/{guild}/members/{}", user(&sim, name));
    for name in ["dave", "erin"] {
        let only_keeper = json!({ "roles": [id(&keeper)] });
        assert_eq!(alice.patch(&member(name), only_keeper).await.0, 200);
    }
    let dave = api(&sim, "dave");
    // Its own role, a permission that it lacks, an equal member, the owner.
    assert_eq!(
        code(&dave.patch(&format!("{roles}/{}", id(&keeper)), json!({ "name": "x" })).await),
        (403, 50013)
    );
    assert_eq!(code(&dave.post(&roles, json!({ "permissions": "8" })).await), (403, 50013));
    assert_eq!(code(&dave.delete(&member("erin")).await), (403, 50013));
    assert_eq!(code(&dave.patch(&member("alice"), json!({ "nick": "x" })).await), (403, 50013));
    // Members and roles below are allowed.
    assert_eq!(dave.patch(&member("carol"), json!({ "nick": "Caz" })).await.1["nick"], "Caz");
    let low = dave.made(Method::POST, &roles, json!({ "name": "low" })).await;
    assert_eq!(dave.put(&format!("{}/roles/{}", member("carol"), id(&low)), Value::Null).await.0, 204);
    assert_eq!(dave.delete(&member("carol")).await.0, 204);
    assert_eq!(code(&dave.delete(&member("carol")).await), (404, 10007));
}

#[tokio::test]
async fn a_member_is_renamed_and_gets_roles_with_events() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, MODERATION).await;
    let (alice, guild) = (api(&sim, "alice").because("spring%20cleaning"), harbour(&sim));
    let dave = format!("/guilds/{guild}/members/{}", user(&sim, "dave"));
    let newcomer = sim.world(|world| world.guilds().next().unwrap().roles[2].id);
    let body = json!({ "nick": "Davy", "roles": [newcomer] });
    let changed = alice.made(Method::PATCH, &dave, body).await;
    assert_eq!((&changed["nick"], &changed["roles"][0]), (&json!("Davy"), &json!(newcomer)));
    let told = socket.event("GUILD_MEMBER_UPDATE").await;
    assert_eq!((&told["nick"], &told["user"]["username"]), (&json!("Davy"), &json!("dave")));
    let own = format!("/guilds/{guild}/members/@me");
    assert_eq!(api(&sim, "dave").patch(&own, json!({ "nick": null })).await.1["nick"], Value::Null);
    let too_long = api(&sim, "dave").patch(&own, json!({ "nick": "x".repeat(33) })).await;
    assert_eq!(code(&too_long), (400, 50035));
    let (_, found) = alice.get(&format!("/guilds/{guild}/members/search?query=DA&limit=5")).await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    let (_, log) = alice.get(&format!("/guilds/{guild}/audit-logs?action_type=25")).await;
    let entry = &log["audit_log_entries"][0];
    assert_eq!(entry["changes"][0]["key"], "$add");
    assert_eq!(entry["reason"], "spring cleaning");
    assert_eq!(log["users"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_timed_out_member_can_only_read_until_the_timeout_ends() {
    let sim = sim().await;
    sim.clock().freeze();
    let (alice, guild, general) = (api(&sim, "alice"), harbour(&sim), channel_id(&sim, "general"));
    let said = sim.member("alice").unwrap().say("general", "quiet please").await.unwrap();
    let dave = format!("/guilds/{guild}/members/{}", user(&sim, "dave"));
    let until = sim.clock().now() + std::time::Duration::from_secs(60);
    let body = json!({ "communication_disabled_until": until.to_string() });
    let changed = alice.made(Method::PATCH, &dave, body).await;
    assert_eq!(changed["communication_disabled_until"], until.to_string());
    let speak = || async {
        let path = format!("/channels/{general}/messages");
        code(&api(&sim, "dave").post(&path, json!({ "content": "but" })).await)
    };
    assert_eq!(speak().await, (403, 50013));
    let react = format!("/channels/{general}/messages/{said}/reactions/%F0%9F%91%8D/@me");
    assert_eq!(code(&api(&sim, "dave").put(&react, Value::Null).await), (403, 50013));
    let (status, _) = api(&sim, "dave").get(&format!("/channels/{general}/messages")).await;
    assert_eq!(status, 200);
    sim.clock().advance(std::time::Duration::from_secs(61));
    assert_eq!(speak().await, (200, 0));
    let far = json!({ "communication_disabled_until": "2099-01-01T00:00:00Z" });
    assert_eq!(code(&alice.patch(&dave, far).await), (400, 50035));
    let owner = format!("/guilds/{guild}/members/{}", user(&sim, "alice"));
    let body =
        json!({ "communication_disabled_until": (until + std::time::Duration::from_secs(600)).to_string() });
    assert_eq!(code(&alice.patch(&owner, body).await), (403, 50013));
}

#[tokio::test]
async fn a_ban_removes_the_member_deletes_messages_and_is_listed_until_lifted() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, MODERATION).await;
    let (alice, guild) = (api(&sim, "alice").because("spam"), harbour(&sim));
    let (dave, erin) = (user(&sim, "dave"), user(&sim, "erin"));
    sim.member("dave").unwrap().say("general", "buy now").await.unwrap();
    let bans = format!("/guilds/{guild}/bans");
    let one = format!("{bans}/{dave}");
    assert_eq!(code(&api(&sim, "bob").put(&one, json!({})).await), (403, 50013));
    assert_eq!(alice.put(&one, json!({ "delete_message_seconds": 3600 })).await.0, 204);
    assert_eq!(socket.event("GUILD_MEMBER_REMOVE").await["user"]["username"], "dave");
    assert_eq!(socket.event("GUILD_BAN_ADD").await["user"]["username"], "dave");
    assert_eq!(socket.event("MESSAGE_DELETE").await["guild_id"], guild);
    assert!(sim.messages("general").unwrap().is_empty());
    let ban = alice.made(Method::GET, &one, Value::Null).await;
    assert_eq!((&ban["reason"], &ban["user"]["id"]), (&json!("spam"), &json!(dave)));
    let both = json!({ "user_ids": [erin, user(&sim, "alice")] });
    let done = alice.made(Method::POST, &format!("/guilds/{guild}/bulk-ban"), both).await;
    assert_eq!(done["banned_users"], json!([erin]));
    assert_eq!(done["failed_users"], json!([user(&sim, "alice")]));
    assert_eq!(alice.get(&bans).await.1.as_array().unwrap().len(), 2);
    assert_eq!(alice.get(&format!("{bans}?limit=1&after={dave}")).await.1[0]["user"]["id"], *erin);
    assert_eq!(alice.delete(&one).await.0, 204);
    assert_eq!(socket.event("GUILD_BAN_REMOVE").await["user"]["username"], "dave");
    assert_eq!(code(&alice.get(&one).await), (404, 10026));
}

#[tokio::test]
async fn a_ban_of_somebody_who_is_banned_already_changes_nothing() {
    let sim = sim().await;
    let (alice, guild) = (api(&sim, "alice").because("spam"), harbour(&sim));
    let (dave, erin) = (user(&sim, "dave"), user(&sim, "erin"));
    let one = format!("/guilds/{guild}/bans/{dave}");
    assert_eq!(alice.put(&one, json!({})).await.0, 204);
    let (mut socket, _) = Socket::identified(&sim, MODERATION).await;
    socket.settled().await;
    assert_eq!(api(&sim, "alice").because("again").put(&one, json!({})).await.0, 204);
    assert_eq!(socket.settled().await, Vec::<Value>::new());
    assert_eq!(alice.get(&one).await.1["reason"], "spam");
    let bulk = format!("/guilds/{guild}/bulk-ban");
    assert_eq!(code(&alice.post(&bulk, json!({ "user_ids": [dave] })).await), (400, 500_000));
    let done = alice.made(Method::POST, &bulk, json!({ "user_ids": [dave, erin] })).await;
    assert_eq!((&done["banned_users"], &done["failed_users"]), (&json!([erin]), &json!([dave])));
    let (_, log) = alice.get(&format!("/guilds/{guild}/audit-logs?action_type=22")).await;
    assert_eq!(log["audit_log_entries"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_audit_log_is_filtered_and_needs_a_permission() {
    let sim = sim().await;
    let (alice, guild) = (api(&sim, "alice"), harbour(&sim));
    let (mut bot, _) = Socket::identified(&sim, MODERATION).await;
    let (mut owner, _) = crate::raw::client(&sim, "alice").await;
    let log = format!("/guilds/{guild}/audit-logs");
    let made = alice.made(Method::POST, &format!("/guilds/{guild}/channels"), json!({ "name": "new" })).await;
    alice.made(Method::PATCH, &format!("/guilds/{guild}"), json!({ "name": "Port" })).await;
    assert_eq!(bot.event("GUILD_UPDATE").await["name"], "Port");
    let (_, all) = alice.get(&log).await;
    let entries = all["audit_log_entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(
        entries[0]["changes"][0],
        json!({ "key": "name", "old_value": "Harbour", "new_value": "Port" })
    );
    assert_eq!((&entries[1]["action_type"], &entries[1]["target_id"]), (&json!(10), &made["id"]));
    let (_, some) = alice.get(&format!("{log}?user_id={}&limit=1", user(&sim, "alice"))).await;
    assert_eq!(some["audit_log_entries"].as_array().unwrap().len(), 1);
    assert_eq!(alice.get(&format!("{log}?action_type=22")).await.1["audit_log_entries"], json!([]));
    assert_eq!(code(&api(&sim, "bob").get(&log).await), (403, 50013));
    assert_eq!(owner.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await["target_id"], made["id"]);
    let heard = bot.settled().await;
    assert!(!heard.iter().any(|payload| payload["t"] == "GUILD_AUDIT_LOG_ENTRY_CREATE"), "no VIEW_AUDIT_LOG");
}

#[tokio::test]
async fn a_bot_leaves_a_guild_and_receives_guild_delete() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    let guild = harbour(&sim);
    assert_eq!(api(&sim, "bot").delete(&format!("/users/@me/guilds/{guild}")).await.0, 204);
    assert_eq!(socket.event("GUILD_DELETE").await, json!({ "id": guild }));
    let (_, left) = api(&sim, "bot").get("/users/@me/guilds").await;
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(code(&api(&sim, "bot").get(&format!("/guilds/{guild}")).await), (403, 50001));
    let owner = api(&sim, "alice").delete(&format!("/users/@me/guilds/{guild}")).await;
    assert_eq!(code(&owner), (400, 50055));
}

#[tokio::test]
async fn the_audit_log_says_whose_overwrite_it_was() {
    let sim = sim().await;
    let (guild, alice) = (harbour(&sim), api(&sim, "alice"));
    let bob = user(&sim, "bob");
    let general = channel_id(&sim, "general");
    for (whom, kind) in [(bob.clone(), 1), (guild.clone(), 0)] {
        let overwrite = format!("/channels/{general}/permissions/{whom}");
        // Libraries repeat the id in the body.
        let deny = json!({ "id": whom, "type": kind, "deny": "2048" });
        assert_eq!(alice.put(&overwrite, deny).await.0, 204);
        let (_, log) = alice.get(&format!("/guilds/{guild}/audit-logs?action_type=13&limit=1")).await;
        let options = &log["audit_log_entries"][0]["options"];
        assert_eq!((&options["id"], &options["type"]), (&json!(whom), &json!(kind.to_string())));
        assert_eq!(options["role_name"].is_string(), kind == 0);
    }
    assert!(sim.unknown_fields().is_empty(), "{:?}", sim.unknown_fields());
}
