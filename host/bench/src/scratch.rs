//! Cogs that only the benchmarks need, generated from the example `ping` into a workspace below the target folder: a
//! second version of it, one of which a hundred are made, one built against a newer minor of the ABI; and one that posts in
//! every channel.
//! It loads none.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Result, libraries};

/// How the two versions of [`pings`] begin their answers.
pub(crate) const WORDS: [&str; 2] = ["pong", "pang"];

/// Stands in a cog's library for the number that makes it one of many.
const NUMBER: &str = "000";

/// `ping` as it is and a version that says another word; both are the cog `ping`.
pub(crate) fn pings() -> Result<[PathBuf; 2]> {
    let workspace = Workspace::new("pings")?;
    let source = workspace.ping()?;
    let next = replaced(&source, "pong {", "pang {")?;
    workspace.add("ping-next", &replaced(&next, "export!(Ping)", "export!(Ping, name = \"ping\")")?)?;
    let next = workspace.build(&["ping-next"])?.remove(0);
    let ping = libraries::examples(&["ping"])?["ping"].clone();
    Ok([ping, next])
}

/// So many cogs that differ in name and command only: the `n`-th is `ping-n` and answers `!ping-n`, three digits.
pub(crate) fn many(count: usize, folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let workspace = Workspace::new("many")?;
    let source = workspace.ping()?;
    let name = format!("ping-{NUMBER}");
    let source = replaced(&source, "Command::new(\"ping\"", &format!("Command::new(\"{name}\""))?;
    workspace.add(&name, &source)?;
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

/// A cog `ping-newer` that is built against the next minor of the ABI: one function more in each of the two tables.
pub(crate) fn newer() -> Result<PathBuf> {
    let workspace = Workspace::new("newer")?;
    let source = replaced(&workspace.ping()?, "Command::new(\"ping\"", "Command::new(\"ping-newer\"")?;
    workspace.add("ping-newer", &source)?;
    let manifest = fs::read_to_string(workspace.folder.join("cogs/ping-newer/Cargo.toml"))?;
    let newer = "gearshift-cog = { workspace = true, features = [\"next-minor\"] }";
    let manifest = replaced(&manifest, "gearshift-cog.workspace = true", newer)?;
    workspace.write("cogs/ping-newer/Cargo.toml", &manifest)?;
    Ok(workspace.build(&["ping-newer"])?.remove(0))
}

/// What the cog of [`announcer`] posts.
pub(crate) const NEWS: &str = "news";

/// A cog that posts [`NEWS`] in every channel of the guild in which somebody says `!announce`, at once.
pub(crate) fn announcer() -> Result<PathBuf> {
    let workspace = Workspace::new("announcer")?;
    let source = workspace.ping()?;
    let source = replaced(&source, "Command::new(\"ping\"", "Command::new(\"announce\"")?;
    let source = replaced(&source, "struct Ping;", "struct Ping(Host);")?;
    let source = replaced(&source, "setup(_host: Host)", "setup(host: Host)")?;
    let source = replaced(&source, "Ok(Self)", "Ok(Self(host))")?;
    let start = source.find("        let text = ").ok_or("`ping` has another command")?;
    let end = source[start..].find("        Ok(())").ok_or("`ping` ends its command otherwise")? + start;
    let posts = format!(
        "        let discord = self.0.discord();
        let guild = call.guild_id().unwrap_or_default();
        let path = format!(\"/guilds/{{guild}}/channels\");
        let channels = discord.request(gearshift_cog::handles::Method::Get, path).fetch().await?;
        let ids = channels.as_array().into_iter().flatten().filter_map(|channel| channel[\"id\"].as_str()?.parse().ok());
        let posts = ids.map(|id| discord.send(id, {NEWS:?}));
        for posted in futures_util::future::join_all(posts).await {{
            posted?;
        }}
"
    );
    workspace.add("announcer", &format!("{}{posts}{}", &source[..start], &source[end..]))?;
    let manifest = fs::read_to_string(workspace.folder.join("cogs/announcer/Cargo.toml"))?;
    let manifest = replaced(
        &manifest,
        "gearshift-cog.workspace = true",
        "futures-util.workspace = true\ngearshift-cog.workspace = true",
    )?;
    workspace.write("cogs/announcer/Cargo.toml", &manifest)?;
    Ok(workspace.build(&["announcer"])?.remove(0))
}

/// A cog whose source is changed again and again.
pub(crate) struct Editable {
    workspace: Workspace,
    source: String,
}

/// A copy of `ping` to be changed.
pub(crate) fn editable() -> Result<Editable> {
    let workspace = Workspace::new("edited")?;
    let source = workspace.ping()?;
    Ok(Editable { workspace, source })
}

impl Editable {
    /// Lets it say something that it did not say before.
    pub(crate) fn change(&self, round: u32) -> Result<()> {
        let new = std::time::UNIX_EPOCH.elapsed()?.as_nanos();
        self.workspace
            .add("ping-edited", &replaced(&self.source, "pong {", &format!("pong {round} {new} {{"))?)
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
        // The same profiles and versions; other members, and the project's own packages by their full paths.
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

    /// Writes a file, unless it is the same already: cargo goes by the time of a file.
    fn write(&self, file: &str, text: &str) -> Result<()> {
        let file = self.folder.join(file);
        if fs::read_to_string(&file).is_ok_and(|old| old == text) {
            return Ok(());
        }
        Ok(fs::write(file, text)?)
    }
}

/// A text with one part replaced.
///
/// # Errors
/// When the part is not there: the example has changed, and this room must follow.
fn replaced(text: &str, from: &str, to: &str) -> Result<String> {
    match text.contains(from) {
        true => Ok(text.replace(from, to)),
        false => Err(format!("`{from}` is not in the source that a cog is generated from").into()),
    }
}
