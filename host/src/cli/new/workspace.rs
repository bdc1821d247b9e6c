//! The cargo workspace that a new folder would be in, found as cargo finds it
//! (<https://doc.rust-lang.org/cargo/reference/workspaces.html#the-members-and-exclude-fields>).

use std::{
    fmt::Display,
    path::{Path, PathBuf},
};

use glob::{MatchOptions, Pattern};
use toml::{Table, Value};

use super::{super::exit::Failure, cannot, sdk::PACKAGE};

/// The workspace around a new folder.
#[derive(Debug)]
pub(super) struct Workspace {
    pub(super) root: PathBuf,
    /// Whether the new folder would be a member.
    pub(super) takes_it: bool,
    /// Whether its members share an SDK.
    pub(super) has_sdk: bool,
}

impl Workspace {
    /// The workspace around a folder, or `None` if a package there would belong to none.
    ///
    /// # Errors
    /// A `Cargo.toml` in a parent folder cannot be read.
    pub(super) fn around(folder: &Path) -> Result<Option<Workspace>, Failure> {
        for root in folder.ancestors().skip(1) {
            let file = root.join("Cargo.toml");
            if !file.is_file() {
                continue;
            }
            let unreadable = |error: &dyn Display| {
                let text =
                    format!("cannot read `{}` to see whether it is a workspace: {error}", file.display());
                cannot(text, "fix it, or choose a folder elsewhere")
            };
            let text = crate::text::read(&file).map_err(|error| unreadable(&error))?;
            let manifest: Table = text.parse().map_err(|error| unreadable(&error))?;
            let Some(workspace) = manifest.get("workspace") else { continue };
            let has_sdk = workspace.get("dependencies").is_some_and(|all| all.get(PACKAGE).is_some());
            let takes_it = match membership(workspace, folder.strip_prefix(root).unwrap_or(folder)) {
                Membership::Excluded => return Ok(None),
                Membership::Member => true,
                Membership::Neither => false,
            };
            return Ok(Some(Workspace { root: root.to_owned(), takes_it, has_sdk }));
        }
        Ok(None)
    }

    /// cargo does not build a package inside a workspace's folder unless it is a member.
    pub(super) fn refuses(&self, folder: &Path) -> Failure {
        let inside = folder.strip_prefix(&self.root).unwrap_or(folder).display();
        let text = format!(
            "`{inside}` would be in the workspace of `{}`, whose `members` do not include it",
            self.root.join("Cargo.toml").display()
        );
        let help = format!(
            "add \"{inside}\" to its `members`, or to its `exclude` to keep it separate, or choose a folder elsewhere"
        );
        cannot(text, help)
    }

    /// A bot is a workspace, and a workspace cannot be a member of another one.
    pub(super) fn nested(&self, folder: &Path) -> Failure {
        let text = format!(
            "`{}` would be a member of the workspace in `{}`, and a bot is a workspace of its own",
            folder.display(),
            self.root.display()
        );
        cannot(text, "choose a folder elsewhere, or make a cog in it without --workspace")
    }
}

enum Membership {
    Member,
    Excluded,
    Neither,
}

fn membership(workspace: &Value, inside: &Path) -> Membership {
    let list = |key: &str| {
        let entries = workspace.get(key).and_then(Value::as_array).into_iter().flatten();
        entries
            .filter_map(Value::as_str)
            .map(|entry| entry.strip_prefix("./").unwrap_or(entry))
            .collect::<Vec<_>>()
    };
    let members = list("members");
    let is_excluded = list("exclude").iter().any(|entry| inside.starts_with(entry));
    // A path in `members` takes precedence over one in `exclude`; a pattern does not.
    if is_excluded && !members.iter().any(|entry| inside.starts_with(entry)) {
        return Membership::Excluded;
    }
    let options = MatchOptions { require_literal_separator: true, ..MatchOptions::new() };
    let takes = |entry: &&str| {
        Pattern::new(entry.trim_end_matches('/')).is_ok_and(|it| it.matches_path_with(inside, options))
    };
    if members.iter().any(takes) { Membership::Member } else { Membership::Neither }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_takes_leaves_out_or_refuses_a_folder_as_cargo_does() {
        let outer = tempfile::tempdir().expect("a folder");
        let at = |inside: &str| Workspace::around(&outer.path().join(inside));
        assert!(at("alone").expect("there is no workspace").is_none());
        let manifest = "[workspace]\nmembers = [\"./plugins/*\", \"tools/one\", \"deep/**\"]\nexclude = [\"plugins/apart\", \"tools\"]\n";
        std::fs::write(outer.path().join("Cargo.toml"), manifest).expect("it is written");
        for inside in ["plugins/a", "tools/one", "deep/a/b"] {
            assert!(at(inside).expect(inside).is_some_and(|it| it.takes_it && !it.has_sdk), "{inside}");
        }
        for inside in ["tools/two", "tools/two/three"] {
            assert!(at(inside).expect(inside).is_none(), "{inside}");
        }
        for inside in ["other", "plugins/a/b"] {
            let around = at(inside).expect(inside).expect("it is in its folder");
            assert!(!around.takes_it, "{inside}");
            let failure = around.refuses(&outer.path().join(inside)).to_string();
            assert!(failure.contains(&format!("add \"{inside}\" to its `members`")), "{failure}");
        }
        std::fs::write(outer.path().join("Cargo.toml"), "[workspace").expect("it is written");
        assert!(at("a").expect_err("it is no TOML").to_string().contains("Cargo.toml"));
    }
}
