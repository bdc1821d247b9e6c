//! `gearshift push` and `pull` with a real registry: what arrives is what was sent, if the user has access; content
//! that does not match its digest never arrives.

use std::{
    fs,
    io::{self, Read},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    thread,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{
    packages::{Server, command, done, ended, fails, files, pack},
    program::Place,
};

#[test]
fn what_is_pushed_to_a_registry_is_pulled_from_it_byte_for_byte() {
    let place = Place::with(&[]);
    let Some(server) = Server::start(&place, false) else { return };
    let at = |rest: &str| format!("{}/cogs/ping{rest}", server.address);
    fails(&place, &["pull", &at("")], 1, &["there is no package `127.0.0.1", "check the spelling"]);
    done(&place, &["keys", "new", "--no-password"]);
    for version in ["1.2.0", "1.10.0", "2.0.0-rc.1+5"] {
        pack(&place, version, "a", &["--sign"]);
    }
    assert!(
        done(&place, &["push", &at("")]).contains("/cogs/ping:1.10.0` for "),
        "the newest that is no pre-release"
    );
    assert!(done(&place, &["push", &at("")]).contains("which already existed"));
    done(&place, &["push", &at(":1.2.0")]);
    done(&place, &["push", &at(":2.0.0-rc.1_5")]);
    for (rest, version) in [("@^1", "1.10.0"), (":1.2.0", "1.2.0"), (":2.0.0-rc.1+5", "2.0.0-rc.1+5")] {
        let pulled = done(&place, &["pull", &at(rest), "--out", "pulled", "--json"]);
        let pulled: Value = serde_json::from_str(&pulled).unwrap();
        assert_eq!(pulled["version"], version);
        let by_digest = format!("{}@{}", at(""), pulled["digest"].as_str().unwrap());
        done(&place, &["pull", &by_digest, "--out", "pulled"]);
    }
    assert_eq!(
        files(&place.path().join("packages")),
        files(&place.path().join("pulled")),
        "with the signatures"
    );
    fails(&place, &["pull", &at("@^3")], 1, &["has no version of ^3; it has 2.0.0-rc.1+5, 1.10.0, 1.2.0"]);
    fails(&place, &["push", &at(":3.0.0")], 1, &["packages/ping` has no version 3.0.0"]);
    fails(
        &place,
        &["push", &format!("{}/cogs/pong", server.address)],
        1,
        &["there is no package `", "/packages/pong`"],
    );
    // The same from folder to folder.
    done(&place, &["push", "./copies/ping:1.2.0"]);
    done(&place, &["pull", "./copies/ping", "--out", "again"]);
    assert_eq!(files(&place.path().join("copies")), files(&place.path().join("again")));
}

#[test]
fn a_version_in_a_registry_stays_as_it_is_and_one_that_was_moved_is_noticed() {
    let place = Place::with(&[]);
    let Some(server) = Server::start(&place, false) else { return };
    let at = |rest: &str| format!("{}/ping{rest}", server.address);
    let digest = |packed: &str| packed.lines().nth(1).unwrap().trim().to_owned();
    let first = digest(&pack(&place, "1.0.0", "a", &[]));
    done(&place, &["push", &at("")]);
    let second = digest(&pack(&place, "1.0.0", "b", &["--force"]));
    fails(&place, &["push", &at("")], 1, &["already exists, as ", &first, &second, "give it a new version"]);
    assert!(done(&place, &["push", &at(""), "--force"]).contains(&format!("instead of {first}")));
    let pinned = format!("{}@{first}", at(":1.0.0"));
    fails(
        &place,
        &["pull", &pinned, "--out", "out"],
        1,
        &["its tag has been moved", "before you use the new digest"],
    );
    assert!(!place.path().join("out").exists());
    done(&place, &["pull", &format!("{}@{first}", at("")), "--out", "out"]);
}

#[test]
fn damaged_or_truncated_packages_are_never_pulled() {
    let place = Place::with(&[]);
    let Some(server) = Server::start(&place, false) else { return };
    place.file("gearshift.toml", "[packages]\nretries = 0\n");
    let at = format!("{}/ping", server.address);
    pack(&place, "1.0.0", "a", &[]);
    done(&place, &["push", &at]);
    let blobs = place.path().join("packages/ping/blobs/sha256");
    let mut checked = 0;
    for entry in fs::read_dir(&blobs).unwrap() {
        let entry = entry.unwrap();
        let file = server.blob(&format!("sha256:{}", entry.file_name().to_str().unwrap()));
        let content = fs::read(entry.path()).unwrap();
        let mut flipped = content.clone();
        flipped[content.len() / 2] ^= 1;
        for wrong in [flipped, content[..content.len() / 2].to_vec()] {
            fs::write(&file, wrong).unwrap();
            let ended = ended(&mut command(&place, &["pull", &at, "--out", "out"]));
            assert!([1, 69].contains(&ended.code), "{}", ended.err);
            // A truncated document is already reported by the registry itself.
            let is_said = ["is damaged: it should be", "is incomplete: it should have", ": 500 "];
            assert!(is_said.iter().any(|text| ended.err.contains(text)), "{}", ended.err);
            assert!(!place.path().join("out").exists());
        }
        fs::write(&file, content).unwrap();
        checked += 1;
    }
    assert_eq!(checked, 4, "index, manifest, config, library");
    done(&place, &["pull", &at, "--out", "out"]);
}

/// Lets this number of bytes of answers through on each connection, and then closes it.
fn cut_short(to: &str, bytes: u64) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, to) = (listener.local_addr().unwrap().to_string(), to.to_owned());
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(&to).unwrap();
            let (mut asks, mut asked) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || io::copy(&mut asks, &mut asked));
            thread::spawn(move || {
                let _ = io::copy(&mut (&server).take(bytes), &mut &client);
                let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
            });
        }
    });
    address
}

#[test]
fn a_download_that_ends_early_is_reported_and_leaves_nothing_behind() {
    let place = Place::with(&[]);
    let Some(server) = Server::start(&place, false) else { return };
    place.file("gearshift.toml", "[packages]\nretries = 1\n");
    pack(&place, "1.0.0", "a", &[]);
    done(&place, &["push", &format!("{}/ping", server.address)]);
    let address = cut_short(&server.address, 100_000);
    let arguments = ["pull", &format!("{address}/ping:1.0.0"), "--out", "out"];
    fails(&place, &arguments, 69, &["failed to ask `127.0.0.1", "it ended after ", " bytes"]);
    assert!(!place.path().join("out").exists());
    drop(server);
    fails(&place, &arguments, 69, &["failed to ask `127.0.0.1"]);
    let mut bare = command(&place, &arguments);
    let bare = ended(bare.env("SSL_CERT_FILE", "/nonexistent").env("SSL_CERT_DIR", "/nonexistent"));
    assert!(bare.code == 69 && bare.err.contains("has no certificates\nhelp: install"), "{}", bare.err);
    let registry = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    fails(&place, &["pull", &format!("{registry}/ping:1.0.0")], 69, &["Connection refused"]);
}

#[test]
fn the_login_is_dockers_and_is_never_shown() {
    let place = Place::with(&[]);
    let Some(server) = Server::start(&place, true) else { return };
    let at = format!("{}/ping", server.address);
    pack(&place, "1.0.0", "a", &[]);
    fails(&place, &["push", &at], 69, &["refuses requests without a login", "docker login 127.0.0.1"]);
    let docker = |text: &str| place.file("home/.docker/config.json", text);
    let auth = |login: &str| {
        format!(r#"{{"auths": {{"{}": {{"auth": "{}"}}}}}}"#, server.address, STANDARD.encode(login))
    };
    let push = |variables: &[(&str, &str)]| {
        let mut command = command(&place, &["push", &at]);
        let ended = ended(command.envs(variables.iter().copied()));
        for secret in ["s3cret", &STANDARD.encode("me:s3cret"), "wr0ng"] {
            assert!(!ended.err.contains(secret) && !ended.out.contains(secret), "{}", ended.err);
        }
        ended
    };
    docker(&auth("me:wr0ng"));
    let ended = push(&[]);
    assert!(ended.code == 69 && ended.err.contains("refuses this login"), "{}", ended.err);
    docker("{ \"auths\": s3cret");
    let ended = push(&[]);
    assert!(ended.code == 69 && ended.err.contains("cannot read the login"), "{}", ended.err);
    docker(&format!(r#"{{"auths": {{"{}": {{"identitytoken": "s3cret"}}}}}}"#, server.address));
    let ended = push(&[]);
    assert!(ended.code == 69 && ended.err.contains("it is an identity token"), "{}", ended.err);
    docker(&auth("me:s3cret"));
    let ended = push(&[]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    done(&place, &["pull", &at, "--out", "one"]);

    // In another file, and through a credential helper.
    let helper = place.file(
        "bin/docker-credential-test",
        "#!/bin/sh\nread server\ncase $server in\n127.*) echo '{\"Username\": \"me\", \"Secret\": \"s3cret\"}';;\n\
         *) echo 'credentials not found in native keychain'; exit 1;;\nesac\n",
    );
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", place.path().join("bin").display(), std::env::var("PATH").unwrap());
    docker("{}");
    for stored in [
        r#"{"credsStore": "test"}"#.to_owned(),
        format!(r#"{{"credHelpers": {{"{}": "test"}}}}"#, server.address),
    ] {
        place.file("elsewhere/config.json", &stored);
        let elsewhere = place.path().join("elsewhere");
        let ended = push(&[("DOCKER_CONFIG", elsewhere.to_str().unwrap()), ("PATH", &path)]);
        assert_eq!(ended.code, 0, "{}", ended.err);
        let ended = push(&[("DOCKER_CONFIG", elsewhere.to_str().unwrap())]);
        assert!(ended.code == 69 && ended.err.contains("cannot read the login"), "{}", ended.err);
    }
}

#[test]
fn a_reference_that_is_none_says_what_one_looks_like() {
    let place = Place::with(&[]);
    for (reference, what) in [
        ("ping", "names neither a folder nor a registry"),
        ("ghcr.io/me/ping:latest", "is not a version such as 1.2.0"),
        ("./packages/Ping", "is not the name of a cog"),
    ] {
        for verb in ["push", "pull"] {
            fails(&place, &[verb, reference], 2, &[what, "help: "]);
        }
    }
}
