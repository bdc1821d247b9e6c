//! Opens a verified copy, and closes it. The only module that calls the dynamic loader.
//! It checks layouts with new globals each time: the usual API of `abi_stable` keeps pointers into a library for the
//! life of the process, and they would dangle once the library is unmapped.
#![allow(unsafe_code, reason = "calls the dynamic loader")]

use std::{
    io,
    mem::ManuallyDrop,
    path::{Path, PathBuf},
};

use super::signals;
use abi_stable::{
    StableAbi,
    abi_stability::abi_checking::{CheckingGlobals, check_layout_compatibility_with_globals},
    library::{AbiHeaderRef, ROOT_MODULE_LOADER_NAME_WITH_NUL},
};
use gearshift_cog::abi::{CogModuleRef, Ledger};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

/// Why a library that passed every check on the file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The system could not start a thread.
    #[error("failed to start its thread")]
    Thread(#[source] io::Error),
    /// The system could not start a process.
    #[error("failed to start its process")]
    Spawn(#[source] io::Error),
    /// It could not be opened in its process; with the reason.
    #[error("{0}")]
    Process(String),
    /// Its thread ended without an answer.
    #[error("its thread ended while it was being opened")]
    Died,
    /// Opening took too long.
    #[error("it was not open within {} ms", .0.as_millis())]
    Deadline(std::time::Duration),
    /// The dynamic loader refused.
    #[error("the dynamic loader refused it")]
    Loader(#[source] libloading::Error),
    /// It has no `abi_stable` header, or one of another version.
    #[error("its module header is not one of this ABI: {0}")]
    Header(String),
    /// The types it was built with differ from the host's.
    #[error("its types differ from this host's: {0}")]
    Layout(String),
    /// Its function table could not be created.
    #[error("its function table failed: {0}")]
    Table(String),
}

/// An error, and what is left to close once the thread has ended.
#[derive(Debug)]
pub struct OpenFailure {
    /// What went wrong.
    pub error: OpenError,
    /// The library, if it was mapped.
    pub library: Option<OpenLibrary>,
}

/// A mapped library. Dropping it leaves it mapped; only [`close`](Self::close) unmaps it.
#[derive(Debug)]
pub struct OpenLibrary {
    library: ManuallyDrop<Library>,
    ledger: Option<&'static Ledger>,
    file: PathBuf,
}

impl OpenLibrary {
    /// The private copy.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The resources that the library's own copy of the standard library has taken from the process. The ledger is in
    /// the library, so the reference is only valid until [`close`](Self::close).
    pub fn ledger(&self) -> Option<&Ledger> {
        self.ledger
    }

    /// Restores the signal dispositions that its handlers replaced, since they must not be called once it is unmapped.
    /// Returns which signals they were.
    ///
    /// # Errors
    /// If the handlers cannot be examined or set: then the library must stay mapped.
    pub fn restore_signals(&self) -> io::Result<Vec<i32>> {
        signals::restore(&self.file)
    }

    /// Unmaps the library, if the loader agrees.
    ///
    /// # Errors
    /// Errors of the dynamic loader.
    ///
    /// # Safety
    /// No code of the library runs or will run, and no pointer into it is left: its lane's thread was joined,
    /// its threads have ended, its signal handlers were restored and its keys taken out of its ledger, no
    /// slot of its lease is alive.
    pub unsafe fn close(self) -> Result<(), libloading::Error> {
        ManuallyDrop::into_inner(self.library).close()
    }
}

/// Opens the library on the calling thread, which must be the lane's own.
///
/// # Errors
/// If the loader, the header, the layout or the table reports an error.
pub fn open(file: &Path) -> Result<(OpenLibrary, CogModuleRef), OpenFailure> {
    if let Err(error) = signals::record_own() {
        tracing::debug!("cannot see the signal handlers: {error}");
    }
    // RTLD_NOW resolves all symbols now, RTLD_LOCAL hides them from other libraries, and RTLD_DEEPBIND prefers the
    // library's own definitions, so that the SDK's interposed functions take effect inside it.
    let flags = RTLD_NOW | RTLD_LOCAL | DEEPBIND;
    // SAFETY: the file was verified and copied into a private folder. Its constructors are those of a Rust library.
    let library = unsafe { Library::open(Some(file), flags) }
        .map_err(|error| OpenFailure { error: OpenError::Loader(error), library: None })?;
    let mut library =
        OpenLibrary { library: ManuallyDrop::new(library), ledger: None, file: file.to_owned() };
    match module(&library.library) {
        Ok(module) => {
            library.ledger = Some(module.ledger());
            Ok((library, module))
        }
        Err(error) => Err(OpenFailure { error, library: Some(library) }),
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
const DEEPBIND: i32 = libc::RTLD_DEEPBIND;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
const DEEPBIND: i32 = 0;

fn module(library: &Library) -> Result<CogModuleRef, OpenError> {
    // SAFETY: the symbol of that name is a static `LibHeader`, which begins with the `AbiHeader` this type points to.
    let symbol = unsafe { library.get::<AbiHeaderRef>(ROOT_MODULE_LOADER_NAME_WITH_NUL.as_bytes()) };
    let header: AbiHeaderRef = *symbol.map_err(OpenError::Loader)?;
    // Every error is converted to text at once: some of them point into the library.
    let header = header.upgrade().map_err(|error| OpenError::Header(one_line(&error.to_string())))?;
    let layout = header.layout().ok_or_else(|| OpenError::Header("it carries no layout".to_owned()))?;
    let ours = <CogModuleRef as StableAbi>::LAYOUT;
    check_layout_compatibility_with_globals(ours, layout, &CheckingGlobals::new())
        .map_err(|error| OpenError::Layout(one_line(&error.to_string())))?;
    // SAFETY: the layout was just checked.
    unsafe { header.init_root_module_with_unchecked_layout::<CogModuleRef>() }
        .map_err(|error| OpenError::Table(one_line(&error.to_string())))
}

/// The checker's reports are long; their first lines say what differs.
fn one_line(report: &str) -> String {
    let lines: Vec<&str> = report.lines().map(str::trim).filter(|line| !line.is_empty()).take(8).collect();
    lines.join(" · ")
}
