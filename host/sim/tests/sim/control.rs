//! The control interface: what its document promises, and who may use it.

use gearshift_sim::{Sim, SimOptions};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::document::Control;
use crate::raw::{INTENTS, Socket, call_as, channel_id, get, options, post, register, sim};

#[tokio::test]
async fn the_control_token_is_required() {
    let sim = sim().await;
    let alice = sim.member("alice").unwrap().token();
    for token in [None, Some("guess"), Some(sim.token()), Some(&*alice)] {
        let mut request = Client::new().get(format!("{}/control/people", sim.base_url()));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    let document =
        Client::new().get(format!("{}/control/openapi.json", sim.base_url())).send().await.unwrap();
    assert_eq!(document.status(), StatusCode::OK, "it says how to get in");
    let fixed = SimOptions { control_token: Some("mine".to_owned()), ..options() };
    let sim = Sim::start(fixed).await.unwrap();
    assert_eq!(sim.page_url(), format!("{}/#token=mine", sim.base_url()));
    Control::of(&sim).await.get("/control/people").await;
}

#[tokio::test]
async fn a_request_from_a_foreign_page_is_rejected_everywhere() {
    let sim = sim().await;
    for path in ["/api/v10/gateway", "/control/people", "/", "/?v=10&encoding=json"] {
        for (name, value) in [("Host", "evil.example"), ("Origin", "http://evil.example"), ("Origin", "null")]
        {
            let request = Client::new().get(format!("{}{path}", sim.base_url())).header(name, value);
            let request = match path.contains("encoding") {
                true => request.header("Connection", "Upgrade").header("Upgrade", "websocket"),
                false => request.bearer_auth(sim.control_token()),
            };
            assert_eq!(
                request.send().await.unwrap().status(),
                StatusCode::FORBIDDEN,
                "{path} {name}: {value}"
            );
        }
    }
    let own = Client::new().get(format!("{}/gateway", sim.api_url())).header("Origin", sim.base_url());
    assert_eq!(own.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn people_are_listed_with_valid_tokens() {
    let sim = sim().await;
    let control = Control::of(&sim).await;
    let people = control.get("/control/people").await;
    let names: Vec<&str> =
        people.as_array().unwrap().iter().map(|one| one["user"]["username"].as_str().unwrap()).collect();
    assert_eq!(names, ["alice", "bob", "carol", "dave", "erin"]);
    let token = people[1]["token"].as_str().unwrap();
    let (_, me) = call_as(&sim, token, Method::GET, "/users/@me", None).await;
    assert_eq!(me["username"], "bob");
    assert_eq!(people[0]["guild_ids"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn people_join_leave_and_change_roles_with_events() {
    let sim = sim().await;
    let control = Control::of(&sim).await;
    let (mut bot, _) = Socket::identified(&sim, (1 << 17) - 1).await;
    let (status, frank) =
        control.post("/control/people", json!({ "name": "frank", "guilds": ["harbour"] })).await;
    assert_eq!((status, frank["guild_ids"].as_array().unwrap().len()), (201, 1));
    assert_eq!(bot.event("GUILD_MEMBER_ADD").await["user"]["username"], "frank");
    let (mut client, _) = crate::raw::client(&sim, "frank").await;
    client.event("GUILD_CREATE").await;
    assert_eq!(control.call(Method::PUT, "/control/people/frank/guilds/Workshop", None).await.0, 204);
    assert_eq!(client.event("GUILD_CREATE").await["name"], "Workshop");
    let role = "/control/people/frank/guilds/Harbour/roles/moderator";
    assert_eq!(control.call(Method::PUT, role, None).await.0, 204);
    assert_eq!(bot.event("GUILD_MEMBER_UPDATE").await["roles"].as_array().unwrap().len(), 1);
    assert_eq!(client.event("CHANNEL_CREATE").await["name"], "staff", "moderators see it");
    assert_eq!(control.call(Method::DELETE, role, None).await.0, 204);
    assert_eq!(client.event("CHANNEL_DELETE").await["name"], "staff");
    assert_eq!(control.call(Method::DELETE, "/control/people/frank/guilds/Harbour", None).await.0, 204);
    assert_eq!(bot.event("GUILD_MEMBER_REMOVE").await["user"]["username"], "frank");
    client.event("GUILD_DELETE").await;
    for (method, path, status) in [
        (Method::PUT, "/control/people/frank/guilds/Nowhere", 404),
        (Method::PUT, "/control/people/nobody/guilds/Harbour", 404),
        (Method::PUT, "/control/people/alice/guilds/Harbour/roles/none", 404),
        (Method::DELETE, "/control/people/alice/guilds/Harbour", 422),
    ] {
        assert_eq!(control.call(method, path, None).await.0, status, "{path}");
    }
    for (body, status) in [
        (json!({ "name": "alice" }), 409),
        (json!({ "name": "x" }), 400),
        (json!({ "name": "gina", "guilds": ["Nowhere"] }), 404),
    ] {
        assert_eq!(control.post("/control/people", body.clone()).await.0, status, "{body}");
    }
}

#[tokio::test]
async fn time_is_frozen_and_advanced_and_what_falls_due_has_happened() {
    let sim = sim().await;
    let control = Control::of(&sim).await;
    register(&sim, json!([{ "name": "slow", "description": "x" }])).await;
    let (_, frozen) = control.post("/control/clock", json!({ "freeze": true })).await;
    assert_eq!(frozen["frozen"], true);
    control.post("/control/people/alice/act", json!({ "line": "/slow" })).await;
    let (_, later) = control.post("/control/clock", json!({ "advance_ms": 3000 })).await;
    assert!(later["now"].as_str() > frozen["now"].as_str());
    let entries = control.get("/control/transcript").await["entries"].take();
    assert!(entries.as_array().unwrap().iter().any(|entry| entry["what"] == "unanswered"));
    assert_eq!(control.post("/control/clock", json!({ "resume": true })).await.1["frozen"], false);
    assert_eq!(control.get("/control/clock").await["frozen"], false);
    assert_eq!(control.post("/control/clock", json!({ "rewind": 1 })).await.0, 400);
}

#[tokio::test]
async fn settling_waits_for_pending_work_and_reports_it() {
    let sim = sim().await;
    let control = Control::of(&sim).await;
    let settled = json!({ "settled": true, "busy": null });
    assert_eq!(control.post("/control/settle", json!({})).await.1, settled);
    register(&sim, json!([{ "name": "ask", "description": "x" }])).await;
    let (mut bot, _) = Socket::identified(&sim, INTENTS).await;
    control.post("/control/people/alice/act", json!({ "line": "/ask" })).await;
    let (_, waiting) = control.post("/control/settle", json!({ "within_ms": 1 })).await;
    assert_eq!((&waiting["settled"], &waiting["busy"]["interactions"]), (&json!(false), &json!(1)));
    let heard = bot.event("INTERACTION_CREATE").await;
    let (id, token) = (heard["id"].as_str().unwrap(), heard["token"].as_str().unwrap());
    let answer = json!({ "type": 4, "data": { "content": "x" } });
    post(&sim, &format!("/interactions/{id}/{token}/callback"), answer).await;
    assert_eq!(control.post("/control/settle", json!({ "within_ms": 10_000 })).await.1, settled);
}

#[tokio::test]
async fn the_current_world_is_written_and_can_be_read_back() {
    let sim = sim().await;
    sim.member("alice").unwrap().say("general", "kept").await.unwrap();
    let text = Client::new().get(format!("{}/control/world", sim.base_url()));
    let text = text.bearer_auth(sim.control_token()).send().await.unwrap().text().await.unwrap();
    let world = gearshift_sim::World::read(&text).unwrap();
    let messages = &world.channel_named("general", None).unwrap().messages;
    assert!(messages.iter().any(|message| message.content == "kept"));
}

#[tokio::test]
async fn a_line_is_carried_out_and_its_result_returned() {
    let sim = sim().await;
    let control = Control::of(&sim).await;
    register(&sim, json!([{ "name": "ping", "description": "x" }])).await;
    let (mut bot, _) = Socket::identified(&sim, INTENTS).await;
    let act = "/control/people/alice/act";
    let (_, said) = control.post(act, json!({ "channel": "general", "line": "hello" })).await;
    assert_eq!((&said["done"], &said["answer"]), (&json!("posted"), &Value::Null));
    let (_, who) = control.post(act, json!({ "line": ":who" })).await;
    assert!(who["text"].as_str().unwrap().contains("* alice"));
    assert_eq!(control.post(act, json!({ "line": "" })).await.1["done"], "nothing");
    assert_eq!(control.post(act, json!({ "line": ":react 👍" })).await.1["done"], "acted");

    let order = json!({ "line": "/ping", "within_ms": 10_000 });
    let answer = async {
        let heard = bot.event("INTERACTION_CREATE").await;
        let (id, token) = (heard["id"].as_str().unwrap(), heard["token"].as_str().unwrap());
        let (app, path) =
            (heard["application_id"].as_str().unwrap(), format!("/interactions/{id}/{token}/callback"));
        post(&sim, &path, json!({ "type": 5 })).await;
        post(&sim, &format!("/webhooks/{app}/{token}"), json!({ "content": "pong" })).await;
    };
    let ((_, invoked), ()) = tokio::join!(control.post(act, order), answer);
    assert_eq!(
        (&invoked["done"], &invoked["answer"]["how"]),
        (&json!("invoked"), &json!("deferred_message"))
    );
    assert_eq!(invoked["answer"]["message"]["content"], "pong");
    assert_eq!(invoked["reply"], invoked["answer"]["message"], "where it is for a message, too");

    for (line, status) in [("/pong", 422), (":press Yes", 422), (":hepl", 422)] {
        let (got, refused) = control.post(act, json!({ "line": line })).await;
        assert_eq!(got, status, "{line}: {refused}");
    }
    assert_eq!(
        control.post("/control/people/alcie/act", json!({ "line": "x" })).await.1["message"],
        "there is no member `alcie`; did you mean `alice`?"
    );
    assert_eq!(control.post(act, json!({ "lines": "x" })).await.0, 400);
    assert_eq!(control.post(act, json!({ "channel": "nowhere", "line": "x" })).await.0, 422);
}

#[tokio::test]
async fn a_bots_reply_to_a_line_is_in_the_answer() {
    let sim = sim().await;
    let control = Control::of(&sim).await;
    let (mut bot, _) = Socket::identified(&sim, INTENTS).await;
    let path = format!("/channels/{}/messages", channel_id(&sim, "dev"));
    let answer = async {
        bot.event("MESSAGE_CREATE").await;
        post(&sim, &path, json!({ "content": "pong" })).await;
    };
    let order = json!({ "channel": "#dev", "line": "!ping", "within_ms": 10_000 });
    let ((_, said), ()) = tokio::join!(control.post("/control/people/bob/act", order), answer);
    assert_eq!(said["reply"]["content"], "pong");
}

#[tokio::test]
async fn faults_are_armed_applied_and_cleared() {
    let sim = sim().await;
    let control = Control::of(&sim).await;
    for fault in [
        json!({ "kind": "status", "status": 503 }),
        json!({ "kind": "rate_limit", "retry_after_ms": 50, "global": true }),
        json!({ "kind": "delay", "ms": 1 }),
        json!({ "kind": "drop" }),
        json!({ "kind": "drop_answer" }),
    ] {
        let (status, armed) =
            control.post("/control/faults", json!({ "path": "/users/*", "fault": fault })).await;
        assert_eq!((status, armed["armed"].as_array().unwrap().is_empty()), (201, false), "{fault}");
    }
    assert_eq!(control.get("/control/faults").await["armed"].as_array().unwrap().len(), 5);
    assert_eq!(get(&sim, "/users/@me").await.0, 503);
    assert_eq!(control.call(Method::DELETE, "/control/faults", None).await.0, 204);
    assert_eq!(get(&sim, "/users/@me").await.0, 200);
    for wrong in [
        json!({ "path": "/x" }),
        json!({ "path": "/x", "fault": { "kind": "status", "status": 200 } }),
        json!({ "path": "/x", "fault": { "kind": "fire" } }),
        json!({ "path": "/x", "fault": { "kind": "drop" }, "often": 1 }),
    ] {
        assert_eq!(control.post("/control/faults", wrong.clone()).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn the_bots_gateway_is_driven_and_users_stay_connected() {
    let sim = sim().await;
    let control = Control::of(&sim).await;
    let (mut bot, _) = Socket::identified(&sim, INTENTS).await;
    let (mut alice, _) = crate::raw::client(&sim, "alice").await;
    assert_eq!(control.get("/control/gateway").await["connected"], 1);
    assert_eq!(control.get("/control/bots").await[0]["sessions"], 1);
    let (_, told) = control.post("/control/gateway", json!({ "action": "close", "code": 4000 })).await;
    assert_eq!((told["sessions"].as_u64(), bot.close_code().await), (Some(1), Some(4000)));
    alice.settled().await;
    for drive in ["drop", "reconnect", "invalidate"] {
        assert_eq!(control.post("/control/gateway", json!({ "action": drive })).await.0, 200);
    }
    for drive in ["silence", "refuse", "refuse_resumes"] {
        assert_eq!(control.post("/control/gateway", json!({ "action": drive, "on": true })).await.0, 200);
    }
    for (guild, status) in [("Harbour", 200), ("Nowhere", 404)] {
        let outage = json!({ "action": "outage", "guild": guild, "on": true });
        assert_eq!(control.post("/control/gateway", outage).await.0, status);
    }
    assert_eq!(control.post("/control/gateway", json!({ "action": "close", "code": 7 })).await.0, 400);
    assert_eq!(control.post("/control/gateway", json!({ "action": "explode" })).await.0, 400);
}

#[tokio::test]
async fn another_bot_is_added_and_connects() {
    let sim = sim().await;
    let control = Control::of(&sim).await;
    let (mut first, _) = Socket::identified(&sim, INTENTS | 1 << 1).await;
    let (status, bot) = control.post("/control/bots", json!({ "name": "second" })).await;
    assert_eq!(first.event("GUILD_ROLE_CREATE").await["role"]["tags"]["bot_id"], bot["user"]["id"]);
    assert_eq!(first.event("GUILD_MEMBER_ADD").await["user"], bot["user"]);
    assert_eq!((status, bot["guild_ids"].as_array().unwrap().len()), (201, 2));
    let mut socket = Socket::open(&sim).await;
    socket.identify(bot["token"].as_str().unwrap(), INTENTS).await;
    assert_eq!(socket.event("READY").await["user"]["username"], "second");
    assert_eq!(control.post("/control/bots", json!({ "name": "second" })).await.0, 409);
}

#[tokio::test]
async fn the_transcript_is_read_from_a_mark_or_awaited() {
    let sim = sim().await;
    let control = Control::of(&sim).await;
    let alice = sim.member("alice").unwrap();
    alice.say("general", "one").await.unwrap();
    let first = control.get("/control/transcript").await;
    assert_eq!(first["entries"][0]["what"], "posted");
    let path = format!("/control/transcript?since={}&wait_ms=10000", first["next"]);
    let (next, said) = tokio::join!(control.get(&path), alice.say("general", "two"));
    said.unwrap();
    assert_eq!(next["entries"][0]["message"]["content"], "two");
    let ahead = control.get("/control/transcript?since=1000000").await;
    assert_eq!(ahead["entries"], json!([]));
    let text = Client::new().get(format!("{}/control/transcript?format=text", sim.base_url()));
    let text = text.bearer_auth(sim.control_token()).send().await.unwrap().text().await.unwrap();
    assert!(text.lines().next().unwrap().ends_with("#general alice: one"), "{text}");
    let rest = control.get("/control/transcript?topics=rest,driver").await;
    assert_eq!((&rest["entries"], rest["next"].as_u64()), (&json!([]), Some(sim.transcript().mark())));
    let talk = control.get("/control/transcript?topics=talk").await;
    assert!(talk["entries"].as_array().unwrap().iter().all(|entry| entry["what"] == "posted"), "{talk}");
    for wrong in ["topics=weather", "since=x", "format=xml", "wait_ms=-1"] {
        assert_eq!(control.call(Method::GET, &format!("/control/transcript?{wrong}"), None).await.0, 400);
    }
}

#[tokio::test]
async fn unknown_routes_are_listed_and_unknown_control_paths_refused() {
    let sim = sim().await;
    let control = Control::of(&sim).await;
    get(&sim, "/lobbies/5").await;
    assert_eq!(
        control.get("/control/unknown").await["routes"][0],
        json!({ "route": "GET /lobbies/{id}", "times": 1 })
    );
    for (method, path, status) in
        [(Method::GET, "/control/nothing", 404), (Method::PUT, "/control/people", 405)]
    {
        let request = Client::new().request(method, format!("{}{path}", sim.base_url()));
        let answer = request.bearer_auth(sim.control_token()).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
}
