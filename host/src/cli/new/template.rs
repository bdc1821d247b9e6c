//! The files of a new cog or bot. The templates are in `host/templates`; in them `my-cog` stands for the cog's name,
//! `my-bot` for the bot's, and `path = "SDK"` for the SDK.

use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    path::{Path, PathBuf},
};

use clap::ValueEnum;

use super::{name::Name, sdk::Sdk};

/// What a new cog demonstrates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Template {
    /// One command
    Minimal,
    /// Subcommands with arguments, permissions, cooldowns and suggestions; state
    Commands,
    /// Buttons and a form; state
    Components,
    /// Tasks that run at intervals and at a time of day; state
    Tasks,
}

/// A file to write, with its path inside the new folder.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

macro_rules! template {
    ($path:literal) => {
        include_str!(concat!("../../../templates/", $path))
    };
}

impl Template {
    /// The name of the only cog of a new bot, which differs from the bot's.
    fn name(self) -> Name {
        Name::new(match self {
            Template::Minimal => "greet",
            Template::Commands => "notes",
            Template::Components => "vote",
            Template::Tasks => "remind",
        })
    }

    /// The files of the template: their paths in the package, and their text.
    fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Template::Minimal => {
                &[("src/lib.rs", template!("minimal/lib.rs")), ("smoke.txt", template!("minimal/smoke.txt"))]
            }
            Template::Commands => &[
                ("src/lib.rs", template!("commands/lib.rs")),
                ("src/tests.rs", template!("commands/tests.rs")),
                ("smoke.txt", template!("commands/smoke.txt")),
            ],
            Template::Components => &[
                ("src/lib.rs", template!("components/lib.rs")),
                ("src/tests.rs", template!("components/tests.rs")),
                ("smoke.txt", template!("components/smoke.txt")),
            ],
            Template::Tasks => &[
                ("src/lib.rs", template!("tasks/lib.rs")),
                ("src/tests.rs", template!("tasks/tests.rs")),
                ("smoke.txt", template!("tasks/smoke.txt")),
            ],
        }
    }

    /// `Cargo.toml`, without what only the root of a workspace may contain.
    fn package(self, name: &Name, sdk: &Sdk) -> String {
        let package = template!("package.toml");
        let package = match self {
            // It has no state.
            Template::Minimal => {
                package.split_inclusive('\n').filter(|line| !line.starts_with("serde")).collect()
            }
            _ => package.to_owned(),
        };
        filled(&package, name).replace("path = \"SDK\"", &sdk.line())
    }
}

/// A cog in a folder of its own.
pub(super) fn cog(name: &Name, template: Template, sdk: &Sdk) -> Vec<File> {
    let mut files = member(name, template, sdk);
    files[0].text.push_str(template!("profiles.toml"));
    files.push(File { path: ".gitignore".into(), text: template!("gitignore").to_owned() });
    files.push(File { path: "README.md".into(), text: filled(template!("README-cog.md"), name) });
    files
}

/// A cog that is a member of a workspace. `Cargo.toml` comes first.
pub(super) fn member(name: &Name, template: Template, sdk: &Sdk) -> Vec<File> {
    let manifest = File { path: "Cargo.toml".into(), text: template.package(name, sdk) };
    let files =
        template.files().iter().map(|(path, text)| File { path: (*path).into(), text: filled(text, name) });
    std::iter::once(manifest).chain(files).collect()
}

/// A bot with one cog.
pub(super) fn bot(name: &Name, template: Template, sdk: &Sdk) -> Vec<File> {
    let manifest = template!("bot/workspace.toml").replace("path = \"SDK\"", &sdk.line());
    let readme = template!("bot/README.md").replace("my-bot", &name.to_string());
    let own = [
        ("Cargo.toml", manifest + template!("profiles.toml")),
        ("gearshift.toml", template!("bot/gearshift.toml").to_owned()),
        ("README.md", readme),
        (".gitignore", template!("bot/gitignore").to_owned()),
        (".github/workflows/check.yml", template!("bot/check.yml").to_owned()),
    ];
    let cog = template.name();
    let below = format!("plugins/{cog}");
    let cog = member(&cog, template, &Sdk::OfWorkspace);
    let cog = cog.into_iter().map(|file| File { path: Path::new(&below).join(file.path), ..file });
    own.into_iter().map(|(path, text)| File { path: path.into(), text }).chain(cog).collect()
}

/// A template with the cog's name filled in.
fn filled(template: &str, name: &Name) -> String {
    let library = format!("{DLL_PREFIX}{}{DLL_SUFFIX}", name.of_crate());
    template.replace("my-cog", &name.to_string()).replace("libmy_cog.so", &library)
}
