//! What every client must be able to do on the built-in Discord, one promise after the other. Independent of libraries,
//! as all clients are the same bot.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gearshift_sim::{
    Acknowledgement, Entry, EntryKind, Member, Message, NO_OPTIONS, Record, Sim, SimOptions, routes,
};

use crate::process::{Client, Running};

/// The deadline of an answer. discord.py waits five seconds before it identifies again.
const PATIENCE: Duration = Duration::from_secs(20);

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// The result of a client.
pub(crate) struct Judged {
    pub(crate) broken: usize,
    /// The routes that it called, as method and shape.
    pub(crate) routes: BTreeSet<(&'static str, &'static str)>,
}

/// Starts a simulator and the client, and checks the promises.
pub(crate) async fn judge(client: &Client) -> Result<Judged, Box<dyn Error + Send + Sync>> {
    // Strict: a field or route that the client needs and the simulator lacks breaks a promise.
    let record = std::env::var_os("SIM_RECORD").map(Record::append_to).transpose()?;
    let options = SimOptions { strict: true, transcript_limit: 100_000, record, ..SimOptions::default() };
    let sim = Sim::start(options).await?;
    let mut running = client.start(&sim)?;
    let alice = sim.member("alice")?;
    let bench = Bench { sim: &sim, alice: &alice };
    let mut broken = 0;
    let mut say = |promise: &str, outcome: Outcome| match outcome {
        Ok(()) => println!("kept    {promise}"),
        Err(error) => {
            broken += 1;
            println!("BROKEN  {promise}: {error}");
        }
    };
    say("connects and registers its commands", bench.connects().await);
    say("answers a message", bench.answers_a_message().await);
    say("sends an embed", bench.sends_an_embed().await);
    say("edits and reacts", bench.edits_and_reacts().await);
    say("receives a file and sends one", bench.receives_and_sends_files().await);
    say("answers a slash command", bench.answers_a_command().await);
    say("offers choices", bench.offers_choices().await);
    say("defers its answer and follows up", bench.answers_late().await);
    say("handles a button and a menu", bench.handles_button_and_menu().await);
    say("opens a form and reads it", bench.opens_a_form().await);
    say("goes on a tour of the guild", bench.tours().await);
    say("resumes after a dropped connection", bench.resumes("socket dropped", Sim::cut).await);
    say("resumes when asked to reconnect", bench.resumes("op 7", Sim::ask).await);
    say("uses no unknown routes or fields", bench.nothing_unknown());
    say("has no call refused", bench.nothing_refused());
    say("logs no complaints", complains_about_nothing(&mut running));
    let routes = bench.routes();
    if broken > 0 {
        show_last_words(&sim, &running);
    }
    drop(running);
    sim.close().await;
    Ok(Judged { broken, routes })
}

/// What the gateway does to the client.
trait Trouble {
    fn cut(&self) -> usize;
    fn ask(&self) -> usize;
}

impl Trouble for Sim {
    fn cut(&self) -> usize {
        self.gateway().drop_sockets()
    }

    fn ask(&self) -> usize {
        self.gateway().ask_reconnect()
    }
}

struct Bench<'a> {
    sim: &'a Sim,
    alice: &'a Member,
}

impl Bench<'_> {
    async fn connects(&self) -> Outcome {
        let registered = |entry: &Entry| match &entry.kind {
            EntryKind::Commands { names, .. } if names.len() == 3 => Some(()),
            _ => None,
        };
        self.sim.until(deadline(), registered).await.ok_or("it registered no commands")?;
        check(self.sim.connected(1, PATIENCE).await, "it did not identify")
    }

    async fn answers_a_message(&self) -> Outcome {
        let asked = self.alice.say("general", "!ping").await?;
        let reply = self.sim.reply_to(asked, PATIENCE).await.ok_or("no reply")?;
        same(&reply.content, "pong")
    }

    async fn sends_an_embed(&self) -> Outcome {
        let message = self.ask("!embed").await?;
        let title = message.embeds.first().and_then(|embed| embed.title.as_deref());
        same(title.unwrap_or("no embed"), "Title")
    }

    async fn edits_and_reacts(&self) -> Outcome {
        let asked = self.alice.say("general", "!edit").await?;
        let edited = |entry: &Entry| entry.edited().filter(|message| message.content == "final").map(drop);
        self.sim.until(deadline(), edited).await.ok_or("no edit")?;
        let reacted = |entry: &Entry| match &entry.kind {
            EntryKind::Reacted { message_id, added: true, .. } if *message_id == asked => Some(()),
            _ => None,
        };
        self.sim.until(deadline(), reacted).await.ok_or_else(|| "no reaction".into())
    }

    async fn receives_and_sends_files(&self) -> Outcome {
        let asked = self.alice.attach("general", "!file", [("in.txt", "hello")]).await?;
        let sent = self.sim.bot_message_after(asked, PATIENCE).await.ok_or("no answer")?;
        let file = sent.attachments.first().ok_or("no file")?;
        same(&file.filename, "out.txt")?;
        same(&reqwest::get(&file.url).await?.text().await?, "HELLO")
    }

    async fn answers_a_command(&self) -> Outcome {
        let handle = self.alice.slash("greet", [("name", "Bo")]).await?;
        same(&handle.answered(PATIENCE).await?.content, "hello Bo")
    }

    async fn offers_choices(&self) -> Outcome {
        let handle = self.alice.autocomplete("greet", [("name", "B")], "name").await?;
        let choices = handle.acknowledged(PATIENCE).await?.choices;
        let names: Vec<&str> = choices.iter().map(|choice| &*choice.name).collect();
        same(&names.join(" "), "Bert Bob")
    }

    async fn answers_late(&self) -> Outcome {
        let mut reader = self.sim.transcript().reader();
        let handle = self.alice.slash("later", NO_OPTIONS).await?;
        check(
            handle.acknowledged(PATIENCE).await?.how == Acknowledgement::DeferredMessage,
            "it did not defer its answer",
        )?;
        same(&handle.answered(PATIENCE).await?.content, "at last")?;
        let more = |entry: &Entry| entry.posted().filter(|message| message.content == "and more").cloned();
        let more = reader.until(deadline(), more).await.ok_or("no followup")?;
        check(more.is_ephemeral(), "the followup is not ephemeral")
    }

    async fn handles_button_and_menu(&self) -> Outcome {
        let menu = self.ask("!menu").await?.id;
        // Presses only once the bot is done: discord.py knows a menu or form only after its own call was answered.
        self.sim.settle(PATIENCE).await?;
        let pressed = self.alice.press(menu, "Press").await?;
        same(&pressed.answered(PATIENCE).await?.content, "pressed")?;
        let picked = self.alice.select(menu, "pick", &["One"]).await?;
        let answer = picked.answered(PATIENCE).await?;
        same(&answer.content, "picked 1")?;
        check(answer.is_ephemeral(), "the answer is not ephemeral")
    }

    async fn opens_a_form(&self) -> Outcome {
        let handle = self.alice.slash("form", NO_OPTIONS).await?;
        let form = handle.acknowledged(PATIENCE).await?.form.ok_or("no form")?;
        same(&form.title, "Form")?;
        self.sim.settle(PATIENCE).await?;
        let submitted = self.alice.submit(&handle, [("text", "hi")]).await?;
        same(&submitted.answered(PATIENCE).await?.content, "got hi")
    }

    /// What a bot does to a guild besides sending messages, in the style of its library.
    async fn tours(&self) -> Outcome {
        self.empower().await?;
        let mut reader = self.sim.transcript().reader();
        self.alice.say("general", "!tour").await?;
        let back = |entry: &Entry| entry.posted().filter(|message| message.content == "toured").map(drop);
        reader.until(deadline(), back).await.ok_or_else(|| "it did not come back".into())
    }

    /// Alice, who owns the guild, gives the bot all permissions.
    async fn empower(&self) -> Outcome {
        let role = self.sim.world(|world| {
            let guild = world.guilds().find(|guild| guild.owner_id == self.alice.id())?;
            let role = guild.roles.iter().find(|role| role.bot.is_some())?;
            Some(format!("{}/guilds/{}/roles/{}", self.sim.api_url(), guild.id, role.id))
        });
        let request = reqwest::Client::new().patch(role.ok_or("the bot has no role")?);
        let request = request.header("Authorization", self.alice.token());
        let answer = request.json(&serde_json::json!({ "permissions": "8" })).send().await?;
        check(answer.status().is_success(), "alice may not change the bot's role")
    }

    /// Messages that are sent while the bot is disconnected must arrive, too.
    async fn resumes(&self, what: &str, trouble: impl Fn(&Sim) -> usize) -> Outcome {
        let mut reader = self.sim.transcript().reader();
        check(trouble(self.sim) == 1, &format!("{what} did not affect exactly one session"))?;
        let asked = self.alice.say("general", "!ping").await?;
        let resumed = |entry: &Entry| entry.to_string().contains("resumed from").then_some(());
        reader.until(deadline(), resumed).await.ok_or("it did not resume")?;
        let reply = self.sim.reply_to(asked, PATIENCE).await.ok_or("it did not answer what it missed")?;
        same(&reply.content, "pong")
    }

    fn nothing_unknown(&self) -> Outcome {
        let unknown: Vec<String> = self.sim.unknown_routes().into_iter().map(|(route, _)| route).collect();
        let fields: Vec<String> = self.sim.unknown_fields().into_iter().map(|(field, _)| field).collect();
        same(&[unknown, fields].concat().join(", "), "")
    }

    fn nothing_refused(&self) -> Outcome {
        let history = self.sim.transcript().history();
        let refused = history.iter().filter(|entry| match &entry.kind {
            EntryKind::Rest { status, .. } => status.is_none_or(|status| status >= 400),
            _ => false,
        });
        same(&refused.map(|entry| entry.to_string()).collect::<Vec<_>>().join(", "), "")
    }

    /// The routes that were called, by shape.
    fn routes(&self) -> BTreeSet<(&'static str, &'static str)> {
        let history = self.sim.transcript().history();
        let called = history.iter().filter_map(|entry| match &entry.kind {
            EntryKind::Rest { method, path, .. } => Some((method.clone(), path.clone())),
            _ => None,
        });
        called.filter_map(|(method, path)| shape_of(&method, &path)).collect()
    }

    async fn ask(&self, text: &str) -> Result<Arc<Message>, Box<dyn Error + Send + Sync>> {
        let asked = self.alice.say("general", text).await?;
        Ok(self.sim.bot_message_after(asked, PATIENCE).await.ok_or("no answer")?)
    }
}

fn complains_about_nothing(running: &mut Running) -> Outcome {
    check(running.is_alive(), "it exited by itself")?;
    same(&running.complaints().join("\n"), "")
}

/// The declared route of a call: of those that match, the one with the fewest placeholders.
fn shape_of(method: &str, path: &str) -> Option<(&'static str, &'static str)> {
    let fits = |shape: &str| {
        let (mut parts, mut segments) = (shape.split('/'), path.split('/'));
        let all = parts
            .by_ref()
            .zip(segments.by_ref())
            .all(|(part, segment)| part.starts_with('{') || part == segment);
        all && shape.split('/').count() == path.split('/').count()
    };
    routes()
        .filter(|(of, shape)| *of == method && fits(shape))
        .min_by_key(|(_, shape)| shape.matches('{').count())
}

fn show_last_words(sim: &Sim, running: &Running) {
    let history = sim.transcript().history();
    let from = history.len().saturating_sub(40);
    println!("-- the end of the transcript");
    for entry in &history[from..] {
        println!("   {entry}");
    }
    println!("-- its complaints");
    for line in running.complaints() {
        println!("   {line}");
    }
}

fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

fn check(holds: bool, why: &str) -> Outcome {
    if holds { Ok(()) } else { Err(why.into()) }
}

fn same(got: &str, wanted: &str) -> Outcome {
    if got == wanted { Ok(()) } else { Err(format!("`{got}` instead of `{wanted}`").into()) }
}
