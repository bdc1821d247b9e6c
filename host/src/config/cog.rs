//! `[cog.NAME]`: the configuration of one cog. Only the cog knows the meaning of its settings; here they are JSON,
//! with the line of each key.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, Error as _, Unexpected, Visitor},
};
use serde_json::{Map, Value};

use super::{Permission, parsed_text};

/// One cog's section.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct CogSection {
    /// `[cog.NAME.settings]`: passed to the cog.
    pub settings: Option<Settings>,
    /// Where it runs. Default: as `[cogs] lane` says.
    pub lane: Option<LaneKind>,
    /// How much private memory it may use, such as `"256 MiB"`, at least 8 MiB; only with `lane = "process"`.
    /// Default: no limit.
    pub memory_max: Option<Memory>,
    /// Whether events and prefix commands that it was handling when its process crashed are delivered again, once;
    /// only with `lane = "process"`. Default false: nothing is handled twice.
    pub redeliver: bool,
    /// Whether its process is sandboxed: `true`, `false` or `"best effort"`; only with `lane = "process"`.
    #[serde(deserialize_with = "sandbox")]
    pub sandbox: Sandbox,
    /// What it may ask of the host, such as `["discord.reply", "store"]`. Default: what it declares, or everything if
    /// it declares nothing.
    pub handles: Option<Vec<Permission>>,
}

/// Whether a cog's process is sandboxed: no files but the system's libraries, no network, no other processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sandbox {
    /// No sandbox.
    #[default]
    Off,
    /// Sandboxed; otherwise it does not start.
    On,
    /// Sandboxed as far as the system supports it.
    BestEffort,
}

impl Sandbox {
    /// Whether there is a sandbox.
    pub fn is_on(self) -> bool {
        self != Sandbox::Off
    }
}

fn sandbox<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Sandbox, D::Error> {
    struct Read;

    impl Visitor<'_> for Read {
        type Value = Sandbox;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("true, false or \"best effort\"")
        }

        fn visit_bool<E>(self, is_on: bool) -> Result<Sandbox, E> {
            Ok(if is_on { Sandbox::On } else { Sandbox::Off })
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Sandbox, E> {
            match text {
                "best effort" => Ok(Sandbox::BestEffort),
                _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
            }
        }
    }

    deserializer.deserialize_bool(Read)
}

/// Where a cog runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneKind {
    /// On a thread of the host, which is fastest.
    Thread,
    /// In a process of its own, so that it can crash alone.
    Process,
}

/// On systems that do not unmap libraries, a generation only ends with its process.
impl Default for LaneKind {
    fn default() -> LaneKind {
        match cfg!(any(target_vendor = "apple", target_env = "musl")) {
            true => LaneKind::Process,
            false => LaneKind::Thread,
        }
    }
}

impl fmt::Display for LaneKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            LaneKind::Thread => "thread",
            LaneKind::Process => "process",
        })
    }
}

impl FromStr for LaneKind {
    type Err = String;

    fn from_str(text: &str) -> Result<LaneKind, String> {
        match text {
            "thread" => Ok(LaneKind::Thread),
            "process" => Ok(LaneKind::Process),
            _ => Err("it is `thread` or `process`".to_owned()),
        }
    }
}

/// An amount of memory, written as in `256 MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory(u64);

impl Memory {
    /// In bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Memory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Memory, D::Error> {
        let text = parsed_text::deserialize(deserializer, "an amount of memory, such as \"256 MiB\"")?;
        let wrong = || {
            D::Error::custom(format!("`{text}` is not an amount of memory; write it as `256 MiB` or `1 GiB`"))
        };
        let digits = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let shift = match unit.trim_start() {
            "KiB" => 10,
            "MiB" => 20,
            "GiB" => 30,
            _ => return Err(wrong()),
        };
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let bytes = number.checked_mul(1 << shift).filter(|bytes| *bytes > 0);
        bytes.map(Memory).ok_or_else(wrong)
    }
}

/// The settings of a cog. They may contain the cog's secrets, so `Debug` does not show them.
#[derive(Clone)]
pub struct Settings {
    /// A JSON object.
    json: String,
    /// The line of each key below them, from 1.
    pub(super) lines: BTreeMap<String, usize>,
}

impl Settings {
    /// As a JSON object.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The line of a key such as `roles[1].id`, or of the nearest parent that is in the file.
    pub fn line_of(&self, key: &str) -> Option<usize> {
        let mut key = key;
        loop {
            match (self.lines.get(key), key.rfind(['.', '['])) {
                (Some(line), _) => return Some(*line),
                (None, Some(end)) => key = &key[..end],
                (None, None) => return self.lines.get("").copied(),
            }
        }
    }
}

/// Equal if the settings are, whatever their position in the file.
impl PartialEq for Settings {
    fn eq(&self, other: &Settings) -> bool {
        self.json == other.json
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Settings").field("keys", &self.lines.len()).finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Settings, D::Error> {
        let table = toml::Table::deserialize(deserializer)?;
        let json = object(table).map_err(D::Error::custom)?;
        Ok(Settings { json: Value::Object(json).to_string(), lines: BTreeMap::new() })
    }
}

fn object(table: toml::Table) -> Result<Map<String, Value>, &'static str> {
    table.into_iter().map(|(key, value)| Ok((key, json(value)?))).collect()
}

fn json(value: toml::Value) -> Result<Value, &'static str> {
    Ok(match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => match serde_json::Number::from_f64(number) {
            Some(number) => Value::Number(number),
            None => return Err("`inf` and `nan` cannot be settings of a cog"),
        },
        toml::Value::Boolean(value) => Value::Bool(value),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(values) => values.into_iter().map(json).collect::<Result<_, _>>()?,
        toml::Value::Table(table) => Value::Object(object(table)?),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("gearshift.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_for_a_process_of_its_own_is_wrong_beside_a_thread() {
        let sandbox = |text: &str| parse(text).map(|config| config.cog["a"].sandbox);
        for (value, wanted) in
            [("true", Sandbox::On), ("false", Sandbox::Off), ("\"best effort\"", Sandbox::BestEffort)]
        {
            let process = format!("[cog.a]\nlane = \"process\"\nsandbox = {value}\n");
            assert_eq!(sandbox(&process), Ok(wanted));
            let by_default = format!("[cogs]\nlane = \"process\"\n[cog.a]\nsandbox = {value}\n");
            assert_eq!(sandbox(&by_default), Ok(wanted));
        }
        for keys in
            ["sandbox = true", "sandbox = \"best effort\"", "memory_max = \"64 MiB\"", "redeliver = true"]
        {
            let error = sandbox(&format!("[cogs]\nlane = \"thread\"\n[cog.a]\n{keys}\n")).unwrap_err();
            let (key, _) = keys.split_once(' ').unwrap();
            let said = format!(":4: `cog.a.{key}`: is for a process of its own: set `lane = \"process\"`");
            assert!(error.contains(&said), "{error}");
        }
        for wrong in ["\"best\"", "1", "\"true\""] {
            let error = sandbox(&format!("[cog.a]\nlane = \"process\"\nsandbox = {wrong}\n")).unwrap_err();
            assert!(error.contains(":3: `cog.a.sandbox`"), "{error}");
            assert!(error.contains("true, false or \"best effort\""), "{error}");
        }
    }
}
