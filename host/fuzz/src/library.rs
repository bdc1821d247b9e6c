//! Any bytes as the file of a library.

use std::{cell::RefCell, fs};

use gearshift_host::{
    error::chain,
    library::{Inspection, read},
};
use tempfile::TempDir;

/// It is inspected, or refused with one line. Nothing of it is executed, and the place that would be changed in a copy
/// lies within it.
pub(crate) fn file(bytes: &[u8]) {
    thread_local!(static FOLDER: RefCell<Option<TempDir>> = const { RefCell::new(None) });
    FOLDER.with_borrow_mut(|folder| {
        let folder = folder.get_or_insert_with(|| tempfile::tempdir().expect("a temporary folder"));
        let path = folder.path().join("libcog.so");
        fs::write(&path, bytes).expect("it can be written");
        match Inspection::of(&path) {
            Ok(inspection) => {
                assert_eq!(inspection.size, bytes.len() as u64);
                assert!(!inspection.to_string().is_empty());
            }
            Err(refusal) => {
                let text = chain(&refusal);
                assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
            }
        }
        if let Ok(contents) = read(&path) {
            assert!(contents.nodelete_at.is_none_or(|at| at < bytes.len() as u64));
        }
    });
}
