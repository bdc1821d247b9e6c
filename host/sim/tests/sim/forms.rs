//! Forms and menus: every kind of field, as people fill it in at the prompt, and the values that a menu accepts.

use gearshift_sim::{Outcome, Prompt};
use serde_json::{Value, json};

use crate::interactions::{invoked, respond};
use crate::raw::{PATIENCE, sim};

fn label(inner: Value) -> Value {
    json!({ "type": 18, "label": "x", "component": inner })
}

/// A filled-in form with one field of each kind that offers choices.
async fn filled_in(line: &str) -> Result<Value, String> {
    let option = |value: &str| json!({ "label": value.to_uppercase(), "value": value });
    let options = json!([option("apple"), option("pear"), option("fig, dried")]);
    let fields = json!([
        label(json!({ "type": 3, "custom_id": "fruit", "max_values": 2, "options": options })),
        label(json!({ "type": 5, "custom_id": "who", "required": false, "max_values": 3 })),
        label(json!({ "type": 21, "custom_id": "one", "required": false, "options": options })),
        label(json!({ "type": 22, "custom_id": "some", "required": false, "options": options })),
        label(json!({ "type": 23, "custom_id": "sure" })),
    ]);
    let data = submitted(fields, line).await?;
    let fields = data["components"].as_array().unwrap().iter().map(|label| {
        let field = &label["component"];
        let value = field.get("value").or(field.get("values")).cloned().unwrap();
        (field["custom_id"].as_str().unwrap().to_owned(), value)
    });
    Ok(Value::Object(fields.collect()))
}

/// The data of a form with these fields, which is opened for alice, who submits it at the prompt.
async fn submitted(fields: Value, line: &str) -> Result<Value, String> {
    let sim = sim().await;
    let (mut socket, handle, interaction) = invoked(&sim).await;
    let form = json!({ "title": "Who", "custom_id": "form", "components": fields });
    assert_eq!(respond(&sim, &interaction, json!({ "type": 9, "data": form })).await.0, 204);
    handle.acknowledged(PATIENCE).await.unwrap();
    match Prompt::new(&sim, "alice").unwrap().line(line).await {
        Outcome::Refused(why) => return Err(why),
        outcome => assert_eq!(outcome, Outcome::Done),
    }
    Ok(socket.event("INTERACTION_CREATE").await["data"].clone())
}

#[tokio::test]
async fn every_kind_of_field_of_a_form_is_filled_in_at_the_prompt() {
    let filled =
        filled_in(":submit fruit:apple,pear who:\"bob, carol\" one:PEAR some:\"pear, apple\" sure:true")
            .await
            .unwrap();
    assert_eq!((&filled["fruit"], &filled["one"]), (&json!(["apple", "pear"]), &json!("pear")));
    assert_eq!((&filled["some"], &filled["sure"]), (&json!(["pear", "apple"]), &json!(true)));
    assert_eq!(filled["who"].as_array().unwrap().len(), 2);

    let filled = filled_in(":submit fruit:\"fig, dried\"").await.unwrap();
    let wanted = json!({ "fruit": ["fig, dried"], "who": [], "one": null, "some": [], "sure": false });
    assert_eq!(filled, wanted);
}

#[tokio::test]
async fn a_menu_in_a_form_checks_the_number_of_choices_and_the_choices() {
    let refused = filled_in(":submit fruit:apple,pear,\"fig, dried\"").await.unwrap_err();
    assert!(refused.contains("1 to 2 values"), "{refused}");
    let refused = filled_in(":submit fruit:apple,plum").await.unwrap_err();
    assert!(refused.contains("it has no option `plum`"), "{refused}");
    let refused = filled_in(":submit sure:true").await.unwrap_err();
    assert!(refused.contains("fruit"), "{refused}");
}

#[tokio::test]
async fn files_of_a_form_are_typed_by_their_names_and_what_is_in_them() {
    let upload = || json!([label(json!({ "type": 19, "custom_id": "proof", "max_values": 2 }))]);
    let data = submitted(upload(), ":submit proof:a.txt said, b.png").await.unwrap();
    let ids = data["components"][0]["component"]["values"].as_array().unwrap();
    let file = |id: &Value| &data["resolved"]["attachments"][id.as_str().unwrap()];
    let files: Vec<_> = ids.iter().map(|id| (&file(id)["filename"], &file(id)["size"])).collect();
    assert_eq!(files, [(&json!("a.txt"), &json!(4)), (&json!("b.png"), &json!(0))]);
    let refused = submitted(upload(), ":submit proof:a, b, c").await.unwrap_err();
    assert!(refused.contains("1 to 2 values"), "{refused}");
}

#[tokio::test]
async fn a_channel_menu_only_accepts_channels_of_its_types() {
    let sim = sim().await;
    let (mut socket, handle, interaction) = invoked(&sim).await;
    let menu = json!({ "type": 8, "custom_id": "where", "channel_types": [2] });
    let menu = json!({ "type": 1, "components": [menu] });
    respond(&sim, &interaction, json!({ "type": 4, "data": { "components": [menu] } })).await;
    let message = handle.answered(PATIENCE).await.unwrap().id;
    let alice = sim.member("alice").unwrap();
    let refused = alice.select(message, "where", &["general"]).await.map(|_| ()).unwrap_err().to_string();
    assert_eq!(refused, "`where` cannot be used: `general` is a channel of another type");
    let voice = sim.world(|world| world.channel_named("lounge", None).map(|channel| channel.id)).unwrap();
    alice.select(message, "where", &["lounge"]).await.unwrap();
    let chosen = socket.event("INTERACTION_CREATE").await;
    assert_eq!(chosen["data"]["values"], json!([voice]));
}
