//! `gearshift commands`: the bot's registered commands, and the deletion of those that belong to no cog.

use std::time::Instant;

use gearshift_sim::Sim;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{
    program::{Ended, Live, PATIENCE, Place, http, run},
    running::{discord, run as serve},
};

/// A bot with `ping`, which has some commands registered from before.
fn with_commands(place: &Place, names: &[(&str, u8)]) -> (Runtime, Sim, Live) {
    let (runtime, sim) = discord(place, "");
    runtime.block_on(async {
        let client = http();
        let url =
            format!("{}/applications/{}/commands", sim.api_url(), sim.world(|world| world.bots()[0].id()));
        for (name, kind) in names {
            let body = match kind {
                1 => json!({ "name": name, "type": kind, "description": "from before" }),
                _ => json!({ "name": name, "type": kind }),
            };
            let request = client.post(&url).header("Authorization", format!("Bot {}", sim.token()));
            let answer = request.header("Content-Type", "application/json").body(body.to_string());
            assert!(answer.send().await.unwrap().status().is_success());
        }
    });
    let mut live = serve(place, sim.token());
    live.expect("ready; the control socket is");
    assert!(runtime.block_on(sim.connected(1, PATIENCE)));
    let begun = Instant::now();
    // Each poll is a process that waits for its answer.
    while commands(place, &["list"]).out.contains("not yet") {
        assert!(begun.elapsed() < PATIENCE, "the commands were not registered");
    }
    (runtime, sim, live)
}

fn commands(place: &Place, arguments: &[&str]) -> Ended {
    run(place, &[&["commands"], arguments].concat())
}

#[test]
fn registered_commands_are_listed_with_their_cogs_and_undeclared_ones_pruned() {
    let place = Place::with(&["ping"]);
    let (_runtime, sim, live) = with_commands(&place, &[("ban", 1), ("Report", 3)]);
    let listed = commands(&place, &["list"]);
    assert_eq!(listed.code, 0, "{}", listed.err);
    let words: Vec<Vec<&str>> = listed.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[1], ["ban", "slash", "all", "-", "yes"]);
    assert_eq!(words[2], ["ping", "slash", "all", "ping", "yes"]);
    assert_eq!(words[3], ["Report", "message", "menu", "all", "-", "yes"]);
    assert!(listed.out.contains("no cog here declares `/ban`, `Report` (message menu); "), "{}", listed.out);
    let json: Value = serde_json::from_str(&commands(&place, &["list", "--json"]).out).unwrap();
    assert_eq!((&json[1]["name"], &json[1]["cog"]), (&"ping".into(), &"ping".into()));

    for (name, why, help) in [
        ("ping", "cannot delete the command `ping`: `ping` declares it", "`gearshift cogs unload ping`"),
        ("pong", "Discord has no command `pong`", "`gearshift commands list`"),
    ] {
        let refused = commands(&place, &["prune", "ban", name]);
        assert_eq!(refused.code, 1);
        assert!(refused.err.contains(why) && refused.err.contains(help), "{}", refused.err);
    }
    assert_eq!(sim.commands().len(), 3, "nothing was deleted");

    assert_eq!(commands(&place, &["prune", "ban"]).out, "deleted `/ban`\n");
    assert_eq!(commands(&place, &["prune"]).out, "deleted `Report` (message menu)\n");
    assert_eq!(sim.commands(), ["ping"]);
    let nothing = commands(&place, &["prune"]);
    assert_eq!((nothing.code, nothing.out.contains("nothing to delete")), (0, true));
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn what_differs_is_shown_and_registered_when_it_is_asked_for() {
    let place = Place::with(&["ping"]);
    let (runtime, sim) = discord(&place, "register_commands = false");
    let mut live = serve(&place, sim.token());
    live.expect("ready; the control socket is");
    assert!(runtime.block_on(sim.connected(1, PATIENCE)));
    for _ in 0..2 {
        let diff = commands(&place, &["diff"]);
        assert_eq!((diff.code, &*diff.out), (0, "create `/ping` globally\n"), "{}", diff.err);
        assert!(sim.commands().is_empty());
    }
    let json: Value = serde_json::from_str(&commands(&place, &["diff", "--json"]).out).unwrap();
    assert_eq!((&json[0]["create"][0]["name"], &json[0]["scope"]), (&"ping".into(), &Value::Null));
    assert_eq!(commands(&place, &["sync"]).out, "create `/ping` globally\n");
    assert_eq!(sim.commands(), ["ping"]);
    assert!(commands(&place, &["diff"]).out.starts_with("every command is registered as it is declared"));
    assert!(commands(&place, &["sync"]).out.contains("nothing to do"));
    live.signal(15);
    assert_eq!(live.end().0, 0);
    let nobody = commands(&place, &["diff"]);
    assert!(nobody.code == 69 && nobody.err.contains("no host"), "{}", nobody.err);
}

#[test]
fn while_a_file_is_not_loaded_only_named_commands_are_deleted() {
    let place = Place::with(&["ping"]);
    place.file("cogs/libban.so", "half a library");
    let (_runtime, sim, live) = with_commands(&place, &[("ban", 1), ("old", 1)]);
    let refused = commands(&place, &["prune"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("libban.so` is not loaded and may declare some"), "{}", refused.err);
    assert!(refused.err.contains("help: fix or remove the file"), "{}", refused.err);
    assert_eq!(sim.commands().len(), 3);
    assert_eq!(commands(&place, &["prune", "old"]).out, "deleted `/old`\n");
    assert_eq!(sim.commands(), ["ban", "ping"]);
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_host_without_discord_says_so() {
    let place = Place::with(&[]);
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n");
    let mut live = Live::start(&place, &["run"]);
    live.expect("ready; the control socket is");
    for verb in ["list", "diff", "sync", "prune"] {
        let refused = commands(&place, &[verb]);
        assert_eq!(refused.code, 1);
        assert!(
            refused.err.starts_with("error: this host does not connect to Discord\nhelp: "),
            "{}",
            refused.err
        );
    }
    live.signal(15);
    assert_eq!(live.end().0, 0);
}
