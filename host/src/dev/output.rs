//! The readable output of a build: the compiler's errors and warnings, without cargo's progress.

use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel};

/// How much of them is shown, in bytes, from the beginning.
const SHOWN_MAX_BYTES: usize = 16 << 10;
/// How progress lines begin.
const PROGRESS: &[&str] = &[
    "Adding ",
    "Blocking ",
    "Checking ",
    "Compiling ",
    "Downloaded ",
    "Downloading ",
    "Finished ",
    "Fresh ",
    "Locking ",
    "Updating ",
    "warning: build failed, waiting for other jobs",
];

/// The output of one build.
#[derive(Debug, Default)]
pub(super) struct BuildOutput {
    first_error: Option<String>,
    errors: Vec<String>,
    warnings: Vec<String>,
    cargo: Vec<String>,
}

impl BuildOutput {
    /// Adds a message of the compiler. Summaries ("aborting due to 2 previous errors") have no position, and are left
    /// out.
    pub(super) fn compiler_says(&mut self, message: &Diagnostic) {
        let place = message.spans.iter().find(|span| span.is_primary);
        let words = message.rendered.clone().unwrap_or_else(|| message.message.clone()).trim_end().to_owned();
        let list = match message.level {
            DiagnosticLevel::Error | DiagnosticLevel::Ice => &mut self.errors,
            DiagnosticLevel::Warning => &mut self.warnings,
            _ => return,
        };
        let is_sum = place.is_none() && message.code.is_none() && message.children.is_empty();
        let is_linker = words.contains("linking with");
        if (is_sum && !is_linker) || list.contains(&words) {
            return;
        }
        if !matches!(message.level, DiagnosticLevel::Warning) && self.first_error.is_none() {
            self.first_error = Some(match place {
                Some(at) => {
                    format!("{}:{}:{}: {}", at.file_name, at.line_start, at.column_start, message.message)
                }
                None => message.message.clone(),
            });
        }
        list.push(words);
    }

    /// Adds a line of cargo's own.
    pub(super) fn cargo_says(&mut self, line: &str) {
        if !PROGRESS.iter().any(|word| line.trim_start().starts_with(word)) {
            self.cargo.push(line.to_owned());
        }
    }

    /// File, line, column and text of the first error; cargo's first error if the compiler reported none.
    pub(super) fn first_error(&self) -> Option<String> {
        let of_cargo = || Some(self.cargo.iter().find_map(|line| line.strip_prefix("error: "))?.to_owned());
        self.first_error.clone().or_else(of_cargo)
    }

    /// All errors; cargo's output if the compiler reported none.
    pub(super) fn errors(&self) -> String {
        match self.errors.is_empty() {
            true => shown(&self.cargo.join("\n")),
            false => shown(&self.errors.join("\n\n")),
        }
    }

    /// All warnings; empty if there are none.
    pub(super) fn warnings(&self) -> String {
        shown(&self.warnings.join("\n\n"))
    }
}

fn shown(text: &str) -> String {
    let end = text.floor_char_boundary(SHOWN_MAX_BYTES);
    match end < text.len() {
        true => format!("{}\n… and more", &text[..end]),
        false => text.trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(level: &str, text: &str, has_place: bool) -> Diagnostic {
        let span = serde_json::json!({ "file_name": "src/lib.rs", "byte_start": 0, "byte_end": 1, "line_start": 12,
            "line_end": 12, "column_start": 5, "column_end": 6, "is_primary": true, "text": [], "label": null,
            "suggested_replacement": null, "suggestion_applicability": null, "expansion": null });
        let spans = if has_place { vec![span] } else { Vec::new() };
        let message = serde_json::json!({ "message": text, "code": null, "level": level, "spans": spans, "children": [],
            "rendered": format!("{level}: {text}\n") });
        serde_json::from_value(message).unwrap()
    }

    #[test]
    fn errors_stand_with_the_place_of_the_first_and_without_their_sum() {
        let mut output = BuildOutput::default();
        output.cargo_says("   Compiling ping v0.1.0 (/srv)");
        output.compiler_says(&message("warning", "unused", true));
        output.compiler_says(&message("error", "mismatched types", true));
        output.compiler_says(&message("error", "no such name", true));
        output.compiler_says(&message("error", "mismatched types", true));
        output.compiler_says(&message(
            "error",
            "aborting due to 2 previous errors; 1 warning emitted",
            false,
        ));
        output.cargo_says("error: could not compile `ping` (lib) due to 2 previous errors");
        assert_eq!(output.first_error().unwrap(), "src/lib.rs:12:5: mismatched types");
        assert_eq!(output.errors(), "error: mismatched types\n\nerror: no such name");
        assert_eq!(output.warnings(), "warning: unused");
    }

    #[test]
    fn without_errors_of_the_compiler_cargos_output_is_shown() {
        let mut output = BuildOutput::default();
        output.cargo_says("    Updating crates.io index");
        output.cargo_says("error: no matching package named `nope` found");
        output.cargo_says("location searched: crates.io index");
        assert_eq!(output.first_error().unwrap(), "no matching package named `nope` found");
        assert!(
            output.errors().starts_with("error: no matching") && output.errors().ends_with("crates.io index")
        );
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        let long = shown(&"ä".repeat(SHOWN_MAX_BYTES));
        assert!(long.len() < SHOWN_MAX_BYTES + 32 && long.ends_with("ä\n… and more"));
    }
}
