//! What documents refer to exists: the files and headings of links, the commands and settings of cogs. Their statements
//! are not checked.

use std::{collections::BTreeSet, path::Path};

use crate::{
    nothing_found,
    readme::{rows, unquoted},
    sources::{Source, below, read, top},
};

/// Every document except those of other repositories (templates, installed packages) and the guide, whose links are
/// rustdoc's.
fn documents() -> Vec<Source> {
    let mut documents = vec![read("README.md")];
    for folder in [".github", "host", "plugin-api", "plugins"] {
        documents.extend(below(folder, ".md"));
    }
    let others = ["host/templates/", "host/tests/", "plugin-api/src/"];
    documents.retain(|document| !others.iter().any(|folder| document.path.starts_with(folder)));
    documents
}

/// The targets of a document's links, without those on the network.
fn links(text: &str) -> Vec<&str> {
    let inline = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let listed =
        text.lines().filter(|line| line.starts_with('[')).filter_map(|line| line.split("]: ").nth(1));
    inline.chain(listed).filter(|target| !target.contains("://")).collect()
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let kept = |sign: &char| sign.is_alphanumeric() || [' ', '-', '_'].contains(sign);
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#'));
    let anchor = |heading: &str| heading.trim().chars().filter(kept).collect::<String>();
    headings.map(|heading| anchor(heading).to_lowercase().replace(' ', "-")).collect()
}

/// The broken links of a document.
fn lost(document: &Source) -> Vec<String> {
    let folder = top().join(&document.path);
    let folder = folder.parent().unwrap_or(Path::new(""));
    let leads = |target: &&str| {
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        let text = match path {
            "" => Ok(document.text.clone()),
            path if anchor.is_empty() => return folder.join(path).exists(),
            path => std::fs::read_to_string(folder.join(path)),
        };
        text.is_ok_and(|text| anchors(&text).contains(anchor))
    };
    let lost = links(&document.text).into_iter().filter(|target| !leads(target));
    lost.map(|target| format!("{}: links to `{target}`, which is not there", document.path)).collect()
}

/// Files of the repository that a document names without a link, and that do not exist.
fn missing(document: &Source) -> Vec<String> {
    let words = document.text.split(|sign: char| sign.is_whitespace() || "`()[],;:".contains(sign));
    let is_path = |word: &&str| {
        ["scripts/", "plugins/", "host/", "plugin-api/"].iter().any(|begin| word.starts_with(begin))
            && !word.contains(['*', '…', '{'])
    };
    let missing =
        words.filter(is_path).map(|word| word.split('#').next().unwrap_or(word).trim_end_matches('.'));
    let missing = missing.filter(|path| !top().join(path).exists());
    missing.map(|path| format!("{}: names `{path}`, which is not there", document.path)).collect()
}

#[test]
fn links_of_documents_lead_somewhere() {
    nothing_found(&documents().iter().flat_map(lost).collect::<Vec<_>>());
}

#[test]
fn files_that_documents_name_are_there() {
    nothing_found(&documents().iter().flat_map(missing).collect::<Vec<_>>());
}

#[test]
fn a_link_and_a_name_that_lead_nowhere_are_found() {
    let text = "# A b's\n[one](#a-bs) [two](#b) [three](lib.rs) [four](https://example.org/x) `host/x.rs`\n[five]: lost.md#a";
    let sample = Source::sample("host/src/README.md", text);
    assert_eq!((lost(&sample).len(), missing(&sample).len()), (2, 1));
}

/// The names in the first column of a document's table with this heading.
fn named(document: &Source, heading: &str) -> BTreeSet<String> {
    rows(&document.text, heading).iter().filter_map(|row| unquoted(&row[0]).map(str::to_owned)).collect()
}

/// The commands that a cog declares with attributes, by their full names.
fn commands(source: &str) -> BTreeSet<String> {
    let declared = source.split("#[command").skip(1).filter_map(|rest| {
        let (options, rest) = rest.split_once("]\n")?;
        let name = match options.strip_prefix("(\"") {
            Some(options) => options.split('"').next(),
            None => rest.split("async fn ").nth(1)?.split('(').next(),
        };
        Some(format!("/{}", name?))
    });
    declared.collect()
}

/// The keys of a cog's settings.
fn settings(source: &str) -> BTreeSet<String> {
    let fields =
        source.split("struct Settings {").nth(1).and_then(|rest| rest.split('}').next()).unwrap_or_default();
    let fields = fields.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    fields.filter_map(|field| field.split_once(": ")).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn every_example_has_a_readme_with_its_commands_and_settings_and_no_others() {
    let examples: Vec<Source> =
        below("plugins", "lib.rs").into_iter().filter(|source| source.text.contains("#[cog(")).collect();
    assert!(examples.len() >= 8, "{examples:?}");
    for example in &examples {
        let readme = read(&example.path.replace("src/lib.rs", "README.md"));
        assert_eq!(named(&readme, "command"), commands(&example.text), "{}", readme.path);
        assert_eq!(named(&readme, "setting"), settings(&example.text), "{}", readme.path);
    }
}

#[test]
fn commands_and_settings_of_a_cog_are_seen() {
    let cog = "struct Settings {\n    /// Which.\n    channel: u64,\n}\n\
        #[command(\"tag add\", ephemeral)]\nasync fn add(&self)\n#[command]\nasync fn list(&self)\n";
    let set = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    assert_eq!(commands(cog), set(&["/tag add", "/list"]));
    assert_eq!(settings(cog), set(&["channel"]));
}
