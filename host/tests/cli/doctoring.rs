//! `gearshift doctor`: a machine and a config without problems, and every problem that it finds, with its help.

use std::{
    fs::{self, Permissions},
    net::{TcpListener, UdpSocket},
    os::unix::fs::{PermissionsExt, lchown, symlink},
    process::Command,
};

use gearshift_sim::{Sim, SimOptions};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::{
    libraries::library,
    program::{Live, PROGRAM, Place, environment, gearshift, skipped},
};

/// A built-in Discord, and a place with a config for it.
pub(crate) struct Bed {
    pub(crate) place: Place,
    runtime: Runtime,
    pub(crate) sim: Sim,
}

impl Bed {
    pub(crate) fn new() -> Bed {
        let runtime = Runtime::new().unwrap();
        let sim = runtime.block_on(Sim::start(SimOptions::default())).unwrap();
        let place = Place::with(&["ping"]);
        fs::set_permissions(place.path().join("cogs"), Permissions::from_mode(0o755)).unwrap();
        Bed { place, runtime, sim }
    }

    /// Writes the config with more lines of `[discord]`, and other sections.
    pub(crate) fn config(&self, more: &str) {
        let api = self.sim.api_url();
        let text = format!("[cogs]\nfolder = \"cogs\"\n[discord]\napi_url = \"{api}\"\n{more}");
        self.place.file("gearshift.toml", &text);
    }

    /// The exit code and the findings, with these environment variables.
    #[track_caller]
    pub(crate) fn ask(&self, variables: &[(&str, &str)]) -> (i32, Vec<Value>) {
        let mut command = gearshift(&self.place);
        command.args(["doctor", "--json"]).env("DISCORD_TOKEN", self.sim.token());
        let done = command.envs(variables.iter().copied()).output().unwrap();
        let (out, err) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
        assert_eq!(err, "", "{out}");
        assert!(!out.contains("Gsimul"), "no part of a token is shown: {out}");
        (done.status.code().unwrap(), out.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    /// Checks the only finding that is not ok.
    #[track_caller]
    pub(crate) fn finds(&self, variables: &[(&str, &str)], level: &str, check: &str, text: &str, help: &str) {
        let (code, all) = self.ask(variables);
        let bad: Vec<&Value> = all.iter().filter(|it| it["level"] != "ok" && it["check"] == check).collect();
        assert_eq!(bad.len(), 1, "{check}: {all:#?}");
        let of = |key: &str| bad[0][key].as_str().unwrap_or_default();
        assert!(
            of("level") == level && of("text").contains(text) && of("help").contains(help),
            "{:#?}",
            bad[0]
        );
        assert_eq!(code == 1, all.iter().any(|it| it["level"] == "failed"), "{all:#?}");
    }
}

/// A library with the four letters of a name replaced where `place` occurs in its manifest.
fn renamed(bytes: &[u8], place: &[u8], name: &[u8; 4]) -> Vec<u8> {
    let at = bytes.windows(place.len()).position(|part| part == place).expect("the manifest has the name");
    let mut bytes = bytes.to_vec();
    bytes[at + 8..at + 12].copy_from_slice(name);
    bytes
}

#[test]
fn all_is_well_on_a_machine_where_a_host_would_start_and_nothing_is_left_behind() {
    let bed = Bed::new();
    let statsd = UdpSocket::bind("127.0.0.1:0").unwrap();
    bed.config(&format!("[store]\n[stats]\naddress = \"{}\"\n", statsd.local_addr().unwrap()));
    let (code, all) = bed.ask(&[]);
    assert_eq!(code, 0, "{all:#?}");
    assert!(all.iter().all(|it| it["level"] == "ok" && it["help"].is_null()), "{all:#?}");
    let checks: Vec<&str> = all.iter().map(|it| it["check"].as_str().unwrap()).collect();
    let expected = [
        "config", "copies", "socket", "inotify", "cogs", "store", "discord", "intents", "gateway", "clock",
        "stats",
    ];
    assert_eq!(checks, expected);
    let left = fs::read_dir(bed.place.path()).unwrap().map(|it| it.unwrap().file_name());
    let mut left: Vec<_> = left.collect();
    left.sort();
    assert_eq!(left, ["cogs", "gearshift.toml", "runtime"]);
    let text = gearshift(&bed.place).arg("doctor").env("DISCORD_TOKEN", bed.sim.token()).output().unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("ok      cogs      `") && text.contains("holds `ping`"), "{text}");
    assert!(
        !bed.runtime.block_on(bed.sim.connected(1, std::time::Duration::ZERO)),
        "the bot does not connect"
    );
}

#[test]
fn an_unreadable_config_is_reported_and_the_machine_is_checked_anyway() {
    let bed = Bed::new();
    let file = bed.place.path().join("gearshift.toml");
    let utf16: Vec<u8> = "[cogs]\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, text) in [
        (&utf16[..], "it is UTF-16; save it as UTF-8"),
        (b"[cogs]\nfolder = \"~/cogs\"\n", "`~` is not expanded here"),
        (b"[cogs]\nfoldr = \"cogs\"\n", "gearshift.toml:2: unknown key `cogs.foldr`"),
    ] {
        fs::write(&file, bytes).unwrap();
        let (code, all) = bed.ask(&[]);
        assert!(code == 1 && all[0]["level"] == "failed", "{all:#?}");
        assert!(all[0]["text"].as_str().unwrap().contains(text), "{all:#?}");
        assert_eq!((&all[1]["check"], &all[1]["level"]), (&"copies".into(), &"ok".into()));
    }
    bed.config("[store]\n");
    let text = fs::read_to_string(&file).unwrap();
    for whole in [format!("\u{feff}{text}"), text.replace('\n', "\r\n")] {
        fs::write(&file, whole).unwrap();
        assert_eq!(bed.ask(&[]).0, 0);
    }
}

#[test]
fn a_missing_or_wrong_token_is_reported_with_what_to_do() {
    let bed = Bed::new();
    bed.config("");
    let quoted = format!("\"{}\"", bed.sim.token());
    let unknown = bed.sim.token().replace("secret", "s3cret");
    for (token, text, help) in [
        (&*quoted, "it is in quotes", "DISCORD_TOKEN"),
        ("${TOKEN}", "placeholder", "DISCORD_TOKEN"),
        (" \n", "it is empty", "DISCORD_TOKEN"),
        (&*unknown, "401", "Reset Token"),
    ] {
        bed.finds(&[("DISCORD_TOKEN", token)], "failed", "discord", text, help);
    }
    let ended = format!("{}\n", bed.sim.token());
    assert_eq!(bed.ask(&[("DISCORD_TOKEN", &ended)]).0, 0, "a new line at its end is no part of it");
    bed.place.file("token", &ended);
    bed.config("token_file = \"token\"\n");
    let file = bed.place.path().join("token");
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    bed.finds(&[], "warning", "token", "is mode 0644: other users can read the token", "`chmod 600 ");
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    assert!(bed.ask(&[]).1.iter().all(|it| it["level"] == "ok"));
}

#[test]
fn intents_that_are_refused_or_missing_for_a_cog_are_reported() {
    let bed = Bed::new();
    bed.config("intents = [\"guilds\", \"guild_messages\"]\n");
    bed.finds(&[], "warning", "intents", "message", "add `message_content`");
    bed.config("");
    let bot = bed.sim.world(|world| world.bots()[0].id());
    bed.sim.revoke_intents(bot, 1 << 15);
    bed.finds(
        &[],
        "failed",
        "intents",
        "it is not allowed to use `message_content`",
        "Privileged Gateway Intents",
    );
    let bed = Bed { place: Place::with(&["welcome"]), ..bed };
    bed.config("intents = [\"guilds\"]\n");
    bed.finds(&[], "warning", "cogs", "`welcome`: it listens to GUILD_MEMBER_ADD", "`[discord] intents`");
}

#[test]
fn unusable_folders_and_files_are_reported() {
    let bed = Bed::new();
    bed.config("[store]\npath = \"nowhere/bot.db\"\n");
    bed.finds(
        &[],
        "failed",
        "store",
        "cannot be created: its folder does not exist",
        "must be a folder that this user can write to",
    );
    bed.place.file("bot.db", "no database");
    bed.config("[store]\npath = \"bot.db\"\n");
    bed.finds(&[], "failed", "store", "bot.db", "`[store] path`");
    bed.config("");
    let cogs = bed.place.path().join("cogs");
    fs::set_permissions(&cogs, Permissions::from_mode(0o777)).unwrap();
    bed.finds(&[], "warning", "cogs", "other users can put libraries there", "`chmod go-w ");
    fs::set_permissions(&cogs, Permissions::from_mode(0o755)).unwrap();
    bed.place.file("cogs/libjunk.so", "junk");
    bed.finds(&[], "failed", "cogs", "libjunk.so`: it is not a library", "crate-type");
    fs::remove_dir_all(&cogs).unwrap();
    bed.finds(&[], "failed", "cogs", "cannot use the cogs folder", "correct `[cogs] folder`");
    fs::create_dir(&cogs).unwrap();
    bed.finds(&[], "warning", "cogs", "nothing in `", "put libraries of cogs there");

    let runtime = bed.place.path().join("runtime");
    for (folder, why) in [("", "is empty"), ("run", "is not an absolute path")] {
        let temporary = runtime.to_str().unwrap();
        let variables = [("XDG_RUNTIME_DIR", folder), ("TMPDIR", temporary)];
        bed.finds(&variables, "warning", "runtime", why, "a folder of its user");
    }
    let file = bed.place.file("a-file", "");
    bed.finds(
        &[("XDG_RUNTIME_DIR", &file)],
        "failed",
        "copies",
        "failed to create a private folder",
        "TMPDIR",
    );
    bed.finds(
        &[("XDG_RUNTIME_DIR", &file)],
        "failed",
        "socket",
        "control socket",
        "must exist and be writable",
    );
    fs::set_permissions(runtime.join("gearshift"), Permissions::from_mode(0o777)).unwrap();
    bed.finds(&[], "failed", "copies", "other users can write there", "mode 0700");
}

#[test]
fn libraries_that_conflict_with_others_are_reported() {
    let bed = Bed::new();
    bed.config("");
    let cogs = bed.place.path().join("cogs");
    fs::copy(library("ping"), cogs.join("second.so")).unwrap();
    bed.finds(&[], "failed", "cogs", "cannot load `ping` from `", "remove one of the two files");
    // Of the same length, so that nothing else in the file moves.
    let other = renamed(&fs::read(library("ping")).unwrap(), b"\"name\":\"ping\",\"version\"", b"pong");
    fs::write(cogs.join("second.so"), other).unwrap();
    let text = "cannot load `pong` from `";
    bed.finds(&[], "failed", "cogs", text, "rename the cog or the command");
    bed.finds(&[], "failed", "cogs", "its command `/ping` belongs to `ping` from `", "in one of them");
    let (_, all) = bed.ask(&[]);
    let held = all.iter().find(|it| it["check"] == "cogs" && it["level"] == "ok").unwrap();
    assert!(held["text"].as_str().unwrap().ends_with("holds `ping`"), "{held}");
    let mut live = Live::spawn(gearshift(&bed.place).arg("run").env("DISCORD_TOKEN", bed.sim.token()));
    live.expect("cannot load `pong` from `");
}

#[test]
fn settings_of_a_missing_cog_or_one_without_settings_are_reported() {
    let bed = Bed::new();
    bed.config("[cog.ping.settings]\ntext = 1\n");
    bed.finds(&[], "warning", "cogs", "gearshift.toml:5: `cog.ping.settings` is not used", "takes them");
    bed.config("[cog.pong.settings]\ntext = 1\n");
    bed.finds(&[], "warning", "cogs", "has a section `[cog.pong]`, and no library in `", "correct the name");
    bed.place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\ndisabled = [\"pong\"]\n");
    bed.finds(&[], "warning", "cogs", "`[cogs] disabled` names `pong`", "correct the name");
}

#[test]
fn files_of_another_user_are_reported() {
    let bed = Bed::new();
    if !rustix::process::geteuid().is_root() {
        return skipped("only root can give a file away");
    }
    bed.place.file("token", bed.sim.token());
    bed.config("token_file = \"token\"\n");
    let at = |name: &str| bed.place.path().join(name);
    fs::set_permissions(at("token"), Permissions::from_mode(0o600)).unwrap();
    let owner = |name: &str, owner: u32| lchown(at(name), Some(owner), None).unwrap();
    for (name, check, what) in [
        ("gearshift.toml", "config", "change it"),
        ("token", "token", "read the token"),
        ("cogs", "cogs", "put libraries there"),
    ] {
        owner(name, 12345);
        let text =
            format!("{name}` belongs to user 12345, and this process runs as user 0: its owner can {what}");
        bed.finds(&[], "warning", check, &text, "`chown`");
        owner(name, 0);
    }
    fs::rename(at("cogs"), at("elsewhere")).unwrap();
    symlink(at("elsewhere"), at("cogs")).unwrap();
    assert!(bed.ask(&[]).1.iter().all(|it| it["level"] == "ok"));
    owner("cogs", 12345);
    bed.finds(&[], "warning", "cogs", "cogs` belongs to user 12345", "`chown`");
}

#[test]
fn remote_services_that_do_not_answer_are_reported() {
    let bed = Bed::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let unheard = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    bed.config(&format!(
        "[stats]\naddress = \"{unheard}\"\n[api]\nurl = \"http://{closed}\"\nhealth_tries = 1\n"
    ));
    bed.finds(&[], "warning", "stats", "are lost: ", "`[stats] address`");
    bed.finds(&[], "warning", "api", "cannot open the api session", "start the site");
    bed.config("[stats]\naddress = \"[::1]:8125\"\n");
    bed.finds(&[], "failed", "dns", "cannot reach ::1: it is IPv6", "`[http] ipv4_only = false`");
    bed.config(&format!("[api]\nurl = \"http://{closed}\"\nhealth_tries = 1\nrequired = true\n"));
    bed.finds(&[], "failed", "api", "cannot open the api session", "start the site");
    let discord = |url: &str, more: &str| {
        let text = format!("[cogs]\n[discord]\napi_url = \"{url}\"\nopen_timeout_ms = 300\n{more}");
        bed.place.file("gearshift.toml", &text);
    };
    discord(&format!("http://{closed}/api"), "");
    bed.finds(&[], "failed", "discord", "cannot open the discord session", "check the network");
    discord("http://discord.invalid/api", &format!("[http]\nname_servers = [\"{unheard}\"]\n"));
    bed.finds(&[], "failed", "dns", "`discord.invalid`: there is no such name", "name servers");
}

/// What a check finds after `script` has changed the machine, in namespaces of its own, so that nothing else is
/// affected (<https://man7.org/linux/man-pages/man7/user_namespaces.7.html>). Returns `None`, with a note, if
/// namespaces are not available.
fn found_after(place: &Place, script: &str, check: &str) -> Option<Value> {
    let alone = |script: &str| {
        let mut command = Command::new("unshare");
        command.envs(environment(place)).current_dir(place.path()).args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            script,
        ]);
        command.output().ok().filter(|done| script != "true" || done.status.success())
    };
    if alone("true").is_none() {
        skipped("no namespaces of one's own here");
        return None;
    }
    let doctor = format!("{script} && exec {PROGRAM} doctor --json");
    let done = alone(&doctor).unwrap();
    let out = String::from_utf8(done.stdout).unwrap();
    let found = out.lines().find(|line| line.contains(&format!(r#""check":"{check}""#)));
    Some(serde_json::from_str(found.unwrap_or_else(|| panic!("{out}{:?}", done.stderr))).unwrap())
}

#[test]
fn a_machine_that_cannot_watch_more_folders_is_reported() {
    let place = Place::with(&[]);
    let limit = "echo 0 > /proc/sys/user/max_inotify_instances";
    for (poll_ms, level, help) in
        [(1000, "warning", "`fs.inotify.max_user_instances`"), (0, "failed", "`sysctl fs.inotify`")]
    {
        place.file("gearshift.toml", &format!("[cogs]\npoll_ms = {poll_ms}\n"));
        let Some(found) = found_after(&place, limit, "inotify") else { return };
        assert!(found["level"] == level && found["help"].as_str().unwrap().contains(help), "{found}");
    }
}

#[test]
fn a_runtime_directory_that_is_tiny_read_only_or_noexec_is_reported() {
    let place = Place::with(&["ping"]);
    place.file("gearshift.toml", "[cogs]\n");
    for (options, text) in [
        ("noexec", "code cannot be mapped from there"),
        ("size=64k", "has 1 MiB left, but the libraries need "),
        ("ro", "failed to create a private folder in `"),
    ] {
        let mount = format!("mount -t tmpfs -o mode=700,{options} tmpfs runtime");
        let Some(found) = found_after(&place, &mount, "copies") else { return };
        let of = |key: &str| found[key].as_str().unwrap();
        assert!(of("level") == "failed" && of("text").contains(text), "{found}");
        assert!(of("help").contains("XDG_RUNTIME_DIR"), "{found}");
    }
}

#[test]
fn it_can_be_asked_while_a_host_runs() {
    let bed = Bed::new();
    bed.config("[store]\n");
    let mut live = Live::spawn(gearshift(&bed.place).arg("run").env("DISCORD_TOKEN", bed.sim.token()));
    live.expect("ready; the control socket is");
    let (code, all) = bed.ask(&[]);
    assert_eq!(code, 0, "{all:#?}");
    let text = |check: &str| {
        let found = all.iter().find(|it| it["check"] == check).unwrap();
        found["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(text("socket"), format!("a host (process {}) is running with this config", live.id()));
    assert!(text("store").starts_with("the running host is using `"), "{all:#?}");
    live.signal(15);
    assert_eq!(live.end().0, 0);
}
