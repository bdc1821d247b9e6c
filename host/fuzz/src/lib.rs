//! Any bytes as each thing that comes to Gearshift from outside, for `scripts/fuzz`.
//!
//! A target is a function that panics when a promise about its input is broken. One program has them all, as it is linked
//! once; the readers that are private to the host are in `gearshift_host::fuzz`.

mod arguments;
mod config;
mod control;
mod library;
mod manifest;

use gearshift_host::{fuzz, packages::Reference};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What may be taken for an input of no bytes, in bytes: serde reserves up to a mebibyte for a list that says it is long, and
/// lists nest.
const MEMORY_LEAST: usize = 16 << 20;
/// What may be taken for each byte of an input, in bytes: two of JSON (`0,`) become a value of a list that grows.
const MEMORY_OF_A_BYTE: usize = 1_000;

/// A kind of input.
pub struct Target {
    /// Its name, and that of its corpus.
    pub name: &'static str,
    run: fn(&[u8]),
}

/// All of them, in the order of their names.
pub const TARGETS: [Target; 11] = [
    Target { name: "arguments", run: arguments::line },
    Target { name: "config", run: config::file },
    Target { name: "control", run: control::requests },
    Target { name: "gateway", run: fuzz::gateway_frame },
    Target { name: "lane_cog", run: fuzz::lane_cog },
    Target { name: "lane_host", run: fuzz::lane_host },
    Target { name: "lane_socket", run: fuzz::lane_socket },
    Target { name: "library", run: library::file },
    Target { name: "manifest", run: manifest::section },
    Target { name: "package", run: fuzz::package_documents },
    Target { name: "prefix", run: fuzz::prefixed_message },
];

impl Target {
    /// The target of a name.
    ///
    /// # Panics
    /// There is none.
    #[must_use]
    pub fn named(name: &str) -> &'static Target {
        // The pattern of references is made by the first that is read, and is large.
        let _ = "ghcr.io/me/greeter".parse::<Reference>();
        TARGETS
            .iter()
            .find(|target| target.name == name)
            .unwrap_or_else(|| panic!("there is no target `{name}`"))
    }

    /// Runs it on an input.
    ///
    /// # Panics
    /// It breaks a promise, or takes more memory than its length allows.
    pub fn run(&self, bytes: &[u8]) {
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        (self.run)(bytes);
        let (took, length) = (MEMORY.peak_usage().saturating_sub(before), bytes.len());
        assert!(
            took <= MEMORY_LEAST + length * MEMORY_OF_A_BYTE,
            "{length} bytes took {took} bytes of memory"
        );
    }
}
