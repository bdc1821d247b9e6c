//! World files: a world that a user writes in TOML. They contain neither uploaded files nor anything in progress; a
//! world that is kept on disk does.

mod commands;
mod ids;
mod parts;
mod places;
mod read;
mod write;

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::{ActError, World};
use parts::File;

pub(super) use ids::candidate as id_of_names;

/// The largest world file that is accepted, in bytes.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Why a world could not be read.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The file cannot be read.
    #[error("cannot read the world in {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// There is a mistake in it.
    #[error("{}{mistake}", in_file(path.as_deref()))]
    Invalid {
        /// The file; `None` for a text.
        path: Option<PathBuf>,
        /// The mistake and its place.
        mistake: WorldMistake,
    },
}

/// A mistake in the text of a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldMistake {
    /// The line, counted from 1.
    pub line: usize,
    /// The text of the line.
    pub text: String,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for WorldMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}: {}", self.line, self.text, self.what)
    }
}

impl World {
    /// Reads a world from TOML, such as `host/sim/src/world/default.toml`.
    ///
    /// ```
    /// let world = gearshift_sim::World::read(r#"
    ///     [[guilds]]
    ///     name = "Harbour"
    ///     owner = "alice"
    ///     [[guilds.channels]]
    ///     name = "general"
    ///     [[guilds.channels.messages]]
    ///     by = "alice"
    ///     text = "hello"
    /// "#)?;
    /// assert_eq!(world.channel_named("general", None).unwrap().messages.len(), 1);
    /// # Ok::<(), gearshift_sim::WorldError>(())
    /// ```
    ///
    /// # Errors
    /// The first mistake, with its line.
    pub fn read(text: &str) -> Result<Self, WorldError> {
        read_text(text).map_err(|mistake| WorldError::Invalid { path: None, mistake })
    }

    /// Reads a world file.
    ///
    /// # Errors
    /// If the file cannot be read; otherwise the first mistake, with file and line.
    pub fn load(path: &Path) -> Result<Self, WorldError> {
        let unreadable = |source| WorldError::Unreadable { path: path.to_owned(), source };
        if fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE_BYTES {
            return Err(unreadable(io::Error::other(format!("it is larger than {MAX_FILE_BYTES} bytes"))));
        }
        let text = fs::read_to_string(path).map_err(unreadable)?;
        read_text(&text).map_err(|mistake| WorldError::Invalid { path: Some(path.to_owned()), mistake })
    }

    /// Writes this world as TOML. Reading it back gives the same guilds, roles, members, channels and histories, with
    /// the same ids; uploaded files, threads and registered commands are left out.
    pub fn write(&self) -> String {
        toml::to_string(&write::file_of(self)).expect("everything in a world file can be written as TOML")
    }
}

/// A mistake and its place in the text.
struct Mistake {
    at: Range<usize>,
    what: String,
}

impl Mistake {
    fn at(at: Range<usize>, what: impl Into<String>) -> Self {
        Self { at, what: what.into() }
    }

    fn unknown<'a>(at: Range<usize>, kind: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Self {
        Self::at(at, ActError::unknown(kind, name, known).to_string())
    }
}

fn read_text(text: &str) -> Result<World, WorldMistake> {
    let parsed = toml::from_str::<File>(text)
        .map_err(|error| Mistake::at(error.span().unwrap_or(0..0), with_nearest(error.message())));
    parsed.and_then(|file| read::world_of(&file)).map_err(|slip| {
        let start = slip.at.start.min(text.len());
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count();
        let written = text.lines().nth(line).unwrap_or_default().trim().to_owned();
        WorldMistake { line: line + 1, text: written, what: slip.what }
    })
}

/// serde lists the unknown field and all known ones, in backticks; users need only the nearest one.
fn with_nearest(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    match (message.starts_with("unknown "), names.next()) {
        (true, Some(unknown)) => ActError::unknown("field or value", unknown, names).to_string(),
        _ => message.lines().next().unwrap_or_default().to_owned(),
    }
}

fn in_file(path: Option<&Path>) -> String {
    path.map(|path| format!("{}, ", path.display())).unwrap_or_default()
}
