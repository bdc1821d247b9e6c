//! What the tests of packages need: libraries with the wanted manifests, and a real registry on loopback.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use memchr::memmem;

use crate::{
    libraries::library,
    program::{Ended, Place, gearshift, skipped},
};

/// Makes a debug build claim to be a release build.
pub(crate) const RELEASE: (&str, &str) = ("\"profile\":\"debug\"", "\"profile\":\"release\"");

/// A cog's library with a changed manifest, as if built that way: a release build would take minutes. The name of the
/// compiler gets shorter by as much as the rest gets longer.
pub(crate) fn altered(place: &Place, name: &str, cog: &str, changes: &[(&str, &str)]) -> String {
    let mut bytes = fs::read(library(cog)).unwrap();
    let at = memmem::find(&bytes, b"\"rustc\":\"").unwrap();
    let begin = bytes[..at].iter().rposition(|byte| *byte == b'{').unwrap();
    let mut values = serde_json::Deserializer::from_slice(&bytes[begin..]).into_iter::<serde_json::Value>();
    values.next().unwrap().unwrap();
    let end = begin + values.byte_offset();
    let mut text = String::from_utf8(bytes[begin..end].to_vec()).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from} is not in {text}");
        text = text.replacen(from, to, 1);
    }
    let rustc = text.find("\"rustc\":\"").unwrap() + "\"rustc\":\"".len();
    while text.len() != end - begin {
        match text.len() > end - begin {
            true => _ = text.remove(rustc),
            false => text.insert(rustc, ' '),
        }
    }
    bytes[begin..end].copy_from_slice(text.as_bytes());
    let path = place.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The program with a home of its own, so that no real login or key is used.
pub(crate) fn command(place: &Place, arguments: &[&str]) -> Command {
    let mut command = gearshift(place);
    for name in ["DOCKER_CONFIG", "XDG_CONFIG_HOME", "GEARSHIFT_KEY_PASSWORD", "http_proxy", "HTTP_PROXY"] {
        command.env_remove(name);
    }
    command.env("HOME", place.path().join("home")).args(arguments);
    command
}

/// Runs it until it ends.
#[track_caller]
pub(crate) fn run(place: &Place, arguments: &[&str]) -> Ended {
    ended(&mut command(place, arguments))
}

#[track_caller]
pub(crate) fn ended(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs it, and expects it to succeed.
#[track_caller]
pub(crate) fn done(place: &Place, arguments: &[&str]) -> String {
    let Ended { code, out, err } = run(place, arguments);
    assert_eq!((code, &*err), (0, ""), "{arguments:?}: {out}");
    out
}

/// Runs it, and expects it to fail with this exit code and these texts.
#[track_caller]
pub(crate) fn fails(place: &Place, arguments: &[&str], code: i32, texts: &[&str]) {
    let ended = run(place, arguments);
    assert_eq!(ended.code, code, "{arguments:?}: {}", ended.err);
    for text in texts {
        assert!(ended.err.contains(text), "{arguments:?}: `{text}` is not in: {}", ended.err);
    }
}

/// Packs `ping` in a version, with a word that makes it differ from other packages of that version.
pub(crate) fn pack(place: &Place, version: &str, word: &str, more: &[&str]) -> String {
    let says = format!("\"version\":\"{version}\"");
    let word = format!("\"name\":\"ping\",\"word\":\"{word}\"");
    let changes = [RELEASE, ("\"version\":\"0.1.0\"", &says), ("\"name\":\"ping\"", &word)];
    let library = altered(place, "built/libping.so", "ping", &changes);
    done(place, &[&["pack", "--library", &library], more].concat())
}

/// The files of a folder with their contents, except for the times and paths of the test.
pub(crate) fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => {
                    let content = fs::read(&path).unwrap();
                    found.push((path.strip_prefix(folder).unwrap().to_owned(), content));
                }
            }
        }
    }
    found.sort();
    found
}

/// Debian's docker-registry, on loopback. Killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    /// Where it stores its data.
    pub(crate) folder: PathBuf,
}

/// A line of `htpasswd` for `me` with the password `s3cret`.
const LOGIN: &str = "me:$2y$04$j9XNjsoxn3MrwigBVuOg4.Et6yo77noDfIZZn0uoRzZXY/Mi1QW/S\n";

impl Server {
    /// With or without a login. `None` if it is not installed.
    pub(crate) fn start(place: &Place, with_login: bool) -> Option<Server> {
        let folder = place.path().join("registry");
        let mut config = format!(
            "version: 0.1\nlog: {{level: info, accesslog: {{disabled: true}}}}\n\
             storage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"127.0.0.1:0\"}}\n",
            folder.display()
        );
        if with_login {
            let file = place.file("htpasswd", LOGIN);
            config.push_str(&format!("auth: {{htpasswd: {{realm: test, path: {file}}}}}\n"));
        }
        let config = place.file("registry.yml", &config);
        let mut command = Command::new("docker-registry");
        command.args(["serve", &config]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                skipped(&format!(
                    "there is no docker-registry here ({error}); Debian has it, and `scripts/test` installs it"
                ));
                return None;
            }
        };
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut seen = Vec::new();
        let address = loop {
            let Some(Ok(line)) = lines.next() else { panic!("the registry has ended: {seen:?}") };
            if let Some((_, rest)) = line.split_once("listening on ") {
                break rest.split(['"', ' ', ',']).next().unwrap().to_owned();
            }
            seen.push(line);
        };
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Some(Server { child, address, folder })
    }

    /// The file in which it stores the blob with this digest.
    pub(crate) fn blob(&self, digest: &str) -> PathBuf {
        let hex = digest.strip_prefix("sha256:").unwrap();
        self.folder.join("docker/registry/v2/blobs/sha256").join(&hex[..2]).join(hex).join("data")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
