//! Where the config of a host comes from: a file, and options on the command line that override it.
//! It opens nothing but that file.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Failure;
use crate::config::{self, Config, Discord};

/// The default config file.
pub(super) const DEFAULT: &str = config::FILE;

/// Options that configure the host.
#[derive(Debug, Args)]
pub(super) struct Source {
    /// The config file [default: gearshift.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Folder of the cogs' libraries, instead of `[cogs] folder`; no config file is needed then
    #[arg(long, value_name = "FOLDER")]
    cogs: Option<PathBuf>,

    /// Log filter, instead of RUST_LOG and `[log] filter`: `debug`, or `info,cog=debug`
    #[arg(long, value_name = "FILTER")]
    pub(super) log: Option<String>,

    /// The control socket, instead of `[control] socket`
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
}

impl Source {
    /// Makes all paths absolute: a cog may change the working directory.
    pub(super) fn rooted(self) -> Source {
        let config = self.config.or_else(|| Some(PathBuf::from(DEFAULT)).filter(|file| file.exists()));
        let [config, cogs, socket] =
            [config, self.cogs, self.socket].map(|path| path.as_deref().map(config::absolute));
        Source { config, cogs, socket, log: self.log }
    }

    /// Reads the config.
    pub(super) fn read(&self) -> Result<Config, Failure> {
        let mut config = match &self.cogs {
            Some(_) => config_or_default(self.config.as_deref())?,
            None => load(self.config.as_deref().unwrap_or(Path::new(DEFAULT)))?,
        };
        if let Some(cogs) = &self.cogs {
            config.cogs.folder = config::absolute(cogs);
        }
        if let Some(socket) = &self.socket {
            config.control.socket = Some(config::absolute(socket));
        }
        Ok(config)
    }
}

/// Reads the config of a file, and stores its absolute path: it is read again while cogs run, and one of them may have
/// changed the working directory.
fn load(file: &Path) -> Result<Config, Failure> {
    Ok(Config { file: config::absolute(file), ..Config::load(file)? })
}

/// The config of the named file, or of the default one; if that does not exist, a config with nothing but Discord.
pub(super) fn config_or_default(named: Option<&Path>) -> Result<Config, Failure> {
    match named {
        Some(file) => load(file),
        None if Path::new(DEFAULT).exists() => load(Path::new(DEFAULT)),
        None => Ok(Config {
            file: config::absolute(Path::new(DEFAULT)),
            discord: Some(Discord::default()),
            ..Config::default()
        }),
    }
}
