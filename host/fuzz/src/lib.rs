//! Any bytes for each kind of external input to Gearshift, for `scripts/fuzz`.
//!
//! A target is a function that panics when a promise about its input is broken. All targets are in one program, which
//! is linked once; the parsers that are private to the host are in `gearshift_host::fuzz`.

mod arguments;
mod config;
mod control;
mod library;
mod manifest;

use gearshift_host::{fuzz, packages::Reference};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// How much memory an empty input may take, in bytes: serde reserves up to a mebibyte for a list that claims to be
/// long, and lists nest.
const MEMORY_LEAST: usize = 16 << 20;
/// How much memory each byte of an input may take, in bytes: two bytes of JSON (`0,`) become a value of a list that
/// grows.
const MEMORY_OF_A_BYTE: usize = 1_000;

/// A kind of input.
pub struct Target {
    /// The name of the target and of its corpus.
    pub name: &'static str,
    run: fn(&[u8]),
}

/// All targets, sorted by name.
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
    /// The target with this name.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn named(name: &str) -> &'static Target {
        // The first reference that is parsed compiles the pattern for references, which is large.
        let _ = "ghcr.io/me/greeter".parse::<Reference>();
        TARGETS
            .iter()
            .find(|target| target.name == name)
            .unwrap_or_else(|| panic!("there is no target `{name}`"))
    }

    /// Runs the target on an input.
    ///
    /// # Panics
    /// If a promise is broken, or more memory is taken than the input's length allows.
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
