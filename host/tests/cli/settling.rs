//! Whatever the disk or the permissions do meanwhile, the installed files match the lock: a full disk, folders that are
//! not writable, files replaced by something else. In namespaces of its own, so that nothing else is affected.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::{
    installing::{holds, ok, place},
    packages::command,
    program::{Ended, Live, PROGRAM, Place, environment, gearshift, run, skipped},
    versions::{content, pack, with_manifest},
};

/// A shell in namespaces of its own, in which it may mount. Returns `None`, with a note, if namespaces are not
/// available.
/// <https://man7.org/linux/man-pages/man7/user_namespaces.7.html>
fn alone(place: &Place, script: &str) -> Option<Command> {
    let shell = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-ec", script]);
        command.envs(environment(place)).env("GEARSHIFT", PROGRAM).current_dir(place.path());
        command
    };
    if !shell("mount -t tmpfs tmpfs cogs").output().is_ok_and(|tried| tried.status.success()) {
        skipped("no namespaces of one's own here");
        return None;
    }
    Some(shell(script))
}

fn ended(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn the_next_command_has_file_and_lock_follow_a_host_that_went_back_and_may_not_write_there() {
    let place = place(&[]);
    let config = "[cogs]\nfolder = \"cogs\"\n[store]\n[limits]\nprobation_faults = 1\n";
    place.file("gearshift.toml", config);
    pack(&place, "faulty", "1.0.0", |_| {});
    ok(&place, &["install", "./packages/faulty"]);
    let script =
        "mount --bind .gearshift .gearshift && mount -o remount,bind,ro .gearshift && exec $GEARSHIFT play";
    let Some(mut host) = alone(&place, script) else { return };
    let mut live = Live::spawn(&mut host);
    live.expect("ready; the control socket is");
    pack(&place, "faulty", "1.1.0", |_| {});
    ok(&place, &["update"]);
    live.say("!faulty panic");
    live.expect("cannot update `gearshift.lock`: cannot lock `");
    // It was not settled before the host starts again.
    assert_eq!(live.end().0, 0);
    let mut live = Live::spawn(&mut host);
    live.expect("is the version that the host went back from; the one before is loaded instead");
    live.expect("`faulty#1` was loaded (1.0.0)");
    live.expect("cannot update `gearshift.lock`: cannot lock `");
    let wrong = run(&place, &["verify"]);
    assert_eq!(wrong.code, 1, "{}", wrong.out);
    assert!(
        wrong.out.contains("the host went back to 1.0.0, but the file and the lock are not updated"),
        "{}",
        wrong.out
    );
    let stays = ok(&place, &["update"]);
    let note = "note: `";
    assert!(
        stays.err.starts_with(note)
            && stays.err.contains("` and `gearshift.lock` are back at `faulty` 1.0.0: "),
        "{}",
        stays.err
    );
    assert!(stays.out.contains("1.0.0 stays: the host went back from 1.1.0 by itself"), "{}", stays.out);
    assert!(
        content(&place.path().join("cogs/libfaulty.so")) == Some(with_manifest("faulty", "1.0.0", |_| {}))
    );
    ok(&place, &["verify"]);
    pack(&place, "faulty", "1.2.0", |_| {});
    assert!(ok(&place, &["update"]).out.contains("1.0.0 → 1.2.0"));
    ok(&place, &["verify"]);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_lock_for_which_there_is_no_room_is_noticed_before_anything_is_changed() {
    let place = place(&["1.0.0", "1.1.0"]);
    fs::create_dir(place.path().join("small")).unwrap();
    std::os::unix::fs::symlink("small/gearshift.lock", place.path().join("gearshift.lock")).unwrap();
    // There is room for one lock and another one next to it.
    let script = "mount -t tmpfs -o size=8k tmpfs small
        $GEARSHIFT install ./packages/ping:1.0.0 && $GEARSHIFT install ./packages/ping@^1 --json > /dev/null
        $GEARSHIFT rollback ping
        head -c 4096 /dev/zero > small/more
        ! $GEARSHIFT update ping; ! $GEARSHIFT install ./packages/ping; ! $GEARSHIFT uninstall ping
        rm small/more && $GEARSHIFT verify && cp small/gearshift.lock kept && test -L gearshift.lock";
    let Some(mut shell) = alone(&place, script) else { return };
    let ended = ended(&mut shell);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    let full = ended.err.matches("error: `ping` stays 1.0.0: cannot write `").count();
    assert!(full == 2 && ended.err.to_lowercase().contains("no s"), "{}", ended.err);
    assert!(holds(&place, "1.0.0"));
    assert!(fs::read_to_string(place.path().join("kept")).unwrap().contains("version = \"1.0.0\""));
}

#[test]
fn a_full_disk_is_named_with_one_path_and_nothing_half_made_stays() {
    let place = place(&["1.0.0"]);
    fs::create_dir(place.path().join("small")).unwrap();
    let script = "for folder in cogs small; do mount -t tmpfs -o size=64k tmpfs $folder; done
        if $GEARSHIFT install ./packages/ping; then exit 1; fi
        test -z \"$(ls -A cogs)\"
        for size in 0 64k; do
            head -c $size /dev/zero > small/more
            if $GEARSHIFT pull ./packages/ping --out small/packages; then exit 1; fi
            test ! -e small/packages
        done";
    let Some(mut shell) = alone(&place, script) else { return };
    let ended = ended(&mut shell);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    let (helps, errors): (Vec<&str>, Vec<&str>) = ended.err.lines().partition(|it| it.starts_with("help: "));
    assert!(
        errors.len() == 3
            && errors.iter().all(|line| line.ends_with(": No space left on device (os error 28)"))
            && helps == ["help: free some space there, or raise this user's quota"; 3],
        "{}",
        ended.err
    );
}

#[test]
fn a_trial_that_cannot_begin_is_reported_with_what_to_do() {
    let place = place(&["1.0.0"]);
    let copies = place.path().join("open/gearshift");
    fs::create_dir_all(&copies).unwrap();
    fs::set_permissions(&copies, Permissions::from_mode(0o777)).unwrap();
    let mut command = gearshift(&place);
    let output =
        command.args(["install", "./packages/ping"]).env("XDG_RUNTIME_DIR", copies.parent().unwrap());
    let ended = ended(output);
    let failed = "error: `ping` is not installed: it failed its trial: it could not begin: cannot prepare the folder for";
    assert!(ended.err.starts_with(failed), "{}", ended.err);
    assert!(ended.err.ends_with("XDG_RUNTIME_DIR, or TMPDIR without it, name another\n"), "{}", ended.err);
    assert_eq!((ended.code, ended.err.lines().count()), (1, 2), "{}", ended.err);
}

#[test]
fn a_change_that_was_made_and_could_not_be_written_down_is_said_to_be_and_is_settled_later() {
    let place = place(&["1.0.0", "1.1.0"]);
    ok(&place, &["install", "./packages/ping:1.0.0"]);
    // A file with a mount on it cannot be replaced.
    let script = "mount --bind gearshift.lock gearshift.lock
        ! $GEARSHIFT install ./packages/ping; ! $GEARSHIFT verify";
    let Some(mut shell) = alone(&place, script) else { return };
    let ended = ended(&mut shell);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    let text = "error: `ping` is 1.1.0 now, but not all of that could be recorded: cannot write `";
    assert!(ended.err.contains(text) && !ended.err.contains("stays"), "{}", ended.err);
    assert!(ended.out.contains(": a change was interrupted and is not recorded yet"), "{}", ended.out);
    assert!(holds(&place, "1.1.0"));
    assert!(ok(&place, &["update"]).out.contains("1.1.0 stays"));
    ok(&place, &["verify"]);
}

#[test]
fn a_change_whose_report_cannot_be_written_is_made_all_the_same() {
    let place = place(&["1.0.0"]);
    for (command, is_installed) in
        [(&["install", "./packages/ping"][..], true), (&["uninstall", "ping"], false)]
    {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = gearshift(&place).args(command).stdout(full).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(74), "{err}");
        assert!(err.contains("error: failed to write: No space left on device"), "{err}");
        assert_eq!(holds(&place, "1.0.0"), is_installed);
        ok(&place, &["verify"]);
    }
}

#[test]
fn what_may_only_be_read_is_verified_and_a_command_at_work_meanwhile_is_named() {
    let place = place(&["1.0.0"]);
    ok(&place, &["install", "./packages/ping"]);
    let script =
        "mount --rbind . . && cd . && mount -o remount,bind,ro . && cd \"$PWD\" && ! touch new 2> /dev/null
        $GEARSHIFT verify && ! $GEARSHIFT update";
    let Some(mut shell) = alone(&place, script) else { return };
    let ended = ended(&mut shell);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("ok      ping: 1.0.0 from "), "{}", ended.out);
    let looks = fs::File::open(place.path().join(".gearshift/busy")).unwrap();
    looks.lock_shared().unwrap();
    ok(&place, &["verify"]);
    let busy = run(&place, &["update"]);
    assert_eq!(busy.code, 73, "{}", busy.err);
    assert!(busy.err.contains("error: `gearshift verify` is reading what is installed in `"), "{}", busy.err);
}

#[test]
fn a_damaged_copy_is_named_with_its_file_and_fetched_again() {
    let place = place(&["1.0.0", "1.1.0"]);
    ok(&place, &["install", "./packages/ping:1.0.0"]);
    ok(&place, &["install", "./packages/ping"]);
    let damage = |version: &str| {
        let library = with_manifest("ping", version, |_| {});
        let digest = gearshift_host::packages::Digest::of(&library).hex();
        let kept = place.path().join(".gearshift/packages");
        let files =
            fs::read_dir(kept).unwrap().map(|it| it.unwrap().path().join("ping/blobs/sha256").join(&digest));
        let file = files.into_iter().find(|file| file.exists()).expect("it is kept");
        fs::write(&file, "damaged").unwrap();
        file.display().to_string()
    };
    let wrong = |file: &str, help: &str| {
        let wrong = run(&place, &["verify"]);
        assert_eq!(wrong.code, 1, "{}", wrong.out);
        for text in [file, help] {
            assert!(wrong.out.contains(text), "{text}: {}", wrong.out);
        }
        assert!(!wrong.out.contains("packed and pushed again"), "{}", wrong.out);
    };
    wrong(&damage("1.1.0"), "help: `gearshift install --locked` restores");
    ok(&place, &["install", "--locked"]);
    ok(&place, &["verify"]);
    wrong(&damage("1.0.0"), "help: `gearshift rollback ping 1.0.0` gets it from ");
    ok(&place, &["rollback", "ping", "1.0.0"]);
    ok(&place, &["verify"]);
}

#[test]
fn a_lock_that_contradicts_itself_is_reported_and_nothing_is_installed_by_it() {
    let place = place(&["1.0.0", "1.1.0"]);
    let lock = || fs::read_to_string(place.path().join("gearshift.lock")).unwrap();
    let value = |lock: &str, key: &str| {
        let line = lock.lines().find(|line| line.starts_with(&format!("{key} = \""))).unwrap();
        line.split('"').nth(1).unwrap().to_owned()
    };
    ok(&place, &["install", "./packages/ping@^1.0, <1.1"]);
    let first = lock();
    ok(&place, &["install", "./packages/ping"]);
    let second = lock();
    // As after a merge that took one line from each side. Without the copies, the source has the packages.
    for key in ["version", "library"] {
        let [old, new] = [&first, &second].map(|lock| value(lock, key));
        place.file("gearshift.lock", &first.replace(&old, &new));
        for is_kept in [true, false] {
            if !is_kept {
                fs::remove_dir_all(place.path().join(".gearshift/packages")).unwrap();
            }
            let ended = run(&place, &["install", "--locked", "--yes"]);
            assert_eq!(ended.code, 1, "{key}: {}", ended.out);
            assert!(ended.err.contains(&format!("{old}, and `gearshift.lock` says {new}")), "{}", ended.err);
            assert!(ended.err.contains("help: `gearshift.lock` was changed; restore"), "{}", ended.err);
            let wrong = run(&place, &["verify"]);
            assert_eq!((wrong.code, wrong.out.contains("ok      ping")), (1, false), "{}", wrong.out);
            if is_kept {
                assert!(wrong.out.contains(&format!("says {new}")), "{}", wrong.out);
            }
        }
        place.file("gearshift.lock", &second);
        // Both versions are kept again.
        ok(&place, &["rollback", "ping", "1.0.0"]);
        place.file("gearshift.lock", &second);
        ok(&place, &["install", "--locked", "--yes"]);
        ok(&place, &["verify"]);
    }
}

#[test]
fn what_is_no_file_where_one_should_be_is_named_and_not_waited_for() {
    for (file, command, mended) in [
        ("packages/ping/index.json", &["install", "./packages/ping"][..], false),
        ("packages/ping/oci-layout", &["pull", "./other/ping", "--out", "packages"], false),
        ("gearshift.lock", &["update"], false),
        (".gearshift/journal-1-1", &["update"], false),
        (".gearshift/busy", &["update"], false),
        ("cogs/libping.so", &["update"], false),
        ("packages/ping/blobs", &["install", "./packages/ping", "--yes"], false),
        (".gearshift/packages", &["rollback", "ping"], true),
    ] {
        for kind in ["pipe", "folder"] {
            let place = place(&["1.0.0", "1.1.0"]);
            ok(&place, &["install", "./packages/ping:1.0.0"]);
            ok(&place, &["install", "./packages/ping"]);
            ok(&place, &["pull", "./packages/ping", "--out", "other"]);
            let before = files_below(&place.path().join("packages"));
            pack(&place, "ping", "1.2.0", |_| {});
            let mut path = place.path().join(file);
            if file.ends_with("blobs") || file.ends_with("packages") {
                // Among the packages, that is the new library: the earlier ones are as large.
                let new = files_below(&path).into_iter().filter(|path| !before.contains(path));
                path = new.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
            }
            let _ = fs::remove_file(&path);
            match kind {
                "pipe" => mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap(),
                _ => fs::create_dir(&path).unwrap(),
            }
            let (code, lines) = Live::spawn(gearshift(&place).args(command)).end();
            let all = lines.join("\n");
            let name = path.file_name().unwrap().to_str().unwrap();
            if mended && code == 0 {
                continue;
            }
            assert!(code > 0 && all.contains(name), "{file}, a {kind}: {code}: {all}");
        }
    }
}

#[test]
fn a_login_that_is_no_file_is_named_and_not_waited_for() {
    let place = place(&[]);
    let login = place.path().join("home/.docker/config.json");
    fs::create_dir_all(login.parent().unwrap()).unwrap();
    mknodat(CWD, &login, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let (code, lines) = Live::spawn(&mut command(&place, &["install", "localhost:1/ping"])).end();
    assert_eq!(code, 69, "{lines:#?}");
    let text = "config.json`: it is a pipe, a socket or a device";
    assert!(lines.iter().any(|line| line.contains(text)), "{lines:#?}");
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(next) = open.pop() {
        for path in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found
}
