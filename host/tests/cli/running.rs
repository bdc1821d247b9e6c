//! `gearshift run`: the host on a Discord elsewhere, which is here in the test.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gearshift_sim::{Entry, EntryKind, Message, RestFault, Sim, SimOptions};
use tokio::runtime::Runtime;

use crate::program::{Live, PATIENCE, Place, gearshift, run as once};

/// A Discord in the test, and the config of a host that runs on it.
pub(crate) fn discord(place: &Place, more: &str) -> (Runtime, Sim) {
    discord_with(SimOptions::default(), place, more)
}

/// The same with a Discord that is 50 ms away from the bot.
pub(crate) fn discord_away(place: &Place, more: &str) -> (Runtime, Sim) {
    let round_trip = Duration::from_millis(50);
    // The machine may stall for longer than Discord waits for an answer.
    let interaction_window = PATIENCE;
    discord_with(SimOptions { round_trip, interaction_window, ..SimOptions::default() }, place, more)
}

pub(crate) fn discord_with(options: SimOptions, place: &Place, more: &str) -> (Runtime, Sim) {
    let runtime = Runtime::new().unwrap();
    let sim = runtime.block_on(Sim::start(options)).unwrap();
    let own = "[commands]\nowner = false\nhelp = false";
    let config =
        format!("{own}\n[cogs]\nfolder = \"cogs\"\n[discord]\napi_url = \"{}\"\n{more}", sim.api_url());
    place.file("gearshift.toml", &config);
    (runtime, sim)
}

pub(crate) fn run(place: &Place, token: &str) -> Live {
    Live::spawn(gearshift(place).arg("run").env("DISCORD_TOKEN", token))
}

/// Sends a message, and waits for the answer.
pub(crate) fn ask(runtime: &Runtime, sim: &Sim, text: &str) -> Arc<Message> {
    runtime.block_on(async {
        assert!(sim.connected(1, PATIENCE).await, "the bot did not connect");
        let said = sim.member("alice").unwrap().say("general", text).await.unwrap();
        sim.reply_to(said, PATIENCE).await.expect("the bot did not answer")
    })
}

#[test]
fn the_bot_connects_answers_and_says_goodbye_at_a_signal() {
    let place = Place::with(&["ping"]);
    let (runtime, sim) = discord(&place, "");
    let mut live = run(&place, sim.token());
    live.expect("ready; the control socket is");
    assert_eq!(ask(&runtime, &sim, "!ping hi").content, "pong hi");
    live.signal(15);
    let (code, lines) = live.end();
    assert_eq!(code, 0, "{lines:#?}");
    let gone = |entry: &Entry| match &entry.kind {
        EntryKind::Gateway { event, .. } => (event == "closed by the client").then_some(()),
        _ => None,
    };
    let goodbye = runtime.block_on(sim.until(Instant::now() + Duration::from_secs(10), gone));
    assert!(goodbye.is_some(), "the connection was closed without a goodbye");
}

#[test]
fn a_second_host_of_a_bot_does_not_start_and_names_the_first() {
    let (place, other) = (Place::with(&["ping"]), Place::with(&["ping"]));
    let (runtime, sim) = discord(&place, "");
    let mut live = run(&place, sim.token());
    live.expect("ready; the control socket is");
    let config = std::fs::read_to_string(place.path().join("gearshift.toml")).unwrap();
    let said = format!("another host (process {}) serves this bot", live.id());
    // Regardless of the name for the same Discord.
    for name in ["localhost", "127.0.0.1"] {
        other.file("gearshift.toml", &config.replace("127.0.0.1", name));
        let (code, lines) = run(&other, sim.token()).end();
        assert_eq!(code, 73, "{lines:#?}");
        assert!(lines.iter().any(|line| line.starts_with("error: ") && line.contains(&said)), "{lines:#?}");
    }
    assert_eq!(ask(&runtime, &sim, "!ping hi").content, "pong hi");
    live.signal(15);
    assert_eq!(live.end().0, 0);
    // It can be started here again.
    let mut live = run(&other, sim.token());
    live.expect("ready; the control socket is");
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_token_may_come_from_a_file() {
    let place = Place::with(&["ping"]);
    let (runtime, sim) = discord(&place, "token_file = \"token\"\n");
    place.file("token", sim.token());
    let mut live = Live::start(&place, &["run"]);
    live.expect("ready; the control socket is");
    assert_eq!(ask(&runtime, &sim, "!ping hi").content, "pong hi");
    live.signal(2);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_token_that_discord_does_not_know_is_77() {
    let place = Place::with(&[]);
    let (_runtime, _sim) = discord(&place, "");
    let live = run(&place, "MTIzNDU2Nzg5MDEyMzQ1Njc4.another.token-of-somebody-else");
    let (code, lines) = live.end();
    assert_eq!(code, 77, "{lines:#?}");
    let error =
        lines.iter().find(|line| line.starts_with("error: cannot open the discord session: ")).unwrap();
    // Of two simultaneous requests, the first one that fails is named.
    assert_eq!(error.matches("GET /").count(), 1, "{error}");
    assert!(lines.iter().any(|line| line.starts_with("help: ")), "{lines:#?}");
}

#[test]
fn a_token_reset_is_logged_once_not_by_every_handler() {
    let place = Place::with(&["ping"]);
    let (runtime, sim) = discord(&place, "");
    let mut live = run(&place, sim.token());
    assert_eq!(ask(&runtime, &sim, "!ping hi").content, "pong hi");
    let unauthorized = RestFault::Status { status: 401, code: 0, message: "401: Unauthorized".to_owned() };
    sim.faults().rest("*", "*", u64::MAX, unauthorized);
    let say = || {
        let alice = sim.member("alice").unwrap();
        runtime.block_on(async { alice.say("general", "!ping").await.unwrap() });
    };
    say();
    live.expect("Discord refuses the bot's token (401)");
    (1..30).for_each(|_| say());
    let refusals = || {
        let listed = once(&place, &["cogs", "list", "--json"]).out;
        serde_json::from_str::<serde_json::Value>(&listed).unwrap()["cogs"][0]["refusals"].clone()
    };
    let begun = Instant::now();
    while refusals() != 30 {
        assert!(begun.elapsed() < PATIENCE, "{} of 30", refusals());
    }
    live.signal(15);
    let (code, lines) = live.end();
    assert_eq!(code, 0, "{lines:#?}");
    let of_handlers = lines.iter().filter(|line| line.contains("a handler ended early")).count();
    assert_eq!(of_handlers, 0, "{lines:#?}");
}

#[test]
fn a_bot_that_discord_refuses_for_good_is_77() {
    let place = Place::with(&["ping"]);
    let (_runtime, sim) = discord(&place, "");
    let bot = sim.world(|world| world.bots()[0].id());
    // MESSAGE_CONTENT, as if it were not enabled in the developer portal.
    sim.revoke_intents(bot, 1 << 15);
    let live = run(&place, sim.token());
    let (code, lines) = live.end();
    assert_eq!(code, 77, "{lines:#?}");
    let is_reported = lines.iter().any(|line| line.contains("with 4014: an intent is not switched on"));
    assert!(is_reported && lines.iter().any(|line| line.starts_with("help: ")), "{lines:#?}");
    let is_logged = lines.iter().any(|line| line.starts_with("    help: switch it on"));
    assert!(is_logged && !lines.iter().any(|line| line.contains(r"\n")), "{lines:#?}");
}

#[test]
fn a_config_without_discord_says_that_the_bot_does_not_connect() {
    let place = Place::with(&["ping"]);
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n");
    let mut live = Live::start(&place, &["run"]);
    let said = live.expect("the bot does not connect: ");
    assert!(said.contains("gearshift.toml has no section `[discord]`"), "{said}");
    live.expect("ready; the control socket is");
    live.signal(15);
    assert_eq!(live.end().0, 0);
}
