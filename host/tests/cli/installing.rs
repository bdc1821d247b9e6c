//! `gearshift install`, `update`, `rollback` and related commands, on a folder that no host serves.

use std::fs;

use gearshift_host::packages::AuthorTexts;
use serde_json::{Value, json};

use crate::{
    program::{Ended, Place, run},
    versions::{content, forge, pack, pack_with, with_manifest},
};

/// A place with packages of `ping` in these versions.
pub(crate) fn place(versions: &[&str]) -> Place {
    let place = Place::with(&[]);
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n");
    for version in versions {
        pack(&place, "ping", version, |_| {});
    }
    place
}

#[track_caller]
pub(crate) fn ok(place: &Place, arguments: &[&str]) -> Ended {
    let ended = run(place, arguments);
    assert_eq!(ended.code, 0, "{arguments:?}: {}{}", ended.out, ended.err);
    ended
}

#[track_caller]
pub(crate) fn fails(place: &Place, arguments: &[&str], why: &str) -> Ended {
    let ended = run(place, arguments);
    assert_eq!(ended.code, 1, "{arguments:?}: {}{}", ended.out, ended.err);
    assert!(ended.err.contains(why), "{arguments:?}: {}{}", ended.out, ended.err);
    ended
}

/// What `list --json` shows for one cog.
pub(crate) fn listed(place: &Place, cog: &str) -> Value {
    let listed = ok(place, &["list", "--json"]).out;
    let lines = listed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.into_iter().find(|line| line["cog"] == cog).unwrap_or_default()
}

pub(crate) fn holds(place: &Place, version: &str) -> bool {
    content(&place.path().join("cogs/libping.so")) == Some(with_manifest("ping", version, |_| {}))
}

#[test]
fn a_cog_is_installed_updated_rolled_back_and_uninstalled() {
    let place = place(&["1.0.0", "1.1.0", "2.0.0-rc.1"]);
    let installed = ok(&place, &["install", "./packages/ping:1.0.0"]);
    assert!(
        installed.out.starts_with("ping: installed 1.0.0: no host is running; it passed"),
        "{}",
        installed.out
    );
    assert!(holds(&place, "1.0.0"));
    let stays = ok(&place, &["update"]).out;
    assert!(
        stays.starts_with("ping: 1.0.0 stays: exactly this version was asked for; `gearshift"),
        "{stays}"
    );
    assert!(stays.contains("packages/ping` asks for the newest"), "{stays}");
    ok(&place, &["install", "./packages/ping@^1"]);
    assert!(holds(&place, "1.1.0"));
    pack(&place, "ping", "1.2.0", |_| {});
    let dry = ok(&place, &["update", "--dry-run"]);
    assert!(dry.out.starts_with("ping: 1.1.0 → 1.2.0 from "), "{}", dry.out);
    assert!(holds(&place, "1.1.0"));
    let newest = listed(&place, "ping");
    assert_eq!((&newest["version"], &newest["newest"]), (&json!("1.1.0"), &json!("1.2.0")));
    assert!(ok(&place, &["list", "--outdated"]).out.contains("1.2.0"));
    ok(&place, &["update", "ping"]);
    assert!(holds(&place, "1.2.0"));
    assert!(!ok(&place, &["list", "--outdated"]).out.contains("1.2.0"));
    ok(&place, &["verify"]);

    ok(&place, &["rollback", "ping"]);
    assert!(holds(&place, "1.1.0"));
    ok(&place, &["rollback", "ping"]);
    assert!(holds(&place, "1.0.0"));
    fails(&place, &["rollback", "ping"], "no version of `ping` that is older than 1.0.0 is kept: 1.");
    ok(&place, &["rollback", "ping", "1.2.0"]);
    assert!(holds(&place, "1.2.0"));
    fails(&place, &["rollback", "ping", "3.0.0"], "version 3.0.0 of `ping` is not kept: ");
    ok(&place, &["verify"]);

    // A name that is given twice is done once.
    let gone = ok(&place, &["uninstall", "ping", "ping", "--json"]);
    let gone: Value = serde_json::from_str(&gone.out).unwrap();
    assert_eq!((&gone["outcome"], &gone["from"]), (&json!("uninstalled"), &json!("1.2.0")));
    assert!(!place.path().join("cogs/libping.so").exists());
    assert_eq!(fs::read_dir(place.path().join(".gearshift/packages")).unwrap().count(), 0);
    fails(&place, &["uninstall", "ping"], "error: `ping` is not installed");
    assert!(ok(&place, &["verify"]).out.contains("nothing is installed"));
}

#[test]
fn a_pinned_cog_stays_and_an_older_version_is_installed_only_with_consent() {
    let place = place(&["1.0.0", "1.1.0"]);
    ok(&place, &["install", "./packages/ping"]);
    fails(
        &place,
        &["install", "./packages/ping:1.0.0"],
        "`ping` stays 1.1.0: update of `ping 1.0.0`: 1.1.0 is",
    );
    ok(&place, &["install", "./packages/ping:1.0.0", "--yes"]);
    assert!(holds(&place, "1.0.0"));
    ok(&place, &["install", "./packages/ping"]);
    // It is kept, as a rollback was not requested.
    fails(&place, &["install", "./packages/ping:1.0.0"], "1.1.0 is installed, which is newer");
    assert!(ok(&place, &["pin", "ping", "1.0.0"]).out.contains("ping: pinned to 1.0.0"));
    assert!(holds(&place, "1.0.0"));
    assert!(ok(&place, &["update"]).out.contains("ping: 1.0.0 stays: it is pinned"));
    assert!(holds(&place, "1.0.0"));
    fails(&place, &["install", "./packages/ping"], "`ping` is pinned to 1.0.0");
    ok(&place, &["unpin", "ping"]);
    ok(&place, &["update"]);
    assert!(holds(&place, "1.1.0"));
}

#[test]
fn withdrawn_versions_and_moved_tags_are_refused_with_a_reason() {
    let place = place(&["1.0.0", "1.1.0"]);
    ok(&place, &["install", "./packages/ping"]);
    let index = place.path().join("packages/ping/index.json");
    let text = fs::read_to_string(&index).unwrap();
    // An old state of the registry is offered again.
    fs::write(&index, text.replace("\"1.1.0\"", "\"withdrawn\"")).unwrap();
    fails(&place, &["update"], "is 1.0.0, and 1.1.0 is installed");
    // The old package under the name of the new version.
    fs::write(&index, text.replace("\"1.0.0\"", "\"x\"").replace("\"1.1.0\"", "\"1.2.0\"")).unwrap();
    fails(&place, &["update"], "ping:1.2.0` contains 1.1.0, but should contain 1.2.0");
    fs::remove_dir_all(place.path().join("packages")).unwrap();
    pack(&place, "ping", "1.1.0", |manifest| manifest["rustc"] = json!("another"));
    fails(&place, &["update"], "its tag has been moved");
    fails(&place, &["install", "./packages/ping"], "its tag has been moved");
    assert!(holds(&place, "1.1.0"));
    ok(&place, &["verify"]);
}

#[test]
fn versions_for_another_abi_are_skipped_and_named() {
    let place = place(&["1.0.0"]);
    pack(&place, "ping", "1.1.0", |manifest| manifest["abi"] = json!([900, 0]));
    pack(&place, "ping", "1.2.0", |manifest| manifest["target"] = json!("riscv64gc-unknown-linux-gnu"));
    let installed = ok(&place, &["install", "./packages/ping"]);
    assert!(installed.out.contains("ping: installed 1.0.0"), "{}", installed.out);
    for note in ["note: skipped 1.1.0: ", "it speaks ABI 900.0", "note: skipped 1.2.0: ", "riscv64gc"] {
        assert!(installed.out.contains(note), "{}", installed.out);
    }
    fails(&place, &["install", "./packages/ping@>1.0"], "no version of ");
    fails(&place, &["install", "./packages/ping:1.1.0"], "it speaks ABI 900.0, this host speaks ");
    assert!(holds(&place, "1.0.0"));
}

#[test]
fn missing_settings_of_a_version_are_shown_and_need_consent() {
    let place = place(&["1.0.0"]);
    ok(&place, &["install", "./packages/ping"]);
    let words = AuthorTexts {
        settings_schema: Some(json!({"required": ["channel", "role"]})),
        ..AuthorTexts::default()
    };
    pack_with(&place, "ping", "1.1.0", &words, |_| {});
    let needs = "it needs `channel`, `role` in `[cog.ping.settings]`";
    assert!(ok(&place, &["update", "--dry-run"]).out.contains(needs));
    fails(&place, &["update"], needs);
    assert!(holds(&place, "1.0.0"));
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n[cog.ping.settings]\nchannel = 1\nrole = 2\n");
    ok(&place, &["update"]);
    assert!(holds(&place, "1.1.0"));
    ok(&place, &["rollback", "ping"]);
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n");
    ok(&place, &["install", "./packages/ping", "--yes"]);
    assert!(holds(&place, "1.1.0"));
}

#[test]
fn handles_of_a_cog_are_shown_first_and_additional_ones_need_consent() {
    let place = place(&[]);
    let asks = |handles: Value| move |manifest: &mut Value| manifest["handles"] = handles;
    pack(&place, "ping", "1.0.0", asks(json!(["discord.reply"])));
    pack(&place, "counter", "1.0.0", |_| {});
    let installed = ok(&place, &["install", "./packages/ping", "./packages/counter"]).out;
    for note in [
        "note: it may ask the host for `discord.reply`; `[cog.ping] handles` allows less",
        "note: it may ask the host for everything; `[cog.counter] handles` allows less",
    ] {
        assert!(installed.contains(note), "{installed}");
    }
    // Fewer handles, the same ones written differently, and a version that was installed before need no confirmation.
    pack(&place, "ping", "1.1.0", asks(json!(["discord.reply:7"])));
    ok(&place, &["update", "ping"]);
    pack(&place, "ping", "1.2.0", asks(json!(["discord.reply", "store", "http:https://example.org"])));
    let more = "it asks the host for `discord.reply`, `store`, `http:https://example.org`, and the installed version does not";
    assert!(ok(&place, &["update", "--dry-run"]).out.contains(more));
    fails(&place, &["update", "ping"], more);
    assert_eq!(listed(&place, "ping")["version"], "1.1.0");
    // The comparison is with the installed version, even if its file is missing.
    fs::remove_file(place.path().join("cogs/libping.so")).unwrap();
    fails(&place, &["update", "ping"], more);
    ok(&place, &["update", "ping", "--yes"]);
    ok(&place, &["rollback", "ping"]);
    ok(&place, &["install", "./packages/ping:1.2.0"]);
    pack(&place, "ping", "1.3.0", |_| {});
    ok(&place, &["install", "./packages/ping:1.2.0"]);
    fails(
        &place,
        &["install", "./packages/ping"],
        "it asks the host for everything, and the installed version",
    );
    // The config decides, and no confirmation is needed.
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n[cog.ping]\nhandles = [\"discord.reply\"]\n");
    ok(&place, &["install", "./packages/ping"]);
    pack(&place, "ping", "1.4.0", asks(json!(["discord.reply", "api"])));
    let lacking = "note: it asks the host for `api`, which `[cog.ping] handles` does not allow";
    assert!(ok(&place, &["update", "ping"]).out.contains(lacking));
}

#[test]
fn a_library_that_asks_for_more_than_its_package_says_is_refused() {
    let place = place(&[]);
    pack(&place, "ping", "1.0.0", |manifest| manifest["handles"] = json!(["stats"]));
    forge(&place, "ping", "\"stats\"", "\"store\"");
    fails(
        &place,
        &["install", "./packages/ping"],
        "it asks the host for other handles than its package says",
    );
    assert!(!place.path().join("cogs/libping.so").exists());
}

#[test]
fn a_cog_that_would_keep_another_one_out_is_not_installed_though_no_host_runs() {
    let place = place(&["1.0.0"]);
    ok(&place, &["install", "./packages/ping"]);
    // Its file comes before that of `ping`.
    pack(&place, "counter", "1.0.0", |manifest| manifest["commands"][0]["name"] = json!("ping"));
    let ended = fails(&place, &["install", "./packages/counter"], "its command `/ping` belongs to `ping`");
    assert!(ended.err.contains("help: "), "{}", ended.err);
    assert!(!place.path().join("cogs/libcounter.so").exists());
    ok(&place, &["verify"]);
}

#[test]
fn a_version_that_fails_its_trial_is_not_installed_and_the_others_are() {
    let place = place(&["1.0.0"]);
    pack(&place, "counter", "1.0.0", |_| {});
    ok(&place, &["install", "./packages/ping", "./packages/counter"]);
    // The libraries in its packages are damaged below.
    pack(&place, "ping", "1.1.0", |manifest| manifest["panic"] = json!("unwind"));
    pack(&place, "counter", "1.1.0", |_| {});
    let broken = place.path().join("packages/ping/blobs/sha256");
    for entry in fs::read_dir(broken).unwrap() {
        let path = entry.unwrap().path();
        if fs::metadata(&path).unwrap().len() > 1 << 20 {
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&path, bytes).unwrap();
        }
    }
    let ended = fails(&place, &["update"], "error: `ping` stays 1.0.0: ");
    assert!(ended.err.contains("is damaged: it should be sha256:"), "{}", ended.err);
    assert!(ended.out.contains("counter: 1.0.0 → 1.1.0"), "{}", ended.out);
    assert!(holds(&place, "1.0.0"));
    ok(&place, &["verify"]);
}

#[test]
fn a_file_put_there_by_hand_is_left_alone_without_consent() {
    let place = place(&["1.0.0", "1.1.0"]);
    let by_hand = place.path().join("cogs/libmine.so");
    fs::write(&by_hand, with_manifest("ping", "0.9.0", |_| {})).unwrap();
    assert!(ok(&place, &["verify"]).out.contains("was put there by hand"));
    assert!(ok(&place, &["list"]).out.contains("put there by hand"));
    fs::write(&by_hand, with_manifest("ping", "0.9\u{1b}[2J", |it| it["name"] = "pi\nng".into())).unwrap();
    let shown = ok(&place, &["list"]).out + &ok(&place, &["verify"]).out;
    assert!(shown.contains("pi\\nng  0.9\\u{1b}[2J") && shown.contains("ok      pi\\nng: "), "{shown:?}");
    fs::write(&by_hand, with_manifest("ping", "0.9.0", |_| {})).unwrap();
    for command in ["uninstall", "update", "rollback", "pin"] {
        let why = "error: `ping` is not installed from a package: `";
        let ended = fails(&place, &[command, "ping"], why);
        assert!(ended.err.contains("cogs/libmine.so` was put there by hand\nhelp: `rm "), "{}", ended.err);
        assert!(ended.err.contains("`gearshift install REFERENCE --yes` replaces it"), "{}", ended.err);
    }
    fails(&place, &["install", "./packages/ping:1.0.0"], "libmine.so` was put there by hand and would be");
    ok(&place, &["install", "./packages/ping:1.0.0", "--yes"]);
    assert_eq!(content(&by_hand), Some(with_manifest("ping", "1.0.0", |_| {})));
    assert!(!place.path().join("cogs/libping.so").exists(), "two files would be one cog");
    // Changed again by hand.
    fs::write(&by_hand, with_manifest("ping", "0.9.1", |_| {})).unwrap();
    let wrong = run(&place, &["verify"]);
    assert_eq!(wrong.code, 1);
    assert!(wrong.out.contains("libmine.so` is not what was installed"), "{}", wrong.out);
    assert!(wrong.out.contains("help: `gearshift install --locked --yes` restores"), "{}", wrong.out);
    fails(&place, &["uninstall", "ping"], "was put there by hand");
    fails(&place, &["install", "./packages/ping"], "was put there by hand");
    ok(&place, &["install", "--locked", "--yes"]);
    ok(&place, &["verify"]);
    // Another cog under the file name that this one would get.
    ok(&place, &["uninstall", "ping"]);
    fs::write(place.path().join("cogs/libping.so"), with_manifest("counter", "1.0.0", |_| {})).unwrap();
    fails(&place, &["install", "./packages/ping"], "libping.so` is in the way: it is the cog `counter`");
}

#[test]
fn a_lock_is_installed_byte_for_byte_on_a_fresh_machine() {
    let place = place(&["1.0.0"]);
    pack(&place, "counter", "1.0.0", |_| {});
    ok(&place, &["install", "./packages/ping@^1", "./packages/counter"]);
    pack(&place, "ping", "1.1.0", |_| {});
    let fresh = Place::with(&[]);
    for file in ["gearshift.toml", "gearshift.lock"] {
        fresh.file(file, &fs::read_to_string(place.path().join(file)).unwrap());
    }
    fs::rename(place.path().join("packages"), fresh.path().join("packages")).unwrap();
    ok(&fresh, &["install", "--locked"]);
    assert!(holds(&fresh, "1.0.0"), "not the newest");
    for file in ["gearshift.lock", "cogs/libping.so", "cogs/libcounter.so"] {
        let [one, other] = [&place, &fresh].map(|it| content(&it.path().join(file)));
        assert!(one == other, "{file} is not the same");
    }
    ok(&fresh, &["verify"]);
    let again = ok(&fresh, &["install", "--locked"]);
    assert_eq!(again.out.matches("it matches the lock").count(), 2, "{}", again.out);
    // Packages that a registry has lost are reported, and the kept copies are enough.
    fs::rename(fresh.path().join("packages"), fresh.path().join("lost")).unwrap();
    fs::remove_file(fresh.path().join("cogs/libping.so")).unwrap();
    ok(&fresh, &["install", "--locked"]);
    assert!(holds(&fresh, "1.0.0"));
    fs::remove_dir_all(fresh.path().join(".gearshift/packages")).unwrap();
    fs::remove_file(fresh.path().join("cogs/libping.so")).unwrap();
    let lost = run(&fresh, &["install", "--locked"]);
    assert_eq!(lost.code, 1);
    assert!(lost.err.contains("packages/ping@sha256:"), "{}", lost.err);
    assert!(lost.err.contains("`, which is version 1.0.0, is no longer there"), "{}", lost.err);
}

#[test]
fn paths_are_shown_without_detours_and_a_cog_is_named_alone() {
    let place = place(&["1.0.0"]);
    fs::create_dir(place.path().join("d")).unwrap();
    place.file("gearshift.toml", "[cogs]\nfolder = \"./d/../cogs\"\n");
    let mut shown = ok(&place, &["new", "./d/../greeter"]).out;
    assert!(shown.contains("in `greeter`\n") && shown.contains("    cd greeter\n"), "{shown}");
    shown += &ok(&place, &["keys", "new", "./d/../mine", "--no-password"]).out;
    shown += &ok(&place, &["install", "./d/.././packages/ping", "--config", "d/../gearshift.toml"]).out;
    fs::write(place.path().join("cogs/libping.so"), "changed").unwrap();
    for command in
        [&["verify"][..], &["update"], &["list"], &["uninstall", "ping"], &["install", "./d/../x/ping"]]
    {
        let ended = run(&place, &[command, &["--config", "d/../gearshift.toml"]].concat());
        shown.extend([ended.out, ended.err]);
    }
    shown.push_str(&fs::read_to_string(place.path().join("gearshift.lock")).unwrap());
    assert!(shown.contains("cogs/libping.so") && shown.contains("source = \"./packages/ping\""), "{shown}");
    assert!(!shown.contains("/../") && !shown.contains("/./"), "{shown}");
    for name in ["ping:1.0.0", "./packages/ping", "ping@^1"] {
        let ended = fails(&place, &["update", name], "is not installed");
        assert!(ended.err.contains("help: give only the name of the cog: `ping`"), "{}", ended.err);
    }
}

#[test]
fn a_lock_or_a_reference_that_cannot_be_understood_changes_nothing() {
    let place = place(&["1.0.0", "1.1.0"]);
    ok(&place, &["install", "./packages/ping:1.0.0"]);
    let lock = fs::read_to_string(place.path().join("gearshift.lock")).unwrap();
    place.file("gearshift.lock", &lock.replace("version = \"1.0.0\"", "version = \"1.0\""));
    for command in [&["update"][..], &["list"], &["verify"], &["install", "./packages/ping"]] {
        let ended = run(&place, command);
        assert_eq!(ended.code, 65, "{command:?}: {}", ended.err);
        assert!(ended.err.contains("gearshift.lock:") && ended.err.contains("help: "), "{}", ended.err);
    }
    assert!(holds(&place, "1.0.0"));
    place.file("gearshift.lock", &lock);
    assert_eq!(run(&place, &["install", "ping"]).code, 2);
    fails(&place, &["install", "./packages/pong"], "there is no package `");
    fs::remove_dir_all(place.path().join("cogs")).unwrap();
    let ended = run(&place, &["install", "./packages/ping"]);
    assert_ne!(ended.code, 0);
    assert!(ended.err.contains("help: is `[cogs] folder` right?"), "{}", ended.err);
}
