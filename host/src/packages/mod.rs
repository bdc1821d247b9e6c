//! Packages of cogs: made from libraries, stored in folders and in OCI registries, signed, and trusted only as far as
//! their digests and signatures match. Nothing of a cog is executed here, and nothing is installed.
//!
//! ```text
//! greeter:1.2.0 ─tag─▶ index  (name, version; its digest is the package's identity, and what is signed)
//!                       ├─ manifest for x86_64-unknown-linux-gnu ──▶ about (config), library, README, changelog
//!                       └─ manifest for aarch64-unknown-linux-gnu ─▶ …
//! sha256-…      ─tag─▶ index of what refers to it ──▶ manifest with a signature of minisign's
//! ```
//!
//! 1. [`Reference`]: where a package is, and which version is wanted;
//! 2. [`Repository::find`]: the index; its digest, name, version and signatures are verified before anything else is
//!    read;
//! 3. [`Repository::artifact`]: what the package declares for a target ([`About`]);
//! 4. [`Repository::library`]: the library, byte for byte as it was verified.

mod about;
mod access;
mod digest;
mod error;
#[cfg(feature = "fuzz")]
pub(crate) mod fuzz;
mod keys;
mod layout;
mod login;
mod oci;
mod pack;
mod package;
mod packed;
mod reference;
mod registry;
mod repository;
mod retry;
#[cfg(test)]
mod tests;
mod writer;

pub use self::about::{About, AuthorTexts, AuthorTextsError, Settings};
pub use self::access::{Access, Download, Downloads};
pub use self::digest::{Digest, NotADigest};
pub use self::error::PackageError;
pub use self::keys::{KeyError, KeyFiles, NotAKey, PublicKey, SecretKey, Trust};
pub use self::pack::PackError;
pub use self::package::{Artifact, Package};
pub use self::packed::{Packed, Put};
pub use self::reference::{Place, Reference, ReferenceError, Wanted};
pub use self::repository::Repository;
