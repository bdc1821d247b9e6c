//! The image of `host/packaging/Dockerfile`, as far as it can be tested without a container engine: the contents of the
//! file, and the host as process number 1, as the image's user, with a read-only root.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
    process::{Command, Output},
};

use crate::{
    program::{Live, PROGRAM, Place, skipped, workspace},
    running::{ask, discord},
};

/// The instructions of the file's last stage, and those of the stages before.
struct Image {
    build: Vec<(String, String)>,
    last: Vec<(String, String)>,
}

impl Image {
    fn read() -> Image {
        let text = fs::read_to_string(workspace().join("host/packaging/Dockerfile")).unwrap();
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let all: Vec<(String, String)> = lines
            .map(|line| line.split_once(' ').unwrap_or_else(|| panic!("{line}")))
            .map(|(word, rest)| (word.to_owned(), rest.to_owned()))
            .collect();
        let at = all.iter().rposition(|(word, _)| word == "FROM").unwrap();
        Image { build: all[..at].to_vec(), last: all[at..].to_vec() }
    }

    /// The only instruction of its kind.
    fn one(&self, word: &str) -> &str {
        let found: Vec<_> = self.last.iter().filter(|(other, _)| other == word).collect();
        assert_eq!(found.len(), 1, "{word}: {found:?}");
        &found[0].1
    }

    /// A command in exec form: no shell stands between it and the signals.
    fn command(&self, word: &str) -> Vec<String> {
        let text = self.one(word);
        let list = text.find('[').map(|at| &text[at..]).unwrap_or_default();
        serde_json::from_str(list).unwrap_or_else(|error| panic!("{word} {text}: {error}"))
    }

    /// `KEY=value` for each variable.
    fn variables(&self) -> Vec<&str> {
        self.one("ENV").split(' ').collect()
    }
}

#[test]
fn the_image_runs_the_host_without_a_shell_and_not_as_root() {
    let image = Image::read();
    let (user, group) = image.one("USER").split_once(':').unwrap();
    assert!(user.parse::<u32>().unwrap() > 0 && group.parse::<u32>().unwrap() > 0);
    assert!(image.last.iter().all(|(word, _)| word != "RUN"), "there is no shell in it");
    let program = "/usr/local/bin/gearshift";
    assert!(image.last.iter().any(|(word, rest)| word == "COPY" && rest.ends_with(program)));
    assert_eq!(
        (image.command("ENTRYPOINT"), image.command("CMD")),
        (vec![program.to_owned()], vec!["run".to_owned()])
    );
    assert_eq!(image.command("HEALTHCHECK"), [program, "status"]);
    let volumes = image.command("VOLUME");
    assert_eq!(image.variables(), [format!("XDG_RUNTIME_DIR={}", volumes[0])]);
    // The compiler version that the workspace requires, on the Debian release whose glibc the last stage has.
    let wanted = fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
    let wanted =
        wanted.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    let from = &image.build.iter().find(|(word, _)| word == "FROM").unwrap().1;
    assert_eq!(from, &format!("docker.io/library/rust:{wanted}-slim-bookworm AS build"));
    assert!(image.one("FROM").ends_with("-debian12"));
}

#[test]
fn the_host_needs_no_library_that_the_image_does_not_have() {
    match Command::new("ldd").arg(PROGRAM).output() {
        Err(error) => skipped(&format!("ldd cannot be run here: {error}")),
        Ok(output) => {
            let text = String::from_utf8(output.stdout).unwrap();
            let names = text.lines().filter_map(|line| line.split_whitespace().next());
            let names: Vec<&str> =
                names.filter_map(|name| name.rsplit('/').next()?.split(".so").next()).collect();
            // https://github.com/GoogleContainerTools/distroless/tree/main/cc
            let there = ["linux-vdso", "ld-linux-x86-64", "ld-linux-aarch64", "libc", "libm", "libgcc_s"];
            assert!(names.contains(&"libc"), "{text}");
            assert!(names.iter().all(|name| there.contains(name)), "{text}");
        }
    }
}

/// Sets up the image's folders, makes everything else read-only, and replaces this shell with the host.
const ENTER: &str = r#"
set -eu
place=$1 state=$2 work=$3
shift 3
mount -t tmpfs tmpfs /usr/local/bin && cp "$place/gearshift" /usr/local/bin/gearshift && chmod 755 /usr/local/bin/gearshift
mount -t tmpfs tmpfs "$(dirname "$state")" && mkdir "$state" && mount --bind "$place/state" "$state"
mount -t tmpfs tmpfs "$(dirname "$work")" && mkdir "$work" && mount --bind "$place/bot" "$work"
mount -o remount,bind,ro "$work"
mount -o remount,bind,ro /
cd "$work"
exec "$@"
"#;

/// Whether tests on this machine can have namespaces of their own.
fn namespaces() -> Result<(), String> {
    let tried = Command::new("unshare")
        .args(["--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c"])
        .arg("mount -t tmpfs tmpfs /srv && mount -o remount,bind,ro / && setpriv --reuid 1 true && command -v nsenter")
        .output();
    match tried {
        Err(error) => Err(error.to_string()),
        Ok(Output { status, stderr, .. }) if !status.success() => {
            Err(String::from_utf8_lossy(&stderr).trim().to_owned())
        }
        Ok(_) => Ok(()),
    }
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_host_is_process_1_of_its_user_on_a_read_only_root_and_ends_in_order() {
    if let Err(why) = namespaces() {
        return skipped(&format!(
            "the host is not tried as process 1 of a container, which needs root: {why}"
        ));
    }
    let image = Image::read();
    let (user, group) = image.one("USER").split_once(':').unwrap();
    let (state, work) = (image.command("VOLUME").remove(0), image.one("WORKDIR"));
    let place = Place::with(&["counter"]);
    let (runtime, sim) = discord(&place, &format!("[store]\npath = \"{state}/gearshift.db\"\n"));
    fs::create_dir_all(place.path().join("bot")).unwrap();
    fs::create_dir(place.path().join("state")).unwrap();
    for name in ["cogs", "gearshift.toml"] {
        fs::rename(place.path().join(name), place.path().join("bot").join(name)).unwrap();
    }
    chown(place.path().join("state"), user.parse().ok(), group.parse().ok()).unwrap();
    fs::copy(PROGRAM, place.path().join("gearshift")).unwrap();
    for folder in ["", "bot", "bot/cogs"] {
        open_to_all(&place.path().join(folder));
    }

    let as_user = [
        "setpriv",
        "--reuid",
        user,
        "--regid",
        group,
        "--clear-groups",
        "--no-new-privs",
        "--bounding-set=-all",
        // A change of user resets what `--kill-child` has set.
        "--pdeathsig=KILL",
    ];
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", ENTER, "sh"]);
    command
        .arg(place.path())
        .args([state.as_str(), work])
        .args(as_user)
        .args(["env", "-i"])
        .args(image.variables());
    command
        .arg(format!("DISCORD_TOKEN={}", sim.token()))
        .args(image.command("ENTRYPOINT"))
        .args(image.command("CMD"));
    let mut live = Live::spawn(&mut command);
    live.expect("ready; the control socket is");
    assert!(ask(&runtime, &sim, "!count").content.starts_with("1 for you"));

    // The host's process id outside of the namespace.
    let children = format!("/proc/{0}/task/{0}/children", live.id());
    let host = fs::read_to_string(children).unwrap().trim().to_owned();
    let mut health = Command::new("nsenter");
    health.args(["--target", &host, "--mount", "--pid", "--wd"]).args(as_user).args(["env", "-i"]);
    let health = health.args(image.variables()).args(image.command("HEALTHCHECK")).arg("--json");
    let Output { status, stdout, stderr } = health.output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    let healthy: serde_json::Value = serde_json::from_slice(&stdout).unwrap();
    assert_eq!((&healthy["is_healthy"], &healthy["process"]), (&true.into(), &1.into()), "{healthy}");

    assert!(Command::new("kill").args(["-TERM", &host]).status().unwrap().success());
    let (code, lines) = live.end();
    assert_eq!(code, 0, "{lines:#?}");
    assert!(lines.last().unwrap().contains("closed in "), "{lines:#?}");
    assert!(place.path().join("state/gearshift.db").exists());
}
