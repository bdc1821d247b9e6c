//! Problems of this machine are reported at once: before Discord is asked, and whatever it would answer.

use std::{fs, io::ErrorKind, net::TcpListener};

use crate::program::{Live, Place, gearshift, run};

/// A place with a config for a Discord whose every connection is seen.
fn place(more: &str) -> (Place, TcpListener) {
    let place = Place::with(&[]);
    let discord = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", discord.local_addr().unwrap());
    place.file("gearshift.toml", &format!("{more}\n[discord]\napi_url = \"{url}\"\n"));
    (place, discord)
}

#[test]
fn what_is_wrong_on_this_machine_is_said_before_discord_is_asked() {
    let socket = "[control]\nsocket = \"c.sock\"";
    let cogs = "[cogs]\nfolder = \"cogs\"";
    for (config, spoil, code, said) in [
        ("[cogs]\nfolder = \"cgos\"", "", 78, "cgos`: No such file"),
        ("[cogs]\nfolder = \"gearshift.toml\"", "", 73, "gearshift.toml`: Not a directory"),
        (&format!("{cogs}\n{socket}"), "c.sock", 73, "it exists, but is not a socket"),
        (&format!("{cogs}\n{socket}"), "runtime", 73, "for private copies of libraries"),
        (&format!("{cogs}\n[store]\npath = \"gone/bot.db\""), "", 69, "gone`"),
    ] {
        let (place, discord) = place(config);
        if !spoil.is_empty() {
            let _ = fs::remove_dir(place.path().join(spoil));
            place.file(spoil, "not what is wanted there");
        }
        let output = gearshift(&place).arg("run").env("DISCORD_TOKEN", "a.b.c").output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(
            err.lines().any(|line| line.starts_with("error: ") && line.contains(said)),
            "{config}: {err}"
        );
        assert!(err.contains("\nhelp: "), "{config}: {err}");
        assert_eq!(output.status.code(), Some(code), "{config}: {err}");
        discord.set_nonblocking(true).unwrap();
        let asked = discord.accept().map_err(|error| error.kind());
        assert_eq!(asked.err(), Some(ErrorKind::WouldBlock), "{config}: Discord was asked");
    }
}

#[test]
fn a_second_host_of_one_folder_names_the_first_and_its_process() {
    let place = Place::with(&["ping"]);
    place.file(
        "gearshift.toml",
        "[cogs]\nfolder = \"cogs\"\n[store]\npath = \"bot.db\"\n[play]\nkeep = \"world\"\n[discord]\n",
    );
    let mut live = Live::start(&place, &["play"]);
    live.expect("ready; the control socket is");
    for command in ["play", "run"] {
        let second = run(&place, &[command]);
        assert_eq!(second.code, 73, "{}", second.err);
        let said = format!("another host (process {}) serves there", live.id());
        assert!(second.err.contains(&said), "{}", second.err);
    }
    live.say("!ping hi");
    live.expect("pong hi");
    assert_eq!(live.end().0, 0);
}

#[test]
fn threads_that_cannot_be_had_are_73_with_what_to_raise() {
    let (place, _discord) = place("[cogs]\nfolder = \"cogs\"");
    // No machine has room for such a stack.
    let mut command = gearshift(&place);
    command.arg("run").env("DISCORD_TOKEN", "a.b.c").env("RUST_MIN_STACK", (1_u64 << 46).to_string());
    let output = command.output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(73), "{err}");
    assert!(err.contains("error: cannot start the ") && err.contains("threads that a host needs: "), "{err}");
    assert!(err.contains("\nhelp: raise this user's limit of processes and threads (`ulimit -u`"), "{err}");
}
