//! `gearshift status`: whether the bot is connected, for operators and supervisors.

use gearshift_sim::{Sim, SimOptions};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::program::{Ended, Live, PATIENCE, Place, gearshift, run};

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {} {}", ended.out, ended.err))
}

#[test]
fn a_host_is_healthy_while_every_shard_is_ready() {
    let place = Place::with(&["ping"]);
    let runtime = Runtime::new().unwrap();
    let sim = runtime.block_on(Sim::start(SimOptions::default())).unwrap();
    let config = format!("[cogs]\nfolder = \"cogs\"\n[discord]\napi_url = \"{}\"\n", sim.api_url());
    place.file("gearshift.toml", &config);
    let mut live = Live::spawn(gearshift(&place).arg("run").env("DISCORD_TOKEN", sim.token()));
    live.expect("ready; the control socket is");
    assert!(runtime.block_on(sim.connected(1, PATIENCE)), "the bot did not connect");

    let well = until(&place, 0);
    let status = json(&well);
    assert_eq!((&status["is_healthy"], &status["cogs"]["serving"]), (&true.into(), &1.into()), "{status}");
    assert_eq!(status["sessions"], serde_json::json!(["http", "discord"]));
    assert_eq!((&status["shards"][0]["shard"], &status["shards"][0]["state"]), (&0.into(), &"ready".into()));
    assert_eq!(status["process"], live.id());
    let text = run(&place, &["status"]).out;
    for part in ["host      gearshift ", "sessions  http, discord", "shard 0   ready", "cogs      1 serving"]
    {
        assert!(text.contains(part), "{text}");
    }

    sim.gateway().refuse_connections(true);
    sim.gateway().drop_sockets();
    let status = json(&until(&place, 1));
    assert_eq!(status["is_healthy"], false);
    assert_ne!(status["shards"][0]["state"], "ready");

    sim.gateway().refuse_connections(false);
    assert_eq!(json(&until(&place, 0))["shards"][0]["resumes"], 1);
    live.signal(15);
    assert_eq!(live.end().0, 0);
    assert_eq!(run(&place, &["status"]).code, 69);
}

#[test]
fn a_host_without_discord_is_healthy_without_shards() {
    let place = Place::with(&[]);
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n");
    let mut live = Live::start(&place, &["run"]);
    live.expect("ready; the control socket is");
    let status = json(&until(&place, 0));
    assert_eq!(status["shards"], serde_json::json!([]));
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

/// Polls until the exit code is as wanted; each poll is a process that waits for its answer.
fn until(place: &Place, code: i32) -> Ended {
    let begun = std::time::Instant::now();
    loop {
        let ended = run(place, &["status", "--json"]);
        if ended.code == code {
            return ended;
        }
        assert!(begun.elapsed() < PATIENCE, "{}: {} {}", ended.code, ended.out, ended.err);
    }
}
