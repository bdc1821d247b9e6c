//! `gearshift doctor` on the sources of packages: registries, logins, trusted keys, the sources of installed cogs.

use std::fs;

use base64::{Engine, engine::general_purpose::STANDARD};
use gearshift_host::packages::{KeyFiles, SecretKey};

use crate::{
    doctoring::Bed,
    installing,
    packages::{Server, done},
    versions::{pack, sign},
};

const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

/// The findings of a check that are ok.
fn well(bed: &Bed, home: &str, check: &str) -> Vec<String> {
    let (code, all) = bed.ask(&[("HOME", home)]);
    assert_eq!(code, 0, "{all:#?}");
    assert!(all.iter().all(|it| it["level"] == "ok"), "{all:#?}");
    let found = all.iter().filter(|it| it["check"] == check);
    found.map(|it| it["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn registries_are_used_with_dockers_login_and_refusals_are_reported_with_what_to_do() {
    let bed = Bed::new();
    let home = bed.place.path().join("home").display().to_string();
    let variables = [("HOME", home.as_str())];
    let Some(open) = Server::start(&bed.place, false) else { return };
    bed.config(&format!("[registry.\"{}/cogs\"]\n", open.address));
    let answers = format!("`{}/cogs` answers; without a login", open.address);
    assert_eq!(well(&bed, &home, "registry"), [answers]);
    drop(open);
    bed.finds(&variables, "warning", "registry", "Connection refused", "does it answer?");

    let Some(closed) = Server::start(&bed.place, true) else { return };
    bed.config(&format!("[registry.\"{}\"]\n", closed.address));
    let docker = |login: &str| {
        let auth = STANDARD.encode(login);
        let text = format!(r#"{{"auths": {{"{}": {{"auth": "{auth}"}}}}}}"#, closed.address);
        bed.place.file("home/.docker/config.json", &text);
    };
    let refused = "refuses requests without a login: 401";
    bed.finds(&variables, "warning", "registry", refused, &format!("`docker login {}`", closed.address));
    docker("me:wr0ng");
    bed.finds(&variables, "warning", "registry", "refuses this login: 401", "`docker login 127.0.0.1:");
    bed.place.file("home/.docker/config.json", "{ \"auths\": s3cret");
    bed.finds(&variables, "warning", "registry", "cannot read the login for `127.0.0.1:", "`docker login`");
    docker("me:s3cret");
    let answers = format!("`{}` answers; with docker's login", closed.address);
    assert_eq!(well(&bed, &home, "registry"), [answers]);
    // The server of Discord's API exists, but is not a registry.
    let api = bed.sim.api_url();
    let host = api.trim_start_matches("http://").split('/').next().unwrap();
    bed.config(&format!("[registry.\"{host}\"]\n"));
    bed.finds(&variables, "warning", "registry", "it answers 404 where a registry", "is the host right");
}

#[test]
fn a_section_that_applies_to_nothing_is_reported() {
    let bed = Bed::new();
    for name in ["https://ghcr.io", "me", "ghcr.io/me:1.0.0", "ghcr.io/*", "ghcr.io/-me"] {
        bed.config(&format!("[registry.\"{name}\"]\nrequire_signed = true\ntrusted_keys = [\"{KEY}\"]\n"));
        let text = format!("\"{name}\" is not a place for packages; write `HOST/PATH`");
        bed.finds(&[], "failed", "config", &text, "");
    }
    bed.config("[registry.\"./nowhere\"]\n");
    bed.finds(&[], "warning", "registry", "cannot read the folder `", "correct the name of the section");
    fs::create_dir(bed.place.path().join("nowhere")).unwrap();
    assert!(well(&bed, "", "registry")[0].ends_with("/nowhere` can be read"));
}

#[test]
fn keys_that_do_not_fit_required_signatures_are_reported() {
    let bed = Bed::new();
    bed.config("[packages]\nrequire_signed = true\n");
    bed.finds(
        &[],
        "warning",
        "keys",
        "from any registry must be signed, and no key is trusted",
        "keys trust KEY`",
    );
    bed.config("[packages]\ntrusted_keys = [\n  \"RWQf\",\n]\n");
    bed.finds(
        &[],
        "failed",
        "config",
        "gearshift.toml:6: `packages.trusted_keys`: \"RWQf\" is not a public key",
        "",
    );
    bed.config(&format!(
        "[packages]\ntrusted_keys = [\"{KEY}\"]\n[registry.\"./packages\"]\nrequire_signed = true\n"
    ));
    fs::create_dir(bed.place.path().join("packages")).unwrap();
    let found = well(&bed, "", "keys");
    assert_eq!(found[0], "packages from any registry need not be signed; 1 key is trusted");
    assert!(found[1].ends_with("/packages` must be signed; 1 key is trusted"), "{found:?}");
}

#[test]
fn the_source_of_each_installed_cog_is_asked_for_it() {
    let bed = Bed::new();
    let home = bed.place.path().join("home").display().to_string();
    let variables = [("HOME", home.as_str())];
    let Some(server) = Server::start(&bed.place, false) else { return };
    bed.config("");
    fs::remove_file(bed.place.path().join("cogs/libping.so")).unwrap();
    pack(&bed.place, "ping", "1.0.0", |_| {});
    let source = format!("{}/cogs/ping", server.address);
    done(&bed.place, &["push", &source]);
    done(&bed.place, &["install", &source]);
    assert!(installing::holds(&bed.place, "1.0.0"));
    let text = format!("`{source}` has `ping` 1.0.0; without a login");
    assert_eq!(well(&bed, &home, "registry"), [text]);
    // Another key, and then the one that it was signed with.
    let rules = |key: &str| {
        let text = "require_signed = true\ntrusted_keys = ";
        bed.config(&format!("[registry.\"{}\"]\n{text}[\"{key}\"]\n", server.address));
    };
    rules(KEY);
    bed.finds(
        &variables,
        "warning",
        "keys",
        "ping:1.0.0` is not signed, but must be",
        "gearshift pack --sign",
    );
    let files = KeyFiles::in_folder(&bed.place.path().join("keys"), "mine");
    let key = files.make(None).unwrap();
    let secret = SecretKey::read(&files.secret, || unreachable!("it has no password")).unwrap();
    sign(&bed.place, "ping", "1.0.0", &secret);
    done(&bed.place, &["push", &source]);
    bed.finds(
        &variables,
        "warning",
        "keys",
        &format!("is signed by {}", key.id()),
        "if it is its author's key",
    );
    rules(&key.to_string());
    let text = format!("`{source}` has `ping` 1.0.0, signed by {}; without a login", key.id());
    assert_eq!(well(&bed, &home, "registry"), [text]);
    bed.config("");
    fs::remove_dir_all(server.folder.join("docker/registry/v2/repositories/cogs")).unwrap();
    bed.finds(&variables, "warning", "registry", "there is no package `", "check the spelling");
    drop(server);
    bed.finds(&variables, "warning", "registry", "failed to ask `127.0.0.1:", "does it answer?");
    let lock = fs::read_to_string(bed.place.path().join("gearshift.lock")).unwrap();
    bed.place.file("gearshift.lock", &lock.replace("version = \"1.0.0\"", "version = \"1.0\""));
    bed.finds(&variables, "failed", "lock", "gearshift.lock:", "");
}
