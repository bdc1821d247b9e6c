//! What a cog's `Cargo.toml` says about it, read without cargo, which packing of built libraries does not need.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{
    DevError,
    packages::{MANIFEST, SDK},
};
use crate::text;

/// Facts from a cog's `Cargo.toml` that its library does not contain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// `authors`.
    pub authors: Vec<String>,
    /// `description`.
    pub description: Option<String>,
    /// `license`.
    pub license: Option<String>,
    /// `readme`, relative to the folder; cargo finds the default one by itself.
    pub readme: Option<PathBuf>,
    /// `repository`.
    pub repository: Option<String>,
}

/// The facts about the cog whose package is in `folder`; `None` if there is no package.
///
/// # Errors
/// Its manifest, or its workspace's, is malformed.
pub fn facts(folder: &Path) -> Result<Option<Facts>, DevError> {
    let Some(manifest) = manifest(folder)? else { return Ok(None) };
    let Some(package) = manifest.get("package").and_then(Value::as_table) else { return Ok(None) };
    if !uses_sdk(&manifest) {
        return Ok(None);
    }
    let of = Package { folder, manifest: &manifest, package };
    let text =
        |key: &str| Ok::<_, DevError>(of.value(key)?.and_then(|(it, _)| Some(it.as_str()?.to_owned())));
    let authors = of.value("authors")?.and_then(|(it, _)| it.as_array().cloned()).unwrap_or_default();
    let readme = of.value("readme")?.and_then(|(it, base)| Some(base.join(it.as_str()?)));
    Ok(Some(Facts {
        authors: authors.iter().filter_map(|author| Some(author.as_str()?.to_owned())).collect(),
        description: text("description")?,
        license: text("license")?,
        readme,
        repository: text("repository")?,
    }))
}

/// A package's manifest.
struct Package<'m> {
    folder: &'m Path,
    manifest: &'m Table,
    package: &'m Table,
}

impl Package<'_> {
    /// The package's own or inherited value, and the folder that a path in it is relative to.
    /// <https://doc.rust-lang.org/cargo/reference/workspaces.html#the-package-table>
    fn value(&self, key: &str) -> Result<Option<(Value, PathBuf)>, DevError> {
        let Some(value) = self.package.get(key) else { return Ok(None) };
        if value.get("workspace").is_none() {
            // Joining a path to the empty folder leaves it unchanged.
            return Ok(Some((value.clone(), PathBuf::new())));
        }
        let failed = |text: String| DevError::Metadata { folder: self.folder.to_owned(), text };
        let folder = self.folder.canonicalize().map_err(|error| failed(error.to_string()))?;
        let named = self.package.get("workspace").and_then(Value::as_str).map(|root| folder.join(root));
        let roots = named.map_or_else(|| folder.ancestors().map(Path::to_owned).collect(), |root| vec![root]);
        for root in roots {
            let own = if root == folder { Some(self.manifest.clone()) } else { manifest(&root)? };
            let Some(workspace) = own.as_ref().and_then(|own| own.get("workspace")) else { continue };
            return match workspace.get("package").and_then(|package| package.get(key)) {
                Some(value) => Ok(Some((value.clone(), root))),
                None => Err(failed(format!(
                    "its `{key}` is inherited from its workspace, but `{}` has none in `[workspace.package]`",
                    root.join(MANIFEST).display()
                ))),
            };
        }
        Err(failed(format!("its `{key}` is inherited from its workspace, but it is not in one")))
    }
}

/// The manifest in a folder; `None` if there is none.
fn manifest(folder: &Path) -> Result<Option<Table>, DevError> {
    let file = folder.join(MANIFEST);
    let failed = |error: &dyn std::fmt::Display| DevError::Metadata {
        folder: folder.to_owned(),
        text: format!("`{}`: {error}", file.display()),
    };
    if !file.exists() {
        return Ok(None);
    }
    let text = text::read(&file).map_err(|error| failed(&error))?;
    text.parse().map(Some).map_err(|error| failed(&error))
}

fn uses_sdk(manifest: &Table) -> bool {
    let is_sdk =
        |(key, value): (&String, &Value)| value.get("package").and_then(Value::as_str).unwrap_or(key) == SDK;
    manifest.get("dependencies").and_then(Value::as_table).is_some_and(|all| all.iter().any(is_sdk))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_cog_says_of_itself_what_its_manifest_does_and_what_that_of_its_workspace_does() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("cogs/greeter");
        fs::create_dir_all(&folder).unwrap();
        let write = |path: &Path, text: &str| fs::write(path.join(MANIFEST), text).unwrap();
        let facts = || facts(&folder);
        assert_eq!(facts().unwrap(), None);
        let cog = "[dependencies]\nsdk = { package = \"gearshift-cog\", version = \"1\" }\n";
        let own =
            "[package]\nname = \"greeter\"\nauthors = [\"me\"]\nlicense = \"MIT\"\nreadme = \"ABOUT.md\"\n";
        write(&folder, own);
        assert_eq!(facts().unwrap(), None, "it is no cog");
        write(&folder, &format!("{own}{cog}"));
        let expected = Facts {
            authors: vec!["me".to_owned()],
            license: Some("MIT".to_owned()),
            readme: Some("ABOUT.md".into()),
            ..Facts::default()
        };
        assert_eq!(facts().unwrap(), Some(expected));
        let inherits =
            "[package]\nname = \"greeter\"\nlicense.workspace = true\nreadme = { workspace = true }\n";
        write(&folder, &format!("{inherits}{cog}"));
        let why = facts().unwrap_err().to_string();
        assert!(why.contains("its `readme` is inherited from its workspace, but it is not in one"), "{why}");
        write(outer.path(), "[workspace.package]\nlicense = \"ISC\"\n");
        let why = facts().unwrap_err().to_string();
        assert!(why.contains("its `readme` is inherited from its workspace, but `"), "{why}");
        write(outer.path(), "[workspace.package]\nlicense = \"ISC\"\nreadme = \"README.md\"\n");
        let readme = Some(outer.path().canonicalize().unwrap().join("README.md"));
        let expected = Facts { license: Some("ISC".to_owned()), readme, ..Facts::default() };
        assert_eq!(facts().unwrap(), Some(expected));
        write(&folder, "[package");
        assert!(facts().unwrap_err().to_string().contains("Cargo.toml`: "));
    }
}
