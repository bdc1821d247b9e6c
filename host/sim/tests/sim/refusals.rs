//! What is refused in a query and in the body of a message, at which place and with which code.

use gearshift_sim::{Sim, SimOptions};
use reqwest::{Method, multipart};
use serde_json::{Value, json};

use crate::api::{api, code, harbour, id};
use crate::interactions::{invoked, respond};
use crate::raw::{channel_id, options, sim};

/// The code at a place of an error's tree, for example `/embeds/0/title`.
fn mistake(answer: &(u16, Value), place: &str) -> String {
    assert_eq!(code(answer), (400, 50035), "{}", answer.1);
    let found = answer.1["errors"].pointer(place).map(|at| &at["_errors"][0]["code"]);
    found.and_then(Value::as_str).unwrap_or_else(|| panic!("nothing at {place}: {}", answer.1)).to_owned()
}

#[tokio::test]
async fn a_malformed_value_of_a_query_is_refused_like_a_field_of_a_body() {
    let sim = sim().await;
    let (bot, alice) = (api(&sim, "bot"), api(&sim, "alice"));
    let channel = format!("/channels/{}", channel_id(&sim, "general"));
    let said = bot.made(Method::POST, &format!("{channel}/messages"), json!({ "content": "x" })).await;
    let reactions = format!("{channel}/messages/{}/reactions/%F0%9F%91%8D", id(&said));
    let guild = format!("/guilds/{}", harbour(&sim));
    for (path, place, code) in [
        (format!("{channel}/messages?limit=0"), "/limit", "NUMBER_TYPE_MIN"),
        (format!("{channel}/messages?limit=101"), "/limit", "NUMBER_TYPE_MAX"),
        (format!("{channel}/messages?limit=many"), "/limit", "NUMBER_TYPE_COERCE"),
        (format!("{channel}/messages?before=x"), "/before", "NUMBER_TYPE_COERCE"),
        (format!("{channel}/messages?around="), "/around", "NUMBER_TYPE_COERCE"),
        (format!("{channel}/messages/pins?before=5"), "/before", "DATE_TIME_TYPE_PARSE"),
        (format!("{channel}/threads/archived/public?before=x"), "/before", "DATE_TIME_TYPE_PARSE"),
        (format!("{reactions}?limit=101"), "/limit", "NUMBER_TYPE_MAX"),
        (format!("{reactions}?after=x"), "/after", "NUMBER_TYPE_COERCE"),
        (format!("{guild}/audit-logs?user_id=x"), "/user_id", "NUMBER_TYPE_COERCE"),
        (format!("{guild}/audit-logs?action_type=x"), "/action_type", "NUMBER_TYPE_COERCE"),
        (format!("{guild}/members?after=x"), "/after", "NUMBER_TYPE_COERCE"),
    ] {
        assert_eq!(mistake(&alice.get(&path).await, place), code, "{path}");
    }
    for zone in ["Z", "+00:00", "%2B00:00"] {
        let path = format!("{channel}/messages/pins?before=2026-11-22T16:24:06{zone}");
        assert_eq!(bot.get(&path).await.0, 200, "{path}");
    }
}

#[tokio::test]
async fn a_webhook_needs_a_readable_thread_and_an_allowed_name() {
    let sim = sim().await;
    let (alice, channel) = (api(&sim, "alice"), format!("/channels/{}", channel_id(&sim, "general")));
    let hook = alice.made(Method::POST, &format!("{channel}/webhooks"), json!({ "name": "Weather" })).await;
    let key = format!("/webhooks/{}/{}", id(&hook), hook["token"].as_str().unwrap());
    let in_thread = alice.post(&format!("{key}?thread_id=x"), json!({ "content": "x" })).await;
    assert_eq!(mistake(&in_thread, "/thread_id"), "NUMBER_TYPE_COERCE");
    let named = alice.post(&key, json!({ "content": "x", "username": "Discord team" })).await;
    assert_eq!(mistake(&named, "/username"), "USERNAME_INVALID_CONTAINS");
    assert_eq!(alice.get(&format!("{channel}/messages")).await.1, json!([]));
}

#[tokio::test]
async fn translations_are_sent_however_true_is_written_in_the_query() {
    let sim = sim().await;
    let bot = api(&sim, "bot");
    let commands = format!("/applications/{}/commands", id(&bot.get("/users/@me").await.1));
    let body = json!({ "name": "ping", "description": "x", "name_localizations": { "de": "klopf" } });
    let made = bot.made(Method::POST, &commands, body).await;
    // discord.py sends 1.
    for yes in ["1", "true"] {
        let listed = bot.get(&format!("{commands}?with_localizations={yes}")).await.1;
        assert_eq!(listed, json!([made]), "{yes}");
    }
}

#[tokio::test]
async fn each_mistake_of_a_new_message_has_its_place_and_code() {
    let sim = sim().await;
    let (bot, path) = (api(&sim, "bot"), format!("/channels/{}/messages", channel_id(&sim, "general")));
    let file = |more: Value| json!({ "content": "x", "attachments": [more] });
    for (body, place, code) in [
        (json!({ "content": "x", "nonce": "x".repeat(26) }), "/nonce", "BASE_TYPE_MAX_LENGTH"),
        (json!({ "content": "x", "nonce": {} }), "/nonce", "STRING_TYPE_CONVERT"),
        (json!({ "embeds": [{}] }), "/embeds/0/description", "BASE_TYPE_REQUIRED"),
        (json!({ "content": "x", "flags": "many" }), "/flags", "NUMBER_TYPE_COERCE"),
        (file(json!("a.png")), "/attachments/0", "DICT_TYPE_CONVERT"),
        (file(json!({ "filename": "a.png" })), "/attachments/0/id", "BASE_TYPE_REQUIRED"),
        (file(json!({ "id": "a" })), "/attachments/0/id", "NUMBER_TYPE_COERCE"),
        (
            file(json!({ "id": 0, "description": "x".repeat(1025) })),
            "/attachments/0/description",
            "BASE_TYPE_MAX_LENGTH",
        ),
    ] {
        assert_eq!(mistake(&bot.post(&path, body.clone()).await, place), code, "{body}");
    }
    let deleted = bot.post(&format!("{path}/bulk-delete"), json!({ "messages": ["1", "x"] })).await;
    assert_eq!(mistake(&deleted, "/messages/1"), "NUMBER_TYPE_COERCE");
    for nonce in [json!("x".repeat(25)), json!(5)] {
        assert_eq!(bot.post(&path, json!({ "content": "x", "nonce": nonce })).await.1["nonce"], nonce);
    }
}

#[tokio::test]
async fn a_message_becomes_a_layout_only_without_other_content() {
    let sim = sim().await;
    let (bot, path) = (api(&sim, "bot"), format!("/channels/{}/messages", channel_id(&sim, "general")));
    let code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2";
    let body = json!({ "content": "plain", "embeds": [{ "title": "x" }] });
    let said = bot.made(Method::POST, &path, body).await;
    let one = format!("{path}/{}", id(&said));
    let layout = |more: Value| {
        let mut body = json!({ "flags": 1 << 15, "components": [{ "type": 10, "content": "laid out" }] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    assert_eq!(mistake(&bot.post(&path, layout(json!({ "content": "x" }))).await, "/content"), code);
    assert_eq!(mistake(&bot.patch(&one, layout(json!({}))).await, "/content"), code);
    assert_eq!(mistake(&bot.patch(&one, layout(json!({ "content": null }))).await, "/embeds"), code);
    assert_eq!(bot.get(&one).await.1["flags"], 0, "a refused edit changes nothing");
    let (status, edited) = bot.patch(&one, layout(json!({ "content": null, "embeds": [] }))).await;
    assert_eq!((status, &edited["content"], &edited["embeds"]), (200, &json!(""), &json!([])));
    assert_eq!(
        (&edited["flags"], &edited["components"][0]["content"]),
        (&json!(1 << 15), &json!("laid out"))
    );
    assert_eq!(mistake(&bot.patch(&one, json!({ "content": "x" })).await, "/content"), code);
}

#[tokio::test]
async fn a_component_cannot_have_a_custom_emoji_that_its_author_cannot_use() {
    let sim = sim().await;
    let (alice, bot) = (api(&sim, "alice"), api(&sim, "bot"));
    let path = format!("/channels/{}/messages", channel_id(&sim, "general"));
    let emojis = format!("/guilds/{}/emojis", harbour(&sim));
    let new = json!({ "name": "anchor", "image": "data:image/png;base64,iVBORw0KGgo=" });
    let known = alice.made(Method::POST, &emojis, new).await;
    let row = |emoji: &Value| {
        let emoji = json!({ "id": emoji, "name": "anchor" });
        let button = json!({ "type": 2, "style": 1, "custom_id": "a", "emoji": emoji });
        let options = json!([{ "label": "x", "value": "x", "emoji": emoji }]);
        let menu = json!({ "type": 3, "custom_id": "b", "options": options });
        let rows = [button, menu].map(|one| json!({ "type": 1, "components": [one] }));
        json!({ "content": "x", "components": rows })
    };
    let refused = bot.post(&path, row(&json!("12345"))).await;
    let invalid = "COMPONENT_INVALID_EMOJI";
    assert_eq!(mistake(&refused, "/components/0/components/0/emoji/id"), invalid);
    assert_eq!(mistake(&refused, "/components/1/components/0/options/0/emoji/id"), invalid);
    let posted = bot.made(Method::POST, &path, row(&known["id"])).await;
    assert_eq!(posted["components"][0]["components"][0]["emoji"]["id"], known["id"]);
    let edited = bot.patch(&format!("{path}/{}", id(&posted)), row(&json!("12345"))).await;
    assert_eq!(mistake(&edited, "/components/0/components/0/emoji/id"), invalid);
    let (_socket, _handle, interaction) = invoked(&sim).await;
    let answer = json!({ "type": 4, "data": row(&json!("12345")) });
    let refused = respond(&sim, &interaction, answer).await;
    assert_eq!(mistake(&refused, "/data/components/0/components/0/emoji/id"), invalid);
    let form = json!({ "type": 4, "data": row(&known["id"]) });
    assert_eq!(respond(&sim, &interaction, form).await.0, 204);
}

#[tokio::test]
async fn a_component_does_not_empty_its_message() {
    let sim = sim().await;
    let (mut socket, _, command) = invoked(&sim).await;
    let row =
        json!([{ "type": 1, "components": [{ "type": 2, "style": 1, "label": "Go", "custom_id": "go" }] }]);
    respond(&sim, &command, json!({ "type": 4, "data": { "content": "x", "components": row } })).await;
    let said = socket.event("MESSAGE_CREATE").await;
    sim.member("alice").unwrap().press(id(&said).parse().unwrap(), "go").await.unwrap();
    let click = socket.event("INTERACTION_CREATE").await;
    let nothing = json!({ "type": 7, "data": { "content": "", "components": [] } });
    let (status, error) = respond(&sim, &click, nothing).await;
    assert_eq!((status, &error["code"]), (400, &json!(50006)));
    let (status, _) = respond(&sim, &click, json!({ "type": 7, "data": { "components": [] } })).await;
    assert_eq!(status, 204);
}

#[tokio::test]
async fn a_form_that_a_command_opened_can_be_acknowledged_without_a_message() {
    let sim = sim().await;
    let (mut socket, form_of, command) = invoked(&sim).await;
    let field =
        json!({ "type": 18, "label": "Why", "component": { "type": 4, "custom_id": "why", "style": 1 } });
    let form = json!({ "title": "T", "custom_id": "f", "components": [field] });
    respond(&sim, &command, json!({ "type": 9, "data": form })).await;
    sim.member("alice").unwrap().submit(&form_of, [("why", "so")]).await.unwrap();
    let submitted = socket.event("INTERACTION_CREATE").await;
    assert_eq!(respond(&sim, &submitted, json!({ "type": 7, "data": { "content": "x" } })).await.0, 400);
    assert_eq!(respond(&sim, &submitted, json!({ "type": 6 })).await.0, 204);
    let token = submitted["token"].as_str().unwrap();
    let webhook = format!("/webhooks/{}/{token}", submitted["application_id"].as_str().unwrap());
    let bot = api(&sim, "bot");
    assert_eq!(code(&bot.get(&format!("{webhook}/messages/@original")).await), (404, 10008));
    assert_eq!(bot.post(&webhook, json!({ "content": "Noted." })).await.0, 200);
}

#[tokio::test]
async fn a_poll_is_part_of_a_new_message_or_deferred_answer_and_cannot_be_edited() {
    let sim = sim().await;
    let (bot, channel) = (api(&sim, "bot"), format!("/channels/{}", channel_id(&sim, "general")));
    let (mut socket, _, command) = invoked(&sim).await;
    let answers = json!([{ "poll_media": { "text": "Aye" } }]);
    // discord.py sends hours as a float.
    let poll = json!({ "poll": { "question": { "text": "Sail?" }, "answers": answers, "duration": 1.0 } });
    respond(&sim, &command, json!({ "type": 5 })).await;
    assert_eq!(socket.event("MESSAGE_CREATE").await["flags"], 1 << 7);
    let token = command["token"].as_str().unwrap();
    let original =
        format!("/webhooks/{}/{token}/messages/@original", command["application_id"].as_str().unwrap());
    let asked = bot.made(Method::PATCH, &original, poll.clone()).await;
    assert_eq!(asked["poll"]["answers"][0]["poll_media"]["text"], "Aye");
    let one = format!("{channel}/messages/{}", id(&asked));
    assert_eq!(code(&bot.patch(&one, json!({ "content": "x" })).await), (400, 520_003));
    assert_eq!(bot.patch(&one, json!({ "flags": 4 })).await.0, 200);
    let plain = bot.made(Method::POST, &format!("{channel}/messages"), json!({ "content": "x" })).await;
    let expire = format!("{channel}/polls/{}/expire", id(&plain));
    assert_eq!(code(&bot.post(&expire, Value::Null).await), (400, 520_006));
}

#[tokio::test]
async fn a_file_has_the_type_of_its_name_and_an_image_its_size() {
    let sim = sim().await;
    let url = format!("{}/channels/{}/messages", sim.api_url(), channel_id(&sim, "general"));
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0".to_vec();
    // The content type that discord.py gives every file.
    let part = |bytes: Vec<u8>, name: &'static str| {
        multipart::Part::bytes(bytes).file_name(name).mime_str("application/octet-stream").unwrap()
    };
    let form = multipart::Form::new()
        .text("content", "Without `payload_json`")
        .part("files[0]", part(png, "map.png"))
        .part("files[1]", part(b"x".to_vec(), "notes.unknown"));
    let request = reqwest::Client::new().post(url).header("Authorization", format!("Bot {}", sim.token()));
    let said: Value = request.multipart(form).send().await.unwrap().json().await.unwrap();
    assert_eq!(said["content"], "Without `payload_json`");
    let [map, notes] = &said["attachments"].as_array().unwrap()[..] else { panic!("{said}") };
    let described = |file: &Value| ["content_type", "width", "height"].map(|key| file[key].clone());
    assert_eq!(described(map), [json!("image/png"), json!(640), json!(480)]);
    assert_eq!(described(notes), [json!("application/octet-stream"), Value::Null, Value::Null]);
    let served = reqwest::get(map["url"].as_str().unwrap()).await.unwrap();
    assert_eq!(served.headers()["content-type"], "image/png");
}

#[tokio::test]
async fn a_command_without_options_has_no_list_of_them() {
    let sim = sim().await;
    crate::raw::register(&sim, json!([{ "name": "bare", "description": "x" }])).await;
    let (mut socket, _) = crate::raw::Socket::identified(&sim, 0).await;
    sim.member("alice").unwrap().slash("bare", gearshift_sim::NO_OPTIONS).await.unwrap();
    let data = &socket.event("INTERACTION_CREATE").await["data"];
    assert_eq!((&data["name"], data.get("options")), (&json!("bare"), None));
}

#[tokio::test]
async fn bodies_are_parsed_and_not_stored_as_they_are() {
    let sim = sim().await;
    let (bot, alice) = (api(&sim, "bot"), api(&sim, "alice"));
    let metadata = format!("/applications/{}/role-connections/metadata", id(&bot.get("/users/@me").await.1));
    let link =
        json!({ "type": 1, "key": "a", "name": "b", "description": "c", "name_localizations": { "de": [] } });
    assert_eq!(
        mistake(&bot.put(&metadata, json!([link])).await, "/0/name_localizations/de"),
        "STRING_TYPE_CONVERT"
    );
    let params = |scope: &str| json!({ "scopes": [scope], "permissions": 8 });
    let config = |scope: &str| json!({ "1": { "oauth2_install_params": params(scope) } });
    for (body, place, code) in [
        (json!({ "install_params": "bot" }), "/install_params", "DICT_TYPE_CONVERT"),
        (json!({ "install_params": params("x") }), "/install_params/scopes/0", "BASE_TYPE_CHOICES"),
        (
            json!({ "integration_types_config": config("x") }),
            "/integration_types_config/1/oauth2_install_params/scopes/0",
            "BASE_TYPE_CHOICES",
        ),
        (json!({ "custom_install_url": "here" }), "/custom_install_url", "URL_TYPE_INVALID_URL"),
    ] {
        assert_eq!(mistake(&bot.patch("/applications/@me", body.clone()).await, place), code, "{body}");
    }
    let both = json!({ "install_params": params("bot"), "integration_types_config": config("bot") });
    bot.made(Method::PATCH, "/applications/@me", both).await;
    let shown = bot.made(Method::PATCH, "/applications/@me", json!({ "description": "x" })).await;
    let written = json!({ "scopes": ["bot"], "permissions": "8" });
    assert_eq!(shown["install_params"], written);
    assert_eq!(shown["integration_types_config"], json!({ "1": { "oauth2_install_params": written } }));

    let guild = format!("/guilds/{}", harbour(&sim));
    let locale = alice.patch(&guild, json!({ "preferred_locale": "xx" })).await;
    assert_eq!(mistake(&locale, "/preferred_locale"), "BASE_TYPE_CHOICES");
    let forum = |emoji: Value| json!({ "name": "f", "type": 15, "default_reaction_emoji": emoji });
    let refused = alice.post(&format!("{guild}/channels"), forum(json!("👍"))).await;
    assert_eq!(mistake(&refused, "/default_reaction_emoji"), "DICT_TYPE_CONVERT");
    let forum = forum(json!({ "emoji_name": "👍" }));
    let made = alice.made(Method::POST, &format!("{guild}/channels"), forum).await;
    assert_eq!(made["default_reaction_emoji"], json!({ "emoji_id": null, "emoji_name": "👍" }));
    let invites = format!("/channels/{}/invites", channel_id(&sim, "general"));
    let refused = alice.post(&invites, json!({ "target_type": 9 })).await;
    assert_eq!(mistake(&refused, "/target_type"), "BASE_TYPE_CHOICES");
}

#[tokio::test]
async fn undocumented_fields_of_discord_js_are_accepted() {
    let sim = Sim::start(SimOptions { strict: true, ..options() }).await.unwrap();
    let (bot, alice) = (api(&sim, "bot"), api(&sim, "alice"));
    let path = format!("/channels/{}/messages", channel_id(&sim, "general"));
    let said = bot.made(Method::POST, &path, json!({ "content": "x" })).await;
    // A file that is kept, as discord.js serializes its class.
    let kept = json!({ "attachments": [{ "id": "5", "contentType": "text/plain", "proxyURL": "", "attachment": "" }] });
    assert_eq!(bot.patch(&format!("{path}/{}", id(&said)), kept).await.0, 200);
    // Each image claims to be a JPEG, with a type that does not exist.
    let me = json!({ "username": "bot2", "avatar": "data:image/jpg;base64,iVBORw0KGgo=" });
    assert_eq!(bot.patch("/users/@me", me).await.0, 200);
    let guild = format!("/guilds/{}", harbour(&sim));
    let emoji = json!({ "name": "wave", "image": "data:image/jpg;base64,R0lGODlhAQABAAAAACw=" });
    assert_eq!(alice.made(Method::POST, &format!("{guild}/emojis"), emoji).await["animated"], true);
    // One role is moved, and the positions of all are sent, including those above the bot's and `@everyone`.
    let new = json!({ "name": "great", "permissions": (1_u64 << 28).to_string() });
    let great = alice.made(Method::POST, &format!("{guild}/roles"), new).await;
    let chief = alice.made(Method::POST, &format!("{guild}/roles"), json!({ "name": "chief" })).await;
    let top = json!([{ "id": chief["id"], "position": 9 }]);
    alice.made(Method::PATCH, &format!("{guild}/roles"), top).await;
    let me = id(&bot.get("/users/@me").await.1).to_owned();
    alice.made(Method::PUT, &format!("{guild}/members/{me}/roles/{}", id(&great)), Value::Null).await;
    let roles = bot.get(&format!("{guild}/roles")).await.1;
    let mut order: Vec<&Value> = roles.as_array().unwrap().iter().collect();
    order.sort_by_key(|role| role["position"].as_u64());
    let by_name = |name: &str| order.iter().position(|role| role["name"] == name).unwrap();
    let (low, high) = (by_name("great"), by_name("newcomer"));
    order.swap(low, high);
    let places = |order: &[&Value]| {
        let place = |(at, role): (usize, &&Value)| json!({ "id": role["id"], "position": at });
        Value::Array(order.iter().enumerate().map(place).collect())
    };
    assert_eq!(bot.patch(&format!("{guild}/roles"), places(&order)).await.0, 200);
    let last = order.len() - 1;
    order.swap(low, last);
    assert_eq!(code(&bot.patch(&format!("{guild}/roles"), places(&order)).await), (403, 50013));
}
