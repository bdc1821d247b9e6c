//! `gearshift new`: creates a folder with a new cog or bot. It builds nothing and asks no host.

mod folder;
mod name;
mod sdk;
mod template;
mod workspace;

use std::{
    io::{Write, stdout},
    path::{Path, PathBuf, absolute},
};

use clap::Args;

use self::{name::Name, sdk::Sdk, template::Template, workspace::Workspace};
use super::exit::{Exit, Failure};
use crate::error::argument;

/// Create a folder with a new cog, or with a new bot
#[derive(Debug, Args)]
#[command(
    long_about = "Create a folder with a new cog: its code, its tests, and a script for `gearshift smoke`. With \
        --workspace, create a bot instead: its config, a folder of cogs with one cog in it, and checks for CI.\n\n\
        The result builds at once, and its tests pass. Inside a cargo workspace that includes it as a member, a cog \
        gets only what a member needs. Nothing is ever overwritten, and a failure leaves nothing behind.",
    after_long_help = "Examples:\n\
        \n    gearshift new greeter\
        \n    gearshift new quiz --template components\
        \n    gearshift new my-bot --workspace                        # a bot with one cog\
        \n    gearshift new my-bot/plugins/notes --template commands  # another cog for it\
        \n    gearshift new greeter --sdk https://example.com/gearshift#0123abc\n\n\
        The exit code is 2 if the name or the SDK cannot be used, and 73 if the folder cannot be created."
)]
pub(super) struct New {
    /// Folder to create. Its last part is the name of the package and of the cog's command
    #[arg(value_name = "NAME")]
    folder: PathBuf,

    /// What the cog demonstrates
    #[arg(long, value_enum, default_value_t = Template::Minimal)]
    template: Template,

    /// Create a bot: a config, a folder of cogs with one in it, checks for CI
    #[arg(long)]
    workspace: bool,

    /// Source of `gearshift-cog`: a path, a git URL with or without `#REVISION`, or a version
    /// [default: the folder that this gearshift was built from]
    #[arg(long, value_name = "PATH|URL|VERSION")]
    sdk: Option<String>,
}

impl New {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let name = Name::of(&self.folder)?;
        let folder = folder::free(&absolute(&self.folder)?)?;
        let around = match Workspace::around(&folder)? {
            Some(around) if around.takes_it && self.workspace => return Err(around.nested(&folder)),
            Some(around) if around.takes_it => Some(around),
            Some(around) if !self.workspace => return Err(around.refuses(&folder)),
            // A bot is the root of a workspace, so cargo looks no further.
            _ => None,
        };
        let sdk = match &around {
            Some(around) if self.sdk.is_none() && around.has_sdk => Sdk::OfWorkspace,
            _ => Sdk::chosen(self.sdk.as_deref())?,
        };
        let files = match around {
            _ if self.workspace => template::bot(&name, self.template, &sdk),
            Some(_) => template::member(&name, self.template, &sdk),
            None => template::cog(&name, self.template, &sdk),
        };
        let next = match &around {
            Some(around) => steps_of_member(&name, &folder, &around.root),
            None => steps_of_readme(from_here(&folder), &files),
        };
        folder::make(&folder, &files)?;
        let kind = if self.workspace { "bot" } else { "cog" };
        let shown = from_here(&folder).display();
        write!(stdout(), "created the {kind} `{name}` in `{shown}`\n{sdk}\n\nNext steps:\n\n{next}")?;
        Ok(())
    }
}

/// A path as it is shown: relative if it is below the current folder.
fn from_here(path: &Path) -> &Path {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path)
}

/// The commands in its README, after a `cd` into the folder.
fn steps_of_readme(folder: &Path, files: &[template::File]) -> String {
    let readme = files.iter().find(|file| file.path == Path::new("README.md")).map_or("", |file| &file.text);
    let block = readme.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default();
    let steps = [format!("cd {}", typed(folder))].into_iter().chain(block.lines().map(str::to_owned));
    steps.map(|step| format!("    {step}\n")).collect()
}

/// The commands for a member, which is built from within its workspace. A `gearshift dev` that is running there picks
/// it up by itself.
fn steps_of_member(name: &Name, folder: &Path, root: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let (go, folder, built) = match here.starts_with(root) {
        true => (String::new(), from_here(folder), from_here(&root.join("target/debug")).to_owned()),
        false => {
            let inside = folder.strip_prefix(root).unwrap_or(folder);
            (format!("    cd {}\n", typed(from_here(root))), inside, PathBuf::from("target/debug"))
        }
    };
    let (built, script, folder) = (typed(&built), typed(&folder.join("smoke.txt")), typed(folder));
    format!(
        "{go}    gearshift dev {folder}\n    cargo test -p {name}\n    cargo build -p {name}\n    \
         gearshift smoke --cogs {built} {script}\n"
    )
}

/// A path as it is typed in a shell.
fn typed(path: &Path) -> String {
    argument(&path.display().to_string())
}

/// An argument cannot be used.
fn refused(text: String, help: impl Into<String>) -> Failure {
    Failure::new(Exit::Usage, text).help(help.into())
}

/// The folder cannot be created.
fn cannot(text: String, help: impl Into<String>) -> Failure {
    Failure::new(Exit::CannotCreate, text).help(help.into())
}
