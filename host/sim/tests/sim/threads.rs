//! Threads: from messages and without, forum posts, members of threads, archived and locked threads.

use gearshift_sim::Sim;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{api, code, harbour, id, user};
use crate::raw::{INTENTS, Socket, channel_id, client, sim};

async fn forum(sim: &Sim) -> Value {
    let body = json!({
        "name": "questions", "type": 15,
        "available_tags": [{ "name": "help" }, { "name": "rules", "moderated": true }],
    });
    let alice = api(sim, "alice");
    let forum = alice.made(Method::POST, &format!("/guilds/{}/channels", harbour(sim)), body).await;
    // REQUIRE_TAG: https://discord.com/developers/docs/resources/channel#channel-object-channel-flags
    alice.made(Method::PATCH, &format!("/channels/{}", id(&forum)), json!({ "flags": 16 })).await
}

#[tokio::test]
async fn a_message_can_have_only_one_thread() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    let general = channel_id(&sim, "general");
    let said = sim.member("alice").unwrap().say("general", "about ships").await.unwrap();
    let path = format!("/channels/{general}/messages/{said}/threads");
    let (status, thread) = api(&sim, "bot").post(&path, json!({ "name": "ships" })).await;
    assert_eq!((status, &thread["type"], &thread["id"]), (201, &json!(11), &json!(said)));
    assert_eq!(thread["thread_metadata"]["archived"], false);
    let told = socket.event("THREAD_CREATE").await;
    assert_eq!((&told["newly_created"], &told["parent_id"]), (&json!(true), &json!(general)));
    assert_eq!(socket.event("MESSAGE_UPDATE").await["flags"], 1 << 5);
    let starter = socket.event("MESSAGE_CREATE").await;
    assert_eq!((&starter["type"], &starter["message_reference"]["message_id"]), (&json!(21), &json!(said)));
    assert_eq!(code(&api(&sim, "bot").post(&path, json!({ "name": "again" })).await), (400, 160_004));
    let (_, active) = api(&sim, "bot").get(&format!("/guilds/{}/threads/active", harbour(&sim))).await;
    assert_eq!((&active["threads"][0]["id"], &active["members"][0]["id"]), (&thread["id"], &thread["id"]));
}

#[tokio::test]
async fn writers_join_a_thread_and_its_channel_decides_who_may_write() {
    let sim = sim().await;
    let general = channel_id(&sim, "general");
    let body = json!({ "name": "open talk", "type": 11 });
    let thread = api(&sim, "alice").made(Method::POST, &format!("/channels/{general}/threads"), body).await;
    let announced = sim.messages("general").unwrap();
    assert_eq!(announced.last().map(|message| message.kind as u8), Some(18));
    let path = format!("/channels/{}", id(&thread));
    api(&sim, "dave").made(Method::POST, &format!("{path}/messages"), json!({ "content": "me too" })).await;
    let (_, members) = api(&sim, "alice").get(&format!("{path}/thread-members?with_member=true")).await;
    let mut names: Vec<_> =
        members.as_array().unwrap().iter().map(|one| &one["member"]["user"]["username"]).collect();
    names.sort_by_key(ToString::to_string);
    assert_eq!(names, [&json!("alice"), &json!("dave")]);
    let (_, now) = api(&sim, "alice").get(&path).await;
    assert_eq!((&now["member_count"], &now["message_count"]), (&json!(2), &json!(1)));
    let everyone = format!("/channels/{general}/permissions/{}", harbour(&sim));
    let deny = json!({ "type": 0, "deny": (1_u64 << 38).to_string() });
    api(&sim, "alice").made(Method::PUT, &everyone, deny).await;
    let refused = api(&sim, "dave").post(&format!("{path}/messages"), json!({ "content": "x" })).await;
    assert_eq!(code(&refused), (403, 50013));
}

#[tokio::test]
async fn a_private_thread_is_visible_to_its_members() {
    let sim = sim().await;
    let (mut bob, _) = client(&sim, "bob").await;
    let (mut dave, _) = client(&sim, "dave").await;
    let general = channel_id(&sim, "general");
    let body = json!({ "name": "surprise", "type": 12, "invitable": false });
    let thread = api(&sim, "carol").made(Method::POST, &format!("/channels/{general}/threads"), body).await;
    let path = format!("/channels/{}", id(&thread));
    assert_eq!(code(&api(&sim, "bob").get(&path).await), (403, 50001));
    let add = format!("{path}/thread-members/{}", user(&sim, "bob"));
    assert_eq!(api(&sim, "carol").put(&add, Value::Null).await.0, 204);
    assert_eq!(bob.event("THREAD_CREATE").await["id"], thread["id"]);
    assert_eq!(api(&sim, "bob").get(&path).await.0, 200);
    let third = format!("{path}/thread-members/{}", user(&sim, "erin"));
    assert_eq!(code(&api(&sim, "bob").put(&third, Value::Null).await), (403, 50013));
    assert_eq!(api(&sim, "bob").delete(&format!("{path}/thread-members/@me")).await.0, 204);
    let told = bob.event("THREAD_MEMBERS_UPDATE").await;
    let left =
        if told["removed_member_ids"] == json!([]) { bob.event("THREAD_MEMBERS_UPDATE").await } else { told };
    assert_eq!(left["removed_member_ids"], json!([user(&sim, "bob")]));
    let heard = dave.settled().await;
    assert!(
        !heard.iter().any(|payload| payload["t"].as_str().is_some_and(|name| name.starts_with("THREAD")))
    );
}

#[tokio::test]
async fn an_archived_thread_is_opened_by_writing_and_a_locked_one_by_moderators() {
    let sim = sim().await;
    let general = channel_id(&sim, "general");
    let alice = api(&sim, "alice");
    let body = json!({ "name": "old", "type": 11 });
    let thread = alice.made(Method::POST, &format!("/channels/{general}/threads"), body).await;
    let path = format!("/channels/{}", id(&thread));
    let messages = format!("{path}/messages");
    let said = api(&sim, "dave").made(Method::POST, &messages, json!({ "content": "first" })).await;
    let archived = alice.made(Method::PATCH, &path, json!({ "archived": true })).await;
    assert_eq!(archived["thread_metadata"]["archived"], true);
    let edit = format!("{messages}/{}", id(&said));
    let edited = api(&sim, "dave").patch(&edit, json!({ "content": "changed" })).await;
    assert_eq!(code(&edited), (400, 50083));
    let list = format!("/channels/{general}/threads/archived/public");
    let (_, page) = alice.get(&list).await;
    assert_eq!((&page["threads"][0]["id"], &page["has_more"]), (&thread["id"], &json!(false)));
    api(&sim, "dave").made(Method::POST, &messages, json!({ "content": "again" })).await;
    assert_eq!(alice.get(&path).await.1["thread_metadata"]["archived"], false);
    alice.made(Method::PATCH, &path, json!({ "archived": true, "locked": true })).await;
    let refused = api(&sim, "dave").post(&messages, json!({ "content": "x" })).await;
    assert_eq!(code(&refused), (400, 50083));
    assert_eq!(code(&api(&sim, "dave").patch(&path, json!({ "archived": false })).await), (403, 50013));
    alice.made(Method::POST, &messages, json!({ "content": "moderators may" })).await;
    assert_eq!(alice.get(&list).await.1["threads"], json!([]));
}

#[tokio::test]
async fn a_thread_is_archived_after_inactivity() {
    let sim = sim().await;
    sim.clock().freeze();
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    let general = channel_id(&sim, "general");
    let body = json!({ "name": "short", "type": 11, "auto_archive_duration": 60 });
    let thread = api(&sim, "alice").made(Method::POST, &format!("/channels/{general}/threads"), body).await;
    let messages = format!("/channels/{}/messages", id(&thread));
    sim.clock().advance(std::time::Duration::from_secs(40 * 60));
    api(&sim, "alice").made(Method::POST, &messages, json!({ "content": "still here" })).await;
    sim.clock().advance(std::time::Duration::from_secs(40 * 60));
    assert!(!socket.settled().await.iter().any(|payload| payload["t"] == "THREAD_UPDATE"));
    sim.clock().advance(std::time::Duration::from_secs(30 * 60));
    assert_eq!(socket.event("THREAD_UPDATE").await["thread_metadata"]["archived"], true);
}

#[tokio::test]
async fn a_forum_post_is_a_thread_with_its_first_message_and_tags() {
    let sim = sim().await;
    let forum = forum(&sim).await;
    let path = format!("/channels/{}/threads", id(&forum));
    let dave = api(&sim, "dave");
    let post = json!({ "name": "How?", "message": { "content": "Please tell me." } });
    assert_eq!(code(&dave.post(&path, post.clone()).await), (400, 40067));
    let mut tagged = post.clone();
    tagged["applied_tags"] = json!(["1"]);
    assert_eq!(code(&dave.post(&path, tagged.clone()).await), (400, 50035));
    tagged["applied_tags"] = json!([forum["available_tags"][0]["id"]]);
    let (status, thread) = dave.post(&path, tagged).await;
    assert_eq!((status, &thread["message"]["id"]), (201, &thread["id"]));
    assert_eq!(thread["message"]["content"], "Please tell me.");
    assert_eq!(thread["applied_tags"][0], forum["available_tags"][0]["id"]);
    let plain = format!("/channels/{}/messages", id(&forum));
    assert_eq!(code(&dave.post(&plain, json!({ "content": "x" })).await), (400, 50008));
    let own = json!({ "name": "How exactly?" });
    let renamed = dave.made(Method::PATCH, &format!("/channels/{}", id(&thread)), own).await;
    assert_eq!(renamed["name"], "How exactly?");
    assert_eq!(code(&dave.delete(&format!("/channels/{}", id(&thread))).await), (403, 50013));
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    api(&sim, "alice").made(Method::DELETE, &format!("/channels/{}", id(&thread)), Value::Null).await;
    assert_eq!(socket.event("THREAD_DELETE").await["parent_id"], forum["id"]);
}

#[tokio::test]
async fn nobody_else_writes_in_a_forum_post_before_its_first_message() {
    let sim = sim().await;
    let forum = forum(&sim).await;
    let tag = forum["available_tags"][0]["id"].clone();
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    let (bot, dave) = (api(&sim, "bot"), api(&sim, "dave"));
    let path = format!("/channels/{}/threads", id(&forum));
    // The files of the first message are still being uploaded.
    let bare = json!({ "name": "How?", "applied_tags": [tag] });
    assert_eq!(code(&bot.post(&path, bare.clone()).await), (400, 50035));
    let post = dave.made(Method::POST, &path, bare).await;
    assert_eq!(socket.event("THREAD_CREATE").await["id"], post["id"]);
    let messages = format!("/channels/{}/messages", id(&post));
    let welcome = json!({ "content": "welcome" });
    assert_eq!(code(&bot.post(&messages, welcome.clone()).await), (403, 40058));
    let first = dave.made(Method::POST, &messages, json!({ "content": "Please tell me." })).await;
    assert_eq!(first["id"], post["id"], "the first message has the id of the post");
    assert_eq!(socket.event("MESSAGE_CREATE").await["id"], post["id"]);
    assert_ne!(bot.made(Method::POST, &messages, welcome).await["id"], post["id"]);
    assert_eq!(bot.get(&format!("/channels/{}", id(&post))).await.1["message_count"], 1);

    // If the message is sent at once, the thread's event is still first.
    socket.settled().await;
    let complete = json!({ "name": "And how?", "applied_tags": [tag], "message": { "content": "Really?" } });
    let post = dave.made(Method::POST, &path, complete).await;
    let events = socket.settled().await.into_iter().filter(|event| event["d"]["id"] == post["id"]);
    let names: Vec<Value> = events.map(|event| event["t"].clone()).collect();
    assert_eq!(names, ["THREAD_CREATE", "MESSAGE_CREATE"]);
}

#[tokio::test]
async fn a_moderated_tag_is_given_and_taken_by_moderators_only() {
    let sim = sim().await;
    let forum = forum(&sim).await;
    let [help, rules] = [0, 1].map(|at| forum["available_tags"][at]["id"].clone());
    let (alice, bot) = (api(&sim, "alice"), api(&sim, "bot"));
    let posts = format!("/channels/{}/threads", id(&forum));
    let with = |tag: &Value| json!({ "name": "p", "message": { "content": "x" }, "applied_tags": [tag] });
    assert_eq!(code(&bot.post(&posts, with(&rules)).await), (403, 50013));
    let post = bot.made(Method::POST, &posts, with(&help)).await;
    let path = format!("/channels/{}", id(&post));
    let both = json!({ "applied_tags": [help, rules] });
    assert_eq!(code(&bot.patch(&path, both.clone()).await), (403, 50013));
    alice.made(Method::PATCH, &path, both.clone()).await;
    // It may stay, and is not taken away either.
    assert_eq!(bot.patch(&path, both).await.0, 200);
    assert_eq!(code(&bot.patch(&path, json!({ "applied_tags": [help] })).await), (403, 50013));
}

#[tokio::test]
async fn a_webhook_needs_a_tag_where_a_forum_requires_one() {
    let sim = sim().await;
    let (forum, alice) = (forum(&sim).await, api(&sim, "alice"));
    let path = format!("/channels/{}/webhooks", id(&forum));
    let webhook = alice.made(Method::POST, &path, json!({ "name": "Herald" })).await;
    let post = format!("/webhooks/{}/{}?wait=true", id(&webhook), webhook["token"].as_str().unwrap());
    let mut body = json!({ "content": "x", "thread_name": "news" });
    assert_eq!(code(&alice.post(&post, body.clone()).await), (400, 40067));
    body["applied_tags"] = json!([forum["available_tags"][0]["id"]]);
    assert_eq!(code(&alice.post(&post, body).await), (200, 0));
}

#[tokio::test]
async fn deleted_messages_of_a_thread_count_only_as_sent() {
    let sim = sim().await;
    let general = channel_id(&sim, "general");
    let alice = api(&sim, "alice");
    let body = json!({ "name": "counted", "type": 11 });
    let thread = alice.made(Method::POST, &format!("/channels/{general}/threads"), body).await;
    let path = format!("/channels/{}", id(&thread));
    let messages = format!("{path}/messages");
    let mut said = Vec::new();
    for content in ["a", "b", "c", "d"] {
        said.push(alice.made(Method::POST, &messages, json!({ "content": content })).await["id"].clone());
    }
    assert_eq!(alice.delete(&format!("{messages}/{}", said[0].as_str().unwrap())).await.0, 204);
    let several = json!({ "messages": said[..3] });
    assert_eq!(alice.post(&format!("{messages}/bulk-delete"), several).await.0, 204);
    let (_, now) = alice.get(&path).await;
    assert_eq!((&now["message_count"], &now["total_message_sent"]), (&json!(1), &json!(4)));
}

#[tokio::test]
async fn who_leaves_the_guild_leaves_its_archived_threads_as_well() {
    let sim = sim().await;
    let general = channel_id(&sim, "general");
    let alice = api(&sim, "alice");
    let body = json!({ "name": "old", "type": 11 });
    let thread = alice.made(Method::POST, &format!("/channels/{general}/threads"), body).await;
    let path = format!("/channels/{}", id(&thread));
    let dave = user(&sim, "dave");
    let members = format!("{path}/thread-members");
    assert_eq!(alice.put(&format!("{members}/{dave}"), Value::Null).await.0, 204);
    alice.made(Method::PATCH, &path, json!({ "archived": true })).await;
    assert_eq!(alice.get(&path).await.1["member_count"], 2);
    assert_eq!(alice.delete(&format!("/guilds/{}/members/{dave}", harbour(&sim))).await.0, 204);
    assert_eq!(alice.get(&path).await.1["member_count"], 1);
    assert_eq!(code(&alice.get(&format!("{members}/{dave}")).await).0, 404);
}
