//! From one process of the host to the next: the bot's session continues, no message that users send meanwhile is lost
//! or handled twice, and if it cannot continue, a new one begins and the log says why.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gearshift_sim::{Message, RestFault, Sim, Snowflake};
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle};

use crate::{
    program::{Live, PATIENCE, Place, run as once},
    running::{ask, discord, discord_away, run},
};

const STORE: &str = "[store]\n";
const READY: &str = "ready; the control socket is";

/// A member who keeps sending messages, whatever the bot does.
pub(crate) struct Talker {
    stop: oneshot::Sender<()>,
    said: JoinHandle<Vec<Snowflake>>,
}

impl Talker {
    /// Sends `text` 200 times a second.
    pub(crate) fn start(runtime: &Runtime, sim: &Arc<Sim>, text: &'static str) -> Talker {
        let (stop, mut stopped) = oneshot::channel();
        let alice = sim.member("alice").unwrap();
        let said = runtime.spawn(async move {
            let (mut said, mut beat) = (Vec::new(), tokio::time::interval(Duration::from_millis(5)));
            loop {
                tokio::select! {
                    _ = &mut stopped => return said,
                    _ = beat.tick() => said.push(alice.say("general", text).await.unwrap()),
                }
            }
        });
        Talker { stop, said }
    }

    /// Stops, and waits until everything is answered. Returns the answers, in the order of the messages.
    pub(crate) fn answers(self, runtime: &Runtime, sim: &Sim) -> Vec<Arc<Message>> {
        self.stop.send(()).unwrap();
        let said = runtime.block_on(self.said).unwrap();
        replies(runtime, sim, &said)
    }
}

/// The reply to each message. Fails if a message has two, or none in time.
fn replies(runtime: &Runtime, sim: &Sim, said: &[Snowflake]) -> Vec<Arc<Message>> {
    let answered = said.iter().map(|said| runtime.block_on(sim.reply_to(*said, PATIENCE)));
    let answered: Vec<_> = answered.map(|reply| reply.expect("a message was not answered")).collect();
    let posted = sim.messages("general").unwrap();
    for said in said {
        let count = posted.iter().filter(|message| message.reply_to == Some(*said)).count();
        assert_eq!(count, 1, "a message was answered {count} times");
    }
    answered
}

/// Each answer of `counter` contains its count: no message was lost, handled twice or out of order.
pub(crate) fn assert_counted(answers: &[Arc<Message>], before: usize) {
    for (at, answer) in answers.iter().enumerate() {
        let wanted = format!("{} for you", before + at + 1);
        assert!(answer.content.starts_with(&wanted), "`{wanted}` is answered `{}`", answer.content);
    }
}

pub(crate) fn started(place: &Place, sim: &Sim) -> Live {
    let mut live = run(place, sim.token());
    live.expect(READY);
    live
}

pub(crate) fn ended(live: Live) -> Vec<String> {
    live.signal(15);
    let (code, lines) = live.end();
    assert_eq!(code, 0, "{lines:#?}");
    lines
}

#[test]
fn messages_during_a_restart_are_handled_once_and_in_order() {
    let place = Place::with(&["counter"]);
    let (runtime, sim) = discord_away(&place, STORE);
    let sim = Arc::new(sim);
    let live = started(&place, &sim);
    assert!(ask(&runtime, &sim, "!count").content.starts_with("1 for you"));
    let sessions = sim.gateway().sessions();
    let talker = Talker::start(&runtime, &sim, "!count");
    ended(live);
    let mut live = run(&place, sim.token());
    live.expect("resumed shard=0");
    ended(live);
    let live = started(&place, &sim);
    let answers = talker.answers(&runtime, &sim);
    assert_counted(&answers, 1);
    assert!(!answers.is_empty());
    assert_eq!(sim.gateway().sessions(), sessions, "no session was started");
    ended(live);
}

#[test]
fn commands_that_are_called_while_a_supervisor_restarts_the_host_are_answered_once_and_in_order() {
    let place = Place::with(&["counter"]);
    let (runtime, sim) = discord_away(&place, "[store]\n[limits]\ncommands_settle_ms = 0\n");
    let sim = Arc::new(sim);
    let live = started(&place, &sim);
    let until = Instant::now() + PATIENCE;
    let registered = |_: &_| sim.commands().contains(&"count".to_owned()).then_some(());
    assert!(runtime.block_on(sim.until(until, registered)).is_some());
    assert!(ask(&runtime, &sim, "!count").content.starts_with("1 for you"));
    let (stop, mut stopped) = oneshot::channel();
    let here = sim.member("alice").unwrap().at("general").unwrap();
    let called = runtime.spawn(async move {
        let (mut called, mut beat) = (Vec::new(), tokio::time::interval(Duration::from_millis(10)));
        loop {
            tokio::select! {
                _ = &mut stopped => return called,
                _ = beat.tick() => called.push(here.slash("count", [("", ""); 0]).await.unwrap()),
            }
        }
    });
    ended(live);
    let mut live = run(&place, sim.token());
    live.expect("resumed shard=0");
    stop.send(()).unwrap();
    for (asked, number) in runtime.block_on(called).unwrap().into_iter().zip(2..) {
        let answer = runtime.block_on(asked.answered(PATIENCE)).unwrap();
        let wanted = format!("{number} for you");
        assert!(answer.content.starts_with(&wanted), "`{wanted}` is answered `{}`", answer.content);
        assert_eq!(asked.messages().len(), 1, "nothing else was sent");
    }
    ended(live);
}

#[test]
fn what_a_busy_cog_did_not_come_to_is_handled_by_the_next_host() {
    let place = Place::with(&["faulty"]);
    let (runtime, sim) = discord(
        &place,
        "[store]\n[limits]\ndrain_timeout_ms = 50\njoin_timeout_ms = 20000\nclose_timeout_ms = 40000\n",
    );
    let live = started(&place, &sim);
    assert_eq!(ask(&runtime, &sim, "!faulty version").content, "faulty 0.1.0 plain");
    let alice = sim.member("alice").unwrap();
    let say = |text: &str| runtime.block_on(alice.say("general", text)).unwrap();
    say("!faulty block 4000");
    let said: Vec<Snowflake> = (0..20).map(|_| say("!faulty count")).collect();
    let queued = || {
        let list = once(&place, &["cogs", "list", "--json"]).out;
        serde_json::from_str::<serde_json::Value>(&list).unwrap()["cogs"][0]["queued"].as_u64().unwrap()
    };
    let until = Instant::now() + PATIENCE;
    // The cog also gets the messages themselves as events, and the bot's own message that it is blocking.
    while queued() < 41 {
        assert!(Instant::now() < until, "the events do not wait in front of the cog");
    }
    ended(live);
    let live = started(&place, &sim);
    for (answer, before) in replies(&runtime, &sim, &said).iter().zip(2..) {
        let numbers: Vec<u64> = answer.content.split(' ').filter_map(|word| word.parse().ok()).collect();
        // The questions and the answer about its version, and somewhere among them the message that it is blocking.
        let wanted = [before + 2, before + 3];
        assert!(numbers[0] == before + 1 && wanted.contains(&numbers[1]), "{}", answer.content);
    }
    ended(live);
}

#[test]
fn a_session_is_resumed_once_and_after_a_kill_a_new_one_is_begun() {
    let place = Place::with(&["ping"]);
    let (runtime, sim) = discord(&place, STORE);
    let live = started(&place, &sim);
    ask(&runtime, &sim, "!ping");
    let first = sim.gateway().sessions();
    ended(live);
    let mut live = run(&place, sim.token());
    live.expect("resuming 1 session(s) of the host that ended");
    live.expect("resumed shard=0");
    assert_eq!(ask(&runtime, &sim, "!ping hi").content, "pong hi");
    assert_eq!(sim.gateway().sessions(), first);
    // A killed host writes nothing, and what was written before was used: its sequence number is outdated.
    live.signal(9);
    assert_eq!(live.end().0, -9);
    let mut live = run(&place, sim.token());
    live.expect("ready shard=0");
    assert_eq!(ask(&runtime, &sim, "!ping hi").content, "pong hi");
    assert_ne!(sim.gateway().sessions(), first);
    let lines = ended(live);
    assert!(!lines.iter().any(|line| line.contains("resum")), "{lines:#?}");
}

#[test]
fn a_session_that_does_not_fit_any_more_is_not_resumed_and_the_log_says_why() {
    let place = Place::with(&["ping"]);
    let (runtime, sim) = discord(&place, STORE);
    let config = std::fs::read_to_string(place.path().join("gearshift.toml")).unwrap();
    let mut live = started(&place, &sim);
    for (line, why) in [
        (
            "intents = [\"guilds\", \"guild_messages\", \"message_content\"]",
            "`[discord] intents` has changed",
        ),
        ("shards = 2", "`[discord] shards` has changed"),
    ] {
        ask(&runtime, &sim, "!ping");
        ended(live);
        place.file("gearshift.toml", &config.replace("[discord]", &format!("[discord]\n{line}")));
        live = run(&place, sim.token());
        live.expect(&format!("a new gateway session is started: {why}"));
        live.expect(READY);
        assert_eq!(ask(&runtime, &sim, "!ping hi").content, "pong hi");
        ended(live);
        place.file("gearshift.toml", &config);
        live = started(&place, &sim);
    }
    ended(live);
}

/// Changes the handover data in a host's store.
fn change_left(place: &Place, change: impl FnOnce(&mut String)) {
    let store = rusqlite::Connection::open(place.path().join("gearshift.db")).unwrap();
    let left = "SELECT value FROM cog_value WHERE cog = '' AND key = 'handover'";
    let bytes: Vec<u8> = store.query_row(left, [], |row| row.get(0)).unwrap();
    let mut text = String::from_utf8(bytes).unwrap();
    assert!(!text.contains("loopback-only-not-a-secret"), "the token is in it");
    change(&mut text);
    let changed = "UPDATE cog_value SET value = ?1 WHERE cog = '' AND key = 'handover'";
    assert_eq!(store.execute(changed, [text.as_bytes()]).unwrap(), 1);
}

#[test]
fn what_is_too_old_damaged_or_of_another_version_is_not_gone_on_from() {
    let place = Place::with(&["ping"]);
    let (runtime, sim) = discord(&place, STORE);
    let aged = |text: &mut String, by: i64| {
        let mut left: serde_json::Value = serde_json::from_str(text).unwrap();
        left["ended_unix_ms"] = (left["ended_unix_ms"].as_i64().unwrap() - by * 60_000).into();
        *text = left.to_string();
    };
    type Change<'c> = &'c dyn Fn(&mut String);
    let cases: [(Change<'_>, &str); 4] = [
        (&|text| aged(text, 6), "the last one ended 6 min"),
        (&|text| aged(text, -60), "by the clock the last one ends in the future"),
        (
            &|text| *text = text.replacen("\"form\":1", "\"form\":2", 1),
            "the last one was kept in format 2, and this host reads format 1",
        ),
        (&|text| text.truncate(text.len() / 2), "what was kept of the last one is damaged"),
    ];
    for (change, why) in cases {
        let live = started(&place, &sim);
        ask(&runtime, &sim, "!ping");
        ended(live);
        change_left(&place, change);
        let mut live = run(&place, sim.token());
        live.expect(&format!("a new gateway session is started: {why}"));
        live.expect("ready shard=0");
        assert_eq!(ask(&runtime, &sim, "!ping hi").content, "pong hi");
        ended(live);
    }
}

#[test]
fn where_discord_has_forgotten_a_session_a_new_one_is_begun() {
    let place = Place::with(&["ping"]);
    let (runtime, sim) = discord(&place, STORE);
    let live = started(&place, &sim);
    ask(&runtime, &sim, "!ping");
    ended(live);
    let kept = sim.gateway().sessions();
    runtime.block_on(sim.advance(Duration::from_secs(600)));
    let mut live = run(&place, sim.token());
    live.expect("resuming 1 session(s)");
    live.expect("the session is lost");
    live.expect("ready shard=0");
    assert_eq!(ask(&runtime, &sim, "!ping hi").content, "pong hi");
    assert_ne!(sim.gateway().sessions(), kept);
    ended(live);
}

#[test]
fn a_host_that_resumes_knows_the_guilds_that_discord_does_not_send_again() {
    let place = Place::with(&["asker"]);
    let (runtime, sim) = discord(&place, STORE);
    let live = started(&place, &sim);
    // Alice's permissions in the channel are computed from the guild's roles and channels; otherwise, Discord would be
    // asked.
    assert_eq!(ask(&runtime, &sim, "!ruled manage").content, "ruled manage: done");
    ended(live);
    let mut live = run(&place, sim.token());
    live.expect("resumed shard=0");
    for path in ["/guilds/*", "/channels/*"] {
        sim.faults().rest("GET", path, u64::MAX, RestFault::Drop);
    }
    assert_eq!(ask(&runtime, &sim, "!ruled manage").content, "ruled manage: done");
    ended(live);
}

#[test]
fn without_resume_the_session_ends_with_the_host() {
    let place = Place::with(&["ping"]);
    let (runtime, sim) = discord(&place, "resume = false\n[store]\n");
    let live = started(&place, &sim);
    ask(&runtime, &sim, "!ping");
    ended(live);
    let until = Instant::now() + PATIENCE;
    let gone = runtime.block_on(sim.until(until, |_| sim.gateway().sessions().is_empty().then_some(())));
    assert!(gone.is_some());
    let live = started(&place, &sim);
    assert_eq!(ask(&runtime, &sim, "!ping hi").content, "pong hi");
    ended(live);
}

#[test]
fn a_long_absence_is_made_up_for_message_by_message() {
    let place = Place::with(&["counter"]);
    let (runtime, sim) = discord(&place, STORE);
    let live = started(&place, &sim);
    assert!(ask(&runtime, &sim, "!count").content.starts_with("1 for you"));
    ended(live);
    let alice = sim.member("alice").unwrap();
    // More than may be in flight at once, fewer than may wait.
    let said = (0..2_000).map(|_| runtime.block_on(alice.say("general", "!count")).unwrap());
    let said: Vec<Snowflake> = said.collect();
    let live = started(&place, &sim);
    let answers = said.iter().map(|said| runtime.block_on(sim.reply_to(*said, PATIENCE)).expect("no answer"));
    assert_counted(&answers.collect::<Vec<_>>(), 1);
    ended(live);
}
