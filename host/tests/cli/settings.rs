//! Changes of a cog's settings in the config file are applied while the host runs.

use crate::{
    libraries::library,
    program::{Live, Place, gearshift, run},
    running::{ask, discord, run as serve},
};

#[test]
fn a_cog_is_reloaded_when_its_settings_change_in_the_file_and_a_wrong_one_changes_nothing() {
    let place = Place::with(&["faulty"]);
    let (runtime, sim) = discord(&place, "");
    let mut live = serve(&place, sim.token());
    live.expect("ready; the control socket is");
    let before = std::fs::read_to_string(place.path().join("gearshift.toml")).unwrap();
    let set = |lines: &str| {
        place.file("gearshift.toml", &format!("{before}\n[cog.faulty.settings]\n{lines}\n"));
    };
    set("text = \"hi\"");
    live.expect("its settings have changed");
    live.expect("replaced");
    assert_eq!(ask(&runtime, &sim, "!faulty settings").content, "text `hi`, numbers []");
    set("text = 3");
    live.expect("`cog.faulty.settings.text`: invalid type: integer `3`, expected a string");
    set("text = ");
    live.expect("the settings of the cogs stay as they are: ");
    set("text = \"hi\"\n[limits]\nlane_queu = 3\nstuck_after_ms = 0");
    live.expect("unknown key `limits.lane_queu`; did you mean `lane_queue`?");
    let second = live.expect("`limits.stuck_after_ms`");
    assert!(second.starts_with("    ") && !second.contains("\\n"), "a line of its own: {second}");
    assert_eq!(ask(&runtime, &sim, "!faulty settings").content, "text `hi`, numbers []");
    let shown = run(&place, &["cogs", "info", "faulty"]);
    assert!(shown.out.contains("faulty#2") && shown.out.contains("events: MESSAGE_CREATE"), "{}", shown.out);
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_config_that_is_gone_is_named_once_and_followed_when_it_is_there_again() {
    let place = Place::with(&["faulty"]);
    let (runtime, sim) = discord(&place, "");
    let file = place.path().join("gearshift.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    let set = |text: &str| format!("{before}\n[cog.faulty.settings]\ntext = \"{text}\"\n");
    place.file("gearshift.toml", &set("one"));
    let mut live = serve(&place, sim.token());
    live.expect("ready; the control socket is");
    place.file("gearshift.toml", &set("two"));
    live.expect("replaced");
    std::fs::remove_file(&file).unwrap();
    let said = live.expect(" is missing or empty; its last settings apply until it is back");
    assert!(said.contains("gearshift.toml"), "{said}");
    assert_eq!(ask(&runtime, &sim, "!faulty settings").content, "text `two`, numbers []");
    place.file("gearshift.toml", &set("three"));
    live.expect("its settings have changed");
    live.expect("replaced");
    live.signal(15);
    let (code, lines) = live.end();
    let said = lines.iter().filter(|line| line.contains(" is missing or empty")).count();
    assert_eq!((code, said), (0, 1), "{}", lines.join("\n"));
}

#[test]
fn a_cog_that_changes_the_working_directory_takes_neither_config_nor_socket_away() {
    let place = Place::with(&["faulty"]);
    let (runtime, sim) = discord(&place, "");
    let before = std::fs::read_to_string(place.path().join("gearshift.toml")).unwrap();
    let socket = ["--socket", "c.sock"];
    let mut live =
        Live::spawn(gearshift(&place).args(["run"]).args(socket).env("DISCORD_TOKEN", sim.token()));
    live.expect("ready; the control socket is");
    assert_eq!(ask(&runtime, &sim, "!faulty chdir").content, "in /");
    std::fs::remove_file(place.path().join("c.sock")).unwrap();
    live.expect("c.sock` had been removed; it was created again");
    place.file("gearshift.toml", &format!("{before}\n[cog.faulty.settings]\ntext = \"hi\"\n"));
    live.expect("its settings have changed");
    live.expect("replaced");
    let restarted = run(&place, &[&["restart"], &socket[..]].concat());
    assert_eq!(restarted.code, 0, "{}", restarted.err);
    live.expect("ready; the control socket is");
    assert_eq!(run(&place, &[&["status"], &socket[..]].concat()).code, 0);
    assert_eq!(ask(&runtime, &sim, "!faulty settings").content, "text `hi`, numbers []");
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_config_that_cannot_be_read_when_it_changes_is_read_when_it_can_be() {
    let place = Place::with(&["ping"]);
    let text = "[cogs]\nfolder = \"cogs\"\n";
    place.file("gearshift.toml", text);
    let mut live = Live::play(&place, &[]);
    live.limit_files(3);
    place.file("gearshift.toml", &format!("{text}[cog.ping]\nlane = \"process\"\n"));
    let said = live.expect("the settings of the cogs stay as they are: ");
    assert!(said.contains("os error 24"), "{said}");
    live.limit_files(1024);
    live.expect("its settings have changed");
    live.signal(15);
    let (code, lines) = live.end();
    let said = lines.iter().filter(|line| line.contains("stay as they are")).count();
    assert_eq!((code, said), (0, 1), "{}", lines.join("\n"));
}

#[test]
fn a_cog_that_comes_with_its_section_of_the_config_is_not_loaded_without_it() {
    let section = |text: &str| format!("\n[cog.faulty]\nlane = \"process\"\nsettings.text = \"{text}\"\n");
    let place = Place::with(&["ping"]);
    let (runtime, sim) = discord(&place, "");
    // So that only a newly loaded library makes the host check its config.
    let once_an_hour = |text: String| text.replace("[cogs]", "[cogs]\npoll_ms = 3600000");
    let before = once_an_hour(std::fs::read_to_string(place.path().join("gearshift.toml")).unwrap());
    place.file("gearshift.toml", &before);
    let mut live = serve(&place, sim.token());
    live.expect("ready; the control socket is");
    place.file("gearshift.toml", &(before.clone() + &section("hi")));
    let (new, there) = (place.path().join("new.so"), place.path().join("cogs/faulty.so"));
    std::fs::copy(library("faulty"), &new).unwrap();
    std::fs::rename(new, there).unwrap();
    live.expect("`faulty#1` was loaded");
    assert_eq!(ask(&runtime, &sim, "!faulty settings").content, "text `hi`, numbers []");
    let shown = run(&place, &["cogs", "list", "--json"]).out;
    let list: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(list["cogs"][0]["lane"], "process", "{shown}");
    // The same with an order.
    assert_eq!(run(&place, &["cogs", "unload", "faulty"]).code, 0);
    place.file("gearshift.toml", &(before + &section("bye")));
    assert_eq!(run(&place, &["cogs", "load", "faulty"]).code, 0);
    assert_eq!(ask(&runtime, &sim, "!faulty settings").content, "text `bye`, numbers []");
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_cog_that_lacks_a_setting_where_there_is_no_config_comes_as_its_help_says() {
    let place = Place::with(&["welcome"]);
    let mut live = Live::start(&place, &["play", "--cogs", "cogs"]);
    live.expect("gearshift.toml: `cog.welcome.settings`: missing field `channel`");
    live.expect("create the file if it does not exist: the cog is tried again when the file changes");
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n[cog.welcome.settings]\nchannel = 200\n");
    live.expect("`welcome#2` was loaded");
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_cog_that_a_stricter_section_could_not_replace_is_shown_with_what_it_may_and_where_it_lives() {
    let place = Place::with(&["faulty"]);
    let (runtime, sim) = discord(&place, "[store]\n");
    let mut live = serve(&place, sim.token());
    live.expect("ready; the control socket is");
    let before = std::fs::read_to_string(place.path().join("gearshift.toml")).unwrap();
    ask(&runtime, &sim, "!faulty arm setup error");
    let section = "\n[cog.faulty]\nlane = \"process\"\nhandles = [\"discord.reply\", \"store\"]\n";
    place.file("gearshift.toml", &(before + section));
    let words = "with its previous settings: `lane = \"thread\"`, `handles` that allow everything";
    live.expect(&format!("`faulty#1` keeps serving {words}; it is tried again"));
    let listed = run(&place, &["cogs", "list"]).out;
    assert!(listed.contains(&format!("faulty serves {words}")), "{listed}");
    let status = || {
        let shown = run(&place, &["cogs", "info", "faulty", "--json"]).out;
        serde_json::from_str::<serde_json::Value>(&shown).unwrap()
    };
    let (thread, everything) = (serde_json::json!("thread"), serde_json::Value::Null);
    let shown = status();
    assert_eq!((&shown["lane"], &shown["handles"]), (&thread, &everything), "{shown}");
    // It is still allowed to change its behaviour.
    ask(&runtime, &sim, "!faulty disarm");
    live.expect("was replaced by");
    let shown = status();
    assert_eq!(shown["lane"], "process", "{shown}");
    assert_eq!(shown["handles"], serde_json::json!(["discord.reply", "store"]));
    assert_eq!(shown["outdated"], serde_json::json!([]));
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_config_that_is_cut_off_to_be_written_takes_no_cog_out_of_its_process() {
    let place = Place::with(&["faulty"]);
    let config = "[cogs]\nfolder = \"cogs\"\n[cog.faulty]\nlane = \"process\"\n";
    place.file("gearshift.toml", config);
    let mut live = Live::play(&place, &[]);
    place.file("gearshift.toml", &format!("{config}settings.text = \"hi\"\n"));
    live.expect("replaced");
    place.file("gearshift.toml", "");
    live.expect(" is missing or empty; its last settings apply until it is back");
    let reloaded = run(&place, &["cogs", "reload", "faulty", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&reloaded.out).unwrap();
    assert!(report["process"].is_u64(), "{report}");
    live.signal(15);
    assert_eq!(live.end().0, 0);
}
