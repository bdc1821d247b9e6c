//! Examines a file in the cogs folder: can it be a library, and has its writer finished? It waits for nothing and opens
//! nothing but the file itself; waiting is up to the watcher.

use std::{
    env::consts::DLL_SUFFIX,
    ffi::OsStr,
    fs::{File, Metadata},
    io::{self, Read, Seek},
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
    time::SystemTime,
};

use object::{
    Endianness, Object, ObjectSection, ObjectSegment, ReadCache, ReadRef,
    elf::{self, FileHeader32, FileHeader64},
    read::elf::{FileHeader, ProgramHeader, SectionHeader},
};

/// Maximum size of a library, in bytes. Debug builds with all their symbols are far below it.
pub const LIBRARY_MAX_BYTES: u64 = 1 << 30;

/// Tells whether a file is still the one that was examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Size in bytes.
    pub length: u64,
    /// When it was last written to. The resolution of file systems is some milliseconds.
    pub modified: SystemTime,
    /// Device and inode: a file that was renamed into place has another inode.
    pub identity: (u64, u64),
}

impl Stamp {
    /// The stamp of an open file.
    ///
    /// # Errors
    /// Errors of the system.
    pub fn of(file: &File) -> io::Result<Self> {
        Self::from_metadata(&file.metadata()?)
    }

    /// The stamp of the file that this metadata is of.
    ///
    /// # Errors
    /// If the platform has no modification times.
    pub fn from_metadata(metadata: &Metadata) -> io::Result<Self> {
        let identity = (metadata.dev(), metadata.ino());
        Ok(Self { length: metadata.len(), modified: metadata.modified()?, identity })
    }
}

/// A complete file that may be a cog's library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Where it is.
    pub path: PathBuf,
    /// The file's stamp when it was found complete.
    pub stamp: Stamp,
}

/// The result of examining a file.
#[derive(Debug)]
pub enum Readiness {
    /// The file is complete.
    Complete(Candidate),
    /// It begins like a library and ends too early: its writer is still at work, or gave up.
    Incomplete {
        /// Bytes that exist.
        length: u64,
        /// Bytes that are needed, as far as the existing ones tell.
        needed: u64,
    },
    /// Waiting will not make it a library.
    NotALibrary(NotALibrary),
}

/// Why a file is not a library.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotALibrary {
    /// A folder, a socket, ….
    #[error("it is not a regular file")]
    NotAFile,
    /// File names appear in the log, the lock and JSON, which are lines of text.
    #[error("its name is not UTF-8, or has control characters")]
    Name,
    /// None of the known formats.
    #[error("it is not a library of any known format")]
    UnknownFormat,
    /// An object file, a program, a core dump.
    #[error("it is an object file or a program, not a shared library")]
    NotShared,
    /// Tools can remove it, but it is needed to find the manifest.
    #[error("its section table was removed")]
    NoSections,
    /// It is larger than [`LIBRARY_MAX_BYTES`].
    #[error("it has {0} bytes; at most {LIBRARY_MAX_BYTES} are read")]
    TooLong(u64),
    /// Its content is inconsistent.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

impl NotALibrary {
    /// What the author can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NotAFile | Self::TooLong(_) => None,
            Self::Name => Some("rename it"),
            Self::UnknownFormat | Self::NotShared => Some(
                "a cog is a library, built with `crate-type = [\"cdylib\"]`; the folder is for nothing else",
            ),
            Self::NoSections => Some("strip symbols only (`strip = true`), not the section table"),
            Self::Damaged(_) => Some("build or copy it again"),
        }
    }
}

/// Whether a file with this name can be a library of this platform. Names that linkers, editors and copying tools give
/// to unfinished files do not qualify.
#[must_use]
pub fn is_library_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_bytes();
    let stem = name.strip_suffix(DLL_SUFFIX.as_bytes()).unwrap_or_default();
    !matches!(stem, [] | [b'.' | b'#' | b'~', ..])
}

/// Whether a file's name can appear in a line of text.
pub(super) fn is_named_in_text(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str);
    name.is_some_and(|name| !name.contains(char::is_control))
}

/// Examines a file.
///
/// # Errors
/// If it cannot be opened or read.
pub fn examine(path: &Path) -> io::Result<Readiness> {
    if !path.metadata()?.is_file() {
        return Ok(Readiness::NotALibrary(NotALibrary::NotAFile));
    }
    if !is_named_in_text(path) {
        return Ok(Readiness::NotALibrary(NotALibrary::Name));
    }
    let mut file = File::open(path)?;
    let stamp = Stamp::of(&file)?;
    if stamp.length > LIBRARY_MAX_BYTES {
        return Ok(Readiness::NotALibrary(NotALibrary::TooLong(stamp.length)));
    }
    let mut start = Vec::new();
    Read::by_ref(&mut file).take(START).read_to_end(&mut start)?;
    file.rewind()?;
    let needed = match needed(&start, &ReadCache::new(file)) {
        Ok(needed) => needed,
        Err(why) => return Ok(Readiness::NotALibrary(why)),
    };
    let length = stamp.length;
    if needed > length {
        return Ok(Readiness::Incomplete { length, needed });
    }
    Ok(Readiness::Complete(Candidate { path: path.to_owned(), stamp }))
}

/// How much of a file's start is needed to recognise its format: magic number and class.
const START: u64 = 5;

/// How many bytes the file must have, as far as its present content tells.
fn needed(start: &[u8], data: &ReadCache<File>) -> Result<u64, NotALibrary> {
    // A linker may reserve the space before it writes to it.
    if start.iter().all(|byte| *byte == 0) {
        return Ok(data.len().unwrap_or_default() + 1);
    }
    if start.len() < START as usize {
        let known = [&elf::ELFMAG[..], &MACH_O_64, b"MZ"];
        let begins = known.iter().any(|magic| magic.starts_with(&start[..start.len().min(magic.len())]));
        return if begins { Ok(START) } else { Err(NotALibrary::UnknownFormat) };
    }
    match (&start[..4], elf::FileClass(start[4])) {
        (magic, elf::ELFCLASS64) if magic == elf::ELFMAG => elf_needed::<FileHeader64<Endianness>>(data),
        (magic, elf::ELFCLASS32) if magic == elf::ELFMAG => elf_needed::<FileHeader32<Endianness>>(data),
        (magic, _) if magic == MACH_O_64 || magic.starts_with(b"MZ") => other_needed(data),
        _ => Err(NotALibrary::UnknownFormat),
    }
}

const MACH_O_64: [u8; 4] = [0xcf, 0xfa, 0xed, 0xfe];

/// The end of everything that the headers of an ELF file refer to.
fn elf_needed<E: FileHeader<Endian = Endianness>>(data: &ReadCache<File>) -> Result<u64, NotALibrary> {
    let length = data.len().unwrap_or_default();
    if length < size_of::<E>() as u64 {
        return Ok(size_of::<E>() as u64);
    }
    let header = E::parse(data).map_err(damaged)?;
    let endian = header.endian().map_err(damaged)?;
    if header.e_type(endian) != elf::ET_DYN {
        return Err(NotALibrary::NotShared);
    }
    let segments = table(header.e_phoff(endian).into(), header.e_phnum(endian), header.e_phentsize(endian));
    let sections = table(header.e_shoff(endian).into(), header.e_shnum(endian), header.e_shentsize(endian));
    if header.e_shoff(endian).into() == 0 {
        return Err(NotALibrary::NoSections);
    }
    if segments.max(sections) > length {
        return Ok(segments.max(sections));
    }
    let mut end = segments.max(sections);
    for section in header.section_headers(endian, data).map_err(damaged)? {
        end = end.max(section.file_range(endian).map_or(0, |(at, size)| at.saturating_add(size)));
    }
    for segment in header.program_headers(endian, data).map_err(damaged)? {
        let (at, size) = segment.file_range(endian);
        end = end.max(at.saturating_add(size));
    }
    // Beyond the limit, it is not incomplete but too long.
    if end > LIBRARY_MAX_BYTES { Err(NotALibrary::TooLong(end)) } else { Ok(end) }
}

/// The end of a table with `entries` entries.
fn table(at: u64, entries: u16, size: u16) -> u64 {
    at.saturating_add(u64::from(entries) * u64::from(size))
}

/// The same for the formats of other platforms, as far as `object` supports them: a file that it cannot parse
/// may just be incomplete.
fn other_needed(data: &ReadCache<File>) -> Result<u64, NotALibrary> {
    let length = data.len().unwrap_or_default();
    let Ok(file) = object::File::parse(data) else { return Ok(length + 1) };
    if file.kind() != object::ObjectKind::Dynamic {
        return Err(NotALibrary::NotShared);
    }
    let sections = file.sections().filter_map(|section| section.file_range());
    let segments = file.segments().map(|segment| segment.file_range());
    Ok(sections.chain(segments).map(|(at, size)| at.saturating_add(size)).max().unwrap_or_default())
}

fn damaged(error: object::read::Error) -> NotALibrary {
    NotALibrary::Damaged(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_the_making_are_no_libraries() {
        let library = |name: &str| is_library_name(Path::new(name));
        assert!(library(&format!("cogs/libping{DLL_SUFFIX}")) && library(&format!("ping{DLL_SUFFIX}")));
        for other in [".libping", "#libping", "~libping", ""] {
            assert!(!library(&format!("{other}{DLL_SUFFIX}")), "{other}");
        }
        for other in [".tmp1a2b", "~", ".swp", ".part", ".d"] {
            assert!(!library(&format!("libping{DLL_SUFFIX}{other}")), "{other}");
        }
    }
}
