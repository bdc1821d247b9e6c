//! Webhooks of channels: created, used under other names, edited, removed; and announcements that other channels
//! follow.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{api, code, harbour, id};
use crate::raw::{INTENTS, Socket, channel_id, sim};

#[tokio::test]
async fn a_webhook_posts_under_its_own_name_without_authorization() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS | 1 << 5).await;
    let general = channel_id(&sim, "general");
    let hooks = format!("/channels/{general}/webhooks");
    let hook = api(&sim, "alice").made(Method::POST, &hooks, json!({ "name": "Weather" })).await;
    assert_eq!(socket.event("WEBHOOKS_UPDATE").await["channel_id"], general);
    let key = format!("/webhooks/{}/{}", id(&hook), hook["token"].as_str().unwrap());
    let client = reqwest::Client::new();
    let body = json!({ "content": "Rain.", "username": "Forecast", "avatar_url": "http://127.0.0.1/a.png" });
    let url = format!("{}{key}", sim.api_url());
    let quiet = client.post(&url).json(&body).send().await.unwrap();
    assert_eq!(quiet.status(), 204);
    let heard = socket.event("MESSAGE_CREATE").await;
    assert_eq!((&heard["author"]["username"], &heard["webhook_id"]), (&json!("Forecast"), &hook["id"]));
    assert!(heard.get("member").is_none(), "{heard}");
    let said: Value = client
        .post(format!("{url}?wait=true"))
        .json(&json!({ "content": "Sun." }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!((&said["author"]["username"], &said["author"]["bot"]), (&json!("Weather"), &json!(true)));
    let message = format!("{key}/messages/{}", id(&said));
    let bot = api(&sim, "bot");
    assert_eq!(bot.patch(&message, json!({ "content": "Snow." })).await.1["content"], "Snow.");
    assert_eq!(bot.get(&message).await.1["content"], "Snow.");
    assert_eq!(bot.delete(&message).await.0, 204);
    assert_eq!(code(&bot.get(&message).await), (404, 10008));
    assert_eq!(code(&bot.get(&format!("/webhooks/{}/wrong", id(&hook))).await), (401, 50027));
    assert_eq!(code(&bot.post("/webhooks/5/wrong", json!({ "content": "x" })).await), (404, 10015));
    assert!(bot.get(&key).await.1.get("user").is_none());
    assert_eq!(bot.delete(&key).await.0, 204);
    assert_eq!(api(&sim, "alice").get(&hooks).await.1, json!([]));
}

#[tokio::test]
async fn webhooks_need_a_permission_and_are_limited() {
    let sim = sim().await;
    let hooks = format!("/channels/{}/webhooks", channel_id(&sim, "general"));
    assert_eq!(code(&api(&sim, "bot").post(&hooks, json!({ "name": "x" })).await), (403, 50013));
    let alice = api(&sim, "alice");
    assert_eq!(code(&alice.post(&hooks, json!({ "name": "Clyde's friend" })).await), (400, 50035));
    for number in 0..15 {
        alice.made(Method::POST, &hooks, json!({ "name": format!("hook {number}") })).await;
    }
    assert_eq!(code(&alice.post(&hooks, json!({ "name": "one more" })).await), (400, 30007));
    let (_, all) = alice.get(&format!("/guilds/{}/webhooks", harbour(&sim))).await;
    let one = format!("/webhooks/{}", id(&all[0]));
    let moved = json!({ "name": "elsewhere", "channel_id": channel_id(&sim, "random") });
    assert_eq!(alice.patch(&one, moved).await.1["channel_id"], channel_id(&sim, "random"));
    assert_eq!(alice.delete(&one).await.0, 204);
    assert_eq!(code(&alice.get(&one).await), (404, 10015));
}

#[tokio::test]
async fn a_webhook_of_a_forum_opens_posts() {
    let sim = sim().await;
    let alice = api(&sim, "alice");
    let path = format!("/guilds/{}/channels", harbour(&sim));
    let forum = alice.made(Method::POST, &path, json!({ "name": "ideas", "type": 15 })).await;
    let hooks = format!("/channels/{}/webhooks", id(&forum));
    let hook = alice.made(Method::POST, &hooks, json!({ "name": "Collector" })).await;
    let key = format!("/webhooks/{}/{}", id(&hook), hook["token"].as_str().unwrap());
    assert_eq!(code(&alice.post(&key, json!({ "content": "x" })).await), (400, 220_001));
    let body = json!({ "content": "A sail.", "thread_name": "Sails" });
    let said = alice.made(Method::POST, &format!("{key}?wait=1"), body).await;
    assert_eq!(said["id"], said["channel_id"], "the first message of a post has its id");
    let thread = id(&said).to_owned();
    let more = format!("{key}?wait=1&thread_id={thread}");
    assert_eq!(alice.made(Method::POST, &more, json!({ "content": "Two." })).await["channel_id"], *thread);
    let both = json!({ "content": "x", "thread_name": "y" });
    assert_eq!(code(&alice.post(&more, both).await), (400, 220_002));
}

#[tokio::test]
async fn a_published_announcement_reaches_following_channels() {
    let sim = sim().await;
    let alice = api(&sim, "alice");
    let path = format!("/guilds/{}/channels", harbour(&sim));
    let news = alice.made(Method::POST, &path, json!({ "name": "news", "type": 5 })).await;
    let random = channel_id(&sim, "random");
    let follow = json!({ "webhook_channel_id": random });
    let followers = format!("/channels/{}/followers", id(&news));
    assert_eq!(alice.made(Method::POST, &followers, follow.clone()).await["channel_id"], news["id"]);
    let messages = format!("/channels/{}/messages", id(&news));
    let said = alice.made(Method::POST, &messages, json!({ "content": "We sail." })).await;
    let crosspost = format!("{messages}/{}/crosspost", id(&said));
    assert_eq!(alice.made(Method::POST, &crosspost, Value::Null).await["flags"], 1);
    let (_, arrived) = alice.get(&format!("/channels/{random}/messages?limit=1")).await;
    assert_eq!((&arrived[0]["content"], &arrived[0]["flags"]), (&json!("We sail."), &json!(2)));
    assert_eq!(arrived[0]["message_reference"]["message_id"], said["id"]);
    assert_eq!(code(&alice.post(&crosspost, Value::Null).await), (400, 40033));
    let plain = format!("/channels/{}/followers", channel_id(&sim, "general"));
    assert_eq!(code(&alice.post(&plain, follow).await), (400, 50024));
}
