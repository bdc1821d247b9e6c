//! Which version `gearshift install`, `update` and `rollback` choose from those of a source, and which source:
//! untrusted versions are skipped, versions that were rolled back are not installed again, and the source never changes
//! by itself.

use std::fs;

use gearshift_host::packages::{KeyFiles, SecretKey};
use serde_json::json;

use crate::{
    installing::{fails, holds, listed, ok, place},
    program::{Live, Place, run},
    versions::{pack, sign},
};

/// A key of that name: the public key, and the secret key to sign with.
fn key(place: &Place, name: &str) -> (String, SecretKey) {
    let files = KeyFiles::in_folder(&place.path().join("keys"), name);
    let key = files.make(None).unwrap();
    (key.to_string(), SecretKey::read(&files.secret, || unreachable!("it has no password")).unwrap())
}

/// Writes a config with the cogs folder and these sections.
fn configure(place: &Place, sections: &str) {
    place.file("gearshift.toml", &format!("[cogs]\nfolder = \"cogs\"\n{sections}"));
}

/// Creates another source, `./others`, with a version of a cog.
fn others(place: &Place, cog: &str, version: &str) {
    let [packages, aside] = ["packages", "aside"].map(|name| place.path().join(name));
    fs::rename(&packages, &aside).unwrap();
    pack(place, cog, version, |_| {});
    fs::rename(&packages, place.path().join("others")).unwrap();
    fs::rename(aside, packages).unwrap();
}

#[test]
fn a_new_source_needs_consent_and_a_rollback_restores_the_old_source() {
    let place = place(&["1.0.0"]);
    let (mine, secret) = key(&place, "mine");
    let rules = format!("[registry.\"./packages\"]\nrequire_signed = true\ntrusted_keys = [\"{mine}\"]\n");
    configure(&place, &rules);
    sign(&place, "ping", "1.0.0", &secret);
    ok(&place, &["install", "./packages/ping@^1"]);
    others(&place, "ping", "1.5.0");
    let refused =
        fails(&place, &["install", "./others/ping"], "`ping` stays 1.0.0: update of `ping 1.5.0`: ");
    for what in [
        "it comes from `",
        "/others/ping`, as later updates will, and the installed version from `",
        "/packages/ping` (whose packages must be signed; those of the new source need not be)",
        "it is not signed by a trusted key, and the installed version is, by RW",
        "help: `--yes` accepts",
    ] {
        assert!(refused.err.contains(what), "{what} is not in {}", refused.err);
    }
    assert!(holds(&place, "1.0.0"));
    let replaced = ok(&place, &["install", "./others/ping", "--yes"]).out;
    assert!(replaced.contains("note: it comes from `"), "{replaced}");
    assert!(listed(&place, "ping")["source"].as_str().unwrap().ends_with("/others/ping"));
    assert!(ok(&place, &["verify"]).out.contains("others/ping, not signed by a trusted key"));

    // Each version keeps its source, so the rules of the other source do not apply to it.
    fails(&place, &["rollback", "ping"], "/packages/ping`, as later updates will, and the installed version");
    ok(&place, &["rollback", "ping", "--yes"]);
    let back = listed(&place, "ping");
    assert!(back["source"].as_str().unwrap().ends_with("/packages/ping@^1"), "{back}");
    assert_eq!(back["signed_by"], json!(mine));
    assert!(ok(&place, &["verify"]).out.contains(&format!("packages/ping, signed by {mine}")));
    // Updates come from the current source only, not from the other one.
    pack(&place, "ping", "1.2.0", |_| {});
    sign(&place, "ping", "1.2.0", &secret);
    ok(&place, &["update"]);
    assert!(holds(&place, "1.2.0"));
    let going = ["pin", "ping", "1.5.0"];
    fails(&place, &going, "/others/ping`, as later updates will");
    ok(&place, &[&going[..], &["--yes"]].concat());
    assert!(listed(&place, "ping")["source"].as_str().unwrap().ends_with("/others/ping"));
}

#[test]
fn the_same_version_of_another_source_is_not_taken_for_one_whose_tag_was_moved() {
    let place = place(&[]);
    pack(&place, "ping", "1.0.0", |manifest| manifest["rustc"] = json!("another"));
    ok(&place, &["install", "./packages/ping"]);
    others(&place, "ping", "1.0.0");
    fails(&place, &["install", "./others/ping"], "it comes from `");
    ok(&place, &["install", "./others/ping", "--yes"]);
    assert!(holds(&place, "1.0.0"));
    ok(&place, &["verify"]);
}

#[test]
fn a_host_that_goes_back_by_itself_goes_back_to_the_source_as_well() {
    let place = place(&[]);
    configure(&place, "[store]\n[limits]\nprobation_faults = 1\n");
    pack(&place, "faulty", "1.0.0", |_| {});
    let mut live = Live::start(&place, &["play"]);
    live.expect("ready; the control socket is");
    ok(&place, &["install", "./packages/faulty@^1"]);
    others(&place, "faulty", "1.1.0");
    ok(&place, &["install", "./others/faulty", "--yes"]);
    live.say("!faulty panic");
    let line = live.expect("libfaulty.so` and `gearshift.lock` are back at `faulty` 1.0.0 from ");
    assert!(line.contains("/packages/faulty: the host went back from "), "{line}");
    assert!(listed(&place, "faulty")["source"].as_str().unwrap().ends_with("/packages/faulty@^1"));
    ok(&place, &["verify"]);
    assert_eq!(live.end().0, 0);
}

#[test]
fn an_unsigned_version_replaces_a_signed_one_only_with_consent() {
    let place = place(&["1.0.0"]);
    let (mine, secret) = key(&place, "mine");
    configure(&place, &format!("[packages]\ntrusted_keys = [\"{mine}\"]\n"));
    // Nothing is required before a first signed version.
    ok(&place, &["install", "./packages/ping"]);
    pack(&place, "ping", "1.1.0", |_| {});
    sign(&place, "ping", "1.1.0", &secret);
    ok(&place, &["update"]);
    pack(&place, "ping", "1.2.0", |_| {});
    let unsigned = format!("it is not signed by a trusted key, and the installed version is, by {mine}");
    fails(&place, &["update"], &unsigned);
    fails(&place, &["rollback", "ping"], &unsigned);
    assert!(holds(&place, "1.1.0"));
    assert!(ok(&place, &["update", "--dry-run"]).out.contains(&unsigned));
    ok(&place, &["update", "--yes"]);
    ok(&place, &["rollback", "ping"]);
    assert_eq!(listed(&place, "ping")["signed_by"], json!(mine));
}

#[test]
fn what_is_installed_and_would_not_be_by_now_is_wrong() {
    let place = place(&["1.0.0"]);
    let (mine, secret) = key(&place, "mine");
    configure(&place, "");
    ok(&place, &["install", "./packages/ping"]);
    let required = format!("[packages]\ntrusted_keys = [\"{mine}\"]\nrequire_signed = true\n");
    configure(&place, &required);
    let wrong = run(&place, &["verify"]);
    assert_eq!(wrong.code, 1);
    assert!(wrong.out.starts_with("WRONG   ping: 1.0.0 from "), "{}", wrong.out);
    assert!(wrong.out.contains("packages/ping would not be installed now: `"), "{}", wrong.out);
    assert!(wrong.out.contains("is not signed, but must be"), "{}", wrong.out);
    // The signature that has been added to its source is enough.
    sign(&place, "ping", "1.0.0", &secret);
    ok(&place, &["update"]);
    assert!(ok(&place, &["verify"]).out.contains(&format!("signed by {mine}")));
    assert_eq!(listed(&place, "ping")["signed_by"], json!(mine));
    // The key is no longer trusted, but no signature is required, so this is not an error.
    configure(&place, "");
    assert!(ok(&place, &["verify"]).out.contains("not signed by a trusted key"));
}

#[test]
fn unsigned_versions_are_skipped_with_a_note_and_never_rolled_back_to() {
    let place = place(&["1.0.0"]);
    let ((mine, secret), (other, others)) = (key(&place, "mine"), key(&place, "other"));
    let trusting = format!("[packages]\ntrusted_keys = [\"{mine}\"]\nrequire_signed = true\n");
    configure(&place, &trusting);
    fails(&place, &["install", "./packages/ping"], "ping:1.0.0` is not signed, but must be");
    sign(&place, "ping", "1.0.0", &secret);
    for (version, key) in [("1.1.0", Some(&others)), ("1.2.0", None)] {
        pack(&place, "ping", version, |_| {});
        if let Some(key) = key {
            sign(&place, "ping", version, key);
        }
    }
    let passed_over = |out: &str| {
        assert!(out.contains("  note: skipped 1.2.0: `") && out.contains("ping:1.2.0` is not"), "{out}");
        assert!(out.contains("  note: skipped 1.1.0: `") && out.contains("is signed by "), "{out}");
    };
    let installed = ok(&place, &["install", "./packages/ping"]).out;
    assert!(installed.starts_with("ping: installed 1.0.0"), "{installed}");
    passed_over(&installed);
    assert!(ok(&place, &["verify"]).out.contains(&format!("signed by {mine}")));
    for command in [&["update"][..], &["update", "--dry-run"], &["install", "./packages/ping"]] {
        let stays = ok(&place, command).out;
        assert!(
            stays
                .starts_with("ping: 1.0.0 stays: it is the newest that was asked for and can be installed\n"),
            "{stays}"
        );
        passed_over(&stays);
    }
    assert!(ok(&place, &["list", "--outdated"]).out.contains("nothing newer is known"));
    // If asked for by name, or if there is no other version, it is an error, with the reason for the newest version
    // first.
    fails(&place, &["install", "./packages/ping:1.2.0"], "ping:1.2.0` is not signed, but must be");
    let none = fails(&place, &["install", "./packages/ping@>1.0"], "can be installed here: 1.2.0: `");
    assert!(none.err.contains("is not signed, but must be; 1.1.0: `"), "{}", none.err);
    for help in ["help: its author can sign it", "; or if it is its author's key, `gearshift keys trust KEY`"]
    {
        assert!(none.err.contains(help), "{}", none.err);
    }
    sign(&place, "ping", "1.2.0", &secret);
    ok(&place, &["update"]);
    assert!(holds(&place, "1.2.0"));
    // Another key is trusted now.
    configure(&place, &trusting.replace(&mine, &other));
    fails(&place, &["rollback", "ping"], "but none of them is trusted");
    let wrong = run(&place, &["verify"]);
    assert!(wrong.code == 1 && wrong.out.contains("none of them is trusted"), "{}", wrong.out);
    assert!(holds(&place, "1.2.0"));
}

#[test]
fn an_update_installs_nothing_older_whatever_is_skipped() {
    let place = place(&["1.0.0", "1.1.0"]);
    ok(&place, &["install", "./packages/ping"]);
    let (mine, secret) = key(&place, "mine");
    configure(&place, &format!("[packages]\ntrusted_keys = [\"{mine}\"]\nrequire_signed = true\n"));
    sign(&place, "ping", "1.0.0", &secret);
    fails(&place, &["update"], "can be installed here: 1.1.0: `");
    fails(&place, &["install", "./packages/ping"], "1.1.0 is installed, which is newer");
    ok(&place, &["install", "./packages/ping", "--yes"]);
    assert!(holds(&place, "1.0.0"));
}

#[test]
fn a_version_that_is_not_what_was_asked_for_leaves_that_as_it_is() {
    let place = place(&["1.0.0", "1.1.0", "2.0.0"]);
    ok(&place, &["install", "./packages/ping@^1"]);
    ok(&place, &["install", "./packages/ping:1.0.0", "--yes"]);
    ok(&place, &["rollback", "ping", "1.1.0"]);
    assert!(listed(&place, "ping")["source"].as_str().unwrap().ends_with("/ping@^1"));
    assert!(ok(&place, &["update"]).out.starts_with("ping: 1.1.0 stays: it is the newest"));
    ok(&place, &["pin", "ping", "2.0.0"]);
    ok(&place, &["unpin", "ping"]);
    assert!(
        ok(&place, &["update"]).out.starts_with("ping: 2.0.0 stays: it is newer than the newest matching")
    );
    ok(&place, &["list"]);
}

#[test]
fn an_update_goes_by_what_was_asked_for_when_a_cog_is_not_pinned_any_more() {
    let place = place(&["1.0.0", "1.1.0", "1.2.0", "2.0.0"]);
    ok(&place, &["install", "./packages/ping@~1.1"]);
    for (version, stays) in [("1.0.0", false), ("2.0.0", true)] {
        assert!(ok(&place, &["pin", "ping", version]).out.contains(&format!("pinned to {version}")));
        let unpinned = ok(&place, &["unpin", "ping"]).out;
        assert!(unpinned.contains(&format!("ping: {version} is no longer pinned\n  note: ")), "{unpinned}");
        assert!(unpinned.contains("packages/ping@~1.1`\n"), "{unpinned}");
        let listed = listed(&place, "ping");
        assert_eq!((&listed["newest"], &listed["outdated"]), (&"1.1.0".into(), &(!stays).into()));
        let updated = ok(&place, &["update"]);
        match stays {
            false => assert!(updated.out.contains("ping: 1.0.0 → 1.1.0"), "{}", updated.out),
            true => {
                let why = "2.0.0 stays: it is newer than the newest matching version, 1.1.0; `gearshift";
                assert!(updated.out.contains(why), "{}", updated.out);
            }
        }
    }
    fails(&place, &["install", "./packages/ping@~1.1"], "2.0.0 is installed, which is newer");
    ok(&place, &["install", "./packages/ping@~1.1", "--yes"]);
    assert!(holds(&place, "1.1.0"));
}

#[test]
fn one_cog_is_not_asked_for_in_two_ways_at_once() {
    let place = place(&["1.0.0", "1.1.0"]);
    let twice = run(&place, &["install", "./packages/ping:1.0.0", "./packages/ping@^1"]);
    assert_eq!(twice.code, 2, "{}", twice.err);
    assert!(twice.err.contains("both name the cog `ping`\nhelp: give only one of them"), "{}", twice.err);
    ok(&place, &["install", "./packages/ping", "./packages/../packages/ping"]);
}

#[test]
fn an_update_skips_a_rolled_back_version_until_a_newer_one_exists() {
    let place = place(&["1.0.0", "1.1.0", "1.2.0"]);
    for wanted in ["./packages/ping:1.0.0", "./packages/ping:1.1.0", "./packages/ping@>=1, <2"] {
        ok(&place, &["install", wanted]);
    }
    let mut live = Live::start(&place, &["play"]);
    live.expect("ready; the control socket is");
    ok(&place, &["rollback", "ping"]);
    ok(&place, &["rollback", "ping"]);
    for command in [&["update"][..], &["update", "ping", "--yes"], &["update", "--dry-run"]] {
        let stays = ok(&place, command).out;
        let why = "ping: 1.0.0 stays: it was rolled back from 1.2.0, and there is no newer one; `gearshift install '";
        assert!(stays.starts_with(why), "{stays}");
        assert!(stays.contains("/packages/ping@>=1, <2'` installs it again"), "{stays}");
    }
    assert!(ok(&place, &["list", "--outdated"]).out.contains("nothing newer is known"));
    assert_eq!(listed(&place, "ping")["rolled_back_from"], json!("1.2.0"));
    // Asking for it explicitly installs it, and then it is no longer a version that was rolled back.
    let again = ok(&place, &["install", "./packages/ping@>=1, <2"]).out;
    assert!(again.starts_with("ping: 1.0.0 → 1.2.0"), "{again}");
    assert!(again.contains("note: it was rolled back from 1.2.0 before"), "{again}");
    assert_eq!(listed(&place, "ping")["rolled_back_from"], json!(null));
    ok(&place, &["rollback", "ping", "1.0.0"]);
    pack(&place, "ping", "1.3.0", |_| {});
    let updated = ok(&place, &["update"]).out;
    assert!(updated.starts_with("ping: 1.0.0 → 1.3.0"), "{updated}");
    ok(&place, &["verify"]);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_cog_whose_digest_is_given_is_pinned_to_it() {
    let place = place(&["1.0.0", "1.1.0"]);
    ok(&place, &["install", "./packages/ping:1.0.0"]);
    let digest = listed(&place, "ping")["package"].as_str().unwrap().to_owned();
    let exactly = format!("./packages/ping@{digest}");
    let pinned =
        "note: it is pinned, because its digest was given; `gearshift unpin ping` lets it be updated";
    let installed = ok(&place, &["install", &exactly]);
    assert!(installed.out.contains(pinned), "what is installed already is pinned, too: {}", installed.out);
    let again = ok(&place, &["install", &exactly]);
    assert_eq!(again.out, "ping: 1.0.0 stays: it is pinned to exactly this package\n");
    assert!(ok(&place, &["update"]).out.contains("ping: 1.0.0 stays: it is pinned"));
    ok(&place, &["unpin", "ping"]);
    ok(&place, &["update"]);
    assert!(holds(&place, "1.1.0"));
    ok(&place, &["pin", "ping"]);
    let other = ok(&place, &["install", "--yes", &exactly]);
    assert!(other.out.contains(pinned) && holds(&place, "1.0.0"), "as `pin` with a version: {}", other.out);
    ok(&place, &["uninstall", "ping"]);
    assert!(ok(&place, &["install", &exactly]).out.contains(pinned));
    assert_eq!(listed(&place, "ping")["pinned"], true);
}
