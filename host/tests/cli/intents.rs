//! A cog that listens to events which the intents do not include: reported when it is loaded, in `cogs list` and in
//! `check`.

use serde_json::Value;

use crate::{
    libraries::library,
    program::{Live, Place, run},
    running,
};

const SAID: &str = "it listens to MESSAGE_CREATE, which never arrives: `[discord] intents` has no `guild_messages` or \
                    `direct_messages`";

#[test]
fn a_cog_that_listens_to_what_never_comes_is_warned_about_at_each_load_and_in_the_list() {
    let place = Place::with(&["faulty", "poll"]);
    let (_runtime, sim) = running::discord(&place, "intents = [\"guilds\"]\n");
    let mut live = running::run(&place, sim.token());
    let line = live.expect(SAID);
    assert!(line.contains("WARN") && line.contains("faulty#1"), "{line}");
    live.expect("ready; the control socket is");
    let reloaded = run(&place, &["cogs", "reload", "faulty"]);
    assert!(reloaded.out.contains(SAID), "{} {}", reloaded.out, reloaded.err);
    let line = live.expect(SAID);
    assert!(line.contains("WARN") && line.contains("faulty#2"), "{line}");

    let listed = run(&place, &["cogs", "list"]).out;
    let lines: Vec<&str> = listed.lines().filter(|line| line.contains("which never arrives")).collect();
    assert_eq!(lines, [format!("faulty: {SAID}")]);
    let listed: Value = serde_json::from_str(&run(&place, &["cogs", "list", "--json"]).out).unwrap();
    let missing = &listed["cogs"][0]["missing_intents"];
    assert_eq!(missing[0]["events"], serde_json::json!(["MESSAGE_CREATE"]));
    assert_eq!(missing[0]["any_of"], serde_json::json!(["guild_messages", "direct_messages"]));
    assert_eq!(listed["cogs"][1]["missing_intents"], serde_json::json!([]));
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_check_warns_by_the_default_intents_or_those_of_a_config() {
    let place = Place::with(&[]);
    let faulty = library("faulty");
    let faulty = faulty.to_str().unwrap();
    let checked = run(&place, &["check", faulty]);
    assert_eq!((checked.code, checked.out.contains("warning: ")), (0, false), "{}", checked.out);
    place.file("gearshift.toml", "[discord]\nintents = [\"guilds\"]\n");
    let checked = run(&place, &["check", "--config", "gearshift.toml", faulty]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
    assert!(checked.out.contains(&format!("\n  warning: {SAID}\n  ok\n")), "{}", checked.out);
    place.file("gearshift.toml", "[discord]\nintents = [\"guild\"]\n");
    assert_eq!(run(&place, &["check", "--config", "gearshift.toml", faulty]).code, 78);
}

#[test]
fn without_a_gateway_nothing_is_missing() {
    let place = Place::with(&["faulty"]);
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n");
    let mut live = Live::start(&place, &["run"]);
    live.expect("ready; the control socket is");
    assert!(!run(&place, &["cogs", "list"]).out.contains("never"));
    live.signal(15);
    assert_eq!(live.end().0, 0);
}
