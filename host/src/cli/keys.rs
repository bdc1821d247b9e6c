//! `gearshift keys`: the keys that sign packages, and those that the config trusts.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, value};

use super::{
    exit::{Exit, Failure},
    source::DEFAULT,
};
use crate::{
    config::{Config, RegistrySection, absolute, no_place},
    error::{argument, chain},
    file, log,
    packages::{KeyError, KeyFiles, Packed, PublicKey, SecretKey},
    text,
};

/// The environment variable with the password of a key, for when no user can be asked.
const PASSWORD: &str = "GEARSHIFT_KEY_PASSWORD";
/// The name of the default key.
const USUAL: &str = "gearshift";

/// Create keys to sign packages with, and trust the keys of others
#[derive(Debug, Args)]
pub(super) struct KeysCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Create a key pair: NAME.key, to be kept secret, and NAME.pub, to be published
    New {
        /// Name of the key, in the user's folder of keys; or, with a slash, the path of its files without extension
        #[arg(default_value = USUAL)]
        name: PathBuf,

        /// Do not protect the key with a password, for CI: anyone who can read the file can sign with it
        #[arg(long)]
        no_password: bool,
    },
    /// List this user's keys, and those that the config trusts
    List {
        /// The config file [default: gearshift.toml, if it exists]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Add a public key to a config file, which is created if it does not exist
    Trust {
        /// The key, `RW…`, or a file such as NAME.pub
        key: String,

        /// Trust it only for packages below this place: `ghcr.io/me`, or a folder, relative to that of the config file:
        /// `./packages`
        #[arg(long, value_name = "PLACE")]
        registry: Option<String>,

        /// The config file
        #[arg(long, value_name = "FILE", default_value = DEFAULT)]
        config: PathBuf,
    },
}

impl KeysCommand {
    pub(super) fn execute(self) -> Result<(), Failure> {
        match self.verb {
            Verb::New { name, no_password } => new(&name, no_password),
            Verb::List { config } => list(config.as_deref()),
            Verb::Trust { key, registry, config } => trust(&key, registry.as_deref(), &config),
        }
    }
}

fn new(name: &Path, no_password: bool) -> Result<(), Failure> {
    let files = files(name)?;
    for file in [&files.secret, &files.public] {
        if fs::symlink_metadata(file).is_ok() {
            return Err(KeyError::Exists(file.clone()).into());
        }
    }
    let password = match no_password {
        true => None,
        false => Some(new_password().map_err(|error| no_prompt(&error, "or make it with --no-password"))?),
    };
    let key = files.make(password)?;
    let mut out = io::stdout().lock();
    writeln!(out, "created the key {}", key.id())?;
    writeln!(
        out,
        "  secret: `{}`; without it and its password nobody can sign with this key",
        files.secret.display()
    )?;
    writeln!(
        out,
        "  public: `{}`; others trust it with `gearshift keys trust {key} --registry HOST/PATH`",
        files.public.display()
    )?;
    Ok(())
}

/// Asks for the password twice: a key with a mistyped password could never be used.
fn new_password() -> io::Result<String> {
    if let Some(password) = env::var_os(PASSWORD) {
        return Ok(password.to_string_lossy().into_owned());
    }
    loop {
        let password = rpassword::prompt_password("password of the new key: ")?;
        if !password.is_empty() && rpassword::prompt_password("once more: ")? == password {
            return Ok(password);
        }
        log::write("the passwords differ, or are empty\n");
    }
}

fn password(file: &Path) -> io::Result<String> {
    match env::var_os(PASSWORD) {
        Some(password) => Ok(password.to_string_lossy().into_owned()),
        None => rpassword::prompt_password(format!("password of `{}`: ", file.display()))
            .map_err(|error| io::Error::other(format!("cannot ask for its password ({error})"))),
    }
}

fn no_prompt(error: &io::Error, or: &str) -> Failure {
    Failure::new(Exit::Failed, format!("cannot ask for a password: {error}"))
        .help(format!("set {PASSWORD}, {or}"))
}

fn list(config: Option<&Path>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let mut entries = match folder() {
        None => Vec::new(),
        Some(folder) => match fs::read_dir(&folder) {
            Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(KeyError::Io { action: "read", file: folder, source }.into()),
        },
    };
    entries.retain(|file| file.extension().is_some_and(|it| it == "pub"));
    entries.sort();
    let mut all_read = true;
    for file in entries {
        match read_public(&file) {
            Ok(key) => {
                let sign = if file.with_extension("key").exists() { "signs" } else { "public only" };
                writeln!(out, "{} {key} {sign} `{}`", key.id(), file.display())?;
            }
            // It hides none of the others.
            Err(failure) => {
                all_read = false;
                log::write(&format!("{failure}\n"));
            }
        }
    }
    let config = super::source::config_or_default(config)?;
    let common = &config.packages.trusted_keys;
    let own = config.registry.iter().flat_map(|(place, section)| {
        section.trusted_keys.iter().flatten().map(move |key| (place.as_str(), key))
    });
    for (place, key) in common.iter().map(|key| ("any registry", key)).chain(own) {
        let id = key.as_str().parse().map(|key: PublicKey| key.id()).unwrap_or_default();
        writeln!(out, "{id} {} trusted for {place}", key.as_str())?;
    }
    if all_read { Ok(()) } else { Err(Failure::reported(Exit::Failed)) }
}

fn trust(key: &str, registry: Option<&str>, config: &Path) -> Result<(), Failure> {
    let key = match key.parse() {
        Ok(key) => key,
        Err(_) if Path::new(key).exists() => read_public(Path::new(key))?,
        Err(error) => {
            let help = "give the second line of a `.pub` file, or the file itself".to_owned();
            return Err(Failure::new(Exit::Usage, error.to_string()).help(help));
        }
    };
    if let Some(why) = registry.and_then(no_place) {
        return Err(Failure::new(Exit::Usage, why));
    }
    let failed =
        |action| move |source| Failure::from(KeyError::Io { action, file: config.to_owned(), source });
    let there = match text::read(config) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed("read")(error)),
    };
    // If the config is invalid, its own error is reported and nothing is written.
    let before = Config::parse(&there, config)?;
    let written = registry.and_then(|name| before.registry_section(name)).map(|section| &*section.written);
    let registry = written.or(registry);
    let odd = |what: &str| {
        Failure::new(Exit::Configuration, format!("cannot change `{}`: {what}", config.display()))
    };
    let mut document: DocumentMut = there.parse().map_err(|error| odd(&format!("{error}")))?;
    let section = match registry {
        None => section(document.as_table_mut(), "packages"),
        Some(registry) => section(document.as_table_mut(), "registry").and_then(|all| section(all, registry)),
    };
    let section = section.ok_or_else(|| odd("`packages` or `registry` in it is not a section"))?;
    let keys = section.entry("trusted_keys").or_insert_with(|| value(Array::new()));
    let keys = keys.as_array_mut().ok_or_else(|| odd("`trusted_keys` in it is not a list"))?;
    let mut out = io::stdout().lock();
    let place = registry.unwrap_or("any registry");
    if keys.iter().any(|it| it.as_str() == Some(&key.to_string())) {
        writeln!(out, "the key {} is already trusted for {place}", key.id())?;
        return Ok(());
    }
    keys.push(key.to_string());
    let text = extended(&there, document);
    file::replace(config, text.as_bytes(), ".gearshift-").map_err(failed("write"))?;
    writeln!(out, "the key {} is now trusted for {place}, in `{}`", key.id(), config.display())?;
    let has_own = |section: &&RegistrySection| section.trusted_keys.is_some();
    match registry {
        Some(name) => {
            let is_first = before.registry_section(name).filter(has_own).is_none();
            if is_first && !before.packages.trusted_keys.is_empty() {
                writeln!(out, "  note: the keys of `[packages]` no longer apply there")?;
            }
        }
        None => {
            for section in before.registry.values().filter(has_own) {
                let name = &section.written;
                writeln!(
                    out,
                    "  note: `[registry.{name:?}]` has keys of its own, and this is not one of them; `--registry {}` \
                     adds it",
                    argument(name)
                )?;
            }
        }
    }
    Ok(())
}

/// The text of a changed config. Comments at the end of the file stay above a section that is new there, and its lines
/// end as before.
fn extended(before: &str, mut document: DocumentMut) -> String {
    let ends = if before.contains("\r\n") { "\r\n" } else { "\n" };
    let before = before.replace("\r\n", "\n");
    let comments = document.trailing().as_str().unwrap_or_default().replace("\r\n", "\n");
    let comments = comments.trim_end();
    let rendered = |document: &DocumentMut| document.to_string().replace("\r\n", "\n");
    let mut text = rendered(&document);
    document.set_trailing("");
    if let Some(others) = before.trim_end().strip_suffix(comments)
        && let Some(added) = rendered(&document).strip_prefix(others).map(str::trim_start)
        && added.starts_with('[')
        && !comments.is_empty()
    {
        text = format!("{others}{comments}\n\n{added}");
    }
    text.replace('\n', ends)
}

/// A section, which is created if it does not exist.
fn section<'t>(table: &'t mut dyn TableLike, name: &str) -> Option<&'t mut dyn TableLike> {
    let implicit = || {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    };
    table.entry(name).or_insert_with(implicit).as_table_like_mut()
}

fn read_public(file: &Path) -> Result<PublicKey, Failure> {
    let text = text::read(file);
    let text = text.map_err(|source| KeyError::Io { action: "read", file: file.to_owned(), source })?;
    text.parse().map_err(|_| {
        Failure::new(Exit::Failed, format!("`{}` does not contain a minisign public key", file.display()))
    })
}

/// The user's folder of keys; `None` if the environment names no home folder.
/// <https://specifications.freedesktop.org/basedir-spec/latest/>
fn folder() -> Option<PathBuf> {
    let named = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = named("XDG_CONFIG_HOME").or_else(|| Some(named("HOME")?.join(".config")))?;
    Some(base.join("gearshift/keys"))
}

/// The files of a key, given by its name or its path.
fn files(name: &Path) -> Result<KeyFiles, Failure> {
    let text = name.to_string_lossy();
    let stem = text.strip_suffix(".key").or_else(|| text.strip_suffix(".pub")).unwrap_or(&text);
    let (above, last) = stem.rsplit_once('/').map_or((None, stem), |(above, last)| (Some(above), last));
    if matches!(last, "" | "." | "..") || stem.chars().any(char::is_control) {
        let text = format!("{text:?} is not the name of a key");
        let help = "give a name such as `ci`, or a path such as `./keys/ci`".to_owned();
        return Err(Failure::new(Exit::Usage, text).help(help));
    }
    let folder = match above {
        Some("") => PathBuf::from("/"),
        Some(above) => absolute(Path::new(above)),
        None if stem.len() < text.len() => absolute(Path::new(".")),
        None => folder().ok_or_else(|| {
            let help = "name the key by its path, or set HOME".to_owned();
            Failure::new(Exit::CannotCreate, "this user has no folder for keys").help(help)
        })?,
    };
    Ok(KeyFiles::in_folder(&folder, last))
}

/// Whether to sign a package, and with which key.
#[derive(Debug, Args)]
pub(super) struct Signing {
    /// Sign the packages with the key of this name or file [default key: gearshift]
    #[arg(long, value_name = "KEY", num_args = 0..=1, default_missing_value = USUAL, require_equals = true)]
    sign: Option<PathBuf>,
}

impl Signing {
    /// The key, if the package is to be signed.
    pub(super) fn key(&self) -> Result<Option<SecretKey>, Failure> {
        let Some(name) = &self.sign else { return Ok(None) };
        let file = files(name)?.secret;
        match SecretKey::read(&file, || password(&file)) {
            Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let text = format!("there is no secret key `{}`", file.display());
                Err(Failure::new(Exit::Failed, text).help("`gearshift keys new` creates one".to_owned()))
            }
            read => Ok(Some(read?)),
        }
    }
}

/// The failure when a package could not be signed.
pub(super) fn unsigned(packed: &Packed<'_>, why: &str) -> Failure {
    Failure::new(Exit::Failed, format!("failed to sign `{}`: {why}", packed.package().name()))
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Failure {
        let exit = match &error {
            KeyError::Exists(_) | KeyError::Io { .. } => Exit::CannotCreate,
            KeyError::Shared { .. } | KeyError::Unusable { .. } => Exit::Failed,
        };
        Failure::new(exit, chain(&error)).help(error.help())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_that_is_added_to_a_config_leaves_its_comments_and_its_line_ends_as_they_are() {
        let with_key = |before: &str| {
            let mut document: DocumentMut = before.parse().unwrap();
            section(document.as_table_mut(), "packages").unwrap().insert("trusted_keys", value(Array::new()));
            extended(before, document)
        };
        let added = "[packages]\ntrusted_keys = []\n";
        let text = "[store]\npath = '''\na\n''' # b\n# end\n";
        for (before, after) in [
            ("", added.to_owned()),
            ("# only this\n", format!("# only this\n\n{added}")),
            ("[store]\n\n# the\n# end", format!("[store]\n\n# the\n# end\n\n{added}")),
            ("[store]\n", format!("[store]\n\n{added}")),
            (text, format!("{text}\n{added}")),
            ("[packages]\n# end\n", format!("{added}# end\n")),
            ("[packages]\n[store]\n# end\n", format!("{added}[store]\n# end\n")),
        ] {
            assert_eq!(with_key(before), after);
            let with_cr = with_key(&before.replace('\n', "\r\n"));
            assert_eq!(with_cr.replace("\r\n", "\n"), after);
            assert!(!before.contains('\n') || with_cr == after.replace('\n', "\r\n"), "{with_cr:?}");
        }
    }
}
