//! The form of every file: its opening, its length, its tests, its scripts. The contents do not matter here.

use std::{collections::HashSet, fs, os::unix::fs::PermissionsExt};

use crate::{
    nothing_found,
    sources::{Source, read, rust, top},
};

/// Maximum number of lines of a file, so that it is about one thing.
const LINES_MAX: usize = 400;

/// Tests that may wait for the clock, each with its reason.
const CLOCK_WATCHERS: &[(&str, &str)] = &[(
    "host/tests/sessions/opening.rs",
    "the timer of one `block_on` that fires in the next is what is tested",
)];

fn findings(source: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    let path = &source.path;
    if !source.text.starts_with("//! ") {
        findings.push(format!("{path}: does not open with a sentence of what it is for (`//! …`)"));
    }
    let lines = source.text.lines().count();
    if lines > LINES_MAX {
        findings.push(format!("{path}: {lines} lines, {LINES_MAX} at most; find the second noun in it"));
    }
    let paused = source.text.contains("start_paused = true") || source.text.contains("time::pause()");
    let mut in_tests = path.contains("/tests/");
    for (number, line) in source.code() {
        if line.trim_start().starts_with(concat!("#[", "ignore")) {
            findings.push(format!("{path}:{number}: a test that does not run promises nothing"));
        }
        in_tests |= line.starts_with("mod tests {");
        if in_tests && !paused && sleeps(line) && !CLOCK_WATCHERS.iter().any(|(file, _)| file == path) {
            findings.push(format!(
                "{path}:{number}: a test that sleeps; wait for the event itself, with a bound"
            ));
        }
        if in_tests && line.contains(concat!("eprint", "ln!")) {
            findings.push(format!(
                "{path}:{number}: nobody sees it of a test that passes; write to `io::stderr()`"
            ));
        }
        if path.starts_with("host/tests/") && line.contains(concat!("yield", "_now")) {
            findings.push(format!("{path}:{number}: a test that spins; the machine's cores are the host's"));
        }
    }
    findings
}

/// Words that are not used where Discord's or Rust's documentation has a plainer one, and the folders where this is
/// checked.
const WORDS: [&str; 9] =
    ["person", "told", "heard", "anew", "obey", "whisper", "deed", "for ever", "whoever"];
const PLAIN: [&str; 5] = ["host/src/", "host/tests/", "host/bench/", "plugins/", "plugin-api/"];

/// The [`WORDS`] in a file of [`PLAIN`], in names and in comments.
fn odd_words(source: &Source) -> Vec<String> {
    let path = &source.path;
    if path == "host/tests/tidy/files.rs" || !PLAIN.iter().any(|folder| path.starts_with(folder)) {
        return Vec::new();
    }
    let is_in = |text: &str, word: &str| {
        text.match_indices(word).any(|(at, _)| {
            let (before, after) = (text[..at].chars().next_back(), text[at + word.len()..].chars().next());
            ![before, after].into_iter().flatten().any(char::is_alphanumeric)
        })
    };
    let lines = source.text.lines().enumerate();
    lines
        .flat_map(|(number, line)| {
            let text = line.to_lowercase();
            let found: Vec<_> = WORDS.into_iter().filter(|word| is_in(&text, word)).collect();
            found.into_iter().map(move |word| format!("{path}:{}: `{word}` has a plainer word", number + 1))
        })
        .collect()
}

#[test]
fn the_words_are_those_of_the_field() {
    nothing_found(&rust().iter().flat_map(odd_words).collect::<Vec<_>>());
}

#[test]
fn an_odd_word_is_found_in_names_and_in_comments() {
    let odd = |path: &str, text: &str| odd_words(&Source::sample(path, text)).len();
    assert_eq!(odd("host/tests/it/sample.rs", "fn who_is_told() {} // Told again, in person.\n"), 2);
    assert_eq!(odd("plugins/ping/src/lib.rs", "// personal, retold\n"), 0);
    assert_eq!(odd("host/sim/src/lib.rs", "// a person\n"), 0);
}

fn sleeps(line: &str) -> bool {
    let imported =
        line.trim_start().starts_with("use ") && line.contains("time::{") && line.contains("sleep");
    imported || line.contains("thread::sleep") || line.contains("time::sleep")
}

/// Sources without a `mod` line, which the compiler never sees.
fn dead(sources: &[Source]) -> Vec<String> {
    let mut named = HashSet::new();
    for source in sources {
        let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (_, line) in source.code() {
            let line = line.trim();
            if let Some(path) = line.strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]")) {
                named.insert(format!("{folder}/{path}"));
            }
            let Some(name) = line.split("mod ").nth(1).and_then(|rest| rest.strip_suffix(';')) else {
                continue;
            };
            // A module's files are next to `mod.rs`, `lib.rs` and `main.rs`, and in a folder named after any other
            // file.
            for folder in [folder, source.path.trim_end_matches(".rs")] {
                named.insert(format!("{folder}/{name}.rs"));
                named.insert(format!("{folder}/{name}/mod.rs"));
            }
        }
    }
    let of_cargo = |path: &str| {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        ["lib.rs", "main.rs", "build.rs"].contains(&file)
            || ["tests", "examples", "benches", "bin"].iter().any(|kind| folder.ends_with(kind))
            // Crates of their own, which trybuild compiles.
            || folder.starts_with("plugin-api/macros/tests/")
    };
    let dead = sources.iter().filter(|source| !of_cargo(&source.path) && !named.contains(&source.path));
    dead.map(|source| format!("{}: no `mod` names it", source.path)).collect()
}

#[test]
fn every_file_opens_with_its_purpose_stays_short_and_waits_for_no_clock() {
    nothing_found(&rust().iter().flat_map(findings).collect::<Vec<_>>());
    for (path, _) in CLOCK_WATCHERS {
        assert!(
            read(path).code().any(|(_, line)| sleeps(line)),
            "{path} sleeps no more: take the exception away"
        );
    }
}

#[test]
fn every_file_is_compiled() {
    nothing_found(&dead(&rust()));
}

#[test]
fn every_script_can_be_run_stops_at_the_first_failure_and_explains_itself() {
    let mut scripts: Vec<_> =
        fs::read_dir(top().join("scripts")).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.retain(|path| path.is_file());
    scripts.push(top().join(".ci/run"));
    for path in scripts {
        let text = fs::read_to_string(&path).unwrap();
        let shown = path.display();
        assert!(path.metadata().unwrap().permissions().mode() & 0o111 != 0, "{shown} cannot be run");
        assert!(text.starts_with("#!/usr/bin/env bash\n# "), "{shown} does not open with what it is for");
        assert!(text.contains("\nset -euo pipefail\n"), "{shown} goes on after a failure");
    }
}

#[test]
fn a_file_without_purpose_or_without_end_is_found() {
    assert_eq!(findings(&Source::sample("host/src/shed.rs", "use std::fs;\n")).len(), 1);
    let long = format!("//! Long.\n{}", "\n".repeat(LINES_MAX));
    assert_eq!(findings(&Source::sample("host/src/shed.rs", &long)).len(), 1);
}

#[test]
fn a_test_that_sleeps_does_not_run_or_says_what_nobody_sees_is_found() {
    for line in [
        "    std::thread::sleep(Duration::from_millis(1));",
        "    tokio::time::sleep(TICK).await;",
        "    time::sleep_until(then).await;",
        "use tokio::time::{Duration, sleep};",
        concat!("#[", "ignore = \"slow\"]"),
        concat!("    eprint", "ln!(\"skipped\");"),
    ] {
        let sample = format!("//! Sample.\n{line}\n");
        assert_eq!(findings(&Source::sample("host/tests/it/sample.rs", &sample)).len(), 1, "{line}");
        let unit = format!("//! Sample.\nmod tests {{\n{line}\n}}\n");
        assert_eq!(findings(&Source::sample("host/src/lane/sample.rs", &unit)).len(), 1, "{line}");
    }
    let paused = "//! Sample.\n#[tokio::test(start_paused = true)]\n    tokio::time::sleep(TICK).await;\n";
    assert_eq!(findings(&Source::sample("host/tests/it/sample.rs", paused)), [""; 0]);
}

#[test]
fn a_file_that_nobody_names_is_found() {
    let map = Source::sample("host/src/lib.rs", "pub mod lane;\n// mod shed;\n");
    let lane = Source::sample("host/src/lane/mod.rs", "mod inbox;\n#[path = \"odd name.rs\"]\nmod odd;");
    let there = ["lane/inbox.rs", "lane/odd name.rs", "shed.rs"]
        .map(|at| Source::sample(&format!("host/src/{at}"), ""));
    let all: Vec<Source> = [map, lane].into_iter().chain(there).collect();
    assert_eq!(dead(&all), ["host/src/shed.rs: no `mod` names it"]);
}
