//! The operator decides what a cog may ask of the host, on both kinds of lane.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use gearshift_host::config::LaneKind;
use serde_json::json;

use crate::{
    damage::Damaged,
    libraries::Build,
    stage::{Setting, Stage},
};

async fn intruder(lane: LaneKind, handles: &str) -> Stage {
    let config = format!("[cog.intruder]\nlane = \"{lane}\"\nhandles = {handles}");
    Setting::new().with_file(&Build::of("intruder").library(), "intruder").config(&config).up().await
}

/// A web server, with a counter of its requests. `/to/URL` redirects.
fn server() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let path = lines.next().unwrap_or_default();
            lines.find(String::is_empty);
            count.fetch_add(1, Ordering::SeqCst);
            let head = match path.split(' ').nth(1).and_then(|path| path.strip_prefix("/to/")) {
                Some(url) => format!("302 Found\r\nLocation: {url}"),
                None => "200 OK".to_owned(),
            };
            let _ = write!(stream, "HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    (origin, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_allowed_is_an_error_that_names_what_to_add() {
    for lane in [LaneKind::Thread, LaneKind::Process] {
        let stage = intruder(lane, "[\"discord.reply\", \"store\"]").await;
        for (what, missing) in [
            ("rest GET /users/@me", "discord.read"),
            ("rest DELETE /channels/1/messages/2", "discord"),
            ("rest PUT /guilds/1/bans/2", "discord"),
            ("rest POST /channels/1%2F..%2F2/messages", "discord"),
            ("fetch http://127.0.0.1:1/x", "http:http://127.0.0.1:1"),
            ("stream http://127.0.0.1:1/x", "http:http://127.0.0.1:1"),
            ("api", "api"),
            ("plan", "schedule"),
            ("shards", "gateway"),
        ] {
            let said = format!(
                "refused: `intruder` may not do this: add `{missing}` to `[cog.intruder] handles` to allow it"
            );
            assert_eq!(stage.ask(&format!("!intruder {what}")).await, said, "{lane}: {what}");
        }
        assert_eq!(stage.ask("!intruder store").await, "done: ()", "{lane}");
        assert_eq!(stage.ask("!intruder stats").await, "sent", "{lane}: a metric has no answer");
        let handles = stage.status("intruder").handles;
        assert_eq!(handles, Some(vec!["discord.reply".to_owned(), "store".to_owned()]));
        stage.down().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cog_declares_is_all_it_may_ask_unless_the_config_says_otherwise() {
    let declared = Damaged::copy_of(&Build::of("intruder").library())
        .with_manifest(|it| it["handles"] = json!(["discord.reply", "stats"]));
    for lane in [LaneKind::Thread, LaneKind::Process] {
        for (config, may, may_not, why) in [
            (
                "",
                "stats",
                "store",
                "its manifest does not declare it; add `store` to `handles` of its `#[cog]`, or set",
            ),
            (
                "handles = [\"discord.reply\", \"store\"]",
                "store",
                "shards",
                "add `gateway` to `[cog.intruder] handles`",
            ),
        ] {
            let config = format!("[cog.intruder]\nlane = \"{lane}\"\n{config}");
            let stage = Setting::new().with_file(declared.path(), "intruder").config(&config).up().await;
            let refused = stage.ask(&format!("!intruder {may_not}")).await;
            assert!(refused.starts_with("refused: ") && refused.contains(why), "{lane}: {refused}");
            let done = stage.ask(&format!("!intruder {may}")).await;
            assert!(done == "sent" || done.starts_with("done"), "{lane}: {done}");
            stage.down().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_allowed_works_and_nothing_listed_is_nothing_allowed() {
    for lane in [LaneKind::Thread, LaneKind::Process] {
        let stage = intruder(lane, "[\"discord\", \"gateway\", \"schedule\"]").await;
        for what in ["rest GET /users/@me", "plan", "shards"] {
            let answer = stage.ask(&format!("!intruder {what}")).await;
            assert!(answer.starts_with("done: "), "{lane}: {what}: {answer}");
        }
        stage.down().await;
        let stage = intruder(lane, "[]").await;
        stage.alice.say("general", "!intruder hello").await.unwrap();
        stage.until_status("intruder", |status| status.last_fault.is_some()).await;
        let fault = stage.status("intruder").last_fault.unwrap();
        assert!(fault.contains("add `discord.reply` to `[cog.intruder] handles`"), "{lane}: {fault}");
        stage.down().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cog_of_one_guild_asks_nothing_of_another() {
    let ids = |stage: &Stage, name: &str| {
        stage.sim.world(|world| {
            let guild = world.guild_named(name).unwrap().id;
            (guild, world.channel_named("general", Some(guild)).unwrap().id)
        })
    };
    let stage = intruder(LaneKind::Thread, "[]").await;
    // The ids are the same at every start.
    let ((own, channel), (other, foreign)) = (ids(&stage, "Harbour"), ids(&stage, "Workshop"));
    stage.down().await;
    let stage = intruder(LaneKind::Thread, &format!("[\"discord:{own}\"]")).await;
    let message = stage.alice.say("general", "hello").await.unwrap();
    let forward = |of_channel, of_guild| {
        format!(
            "rest POST /channels/{channel}/messages {{\"message_reference\":{{\"type\":1,\"message_id\":\"{message}\",\
             \"channel_id\":\"{of_channel}\",\"guild_id\":\"{of_guild}\"}}}}"
        )
    };
    for what in [
        format!("rest GET /guilds/{own}"),
        format!("rest GET /channels/{channel}"),
        format!("rest POST /channels/{channel}/messages"),
        forward(channel, own),
    ] {
        assert_eq!(stage.ask(&format!("!intruder {what}")).await, "done: ()", "{what}");
    }
    for what in [
        format!("rest GET /guilds/{other}"),
        format!("rest GET /channels/{foreign}"),
        format!("rest POST /channels/{foreign}/messages"),
        format!("rest GET /guilds/{own}/x%2F..%2F..%2F{other}"),
        "rest GET /users/@me/guilds".to_owned(),
        "rest GET /channels/1".to_owned(),
        // Requests through which Discord would show something of the other guild, or send something there.
        forward(foreign, other),
        format!("rest POST /channels/{channel}/followers {{\"webhook_channel_id\":\"{foreign}\"}}"),
        format!("rest POST /channels/{channel}/send-soundboard-sound {{\"source_guild_id\":{other}}}"),
    ] {
        let answer = stage.ask(&format!("!intruder {what}")).await;
        assert!(answer.starts_with("refused: `intruder` may not do this: add `discord"), "{what}: {answer}");
    }
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_stay_at_the_origins_that_are_allowed() {
    let ((near, _), (far, asked)) = (server(), server());
    let stage = intruder(LaneKind::Thread, &format!("[\"discord.reply\", \"http:{near}\"]")).await;
    for verb in ["fetch", "stream"] {
        for (path, status) in
            [("/x".to_owned(), 200), (format!("/to/{near}/x"), 200), (format!("/to/{far}/x"), 302)]
        {
            let answer = stage.ask(&format!("!intruder {verb} {near}{path}")).await;
            assert_eq!(answer, format!("done: {status}"), "{verb} {path}");
        }
        assert!(stage.ask(&format!("!intruder {verb} {far}/x")).await.starts_with("refused: "));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    stage.down().await;
    let stage = intruder(LaneKind::Thread, "[\"discord.reply\", \"http\"]").await;
    assert_eq!(stage.ask(&format!("!intruder fetch {near}/to/{far}/x")).await, "done: 200");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    stage.down().await;
}
