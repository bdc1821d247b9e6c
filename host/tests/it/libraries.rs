//! Builds cogs with cargo and finds them in cargo's output. Nothing is loaded here.
//!
//! Each build is copied to a place of its own, so that builds of one cog with different features or variants can
//! coexist.

use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
};

/// Built with a single call of cargo, whichever is wanted: cargo unifies the features of shared dependencies over
/// everything it builds, and builds serenity and the SDK once for all of them. A cog that needs other features of the
/// SDK is built separately.
const TOGETHER: [&str; 14] = [
    "asker", "counter", "echo", "faulty", "intruder", "lookup", "ping", "poll", "pulse", "remind", "serene",
    "tags", "vintage", "welcome",
];

/// One way to build a cog.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Build {
    package: String,
    features: String,
    variant: String,
    /// An object file that is linked into it; only `echo` supports that.
    object: Option<PathBuf>,
}

/// The library of a cog, built without changes.
pub(crate) fn library(package: &str) -> PathBuf {
    Build::of(package).library()
}

impl Build {
    /// A debug build without features.
    pub(crate) fn of(package: &str) -> Self {
        Self { package: package.to_owned(), ..Self::default() }
    }

    /// With cargo features, separated by commas.
    pub(crate) fn features(mut self, features: &str) -> Self {
        self.features = features.to_owned();
        self
    }

    /// With `GEARSHIFT_TEST_VARIANT` set: `faulty` includes it in the answer to `version`.
    pub(crate) fn variant(mut self, variant: &str) -> Self {
        self.variant = variant.to_owned();
        self
    }

    /// With an object file linked into it.
    pub(crate) fn linked_with(mut self, object: &Path) -> Self {
        self.object = Some(object.to_owned());
        self
    }

    /// Builds it, once per run of the tests; the file must not be changed.
    pub(crate) fn library(self) -> PathBuf {
        static BUILT: Mutex<Option<HashMap<Build, PathBuf>>> = Mutex::new(None);
        // One at a time, as builds of one package overwrite each other's output.
        let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
        let built = built.get_or_insert_default();
        built.entry(self).or_insert_with_key(Self::build).clone()
    }

    fn build(&self) -> PathBuf {
        let is_alone = !TOGETHER.contains(&&*self.package) || self.features.contains('/');
        let packages = if is_alone { vec![&*self.package] } else { TOGETHER.to_vec() };
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args(["build", "--quiet", "--message-format=json", "--features", &self.features])
            .args(packages.iter().map(|package| format!("--package={package}")))
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .env_remove("GEARSHIFT_TEST_VARIANT")
            .env_remove("GEARSHIFT_TEST_OBJECT")
            .stderr(Stdio::inherit());
        if !self.variant.is_empty() {
            command.env("GEARSHIFT_TEST_VARIANT", &self.variant);
        }
        if let Some(object) = &self.object {
            command.env("GEARSHIFT_TEST_OBJECT", object);
        }
        let output = command.output().expect("cargo runs, it is running this");
        assert!(output.status.success(), "{self:?} does not build");
        let file = artifact(&output.stdout, &self.package).expect("a cog is a cdylib");
        self.put_aside(&file)
    }

    fn put_aside(&self, file: &Path) -> PathBuf {
        let linked = if self.object.is_some() { "-linked" } else { "" };
        let name = format!("{}-{}-{}{linked}", self.package, self.features, self.variant);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).expect("the target folder is writable");
        let aside = folder.join(file.file_name().expect("a library has a name"));
        // Renamed into place: a test that is still running may have the old one open, possibly in another process.
        let fresh = folder.join(format!("fresh-{}", std::process::id()));
        fs::copy(file, &fresh).expect("the library can be copied");
        fs::rename(&fresh, &aside).expect("the copy can be renamed");
        aside
    }
}

/// The library that cargo reports.
fn artifact(messages: &[u8], package: &str) -> Option<PathBuf> {
    String::from_utf8_lossy(messages).lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_it = message["reason"] == "compiler-artifact"
            && message["target"]["name"] == package.replace('-', "_")
            && message["target"]["crate_types"].as_array()?.contains(&"cdylib".into());
        let file = message["filenames"].as_array()?.first()?.as_str()?;
        is_it.then(|| PathBuf::from(file))
    })
}
