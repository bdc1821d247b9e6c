//! Answers in every way and order that Discord has.

use std::{future::pending, time::Duration};

use gearshift_cog::{Host, abi, prelude::*};
use serde_json::json;

use crate::{Faulty, op::Step};

#[derive(Modal)]
#[title("Form")]
struct Asked {
    /// Text
    text: String,
}

/// Answers step by step.
pub(crate) async fn say(faulty: &Faulty, ctx: &Context, steps: &[Step]) -> Result<()> {
    for step in steps {
        match step {
            Step::Wait => {
                let is_go = |message: &abi::Message| message.content == "go";
                ctx.wait_for(is_go, Duration::from_secs(600)).await?;
            }
            Step::Defer => ctx.defer().await?,
            Step::DeferEphemeral => ctx.defer_ephemeral().await?,
            Step::Public => ctx.reply("public").await?,
            Step::Ephemeral => ctx.reply(NewMessage::new("secret").ephemeral()).await?,
            Step::Form => {
                let interaction = ctx.interaction().ok_or_else(|| Error::new("a message opens no form"))?;
                let field = json!({ "type": 4, "custom_id": "text", "style": 1, "label": "Text" });
                let form = json!({
                    "custom_id": "faulty:form", "title": "Form",
                    "components": [{ "type": 1, "components": [field] }],
                });
                faulty.host.discord().callback(interaction, interactions::CALLBACK_MODAL, &form).await?;
            }
            Step::Ask => {
                if let Some(asked) = ctx.ask::<Asked>().await? {
                    ctx.reply(asked.text).await?;
                }
            }
            Step::Error => return Err(Error::new("asked to fail")),
            Step::Hang => return pending().await,
        }
    }
    Ok(())
}

/// Answers a button of [`Op::Buttons`]; other buttons are not for this cog.
pub(crate) async fn pressed(host: &Host, press: &Interaction) -> Result<()> {
    match press.custom_id.as_str() {
        "faulty:edit" => host.discord().update(press, "edited").await?,
        "faulty:answer" => host.discord().respond(press, "answered").await?,
        "faulty:secret" => {
            host.discord().respond(press, NewMessage::new("secret").ephemeral()).await?;
        }
        "faulty:edit-error" => {
            host.discord().update(press, "edited").await?;
            return Err(Error::new("asked to fail"));
        }
        "faulty:error" => return Err(Error::new("asked to fail")),
        "faulty:form" => {
            let typed = press.options.first().map_or("", |field| &field.value);
            let answer = NewMessage::new(typed);
            let answer = if typed.starts_with("secret") { answer.ephemeral() } else { answer };
            host.discord().respond(press, answer).await?;
        }
        _ => {}
    }
    Ok(())
}
