//! The prompt: what a user types is carried out, and what happens is printed.

use gearshift_sim::{Detail, Outcome, Printer, Prompt, Sim};
use serde_json::json;

use crate::raw::{Socket, channel_id, post, register, sim};

fn lines(printer: &mut Printer) -> Vec<String> {
    std::iter::from_fn(|| printer.try_line()).collect()
}

async fn shown(prompt: &mut Prompt, line: &str) -> String {
    match prompt.line(line).await {
        Outcome::Shown(text) | Outcome::Refused(text) => text,
        other => panic!("{line}: {other:?}"),
    }
}

#[tokio::test]
async fn a_conversation_at_the_prompt() {
    let sim = sim().await;
    let mut printer = Printer::new(&sim, Detail::Talk);
    let mut prompt = Prompt::new(&sim, "alice").unwrap();
    assert_eq!(prompt.label(), "alice #general> ");
    for line in [
        "hello",
        ":edit hello there",
        ":react 👍",
        "@bob",
        ":reply hi alice",
        "#dev",
        "in dev",
        ":delete",
        ":in @bot",
        "psst",
    ] {
        assert_eq!(prompt.line(line).await, Outcome::Done, "{line}");
    }
    assert_eq!(prompt.label(), "bob @bot> ");
    let read: Vec<String> =
        lines(&mut printer).iter().map(|line| line.split(" on ").next().unwrap().to_owned()).collect();
    assert_eq!(
        read[..6],
        [
            "#general alice: hello",
            "#general alice (edited): hello there",
            "#general alice +👍",
            "#general bob (reply): hi alice",
            "#dev bob: in dev",
            &*format!("#dev bob deleted {}", read[5].rsplit(' ').next().unwrap()),
        ]
    );
    assert_eq!(read[6], "@bob bob: psst");
    assert_eq!(prompt.line(":quit").await, Outcome::Quit);
}

#[tokio::test]
async fn typed_names_are_mentions() {
    let sim = sim().await;
    let mut printer = Printer::new(&sim, Detail::Talk);
    let mut prompt = Prompt::new(&sim, "alice").unwrap();
    for line in ["hi @bob", ":edit bye @bob", ":reply see #dev", "\\@bob", ":in @bot", "@alice here"] {
        assert_eq!(prompt.line(line).await, Outcome::Done, "{line}");
    }
    let (alice, bob) = (sim.member("alice").unwrap().id(), sim.member("bob").unwrap().id());
    let dev = channel_id(&sim, "dev");
    let said: Vec<String> =
        lines(&mut printer).iter().filter_map(|line| Some(line.split_once(": ")?.1.to_owned())).collect();
    assert_eq!(
        said,
        [
            format!("hi <@{bob}>"),
            format!("bye <@{bob}>"),
            format!("see <#{dev}>"),
            "@bob".to_owned(),
            format!("<@{alice}> here"),
        ]
    );
}

#[tokio::test]
async fn slash_commands_and_buttons_are_typed() {
    let sim = sim().await;
    register(&sim, json!([{ "name": "ping", "description": "x", "options": [{ "type": 3, "name": "text", "description": "x" }] }])).await;
    let (mut socket, _) = Socket::identified(&sim, 0).await;
    let mut prompt = Prompt::new(&sim, "alice").unwrap();
    assert_eq!(prompt.line("/ping text:hi there").await, Outcome::Done);
    assert_eq!(socket.event("INTERACTION_CREATE").await["data"]["options"][0]["value"], "hi there");
    assert_eq!(shown(&mut prompt, "/pong").await, "there is no command `pong`; did you mean `ping`?");
    let button =
        json!({ "type": 1, "components": [{ "type": 2, "style": 1, "label": "Go on", "custom_id": "go" }] });
    let general = channel_id(&sim, "general");
    post(
        &sim,
        &format!("/channels/{general}/messages"),
        json!({ "content": "well?", "components": [button] }),
    )
    .await;
    assert_eq!(prompt.line(":press Go on").await, Outcome::Done);
    assert_eq!(socket.event("INTERACTION_CREATE").await["data"]["custom_id"], "go");
}

#[tokio::test]
async fn the_prompt_covers_the_other_features_of_a_client() {
    let sim = sim().await;
    let what = json!({ "type": 3, "name": "what", "description": "x", "autocomplete": true });
    register(&sim, json!([
        { "name": "find", "description": "x", "options": [what] }, { "name": "Who is", "type": 2 }, { "name": "Keep", "type": 3 },
    ])).await;
    let (mut socket, _) = Socket::identified(&sim, 0).await;
    let mut prompt = Prompt::new(&sim, "alice").unwrap();
    assert_eq!(prompt.line(":attach notes.txt first line").await, Outcome::Done);
    assert_eq!(sim.messages("general").unwrap()[0].attachments[0].filename, "notes.txt");
    assert_eq!(prompt.line(":react 👍").await, Outcome::Done);
    assert_eq!(prompt.line(":unreact 👍").await, Outcome::Done);
    assert_eq!(prompt.line(":use Keep").await, Outcome::Done);
    assert_eq!(socket.event("INTERACTION_CREATE").await["data"]["name"], "Keep");
    assert_eq!(prompt.line(":use Who is @bob").await, Outcome::Done);
    assert_eq!(socket.event("INTERACTION_CREATE").await["data"]["name"], "Who is");
    let answer = async {
        let heard = socket.event("INTERACTION_CREATE").await;
        let path = format!(
            "/interactions/{}/{}/callback",
            heard["id"].as_str().unwrap(),
            heard["token"].as_str().unwrap()
        );
        let choices = json!([{ "name": "abc", "value": "abc" }, { "name": "abd", "value": "4" }]);
        post(&sim, &path, json!({ "type": 8, "data": { "choices": choices } })).await;
    };
    let (offered, ()) = tokio::join!(prompt.line(":choices /find what:ab"), answer);
    assert_eq!(offered, Outcome::Shown("abc\nabd = 4".to_owned()));
}

#[tokio::test]
async fn mistakes_at_the_prompt_have_helpful_errors() {
    let sim: Sim = sim().await;
    let mut prompt = Prompt::new(&sim, "carol").unwrap();
    assert_eq!(shown(&mut prompt, "@alcie").await, "there is no member `alcie`; did you mean `alice`?");
    assert_eq!(shown(&mut prompt, "#staff").await, "carol may not read messages in #staff");
    assert_eq!(shown(&mut prompt, ":delete").await, "there is no message of yours here");
    assert_eq!(shown(&mut prompt, ":who").await.lines().count(), 6);
    assert!(shown(&mut prompt, ":where").await.starts_with("Harbour\n* #general"));
    assert_eq!(shown(&mut prompt, ":faults").await, "no faults are armed");
    assert_eq!(prompt.line(":faults GET /gateway 503 2").await, Outcome::Done);
    assert_eq!(shown(&mut prompt, ":faults").await, "the next 2 of GET /gateway: answer 503");
    assert_eq!(shown(&mut prompt, ":help").await, Prompt::help());
}

#[tokio::test]
async fn time_is_shown_frozen_and_advanced_at_the_prompt() {
    let sim = sim().await;
    let mut prompt = Prompt::new(&sim, "alice").unwrap();
    assert_eq!(prompt.line(":time freeze").await, Outcome::Done);
    let before = sim.clock().now();
    assert_eq!(prompt.line(":time").await, Outcome::Shown(format!("{before} (frozen)")));
    assert_eq!(prompt.line(":time advance 2h").await, Outcome::Done);
    assert_eq!(sim.clock().now(), before + std::time::Duration::from_secs(7200));
    assert_eq!(prompt.line(":time resume").await, Outcome::Done);
    assert!(!sim.clock().is_frozen());
}
