//! Which module of a crate may import which: imports point one way, downwards in [`Layers::order`]. Events go the other
//! way, through channels, and are not checked here.

use std::collections::BTreeSet;

use crate::{
    nothing_found,
    sources::{Source, below, read},
};

/// The modules of a crate, and which of them may import each other.
struct Layers {
    /// Where the crate's sources are.
    root: &'static str,
    /// The modules from top to bottom. A module imports only modules of lower lines, and none of its own line.
    order: &'static [&'static [&'static str]],
    /// Imports that point upwards nevertheless, each with its reason.
    exceptions: &'static [(&'static str, &'static str, &'static str)],
}

const HOST: Layers = Layers {
    root: "host/src/",
    order: &[
        &["cli", "fuzz"],
        &["panel"],
        &["host"],
        &["follow", "handover", "own_commands"],
        &["control", "dev", "metrics", "smoke", "watch"],
        &["commands", "health"],
        &["cogs"],
        &["router"],
        &["lane"],
        &["handles"],
        &["install"],
        &["cooldowns", "facts", "packages", "schedule"],
        &["event", "fault", "gateway", "library"],
        &["sessions"],
        &["log"],
        &["config"],
        &["clock", "counters", "duration", "error", "identity", "private", "process", "step", "text"],
        &["file"],
    ],
    exceptions: &[(
        "schedule",
        "lane",
        "a task that is due goes into the queue in front of its cog, which is the lane's",
    )],
};

/// The built-in Discord. The diagram in its `lib.rs` explains each layer.
const SIM: Layers = Layers {
    root: "host/sim/src/",
    order: &[
        &["sim"],
        &["serve"],
        &["drive"],
        &["members", "rest", "socket"],
        &["rules"],
        &["state"],
        &["commands", "faults", "interactions", "options", "sessions"],
        &["accounts", "files", "limits", "nonces", "record", "transcript"],
        &["world"],
        &["clock", "form", "pictures"],
        &["ids"],
    ],
    exceptions: &[],
};

impl Layers {
    /// The forbidden imports of a file: its module, and the modules it imports that are not below.
    fn findings(&self, source: &Source) -> Vec<String> {
        let module = self.module_of(&source.path);
        let Some(own) = self.rank(module) else {
            return vec![format!("{}: module `{module}` has no place in the order", source.path)];
        };
        let mut findings: Vec<String> = imports(source)
            .into_iter()
            .filter(|other| other != module && !self.excepts(module, other))
            .filter_map(|other| match self.rank(&other) {
                Some(rank) if rank > own => None,
                Some(_) => Some(format!(
                    "{}: `{module}` stands below or beside `{other}` and imports it",
                    source.path
                )),
                None => Some(format!("{}: imports `{other}`, which has no place in the order", source.path)),
            })
            .collect();
        if source.code().any(|(_, line)| climbs_out(line, self.depth(&source.path))) {
            findings.push(format!("{}: names another module through `super`; say `crate`", source.path));
        }
        findings
    }

    /// `lane` for `host/src/lane/inbox.rs`.
    fn module_of<'a>(&self, path: &'a str) -> &'a str {
        let inside = path.strip_prefix(self.root).unwrap_or(path);
        inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
    }

    fn rank(&self, module: &str) -> Option<usize> {
        self.order.iter().position(|line| line.contains(&module))
    }

    fn excepts(&self, module: &str, other: &str) -> bool {
        self.exceptions.iter().any(|(from, to, _)| (*from, *to) == (module, other))
    }

    /// The depth of a file in modules: 1 for a module's own file.
    fn depth(&self, path: &str) -> usize {
        let inside = path.strip_prefix(self.root).unwrap_or(path);
        inside.split('/').filter(|part| *part != "mod.rs").count()
    }

    /// The modules' files: all except the crate root and the program, which is a single call.
    fn sources(&self) -> Vec<Source> {
        let mut sources = below(self.root.trim_end_matches('/'), ".rs");
        sources.retain(|source| {
            !matches!(source.path.strip_prefix(self.root), Some("lib.rs" | "main.rs") | None)
        });
        sources
    }
}

/// The modules that a file names, as `crate::module` or in a `crate::{…}`. Its tests may use any module.
fn imports(source: &Source) -> BTreeSet<String> {
    let code = code_without_tests(source);
    let mut found = BTreeSet::new();
    for (at, word) in code.match_indices("crate::") {
        let part_of_another = code[..at].ends_with(|c: char| c.is_alphanumeric() || "_$".contains(c));
        let rest = &code[at + word.len()..];
        if part_of_another {
            continue;
        }
        match rest.strip_prefix('{') {
            Some(group) => found.extend(members(group)),
            None => found.extend(first_word(rest)),
        }
    }
    found
}

fn code_without_tests(source: &Source) -> String {
    let code: Vec<&str> =
        source.code().map(|(_, line)| line).take_while(|line| *line != "mod tests {").collect();
    code.join("\n")
}

/// The first words of a group's members; the text begins after the opening brace.
fn members(group: &str) -> Vec<String> {
    let (mut deep, mut found, mut fresh) = (0_usize, Vec::new(), true);
    for (at, sign) in group.char_indices() {
        match sign {
            '{' => deep += 1,
            '}' if deep == 0 => break,
            '}' => deep -= 1,
            ',' if deep == 0 => fresh = true,
            _ if fresh && !sign.is_whitespace() => {
                found.extend(first_word(&group[at..]));
                fresh = false;
            }
            _ => {}
        }
    }
    found
}

/// The name of a module or a type; macros and paths of functions begin in the same way.
fn first_word(text: &str) -> Option<String> {
    let word: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!word.is_empty() && word != "self").then_some(word)
}

/// Whether a `use` of the file's own module reaches the root of the crate. Those inside a module of tests are indented.
fn climbs_out(line: &str, depth: usize) -> bool {
    let line = line.trim_start_matches("pub ");
    line.strip_prefix("use ").is_some_and(|path| path.starts_with(&"super::".repeat(depth)))
}

#[test]
fn imports_point_one_way() {
    for layers in [HOST, SIM] {
        let findings: Vec<_> = layers.sources().iter().flat_map(|source| layers.findings(source)).collect();
        nothing_found(&findings);
    }
}

#[test]
fn the_order_and_its_exceptions_name_nothing_that_is_gone() {
    for layers in [HOST, SIM] {
        let sources = layers.sources();
        let there: BTreeSet<&str> = sources.iter().map(|source| layers.module_of(&source.path)).collect();
        let gone: Vec<_> =
            layers.order.iter().copied().flatten().filter(|module| !there.contains(*module)).collect();
        assert!(gone.is_empty(), "{}: no such modules: {gone:?}", layers.root);
        for (from, to, _) in layers.exceptions {
            let used = sources
                .iter()
                .any(|source| layers.module_of(&source.path) == *from && imports(source).contains(*to));
            assert!(used, "{}: `{from}` no longer imports `{to}`: take the exception away", layers.root);
        }
    }
}

#[test]
fn the_map_has_every_module_and_no_other() {
    for layers in [HOST, SIM] {
        let map = read(&format!("{}lib.rs", layers.root));
        let named: BTreeSet<&str> = map
            .code()
            .filter_map(|(_, line)| {
                line.trim_start_matches("pub ").strip_prefix("mod ")?.trim_end().strip_suffix(';')
            })
            .collect();
        let ordered: BTreeSet<&str> = layers.order.iter().copied().flatten().copied().collect();
        assert_eq!(named, ordered, "{}", layers.root);
    }
}

#[test]
fn the_state_of_the_built_in_discord_has_no_methods_but_its_lock() {
    let elsewhere: Vec<_> = SIM
        .sources()
        .iter()
        .filter(|source| SIM.module_of(&source.path) != "state")
        .flat_map(methods_of_the_state)
        .collect();
    nothing_found(&elsewhere);
    let sample = Source::sample("host/sim/src/rules/pins.rs", "impl State {\n    fn pin(&self) {}\n}");
    assert_eq!(methods_of_the_state(&sample).len(), 1);
}

/// Methods could be used by any module without importing it.
fn methods_of_the_state(source: &Source) -> Vec<String> {
    let says = |(at, line): (usize, &str)| {
        let found = ["impl State ", "impl Shared "].iter().any(|start| line.starts_with(start));
        found.then(|| {
            format!("{}:{at}: a method of the state; a function of its module says whose it is", source.path)
        })
    };
    source.code().filter_map(says).collect()
}

#[test]
fn only_the_rules_of_the_built_in_discord_write_its_world() {
    let elsewhere: Vec<_> = SIM
        .sources()
        .iter()
        .filter(|source| !matches!(SIM.module_of(&source.path), "rules" | "world"))
        .flat_map(writes_of_the_world)
        .collect();
    nothing_found(&elsewhere);
    for text in [
        "if let Some(home) = state.world.guilds.get_mut(&guild) {",
        "state.world\n    .webhooks\n    .insert(id, webhook);",
        "call.shared.state().world.add_user(name);",
        "f(&mut state.world);",
        "let State { world, .. } = &mut *state;",
    ] {
        let found = writes_of_the_world(&Source::sample("host/sim/src/rest/pins.rs", text));
        assert_eq!(found.len(), 1, "{text}");
    }
    let sample = Source::sample("host/sim/src/rest/pins.rs", "seen.insert(state.world.next_id());");
    assert_eq!(writes_of_the_world(&sample), [""; 0]);
}

/// Statements that change something of the world behind the lock. A world that is still being built has no lock yet.
fn writes_of_the_world(source: &Source) -> Vec<String> {
    const CHANGES: [&str; 8] =
        ["_mut(", ".insert(", ".remove(", ".retain(", ".push(", ".entry(", ".extend(", ".add_"];
    let code: String = code_without_tests(source).split_whitespace().collect();
    let is_write = |statement: &&str| {
        let behind = ["state.world", "state().world"].iter().find_map(|world| statement.split(world).nth(1));
        behind.is_some_and(|behind| CHANGES.iter().any(|change| behind.contains(change)))
            || statement.contains("&mutstate.world")
            || statement.contains("letState{") && statement.contains("world") && statement.contains("=&mut")
    };
    let statements = code.split(';').filter(is_write);
    statements.map(|statement| format!("{}: writes the world: {statement}", source.path)).collect()
}

#[test]
fn an_import_upwards_or_sideways_is_found_however_it_is_written() {
    for text in [
        "use crate::host::Host;",
        "use crate::{\n    config::{Config, Limits},\n    lane::Lane,\n};",
        "fn f() -> crate::cogs::Cogs { g() }",
        "use crate::gateway::Shard;",
        "use super::router;",
        "pub use super::router::Router;",
        "use crate::shed::Tool;",
    ] {
        assert_eq!(HOST.findings(&Source::sample("host/src/library.rs", text)).len(), 1, "{text}");
    }
    assert_eq!(
        HOST.findings(&Source::sample("host/src/library/deep.rs", "use super::super::lane;")).len(),
        1
    );
    assert_eq!(HOST.findings(&Source::sample("host/src/shed/tool.rs", "")).len(), 1);
}

#[test]
fn an_import_downwards_is_fine() {
    for text in [
        "use crate::{config::Limits, error::chain, library};",
        "// use crate::host::Host;",
        "mod tests {\n    use super::*;\n    use crate::host::Host;\n}",
        "my_crate::host::go()",
    ] {
        assert_eq!(HOST.findings(&Source::sample("host/src/library/mod.rs", text)), [""; 0], "{text}");
    }
    assert_eq!(HOST.findings(&Source::sample("host/src/library/deep.rs", "use super::open;")), [""; 0]);
}
