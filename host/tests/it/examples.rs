//! The example cogs do what they promise, on the built-in Discord. `ping` and `counter` are tested elsewhere.

use std::time::Instant;

use gearshift_sim::{Entry, EntryKind};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::stage::{SOON, Setting, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_comes_once_though_the_host_was_restarted() {
    let mut stage = Setting::new().with("remind").up().await;
    let said = stage.alice.say("general", "!remind 2s drink @everyone tea").await.unwrap();
    let answer = stage.sim.reply_to(said, SOON).await.expect("an answer");
    assert!(answer.content.starts_with("I will remind you <t:"), "{}", answer.content);
    let config = std::sync::Arc::clone(stage.host.config());
    stage.host = stage.host.restart(config).await.unwrap();
    stage.host.bring_up().await;
    let reminder = stage.sim.bot_message_after(answer.id, SOON).await.expect("a reminder");
    let expected = format!("<@{}> drink @everyone tea", stage.alice.id());
    assert_eq!(reminder.content.to_string(), expected);
    stage.host.cogs().reload("remind").await.unwrap();
    // Any further messages would have been sent before this answer.
    assert_eq!(
        stage.ask("!remind soon tea").await,
        "`when` must be a duration such as `90s`, `10m` or `1h30m`."
    );
    assert_eq!(stage.transcript().matches("> drink @everyone tea").count(), 1, "{}", stage.transcript());
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_that_cannot_be_planned_is_not_stored() {
    let stage = Setting::new().with("remind").up().await;
    for delay in ["366d", "365d1s", "8761h"] {
        let answer = stage.ask(&format!("!remind {delay} tea")).await;
        assert_eq!(answer, "`when` must be between a second and a year.");
    }
    assert!(stage.ask("!remind 365d tea").await.starts_with("I will remind you"));
    stage.host.cogs().reload("remind").await.expect("what it stored can be planned");
    let stage = stage.restart().await;
    // That task, and the one that looks for more.
    stage.until_status("remind", |status| status.generation.is_some() && status.tasks == 2).await;
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_reminder_that_cannot_be_read_does_not_keep_the_others_from_being_sent() {
    let stage = Setting::new()
        .with("remind")
        .stored(
            "remind",
            "reminders/1",
            r#"{"id":"1","due_ms":99999999999999,"channel":1,"user":1,"text":"tea"}"#,
        )
        .stored("remind", "reminders/2", r#"{"channel":1,"user":1,"text":"tea"}"#)
        .stored("remind", "reminders/3", "tea")
        .up()
        .await;
    assert!(stage.ask("!remind 1d tea").await.starts_with("I will remind you"));
    stage.host.cogs().reload("remind").await.expect("what is stored does not stop it");
    stage.until_status("remind", |status| status.tasks == 2).await;
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_too_long_to_be_suggested_does_not_keep_the_others_from_it() {
    let stage = Setting::new().with("poll").up().await;
    let long = format!("Ship {}it?", "all of ".repeat(30));
    stage.slash("poll", &[("question", &long)]).await.answered(SOON).await.expect("a poll");
    let alice = stage.alice.at("general").unwrap();
    let asked = alice.autocomplete("poll", [("question", "ship")], "question").await.unwrap();
    let answer = asked.acknowledged(SOON).await.expect("Discord takes the suggestions");
    assert_eq!(answer.choices[0].name, "Ship it?");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_shows_json_and_says_kindly_what_went_wrong() {
    let stage = Setting::new().with("lookup").up().await;
    assert!(stage.ask("!lookup tea").await.starts_with("No address is set yet"));
    let (server, address) = json_server().await;
    let source = format!("{address}/things/{{name}}");
    let owner = stage.sim.world(|world| world.bots()[0].owner.username.to_string());
    let stranger = if owner == "bob" { "carol" } else { "bob" };
    let change = format!("!lookup-source {source}");
    assert_eq!(ask_as(&stage, stranger, &change).await, "Only the bot's owners can use this command.");
    assert_eq!(ask_as(&stage, &owner, &change).await, format!("The address is now <{source}>."));

    assert_eq!(stage.ask("!lookup green tea").await, "**name**: green tea\n**price**: 3");
    stage.sim.until(Instant::now() + SOON, registered).await.expect("its commands are registered");
    let asked = stage.alice.slash("lookup", [("name", "green tea")]).await.unwrap();
    assert_eq!(asked.answered(SOON).await.unwrap().content.to_string(), "**name**: green tea\n**price**: 3");
    let host = address.trim_start_matches("http://").to_owned();
    assert_eq!(stage.ask("!lookup missing").await, format!("{host} knows nothing by that name."));
    assert_eq!(
        stage.ask("!lookup broken").await,
        format!("{host} answered with something that is not JSON.")
    );
    assert_eq!(stage.ask("!lookup ..").await, "What should I look up?");
    server.abort();
    let _ = server.await;
    assert_eq!(stage.ask("!lookup tea").await, format!("{host} cannot be reached at the moment."));
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pulse_continues_over_a_reload() {
    let stage = Setting::new().with("pulse").up().await;
    let first = received(&stage.ask("!pulse").await);
    stage.host.cogs().reload("pulse").await.unwrap();
    let second = received(&stage.ask("!pulse").await);
    // Each `!pulse`, and the answer to the first one.
    assert_eq!((second.0 - first.0, second.1), (2, first.1));
    assert_eq!(first.1, 2);
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faulty_misbehaves_as_asked_and_keeps_serving() {
    let stage = Setting::new().with("faulty").up().await;
    let table = [
        ("version", "faulty 0.1.0 plain"),
        ("sleep 1", "slept 1 ms"),
        ("many-sleeps 50 1", "slept 50 times"),
        ("leak-waker 20", "keeping 20 futures"),
        ("flood 20 log", "flooded 20 times"),
        ("flood 20 stats", "flooded 20 times"),
        ("flood 20 store", "flooded 20 times"),
        ("flood 3 rest", "flooded 3 times"),
        ("thread 1", "thread started"),
        ("leak 1000", "leaked 1000 bytes"),
        ("grow-state 1000", "state has 1000 bytes more"),
        ("refuse-state", "armed: restore=error"),
        ("plan", "plan: restore=error"),
    ];
    for (op, answer) in table {
        assert_eq!(stage.ask(&format!("!faulty {op}")).await, answer);
    }
    assert!(stage.ask("!faulty tls").await.starts_with("on ThreadId"));
    for op in ["error", "panic", "panic-in-drop"] {
        stage.alice.say("general", &format!("!faulty {op}")).await.unwrap();
    }
    let refusal = stage.host.cogs().reload("faulty").await.expect_err("the state is refused");
    assert!(format!("{refusal:?}").contains("asked to fail in restore"), "{refusal:?}");
    assert_eq!(stage.ask("!faulty disarm").await, "disarmed");
    let report = stage.host.cogs().reload("faulty").await.unwrap();
    assert!(stage.is_gone(&report), "{report}");
    assert!(report.state_bytes.is_some_and(|bytes| bytes > 1000), "{report}");
    assert!(stage.ask("!faulty count").await.starts_with("19 commands"));
    stage.down().await;
}

/// Whether slash commands were registered.
fn registered(entry: &Entry) -> Option<()> {
    matches!(entry.kind, EntryKind::Commands { .. }).then_some(())
}

/// The bot's answer to a member.
async fn ask_as(stage: &Stage, name: &str, line: &str) -> String {
    let said = stage.sim.member(name).unwrap().say("general", line).await.unwrap();
    let reply = stage.sim.reply_to(said, SOON).await;
    reply.unwrap_or_else(|| panic!("no reply to `{line}`\n{}", stage.transcript())).content.to_string()
}

/// The numbers of messages and guilds in an answer of `pulse`.
fn received(answer: &str) -> (u64, u64) {
    let numbers: Vec<u64> = answer.split(' ').filter_map(|word| word.parse().ok()).collect();
    (numbers[0], numbers[1])
}

/// A web server that knows everything but two names, and its address. Aborting the task closes it.
async fn json_server() -> (tokio::task::JoinHandle<()>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let serve = async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") && socket.read_buf(&mut request).await.unwrap() > 0 {}
            let line = String::from_utf8(request).unwrap();
            let name = line.split(' ').nth(1).unwrap().trim_start_matches("/things/").replace("%20", " ");
            let (status, body) = match name.as_str() {
                "missing" => ("404 Not Found", "{}".to_owned()),
                "broken" => ("200 OK", "<html>".to_owned()),
                name => ("200 OK", serde_json::json!({"name": name, "price": 3, "tags": []}).to_string()),
            };
            let length = body.len();
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    };
    (tokio::spawn(serve), address)
}
