//! Libraries that are damaged on purpose. The places are found with an ELF reader that is independent of the host's.

use std::{
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use object::{
    Endianness, LittleEndian as LE, Object, ObjectSection, ObjectSymbol,
    elf::{DF_1_NODELETE, DT_FLAGS_1, Dyn64, FileHeader64, STB_GNU_UNIQUE, Sym64},
};
use tempfile::TempDir;

/// A file in a folder of its own.
pub(crate) struct Damaged {
    _folder: TempDir,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Damaged {
    /// An intact copy to start from.
    pub(crate) fn copy_of(library: &Path) -> Self {
        Self::from_bytes(&fs::read(library).unwrap())
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("libdamaged.so");
        Self { _folder: folder, path, bytes: Vec::new() }.written(bytes.to_vec())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// Sets one byte. Returns the previous value.
    pub(crate) fn poke(&mut self, at: u64, byte: u8) -> u8 {
        let file = fs::File::options().write(true).open(&self.path).unwrap();
        file.write_all_at(&[byte], at).unwrap();
        std::mem::replace(&mut self.bytes[at as usize], byte)
    }

    /// Replaces every occurrence.
    pub(crate) fn replace_all(self, from: &[u8], to: &[u8]) -> Self {
        let mut bytes = self.bytes();
        let mut replaced = 0;
        let mut at = 0;
        while let Some(found) = find(&bytes[at..], from) {
            bytes[at + found..at + found + to.len()].copy_from_slice(to);
            at += found + to.len();
            replaced += 1;
        }
        assert!(replaced > 0 && from.len() == to.len());
        self.written(bytes)
    }

    /// Replaces every occurrence of a text in the manifest with another one of the same length.
    pub(crate) fn replace_in_manifest(self, from: &str, to: &str) -> Self {
        let mut bytes = self.bytes();
        let (start, length) = {
            let file = object::File::parse(&*bytes).unwrap();
            file.section_by_name(".gearshift").unwrap().file_range().unwrap()
        };
        let (start, end) = (start as usize, (start + length) as usize);
        let manifest = String::from_utf8(bytes[start..end].to_vec()).unwrap();
        assert!(manifest.contains(from) && from.len() == to.len());
        bytes[start..end].copy_from_slice(manifest.replace(from, to).as_bytes());
        self.written(bytes)
    }

    /// Changes the manifest, which can then have any length: it is moved to the end of the file.
    pub(crate) fn with_manifest(self, change: impl FnOnce(&mut serde_json::Value)) -> Self {
        const HEADER: usize = 64;
        let mut bytes = self.bytes();
        let (header, mut manifest) = {
            let file = object::File::parse(&*bytes).unwrap();
            let section = file.section_by_name(".gearshift").unwrap();
            let (start, length) = section.file_range().unwrap();
            let text = &bytes[start as usize..(start + length) as usize];
            let end = text.iter().rposition(|byte| *byte != 0).unwrap() + 1;
            let headers = object::from_bytes::<FileHeader64<Endianness>>(&bytes).unwrap().0;
            let headers = headers.e_shoff.get(Endianness::Little) as usize;
            (headers + section.index().0 * HEADER, serde_json::from_slice(&text[..end]).unwrap())
        };
        change(&mut manifest);
        let manifest = manifest.to_string();
        // The fields `sh_offset` and `sh_size`.
        let place = [bytes.len() as u64, manifest.len() as u64];
        for (at, field) in [header + 24, header + 32].into_iter().zip(place) {
            bytes[at..at + 8].copy_from_slice(&field.to_le_bytes());
        }
        bytes.extend_from_slice(manifest.as_bytes());
        self.written(bytes)
    }

    /// Sets the kind of ELF file.
    pub(crate) fn with_type(self, kind: u16) -> Self {
        let mut bytes = self.bytes();
        bytes[16..18].copy_from_slice(&kind.to_le_bytes());
        self.written(bytes)
    }

    /// Gives an exported symbol the binding `STB_GNU_UNIQUE`.
    pub(crate) fn with_unique_symbol(self, name: &str) -> Self {
        let mut bytes = self.bytes();
        let file = object::File::parse(&*bytes).unwrap();
        let index = file.dynamic_symbols().find(|symbol| symbol.name() == Ok(name)).unwrap().index().0;
        let (table, _) = file.section_by_name(".dynsym").unwrap().file_range().unwrap();
        let info = table as usize + index * size_of::<Sym64<LE>>() + 4;
        bytes[info] = (bytes[info] & 0x0f) | (STB_GNU_UNIQUE.0 << 4);
        self.written(bytes)
    }

    /// Asks the loader never to unmap it.
    pub(crate) fn with_nodelete(self) -> Self {
        let mut bytes = self.bytes();
        let (table, length) = {
            let file = object::File::parse(&*bytes).unwrap();
            file.section_by_name(".dynamic").unwrap().file_range().unwrap()
        };
        let table = &mut bytes[table as usize..(table + length) as usize];
        let entry = table
            .chunks_exact_mut(size_of::<Dyn64<LE>>())
            .find(|entry| entry[..8] == DT_FLAGS_1.0.to_le_bytes())
            .expect("rustc links with -z now");
        entry[8] |= DF_1_NODELETE.0 as u8;
        self.written(bytes)
    }

    /// Each byte of the ELF header, the program headers and the manifest's section header, and some bytes of the
    /// tables.
    pub(crate) fn places_that_matter(&self) -> Vec<u64> {
        let header = object::from_bytes::<FileHeader64<Endianness>>(&self.bytes).unwrap().0;
        let sections = header.e_shoff.get(Endianness::Little);
        let file = object::File::parse(&*self.bytes).unwrap();
        let starts = [".dynamic", ".dynsym", ".dynstr", ".gearshift", ".shstrtab"];
        let tables = starts.iter().flat_map(|name| {
            let (at, size) = file.section_by_name(name).unwrap().file_range().unwrap();
            at..at + size.min(96)
        });
        (0..64 + 10 * 56).chain(sections..sections + 12 * 64).chain(tables).collect()
    }

    fn written(mut self, bytes: Vec<u8>) -> Self {
        fs::write(&self.path, &bytes).unwrap();
        self.bytes = bytes;
        self
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
