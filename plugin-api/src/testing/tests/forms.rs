//! Forms and selects send what Discord sends, including files and the objects for the ids.

use serde_json::{Value, json};

use super::panics;
use crate::{
    Choice, Context, Modal, NewMessage, Result, abi, cog, ids,
    testing::{Bot, Message},
};

#[derive(Modal)]
struct Report {
    /// Whom
    #[field(at_most = 2)]
    whom: Vec<abi::User>,
    /// Proof
    #[field(at_least = 1, at_most = 2)]
    proof: Vec<abi::Attachment>,
    /// Where
    place: Option<ids::Channel>,
}

#[derive(Choice, Debug)]
enum Size {
    Small,
    Large,
}

#[derive(Default)]
struct Office;

#[cog(export = false)]
impl Office {
    /// Opens a form
    #[command(slash_only)]
    async fn report(&self, ctx: &Context) -> Result {
        ctx.open::<Report>("report", &[]).await
    }

    #[modal("report")]
    async fn reported(&self, ctx: &Context, form: Report) -> Result {
        let whom: Vec<&str> = form.whom.iter().map(|user| user.display_name.as_str()).collect();
        let proof: Vec<&str> = form.proof.iter().map(|file| file.name.as_str()).collect();
        ctx.reply(format!("{whom:?} {proof:?} {}", form.place.map_or(0, u64::from))).await
    }

    /// Shows selects
    #[command]
    async fn pick(&self, ctx: &Context) -> Result {
        let sizes = json!([{ "label": "S", "value": "Small" }, { "label": "?", "value": "Huge" }]);
        let rows: Vec<Value> = [(5, "user"), (3, "size"), (6, "role")]
            .map(|(kind, id)| {
                let options = if kind == 3 { sizes.clone() } else { Value::Null };
                json!({ "type": 1, "components": [{ "type": kind, "custom_id": id, "options": options }] })
            })
            .into();
        ctx.reply(NewMessage::new("Which?").components(json!(rows))).await
    }

    #[select("user")]
    async fn user(&self, ctx: &Context, values: Vec<abi::User>) -> Result {
        let names: Vec<&str> = values.iter().map(|user| user.display_name.as_str()).collect();
        ctx.reply(format!("{names:?}")).await
    }

    #[select("size")]
    async fn size(&self, ctx: &Context, values: Vec<Size>) -> Result {
        ctx.reply(format!("{values:?}")).await
    }

    #[select("role")]
    async fn role(&self, ctx: &Context, values: Vec<u64>) -> Result {
        ctx.reply(format!("{values:?}")).await
    }
}

#[test]
fn the_objects_behind_a_forms_values_are_resolved() {
    let bot = Bot::new::<Office>();
    let (alice, bob, plans) = (bot.user("alice"), bot.user("bob"), bot.channel("plans"));
    bob.set_nick("Captain");
    let form = || alice.slash("report", ()).form();
    let filled = json!({ "whom": [&bob, &alice], "proof": ["a.png", "b.png"], "place": plans });
    let expected = format!(r#"["Captain", "alice"] ["a.png", "b.png"] {plans}"#);
    alice.submit(&form(), filled).assert_content(&expected);
    alice.submit(&form(), json!({ "proof": "a.png" })).assert_content(r#"[] ["a.png"] 0"#);
    assert!(bot.discord_requests().iter().all(|request| request.method != "GET"));
    for (proof, expected) in [
        (json!([]), "the form's field `proof` must be filled in"),
        (json!(["a", "b", "c"]), "the form's field `proof` takes 1 to 2 files, not 3"),
        (json!([7]), "the form's field `proof` takes files by their names, not 7"),
    ] {
        let text = panics(|| drop(alice.submit(&form(), json!({ "proof": proof }))));
        assert!(text.starts_with(expected), "{text}");
    }
}

#[test]
fn selected_values_are_read_like_arguments() {
    let bot = Bot::new::<Office>();
    let (alice, bob, role) = (bot.user("alice"), bot.user("bob"), bot.role("crew"));
    bob.set_nick("Captain");
    let message: Message = alice.slash("pick", ()).message();
    alice.select(&message, "user", &[&bob]).assert_content(r#"["Captain"]"#);
    alice.select(&message, "role", &[role]).assert_content(&format!("[{role}]"));
    alice.select(&message, "size", &["S"]).assert_content("[Small]");
    let refused = alice.select(&message, "size", &["Huge"]);
    refused.assert_content("The selected value must be one of Small, Large.");
    assert!(bot.faults().is_empty() && bot.discord_requests().iter().all(|request| request.method != "GET"));
}
