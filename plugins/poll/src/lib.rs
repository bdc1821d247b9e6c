//! `/poll question:Lunch? answers:soup, salad` asks everybody. Shows buttons, a menu, a form and suggestions, and that
//! people can go on voting while the cog is replaced. It shows its polls; what they are is in `ballot`.
#![forbid(unsafe_code)]

mod ballot;

use std::cell::RefCell;

use gearshift_cog::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use ballot::{Ballot, Ballots, MOST_ANSWERS};

const VERSION: u32 = 1;
/// Discord's limit for a suggestion, in characters. One that is longer would make Discord refuse all of them.
const LONGEST_CHOICE: usize = 100;
/// Suggested when nobody has asked anything yet.
const IDEAS: [&str; 3] = ["Tea or coffee?", "When do we meet?", "Ship it?"];

/// The `RefCell` is never held across an `await`.
struct Poll {
    host: Host,
    ballots: RefCell<Ballots>,
}

impl Cog for Poll {
    const EVENTS: &'static [&'static str] = &[events::INTERACTION_CREATE];
    const COMMANDS: &'static [Command] = &[Command::new("poll", "Asks everybody").options(&[
        Opt::string("question", "What to ask").required().autocomplete(),
        Opt::string("answers", "What can be answered, with commas between; yes and no if left out"),
    ])];

    async fn setup(host: Host) -> Result<Self> {
        Ok(Self { host, ballots: RefCell::default() })
    }

    fn restore(&mut self, state: State) -> Result<()> {
        if state.version != VERSION {
            return Err(Error::new(format!("it reads polls of version {VERSION}, not {}", state.version)));
        }
        self.ballots = RefCell::new(state.parse()?);
        Ok(())
    }

    async fn command(&self, ctx: &Context) -> Result<()> {
        // A prefix command gives each option a word; a question has several.
        let (question, answers) = match ctx.message() {
            Some(_) => ctx.rest().split_once('|').unwrap_or((ctx.rest(), "")),
            None => (ctx.option("question").unwrap_or_default(), ctx.option("answers").unwrap_or_default()),
        };
        match Ballot::new(question, answers) {
            Ok(ballot) => {
                let message = shown(&ballot, self.ballots.borrow().next());
                self.ballots.borrow_mut().add(ballot);
                ctx.reply(message).await?;
            }
            Err(why) => ctx.reply(NewMessage::new(why).ephemeral()).await?,
        }
        Ok(())
    }

    async fn event(&self, _ctx: &Context, event: Event) -> Result<()> {
        let Event::Interaction(press) = event else { return Ok(()) };
        match press.kind {
            interactions::COMPONENT | interactions::MODAL if press.custom_id.starts_with("poll:") => {
                self.answer(&press).await
            }
            _ => Ok(()),
        }
    }

    /// Questions that were asked before, and some ideas.
    async fn autocomplete(&self, _ctx: &Context, _option: &str, typed: &str) -> Result<Vec<Suggestion>> {
        let ballots = self.ballots.borrow();
        let fits = |question: &&str| {
            question.chars().count() <= LONGEST_CHOICE
                && question.to_lowercase().contains(&typed.to_lowercase())
        };
        Ok(ballots.questions().chain(IDEAS).filter(fits).take(10).map(Suggestion::from).collect())
    }

    fn save(&self) -> Result<Option<State>> {
        State::json(VERSION, &*self.ballots.borrow()).map(Some)
    }
}

impl Poll {
    /// A button, the menu or the form of a poll: `poll:<number>:<what>`.
    async fn answer(&self, press: &Interaction) -> Result<()> {
        let discord = self.host.discord();
        let mut parts = press.custom_id.split(':').skip(1);
        let number: u64 = parts.next().and_then(|text| text.parse().ok()).unwrap_or_default();
        let what = parts.next().unwrap_or_default();
        if what == "form" {
            return discord.callback(press, interactions::CALLBACK_MODAL, &form(number)).await;
        }
        let changed = self.ballots.borrow_mut().change(number, |ballot| match what {
            "add" => ballot.add(press.options.first().map_or("", |field| &field.value)),
            "show" => ballot.show(press.values.first().map_or("", |value| value)),
            place => ballot.vote(press.user.id, place.parse().unwrap_or(usize::MAX)),
        });
        match changed {
            Ok(ballot) => discord.update(press, shown(&ballot, number)).await?,
            Err(why) => discord.respond(press, NewMessage::new(why).ephemeral()).await?,
        }
        Ok(())
    }
}

/// A poll as a message: how it stands, and what can be pressed.
fn shown(ballot: &Ballot, number: u64) -> NewMessage {
    let button = |(place, label): (usize, &str)| json!({ "type": 2, "style": 2, "label": label, "custom_id": format!("poll:{number}:{place}") });
    let mut buttons: Vec<Value> = ballot.answers().enumerate().map(button).collect();
    if buttons.len() < MOST_ANSWERS {
        buttons.push(json!({ "type": 2, "style": 1, "label": "Another answer …", "custom_id": format!("poll:{number}:form") }));
    }
    let option = |(value, label): (&str, &str)| json!({ "value": value, "label": label, "default": ballot.view() == value });
    let views =
        [("bars", "Show bars"), ("numbers", "Show numbers"), ("nothing", "Show nothing until the end")]
            .map(option);
    let menu = json!({ "type": 3, "custom_id": format!("poll:{number}:show"), "options": views });
    let row = |components: &[Value]| json!({ "type": 1, "components": components });
    let mut rows: Vec<Value> = buttons.chunks(5).map(row).collect();
    rows.push(row(&[menu]));
    let votes = ballot.votes();
    NewMessage::default()
        .embed(json!({
            "title": ballot.question(), "description": ballot.standing(), "color": 0x1f_7a_72,
            "footer": { "text": format!("{votes} {}", if votes == 1 { "vote" } else { "votes" }) },
        }))
        .field("components", json!(rows))
}

fn form(number: u64) -> impl Serialize {
    json!({
        "custom_id": format!("poll:{number}:add"), "title": "Another answer",
        "components": [{ "type": 1, "components": [{
            "type": 4, "custom_id": "answer", "style": 1, "label": "Answer", "max_length": 80, "required": true,
        }]}],
    })
}

gearshift_cog::export!(Poll);
