//! Keys and signatures: what a trusted key has signed is accepted, where a signature is required nothing else is, and
//! minisign's own program agrees.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    process::Command,
};

use crate::{
    packages::{Server, command, done, ended, fails, files, pack, run},
    program::{PROGRAM, Place, skipped},
};

fn key(place: &Place, name: &str) -> String {
    done(place, &["keys", "new", name, "--no-password"]);
    let file =
        fs::read_to_string(place.path().join(format!("home/.config/gearshift/keys/{name}.pub"))).unwrap();
    file.lines().nth(1).unwrap().to_owned()
}

#[test]
fn only_packages_signed_by_a_trusted_key_are_used_where_that_is_required() {
    let place = Place::with(&[]);
    let (mine, others) = (key(&place, "mine"), key(&place, "others"));
    place.file(
        "gearshift.toml",
        "# Keep this.\n[registry.\"./packages\"]\nrequire_signed = true # and this\n",
    );
    done(&place, &["keys", "trust", &mine, "--registry", "./packages"]);
    let config = fs::read_to_string(place.path().join("gearshift.toml")).unwrap();
    assert!(
        config.starts_with("# Keep this.\n")
            && config.contains("= true # and this\n")
            && config.contains(&mine),
        "{config}"
    );
    assert!(done(&place, &["keys", "trust", &mine, "--registry", "./packages"]).contains("already"));

    pack(&place, "1.0.0", "a", &[]);
    let pull = ["pull", "./packages/ping", "--out", "out"];
    // If the package is refused, its library is not even needed.
    let library =
        files(&place.path().join("packages")).into_iter().max_by_key(|(_, content)| content.len()).unwrap();
    fs::remove_file(place.path().join("packages").join(&library.0)).unwrap();
    fails(&place, &pull, 1, &["ping:1.0.0` is not signed, but must be", "gearshift pack --sign"]);
    pack(&place, "1.0.0", "a", &["--sign=others"]);
    fs::remove_file(place.path().join("packages").join(&library.0)).unwrap();
    fails(&place, &pull, 1, &["is signed by ", "none of them is trusted", "gearshift keys trust"]);
    assert!(!place.path().join("out").exists());

    assert!(pack(&place, "1.0.0", "a", &["--sign=mine"]).contains("signed by "));
    let before = files(&place.path().join("packages"));
    pack(&place, "1.0.0", "a", &["--sign=mine"]);
    assert_eq!(files(&place.path().join("packages")), before, "a key signs once");
    let pulled = done(&place, &["pull", "./packages/ping", "--out", "out", "--json"]);
    assert!(pulled.contains(&format!("\"key\":\"{mine}\"")) && !pulled.contains(&others), "{pulled}");

    // Another package with the same signature.
    pack(&place, "1.1.0", "a", &[]);
    let index = place.path().join("packages/ping/index.json");
    let text = fs::read_to_string(&index).unwrap();
    let digest = |tag: &str| {
        let at = text.find(&format!("\"{tag}\"}},\"digest\":\"sha256:")).unwrap();
        text[at..].split("sha256:").nth(1).unwrap()[..64].to_owned()
    };
    let stolen = text.replace(&format!("sha256-{}", digest("1.0.0")), &format!("sha256-{}", digest("1.1.0")));
    fs::write(&index, stolen).unwrap();
    fails(
        &place,
        &["pull", "./packages/ping:1.1.0"],
        1,
        &["is not a package of a cog: it is for something else"],
    );
}

#[test]
fn a_registry_keeps_the_signatures_beside_its_packages() {
    let place = Place::with(&[]);
    let Some(server) = Server::start(&place, false) else { return };
    let at = |rest: &str| format!("{}/cogs/ping{rest}", server.address);
    let (mine, others) = (key(&place, "mine"), key(&place, "others"));
    pack(&place, "1.0.0", "a", &["--sign=mine"]);
    pack(&place, "1.1.0", "a", &["--sign=others"]);
    pack(&place, "1.2.0", "a", &[]);
    for version in [":1.0.0", ":1.1.0", ":1.2.0"] {
        done(&place, &["push", &at(version)]);
    }
    let rules = |keys: &str| {
        format!("[registry.\"{}/cogs\"]\nrequire_signed = true\ntrusted_keys = [{keys}]\n", server.address)
    };
    place.file("gearshift.toml", &rules(&format!("\"{mine}\"")));
    let pulled = done(&place, &["pull", &at(":1.0.0"), "--out", "out", "--json"]);
    assert!(pulled.contains(&format!("\"key\":\"{mine}\"")), "{pulled}");
    fails(&place, &["pull", &at(":1.1.0")], 1, &["none of them is trusted"]);
    fails(&place, &["pull", &at("")], 1, &["cogs/ping:1.2.0` is not signed, but must be"]);
    // Signed later, with another key; both signatures are kept.
    place.file("gearshift.toml", "");
    pack(&place, "1.1.0", "a", &["--sign=mine"]);
    done(&place, &["push", &at(":1.1.0")]);
    for key in [&mine, &others] {
        place.file("gearshift.toml", &rules(&format!("\"{key}\"")));
        let pulled = done(&place, &["pull", &at(":1.1.0"), "--out", "out", "--json"]);
        assert!(pulled.contains(&format!("\"key\":\"{key}\"")), "{pulled}");
    }
}

#[test]
fn a_key_is_secret_is_never_overwritten_and_needs_its_password() {
    let place = Place::with(&[]);
    let keys = place.path().join("home/.config/gearshift/keys");
    fails(
        &place,
        &["keys", "new"],
        1,
        &["cannot ask for a password", "GEARSHIFT_KEY_PASSWORD", "--no-password"],
    );
    assert!(!keys.exists());
    let with = |password: &str, arguments: &[&str]| {
        ended(command(&place, arguments).env("GEARSHIFT_KEY_PASSWORD", password))
    };
    let made = with("correct horse", &["keys", "new"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let secret = keys.join("gearshift.key");
    assert_eq!(fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    let before = files(&keys);
    for name in ["gearshift", "gearshift.key"] {
        let path = keys.join(name);
        fails(&place, &["keys", "new", path.to_str().unwrap(), "--no-password"], 73, &["already exists"]);
    }
    fails(&place, &["keys", "new", "--no-password"], 73, &["already exists", "another name"]);
    assert_eq!(files(&keys), before);

    let library = crate::packages::altered(&place, "libping.so", "ping", &[crate::packages::RELEASE]);
    let sign = ["pack", "--library", &library, "--sign"];
    let wrong = with("wrong horse", &sign);
    assert!(wrong.code == 1 && wrong.err.contains("cannot use the secret key"), "{}", wrong.err);
    assert!(
        wrong.err.contains("is the password right?") && !wrong.err.contains("wrong horse"),
        "{}",
        wrong.err
    );
    fails(&place, &sign, 1, &["cannot ask for its password"]);
    let right = with("correct horse", &sign);
    assert!(right.code == 0 && right.out.contains("signed by"), "{}{}", right.out, right.err);
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o640)).unwrap();
    fails(&place, &sign, 1, &["can be read by others (mode 0640)", "chmod 600"]);
    fails(
        &place,
        &["pack", "--library", &library, "--sign=none"],
        1,
        &["there is no secret key `", "gearshift keys new"],
    );
    let listed = run(&place, &["keys", "list"]).out;
    assert!(listed.contains(" RW") && listed.contains("signs `"), "{listed}");
}

#[test]
fn a_key_has_the_name_of_a_file() {
    let place = Place::with(&[]);
    for name in [".", "..", "...key", ".pub", "a\nb", "./", "a/..", "a/\u{1b}[2J"] {
        let expected = ["is not the name of a key", "help: give a name such as `ci`"];
        fails(&place, &["keys", "new", name, "--no-password"], 2, &expected);
    }
    assert!(!place.path().join("home/.config/gearshift").exists() && !place.path().join("a").exists());
    done(&place, &["keys", "new", "a.b", "--no-password"]);
}

#[test]
fn the_keys_that_the_config_trusts_are_listed_for_a_user_without_a_folder_of_keys() {
    let place = Place::with(&[]);
    let mine = key(&place, "mine");
    done(&place, &["keys", "trust", &mine]);
    let without = |arguments: &[&str]| {
        ended(command(&place, arguments).env_remove("HOME").env_remove("XDG_CONFIG_HOME"))
    };
    let listed = without(&["keys", "list"]);
    assert!(
        listed.code == 0 && listed.out.contains(" trusted for any registry"),
        "{}{}",
        listed.out,
        listed.err
    );
    let made = without(&["keys", "new", "other", "--no-password"]);
    assert!(made.code == 73 && made.err.contains("name the key by its path, or set HOME"), "{}", made.err);
}

#[test]
fn a_file_that_holds_no_key_is_named_and_the_other_keys_are_listed() {
    let place = Place::with(&[]);
    let (first, last) = (key(&place, "first"), key(&place, "last"));
    done(&place, &["keys", "trust", &last]);
    let keys = place.path().join("home/.config/gearshift/keys");
    fs::write(keys.join("broken.pub"), "nonsense\n").unwrap();
    symlink("nowhere", keys.join("gone.pub")).unwrap();
    let listed = run(&place, &["keys", "list"]);
    assert_eq!(listed.code, 1, "{}{}", listed.out, listed.err);
    for line in
        [format!("{first} signs "), format!("{last} signs "), format!("{last} trusted for any registry")]
    {
        assert!(listed.out.contains(&line), "{line}: {}", listed.out);
    }
    for line in ["broken.pub` does not contain a minisign public key", "cannot read `"] {
        assert!(listed.err.contains(line), "{line}: {}", listed.err);
    }
}

#[test]
fn a_key_to_trust_that_is_none_changes_no_config() {
    let place = Place::with(&[]);
    let mine = key(&place, "mine");
    fails(&place, &["keys", "trust", "RWnonsense"], 2, &["is not a minisign public key"]);
    let nowhere = ["keys", "trust", &mine, "--registry", "https://ghcr.io/me"];
    fails(&place, &nowhere, 2, &["\"https://ghcr.io/me\" is not a place for packages; write `HOST/PATH`"]);
    assert!(!place.path().join("gearshift.toml").exists());
    for (config, what) in [
        ("[packages\n", "gearshift.toml:1: "),
        ("[packges]\n", "unknown key `packges`"),
        ("[packages]\ntrusted_keys = 3\n", "`packages.trusted_keys`"),
    ] {
        place.file("gearshift.toml", config);
        fails(&place, &["keys", "trust", &mine], 78, &[what]);
        assert_eq!(fs::read_to_string(place.path().join("gearshift.toml")).unwrap(), config);
    }
    place.file("gearshift.toml", "packages = { require_signed = true }\n");
    done(&place, &["keys", "trust", &mine]);
    let file = format!("home/.config/gearshift/keys/{}.pub", "mine");
    assert!(done(&place, &["keys", "trust", &file]).contains("already"));
}

#[test]
fn the_command_that_the_error_names_has_the_key_trusted_where_it_counts() {
    let (place, other) = (Place::with(&[]), "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3");
    let mine = key(&place, "mine");
    pack(&place, "1.0.0", "a", &["--sign=mine"]);
    for (common, section, command) in [
        ("", "", "gearshift keys trust KEY --registry './own packages'"),
        (other, "", "gearshift keys trust KEY"),
        ("", other, "gearshift keys trust KEY --registry './own packages'"),
        (other, other, "gearshift keys trust KEY --registry './own packages'"),
    ] {
        let keys =
            |key: &str| if key.is_empty() { String::new() } else { format!("trusted_keys = [\"{key}\"]") };
        let text = format!(
            "[packages]\nrequire_signed = true\n{}\n[registry.\"./own packages\"]\n{}\n",
            keys(common),
            keys(section)
        );
        // With a path that is valid from everywhere.
        let named = format!(" --config {}", place.path().join("bot.toml").display());
        for (file, more) in [("gearshift.toml", ""), ("bot.toml", &named)] {
            let config = ["--config", file];
            place.file(file, &text);
            done(&place, &["push", "./own packages/ping"]);
            let pull = [&["pull", "./own packages/ping", "--out", "out"][..], &config].concat();
            fails(
                &place,
                &pull,
                1,
                &["none of them is trusted", &format!("help: if it is its author's key, `{command}{more}`")],
            );
            let line = format!("{command}{more}").replace("gearshift", PROGRAM).replace("KEY", &mine);
            let mut shell = Command::new("sh");
            let added = ended(shell.args(["-c", &line]).current_dir(place.path()));
            assert_eq!(added.code, 0, "{}", added.err);
            done(&place, &pull);
        }
    }
}

#[test]
fn a_key_that_does_not_count_everywhere_or_takes_others_away_is_noted() {
    let place = Place::with(&[]);
    let (mine, others) = (key(&place, "mine"), key(&place, "others"));
    place.file("gearshift.toml", &format!("[registry.\"ghcr.io/me\"]\ntrusted_keys = [\"{others}\"]\n"));
    let added = done(&place, &["keys", "trust", &mine]);
    assert!(added.contains("note: `[registry.\"ghcr.io/me\"]` has keys of its own"), "{added}");
    assert!(added.contains("`--registry ghcr.io/me` adds it"), "{added}");
    // In the existing section, even if it is written differently.
    let added = done(&place, &["keys", "trust", &mine, "--registry", "GHCR.io/me/"]);
    assert!(added.contains("is now trusted for ghcr.io/me, in") && !added.contains("note"), "{added}");
    let added = done(&place, &["keys", "trust", &mine, "--registry", "ghcr.io/others"]);
    assert!(added.contains("note: the keys of `[packages]` no longer apply there"), "{added}");
}

#[test]
fn minisigns_own_program_agrees() {
    let place = Place::with(&[]);
    key(&place, "mine");
    if Command::new("minisign").arg("-v").output().is_err() {
        return skipped("there is no minisign here; Debian has it, and `scripts/test` installs it");
    }
    let digest = pack(&place, "1.0.0", "a", &["--sign=mine"]).lines().nth(1).unwrap().trim().to_owned();
    let blobs = place.path().join("packages/ping/blobs/sha256");
    let is_signature = |content: &[u8]| content.starts_with(b"untrusted comment: signature by ");
    let mut signatures = files(&blobs).into_iter().filter(|(_, content)| is_signature(content));
    let signature = blobs.join(signatures.next().unwrap().0);
    let public = place.path().join("home/.config/gearshift/keys/mine.pub");
    let index = blobs.join(digest.strip_prefix("sha256:").unwrap());
    let verify = |file: &std::path::Path| {
        let mut command = Command::new("minisign");
        command.arg("-Vm").arg(file).arg("-x").arg(&signature).arg("-p").arg(&public);
        command.output().unwrap()
    };
    let agreed = verify(&index);
    let text = String::from_utf8_lossy(&agreed.stdout).into_owned();
    assert!(agreed.status.success() && text.contains(&format!("ping 1.0.0 {digest}")), "{text}");
    assert!(!verify(&signature).status.success());
}
