//! Members of the Rust API: what they can do, and the errors for what they may not.

use gearshift_sim::{ActError, MessageKind, NO_OPTIONS};
use reqwest::Method;
use serde_json::json;

use crate::raw::{INTENTS, PATIENCE, Socket, call, channel_id, post, register, sim};

fn refused<T>(outcome: Result<T, ActError>) -> String {
    outcome.err().expect("a refusal").to_string()
}

#[tokio::test]
async fn a_member_posts_edits_replies_reacts_and_unreacts() {
    let sim = sim().await;
    let (mut bot, _) = Socket::identified(&sim, INTENTS).await;
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| sim.member(name).unwrap());
    let said = alice.say("general", "hello").await.unwrap();
    assert_eq!(bot.event("MESSAGE_CREATE").await["content"], "hello");
    alice.edit(said, "hello there").await.unwrap();
    assert_eq!(bot.event("MESSAGE_UPDATE").await["content"], "hello there");
    let reply = bob.reply(said, "hi").await.unwrap();
    assert_eq!(bot.event("MESSAGE_CREATE").await["referenced_message"]["id"], said.to_string());
    assert!(
        sim.messages("general").unwrap().iter().any(|one| one.id == reply && one.kind == MessageKind::Reply)
    );
    bob.react(said, "👍").await.unwrap();
    assert_eq!(bot.event("MESSAGE_REACTION_ADD").await["emoji"]["name"], "👍");
    bob.unreact(said, "👍").await.unwrap();
    bot.event("MESSAGE_REACTION_REMOVE").await;
    bob.typing("general").await.unwrap();
    assert_eq!(bot.event("TYPING_START").await["user_id"], bob.id().to_string());
    assert!(refused(carol.edit(said, "x").await).contains("is not this member's own"));
    assert!(refused(carol.delete(said).await).contains("is not this member's own"));
    bob.delete(said).await.expect("bob is a moderator");
    assert_eq!(bot.event("MESSAGE_DELETE").await["id"], said.to_string());
    assert_eq!(
        refused(alice.edit(said, "x").await),
        format!("there is no message {said} visible to this member")
    );
}

#[tokio::test]
async fn a_member_attaches_files_that_a_bot_can_fetch() {
    let sim = sim().await;
    let (mut bot, _) = Socket::identified(&sim, INTENTS).await;
    let alice = sim.member("alice").unwrap();
    alice.attach("general", "look", [("a.txt", "hello"), ("b.bin", "\u{1}")]).await.unwrap();
    let heard = bot.event("MESSAGE_CREATE").await;
    let files = heard["attachments"].as_array().unwrap();
    assert_eq!((files.len(), &files[0]["filename"], &files[0]["size"]), (2, &json!("a.txt"), &json!(5)));
    let back = reqwest::get(files[0]["url"].as_str().unwrap()).await.unwrap().text().await.unwrap();
    assert_eq!(back, "hello");
    let none: [(&str, &str); 0] = [];
    assert_eq!(refused(alice.attach("general", "", none).await), "a message can have 1 to 10 files, not 0");
}

#[tokio::test]
async fn slow_mode_applies_to_moderators_too_but_not_to_the_owner() {
    let sim = sim().await;
    let path = format!("/channels/{}", channel_id(&sim, "random"));
    let token = sim.member("alice").unwrap().token();
    let slow = json!({ "rate_limit_per_user": 60 });
    let (status, _) = crate::raw::call_as(&sim, &token, Method::PATCH, &path, Some(slow)).await;
    assert_eq!(status, 200);
    for name in ["erin", "bob"] {
        let member = sim.member(name).unwrap();
        member.say("random", "one").await.unwrap();
        let why = format!("{name} may not send messages again so soon (slow mode) in #random");
        assert_eq!(refused(member.say("random", "two").await), why);
    }
    let alice = sim.member("alice").unwrap();
    alice.say("random", "one").await.unwrap();
    alice.say("random", "two").await.expect("alice has all permissions");
}

#[tokio::test]
async fn a_direct_message_reaches_the_bot() {
    let sim = sim().await;
    let (mut bot, _) = Socket::identified(&sim, INTENTS).await;
    sim.member("erin").unwrap().say("@bot", "psst").await.unwrap();
    let heard = bot.event("MESSAGE_CREATE").await;
    assert_eq!((&heard["content"], heard.get("guild_id")), (&json!("psst"), None));
    assert!(refused(sim.member("erin").unwrap().say("@bott", "psst").await).contains("did you mean `bot`?"));
}

#[tokio::test]
async fn every_kind_of_menu_takes_names() {
    let sim = sim().await;
    let (mut bot, _) = Socket::identified(&sim, INTENTS).await;
    let alice = sim.member("alice").unwrap();
    let menus: Vec<_> = [(5, "user"), (6, "role"), (7, "either"), (8, "channel")]
        .map(|(kind, id)| json!({ "type": 1, "components": [{ "type": kind, "custom_id": id, "max_values": 2 }] }))
        .to_vec();
    let path = format!("/channels/{}/messages", channel_id(&sim, "general"));
    let (_, message) = post(&sim, &path, json!({ "content": "?", "components": menus })).await;
    let message = message["id"].as_str().unwrap().parse::<u64>().unwrap().into();
    for (menu, chosen, kind) in [
        ("user", &["bob", "carol"][..], "users"),
        ("role", &["moderator"], "roles"),
        ("either", &["bob", "moderator"], "roles"),
        ("channel", &["dev"], "channels"),
    ] {
        alice.select(message, menu, chosen).await.unwrap();
        let heard = bot.event("INTERACTION_CREATE").await;
        assert_eq!(heard["data"]["values"].as_array().unwrap().len(), chosen.len(), "{menu}");
        assert!(heard["data"]["resolved"][kind].is_object(), "{menu}: {heard}");
    }
    // A channel comes with what the member and the bot may do there; the owner sees one that the bot does not.
    alice.select(message, "channel", &["staff"]).await.unwrap();
    let heard = bot.event("INTERACTION_CREATE").await;
    let staff = &heard["data"]["resolved"]["channels"][channel_id(&sim, "staff")];
    assert_eq!((&staff["name"], &staff["app_permissions"]), (&json!("staff"), &json!("0")));
    assert_ne!(staff["permissions"], "0");
    let carol = sim.member("carol").unwrap();
    assert!(
        refused(carol.select(message, "channel", &["staff"]).await).contains("there is no channel `staff`")
    );
    assert_eq!(
        refused(alice.select(message, "user", &["bob", "carol", "dave"]).await),
        "`user` cannot be used: select 1 to 2 values"
    );
}

#[tokio::test]
async fn context_menu_commands_run_on_users_and_messages() {
    let sim = sim().await;
    register(&sim, json!([{ "name": "Who is", "type": 2 }, { "name": "Keep", "type": 3 }])).await;
    let (mut bot, _) = Socket::identified(&sim, 0).await;
    let alice = sim.member("alice").unwrap();
    alice.run_on_user("Who is", "carol").await.unwrap();
    assert_eq!(
        bot.event("INTERACTION_CREATE").await["data"]["target_id"],
        sim.member("carol").unwrap().id().to_string()
    );
    let said = alice.say("dev", "keep me").await.unwrap();
    alice.run_on_message("Keep", said).await.unwrap();
    assert_eq!(bot.event("INTERACTION_CREATE").await["channel_id"], channel_id(&sim, "dev"));
    assert_eq!(
        refused(alice.run_on_user("Keep", "carol").await),
        "there is no command `Keep`; there are Who is"
    );
    assert!(refused(alice.slash("Keep", NO_OPTIONS).await).contains("there is no command `Keep`"));
}

#[tokio::test]
async fn members_join_leave_and_assign_roles_with_permission() {
    let sim = sim().await;
    let [alice, bob, dave] = ["alice", "bob", "dave"].map(|name| sim.member(name).unwrap());
    dave.join("Workshop").await.unwrap();
    dave.at("Workshop/general").unwrap().say("Workshop/general", "hi").await.unwrap();
    dave.leave("Workshop").await.unwrap();
    assert!(refused(dave.at("Workshop/general")).contains("dave may not read messages"));
    assert_eq!(
        refused(alice.leave("Harbour").await),
        "alice may not leave in Harbour: the owner cannot leave"
    );
    assert_eq!(
        refused(dave.join("Workshpo").await),
        "there is no guild `Workshpo`; did you mean `Workshop`?"
    );
    alice.give_role("dave", "moderator").await.unwrap();
    dave.at("#staff").unwrap();
    alice.take_role("dave", "moderator").await.unwrap();
    assert!(refused(dave.at("#staff")).contains("dave may not read messages"));
    let why = refused(bob.give_role("dave", "newcomer").await);
    assert_eq!(why, "bob may not give roles in Harbour: the permission to manage roles is missing");
    assert!(refused(alice.give_role("dave", "bot").await).starts_with("there is no role `bot`"));
}

#[tokio::test]
async fn an_option_without_autocomplete_has_no_choices() {
    let sim = sim().await;
    let option = json!({ "type": 3, "name": "what", "description": "x" });
    register(&sim, json!([{ "name": "find", "description": "x", "options": [option] }])).await;
    let alice = sim.member("alice").unwrap();
    let why = refused(alice.autocomplete("find", [("what", "a")], "what").await);
    assert_eq!(why, "`what` cannot be used: it has no autocomplete");
    let why = refused(alice.autocomplete("find", NO_OPTIONS, "what").await);
    assert_eq!(why, "the option `what` is required");
}

#[tokio::test]
async fn an_ephemeral_answer_cannot_be_used_by_others() {
    let sim = sim().await;
    register(&sim, json!([{ "name": "ask", "description": "x" }])).await;
    let (mut bot, _) = Socket::identified(&sim, 0).await;
    let handle = sim.member("alice").unwrap().slash("ask", NO_OPTIONS).await.unwrap();
    let heard = bot.event("INTERACTION_CREATE").await;
    let path = format!(
        "/interactions/{}/{}/callback",
        heard["id"].as_str().unwrap(),
        heard["token"].as_str().unwrap()
    );
    let row =
        json!({ "type": 1, "components": [{ "type": 2, "style": 1, "label": "Go", "custom_id": "go" }] });
    let data = json!({ "content": "?", "flags": 64, "components": [row] });
    call(&sim, Method::POST, &path, Some(json!({ "type": 4, "data": data }))).await;
    let message = handle.answered(PATIENCE).await.unwrap().id;
    assert!(
        refused(sim.member("bob").unwrap().press(message, "Go").await).starts_with("there is no message")
    );
    sim.member("alice").unwrap().press(message, "Go").await.unwrap();
    assert_eq!(bot.event("INTERACTION_CREATE").await["message"]["flags"], 64);
}
