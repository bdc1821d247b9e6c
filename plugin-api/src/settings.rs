//! The settings that the operator writes to `[cog.NAME.settings]`. Their type is declared by the cog, and they are
//! checked before it is built.

use std::{error, fmt};

use serde::de::DeserializeOwned;

/// The type of a cog's settings, for [`Cog::SETTINGS`](crate::Cog::SETTINGS).
///
/// ```
/// use gearshift_cog::SettingsType;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Settings {
///     channel: u64,
///     #[serde(default)]
///     text: String,
/// }
///
/// const SETTINGS: Option<SettingsType> = Some(SettingsType::of::<Settings>());
/// ```
///
/// A date or a time in the config is read as text. `deny_unknown_fields` makes the host report misspelt keys to the
/// operator.
#[derive(Clone, Copy, Debug)]
pub struct SettingsType {
    check: fn(&str) -> Result<(), SettingsError>,
}

impl SettingsType {
    /// Settings of type `T`.
    #[must_use]
    pub const fn of<T: DeserializeOwned>() -> Self {
        Self { check: check::<T> }
    }

    /// Checks that settings, given as JSON, are of this type.
    pub(crate) fn check(&self, json: &str) -> Result<(), SettingsError> {
        (self.check)(json)
    }
}

/// Why settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// The key, such as `channels[2].id`; empty if the error concerns the settings as a whole.
    pub(crate) key: String,
    /// What is wrong with it.
    pub(crate) text: String,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(out, "settings: {}", self.text),
            key => write!(out, "settings.{key}: {}", self.text),
        }
    }
}

impl error::Error for SettingsError {}

fn check<T: DeserializeOwned>(json: &str) -> Result<(), SettingsError> {
    read::<T>(json).map(drop)
}

/// Reads settings in JSON as a `T`.
pub(crate) fn read<T: DeserializeOwned>(json: &str) -> Result<T, SettingsError> {
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(json)).map_err(described)
}

fn described(error: serde_path_to_error::Error<serde_json::Error>) -> SettingsError {
    let key = error.path().to_string();
    let inner = error.inner();
    // The operator did not write JSON, so positions in it mean nothing to them.
    let place = format!(" at line {} column {}", inner.line(), inner.column());
    let text = inner.to_string();
    let text = text.strip_suffix(&place).unwrap_or(&text).to_owned();
    SettingsError { key: if key == "." { String::new() } else { key }, text }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether they can be read counts")]
    struct Settings {
        channel: u64,
        #[serde(default)]
        roles: Vec<Role>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only whether they can be read counts")]
    struct Role {
        id: u64,
    }

    #[test]
    fn errors_name_the_key() {
        let of = SettingsType::of::<Settings>();
        assert_eq!(of.check(r#"{"channel":1,"roles":[{"id":2}]}"#), Ok(()));
        for (json, expected) in [
            ("{}", "settings: missing field `channel`"),
            (r#"{"channel":"x"}"#, "settings.channel: invalid type: string \"x\", expected u64"),
            (
                r#"{"channel":1,"roles":[{"id":2},{"id":-2}]}"#,
                "settings.roles[1].id: invalid value: integer `-2`, expected u64",
            ),
            (r#"{"channel":1,"roles":[{}]}"#, "settings.roles[0]: missing field `id`"),
            (r#"{"chanel":1}"#, "settings.chanel: unknown field `chanel`, expected `channel` or `roles`"),
        ] {
            assert_eq!(of.check(json).expect_err("it is wrong").to_string(), expected);
        }
    }
}
