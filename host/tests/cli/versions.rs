//! Packages of the cogs in `plugins/` in versions that were never built: the same code with another manifest. Nothing
//! is installed here.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, OnceLock, PoisonError},
};

use gearshift_host::packages::{
    Access, AuthorTexts, Digest, Packed, Place as Source, Reference, Repository, SecretKey, Trust,
};
use object::{Object, ObjectSection};
use serde_json::{Value, json};

use crate::{libraries::library, program::Place};

/// Packs a version of a cog into the folder `packages` of a place. `change` is applied to its manifest last.
pub(crate) fn pack(place: &Place, cog: &str, version: &str, change: impl FnOnce(&mut Value)) {
    pack_with(place, cog, version, &AuthorTexts::default(), change);
}

/// The same with the author's texts.
pub(crate) fn pack_with(
    place: &Place,
    cog: &str,
    version: &str,
    words: &AuthorTexts,
    change: impl FnOnce(&mut Value),
) {
    let file = place.path().join(format!("{cog}-{version}.packed"));
    fs::write(&file, with_manifest(cog, version, change)).unwrap();
    let packed = Packed::make(std::slice::from_ref(&file), words).unwrap();
    fs::remove_file(file).unwrap();
    block_on(packed.put(&repository(place, cog), false)).unwrap();
}

/// Signs an existing package.
pub(crate) fn sign(place: &Place, cog: &str, version: &str, key: &SecretKey) {
    let repository = repository(place, cog);
    let reference: Reference = format!("{}:{version}", repository.place()).parse().unwrap();
    block_on(async {
        let package = repository.find(&reference, &Trust::default()).await.unwrap();
        let mut packed = Packed::take(&repository, package).await.unwrap();
        packed.sign(key).unwrap();
        packed.put(&repository, false).await.unwrap();
    });
}

fn repository(place: &Place, cog: &str) -> Repository {
    let source = Source::in_folder(&place.path().join("packages"), cog);
    Repository::open(&source, Access::default()).unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A cog's library that claims to be a release build of this version.
pub(crate) fn with_manifest(cog: &str, version: &str, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    const HEADER: usize = 64;
    let mut bytes = fs::read(stripped(cog)).unwrap();
    let (header, mut manifest) = {
        let file = object::File::parse(&*bytes).unwrap();
        let section = file.section_by_name(".gearshift").unwrap();
        let (start, length) = section.file_range().unwrap();
        let text = &bytes[start as usize..(start + length) as usize];
        let end = text.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        let manifest: Value = serde_json::from_slice(&text[..end]).unwrap();
        // `e_shoff`, the position of the section headers.
        let headers = u64::from_le_bytes(bytes[0x28..0x30].try_into().unwrap());
        (headers as usize + section.index().0 * HEADER, manifest)
    };
    manifest["version"] = json!(version);
    manifest["profile"] = json!("release");
    change(&mut manifest);
    let manifest = manifest.to_string();
    // At the end of the file: `sh_offset` and `sh_size`.
    let place = [bytes.len() as u64, manifest.len() as u64];
    for (at, field) in [header + 24, header + 32].into_iter().zip(place) {
        bytes[at..at + 8].copy_from_slice(&field.to_le_bytes());
    }
    bytes.extend_from_slice(manifest.as_bytes());
    bytes
}

/// A cog's library without debug info, as it would be shipped.
fn stripped(cog: &str) -> PathBuf {
    static STRIPPED: OnceLock<Mutex<()>> = OnceLock::new();
    let _one = STRIPPED.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let built = library(cog);
    let stripped = built.with_extension("stripped");
    if !stripped.exists() {
        let done = Command::new("strip").arg("-S").arg("-o").args([&stripped, &built]).status();
        if !done.is_ok_and(|status| status.success()) {
            fs::copy(&built, &stripped).unwrap();
        }
    }
    stripped
}

/// The content of a file, if it exists.
pub(crate) fn content(path: &Path) -> Option<Vec<u8>> {
    fs::read(path).ok()
}

/// Replaces a text in the documents of a cog's packages with one of the same length, and updates every digest that
/// depends on it.
pub(crate) fn forge(place: &Place, cog: &str, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let folder = place.path().join("packages").join(cog);
    let blobs = folder.join("blobs/sha256");
    let mut changes = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = changes.pop() {
        for entry in fs::read_dir(&blobs).unwrap() {
            let path = entry.unwrap().path();
            // Libraries are not text.
            let Ok(text) = fs::read_to_string(&path) else { continue };
            if !text.contains(&from) {
                continue;
            }
            let text = text.replace(&from, &to);
            let hex = Digest::of(text.as_bytes()).hex();
            changes.push((path.file_name().unwrap().to_str().unwrap().to_owned(), hex.clone()));
            fs::remove_file(&path).unwrap();
            fs::write(blobs.join(hex), text).unwrap();
        }
        let index = folder.join("index.json");
        let text = fs::read_to_string(&index).unwrap();
        fs::write(index, text.replace(&from, &to)).unwrap();
    }
}
