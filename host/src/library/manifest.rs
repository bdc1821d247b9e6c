//! Reads a library's manifest and properties from the file alone: none of its code is executed. It does not judge them.

use std::{fs::File, io, path::Path};

use gearshift_cog::manifest::{Manifest, ManifestError, SECTION};
use object::{
    Endianness, Object, ObjectSection, ObjectSymbol, ReadCache, SymbolFlags,
    elf::{DF_1_NODELETE, DF_STATIC_TLS, DT_FLAGS, DT_FLAGS_1, DT_NEEDED, STB_GNU_UNIQUE},
    read::{
        NameOrOrdinal,
        elf::{Dyn, ElfFile, FileHeader, ProgramHeader},
    },
};
use serde::Deserialize;

use super::verify::speaks;
use crate::text::OneLine;

/// Maximum size of a manifest, in bytes. One with 100 commands of 25 options each has about 500,000.
const MANIFEST_MAX_BYTES: u64 = 1 << 20;

/// Functions that `export!` interposes between a cog and the C library, so that the cog can be unmapped.
const INTERPOSED: [&str; 3] = ["pthread_create", "pthread_key_create", "pthread_key_delete"];

/// The content of a library's file that matters for loading it.
#[derive(Clone, Debug)]
pub struct Contents {
    /// The cog's declarations.
    pub manifest: Manifest,
    /// Whether it exports the header that the host looks for.
    pub has_header: bool,
    /// The offset of the byte with `DF_1_NODELETE`, if the flag is set: the loader then never unmaps it.
    pub nodelete_at: Option<u64>,
    /// Whether it uses static thread-local memory, which is scarce in a process (`DF_STATIC_TLS`).
    pub static_tls: bool,
    /// Symbols with binding `STB_GNU_UNIQUE`: a library that defines one is never unmapped.
    pub unique_symbols: Vec<String>,
    /// Functions of `INTERPOSED` that it does not define. Only on Linux; elsewhere interposing does not help.
    pub not_interposed: Vec<&'static str>,
    /// Libraries that it depends on (`DT_NEEDED`).
    pub needs: Vec<String>,
}

/// Why a library's file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system refused.
    #[error("failed to read it")]
    Io(#[from] io::Error),
    /// Its content is inconsistent.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// It has no manifest.
    #[error("it is not a cog: it has no section `{SECTION}`")]
    NotACog,
    /// It has another ABI, whose manifest may have another format, too.
    #[error("{}", speaks(*.abi))]
    OtherAbi {
        /// The cog's name, if the manifest has one.
        name: Option<String>,
        /// The ABI it speaks.
        abi: (u16, u16),
    },
    /// The section is not a manifest.
    #[error("{}", OneLine(&.0.to_string()))]
    Manifest(ManifestError),
}

impl ReadError {
    /// What the author can do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Io(_) => None,
            Self::Damaged(_) | Self::Manifest(_) => Some("build it again".to_owned()),
            Self::NotACog => Some("`#[cog]` in front of an `impl` block makes a library a cog".to_owned()),
            Self::OtherAbi { .. } => Some(super::verify::abi_help()),
        }
    }
}

impl From<object::read::Error> for ReadError {
    fn from(error: object::read::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

type Data<'data> = &'data ReadCache<File>;

/// Reads a library's file.
///
/// # Errors
/// If it is not a cog, or not complete.
pub fn read(path: &Path) -> Result<Contents, ReadError> {
    // Reads only the parts that are needed: a debug build is mostly symbols.
    let cache = ReadCache::new(File::open(path)?);
    let file = object::File::parse(&cache)?;
    let manifest = manifest(&file)?;
    let mut exports = Vec::new();
    for export in file.exports()? {
        if let NameOrOrdinal::Name(name) = export?.name() {
            exports.push(bare(name, &file).to_vec());
        }
    }
    let has = |name: &str| exports.iter().any(|export| export == name.as_bytes());
    let elf = matches!(file, object::File::Elf32(_) | object::File::Elf64(_));
    let mut contents = Contents {
        manifest,
        has_header: has(abi_stable::library::ROOT_MODULE_LOADER_NAME),
        nodelete_at: None,
        static_tls: false,
        unique_symbols: unique_symbols(&file),
        not_interposed: INTERPOSED.into_iter().filter(|name| elf && !has(name)).collect(),
        needs: Vec::new(),
    };
    match &file {
        object::File::Elf64(elf) => contents.read_dynamic(elf)?,
        object::File::Elf32(elf) => contents.read_dynamic(elf)?,
        _ => {}
    }
    Ok(contents)
}

impl Contents {
    /// Reads the dynamic section, which the loader uses.
    fn read_dynamic<'data, E: FileHeader<Endian = Endianness>>(
        &mut self,
        elf: &ElfFile<'data, E, Data<'data>>,
    ) -> Result<(), ReadError> {
        let endian = elf.endian();
        let strings = elf.elf_dynamic_symbol_table().strings();
        for segment in elf.elf_program_headers() {
            let Some(entries) = segment.dynamic(endian, elf.data())? else { continue };
            for (at, entry) in entries.iter().enumerate() {
                let value: u64 = entry.d_val(endian).into();
                match entry.tag(endian) {
                    DT_NEEDED => {
                        let at = u32::try_from(value).unwrap_or(u32::MAX);
                        let name = strings.get(at).map_err(|()| strange_name())?;
                        self.needs.push(String::from_utf8_lossy(name).into_owned());
                    }
                    DT_FLAGS => self.static_tls = value & DF_STATIC_TLS.0 != 0,
                    DT_FLAGS_1 if value & DF_1_NODELETE.0 != 0 => {
                        let word = size_of::<E::Word>();
                        let low_byte = if elf.is_little_endian() { 0 } else { word - 1 };
                        let offset = at * size_of::<E::Dyn>() + word + low_byte;
                        self.nodelete_at = Some(segment.p_offset(endian).into() + offset as u64);
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

fn strange_name() -> ReadError {
    ReadError::Damaged("it needs a library whose name is not there".to_owned())
}

fn manifest<'data>(file: &object::File<'data, Data<'data>>) -> Result<Manifest, ReadError> {
    /// The part that every version of the manifest is expected to have.
    #[derive(Deserialize)]
    struct Essence {
        name: Option<String>,
        abi: (u16, u16),
    }
    // On Apple's systems the constant also names the segment.
    let name = SECTION.rsplit(',').next().unwrap_or(SECTION);
    let section = file.section_by_name(name).ok_or(ReadError::NotACog)?;
    if section.size() > MANIFEST_MAX_BYTES {
        return Err(ReadError::Damaged(format!("its manifest has {} bytes", section.size())));
    }
    let bytes = section.data()?;
    Manifest::parse(bytes).map_err(|error| {
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        match serde_json::from_slice::<Essence>(&bytes[..end]) {
            Ok(Essence { name, abi }) if abi.0 != gearshift_cog::abi::ABI.0 => {
                ReadError::OtherAbi { name, abi }
            }
            _ => ReadError::Manifest(error),
        }
    })
}

/// A symbol's name in the source; Mach-O prefixes it with an underscore.
fn bare<'name, 'data>(name: &'name [u8], file: &object::File<'data, Data<'data>>) -> &'name [u8] {
    match file {
        object::File::MachO64(_) | object::File::MachO32(_) => name.strip_prefix(b"_").unwrap_or(name),
        _ => name,
    }
}

fn unique_symbols<'data>(file: &object::File<'data, Data<'data>>) -> Vec<String> {
    let unique = |flags| match flags {
        SymbolFlags::Elf { st_info, .. } => st_info.st_bind() == STB_GNU_UNIQUE,
        _ => false,
    };
    file.dynamic_symbols()
        .filter(|symbol| symbol.is_definition() && unique(symbol.flags()))
        .map(|symbol| symbol.name().unwrap_or("?").to_owned())
        .collect()
}
