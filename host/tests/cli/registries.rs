//! `gearshift install`, `update` and related commands, with a real registry: on a running bot, and on one that does not
//! run.

use std::{fs, path::PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    installing::{holds, place},
    packages::{Server, done, fails},
    program::{Live, Place},
    versions::pack,
};

/// The source of `ping` in the tests.
fn source(server: &Server) -> String {
    format!("{}/cogs/ping", server.address)
}

/// Pushes a version of `ping` to the registry.
fn push(place: &Place, server: &Server, version: &str) {
    pack(place, "ping", version, |_| {});
    done(place, &["push", &format!("{}:{version}", source(server))]);
}

/// The registry's file for a tag, which contains a digest.
fn tag(server: &Server, tag: &str) -> PathBuf {
    let tags = "docker/registry/v2/repositories/cogs/ping/_manifests/tags";
    server.folder.join(tags).join(tag).join("current/link")
}

/// Sets the docker login of the tests.
fn log_in(place: &Place, server: &Server, login: &str) {
    let auth = STANDARD.encode(login);
    let text = format!(r#"{{"auths": {{"{}": {{"auth": "{auth}"}}}}}}"#, server.address);
    place.file("home/.docker/config.json", &text);
}

/// From the first installation to the same bytes on another machine.
fn life_of_a_cog(place: &Place, server: &Server) {
    push(place, server, "1.0.0");
    let installed = done(place, &["install", &format!("{}@^1", source(server))]);
    assert!(installed.starts_with("ping: installed 1.0.0: "), "{installed}");
    assert!(holds(place, "1.0.0"));
    assert!(done(place, &["list", "--outdated"]).contains("nothing newer is known"));

    push(place, server, "1.1.0");
    push(place, server, "2.0.0");
    let dry = done(place, &["update", "--dry-run"]);
    assert!(dry.starts_with("ping: 1.0.0 → 1.1.0 from "), "{dry}");
    assert!(holds(place, "1.0.0"));
    assert!(done(place, &["list", "--outdated"]).contains("1.1.0"));
    let updated = done(place, &["update"]);
    assert!(updated.starts_with("ping: 1.0.0 → 1.1.0: "), "{updated}");
    assert!(holds(place, "1.1.0"), "not 2.0.0, which was not asked for");
    done(place, &["verify"]);

    let back = done(place, &["rollback", "ping"]);
    assert!(back.starts_with("ping: 1.1.0 → 1.0.0: "), "{back}");
    assert!(holds(place, "1.0.0"));
    done(place, &["verify"]);

    let fresh = Place::with(&[]);
    for file in ["gearshift.toml", "gearshift.lock"] {
        fresh.file(file, &fs::read_to_string(place.path().join(file)).unwrap());
    }
    done(&fresh, &["install", "--locked"]);
    assert!(holds(&fresh, "1.0.0"), "not the newest");
    let [lock, other] = [place, &fresh].map(|it| fs::read(it.path().join("gearshift.lock")).unwrap());
    assert!(lock == other, "the lock is the same");
    done(&fresh, &["verify"]);
    // It has no earlier version to go back to, and asks the source.
    done(&fresh, &["rollback", "ping", "1.1.0"]);
    assert!(holds(&fresh, "1.1.0"));
}

#[test]
fn a_cog_of_a_registry_is_installed_updated_rolled_back_and_had_again_elsewhere() {
    let place = place(&[]);
    let Some(server) = Server::start(&place, false) else { return };
    life_of_a_cog(&place, &server);
}

#[test]
fn a_running_bot_gets_its_cogs_from_a_registry() {
    let place = place(&[]);
    let Some(server) = Server::start(&place, false) else { return };
    let mut live = Live::start(&place, &["play"]);
    live.expect("ready; the control socket is");
    life_of_a_cog(&place, &server);
    live.say("!ping hi");
    live.expect("pong hi");
    let updated = done(&place, &["install", &format!("{}@^1", source(&server))]);
    assert!(updated.contains("`ping#3` was replaced by `ping#4` (1.0.0 → 1.1.0)"), "{updated}");
    done(&place, &["uninstall", "ping"]);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_tag_that_leads_back_to_something_older_is_noticed_and_nothing_is_replaced() {
    let place = place(&[]);
    let Some(server) = Server::start(&place, false) else { return };
    push(&place, &server, "1.0.0");
    pack(&place, "ping", "1.1.0", |manifest| manifest["rustc"] = "an older one".into());
    done(&place, &["push", &source(&server)]);
    let older_build = fs::read(tag(&server, "1.1.0")).unwrap();
    fs::remove_dir_all(place.path().join("packages")).unwrap();
    pack(&place, "ping", "1.1.0", |_| {});
    done(&place, &["push", &source(&server), "--force"]);
    done(&place, &["install", &format!("{}@^1", source(&server))]);
    assert!(holds(&place, "1.1.0"));
    let newest = fs::read(tag(&server, "1.1.0")).unwrap();

    let stays = |why: &str| {
        for command in [&["update"][..], &["update", "--dry-run"]] {
            fails(&place, command, 1, &["error: `ping` stays 1.1.0: ", why, "help: "]);
        }
        assert!(holds(&place, "1.1.0"));
        done(&place, &["verify"]);
    };
    // Another build of the same version.
    fs::write(tag(&server, "1.1.0"), older_build).unwrap();
    stays("its tag has been moved");
    // The version before, under the name of the new one.
    fs::copy(tag(&server, "1.0.0"), tag(&server, "1.1.0")).unwrap();
    stays("contains 1.0.0, but should contain 1.1.0");
    // The registry as it was before that version.
    fs::remove_dir_all(tag(&server, "1.1.0").ancestors().nth(2).unwrap()).unwrap();
    stays("is 1.0.0, and 1.1.0 is installed");
    // A package with a known digest can still be downloaded.
    fs::remove_dir_all(place.path().join(".gearshift/packages")).unwrap();
    fs::remove_file(place.path().join("cogs/libping.so")).unwrap();
    done(&place, &["install", "--locked"]);
    assert!(holds(&place, "1.1.0"));

    fs::create_dir_all(tag(&server, "1.1.0").parent().unwrap()).unwrap();
    fs::write(tag(&server, "1.1.0"), newest).unwrap();
    assert!(done(&place, &["update"]).starts_with("ping: 1.1.0 stays: "));
}

#[test]
fn a_login_that_the_registry_does_not_take_installs_nothing_and_what_is_installed_serves_on() {
    let place = place(&[]);
    let Some(server) = Server::start(&place, true) else { return };
    let install = ["install", &source(&server)];
    fails(&place, &install, 69, &["refuses requests without a login", "`docker login 127.0.0.1:"]);
    log_in(&place, &server, "me:wr0ng");
    fails(&place, &install, 69, &["error: `ping` is not installed: `127.0.0.1:", "refuses this login"]);
    assert!(!place.path().join("cogs/libping.so").exists());
    assert!(!place.path().join("gearshift.lock").exists());

    log_in(&place, &server, "me:s3cret");
    push(&place, &server, "1.0.0");
    done(&place, &install);
    push(&place, &server, "1.1.0");
    log_in(&place, &server, "me:wr0ng");
    fails(&place, &["update"], 69, &["error: `ping` stays 1.0.0: `127.0.0.1:", "refuses this login"]);
    assert!(holds(&place, "1.0.0"));
    done(&place, &["verify"]);
    log_in(&place, &server, "me:s3cret");
    done(&place, &["update"]);
    // Kept versions need no registry.
    log_in(&place, &server, "me:wr0ng");
    done(&place, &["rollback", "ping"]);
    assert!(holds(&place, "1.0.0"));
}
