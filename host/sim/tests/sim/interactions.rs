//! Interactions: what a member may call, and the rules for answers.

use std::time::Duration;

use gearshift_sim::{Acknowledgement, EntryKind, InteractionHandle, NO_OPTIONS, Sim, SimOptions};
use reqwest::Method;
use serde_json::{Value, json};

use crate::raw::{INTENTS, PATIENCE, Socket, call, options, post, register, sim};

fn ping() -> Value {
    json!([{ "name": "ping", "description": "Answers", "options": [
        { "type": 3, "name": "text", "description": "What", "required": true },
        { "type": 4, "name": "times", "description": "How often", "min_value": 1, "max_value": 5 },
        { "type": 6, "name": "who", "description": "Whom" },
    ]}])
}

/// A simulator with `/ping`, a connected socket, and the interaction that it received.
pub(crate) async fn invoked(sim: &Sim) -> (Socket, InteractionHandle, Value) {
    register(sim, ping()).await;
    let (mut socket, _) = Socket::identified(sim, INTENTS).await;
    let handle = sim.member("alice").unwrap().slash("ping", [("text", "hi")]).await.unwrap();
    let interaction = socket.event("INTERACTION_CREATE").await;
    (socket, handle, interaction)
}

pub(crate) async fn respond(sim: &Sim, interaction: &Value, body: Value) -> (u16, Value) {
    let (id, token) = (interaction["id"].as_str().unwrap(), interaction["token"].as_str().unwrap());
    // Without authorization, as discord.py and discord.js do.
    let url = format!("{}/interactions/{id}/{token}/callback", sim.api_url());
    let response = reqwest::Client::new().post(url).json(&body).send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or(Value::Null))
}

fn webhook(interaction: &Value) -> String {
    format!(
        "/webhooks/{}/{}",
        interaction["application_id"].as_str().unwrap(),
        interaction["token"].as_str().unwrap()
    )
}

#[tokio::test]
async fn an_interaction_carries_options_member_and_resolved_users() {
    let sim = sim().await;
    register(&sim, ping()).await;
    let (mut socket, _) = Socket::identified(&sim, 0).await;
    let alice = sim.member("alice").unwrap();
    alice.slash("ping", [("text", "hi"), ("times", "3"), ("who", "bob")]).await.unwrap();
    let heard = socket.event("INTERACTION_CREATE").await;
    let bob = sim.member("bob").unwrap().id().to_string();
    assert_eq!(
        heard["data"]["options"],
        json!([
            { "name": "text", "type": 3, "value": "hi" },
            { "name": "times", "type": 4, "value": 3 },
            { "name": "who", "type": 6, "value": bob },
        ])
    );
    assert_eq!(heard["data"]["resolved"]["users"][&bob]["username"], "bob");
    assert_eq!(heard["member"]["user"]["username"], "alice");
    let member = &heard["data"]["resolved"]["members"][&bob];
    assert!(member["permissions"].is_string());
    assert_eq!((member.get("deaf"), member.get("mute"), member.get("user")), (None, None, None), "partial");
}

#[tokio::test]
async fn options_that_do_not_fit_the_command_are_refused() {
    let sim = sim().await;
    register(&sim, ping()).await;
    let alice = sim.member("alice").unwrap();
    let mut refusals = Vec::new();
    for options in [
        vec![],
        vec![("txt", "x")],
        vec![("text", "x"), ("times", "9")],
        vec![("text", "x"), ("times", "many")],
        vec![("text", "x"), ("who", "nobody")],
    ] {
        refusals.push(alice.slash("ping", options).await.map(|_| ()).unwrap_err().to_string());
    }
    refusals.push(alice.slash("pong", NO_OPTIONS).await.map(|_| ()).unwrap_err().to_string());
    assert_eq!(
        refusals,
        [
            "the option `text` is required",
            "there is no option `txt`; did you mean `text`?",
            "the option `times` must be a number from 1 to 5, not `9`",
            "the option `times` must be a whole number, not `many`",
            "the option `who` must be the name of a member, not `nobody`",
            "there is no command `pong`; did you mean `ping`?",
        ]
    );
}

#[tokio::test]
async fn numbers_are_limited_to_what_a_double_holds_exactly() {
    let sim = sim().await;
    let option = |kind: u8, name: &str| json!({ "type": kind, "name": name, "description": "x" });
    let options = [option(4, "whole"), option(10, "any")];
    register(&sim, json!([{ "name": "count", "description": "x", "options": options }])).await;
    let (mut socket, _) = Socket::identified(&sim, 0).await;
    let alice = sim.member("alice").unwrap();
    for (name, fits, beyond) in [
        ("whole", "-9007199254740991", "9007199254740992"),
        ("whole", "9007199254740991", "99999999999999999999999"),
        ("any", "9007199254740992", "9007199254740994"),
    ] {
        alice.slash("count", [(name, fits)]).await.unwrap();
        let value = &socket.event("INTERACTION_CREATE").await["data"]["options"][0]["value"];
        assert_eq!(value.as_f64().unwrap(), fits.parse::<f64>().unwrap());
        assert!(alice.slash("count", [(name, beyond)]).await.is_err(), "{beyond}");
    }
}

#[tokio::test]
async fn subcommands_are_nested_as_discord_nests_them() {
    let sim = sim().await;
    let give = json!({ "type": 1, "name": "give", "description": "x", "options": [
        { "type": 8, "name": "which", "description": "x", "required": true },
    ]});
    register(
        &sim,
        json!([{ "name": "role", "description": "x", "options": [
            { "type": 2, "name": "admin", "description": "x", "options": [give] },
        ]}]),
    )
    .await;
    let (mut socket, _) = Socket::identified(&sim, 0).await;
    let alice = sim.member("alice").unwrap();
    alice.slash("role admin give", [("which", "moderator")]).await.unwrap();
    let data = &socket.event("INTERACTION_CREATE").await["data"];
    assert_eq!(
        (&data["options"][0]["name"], &data["options"][0]["options"][0]["name"]),
        (&json!("admin"), &json!("give"))
    );
    assert!(data["resolved"]["roles"].is_object());
    for (line, refused) in [
        ("role", "`/role` needs a subcommand, one of admin"),
        ("role admin", "`/role admin` needs a subcommand, one of give"),
        ("role admn", "there is no subcommand of /role `admn`; did you mean `admin`?"),
        (
            "role admin give top moderator",
            "`/role admin give` takes options by name: `/role admin give which:top moderator`",
        ),
    ] {
        let error = alice.slash(line, NO_OPTIONS).await.map(|_| ()).unwrap_err().to_string();
        assert_eq!(error, refused);
    }
}

#[tokio::test]
async fn an_answer_is_posted_and_a_second_one_is_40060() {
    let sim = sim().await;
    let (mut socket, handle, interaction) = invoked(&sim).await;
    let answer = json!({ "type": 4, "data": { "content": "pong hi" } });
    assert_eq!(respond(&sim, &interaction, answer.clone()).await.0, 204);
    let (status, error) = respond(&sim, &interaction, answer).await;
    assert_eq!((status, &error["code"]), (400, &json!(40060)));
    assert_eq!(handle.answered(PATIENCE).await.unwrap().content, "pong hi");
    let event = socket.event("MESSAGE_CREATE").await;
    assert_eq!((&event["type"], &event["interaction"]["name"]), (&json!(20), &json!("ping")));
    assert_eq!(event["webhook_id"], interaction["application_id"]);
    assert!(
        sim.transcript()
            .history()
            .iter()
            .any(|entry| entry.to_string() == "/ping by alice -> #general \"pong hi\"")
    );
}

#[tokio::test]
async fn an_answer_after_the_window_is_10062_and_the_interaction_fails() {
    let options = SimOptions { interaction_window: Duration::from_millis(30), ..options() };
    let sim = Sim::start(options).await.unwrap();
    let (_socket, handle, interaction) = invoked(&sim).await;
    let deadline = std::time::Instant::now() + PATIENCE;
    let told = sim
        .until(deadline, |entry| {
            matches!(entry.kind, EntryKind::Unanswered { .. }).then(|| entry.to_string())
        })
        .await;
    assert_eq!(told.as_deref(), Some("/ping text:hi by alice -> the application did not respond"));
    let (status, error) = respond(&sim, &interaction, json!({ "type": 5 })).await;
    assert_eq!((status, &error["code"]), (404, &json!(10062)));
    assert!(handle.answer().is_none());
}

#[tokio::test]
async fn a_wrong_token_is_10062() {
    let sim = sim().await;
    let (_socket, _, mut interaction) = invoked(&sim).await;
    interaction["token"] = json!("guessed");
    assert_eq!(respond(&sim, &interaction, json!({ "type": 5 })).await.1["code"], 10062);
}

#[tokio::test]
async fn a_followup_before_the_answer_is_10015_and_after_it_is_posted() {
    let sim = sim().await;
    let (_socket, handle, interaction) = invoked(&sim).await;
    let hook = webhook(&interaction);
    let (status, error) = post(&sim, &hook, json!({ "content": "early" })).await;
    assert_eq!((status.as_u16(), &error["code"]), (404, &json!(10015)));
    respond(&sim, &interaction, json!({ "type": 4, "data": { "content": "first" } })).await;
    let (status, followup) = post(&sim, &hook, json!({ "content": "second" })).await;
    assert_eq!((status.as_u16(), &followup["content"]), (200, &json!("second")));
    let texts: Vec<String> = handle.messages().iter().map(|message| message.content.clone()).collect();
    assert_eq!(texts, ["first", "second"]);
    let path = format!("{hook}/messages/{}", followup["id"].as_str().unwrap());
    assert_eq!(call(&sim, Method::DELETE, &path, None).await.0, 204);
    assert_eq!(handle.messages().len(), 1);
}

#[tokio::test]
async fn a_deferred_answer_is_filled_in_by_an_edit_of_the_original() {
    let sim = sim().await;
    let (_socket, handle, interaction) = invoked(&sim).await;
    respond(&sim, &interaction, json!({ "type": 5 })).await;
    let thinking = handle.acknowledged(PATIENCE).await.unwrap();
    assert_eq!(thinking.how, Acknowledgement::DeferredMessage);
    assert!(thinking.message.unwrap().is_loading());
    let path = format!("{}/messages/@original", webhook(&interaction));
    let (_, edited) = call(&sim, Method::PATCH, &path, Some(json!({ "content": "at last" }))).await;
    assert_eq!((&edited["content"], &edited["flags"]), (&json!("at last"), &json!(0)));
    assert_eq!(handle.answered(PATIENCE).await.unwrap().content, "at last");
    assert_eq!(call(&sim, Method::GET, &path, None).await.1["content"], "at last");
}

#[tokio::test]
async fn an_ephemeral_answer_is_for_one_person_only() {
    let sim = sim().await;
    let (mut socket, handle, interaction) = invoked(&sim).await;
    respond(&sim, &interaction, json!({ "type": 4, "data": { "content": "psst", "flags": 64 } })).await;
    assert!(handle.answered(PATIENCE).await.unwrap().is_ephemeral());
    assert!(sim.messages("general").unwrap().is_empty());
    assert!(socket.settled().await.iter().all(|payload| payload["t"] != "MESSAGE_CREATE"));
    let path = format!("{}/messages/@original", webhook(&interaction));
    let (_, edited) = call(&sim, Method::PATCH, &path, Some(json!({ "content": "changed" }))).await;
    assert_eq!(edited["content"], "changed");
    let lines: Vec<String> = sim.transcript().history().iter().map(ToString::to_string).collect();
    assert!(lines.contains(&"/ping by alice -> ephemeral \"psst\"".to_owned()), "{lines:#?}");
}

#[tokio::test]
async fn the_answer_can_be_requested_with_the_response() {
    let sim = sim().await;
    let (_socket, _, interaction) = invoked(&sim).await;
    let path = format!(
        "/interactions/{}/{}/callback?with_response=true",
        interaction["id"].as_str().unwrap(),
        interaction["token"].as_str().unwrap()
    );
    let (status, answer) = post(&sim, &path, json!({ "type": 4, "data": { "content": "x" } })).await;
    assert_eq!((status.as_u16(), &answer["resource"]["message"]["content"]), (200, &json!("x")));
    assert_eq!(answer["interaction"]["response_message_id"], answer["resource"]["message"]["id"]);
    assert_eq!(answer["resource"]["type"], 4);
}

#[tokio::test]
async fn buttons_menus_and_forms_work() {
    let sim = sim().await;
    let (mut socket, handle, interaction) = invoked(&sim).await;
    let row = |inner: Value| json!({ "type": 1, "components": [inner] });
    let components = json!([
        row(json!({ "type": 2, "style": 1, "label": "Yes", "custom_id": "yes" })),
        row(json!({ "type": 3, "custom_id": "pick", "options": [{ "label": "One", "value": "1" }] })),
    ]);
    let data = json!({ "content": "choose", "components": components });
    respond(&sim, &interaction, json!({ "type": 4, "data": data })).await;
    let message = handle.answered(PATIENCE).await.unwrap().id;
    let alice = sim.member("alice").unwrap();
    let refused = alice.press(message, "No").await.map(|_| ()).unwrap_err().to_string();
    assert!(refused.starts_with("there is no control `No`"), "{refused}");

    let pressed = alice.press(message, "Yes").await.unwrap();
    let heard = socket.event("INTERACTION_CREATE").await;
    assert_eq!((&heard["type"], &heard["data"]["custom_id"]), (&json!(3), &json!("yes")));
    assert_eq!(heard["message"]["id"], message.to_string());
    respond(&sim, &heard, json!({ "type": 7, "data": { "content": "chosen" } })).await;
    assert_eq!(pressed.answered(PATIENCE).await.unwrap().content, "chosen");

    let selected = alice.select(message, "pick", &["One"]).await.unwrap();
    let heard = socket.event("INTERACTION_CREATE").await;
    assert_eq!(heard["data"]["values"], json!(["1"]));
    assert_eq!(heard["data"].get("resolved"), None, "discord.py would read no values");
    let field = row(json!({ "type": 4, "custom_id": "name", "style": 1, "label": "Name" }));
    let form = json!({ "title": "Who", "custom_id": "form", "components": [field] });
    assert_eq!(respond(&sim, &heard, json!({ "type": 9, "data": form })).await.0, 204);
    assert_eq!(selected.acknowledged(PATIENCE).await.unwrap().form.unwrap().title, "Who");
    assert!(alice.submit(&selected, NO_OPTIONS).await.is_err(), "the field is required");
    alice.submit(&selected, [("name", "Al")]).await.unwrap();
    let heard = socket.event("INTERACTION_CREATE").await;
    assert_eq!(heard["data"]["components"][0]["components"][0]["value"], "Al");
    assert_eq!(respond(&sim, &heard, json!({ "type": 6 })).await.0, 204);
}

#[tokio::test]
async fn a_form_opened_by_a_command_is_submitted_to_its_bot() {
    let sim = sim().await;
    let (mut socket, handle, interaction) = invoked(&sim).await;
    let field =
        json!({ "type": 1, "components": [{ "type": 4, "custom_id": "name", "style": 1, "label": "Name" }] });
    let form = json!({ "title": "Who", "custom_id": "form", "components": [field] });
    respond(&sim, &interaction, json!({ "type": 9, "data": form })).await;
    handle.acknowledged(PATIENCE).await.unwrap();
    let bob = sim.member("bob").unwrap();
    assert!(bob.submit(&handle, [("name", "x")]).await.is_err(), "the form is alice's");
    let submitted = sim.member("alice").unwrap().submit(&handle, [("name", "Al")]).await.unwrap();
    let heard = socket.event("INTERACTION_CREATE").await;
    assert_eq!((&heard["type"], &heard["data"]["custom_id"]), (&json!(5), &json!("form")));
    let row = &heard["data"]["components"][0];
    assert!(
        row["id"].is_u64() && row["components"][0]["id"].is_u64(),
        "twilight reads no form without: {row}"
    );
    respond(&sim, &heard, json!({ "type": 4, "data": { "content": "hello Al" } })).await;
    let answer = submitted.answered(PATIENCE).await.unwrap();
    assert_eq!(answer.content, "hello Al");
    let (_, shown) =
        call(&sim, Method::GET, &format!("/channels/{}/messages/{}", answer.channel_id, answer.id), None)
            .await;
    let metadata = &shown["interaction_metadata"];
    assert_eq!(
        (&metadata["type"], &metadata["triggering_interaction_metadata"]["type"]),
        (&json!(5), &json!(2))
    );
    assert_eq!(metadata["triggering_interaction_metadata"]["id"], interaction["id"]);
}

#[tokio::test]
async fn a_menu_of_members_takes_names() {
    let sim = sim().await;
    let (mut socket, handle, interaction) = invoked(&sim).await;
    let menu = json!({ "type": 1, "components": [{ "type": 5, "custom_id": "whom" }] });
    respond(&sim, &interaction, json!({ "type": 4, "data": { "content": "whom?", "components": [menu] } }))
        .await;
    let message = handle.answered(PATIENCE).await.unwrap().id;
    let alice = sim.member("alice").unwrap();
    alice.select(message, "whom", &["bob"]).await.unwrap();
    let heard = socket.event("INTERACTION_CREATE").await;
    let bob = sim.member("bob").unwrap().id().to_string();
    assert_eq!(heard["data"]["values"], json!([bob]));
    assert_eq!(heard["data"]["resolved"]["users"][&bob]["username"], "bob");
    let refused = alice.select(message, "whom", &["nobody"]).await.map(|_| ()).unwrap_err().to_string();
    assert_eq!(refused, "`whom` cannot be used: there is no member `nobody`");
}

#[tokio::test]
async fn an_option_that_is_being_typed_gets_choices() {
    let sim = sim().await;
    register(
        &sim,
        json!([{ "name": "find", "description": "x", "options": [
            { "type": 3, "name": "what", "description": "x", "required": true, "autocomplete": true },
        ]}]),
    )
    .await;
    let (mut socket, _) = Socket::identified(&sim, 0).await;
    let typed = sim.member("alice").unwrap().autocomplete("find", [("what", "ab")], "what").await.unwrap();
    let heard = socket.event("INTERACTION_CREATE").await;
    assert_eq!(
        heard["data"]["options"][0],
        json!({ "name": "what", "type": 3, "focused": true, "value": "ab" })
    );
    let (status, _) = respond(&sim, &heard, json!({ "type": 4, "data": { "content": "x" } })).await;
    assert_eq!(status, 400, "a message does not answer autocomplete");
    let choices = json!({ "choices": [{ "name": "abc", "value": "abc" }] });
    respond(&sim, &heard, json!({ "type": 8, "data": choices })).await;
    assert_eq!(typed.acknowledged(PATIENCE).await.unwrap().choices[0].name, "abc");
}

#[tokio::test]
async fn only_one_of_concurrent_answers_is_accepted() {
    let sim = sim().await;
    let (_socket, handle, interaction) = invoked(&sim).await;
    let body = json!({ "type": 4, "data": { "content": "me first" } });
    let answers =
        futures_util::future::join_all((0..16).map(|_| respond(&sim, &interaction, body.clone()))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|(status, _)| *status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses[..2], [204, 400]);
    assert!(answers.iter().filter(|(status, _)| *status == 400).all(|(_, error)| error["code"] == 40060));
    assert_eq!(handle.messages().len(), 1);
}
