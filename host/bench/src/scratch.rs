//! Cogs that only the benchmarks need, generated into a workspace below the target folder: a second version of the
//! example `ping`; copies of the tests' `echo` that ignore the name they were called by, of which a hundred are made
//! and one is built against a newer minor version of the ABI; and one that posts in every channel. No library is loaded
//! here.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Result, libraries};

/// The first words of the answers of the two versions of [`pings`].
pub(crate) const WORDS: [&str; 2] = ["pong", "pang"];

/// Placeholder in a cog's library for the number that distinguishes it from its copies.
const NUMBER: &str = "000";

/// `ping`, and a version with a different answer; both are the cog `ping`.
pub(crate) fn pings() -> Result<[PathBuf; 2]> {
    let workspace = Workspace::new("pings")?;
    let next = replaced(&workspace.ping()?, "pong {", "pang {")?;
    workspace.add("ping-next", &replaced(&next, "#[cog(unit)]", "#[cog(unit, name = \"ping\")]")?)?;
    let next = workspace.build(&["ping-next"])?.remove(0);
    let ping = libraries::examples(&["ping"])?["ping"].clone();
    Ok([ping, next])
}

/// This number of cogs that differ in name and command only: the `n`-th is `ping-n` and answers `!ping-n`, with three
/// digits.
pub(crate) fn many(count: usize, folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let workspace = Workspace::new("many")?;
    let name = format!("ping-{NUMBER}");
    workspace.add(&name, &workspace.echo(&name)?)?;
    let library = workspace.build(&[&name])?.remove(0);
    (0..count)
        .map(|number| {
            let copy_name = format!("ping-{number:03}");
            let copy = folder.join(format!("lib{copy_name}.so"));
            libraries::with_text(&library, &name, &copy_name, &copy)?;
            Ok((copy_name, copy))
        })
        .collect()
}

/// A cog `ping-newer`, built against the next minor version of the ABI: with one more function in each of the two
/// tables.
pub(crate) fn newer() -> Result<PathBuf> {
    let workspace = Workspace::new("newer")?;
    workspace.add("ping-newer", &workspace.echo("ping-newer")?)?;
    let manifest = fs::read_to_string(workspace.folder.join("cogs/ping-newer/Cargo.toml"))?;
    let newer = "gearshift-cog = { workspace = true, features = [\"next-minor\"] }";
    let manifest = replaced(&manifest, "gearshift-cog.workspace = true", newer)?;
    workspace.write("cogs/ping-newer/Cargo.toml", &manifest)?;
    Ok(workspace.build(&["ping-newer"])?.remove(0))
}

/// The text that the cog of [`announcer`] posts.
pub(crate) const NEWS: &str = "news";

/// The source of [`announcer`].
const ANNOUNCER: &str = r#"//! Posts in every channel of a guild at once.
use gearshift_cog::{handles::Method, prelude::*};

#[cog(unit)]
impl Announcer {
    /// Posts the news
    #[command]
    async fn announce(&self, ctx: &Context) -> Result {
        let discord = ctx.discord();
        let path = format!("/guilds/{}/channels", ctx.guild_id().unwrap_or_default());
        let channels: serde_json::Value = discord.request(Method::Get, path).fetch().await?;
        let ids = channels.as_array().into_iter().flatten().filter_map(|channel| channel["id"].as_str()?.parse::<u64>().ok());
        futures_util::future::try_join_all(ids.map(|id| discord.send(id, "news"))).await?;
        Ok(())
    }
}
"#;

/// A cog that posts [`NEWS`] in every channel of a guild at once when a user says `!announce` there.
pub(crate) fn announcer() -> Result<PathBuf> {
    let workspace = Workspace::new("announcer")?;
    workspace.add("announcer", &replaced(ANNOUNCER, "\"news\"", &format!("{NEWS:?}"))?)?;
    let manifest = fs::read_to_string(workspace.folder.join("cogs/announcer/Cargo.toml"))?;
    let manifest = replaced(
        &manifest,
        "gearshift-cog.workspace = true",
        "futures-util.workspace = true\ngearshift-cog.workspace = true\nserde_json.workspace = true",
    )?;
    workspace.write("cogs/announcer/Cargo.toml", &manifest)?;
    Ok(workspace.build(&["announcer"])?.remove(0))
}

/// A cog whose source is changed repeatedly.
pub(crate) struct Editable {
    workspace: Workspace,
    source: String,
}

/// A copy of `ping` that can be changed.
pub(crate) fn editable() -> Result<Editable> {
    let workspace = Workspace::new("edited")?;
    let source = workspace.ping()?;
    Ok(Editable { workspace, source })
}

impl Editable {
    /// Gives it an answer that it has not had before, and returns that.
    pub(crate) fn change(&self, round: u32) -> Result<String> {
        let words = format!("pong {round} {}", std::time::UNIX_EPOCH.elapsed()?.as_nanos());
        self.workspace.add("ping-edited", &replaced(&self.source, "pong {", &format!("{words} {{"))?)?;
        Ok(words)
    }

    /// Appends a line that does not compile.
    pub(crate) fn spoil(&self) -> Result<()> {
        self.workspace.add("ping-edited", &format!("{}\nfn 1() {{\n", self.source))
    }

    /// Its package's folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.workspace.folder.join("cogs/ping-edited")
    }

    /// Its workspace's manifest.
    pub(crate) fn manifest(&self) -> PathBuf {
        self.workspace.folder.join("Cargo.toml")
    }
}

/// A workspace like the project's own, with generated packages.
struct Workspace {
    folder: PathBuf,
}

impl Workspace {
    fn new(name: &str) -> Result<Workspace> {
        let folder = libraries::target()?.join("bench-cogs").join(name);
        fs::create_dir_all(&folder)?;
        let root = libraries::workspace().canonicalize()?;
        let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
        // The same profiles and versions, but other members, and full paths to the project's own packages.
        let mut lines: Vec<String> = Vec::new();
        for line in manifest.lines() {
            lines.push(match line {
                line if line.starts_with("members = ") => "members = [\"cogs/*\"]".to_owned(),
                line if line.starts_with("default-members = ") => continue,
                line => line.replace("{ path = \"", &format!("{{ path = \"{}/", root.display())),
            });
        }
        let workspace = Workspace { folder };
        workspace.write("Cargo.toml", &lines.join("\n"))?;
        fs::copy(root.join("Cargo.lock"), workspace.folder.join("Cargo.lock"))?;
        Ok(workspace)
    }

    /// The source of the example `ping`.
    fn ping(&self) -> Result<String> {
        Ok(fs::read_to_string(libraries::workspace().join("plugins/ping/src/lib.rs"))?)
    }

    /// The source of the tests' `echo`, with another command, for use with a prefix only: Discord allows no more than a
    /// hundred slash commands.
    fn echo(&self, command: &str) -> Result<String> {
        let source = fs::read_to_string(libraries::workspace().join("host/tests/cogs/echo/src/lib.rs"))?;
        let source = replaced(&source, "Command::new(\"echo\"", &format!("Command::new(\"{command}\""))?;
        replaced(&source, ")])]", ")]).prefix_only()]")
    }

    fn add(&self, name: &str, source: &str) -> Result<()> {
        let manifest = fs::read_to_string(libraries::workspace().join("plugins/ping/Cargo.toml"))?;
        let manifest = replaced(&manifest, "name = \"ping\"", &format!("name = \"{name}\""))?;
        fs::create_dir_all(self.folder.join(format!("cogs/{name}/src")))?;
        self.write(&format!("cogs/{name}/Cargo.toml"), &manifest)?;
        self.write(&format!("cogs/{name}/src/lib.rs"), source)
    }

    fn build(&self, packages: &[&str]) -> Result<Vec<PathBuf>> {
        let built = libraries::build(&self.folder.join("Cargo.toml"), packages, &[])?;
        Ok(packages.iter().map(|package| built[&package.replace('-', "_")].clone()).collect())
    }

    /// Writes a file unless it is unchanged, as cargo checks the modification time.
    fn write(&self, file: &str, text: &str) -> Result<()> {
        let file = self.folder.join(file);
        if fs::read_to_string(&file).is_ok_and(|old| old == text) {
            return Ok(());
        }
        Ok(fs::write(file, text)?)
    }
}

/// The text with one part replaced.
///
/// # Errors
/// The part does not occur: the source has changed, and this module must be adapted.
fn replaced(text: &str, from: &str, to: &str) -> Result<String> {
    match text.contains(from) {
        true => Ok(text.replace(from, to)),
        false => Err(format!("`{from}` is not in the source that a cog is generated from").into()),
    }
}
