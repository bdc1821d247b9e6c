//! Keeps order: which module may import which, what every file looks like, and that README says what the code does.
//! It reads sources and asks the program for its help; it starts no host. Each check is shown a bad sample first.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing, in its helpers as well")]

mod documents;
mod files;
mod imports;
mod packages;
mod readme;
mod sources;

/// Fails with every finding, one a line.
#[track_caller]
fn nothing_found(findings: &[String]) {
    assert!(findings.is_empty(), "{} findings:\n{}\n", findings.len(), findings.join("\n"));
}
