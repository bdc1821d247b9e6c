//! Checks of files: who can read and write them, what is in the cogs folder, whether the store opens.

use std::{collections::BTreeSet, io, os::unix::fs::MetadataExt, path::Path};

use super::{
    super::exit::Failure,
    finding::{Level, Report},
};
use crate::{
    clock::HostClock,
    cogs::{CogSettings, LoadPlan, MissingIntent, without_library},
    config::{Config, Store},
    error::chain,
    host::HostError,
    library::{self, Inspection},
    private::{OTHERS_WRITE, PrivateError, PrivateFolder, Sticky, check_file_owner},
    sessions, watch,
};

/// The mode bits that allow group and others anything.
const OTHERS_ANY: u32 = 0o077;

pub(super) fn check(config: &Config, report: &mut Report) -> Result<(), Failure> {
    if config.file.exists() {
        private("config", &config.file, OTHERS_WRITE, "change it, and with it the bot", "go-w", report)?;
    }
    let tokens = [
        config.discord.as_ref().and_then(|discord| discord.token_file.as_ref()),
        config.api.as_ref().and_then(|api| api.token_file.as_ref()),
    ];
    for file in tokens.into_iter().flatten() {
        private("token", file, OTHERS_ANY, "read the token", "600", report)?;
    }
    if config.api.as_ref().is_some_and(|api| api.token.is_some()) {
        private("token", &config.file, OTHERS_ANY, "read the `[api] token` in it", "600", report)?;
    }
    let folder = &config.cogs.folder;
    if let Err(source) = watch::ensure_folder(folder) {
        let error = HostError::Folder { folder: folder.clone(), source };
        return Ok(report.failure("cogs", error.into())?);
    }
    let what = "put libraries there, which the bot runs";
    match PrivateFolder::open(folder, Sticky::Refused) {
        Err(PrivateError::Shared) => open_to_others("cogs", folder, what, "go-w", report)?,
        Err(error) => warn_foreign_owner("cogs", &error, what, report)?,
        Ok(_) => {}
    }
    libraries(config, report)
}

/// Reports if others can do more with a file than they should. A missing file is reported by the code that reads it.
fn private(
    check: &str,
    file: &Path,
    mask: u32,
    what: &str,
    mode: &str,
    report: &mut Report,
) -> io::Result<()> {
    let Ok(found) = file.metadata() else { return Ok(()) };
    if let Err(error) = check_file_owner(file) {
        warn_foreign_owner(check, &error, what, report)?;
    }
    match found.mode() & mask {
        0 => Ok(()),
        _ => open_to_others(check, file, what, mode, report),
    }
}

fn open_to_others(check: &str, path: &Path, what: &str, mode: &str, report: &mut Report) -> io::Result<()> {
    let found = path.metadata()?.mode() & 0o7777;
    let text = format!("`{}` is mode {found:04o}: other users can {what}", path.display());
    report.warn(check, text, &format!("`chmod {mode} {}`", path.display()))
}

fn warn_foreign_owner(check: &str, error: &PrivateError, what: &str, report: &mut Report) -> io::Result<()> {
    report.warn(check, format!("{error}: its owner can {what}"), "`chown` it to this user, or to root")
}

/// Checks the libraries that would be loaded, without executing any of their code.
fn libraries(config: &Config, report: &mut Report) -> Result<(), Failure> {
    let folder = &config.cogs.folder;
    let settings = CogSettings::new(config.file.clone(), config.cog.clone(), config.cogs.lane);
    let (mut plan, mut loads) = (LoadPlan::default(), Vec::new());
    let (mut found, mut all_known) = (BTreeSet::new(), true);
    for file in library::candidates(folder)? {
        let inspection = match Inspection::of(&file) {
            Ok(inspection) => inspection,
            Err(refusal) => {
                let text = format!("cannot load `{}`: {}", file.display(), chain(&refusal));
                report.add("cogs", Level::Failed, text, refusal.help())?;
                all_known = false;
                continue;
            }
        };
        let cog = &inspection.cog;
        let name = &cog.name;
        found.insert(name.clone());
        if config.cogs.disabled.contains(name) {
            continue;
        }
        for problem in &inspection.problems {
            let text = format!("cannot load `{name}` from `{}`: {}", file.display(), problem.text);
            report.fail("cogs", text, &problem.help)?;
        }
        if !inspection.loads() {
            continue;
        }
        if let Err(error) = plan.take(&file, cog) {
            report.failure("cogs", error.into())?;
            continue;
        }
        let intents = config.discord.as_ref().map(|discord| &discord.intents[..]);
        for missing in MissingIntent::of(&cog.events, intents) {
            report.warn("cogs", format!("`{name}`: {missing}"), "add one to `[discord] intents`")?;
        }
        if let Some(unused) = settings.unused(cog) {
            report.warn("cogs", unused, "remove them, or install a version that takes them")?;
        }
        if let Some(lacking) = settings.not_allowed(cog) {
            report.warn(
                "cogs",
                lacking,
                "add them if the cog should have them; without them, its calls are refused",
            )?;
        }
        loads.push(format!("`{name}`"));
    }
    for text in without_library(folder, &config.cogs.disabled, &settings, &found, all_known) {
        report.warn("cogs", text, "correct the name, or remove it from the config")?;
    }
    if loads.is_empty() {
        let help =
            "put libraries of cogs there, such as those of a release build, or correct `[cogs] folder`";
        return Ok(report.warn("cogs", format!("nothing in `{}` can be loaded", folder.display()), help)?);
    }
    Ok(report.ok("cogs", format!("`{}` holds {}", folder.display(), loads.join(", ")))?)
}

/// Opens the store as a start would, or a temporary one in the folder where it would be created.
pub(super) async fn store(config: &Config, is_running: bool, report: &mut Report) -> Result<(), Failure> {
    let Some(store) = &config.store else { return Ok(()) };
    let shown = store.path.display();
    let folder = store.path.parent().unwrap_or(Path::new("."));
    if is_remote(folder) {
        let text = format!("the store `{shown}` is not on a local disk");
        // https://www.sqlite.org/faq.html#q5
        let help = "file locks are unreliable on such file systems: keep `[store] path` on a local one";
        report.warn("store", text, help)?;
    }
    if is_running {
        return Ok(report.ok("store", format!("the running host is using `{shown}`"))?);
    }
    let aside;
    let tried = match store.path.exists() {
        true => store.clone(),
        false => match tempfile::Builder::new().prefix(".gearshift-").tempdir_in(folder) {
            Ok(made) => {
                aside = made;
                Store { path: aside.path().join("store.db"), ..store.clone() }
            }
            Err(error) => {
                let why = match error.kind() {
                    io::ErrorKind::NotFound => "its folder does not exist".to_owned(),
                    kind => kind.to_string(),
                };
                let text = format!("the store `{shown}` cannot be created: {why}");
                let help = format!(
                    "`{}` must be a folder that this user can write to; or correct `[store] path`",
                    folder.display()
                );
                return Ok(report.fail("store", text, &help)?);
            }
        },
    };
    match sessions::Store::open(config, &tried, HostClock::default()).await {
        Ok(open) => {
            open.close(config.limits.close_timeout).await;
            Ok(report.ok("store", format!("`{shown}` can be opened"))?)
        }
        Err(error) => Ok(report.failure("store", error.into())?),
    }
}

/// Whether a folder is on a network file system, or on one that a program provides.
#[cfg(target_os = "linux")]
fn is_remote(folder: &Path) -> bool {
    /// NFS, SMB, SMB 2, CIFS, 9p, Ceph, FUSE: <https://man7.org/linux/man-pages/man2/statfs.2.html>
    const KINDS: &[u64] = &[0x6969, 0x517b, 0xfe53_4d42, 0xff53_4d42, 0x0102_1997, 0x00c3_6400, 0x6573_5546];
    rustix::fs::statfs(folder).is_ok_and(|found| KINDS.contains(&(found.f_type as u64 & 0xffff_ffff)))
}

#[cfg(not(target_os = "linux"))]
fn is_remote(_folder: &Path) -> bool {
    false
}
