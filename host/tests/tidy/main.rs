//! Keeps order: which module may import which, the form of every file, and whether the READMEs match the code. It reads
//! sources and runs the program for its help; it starts no host. Each check is tested with a bad sample.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing, in its helpers as well")]

mod documents;
mod files;
mod imports;
mod packages;
mod readme;
mod sources;

/// Fails with every finding, one per line.
#[track_caller]
fn nothing_found(findings: &[String]) {
    assert!(findings.is_empty(), "{} findings:\n{}\n", findings.len(), findings.join("\n"));
}
