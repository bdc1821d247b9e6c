//! `gearshift new`: what it creates builds at once, does what its README says and passes every lint; what it refuses
//! leaves nothing behind.

use std::{env, fs, os::unix::fs::symlink, path::Path, process::Command};

use crate::program::{Ended, PROGRAM, Place, environment, gearshift, run, workspace};

/// Uses the crates of this repository's lock file, and a target folder that is kept: nothing is downloaded, and only
/// new code is built.
fn prepare(folder: &Path) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("made");
    fs::create_dir_all(&target).unwrap();
    symlink(&target, folder.join("target")).unwrap();
    fs::copy(workspace().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
}

/// Removes libraries of earlier tests, so that they are not played.
fn forget_built() {
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join("made/debug");
    for entry in fs::read_dir(built).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == env::consts::DLL_EXTENSION) {
            fs::remove_file(path).unwrap();
        }
    }
}

/// Runs a line in a shell, with `gearshift` and `cargo` in the path.
#[track_caller]
fn shell(place: &Place, folder: &Path, line: &str) -> String {
    let beside = |program: &str| Path::new(program).parent().unwrap().to_owned();
    let mut path = vec![beside(PROGRAM)];
    path.extend(env::var_os("CARGO").map(|cargo| beside(cargo.to_str().unwrap())));
    path.extend(env::split_paths(&env::var_os("PATH").unwrap()));
    let mut command = Command::new("sh");
    // The environment is the same as for the program in the tests.
    command.envs(environment(place));
    for name in ["CARGO_TARGET_DIR", "RUSTFLAGS", "DISCORD_TOKEN"] {
        command.env_remove(name);
    }
    command.env("PATH", env::join_paths(path).unwrap()).env("CARGO_NET_OFFLINE", "true");
    // Debug info is half of the work, and is not needed here.
    command.env("CARGO_PROFILE_DEV_DEBUG", "0");
    let done = command.current_dir(folder).args(["-c", line]).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    assert!(done.status.success(), "{line}\n{}{}", text(&done.stdout), text(&done.stderr));
    text(&done.stdout)
}

/// The lines of the first block of commands.
fn commands(markdown: &str) -> Vec<String> {
    let block = markdown.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    block.lines().map(|line| line.split(" #").next().unwrap().trim().to_owned()).collect()
}

/// Runs everything that its README says, except commands that run until they are stopped; and the lints.
fn keeps_its_promises(place: &Place, folder: &Path, scripts: usize) {
    prepare(folder);
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    let (mut played, mut said) = (0, commands(&readme));
    said.retain(|line| !line.starts_with("gearshift dev") && !line.starts_with("DISCORD_TOKEN"));
    said.push("cargo fmt --all --check".to_owned());
    said.push("cargo clippy --workspace --all-targets -- -D warnings".to_owned());
    for line in said {
        let out = shell(place, folder, &line);
        if line.starts_with("gearshift smoke") {
            played = out.lines().filter(|line| line.starts_with("ok ")).count();
        }
    }
    assert_eq!(played, scripts);
}

fn new(place: &Place, arguments: &[&str]) -> String {
    let Ended { code, out, err } = run(place, &[&["new"], arguments].concat());
    assert_eq!((code, &*err), (0, ""), "{arguments:?}: {out}");
    out
}

/// The entries of a folder, including hidden ones.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_cog_and_a_bot_of_every_template_build_pass_their_tests_and_answer_as_their_transcripts_say() {
    let place = Place::with(&[]);
    forget_built();
    new(&place, &["my-bot", "--workspace", "--template", "tasks"]);
    // Names whose types are in the prelude, or which make lines longer or shorter than others.
    for (name, template) in
        [("user", "minimal"), ("a-name-of-24-characters1", "commands"), ("x", "components")]
    {
        let said = new(&place, &[&format!("my-bot/plugins/{name}"), "--template", template]);
        assert!(said.contains("SDK: gearshift-cog of the workspace"), "{said}");
    }
    keeps_its_promises(&place, &place.path().join("my-bot"), 4);
    let another = fs::read_to_string(place.path().join("my-bot/plugins/another/src/lib.rs")).unwrap();
    assert!(another.contains("#[command(\"another\")]"), "{another}");

    let said = new(&place, &["greeter"]);
    assert!(said.contains("which this gearshift was built from"), "{said}");
    let folder = place.path().join("greeter");
    assert_eq!(names(&folder), [".gitignore", "Cargo.toml", "README.md", "smoke.txt", "src"]);
    for made in [&folder, &place.path().join("my-bot")] {
        let ignored = fs::read_to_string(made.join(".gitignore")).unwrap();
        assert!(ignored.lines().any(|line| line == "/packages"), "what `pack` makes: {ignored}");
    }
    keeps_its_promises(&place, &folder, 1);
    let steps = commands(&fs::read_to_string(folder.join("README.md")).unwrap());
    let expected: Vec<String> =
        ["gearshift new greeter", "cd greeter"].map(str::to_owned).into_iter().chain(steps).collect();
    let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
    let own = readme.split("## A cog of your own").nth(1).unwrap();
    assert_eq!(commands(own), expected, "the repository's README shows other steps");
}

#[test]
fn the_sdk_comes_from_the_given_place() {
    let place = Place::with(&[]);
    for (name, sdk, line) in [
        ("a", "0.1", "gearshift-cog = { version = \"0.1\" }"),
        (
            "b",
            "https://example.com/g#0a1b",
            "gearshift-cog = { git = \"https://example.com/g\", rev = \"0a1b\" }",
        ),
        (
            "d",
            "https://example.com/g",
            "gearshift-cog = { git = \"https://example.com/g\", features = [\"testing\"] }",
        ),
    ] {
        new(&place, &[name, "--sdk", sdk]);
        let manifest = fs::read_to_string(place.path().join(name).join("Cargo.toml")).unwrap();
        assert!(manifest.contains(line), "{manifest}");
    }
}

#[test]
fn what_is_made_beside_a_workspace_from_within_it_is_not_in_it() {
    let place = Place::with(&[]);
    place.file("some/Cargo.toml", "[workspace]\nmembers = [\"cogs/*\"]\n");
    new(&place, &["some/../beside"]);
    symlink(place.path(), place.path().join("some/link")).unwrap();
    new(&place, &["some/link/linked"]);
    for name in ["beside", "linked"] {
        assert!(place.path().join(name).join("Cargo.toml").is_file(), "{name}");
    }
}

#[test]
fn what_to_type_next_can_be_typed_where_one_is() {
    let place = Place::with(&[]);
    new(&place, &["my-bot", "--workspace"]);
    let said = new(&place, &["my-bot/plugins/one"]);
    assert!(said.contains("    cd my-bot\n    gearshift dev plugins/one\n"), "{said}");
    assert!(said.ends_with("--cogs target/debug plugins/one/smoke.txt\n"), "{said}");
    let inside = place.path().join("my-bot");
    let done = gearshift(&place).args(["new", "plugins/two"]).current_dir(inside).output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(!said.contains(" cd ") && said.contains("    gearshift dev plugins/two\n"), "{said}");
    assert!(said.ends_with("--cogs target/debug plugins/two/smoke.txt\n"), "{said}");
    // In a folder whose name a shell would split.
    fs::create_dir(place.path().join("my bots")).unwrap();
    assert!(new(&place, &["my bots/three"]).contains("    cd 'my bots/three'\n"));
    new(&place, &["my bots/other", "--workspace"]);
    let said = new(&place, &["my bots/other/plugins/four"]);
    assert!(said.contains("    cd 'my bots/other'\n    gearshift dev plugins/four\n"), "{said}");
    let inside = place.path().join("my bots/other/plugins");
    let said = gearshift(&place).args(["new", "five"]).current_dir(inside).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("    gearshift dev five\n"), "{said}");
    assert!(said.contains("/my bots/other/target/debug' five/smoke.txt\n"), "{said}");
}

#[test]
fn a_failed_new_is_reported_with_what_to_do_and_leaves_nothing_behind() {
    let place = Place::with(&[]);
    place.file("there/mine.txt", "mine");
    place.file("a-file", "mine");
    symlink("/nowhere", place.path().join("a-link")).unwrap();
    place.file("some/Cargo.toml", "[workspace]\nmembers = [\"cogs/*\"]\n");
    let before = names(place.path());
    for (arguments, code, what, help) in [
        (&["Greeter"][..], 2, "`Greeter` cannot be the name of a cog: it has a `G`", "`greeter` would do"),
        (&["some/fn"], 2, "`fn` cannot be the name of a cog: it is a Rust keyword", "such as `fn-cog`"),
        (&["9lives", "--workspace"], 2, "does not begin with a letter", "starting with a letter"),
        (&["m"], 2, "`libm` is a system library", "such as `m-cog`"),
        (&["greeter", "--sdk", "there"], 2, "there is no `gearshift-cog` in `there`", "a git URL"),
        (
            &["greeter", "--template", "large"],
            2,
            "invalid value 'large'",
            "minimal, commands, components, tasks",
        ),
        (&["there"], 73, "already exists", "nothing is overwritten"),
        (&["a-file", "--workspace"], 73, "already exists", "nothing is overwritten"),
        (&["a-link"], 73, "already exists", "nothing is overwritten"),
        (&["nowhere/greeter"], 73, "there is no folder `", "create that first"),
        (&["a-file/greeter"], 73, "there is no folder `", "create that first"),
        (&["some/greeter"], 73, "whose `members` do not include it", "add \"greeter\" to its `members`"),
        (&["some/deep/greeter"], 73, "there is no folder `", "create that first"),
        (&["/proc/greeter"], 73, "failed to create `/proc/greeter`: ", "can write to"),
    ] {
        let ended = run(&place, &[&["new"], arguments].concat());
        assert_eq!((ended.code, &*ended.out), (code, ""), "{arguments:?}: {}", ended.err);
        assert!(ended.err.contains(what) && ended.err.contains(help), "{arguments:?}: {}", ended.err);
        assert_eq!(names(place.path()), before, "{arguments:?}");
        assert_eq!(names(&place.path().join("some")), ["Cargo.toml"], "{arguments:?}");
    }
    assert_eq!(names(&place.path().join("there")), ["mine.txt"]);
    // A bot is created next to the workspace's members, not among them.
    fs::create_dir(place.path().join("some/cogs")).unwrap();
    new(&place, &["some/my-bot", "--workspace"]);
    let ended = run(&place, &["new", "some/cogs/my-bot", "--workspace"]);
    assert!(ended.code == 73 && ended.err.contains("a bot is a workspace of its own"), "{}", ended.err);
}
