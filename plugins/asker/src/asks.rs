//! Every way to ask a user.

use std::{fmt, time::Duration};

use gearshift_cog::{Field, Form, Modal, abi, manifest::Choice, prelude::*};
use serde_json::{Value, json};

const HOUR: Duration = Duration::from_secs(60 * 60);

pub(crate) async fn ask(ctx: &Context, how: &str) -> Result {
    match how {
        "silent" => Ok(()),
        "confirm" => {
            let confirmed = ctx.confirm("Really?", HOUR).await?;
            ctx.reply(if confirmed { "confirmed" } else { "left" }).await
        }
        "soon" => {
            let confirmed = ctx.confirm("Really?", Duration::from_millis(10)).await?;
            ctx.reply(if confirmed { "confirmed" } else { "left" }).await
        }
        "pages" => ctx.paginate(["one", "two", "three"]).await,
        "form" => match ctx.ask::<Report>().await? {
            Some(report) => ctx.reply(report.to_string()).await,
            None => ctx.reply("closed").await,
        },
        "declared" => ctx.open::<Report>("form", &[("what", "the gulls")]).await,
        "buttons" => {
            let row = row(&["vote:3", "idle", "nobody"].map(String::from));
            ctx.reply(NewMessage::new("press").field("components", row)).await
        }
        "press" => {
            let mut buttons = ctx.components();
            let row = row(&["left", "right"].map(|name| buttons.id(name)));
            ctx.reply(NewMessage::new("press").field("components", row)).await?;
            while let Some(press) = buttons.next(HOUR).await {
                press.reply(format!("{} pressed {}", press.user()?.name, press.name())).await?;
            }
            Ok(())
        }
        "message" => {
            let (user, mut messages) = (ctx.user()?.id, ctx.events::<abi::Message>()?);
            ctx.reply("say it").await?;
            let said = messages.next(|message| message.author.id == user, HOUR).await?;
            ctx.reply(said.map_or("nothing".to_owned(), |said| format!("said {}", said.content))).await
        }
        "undeclared" => match ctx.events_named::<Event>("TYPING_START") {
            Ok(_) => Ok(()),
            Err(error) => ctx.reply(error.to_string()).await,
        },
        other => Err(Error::input(format!("there is no {other}"))),
    }
}

fn row(ids: &[String]) -> Value {
    let label = |id: &str| id.rsplit(':').next().unwrap_or_default().to_owned();
    let button = |id: &String| json!({ "type": 2, "style": 1, "label": label(id), "custom_id": id });
    json!([{ "type": 1, "components": ids.iter().map(button).collect::<Vec<_>>() }])
}

pub(crate) struct Report {
    what: String,
    count: Option<u64>,
    colors: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}, {:?}, {:?}", self.what, self.count, self.colors)
    }
}

impl Modal for Report {
    const TITLE: &'static str = "Report";
    const FIELDS: &'static [Field] = &[
        Field::paragraph("what", "What?").at_most(200),
        Field::short("count", "How many?").optional(),
        Field::choices("colors", "Colours", &[Choice::text("Red", "r"), Choice::text("Blue", "b")])
            .at_most(2)
            .optional(),
    ];

    async fn read(form: &Form) -> Result<Self> {
        Ok(Self {
            what: form.one("what").await?,
            count: form.one("count").await?,
            colors: form.all("colors").await?,
        })
    }
}
