//! Fuzzes arbitrary bytes as the documents of a package.

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};

use super::{
    About, Artifact, Digest, Package, Reference,
    keys::Signature,
    oci::{Index, Manifest, bytes_of},
    packed::in_memory_place,
};

/// Index, manifest, config and signature of an artifact, and a reference to a package, separated by zero bytes. Each
/// is parsed or rejected, and a rejection names the package it is about; what is parsed serializes to the same bytes.
pub fn documents(bytes: &[u8]) {
    let mut documents = bytes.split(|byte| *byte == 0);
    let [index, manifest, about, signature, reference] =
        std::array::from_fn(|_| documents.next().unwrap_or_default());
    same_again::<Index>(index);
    same_again::<Manifest>(manifest);
    same_again::<About>(about);
    if let Some(signature) = Signature::read(signature) {
        let again = Signature::read(signature.text().as_bytes()).expect("it was one");
        assert_eq!((signature.text(), signature.key()), (again.text(), again.key()));
    }
    if let Some(Ok(reference)) = str::from_utf8(reference).ok().map(str::parse::<Reference>) {
        // A tag cannot contain `+`, nor a version `_`.
        let shown = reference.to_string();
        let (folder, last) = shown.split_at(shown.rfind('/').map_or(0, |slash| slash + 1));
        assert_eq!(format!("{folder}{}", last.replace('+', "_")).parse(), Ok(reference));
    }
    let place = in_memory_place("greeter");
    let package = match Package::read(&place, Digest::of(index), index.to_vec()) {
        Ok(package) => package,
        Err(error) => return refused(&error),
    };
    assert_eq!((package.name(), package.bytes()), ("greeter", index));
    for target in package.targets() {
        package.entry(target).expect("it is for that target");
        let artifact =
            package.parsed(manifest).and_then(|manifest| Artifact::new(&package, target, manifest, about));
        match artifact {
            Ok(artifact) => {
                assert_eq!((&*artifact.about.name, &artifact.about.version), ("greeter", package.version()));
                assert!(artifact.parts().any(|part| part == artifact.library()));
            }
            Err(error) => refused(&error),
        }
    }
}

fn same_again<T: DeserializeOwned + Serialize + PartialEq + Debug>(bytes: &[u8]) {
    let Ok(document) = serde_json::from_slice::<T>(bytes) else { return };
    let written = bytes_of(&document);
    let again: T = serde_json::from_slice(&written).expect("what is written can be read");
    assert_eq!((&again, bytes_of(&again)), (&document, written));
}

fn refused(error: &impl std::error::Error) {
    let text = crate::error::chain(error);
    assert!(text.contains("greeter") && !text.contains(char::is_control), "{text:?}");
}
