//! The tables in the READMEs match the code: commands, exit codes, keys of the config, the smallest cog. Their
//! sentences are not checked.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use gearshift_host::config::Config;

use crate::sources::{read, top};

/// The rows of every table whose first column has this heading; cells are trimmed.
pub(crate) fn rows(text: &str, heading: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let Some(row) = line.trim().strip_prefix('|').and_then(|row| row.strip_suffix('|')) else {
            inside = false;
            continue;
        };
        let cells: Vec<String> = row.split('|').map(|cell| cell.trim().to_owned()).collect();
        if cells[0] == heading {
            inside = true;
        } else if inside && !cells[0].starts_with("---") {
            found.push(cells);
        }
    }
    found
}

/// The same for a file, which must have such a table.
fn table(file: &str, heading: &str) -> Vec<Vec<String>> {
    let rows = rows(&read(file).text, heading);
    assert!(!rows.is_empty(), "{file} has no table with the heading `{heading}`");
    rows
}

/// The commands that the program's own help lists, without `help`.
fn listed(arguments: &[&str]) -> Vec<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_gearshift")).args(arguments).arg("--help").output().unwrap();
    let text = String::from_utf8(help.stdout).unwrap();
    let commands = text.lines().skip_while(|line| *line != "Commands:").skip(1);
    commands
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|name| name != "help")
        .collect()
}

/// The keys of a config section, as its source declares them.
fn keys(file: &str) -> BTreeSet<String> {
    let source = read(file);
    let (mut keys, mut section, mut renamed, mut skipped) = (BTreeSet::new(), String::new(), None, false);
    for line in source.text.lines() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix("/// `[").and_then(|rest| rest.split("]`").next()) {
            name.clone_into(&mut section);
        } else if let Some(attribute) = line.strip_prefix("#[serde(") {
            skipped |= attribute.starts_with("skip");
            let name = attribute.split("rename = \"").nth(1).and_then(|rest| rest.split('"').next());
            renamed = name.map(str::to_owned).or(renamed);
        } else if let Some((name, _)) = line.strip_prefix("pub ").and_then(|field| field.split_once(": "))
            && !section.is_empty()
            && !name.contains(['(', ' '])
        {
            let name = renamed.take().unwrap_or_else(|| name.to_owned());
            if !std::mem::take(&mut skipped) {
                keys.insert(format!("{section}.{name}"));
            }
        } else if line == "}" {
            renamed = None;
        }
    }
    keys
}

/// The config with `key = value`, as text; required keys of the section are included.
fn config(key: &str, value: Option<&str>) -> String {
    let (section, name) = key.split_once('.').unwrap();
    let needed = match section {
        "api" => "url = \"http://127.0.0.1:1\"\n",
        "stats" => "address = \"127.0.0.1:1\"\n",
        _ => "",
    };
    let line = value.map(|value| format!("{name} = {value}\n")).unwrap_or_default();
    let text = format!("[{section}]\n{needed}{line}");
    let config =
        Config::parse(&text, Path::new("gearshift.toml")).unwrap_or_else(|error| panic!("{text}{error}"));
    format!("{config:?}")
}

pub(crate) fn unquoted(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`')
}

#[test]
fn every_command_of_the_program_is_in_the_table_and_no_other() {
    let mut expected: BTreeSet<String> = listed(&[]).into_iter().collect();
    for group in ["cogs", "commands", "keys", "lane", "state"] {
        assert!(expected.remove(group), "the program lists its commands: {expected:?}");
        expected.extend(listed(&[group]).into_iter().map(|verb| format!("{group} {verb}")));
    }
    let listed_in_text: BTreeSet<String> = table("host/README.md", "command")
        .iter()
        .filter_map(|row| unquoted(&row[0])?.strip_prefix("gearshift "))
        .map(|command| {
            let words = command.split_whitespace().filter(|word| word.chars().all(char::is_lowercase));
            words.collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(listed_in_text, expected);
}

#[test]
fn the_exit_codes_are_those_of_the_program() {
    let source = read("host/src/cli/exit.rs").text;
    let documented: Vec<&str> = source.lines().filter_map(|line| line.strip_prefix("//! ")).collect();
    assert_eq!(table("host/README.md", "code"), rows(&documented.join("\n"), "code"));
}

#[test]
fn every_key_of_the_config_is_in_the_tables_and_no_other() {
    let mut expected = keys("host/src/config/sections.rs");
    expected.extend(keys("host/src/config/limits.rs"));
    let listed_in_text: BTreeSet<String> =
        table("host/README.md", "key").iter().filter_map(|row| Some(unquoted(&row[0])?.to_owned())).collect();
    let missing: Vec<_> = expected.difference(&listed_in_text).collect();
    let gone: Vec<_> = listed_in_text.difference(&expected).collect();
    assert!(missing.is_empty() && gone.is_empty(), "missing: {missing:?}\ngone: {gone:?}");
}

#[test]
fn every_default_in_the_tables_is_the_programs() {
    let mut checked = 0;
    for row in table("host/README.md", "key") {
        let key = unquoted(&row[0]).unwrap_or_else(|| panic!("{row:?}: a key stands in backticks"));
        if let Some(default) = unquoted(&row[1]) {
            assert_eq!(config(key, Some(default)), config(key, None), "{key} is not {default} by default");
            checked += 1;
        }
    }
    assert!(checked > 30, "only {checked} defaults stand in backticks");
}

#[test]
fn the_cog_in_the_text_is_the_one_in_plugins() {
    let readme = read("README.md").text;
    let shown = readme.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let ping = read("plugins/ping/src/lib.rs").text;
    let code = &ping[ping.find("use ").unwrap()..ping.find("\n#[cfg(test)]").unwrap()];
    assert_eq!(shown, code);
}

/// A copy under another name, made as the text describes.
#[test]
fn a_copy_of_the_cog_in_the_text_is_renamed_in_all_its_files() {
    let readme = read("README.md").text;
    let named = readme.split("hello/{").nth(1).and_then(|rest| rest.split('}').next()).unwrap();
    let mut named: Vec<&str> = named.split(',').collect();
    let ping = top().join("plugins/ping");
    for file in &named {
        assert!(fs::read_to_string(ping.join(file)).unwrap().contains("ping"), "{file}");
    }
    let files = |folder: &str| {
        let entries = fs::read_dir(ping.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let files: Vec<_> = entries.filter(|path| path.is_file()).collect();
        files.into_iter().map(|path| path.strip_prefix(top().join("plugins/ping")).unwrap().to_owned())
    };
    let mut there: Vec<_> = files(".").chain(files("src")).map(|path| path.display().to_string()).collect();
    named.sort_unstable();
    there.sort_unstable();
    assert_eq!(named, there);
}

/// The number of lines of code, without blank lines, comments, `use` and what follows `#[cfg(test)]` or precedes
/// `fn main`.
fn lines_of_code(text: &str) -> usize {
    let code = text.split("\n#[cfg(test)]").next().unwrap();
    let is_code =
        |line: &&str| !line.is_empty() && !["//", "use ", "fn main()"].iter().any(|it| line.starts_with(it));
    code.lines().map(str::trim).filter(is_code).count()
}

#[test]
fn every_example_is_in_the_table_and_no_other() {
    let named: BTreeSet<String> =
        table("README.md", "example").iter().map(|row| unquoted(&row[0]).unwrap().to_owned()).collect();
    let folders = std::fs::read_dir(top().join("plugins")).unwrap().map(|entry| entry.unwrap());
    let folders = folders.filter(|entry| entry.path().is_dir());
    let names = folders.map(|entry| entry.file_name().into_string().unwrap());
    let expected = names.filter(|name| !["asker", "faulty"].contains(&name.as_str()));
    assert_eq!(named, expected.map(|name| format!("plugins/{name}")).collect());
}

#[test]
fn what_an_author_writes_is_almost_only_the_command() {
    for (file, most) in [
        ("plugins/ping/src/lib.rs", 8),
        ("plugins/tags/src/lib.rs", 50),
        ("plugins/welcome/src/lib.rs", 20),
        ("plugin-api/macros/tests/pass/morning.rs", 10),
    ] {
        let lines = lines_of_code(&read(file).text);
        assert!(
            lines > 5 && lines <= most,
            "{file} has {lines} lines of code, and should have at most {most}"
        );
    }
}

#[test]
fn what_the_text_takes_from_the_guide_stands_there() {
    let (readme, guide) = (read("README.md").text, read("plugin-api/src/guide.md").text);
    let cog = readme.split("```rust\n").nth(2).and_then(|rest| rest.split("```").next()).unwrap();
    assert!(guide.contains(cog), "the guide compiles another cog than README's");
}

#[test]
fn tables_are_read_by_their_first_heading() {
    let text = "| key | default |\n|---|---|\n| `a.b` | `1` |\n\n| code | x |\n|---|---|\n| 0 | ok |\n";
    assert_eq!(rows(text, "key"), [["`a.b`", "`1`"]]);
    assert_eq!(rows(text, "code"), [["0", "ok"]]);
    assert!(rows(text, "command").is_empty());
}

#[test]
fn a_key_is_found_under_its_name_in_the_file_and_a_wrong_default_is_noticed() {
    let limits = keys("host/src/config/limits.rs");
    assert!(limits.contains("limits.settle_ms") && limits.contains("limits.held_max"), "{limits:?}");
    assert!(!limits.contains("limits.settle"), "{limits:?}");
    assert!(!keys("host/src/config/sections.rs").contains("discord.token"), "a token is no key of the file");
    assert_ne!(config("limits.held_max", Some("15")), config("limits.held_max", None));
}

#[test]
fn every_promise_is_kept_by_the_test_of_its_name() {
    for row in table("README.md", "trouble with") {
        let link = row[2].strip_prefix('[').and_then(|link| link.strip_suffix(')')?.split_once("]("));
        let (name, file) = link.unwrap_or_else(|| panic!("`{}` is no link to a test", row[2]));
        let is_measured = row[3].is_empty() || row[3].bytes().any(|byte| byte.is_ascii_digit());
        assert!(is_measured, "`{}` is no figure", row[3]);
        let test = format!("fn {}(", name.replace(' ', "_"));
        assert!(read(file).text.contains(&test), "{file} has no test with the name `{name}`");
    }
}
