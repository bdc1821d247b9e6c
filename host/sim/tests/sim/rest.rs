//! REST besides messages: addresses, accounts, guilds, headers, errors, unknown routes, commands.

use gearshift_sim::{EntryKind, Record, Sim, SimOptions};
use reqwest::Method;
use serde_json::{Value, json};

use crate::raw::{call, channel_id, get, post, register, sim};

#[tokio::test]
async fn the_api_answers_under_both_versions_and_names_a_local_gateway() {
    let sim = sim().await;
    for version in ["v9", "v10"] {
        let url = format!("{}/api/{version}/gateway", sim.base_url());
        let answer: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        assert_eq!(answer["url"], sim.gateway_url());
    }
    let (_, bot) = get(&sim, "/gateway/bot").await;
    assert_eq!((&bot["url"], &bot["shards"]), (&json!(sim.gateway_url()), &json!(1)));
}

#[tokio::test]
async fn without_a_good_token_the_answer_is_401_in_discords_words() {
    let sim = sim().await;
    for token in ["", "Bot wrong", sim.token()] {
        let request = reqwest::Client::new().get(format!("{}/users/@me", sim.api_url()));
        let response = request.header("Authorization", token).send().await.unwrap();
        assert_eq!(response.status(), 401);
        let body: Value = response.json().await.unwrap();
        assert_eq!(body, json!({ "message": "401: Unauthorized", "code": 0 }));
    }
}

#[tokio::test]
async fn accounts_and_applications_can_be_read() {
    let sim = sim().await;
    let (_, me) = get(&sim, "/users/@me").await;
    assert_eq!((&me["username"], &me["bot"]), (&json!("bot"), &json!(true)));
    for path in ["/applications/@me", "/oauth2/applications/@me"] {
        let (_, app) = get(&sim, path).await;
        assert_eq!((&app["id"], &app["owner"]["username"]), (&me["id"], &json!("alice")));
    }
    let alice = sim.member("alice").unwrap().id();
    assert_eq!(get(&sim, &format!("/users/{alice}")).await.1["username"], "alice");
    let (status, error) = get(&sim, "/users/1").await;
    assert_eq!((status.as_u16(), &error["code"]), (404, &json!(10013)));
    let (_, dm) = post(&sim, "/users/@me/channels", json!({ "recipient_id": alice })).await;
    assert_eq!((&dm["type"], &dm["recipients"][0]["username"]), (&json!(1), &json!("alice")));
    let (_, again) = post(&sim, "/users/@me/channels", json!({ "recipient_id": alice })).await;
    assert_eq!(dm["id"], again["id"]);
}

#[tokio::test]
async fn guilds_can_be_read() {
    let sim = sim().await;
    let (_, mine) = get(&sim, "/users/@me/guilds").await;
    let guild = mine[0]["id"].as_str().unwrap();
    let (_, counted) = get(&sim, &format!("/guilds/{guild}?with_counts=true")).await;
    assert_eq!(counted["approximate_member_count"], 6);
    assert_eq!(get(&sim, &format!("/guilds/{guild}/channels")).await.1.as_array().unwrap().len(), 4);
    let (_, roles) = get(&sim, &format!("/guilds/{guild}/roles")).await;
    assert_eq!((&roles[0]["name"], &roles[0]["id"]), (&json!("@everyone"), &json!(guild)));
    let (_, page) = get(&sim, &format!("/guilds/{guild}/members?limit=2")).await;
    let after = page[1]["user"]["id"].as_str().unwrap();
    let (_, rest) = get(&sim, &format!("/guilds/{guild}/members?limit=1000&after={after}")).await;
    assert_eq!((page.as_array().unwrap().len(), rest.as_array().unwrap().len()), (2, 4));
    assert_eq!(get(&sim, &format!("/guilds/{guild}/members/{after}")).await.1["user"]["id"], after);
    for (path, code) in
        [("/guilds/1", 10004), ("/channels/1", 10003), (&*format!("/guilds/{guild}/members/1"), 10007)]
    {
        let (status, error) = get(&sim, path).await;
        assert_eq!((status.as_u16(), error["code"].as_u64()), (404, Some(code)), "{path}");
    }
    let (status, error) = get(&sim, "/guilds/abc").await;
    assert_eq!((status.as_u16(), &error["code"]), (400, &json!(50035)));
    assert_eq!(error["errors"]["guild_id"]["_errors"][0]["code"], "NUMBER_TYPE_COERCE");
}

#[tokio::test]
async fn an_unknown_route_is_404_and_is_reported_counted_and_in_the_transcript() {
    let sim = sim().await;
    for _ in 0..3 {
        let (status, body) = get(&sim, "/channels/123/nonsense").await;
        assert_eq!((status.as_u16(), body), (404, json!({ "message": "404: Not Found", "code": 0 })));
    }
    get(&sim, "/channels/456/nonsense").await;
    call(&sim, Method::DELETE, "/gateway", None).await;
    assert_eq!(
        sim.unknown_routes(),
        [("GET /channels/{id}/nonsense".to_owned(), 4), ("DELETE /gateway".to_owned(), 1)]
    );
    let reported = sim
        .transcript()
        .history()
        .iter()
        .filter(|entry| matches!(entry.kind, EntryKind::UnknownRoute { .. }))
        .count();
    assert_eq!(reported, 5);
}

#[tokio::test]
async fn every_answer_carries_what_rate_limiters_read() {
    let sim = sim().await;
    let send = |path: String| {
        let request = reqwest::Client::new().get(format!("{}{path}", sim.api_url()));
        request.header("Authorization", format!("Bot {}", sim.token())).send()
    };
    let general = channel_id(&sim, "general");
    let random = channel_id(&sim, "random");
    let mut buckets = Vec::new();
    for path in [
        format!("/channels/{general}/messages"),
        format!("/channels/{random}/messages"),
        "/users/@me".to_owned(),
    ] {
        let response = send(path).await.unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(
            (header("x-ratelimit-limit"), header("x-ratelimit-remaining")),
            ("1000".into(), "999".into())
        );
        assert!(header("x-ratelimit-reset").parse::<f64>().unwrap() > 1.7e9);
        assert_eq!(header("x-ratelimit-reset-after"), "1.000");
        assert!(response.headers().contains_key("via"));
        buckets.push(header("x-ratelimit-bucket"));
    }
    buckets.dedup();
    assert_eq!(buckets.len(), 2, "a bucket is a route's, whatever the channel");
}

#[tokio::test]
async fn commands_are_registered_replaced_edited_and_deleted() {
    let sim = sim().await;
    let ping =
        json!({ "name": "ping", "description": "Answers", "contexts": null, "name_localizations": {} });
    let first = register(&sim, json!([ping])).await;
    let app = first[0]["application_id"].as_str().unwrap().to_owned();
    let base = format!("/applications/{app}/commands");
    let id = first[0]["id"].clone();

    let again = register(&sim, json!([ping, { "name": "pong", "description": "Answers" }])).await;
    assert_eq!(again[0]["id"], id, "what stays keeps its id");
    assert_eq!(again[0]["version"], first[0]["version"], "and its version if nothing changed");

    let (status, _) = post(&sim, &base, json!({ "name": "new", "description": "x" })).await;
    assert_eq!(status, 201);
    let (status, upserted) = post(&sim, &base, json!({ "name": "ping", "description": "Changed" })).await;
    assert_eq!((status.as_u16(), &upserted["id"]), (200, &id));

    let path = format!("{base}/{}", id.as_str().unwrap());
    let (_, edited) = call(&sim, Method::PATCH, &path, Some(json!({ "description": "Edited" }))).await;
    assert_eq!((&edited["name"], &edited["description"]), (&json!("ping"), &json!("Edited")));
    let (status, _) = call(&sim, Method::DELETE, &path, None).await;
    assert_eq!(status, 204);
    let (status, error) = get(&sim, &path).await;
    assert_eq!((status.as_u16(), &error["code"]), (404, &json!(10063)));
    let names: Vec<Value> =
        get(&sim, &base).await.1.as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["pong", "new"]);
    assert_eq!(register(&sim, json!([])).await, json!([]));
}

#[tokio::test]
async fn a_bad_command_is_refused_with_the_path_of_each_mistake() {
    let sim = sim().await;
    let app = get(&sim, "/users/@me").await.1["id"].as_str().unwrap().to_owned();
    let base = format!("/applications/{app}/commands");
    let bad = json!([{ "name": "ok", "description": "x" }, { "name": "Not OK", "description": "x", "options": [
        { "type": 3, "name": "a", "description": "" },
    ]}]);
    let (status, error) = call(&sim, Method::PUT, &base, Some(bad)).await;
    assert_eq!(
        (status.as_u16(), &error["code"], &error["message"]),
        (400, &json!(50035), &json!("Invalid Form Body"))
    );
    assert_eq!(error["errors"]["1"]["name"]["_errors"][0]["code"], "APPLICATION_COMMAND_INVALID_NAME");
    assert_eq!(
        error["errors"]["1"]["options"]["0"]["description"]["_errors"][0]["code"],
        "BASE_TYPE_BAD_LENGTH"
    );
    assert_eq!(get(&sim, &base).await.1, json!([]), "nothing was registered");
    let many: Vec<Value> = (0..101).map(|n| json!({ "name": format!("c{n}"), "description": "x" })).collect();
    let (_, error) = call(&sim, Method::PUT, &base, Some(json!(many))).await;
    assert_eq!(error["code"], 30032);
    let (status, error) =
        post(&sim, "/applications/1/commands", json!({ "name": "x", "description": "x" })).await;
    assert_eq!((status.as_u16(), &error["code"]), (403, &json!(20012)));
}

#[tokio::test]
async fn rest_exchanges_are_recorded_with_both_bodies() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("exchanges.jsonl");
    let start = || async {
        let record = Some(Record::append_to(&file).unwrap());
        Sim::start(SimOptions { record, ..SimOptions::default() }).await.unwrap()
    };
    let sim = start().await;
    let path = format!("/channels/{}/messages", channel_id(&sim, "general"));
    post(&sim, &path, json!({ "content": "hi", "contnt": "x" })).await;
    get(&sim, "/nonsense").await;
    get(&start().await, "/gateway").await;
    let lines = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let body = |line: &Value, key: &str| serde_json::from_str::<Value>(line[key].as_str().unwrap()).unwrap();
    assert_eq!(
        (&lines[0]["method"], &lines[0]["path"], &lines[0]["status"]),
        (&json!("POST"), &json!(path), &json!(200))
    );
    assert_eq!(
        (&lines[0]["unknown"], &body(&lines[0], "request")["content"]),
        (&json!(["contnt"]), &json!("hi"))
    );
    assert_eq!(body(&lines[0], "answer")["content"], "hi");
    assert_eq!((&lines[1]["request"], &lines[1]["status"]), (&json!(""), &json!(404)));
    assert_eq!((lines.len(), &lines[2]["path"]), (3, &json!("/gateway")), "a second simulator appends");
    assert!(Record::append_to(folder.path().join("missing/exchanges.jsonl")).is_err());
}
