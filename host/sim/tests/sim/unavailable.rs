//! Features that no guild or application has here, and pruning of members.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{api, code, harbour, id};
use crate::raw::{Socket, channel_id, sim};

#[tokio::test]
async fn features_that_do_not_exist_are_answered_as_by_discord() {
    let sim = sim().await;
    let (alice, bot, carol) = (api(&sim, "alice"), api(&sim, "bot"), api(&sim, "carol"));
    let guild = format!("/guilds/{}", harbour(&sim));
    assert_eq!(bot.get(&format!("{guild}/stickers")).await, (200, json!([])));
    assert_eq!(bot.get(&format!("{guild}/soundboard-sounds")).await.1, json!({ "items": [] }));
    assert_eq!(bot.get("/soundboard-default-sounds").await.1, json!([]));
    for (path, answer) in [
        ("vanity-url", json!({ "code": null, "uses": 0 })),
        ("widget", json!({ "enabled": false, "channel_id": null })),
        ("integrations", json!([])),
    ] {
        assert_eq!(alice.get(&format!("{guild}/{path}")).await, (200, answer));
        assert_eq!(code(&carol.get(&format!("{guild}/{path}")).await), (403, 50013));
    }
    assert_eq!(code(&bot.get(&format!("{guild}/widget.json")).await), (403, 50004));
    assert_eq!(code(&bot.get("/guilds/5/widget.json").await), (404, 10004));
    assert_eq!(code(&bot.get(&format!("{guild}/welcome-screen")).await), (404, 10069));
    assert_eq!(code(&bot.get(&format!("{guild}/soundboard-sounds/5")).await), (404, 10097));
    assert_eq!(code(&bot.get(&format!("{guild}/stickers/5")).await), (404, 10060));
    assert_eq!(code(&bot.get("/stickers/5").await), (404, 10060));
    let me = bot.get("/users/@me").await.1;
    for list in ["skus", "entitlements"] {
        assert_eq!(bot.get(&format!("/applications/{}/{list}", id(&me))).await.1, json!([]), "{list}");
        assert_eq!(code(&bot.get(&format!("/applications/5/{list}")).await), (403, 20012));
    }
    assert_eq!(code(&bot.get(&format!("/applications/{}/entitlements/5", id(&me))).await), (404, 10029));
}

#[tokio::test]
async fn a_prune_removes_inactive_members_without_other_roles() {
    let sim = sim().await;
    let (alice, guild) = (api(&sim, "alice"), harbour(&sim));
    let prune = format!("/guilds/{guild}/prune");
    sim.clock().advance(Duration::from_secs(8 * 24 * 3600));
    let everyone = alice.get(&prune).await.1["pruned"].as_u64().unwrap();
    let here = format!("/channels/{}/messages", channel_id(&sim, "general"));
    api(&sim, "carol").made(Method::POST, &here, json!({ "content": "still here" })).await;
    let role = alice.made(Method::POST, &format!("/guilds/{guild}/roles"), json!({ "name": "crew" })).await;
    let dave = sim.world(|world| world.user_named("dave").map(|user| user.id)).unwrap();
    let has_role = format!("/guilds/{guild}/members/{dave}/roles/{}", id(&role));
    assert_eq!(alice.put(&has_role, Value::Null).await.0, 204);
    assert_eq!(alice.get(&prune).await.1["pruned"], everyone - 2, "one wrote, one has a role");
    let with_role = format!("{prune}?days=7&include_roles={}", id(&role));
    assert_eq!(alice.get(&with_role).await.1["pruned"], everyone - 1);
    assert_eq!(
        alice.get(&format!("{prune}?days=30")).await.1["pruned"],
        everyone - 2,
        "they joined long ago"
    );

    assert_eq!(code(&api(&sim, "bot").post(&prune, json!({})).await), (403, 50013));
    assert_eq!(code(&alice.post(&prune, json!({ "days": 31 })).await), (400, 50035));
    let (mut socket, _) = Socket::identified(&sim, 1 << 1).await;
    let body = json!({ "days": 7, "include_roles": [id(&role)], "compute_prune_count": true });
    assert_eq!(alice.post(&prune, body).await.1["pruned"], everyone - 1);
    socket.event("GUILD_MEMBER_REMOVE").await;
    assert_eq!(
        alice.post(&prune, json!({ "compute_prune_count": false })).await.1,
        json!({ "pruned": null })
    );
    let log = alice.get(&format!("/guilds/{guild}/audit-logs?action_type=21")).await.1;
    let options = &log["audit_log_entries"][1]["options"];
    assert_eq!(options["members_removed"], (everyone - 1).to_string());
}
