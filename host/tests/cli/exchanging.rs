//! Cogs whose new versions exchange commands: they are replaced together, both by the folder and by a command.

use std::{fs, path::Path};

use crate::{
    libraries::library,
    program::{Live, Place, run},
};

/// Installs `ping` as a cog with another name and another command, of four letters each.
fn put(folder: &Path, name: &str, command: &str) {
    let mut bytes = fs::read(library("ping")).unwrap();
    for (place, at, text) in
        [(r#""name":"ping","version""#, 8, name), (r#""type":1,"name":"ping""#, 17, command)]
    {
        // A command's name occurs twice: in the host's data, and in Discord's.
        while text != "ping"
            && let Some(found) = bytes.windows(place.len()).position(|part| part == place.as_bytes())
        {
            bytes[found + at..found + at + 4].copy_from_slice(text.as_bytes());
        }
    }
    let aside = folder.join("aside");
    fs::write(&aside, bytes).unwrap();
    fs::rename(aside, folder.join(format!("lib{name}.so"))).unwrap();
}

fn place(watch: bool) -> Place {
    let place = Place::with(&[]);
    place.file("gearshift.toml", &format!("[cogs]\nfolder = \"cogs\"\nwatch = {watch}\n"));
    for name in ["ping", "pong"] {
        put(&place.path().join("cogs"), name, name);
    }
    place
}

#[test]
fn cogs_that_exchange_commands_are_reloaded_together_where_no_folder_is_followed() {
    let place = place(false);
    let mut live = Live::start(&place, &["play"]);
    live.expect("ready; the control socket is");
    put(&place.path().join("cogs"), "ping", "pong");
    put(&place.path().join("cogs"), "pong", "ping");
    let alone = run(&place, &["cogs", "reload", "ping"]);
    assert_eq!(alone.code, 1);
    assert!(alone.err.contains("its command `/pong` belongs to `pong` from `"), "{}", alone.err);
    let together = run(&place, &["cogs", "reload", "ping", "pong", "ping", "none", "--json"]);
    assert_eq!(together.code, 1, "one of them is not there");
    let answers: Vec<serde_json::Value> =
        together.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answers: Vec<_> = answers.iter().map(|it| (it["cog"].as_str(), it["to"].as_u64())).collect();
    assert_eq!(answers[..2], [(Some("ping"), Some(2)), (Some("pong"), Some(2))], "{}", together.out);
    assert_eq!(answers[2..], [(Some("ping"), Some(3)), (None, None)], "{}", together.out);
    let list = run(&place, &["cogs", "list"]).out;
    let has =
        |cog: &str, command: &str| list.lines().any(|line| line.starts_with(cog) && line.ends_with(command));
    assert!(has("ping#3", "pong") && has("pong#2", "ping"), "{list}");
    assert_eq!(live.end().0, 0);
}

#[test]
fn an_exchange_of_commands_at_the_same_time_is_never_refused() {
    let place = place(true);
    let mut live = Live::start(&place, &["play"]);
    live.expect("ready; the control socket is");
    let next = place.path().join("next");
    fs::create_dir(&next).unwrap();
    put(&next, "ping", "pong");
    put(&next, "pong", "ping");
    fs::rename(place.path().join("cogs"), place.path().join("old")).unwrap();
    fs::rename(next, place.path().join("cogs")).unwrap();
    live.expect("waits for the new version of `pong`: they exchange commands, and are replaced together");
    live.expect("exchange commands, and are tried together");
    live.expect("was replaced by");
    live.expect("was replaced by");
    let (code, lines) = live.end();
    assert_eq!(code, 0);
    let wrong: Vec<_> = lines.iter().filter(|line| line.contains("cannot load")).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let said = lines.iter().filter(|line| line.contains("waits for the new version")).count();
    assert_eq!(said, 1, "{lines:?}");
}
