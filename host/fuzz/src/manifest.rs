//! Any bytes as the manifest in a cog's library.

use gearshift_cog::manifest::Manifest;
use gearshift_host::{
    config::{Allowed, Permission},
    library::{Contents, ReadError, commands_max, mismatches, notes, prefix_names},
};

/// It is parsed, or refused with the place; a parsed manifest is written as it was, and checked.
pub(crate) fn section(bytes: &[u8]) {
    let manifest = match Manifest::parse(bytes) {
        Ok(manifest) => manifest,
        Err(error) => {
            let text = ReadError::Manifest(error).to_string();
            assert!(text.contains(" at line ") && !text.contains(char::is_control), "{text:?}");
            return;
        }
    };
    let written = serde_json::to_vec(&manifest).expect("it has texts as keys");
    assert_eq!(Manifest::parse(&written).expect("what is written can be read"), manifest);
    // If the section is longer, zeros follow.
    let padded = [bytes, &[0; 7]].concat();
    assert_eq!(Manifest::parse(&padded).expect("it is the same"), manifest);
    for command in &manifest.commands {
        assert!(prefix_names(command).count() <= 1 + command.aliases.len() && commands_max(command.kind) > 0);
    }
    for permission in Allowed::declared(manifest.handles.as_deref()).list().unwrap_or_default() {
        assert_eq!(permission.to_string().parse::<Permission>().expect("it was one"), *permission);
    }
    let contents = Contents {
        manifest,
        has_header: true,
        nodelete_at: None,
        static_tls: false,
        unique_symbols: Vec::new(),
        not_interposed: Vec::new(),
        needs: Vec::new(),
    };
    for mismatch in mismatches(&contents) {
        assert_is_a_line(&mismatch.to_string());
        assert_is_a_line(&mismatch.help());
    }
    notes(&contents).iter().for_each(|note| assert_is_a_line(&note.to_string()));
}

/// Text from a file cannot forge a line of the log or move the cursor.
fn assert_is_a_line(text: &str) {
    assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
}
