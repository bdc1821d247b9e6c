//! `gearshift state`: saved states are listed, exported, imported and dropped, with a running host and without one.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::program::{Ended, Live, Place, gearshift, run};

const CONFIG: &str = "[cogs]\nfolder = \"cogs\"\n[store]\nlock_timeout_ms = 50\n";

/// A place where `counter` has counted once, and its state is saved.
fn counted() -> (Place, Live) {
    let place = Place::with(&["counter"]);
    place.file("gearshift.toml", CONFIG);
    let mut live = Live::play(&place, &[]);
    live.say("!count");
    live.expect("1 for you");
    assert_eq!(run(&place, &["cogs", "unload", "counter"]).code, 0);
    (place, live)
}

fn state(place: &Place, arguments: &[&str]) -> Ended {
    run(place, &[&["state"], arguments].concat())
}

/// Runs it, and expects it to succeed.
fn done(place: &Place, arguments: &[&str]) -> String {
    let ended = state(place, arguments);
    assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.err);
    ended.out
}

/// Exports, drops and imports a state; the exported text stays the same.
fn takes_it_out_and_puts_it_back(place: &Place, name: &str) -> String {
    let listed = done(place, &["list"]);
    assert!(listed.lines().nth(1).unwrap().starts_with("counter  2 "), "{listed}");
    let exported = done(place, &["export", "counter"]);
    assert_eq!(done(place, &["export", "counter", "-"]), exported);
    assert!(!place.path().join("-").exists());
    let said = done(place, &["export", "counter", name]);
    assert!(said.starts_with("exported the state of `counter`: "), "{said}");
    assert_eq!(fs::read_to_string(place.path().join(name)).unwrap(), exported);
    assert_eq!(fs::metadata(place.path().join(name)).unwrap().permissions().mode() & 0o777, 0o600);

    let dropped = done(place, &["drop", "counter"]);
    assert!(dropped.starts_with("dropped the state of `counter`: "), "{dropped}");
    assert!(dropped.contains(" bytes of version 2, saved "), "{dropped}");
    assert_eq!(done(place, &["list"]), "no state is saved\n");
    let none = state(place, &["drop", "counter"]);
    assert_eq!((none.code, none.err.lines().last().unwrap()), (1, "help: no state is saved"));

    let imported = done(place, &["import", "counter", name]);
    assert!(imported.starts_with("imported the state of `counter`: "), "{imported}");
    let mut import = gearshift(place);
    let stdin = fs::File::open(place.path().join(name)).unwrap();
    let imported = import.args(["state", "import", "counter", "-"]).stdin(stdin).output().unwrap();
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    assert_eq!(done(place, &["export", "counter"]), exported);
    exported
}

#[test]
fn a_state_is_exported_dropped_and_imported_on_a_running_host() {
    let (place, mut live) = counted();
    takes_it_out_and_puts_it_back(&place, "counter.json");
    assert_eq!(run(&place, &["cogs", "load", "counter"]).code, 0);
    live.say("!count");
    live.expect("2 for you");
    // An earlier export is not overwritten.
    let again = state(&place, &["export", "counter", "counter.json"]);
    assert_eq!(again.code, 73);
    assert!(again.err.starts_with("error: `counter.json` already exists"), "{}", again.err);
    assert_eq!(live.end().0, 0);
}

#[test]
fn without_a_host_the_stores_file_itself_is_used() {
    let (place, live) = counted();
    assert_eq!(live.end().0, 0);
    takes_it_out_and_puts_it_back(&place, "counter.json");
    let listed = state(&place, &["list", "--json"]);
    assert!(listed.err.starts_with("note: no host is running; using `"), "{}", listed.err);
    let listed: serde_json::Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!((&listed[0]["cog"], &listed[0]["version"]), (&"counter".into(), &2.into()));
    // Another cog can get it, for example if a cog was renamed.
    let renamed = done(&place, &["import", "tally", "counter.json"]);
    assert!(renamed.starts_with("imported the state of `counter` for `tally`: "), "{renamed}");
    assert_eq!(done(&place, &["list"]).lines().count(), 3);
    let mut live = Live::play(&place, &[]);
    live.say("!count");
    live.expect("2 for you");
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_store_that_a_host_has_open_is_used_by_that_host_only() {
    let (place, live) = counted();
    assert_eq!(live.end().0, 0);
    // Only the store's lock shows that this host runs, as its socket is elsewhere.
    let live = Live::play(&place, &["--socket", "elsewhere.sock"]);
    let refused = state(&place, &["drop", "counter"]);
    assert_eq!(refused.code, 69);
    assert!(refused.err.contains("another process has locked it"), "{}", refused.err);
    assert!(done(&place, &["list", "--socket", "elsewhere.sock"]).contains("counter"));
    assert_eq!(live.end().0, 0);
}

#[test]
fn the_state_of_a_cog_that_serves_is_exported_and_not_changed() {
    let (place, live) = counted();
    done(&place, &["export", "counter", "counter.json"]);
    assert_eq!(run(&place, &["cogs", "load", "counter"]).code, 0);
    for arguments in [&["drop", "counter"][..], &["import", "counter", "counter.json"]] {
        let refused = state(&place, arguments);
        assert_eq!(refused.code, 1);
        let mut lines = refused.err.lines();
        let error =
            "error: cannot change the saved state of `counter`: `counter#2` serves, and would save over it";
        assert_eq!(lines.next(), Some(error));
        assert_eq!(lines.next(), Some("help: `gearshift cogs unload counter` first; its file stays"));
    }
    assert!(done(&place, &["export", "counter"]).contains("\"cog\":\"counter\""));
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_state_that_a_cog_cannot_read_names_the_way_out_and_the_way_out_works() {
    let (place, mut live) = counted();
    let exported = done(&place, &["export", "counter"]);
    place.file("newer.json", &exported.replace("\"version\":2", "\"version\":99"));
    let imported = done(&place, &["import", "counter", "newer.json"]);
    assert!(imported.contains("; it replaces ") && imported.contains(" of version 2, saved "), "{imported}");
    let refused = run(&place, &["cogs", "load", "counter"]);
    assert_eq!(refused.code, 1);
    let help = refused.err.lines().find(|line| line.starts_with("help: ")).unwrap();
    assert!(help.contains("`#[serde(default)]`") && help.contains("`#[migrate]`"), "{help}");
    for step in [
        "`gearshift cogs unload counter`",
        "`gearshift state export counter FILE`",
        "`gearshift state drop counter`",
        "`gearshift cogs load counter`",
    ] {
        assert!(help.contains(step), "{help}");
        let command = step.trim_matches('`').replace("FILE", "kept.json");
        let ended = run(&place, &command.split(' ').skip(1).collect::<Vec<_>>());
        assert_eq!(ended.code, 0, "{step}: {}", ended.err);
    }
    live.say("!count");
    live.expect("1 for you");
    let kept = fs::read_to_string(place.path().join("kept.json")).unwrap();
    assert!(kept.contains("\"version\":99"), "{kept}");
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_file_that_holds_no_state_is_65_and_changes_nothing() {
    let (place, live) = counted();
    assert_eq!(live.end().0, 0);
    let exported = done(&place, &["export", "counter"]);
    for (text, why) in [
        (String::new(), "EOF while parsing"),
        ("[1]".to_owned(), "it is not an exported state: "),
        (exported[..exported.len() / 2].to_owned(), "line 1 column "),
        (exported.replace("\"version\":2", "\"version\":\"2\""), "`version`: invalid type"),
        (exported.replace("\"bytes\":\"", "\"bytes\":\"!"), "`bytes`: not base64"),
        (exported.replace("\"gearshift_state\":1", "\"gearshift_state\":7"), "it has format 7"),
    ] {
        let file = place.file("wrong.json", &text);
        let refused = state(&place, &["import", "counter", &file]);
        assert_eq!(refused.code, 65, "{why}: {}", refused.err);
        assert!(
            refused.err.starts_with("error: cannot import `") && refused.err.contains(why),
            "{}",
            refused.err
        );
    }
    assert_eq!(state(&place, &["import", "counter", "nowhere.json"]).code, 65);
    assert_eq!(done(&place, &["export", "counter"]), exported);
}

#[test]
fn a_state_above_the_limit_is_refused_and_what_was_saved_stays() {
    let (place, live) = counted();
    let exported = done(&place, &["export", "counter"]);
    assert_eq!(live.end().0, 0);
    place.file("gearshift.toml", &format!("{CONFIG}[limits]\nstate_max_bytes = 1024\n"));
    let (before, _) = exported.split_once("\"bytes\":\"").unwrap();
    place.file("large.json", &format!("{before}\"bytes\":\"{}\"}}", "AAAA".repeat(342)));
    let live = Live::play(&place, &[]);
    assert_eq!(run(&place, &["cogs", "unload", "counter"]).code, 0);
    let refused = state(&place, &["import", "counter", "large.json"]);
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(
        refused.err.contains("1026 bytes are more than 1024 (`[limits] state_max_bytes`)"),
        "{}",
        refused.err
    );
    // This one is not even read to its end.
    place.file("huge.json", &format!("{before}\"bytes\":\"{}\"}}", "AAAA".repeat(1 << 20)));
    let refused = state(&place, &["import", "counter", "huge.json"]);
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(refused.err.contains("size `[limits] state_max_bytes` limits"), "{}", refused.err);
    assert_eq!(done(&place, &["list"]).lines().count(), 2);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_host_without_a_store_says_so() {
    let place = Place::with(&[]);
    assert_eq!(state(&place, &["list"]).code, 69, "there is neither a host nor a config file");
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n[store]\n");
    let none = state(&place, &["list"]);
    assert_eq!(none.code, 1);
    assert!(none.err.starts_with("error: no state is saved: there is no file `"), "{}", none.err);
    assert!(!place.path().join("gearshift.db").exists(), "looking makes no file");
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n");
    let none = state(&place, &["list"]);
    assert_eq!(none.code, 78);
    assert!(none.err.contains("gearshift.toml has no section `[store]`"), "{}", none.err);
    let live = Live::play(&place, &[]);
    let none = state(&place, &["list"]);
    assert_eq!(
        (none.code, none.err.lines().next()),
        (1, Some("error: this host saves no states: it has no store"))
    );
    assert_eq!(live.end().0, 0);
}
