//! `gearshift play`: a bot to talk to, without a terminal.

use std::fs;

use crate::{
    libraries::library,
    program::{Live, Place, gearshift},
};

#[test]
fn typed_lines_are_sent_and_the_bots_answers_are_printed() {
    let place = Place::with(&["ping", "counter"]);
    let mut live = Live::play(&place, &[]);
    live.say("!ping hi");
    live.expect("#general bot (reply): pong hi");
    live.say("/ping text:yo");
    live.expect("/ping by alice -> #general \"pong yo\"");
    live.say(":as bob");
    live.say("#dev");
    live.say("!count");
    live.expect("#dev bob: !count");
    live.expect("#dev bot (reply): 1 for you, 1 for everybody");
    live.say(":nonsense");
    live.expect("error: there is no command `:nonsense`");
    live.say(":quit");
    let (code, lines) = live.end();
    assert_eq!(code, 0, "{lines:#?}");
}

#[test]
fn an_interaction_without_an_answer_is_logged_by_what_was_used() {
    let place = Place::with(&["faulty"]);
    let mut live = Live::play(&place, &[]);
    live.say("!faulty buttons");
    live.expect("press");
    live.say(":faults POST /interactions/* 403 9");
    live.say("/faulty op:error");
    let line = live.expect("failed to answer an interaction: ");
    assert!(line.contains(r#" command="faulty""#) && !line.contains(" id="), "{line}");
    live.say(":press error");
    let line = live.expect("failed to answer an interaction: ");
    assert!(line.contains(r#" id="faulty:error""#) && !line.contains(" command="), "{line}");
    assert_eq!(live.end().0, 0);
}

#[test]
fn answers_are_waited_for_when_stdin_ends() {
    let place = Place::with(&["ping"]);
    let mut live = Live::start(&place, &["play", "--cogs", "cogs"]);
    live.say("!ping one");
    live.say("/ping text:two");
    let (code, lines) = live.end();
    assert_eq!(code, 0, "{lines:#?}");
    for answer in ["pong one", "pong two"] {
        assert!(
            lines.iter().any(|line| line.contains("bot") && line.contains(answer)
                || line.contains(&format!("-> #general \"{answer}\""))),
            "{answer} is not in {lines:#?}"
        );
    }
}

#[test]
fn time_that_is_advanced_at_the_prompt_brings_what_cogs_have_planned() {
    let place = Place::with(&["remind"]);
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n[store]\npath = \"gearshift.db\"\n");
    let mut live = Live::start(&place, &["play"]);
    live.say("!remind 1h tea is ready");
    live.say(":time advance 2h");
    let (code, lines) = live.end();
    assert_eq!(code, 0, "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("bot: ") && line.contains("tea is ready")), "{lines:#?}");
}

#[test]
fn a_library_that_appears_is_loaded_and_one_that_goes_is_retired() {
    let place = Place::with(&["ping"]);
    let mut live = Live::play(&place, &[]);
    let counter = library("counter");
    let there = place.path().join("cogs").join(counter.file_name().unwrap());
    fs::copy(&counter, &there).unwrap();
    live.expect("`counter#1` was loaded");
    live.say("!count");
    live.expect("1 for you, 1 for everybody");
    fs::remove_file(&there).unwrap();
    live.expect("`counter#1` was unloaded");
    live.say("!ping still");
    live.expect("bot (reply): pong still");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_cogs_log_lines_carry_its_name_and_generation() {
    let place = Place::with(&["faulty"]);
    let mut live = Live::play(&place, &[]);
    live.say("!faulty flood 1 log");
    live.expect("faulty#1: ");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
}

#[test]
fn the_log_is_json_on_demand() {
    let place = Place::with(&["ping"]);
    let config = "[cogs]\nfolder = \"cogs\"\n[log]\nformat = \"json\"\n";
    place.file("gearshift.toml", config);
    let mut live = Live::start(&place, &["play"]);
    let line = live.expect("ready; the control socket is");
    let entry: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(entry["level"], "INFO");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
}

#[test]
fn the_first_signal_closes_in_order_and_the_second_ends_at_once() {
    let place = Place::with(&["faulty"]);
    for (signal, at_once) in [(2, 130), (15, 143)] {
        let mut live = Live::play(&place, &[]);
        live.signal(signal);
        live.expect("closing; a second signal ends at once");
        let (code, lines) = live.end();
        assert_eq!(code, 0, "{lines:#?}");

        // A cog that blocks its thread when its state is saved keeps the host from closing for a while.
        let mut command = gearshift(&place);
        command.args(["play", "--cogs", "cogs"]).env("GEARSHIFT_FAULTY", "save=block 30000");
        let mut live = Live::spawn(&mut command);
        live.expect("ready; the control socket is");
        live.signal(signal);
        live.expect("closing; a second signal ends at once");
        live.insist(signal);
        let (code, lines) = live.end();
        assert_eq!(code, at_once, "{lines:#?}");
    }
}

#[test]
fn what_is_kept_in_the_store_is_there_after_a_restart() {
    let place = Place::with(&["counter"]);
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n[store]\n");
    for answer in ["1 for everybody", "2 for everybody"] {
        let mut live = Live::start(&place, &["play"]);
        live.expect("ready; the control socket is");
        live.say("!count");
        live.expect(answer);
        live.say(":quit");
        assert_eq!(live.end().0, 0);
    }
}

#[test]
fn how_many_commands_were_created_is_not_known_of_a_discord_that_is_new_each_time() {
    let place = Place::with(&["ping"]);
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n[store]\npath = \"gearshift.db\"\n");
    let play = || {
        let mut live = Live::start(&place, &["play"]);
        live.say("/ping text:hi");
        live.expect("/ping by alice -> #general \"pong hi\"");
        live.say(":quit");
        assert_eq!(live.end().0, 0);
    };
    play();
    let store = rusqlite::Connection::open(place.path().join("gearshift.db")).unwrap();
    let count = "SELECT count(*) FROM cog_value WHERE key = 'command-creates'";
    assert_eq!(store.query_row(count, [], |row| row.get(0)), Ok(0), "another Discord may have the store too");
    // As many as one Discord allows per day, at a time in the future.
    let all = format!("{{\"global\":[{{\"at_ms\":{},\"count\":200}}],\"guilds\":{{}}}}", u64::MAX);
    let kept = "INSERT OR REPLACE INTO cog_value (cog, key, value) VALUES ('@host', 'command-creates', ?1)";
    store.execute(kept, [all.as_bytes()]).unwrap();
    drop(store);
    play();
}

#[test]
fn a_world_file_is_played_kept_for_the_next_time_and_all_of_it_written_down() {
    let place = Place::with(&["counter"]);
    place.file(
        "world.toml",
        "[[guilds]]\nname = \"Lab\"\nowner = \"zoe\"\n[[guilds.channels]]\nname = \"bench\"\n",
    );
    let config = "[cogs]\nfolder = \"cogs\"\n[store]\npath = \"store.db\"\n[play]\nworld = \"world.toml\"\nkeep = \"kept\"\n";
    place.file("gearshift.toml", config);
    let play = || Live::start(&place, &["play", "--as", "zoe", "--transcript", "all.jsonl"]);
    let mut live = play();
    live.say("!count");
    live.expect("#bench bot (reply): 1 for you, 1 for everybody");
    live.say("remember this");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
    let entries = fs::read_to_string(place.path().join("all.jsonl")).unwrap();
    let printed: Vec<serde_json::Value> =
        entries.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = |text: &str| printed.iter().any(|entry| entry["message"]["content"] == text);
    assert!(said("!count") && said("1 for you, 1 for everybody") && said("remember this"), "{entries}");
    assert!(printed.iter().any(|entry| entry["what"] == "rest"), "{entries}");

    let mut live = play();
    live.say(":delete");
    live.expect("#bench zoe deleted ");
    live.say(":quit");
    assert_eq!(live.end().0, 0);

    place.file("world.toml", "[[guilds]]\nname = \"Lab\"\nowner = \"zoe\"\nchanels = []\n");
    let (code, lines) = play().end();
    assert_eq!(code, 65, "{lines:#?}");
    assert!(
        lines.iter().any(|line| line.contains("world.toml, line 4") && line.contains("`channels`")),
        "{lines:#?}"
    );
}

#[test]
fn the_page_is_where_it_was_when_the_bot_is_started_again() {
    let place = Place::with(&["ping"]);
    let link = || {
        let mut live = Live::start(&place, &["play", "--cogs", "cogs"]);
        let link = live.expect("The page is at http://127.0.0.1:");
        live.say(":quit");
        assert_eq!(live.end().0, 0);
        link
    };
    let first = link();
    assert!(first.contains("/#token="), "{first}");
    assert_eq!(link(), first);
}
