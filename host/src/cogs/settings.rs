//! The operator's settings for the cogs: passed to each generation when it is opened, and changed while the host runs.

use std::{
    collections::BTreeMap,
    io::ErrorKind::InvalidData,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use futures_util::future::join_all;
use gearshift_cog::manifest::Manifest;

use super::{Absence, Cogs, message::Message, ownership::Entry, stage::Status, terms::Terms};
use crate::{
    config::{Allowed, CogSection, Config, ConfigError, LaneKind, Sandbox, Settings},
    error::chain,
    fault::{Fault, FaultKind},
    log,
};

/// The settings of all cogs.
#[derive(Debug, Default)]
pub struct CogSettings {
    /// The config file.
    file: PathBuf,
    /// Which contents of the file were seen; unset if it is not followed.
    checks: OnceLock<tokio::sync::Mutex<FileChecks>>,
    sections: RwLock<BTreeMap<String, CogSection>>,
    /// The kind of lane for cogs that set none.
    lane: LaneKind,
    /// The lanes that cogs were moved to on request while the host runs.
    asked: RwLock<BTreeMap<String, LaneKind>>,
}

/// Distinguishes contents of a file without reading it: inode, size in bytes, time of the last modification.
type Stamp = (u64, u64, SystemTime);

/// Which contents of a file were seen.
#[derive(Debug)]
struct FileChecks {
    read: Option<Stamp>,
    last: Option<Stamp>,
    /// Content that could not be read and is tried again at each check; the error is logged once.
    unread: Option<Stamp>,
}

/// How long to wait for a config that is being written before a cog is loaded, and how often to check it.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(1);
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// Where a cog lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LaneSettings {
    pub(super) kind: LaneKind,
    /// Limit of its process's private memory, in bytes.
    pub(super) memory_max: Option<u64>,
    /// Whether events that it was handling when it crashed are handled again.
    pub(super) redeliver: bool,
    /// Whether its process is sandboxed.
    pub(super) sandbox: Sandbox,
}

/// The default memory limit of a sandboxed process, in bytes, so that it cannot fill the machine's memory.
const SANDBOX_MEMORY: u64 = 256 << 20;

impl CogSettings {
    /// What the config file `file` sets; `lane` is for cogs that set none.
    pub fn new(file: PathBuf, sections: BTreeMap<String, CogSection>, lane: LaneKind) -> CogSettings {
        CogSettings { file, sections: RwLock::new(sections), lane, ..CogSettings::default() }
    }

    /// Where a cog lives from its next generation on.
    pub(super) fn lane(&self, cog: &str) -> LaneSettings {
        let asked = self.asked.read().unwrap_or_else(PoisonError::into_inner).get(cog).copied();
        let sections = self.sections.read().unwrap_or_else(PoisonError::into_inner);
        let section = sections.get(cog);
        let sandbox = section.map(|section| section.sandbox).unwrap_or_default();
        let memory_max = section.and_then(|section| section.memory_max).map(|max| max.bytes());
        LaneSettings {
            kind: match sandbox.is_on() {
                true => LaneKind::Process,
                false => asked.or(section.and_then(|section| section.lane)).unwrap_or(self.lane),
            },
            memory_max: memory_max.or(sandbox.is_on().then_some(SANDBOX_MEMORY)),
            redeliver: section.is_some_and(|section| section.redeliver),
            sandbox,
        }
    }

    /// Moves a cog from its next generation on; `None`: to where the config says. Returns where it was moved before.
    pub(super) fn move_to(&self, cog: &str, lane: Option<LaneKind>) -> Option<LaneKind> {
        let mut asked = self.asked.write().unwrap_or_else(PoisonError::into_inner);
        match lane {
            Some(lane) => asked.insert(cog.to_owned(), lane),
            None => asked.remove(cog),
        }
    }

    /// The settings of a cog; `None` if it has no section for them.
    pub(super) fn of(&self, cog: &str) -> Option<Settings> {
        self.sections.read().unwrap_or_else(PoisonError::into_inner).get(cog)?.settings.clone()
    }

    /// What a cog may request from the host: what is set for it, else what its manifest declares, if that is known.
    pub(super) fn allowed(&self, cog: &str, manifest: Option<&Manifest>) -> Allowed {
        let sections = self.sections.read().unwrap_or_else(PoisonError::into_inner);
        let set = sections.get(cog).and_then(|section| section.handles.clone());
        let declared = || Allowed::declared(manifest.and_then(|manifest| manifest.handles.as_deref()));
        set.map_or_else(declared, Allowed::Config)
    }

    /// The terms that the next generation of a cog is opened with.
    pub(super) fn terms(&self, cog: &str, manifest: Option<&Manifest>) -> Terms {
        Terms { lane: self.lane(cog), allowed: self.allowed(cog, manifest), settings: self.of(cog) }
    }

    /// Replaces the settings. Returns the cogs for which they differ.
    fn replace(&self, new: BTreeMap<String, CogSection>) -> Vec<String> {
        let mut sections = self.sections.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *sections, new);
        let names = before.keys().chain(sections.keys().filter(|name| !before.contains_key(*name)));
        let section =
            |of: &BTreeMap<String, CogSection>, name: &str| of.get(name).cloned().unwrap_or_default();
        names.filter(|name| section(&before, name) != section(&sections, name)).cloned().collect()
    }

    /// Adds the line of the config to a fault about a setting that a cog cannot use.
    pub(super) fn with_config_line(&self, cog: &str, fault: Fault) -> Fault {
        let FaultKind::Settings = fault.kind else { return fault };
        let key = fault.place.unwrap_or_default();
        let line = self.of(cog).and_then(|settings| settings.line_of(&key));
        let dot = if key.is_empty() { "" } else { "." };
        let text = format!("{}`cog.{cog}.settings{dot}{key}`: {}", self.line(line), fault.text);
        Fault { text, place: None, ..fault }
    }

    /// What a cog declares to request from the host, but is not allowed to.
    pub(crate) fn not_allowed(&self, manifest: &Manifest) -> Option<String> {
        let declared = Allowed::declared(Some(manifest.handles.as_deref()?));
        let name = &manifest.name;
        let lacking = self.allowed(name, Some(manifest)).lacks(&declared).join(", ");
        (!lacking.is_empty())
            .then(|| format!("`{name}` asks for {lacking}, which `[cog.{name}] handles` does not allow"))
    }

    /// A note that settings are set for a cog that takes none.
    pub(crate) fn unused(&self, manifest: &Manifest) -> Option<String> {
        let settings = self.of(&manifest.name).filter(|_| !manifest.settings)?;
        let line = self.line(settings.line_of(""));
        Some(format!("{line}`cog.{}.settings` is not used: the cog takes no settings", manifest.name))
    }

    /// A line of the config, as a prefix for what is wrong with it. Empty without a config: `gearshift
    /// check` needs none.
    fn line(&self, line: Option<usize>) -> String {
        match (self.file.display(), line) {
            _ if self.file.as_os_str().is_empty() => String::new(),
            (file, Some(line)) => format!("{file}:{line}: "),
            (file, None) => format!("{file}: "),
        }
    }

    /// Cogs for which something is set.
    pub(super) fn names(&self) -> Vec<String> {
        self.sections.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

impl Cogs {
    /// Follows the cogs' sections of the config file until the future is dropped: checks it soon, then at the interval
    /// `every`, and before each library is loaded. Changes outside of these sections need a restart.
    pub async fn follow_config(self: Arc<Self>, every: Duration) {
        // It may have changed since the host read it.
        let checks = FileChecks { read: None, last: stamp(&self.parts.settings.file).await, unread: None };
        let checks = self.parts.settings.checks.get_or_init(|| checks.into());
        // Reading it touches much of the program, so it is done while the host still starts.
        tokio::time::sleep(every.min(CHECK_INTERVAL)).await;
        loop {
            self.check_config(checks).await;
            tokio::time::sleep(every).await;
        }
    }

    /// Applies what the config file says now, if it is followed: a cog that arrives together with its section is not
    /// loaded without it. The section may be what sandboxes it.
    pub(super) async fn settle_config(self: &Arc<Self>) {
        let Some(checks) = self.parts.settings.checks.get() else { return };
        let settled = async {
            while !self.check_config(checks).await {
                tokio::time::sleep(CHECK_INTERVAL).await;
            }
        };
        // A file that is not complete by then is picked up later.
        let _ = tokio::time::timeout(SETTLE_TIMEOUT, settled).await;
    }

    /// A file that has just been written may not be complete, so it is read once two checks saw the same content.
    /// Returns whether the present content was read.
    async fn check_config(self: &Arc<Self>, checks: &tokio::sync::Mutex<FileChecks>) -> bool {
        let mut checks = checks.lock().await;
        let file = &self.parts.settings.file;
        let now = stamp(file).await;
        if now.is_some() && now == checks.last && now != checks.read {
            let path = file.clone();
            // On a blocking thread: a file server that does not respond must not block a worker.
            let Ok(loaded) = tokio::task::spawn_blocking(move || Config::load(&path)).await else {
                return false;
            };
            // It was written in the meantime: what was read may be incomplete.
            if stamp(file).await != now {
                return false;
            }
            let is_unread = matches!(&loaded, Err(ConfigError::Unreadable { source, .. }) if source.kind() != InvalidData);
            if !is_unread {
                checks.read = now;
            }
            match loaded {
                // A cog that is slow to reload must not delay the others.
                Ok(config) => drop(self.parts.runtime.spawn(self.follow_settings(config.cog))),
                Err(_) if checks.unread == now => {}
                Err(error) => {
                    let (why, help) = (chain(&error), error.help());
                    let (why, output) = log::lines(&why);
                    tracing::error!(output, help, "the settings of the cogs stay as they are: {why}");
                }
            }
            checks.unread = now.filter(|_| is_unread);
        }
        // A file that is back a moment later, as editors do it, is not gone.
        let is_gone = now.is_none() && checks.last.is_none();
        if is_gone && checks.read.take().is_some() {
            tracing::warn!(
                "the config file `{}` is missing or empty; its last settings apply until it is back",
                file.display()
            );
        }
        checks.last = now;
        is_gone || (now.is_some() && now == checks.read)
    }

    /// Applies new settings of the cogs immediately. Cogs whose settings have changed are reloaded when the future is
    /// polled; one that cannot use them keeps the old ones. The outcome is logged.
    pub fn follow_settings(
        self: &Arc<Self>,
        sections: BTreeMap<String, CogSection>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let (changed, cogs) = (self.parts.settings.replace(sections), Arc::clone(self));
        async move {
            let renewed = changed.into_iter().map(async |name| {
                // One that is being loaded may have been given the previous settings.
                let is_wanted =
                    |status: &Status, _: &Entry| status.is_routed() || status.absence == Absence::Failed;
                if cogs.registry.of(&name, is_wanted) != Some(true) {
                    return;
                }
                tracing::info!(cog = &*name, "its settings have changed");
                match cogs.ask(&name, Message::Renew).await {
                    Ok(Some(report)) => report.log(),
                    Ok(None) => {}
                    Err(error) => super::log_error(&error),
                }
            });
            join_all(renewed).await;
        }
    }
}

/// `None` if the file does not exist or is empty: it was truncated to be written, and says nothing about any cog.
async fn stamp(file: &Path) -> Option<Stamp> {
    let found = tokio::fs::metadata(file).await.ok().filter(|found| found.len() > 0)?;
    Some((found.ino(), found.len(), found.modified().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections(text: &str) -> BTreeMap<String, CogSection> {
        Config::parse(text, Path::new("gearshift.toml")).expect("it is valid").cog
    }

    fn settings(text: &str) -> CogSettings {
        CogSettings::new("gearshift.toml".into(), sections(text), LaneKind::Thread)
    }

    #[test]
    fn a_cog_is_reloaded_when_its_own_settings_change_and_only_then() {
        let all = settings("[cog.a.settings]\nx = 1\n[cog.b.settings]\nx = 1\n[cog.d.settings]\nx = 1\n");
        let same = all.replace(sections(
            "\n\n[cog.d]\nsettings.x = 1\n[cog.a.settings]\nx = 1\n[cog.b.settings]\nx = 1\n",
        ));
        assert!(same.is_empty(), "{same:?}");
        let changed =
            all.replace(sections("[cog.a.settings]\nx = 1\n[cog.b.settings]\nx = 2\n[cog.c.settings]\n"));
        assert_eq!(changed, ["b", "d", "c"]);
    }

    #[test]
    fn a_setting_that_cannot_be_used_is_named_with_its_line() {
        let all = settings("[cogs]\n[cog.a.settings]\nroles = [\n1,\n\"x\"]\n");
        let fault = |key: &str| Fault {
            kind: FaultKind::Settings,
            text: "no".to_owned(),
            place: Some(key.to_owned()),
        };
        let text = |cog, key| all.with_config_line(cog, fault(key)).to_string();
        assert_eq!(text("a", "roles[1]"), "gearshift.toml:5: `cog.a.settings.roles[1]`: no");
        assert_eq!(text("a", ""), "gearshift.toml:2: `cog.a.settings`: no");
        assert_eq!(text("b", ""), "gearshift.toml: `cog.b.settings`: no");
        let none = CogSettings::default().with_config_line("b", fault("")).to_string();
        assert_eq!(none, "`cog.b.settings`: no", "there is no config");
        let own = Fault { kind: FaultKind::Error, ..fault("x") };
        assert_eq!(all.with_config_line("a", own.clone()), own);
    }
}
