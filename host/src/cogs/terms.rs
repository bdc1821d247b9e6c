//! What applies to a generation from when it is opened: where it lives, what it may request from the host, its
//! settings. It stays the same for the generation's lifetime, even if the config changes.

use super::settings::LaneSettings;
use crate::config::{Allowed, LaneKind, Sandbox, Settings};

/// The terms of one generation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Terms {
    pub(super) lane: LaneSettings,
    pub(super) allowed: Allowed,
    pub(super) settings: Option<Settings>,
}

impl Terms {
    /// Which of these are set differently `now`, in the terms of the config.
    pub(super) fn outdated(&self, now: &Terms) -> Vec<String> {
        let mut outdated = Vec::new();
        let mut add = |differs: bool, words: String| {
            if differs {
                outdated.push(words);
            }
        };
        add(self.lane.kind != now.lane.kind, format!("`lane = \"{}\"`", self.lane.kind));
        let sandbox = match self.lane.sandbox {
            Sandbox::Off => "false",
            Sandbox::On => "true",
            Sandbox::BestEffort => "\"best effort\"",
        };
        add(self.lane.sandbox != now.lane.sandbox, format!("`sandbox = {sandbox}`"));
        // A thread has no memory limit of its own.
        let has_memory = [self, now].iter().all(|it| it.lane.kind == LaneKind::Process);
        let memory = match self.lane.memory_max {
            Some(max) => format!("`memory_max = \"{} KiB\"`", max >> 10),
            None => "no `memory_max`".to_owned(),
        };
        add(has_memory && self.lane.memory_max != now.lane.memory_max, memory);
        add(self.lane.redeliver != now.lane.redeliver, format!("`redeliver = {}`", self.lane.redeliver));
        add(self.allowed.list() != now.allowed.list(), format!("`handles` that allow {}", self.allowed));
        add(self.settings != now.settings, "its `settings`".to_owned());
        outdated
    }
}

/// The text that follows `serves` if [`Terms::outdated`] returns something.
pub(crate) fn with_old_settings(outdated: &[String]) -> String {
    format!("with its previous settings: {}", outdated.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::cogs::settings::CogSettings;

    #[test]
    fn what_a_generation_has_and_would_not_be_given_any_more_is_named() {
        let terms = |section: &str| {
            let text = format!("[cogs]\nlane = \"process\"\n[cog.a]\n{section}\n");
            let config = crate::config::Config::parse(&text, "gearshift.toml".as_ref()).expect("it is valid");
            CogSettings::new("gearshift.toml".into(), config.cog, config.cogs.lane).terms("a", None)
        };
        for (before, now, named) in [
            ("", "", ""),
            ("", "sandbox = true\nmemory_max = \"64 MiB\"", "`sandbox = false`, no `memory_max`"),
            ("sandbox = \"best effort\"", "sandbox = true", "`sandbox = \"best effort\"`"),
            ("memory_max = \"64 MiB\"", "", "`memory_max = \"65536 KiB\"`"),
            ("lane = \"thread\"", "memory_max = \"64 MiB\"", "`lane = \"thread\"`"),
            ("redeliver = true", "", "`redeliver = true`"),
            ("", "handles = [\"store\"]", "`handles` that allow everything"),
            ("handles = [\"store\", \"api\"]", "handles = []", "`handles` that allow `store`, `api`"),
            ("settings.x = 1", "settings.x = 2", "its `settings`"),
        ] {
            assert_eq!(terms(before).outdated(&terms(now)).join(", "), named, "{before:?} → {now:?}");
        }
    }
}
