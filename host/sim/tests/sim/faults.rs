//! Injected faults strike where they were set, and as often.

use std::time::{Duration, Instant};

use gearshift_sim::{RestFault, Sim, SimOptions};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;

use crate::raw::{INTENTS, Socket, channel_id, client, get, options, post, sim};

#[tokio::test]
async fn the_next_calls_fail_as_armed_and_then_work_again() {
    let sim = sim().await;
    let general = channel_id(&sim, "general");
    let path = format!("/channels/{general}/messages");
    let fault = RestFault::Status { status: 503, code: 0, message: "503: Service Unavailable".to_owned() };
    sim.faults().rest("POST", "/channels/*/messages", 2, fault);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(post(&sim, &path, json!({ "content": "x" })).await.0.as_u16());
    }
    assert_eq!(seen, [503, 503, 200]);
    assert_eq!(sim.messages("general").unwrap().len(), 1, "failed calls are not carried out");
}

#[tokio::test]
async fn the_round_trip_applies_to_every_connection() {
    let round_trip = Duration::from_millis(50);
    let sim = Sim::start(SimOptions { round_trip, ..options() }).await.unwrap();
    let began = Instant::now();
    assert_eq!(get(&sim, "/gateway/bot").await.0, 200);
    assert!(began.elapsed() >= round_trip);
    let began = Instant::now();
    drop(Socket::identified(&sim, INTENTS).await);
    assert!(began.elapsed() >= 2 * round_trip, "the handshake, and READY");
}

#[tokio::test]
async fn a_rate_limit_says_when_to_come_back() {
    let sim = sim().await;
    sim.faults().rest(
        "*",
        "/users/@me",
        1,
        RestFault::RateLimit { retry_after: Duration::from_millis(250), global: false },
    );
    let request = reqwest::Client::new().get(format!("{}/users/@me", sim.api_url()));
    let response = request.header("Authorization", format!("Bot {}", sim.token())).send().await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(response.headers()["x-ratelimit-remaining"], "0");
    assert!(response.headers().contains_key("via"));
    let body: Value = response.json().await.unwrap();
    assert_eq!((&body["retry_after"], &body["global"]), (&json!(0.25), &json!(false)));
}

#[tokio::test]
async fn the_gateways_address_can_fail() {
    let sim = sim().await;
    let fault = RestFault::Status { status: 500, code: 0, message: "500: Internal Server Error".to_owned() };
    sim.faults().rest("GET", "/gateway/bot", 1, fault);
    assert_eq!(get(&sim, "/gateway/bot").await.0, 500);
    assert_eq!(get(&sim, "/gateway/bot").await.0, 200);
}

#[tokio::test]
async fn a_dropped_call_gets_no_answer_and_a_dropped_answer_was_still_carried_out() {
    let sim = sim().await;
    let general = channel_id(&sim, "general");
    let url = format!("{}/channels/{general}/messages", sim.api_url());
    let send = || {
        let request =
            reqwest::Client::new().post(&url).header("Authorization", format!("Bot {}", sim.token()));
        request.json(&json!({ "content": "x" })).send()
    };
    sim.faults().rest("POST", "/channels/*", 1, RestFault::Drop);
    assert!(send().await.is_err());
    assert!(sim.messages("general").unwrap().is_empty());
    sim.faults().rest("POST", "/channels/*", 1, RestFault::DropAnswer);
    assert!(send().await.is_err());
    assert_eq!(sim.messages("general").unwrap().len(), 1);
    assert!(send().await.is_ok());
}

#[tokio::test]
async fn a_delay_holds_the_answer_back() {
    let sim = sim().await;
    sim.faults().rest("GET", "/gateway", 1, RestFault::Delay(Duration::from_millis(80)));
    let started = Instant::now();
    assert_eq!(get(&sim, "/gateway").await.0, 200);
    assert!(started.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn heartbeats_can_be_ignored_and_connections_refused() {
    let sim = sim().await;
    let (mut socket, _) = Socket::identified(&sim, INTENTS).await;
    sim.gateway().ignore_heartbeats(true);
    socket.send(json!({ "op": 1, "d": null })).await;
    // The next event is the message, not an acknowledgement.
    sim.member("alice").unwrap().say("general", "marker").await.unwrap();
    loop {
        let payload = socket.payload().await;
        assert_ne!(payload["op"], 11);
        if payload["t"] == "MESSAGE_CREATE" {
            break;
        }
    }
    sim.gateway().refuse_connections(true);
    let url = format!("{}/?v=10&encoding=json", sim.gateway_url());
    assert!(tokio_tungstenite::connect_async(&url).await.is_err());
    assert_eq!(sim.faults().armed().len(), 2);
    sim.faults().clear();
    assert!(tokio_tungstenite::connect_async(&url).await.is_ok());
    socket.settled().await;
}

#[tokio::test]
async fn a_guild_is_unavailable_to_bots_during_an_outage() {
    let sim = sim().await;
    let (mut socket, ready) = Socket::identified(&sim, INTENTS).await;
    let (mut alice, _) = client(&sim, "alice").await;
    let harbour = sim.world(|world| world.guild_named("Harbour").unwrap().id.to_string());
    assert_eq!(sim.gateway().begin_outage("Harbour").unwrap(), 1);
    assert_eq!(socket.event("GUILD_DELETE").await, json!({ "id": harbour, "unavailable": true }));
    assert_eq!(sim.gateway().begin_outage("Harbour").unwrap(), 0, "it is on already");
    sim.member("alice").unwrap().say("Harbour/general", "lost").await.unwrap();
    socket.send(json!({ "op": 8, "d": { "guild_id": harbour, "query": "al", "limit": 1 } })).await;
    assert_eq!(alice.event("MESSAGE_CREATE").await["content"], "lost", "users' clients are left alone");
    let names = |events: Vec<Value>| events.iter().map(|event| event["t"].clone()).collect::<Vec<_>>();
    assert_eq!(names(socket.settled().await), [] as [Value; 0]);

    // https://discord.com/developers/docs/events/gateway-events#guild-create
    let (mut late, _) = Socket::identified(&sim, INTENTS).await;
    let guilds = ready["guilds"].as_array().unwrap();
    let created = late.settled().await.into_iter().map(|event| event["d"]["id"].clone());
    let available: Vec<Value> = created.filter(|id| guilds.iter().any(|guild| guild["id"] == *id)).collect();
    assert_eq!(available.len(), guilds.len() - 1);
    assert!(!available.contains(&json!(harbour)));

    assert_eq!(sim.gateway().end_outage("Harbour").unwrap(), 2);
    for socket in [&mut socket, &mut late] {
        let guild = socket.event("GUILD_CREATE").await;
        assert_eq!((&guild["id"], &guild["unavailable"]), (&json!(harbour), &json!(false)));
    }
    sim.member("alice").unwrap().say("Harbour/general", "back").await.unwrap();
    assert_eq!(socket.event("MESSAGE_CREATE").await["content"], "back");
    let unknown = sim.gateway().begin_outage("Harbor").unwrap_err().to_string();
    assert!(unknown.contains("Harbour"), "{unknown}");
}

#[tokio::test]
async fn the_resume_address_can_fail_while_the_other_works() {
    let sim = sim().await;
    let (mut socket, ready) = Socket::identified(&sim, INTENTS).await;
    let resume_url = ready["resume_gateway_url"].as_str().unwrap();
    let query = "/?v=10&encoding=json";
    assert_ne!(resume_url, sim.gateway_url());
    sim.gateway().refuse_resumes(true);
    sim.gateway().drop_sockets();
    assert_eq!(socket.close_code().await, None);
    assert!(connect_async(format!("{resume_url}{query}")).await.is_err());
    assert_eq!(sim.faults().armed(), ["connections to resume are refused"]);
    let mut socket = Socket::open(&sim).await;
    socket.resume(sim.token(), &ready["session_id"], 1).await;
    socket.event("RESUMED").await;
    sim.faults().clear();
    assert!(connect_async(format!("{resume_url}{query}")).await.is_ok());
}
