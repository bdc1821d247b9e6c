//! Interactions as a user's own client sends them: `POST /interactions`, and what its gateway sends back.

use std::time::Duration;

use gearshift_sim::{Sim, SimOptions};
use reqwest::Method;
use serde_json::{Value, json};

use crate::raw::{INTENTS, Socket, call_as, channel_id, client, options, post, register, sim};

/// Alice's client, a bot's socket, and the common fields of all of alice's interactions in #general.
struct Stage {
    sim: Sim,
    bot: Socket,
    alice: Socket,
    form: Value,
    commands: Value,
}

async fn stage(sim: Sim, commands: Value) -> Stage {
    let commands = register(&sim, commands).await;
    let (bot, _) = Socket::identified(&sim, INTENTS).await;
    let (alice, ready) = client(&sim, "alice").await;
    let form = json!({
        "application_id": commands[0]["application_id"], "guild_id": guild_id(&sim), "channel_id": channel_id(&sim, "general"),
        "session_id": ready["session_id"], "nonce": "n1",
    });
    Stage { sim, bot, alice, form, commands }
}

impl Stage {
    /// Sends an interaction of alice; `more` overrides fields.
    async fn invoke(&self, kind: u8, data: Value, more: Value) -> (u16, Value) {
        let mut form = self.form.clone();
        form["type"] = json!(kind);
        form["data"] = data;
        more.as_object().into_iter().flatten().for_each(|(key, value)| form[key] = value.clone());
        person(&self.sim, "alice", Method::POST, "/interactions", Some(form)).await
    }

    /// The interaction that the bot receives; it answers with `answer`.
    async fn answered(&mut self, answer: Value) -> Value {
        let heard = self.bot.event("INTERACTION_CREATE").await;
        let (id, token) = (heard["id"].as_str().unwrap(), heard["token"].as_str().unwrap());
        let (status, error) = post(&self.sim, &format!("/interactions/{id}/{token}/callback"), answer).await;
        assert_eq!(status, 204, "{error}");
        heard
    }
}

async fn person(sim: &Sim, name: &str, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let (status, body) = call_as(sim, &sim.member(name).unwrap().token(), method, path, body).await;
    (status.as_u16(), body)
}

fn guild_id(sim: &Sim) -> String {
    sim.world(|world| world.guilds().next().unwrap().id.to_string())
}

fn ping() -> Value {
    json!([{ "name": "ping", "description": "x", "options": [
        { "type": 3, "name": "text", "description": "x", "required": true, "autocomplete": true },
        { "type": 6, "name": "whom", "description": "x" },
        { "type": 11, "name": "file", "description": "x" },
    ]}])
}

#[tokio::test]
async fn a_command_reaches_client_and_bot_and_its_answer_arrives() {
    let mut stage = stage(sim().await, ping()).await;
    let bob = stage.sim.member("bob").unwrap().id().to_string();
    let options =
        json!([{ "type": 3, "name": "text", "value": "hi" }, { "type": 6, "name": "whom", "value": bob }]);
    let data = json!({ "id": stage.commands[0]["id"], "name": "ping", "type": 1, "version": stage.commands[0]["version"], "options": options });
    assert_eq!(stage.invoke(2, data, Value::Null).await.0, 204);
    let created = stage.alice.event("INTERACTION_CREATE").await;
    assert_eq!(created["nonce"], "n1");
    let heard = stage.answered(json!({ "type": 4, "data": { "content": "pong" } })).await;
    assert_eq!(heard["id"], created["id"]);
    assert_eq!(heard["member"]["user"]["username"], "alice");
    assert_eq!(heard["data"]["options"], options);
    assert_eq!(heard["data"]["resolved"]["users"][&bob]["username"], "bob");
    assert_eq!(stage.sim.unknown_fields(), [], "everything that was sent is known");
    assert_eq!(stage.alice.event("MESSAGE_CREATE").await["content"], "pong");
    let done = stage.alice.event("INTERACTION_SUCCESS").await;
    assert_eq!((&done["id"], &done["nonce"]), (&created["id"], &json!("n1")));
}

#[tokio::test]
async fn a_command_that_nobody_answers_fails_after_the_window() {
    let options = SimOptions { interaction_window: Duration::from_millis(20), ..options() };
    let mut stage =
        stage(Sim::start(options).await.unwrap(), json!([{ "name": "slow", "description": "x" }])).await;
    let data = json!({ "id": stage.commands[0]["id"], "name": "slow", "type": 1 });
    assert_eq!(stage.invoke(2, data, Value::Null).await.0, 204);
    let failed = stage.alice.event("INTERACTION_FAILURE").await;
    assert_eq!((&failed["nonce"], &failed["reason_code"]), (&json!("n1"), &json!(2)));
}

#[tokio::test]
async fn choices_reach_only_the_client_that_types() {
    let mut stage = stage(sim().await, ping()).await;
    let (mut other, _) = client(&stage.sim, "alice").await;
    let typed = json!([{ "type": 3, "name": "text", "value": "a", "focused": true }]);
    let data = json!({ "id": stage.commands[0]["id"], "name": "ping", "type": 1, "options": typed });
    assert_eq!(stage.invoke(4, data, Value::Null).await.0, 204);
    let heard = stage
        .answered(json!({ "type": 8, "data": { "choices": [{ "name": "abc", "value": "abc" }] } }))
        .await;
    assert_eq!((&heard["type"], &heard["data"]["options"][0]["focused"]), (&json!(4), &json!(true)));
    let choices = stage.alice.event("APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE").await;
    assert_eq!((&choices["nonce"], &choices["choices"][0]["name"]), (&json!("n1"), &json!("abc")));
    let told = other.settled().await;
    assert!(told.iter().any(|one| one["t"] == "INTERACTION_CREATE"));
    assert!(!told.iter().any(|one| one["t"] == "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE"));
}

#[tokio::test]
async fn a_button_opens_a_form_and_the_form_is_submitted() {
    let mut stage = stage(sim().await, ping()).await;
    let row = |inner: Value| json!({ "type": 1, "components": [inner] });
    let button = row(json!({ "type": 2, "style": 1, "label": "Go", "custom_id": "go" }));
    let path = format!("/channels/{}/messages", channel_id(&stage.sim, "general"));
    let (_, message) = post(&stage.sim, &path, json!({ "content": "?", "components": [button] })).await;
    let press = json!({ "component_type": 2, "custom_id": "go" });
    let at = json!({ "message_id": message["id"], "message_flags": 0 });
    assert_eq!(stage.invoke(3, press, at.clone()).await.0, 204);
    let label = |inner: Value| json!({ "type": 18, "label": "x", "component": inner });
    let fields = json!([
        label(json!({ "type": 4, "custom_id": "name", "style": 1, "max_length": 5 })),
        label(
            json!({ "type": 3, "custom_id": "pick", "required": false, "options": [{ "label": "One", "value": "1" }] })
        ),
    ]);
    let form = json!({ "type": 9, "data": { "title": "Who", "custom_id": "form", "components": fields } });
    let heard = stage.answered(form).await;
    assert_eq!(heard["message"]["id"], message["id"]);
    let opened = stage.alice.event("INTERACTION_MODAL_CREATE").await;
    assert_eq!(
        (&opened["title"], &opened["custom_id"], &opened["nonce"]),
        (&json!("Who"), &json!("form"), &json!("n1"))
    );
    assert_eq!(opened["application"]["name"], "bot");

    let filled = |name: &str| {
        json!({ "id": opened["id"], "custom_id": "form", "components": [
            label(json!({ "type": 4, "custom_id": "name", "value": name })),
            label(json!({ "type": 3, "custom_id": "pick", "values": ["1"] })),
        ]})
    };
    let (status, error) = stage.invoke(5, filled("too long"), Value::Null).await;
    assert_eq!((status, &error["code"]), (400, &json!(50035)));
    assert!(error["errors"]["data"]["options"]["name"].is_object(), "{error}");
    assert_eq!(stage.invoke(5, filled("Al"), Value::Null).await.0, 204);
    let heard = stage.answered(json!({ "type": 6 })).await;
    let got = &heard["data"]["components"];
    assert_eq!(
        (&got[0]["component"]["value"], &got[1]["component"]["values"]),
        (&json!("Al"), &json!(["1"]))
    );
    assert_eq!(heard["message"]["id"], message["id"]);
    assert_eq!(stage.sim.unknown_fields(), [], "everything that was sent is known");
}

#[tokio::test]
async fn a_command_takes_a_file_along() {
    let mut stage = stage(sim().await, ping()).await;
    let options =
        json!([{ "type": 3, "name": "text", "value": "hi" }, { "type": 11, "name": "file", "value": 0 }]);
    let mut form = stage.form.clone();
    form["type"] = json!(2);
    form["data"] = json!({ "id": stage.commands[0]["id"], "name": "ping", "type": 1, "options": options,
        "attachments": [{ "id": "0", "filename": "a.txt" }] });
    let file =
        reqwest::multipart::Part::bytes(b"hello".to_vec()).file_name("a.txt").mime_str("text/plain").unwrap();
    let body = reqwest::multipart::Form::new().text("payload_json", form.to_string()).part("files[0]", file);
    let url = format!("{}/interactions", stage.sim.api_url());
    let token = stage.sim.member("alice").unwrap().token();
    let sent =
        reqwest::Client::new().post(url).header("Authorization", token).multipart(body).send().await.unwrap();
    assert_eq!(sent.status(), 204);
    let heard = stage.bot.event("INTERACTION_CREATE").await;
    let id = heard["data"]["options"][1]["value"].as_str().unwrap();
    let file = &heard["data"]["resolved"]["attachments"][id];
    assert_eq!((&file["filename"], &file["size"]), (&json!("a.txt"), &json!(5)));
    let back = reqwest::get(file["url"].as_str().unwrap()).await.unwrap().text().await.unwrap();
    assert_eq!(back, "hello");
}

#[tokio::test]
async fn a_file_option_is_typed_as_name_and_content() {
    let mut stage = stage(sim().await, ping()).await;
    let alice = stage.sim.member("alice").unwrap();
    alice.slash("ping", [("text", "hi"), ("file", "a.txt hello there")]).await.unwrap();
    let heard = stage.bot.event("INTERACTION_CREATE").await;
    let id = heard["data"]["options"][1]["value"].as_str().unwrap();
    let file = &heard["data"]["resolved"]["attachments"][id];
    assert_eq!(
        (&file["filename"], &file["content_type"]),
        (&json!("a.txt"), &json!("text/plain; charset=utf-8"))
    );
    let back = reqwest::get(file["url"].as_str().unwrap()).await.unwrap().text().await.unwrap();
    assert_eq!(back, "hello there");
}

#[tokio::test]
async fn context_menu_commands_contain_their_target() {
    let mut stage =
        stage(sim().await, json!([{ "name": "Who is", "type": 2 }, { "name": "Keep", "type": 3 }])).await;
    let alice = stage.sim.member("alice").unwrap();
    let said = alice.say("general", "remember").await.unwrap();
    alice.run_on_message("Keep", said).await.unwrap();
    let heard = stage.bot.event("INTERACTION_CREATE").await;
    assert_eq!(heard["data"]["resolved"]["messages"][said.to_string()]["content"], "remember");
    let bob = stage.sim.member("bob").unwrap().id().to_string();
    let data = json!({ "id": stage.commands[0]["id"], "name": "Who is", "type": 2, "target_id": bob });
    assert_eq!(stage.invoke(2, data, Value::Null).await.0, 204);
    let heard = stage.bot.event("INTERACTION_CREATE").await;
    assert_eq!((&heard["data"]["target_id"], &heard["data"]["type"]), (&json!(bob), &json!(2)));
    assert_eq!(heard["data"]["resolved"]["users"][&bob]["username"], "bob");
}

#[tokio::test]
async fn invalid_requests_are_refused_with_discords_messages() {
    let stage = stage(sim().await, ping()).await;
    let data = |options: Value| json!({ "id": stage.commands[0]["id"], "name": "ping", "type": 1, "options": options });
    let good = json!([{ "type": 3, "name": "text", "value": "hi" }]);
    let mut outdated = data(good.clone());
    outdated["version"] = json!("1");
    let unknown = json!({ "id": "5", "name": "pong", "type": 1 });
    for (data, more, status, code) in [
        (data(json!([])), Value::Null, 400, 50035),
        (outdated, Value::Null, 400, 50035),
        (unknown, Value::Null, 404, 10063),
        (data(good.clone()), json!({ "session_id": "made up" }), 400, 50035),
        (data(good.clone()), json!({ "application_id": "5" }), 404, 10002),
        (data(good.clone()), json!({ "channel_id": "5" }), 404, 10003),
        (data(good.clone()), json!({ "guild_id": null }), 400, 50035),
        (data(good.clone()), json!({ "type": 1 }), 400, 50035),
        (Value::Null, Value::Null, 400, 50035),
    ] {
        let (got, error) = stage.invoke(2, data, more.clone()).await;
        assert_eq!((got, &error["code"]), (status, &json!(code)), "{more} {error}");
    }
    let (status, error) = post(&stage.sim, "/interactions", json!({})).await;
    assert_eq!((status.as_u16(), &error["code"]), (403, &json!(20001)));
}

#[tokio::test]
async fn guild_managers_set_command_permissions() {
    let mut stage = stage(
        sim().await,
        json!([
            { "name": "open", "description": "x" },
            { "name": "mods", "description": "x", "default_member_permissions": "8192" },
        ]),
    )
    .await;
    let (app, guild) = (stage.form["application_id"].as_str().unwrap().to_owned(), guild_id(&stage.sim));
    let of = |command: &Value| {
        format!("/applications/{app}/guilds/{guild}/commands/{}/permissions", command.as_str().unwrap())
    };
    let (open, mods) = (of(&stage.commands[0]["id"]), of(&stage.commands[1]["id"]));
    let user = |name: &str| stage.sim.member(name).unwrap().id().to_string();
    let put = async |path: &str, name: &str, list: Value| {
        person(&stage.sim, name, Method::PUT, path, Some(json!({ "permissions": list }))).await
    };
    let everyone = json!([{ "id": guild, "type": 1, "permission": false }, { "id": user("carol"), "type": 2, "permission": true }]);
    assert_eq!(put(&open, "alice", everyone).await.0, 200);
    let heard = stage.bot.event("APPLICATION_COMMAND_PERMISSIONS_UPDATE").await;
    assert_eq!((&heard["id"], heard["permissions"].as_array().unwrap().len()), (&stage.commands[0]["id"], 2));
    assert_eq!(
        put(&mods, "alice", json!([{ "id": user("dave"), "type": 2, "permission": true }])).await.0,
        200
    );
    let path = format!("/guilds/{guild}/application-command-index");
    for (name, offered) in [("alice", 2), ("bob", 1), ("carol", 1), ("dave", 1), ("erin", 0)] {
        let (_, index) = person(&stage.sim, name, Method::GET, &path, None).await;
        assert_eq!(index["application_commands"].as_array().unwrap().len(), offered, "{name}");
    }
    let dev = json!([{ "id": channel_id(&stage.sim, "dev"), "type": 3, "permission": false }]);
    assert_eq!(put(&open, "alice", dev).await.0, 200);
    let erin = stage.sim.member("erin").unwrap();
    erin.slash("open", gearshift_sim::NO_OPTIONS).await.expect("the others are lifted");
    let refused = erin.at("dev").unwrap().slash("open", gearshift_sim::NO_OPTIONS).await.map(|_| ());
    assert_eq!(refused.unwrap_err().to_string(), "erin may not run open in #dev");
    let (status, read) = crate::raw::get(&stage.sim, &open).await;
    assert_eq!((status.as_u16(), &read["permissions"][0]["type"]), (200, &json!(3)));
    assert_eq!(put(&open, "alice", json!([])).await.0, 200);
    assert_eq!(crate::raw::get(&stage.sim, &open).await.1["code"], 10066);
    assert_eq!(put(&open, "carol", json!([])).await.1["code"], 50013);
    assert_eq!(
        put(&open, "alice", json!([{ "id": "1", "type": 9, "permission": true }])).await.1["code"],
        50035
    );
    let body = Some(json!({ "permissions": [] }));
    let by_bot = crate::raw::call(&stage.sim, Method::PUT, &open, body).await;
    assert_eq!((by_bot.0.as_u16(), &by_bot.1["code"]), (403, &json!(20001)));
}

#[tokio::test]
async fn only_what_a_person_may_run_is_offered_and_run() {
    let stage = stage(
        sim().await,
        json!([
            { "name": "open", "description": "x" },
            { "name": "mods", "description": "x", "default_member_permissions": "8192" },
            { "name": "admins", "description": "x", "default_member_permissions": "0" },
            { "name": "private", "description": "x", "contexts": [1] },
            { "name": "public", "description": "x", "contexts": [0] },
        ]),
    )
    .await;
    let path = format!("/guilds/{}/application-command-index", guild_id(&stage.sim));
    for (name, offered) in [
        ("alice", &["open", "mods", "admins", "public"][..]),
        ("bob", &["open", "mods", "public"]),
        ("carol", &["open", "public"]),
    ] {
        let (status, index) = person(&stage.sim, name, Method::GET, &path, None).await;
        let commands = index["application_commands"].as_array().unwrap().iter();
        let names: Vec<&str> = commands.map(|command| command["name"].as_str().unwrap()).collect();
        assert_eq!((status, &names[..]), (200, offered), "{name}");
        assert_eq!(index["applications"][0]["name"], "bot");
    }
    let (_, index) =
        person(&stage.sim, "carol", Method::GET, "/users/@me/application-command-index", None).await;
    assert_eq!(index["application_commands"].as_array().unwrap().len(), 4, "all but `public`");
    let carol = stage.sim.member("carol").unwrap();
    let refused = carol.slash("mods", gearshift_sim::NO_OPTIONS).await.map(|_| ()).unwrap_err().to_string();
    assert_eq!(refused, "carol may not run mods in #general");
    carol.at("@bot").unwrap().slash("private", gearshift_sim::NO_OPTIONS).await.unwrap();
    let unseen = format!(
        "/guilds/{}/application-command-index",
        stage.sim.world(|world| world.guilds().nth(1).unwrap().id)
    );
    assert_eq!(person(&stage.sim, "dave", Method::GET, &unseen, None).await.0, 403);
}
