//! Any bytes as a config file.

use std::path::Path;

use gearshift_host::{
    config::{Config, ConfigError, Problem},
    text,
};
use serde_json::{Map, Value};

/// It is parsed or refused, and each problem has its line. The result is the same with a byte order mark in front, and
/// with the line ends of another system.
pub(crate) fn file(bytes: &[u8]) {
    let text = match text::read_from(bytes) {
        Ok(text) => text,
        Err(error) => return assert!(error.to_string().contains("save it as UTF-8"), "{error}"),
    };
    if !bytes.starts_with("\u{feff}".as_bytes()) {
        let marked = ["\u{feff}".as_bytes(), bytes].concat();
        assert_eq!(text::read_from(&*marked).expect("it is the same"), text);
    }
    let read = parse(&text);
    match &read {
        Ok(config) => {
            for settings in config.cog.values().filter_map(|cog| cog.settings.as_ref()) {
                assert!(serde_json::from_str::<Map<String, Value>>(settings.json()).is_ok());
            }
        }
        Err(ConfigError::Invalid { problems, .. }) => {
            // The end of the file is after the last line end.
            let lines = text.matches('\n').count() + 1;
            assert!(!problems.is_empty());
            for problem in problems {
                assert!((1..=lines).contains(&problem.line), "{problem:?} of {lines}");
                assert!(!problem.to_string().contains(char::is_control), "{problem:?}");
            }
        }
        Err(ConfigError::Unreadable { .. }) => panic!("it is a text"),
    }
    // In multi-line texts, the line ends are part of the value.
    if !text.contains(['\r']) && !text.contains("\"\"\"") && !text.contains("'''") {
        let other = parse(&text.replace('\n', "\r\n"));
        match (read, other) {
            (Ok(read), Ok(other)) => assert_eq!(format!("{read:?}"), format!("{other:?}")),
            // The text of a syntax error is the TOML parser's, which depends on the line ends.
            (
                Err(ConfigError::Invalid { problems, .. }),
                Err(ConfigError::Invalid { problems: other, .. }),
            ) => {
                let places = |problems: &[Problem]| -> Vec<(usize, String)> {
                    problems.iter().map(|it| (it.line, it.field.clone())).collect()
                };
                assert_eq!(places(&problems), places(&other));
            }
            (read, other) => panic!("{read:?} and {other:?}"),
        }
    }
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("/srv/bot/gearshift.toml"))
}
