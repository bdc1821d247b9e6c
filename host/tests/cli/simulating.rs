//! `gearshift sim`: only the built-in Discord, as a bot in another language sees it.

use serde_json::{Value, json};

use crate::program::{Live, Place, http, run};

const SIGTERM: i32 = 15;

const WORLD: &str = r#"
[[people]]
name = "zoe"

[[guilds]]
name = "Attic"
owner = "zoe"

[[guilds.channels]]
name = "lobby"
"#;

fn started(arguments: &[&str]) -> (Live, Value) {
    let mut live = Live::start(&Place::with(&[]), &[&["sim", "--json"], arguments].concat());
    let line = live.expect("api_url");
    (live, serde_json::from_str(&line).unwrap())
}

async fn get(url: &str, authorization: String) -> Value {
    let answer = http().get(url).header("Authorization", authorization).send().await.unwrap();
    assert!(answer.status().is_success(), "{url}: {}", answer.status());
    answer.json().await.unwrap()
}

#[tokio::test]
async fn it_says_where_it_is_and_everything_it_says_works() {
    let (live, at) = started(&["--bot", "one", "--bot", "two"]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    for (bot, name) in [(&at["bots"][0], "one"), (&at["bots"][1], "two")] {
        let me =
            get(&format!("{}/users/@me", text(&at["api_url"])), format!("Bot {}", text(&bot["token"]))).await;
        assert_eq!((&me["username"], &me["id"]), (&json!(name), &bot["id"]));
    }
    let control = format!("Bearer {}", text(&at["control_token"]));
    let people = get(&format!("{}/people", text(&at["control_url"])), control).await;
    assert_eq!(people[0]["user"]["username"], "alice");
    let gateway = text(&at["gateway_url"]);
    assert!(gateway.starts_with("ws://127.0.0.1:"), "{gateway}");
    assert!(text(&at["page_url"]).ends_with(&format!("#token={}", text(&at["control_token"]))));
    live.signal(SIGTERM);
    let (code, lines) = live.end();
    assert_eq!(code, 0, "{lines:#?}");
}

#[tokio::test]
async fn what_happens_is_watched_and_shown_in_plain_text() {
    let mut live = Live::start(&Place::with(&[]), &["sim", "--watch", "talk", "--control-token", "mine"]);
    live.expect("api      http://127.0.0.1:");
    live.expect("bot      bot ");
    let control = live.expect("control  ");
    let url = control.split_whitespace().nth(1).unwrap().to_owned();
    let act = http().post(format!("{url}/people/alice/act")).bearer_auth("mine");
    let answer = act.json(&json!({ "channel": "general", "line": "hello" })).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    live.expect("#general alice: hello");
    live.signal(SIGTERM);
    assert_eq!(live.end().0, 0);
}

#[tokio::test]
async fn a_world_file_is_read_and_a_kept_world_continues() {
    let place = Place::with(&[]);
    let file = place.file("world.toml", WORLD);
    let begin = |arguments: &[&str]| {
        let mut live = Live::start(
            &place,
            &[&["sim", "--json", "--keep", "kept", "--control-token", "t"], arguments].concat(),
        );
        let at: Value = serde_json::from_str(&live.expect("api_url")).unwrap();
        (live, at["control_url"].as_str().unwrap().to_owned())
    };
    let (live, control) = begin(&["--world", &file]);
    let act = http().post(format!("{control}/people/zoe/act")).bearer_auth("t");
    let said = act.json(&json!({ "channel": "lobby", "line": "kept" })).send().await.unwrap();
    assert_eq!(said.status(), 200);
    live.signal(SIGTERM);
    assert_eq!(live.end().0, 0);
    let (live, control) = begin(&[]);
    let world = http().get(format!("{control}/world")).bearer_auth("t").send().await.unwrap();
    assert!(world.text().await.unwrap().contains("kept"));
    live.signal(SIGTERM);
    assert_eq!(live.end().0, 0);
    let wrong = place.file("wrong.toml", "[[guild]]\nnmae = \"x\"\n");
    let ended = run(&place, &["sim", "--world", &wrong]);
    assert_eq!(ended.code, 65, "{}", ended.err);
}

#[tokio::test]
async fn exchanges_are_recorded_and_session_starts_limited_where_they_are_to_be() {
    let place = Place::with(&[]);
    let file = place.path().join("exchanges.jsonl");
    let begin = || {
        let more = ["sim", "--json", "--record", file.to_str().unwrap(), "--session-starts", "7"];
        let mut live = Live::start(&place, &more);
        let at: Value = serde_json::from_str(&live.expect("api_url")).unwrap();
        (live, at)
    };
    for _ in 0..2 {
        let (live, at) = begin();
        let url = format!("{}/gateway/bot", at["api_url"].as_str().unwrap());
        let starts = get(&url, format!("Bot {}", at["bots"][0]["token"].as_str().unwrap())).await;
        assert_eq!(starts["session_start_limit"]["total"], 7);
        live.signal(SIGTERM);
        assert_eq!(live.end().0, 0);
    }
    let lines = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "what the file holds stays");
    assert_eq!((&lines[1]["path"], &lines[1]["status"]), (&json!("/gateway/bot"), &json!(200)));
    let ended = run(&place, &["sim", "--record", "no/such/folder"]);
    assert_eq!(ended.code, 73, "{}", ended.err);
    assert!(ended.err.contains("cannot write `no/such/folder`"), "{}", ended.err);
}

#[test]
fn a_port_in_use_is_reported_with_what_to_do() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = run(&Place::with(&[]), &["sim", "--port", &port]);
    assert_eq!(ended.code, 73, "{}", ended.err);
    assert!(ended.err.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{}", ended.err);
    assert!(ended.err.contains("help: `--port 0` takes a free one"), "{}", ended.err);
}
