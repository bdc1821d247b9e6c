//! `[registry."HOST/PATH"]`: rules for the packages of a registry, a part of it, or a folder. A trusted key is not
//! validated before a signature is checked with it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, de::Error as _};

use super::{
    Config,
    locate::ValueError,
    parsed_text,
    paths::{absolute, folder_of},
};

/// The section of one registry. Missing keys are taken from `[packages]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RegistrySection {
    /// Public keys that are trusted to sign its packages.
    pub trusted_keys: Option<Vec<TrustedKey>>,
    /// Whether its packages are rejected without a signature by one of those keys.
    pub require_signed: Option<bool>,
    /// Whether it is accessed without TLS. Loopback always is.
    pub plain_http: bool,
    /// Its name as written in the file.
    #[serde(skip)]
    pub written: String,
}

/// A minisign public key: `RW…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey(String);

impl TrustedKey {
    /// In minisign's notation.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for TrustedKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TrustedKey, D::Error> {
        let text = parsed_text::deserialize(deserializer, "a public key, which begins with `RW`")?;
        match minisign::PublicKey::from_base64(&text) {
            Ok(_) => Ok(TrustedKey(text)),
            Err(_) => Err(D::Error::custom(format!(
                "{text:?} is not a public key; use the second line of a `.pub` file, which begins with `RW`"
            ))),
        }
    }
}

/// The rules for the packages of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageRules<'c> {
    /// Public keys that are trusted to sign them.
    pub trusted_keys: &'c [TrustedKey],
    /// Whether they must be signed.
    pub require_signed: bool,
    /// Whether the registry is accessed without TLS.
    pub plain_http: bool,
    /// The name, as written in the file, of the section that has those keys, or to which keys can be added without
    /// hiding others. `None` if `[packages]` has them.
    pub keys_in: Option<&'c str>,
}

impl Config {
    /// The rules for packages at a place: `ghcr.io/me/greeter`, or the path of a folder. If several sections match,
    /// the one with the longest name is used.
    pub fn packages_of(&self, place: &str) -> PackageRules<'_> {
        let place = plain(place);
        let holds = |name: &&String| place.starts_with(plain(name));
        let names = self.registry.keys().filter(holds);
        let section = names.max_by_key(|name| name.len()).and_then(|name| self.registry.get(name));
        let common = &self.packages;
        PackageRules {
            trusted_keys: section.and_then(|it| it.trusted_keys.as_ref()).unwrap_or(&common.trusted_keys),
            require_signed: section.and_then(|it| it.require_signed).unwrap_or(common.require_signed),
            plain_http: section.is_some_and(|it| it.plain_http),
            keys_in: section
                .filter(|it| it.trusted_keys.is_some() || common.trusted_keys.is_empty())
                .map(|it| it.written.as_str()),
        }
    }

    /// The section of a registry or folder, however its name is written.
    pub fn registry_section(&self, name: &str) -> Option<&RegistrySection> {
        self.registry.get(&resolved(name, &folder_of(&self.file)))
    }
}

/// Names of folders become absolute paths, and hosts become lowercase, as in references.
pub(super) fn resolve(sections: &mut BTreeMap<String, RegistrySection>, folder: &Path) {
    for (written, section) in std::mem::take(sections) {
        sections.insert(resolved(&written, folder), RegistrySection { written, ..section });
    }
}

/// Sections that never apply, and duplicates for the same place, of which an arbitrary one would apply.
pub(super) fn wrong(config: &Config) -> Vec<ValueError> {
    let (mut places, mut wrong) = (BTreeMap::new(), Vec::new());
    for name in config.registry.keys() {
        let keys = || vec!["registry".to_owned(), name.clone()];
        if let Some(what) = no_place(name) {
            wrong.push(ValueError { keys: keys(), what });
        }
        if let Some(other) = places.insert(resolved(name, &folder_of(&config.file)), name) {
            let what = format!("`[registry.{other:?}]` is the same place; keep one");
            wrong.push(ValueError { keys: keys(), what });
        }
    }
    wrong
}

/// Why no reference can lead to a package below a name, so that rules for it never apply; `None` if one can.
pub fn no_place(name: &str) -> Option<String> {
    let plain = name.trim_end_matches('/').to_ascii_lowercase();
    let host = plain.split('/').next().unwrap_or_default();
    // By the registries' rules for a repository with that name.
    let would_be = || format!("{plain}/a").parse::<oci_client::Reference>();
    let has_port = host.split_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_ok());
    let is_there =
        is_folder(name) || is_host(host) && has_port && would_be().is_ok_and(|it| it.registry() == host);
    (!is_there).then(|| {
        format!(
            "{name:?} is not a place for packages; write `HOST/PATH`, such as `ghcr.io/me` or `docker.io/me`, \
             or a folder, such as `./packages`"
        )
    })
}

/// Whether a reference that begins like this is to a folder.
pub fn is_folder(reference: &str) -> bool {
    ["/", "./", "../"].iter().any(|begin| reference.starts_with(begin))
}

/// Whether the first component of a reference is a host. Docker's rule: otherwise it belongs to a repository on
/// Docker Hub. <https://github.com/distribution/reference/blob/main/normalize.go>
pub fn is_host(first: &str) -> bool {
    first.contains(['.', ':']) || first.eq_ignore_ascii_case("localhost")
}

fn resolved(name: &str, folder: &Path) -> String {
    match is_folder(name) {
        true => absolute(&folder.join(name)).display().to_string(),
        false => name.trim_end_matches('/').to_ascii_lowercase(),
    }
}

/// Different paths of the same folder compare equal: links and `..` are resolved if it exists.
fn plain(name: &str) -> PathBuf {
    let path = Path::new(name);
    let found = if path.is_absolute() { path.canonicalize().ok() } else { None };
    found.unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("/srv/bot/gearshift.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn the_nearest_section_holds_for_a_place_and_the_rest_is_common() {
        let config = parse(&format!(
            "[packages]\nrequire_signed = true\n[registry.\"ghcr.io/me\"]\ntrusted_keys = [\"{ONE}\"]\n\
             [registry.\"ghcr.io/me/test\"]\nrequire_signed = false\n[registry.\"./packages\"]\nrequire_signed = false\n\
             [registry.\"10.0.0.7:5000\"]\nplain_http = true\n"
        ))
        .unwrap();
        let of = |place: &str| {
            let rules = config.packages_of(place);
            (rules.trusted_keys.len(), rules.require_signed, rules.plain_http)
        };
        assert_eq!(of("ghcr.io/me/greeter"), (1, true, false));
        assert_eq!(of("ghcr.io/me/test/greeter"), (0, false, false));
        assert_eq!(of("ghcr.io/meat/greeter"), (0, true, false));
        assert_eq!(of("/srv/bot/packages/greeter"), (0, false, false));
        assert_eq!(of("/srv/packages/greeter"), (0, true, false));
        assert_eq!(of("10.0.0.7:5000/greeter"), (0, true, true));
        assert_eq!(config.packages_of("ghcr.io/me/x").trusted_keys[0].as_str(), ONE);
    }

    #[test]
    fn a_folder_and_a_host_are_the_same_however_they_are_written() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().canonicalize().unwrap();
        std::fs::create_dir_all(folder.join("packages/ping")).unwrap();
        std::os::unix::fs::symlink("packages", folder.join("link")).unwrap();
        let text = "[registry.\"./packages\"]\nrequire_signed = true\n[registry.\"GHCR.io\"]\nrequire_signed = true\n";
        let config = Config::parse(text, &folder.join("gearshift.toml")).unwrap();
        for path in [
            "packages/ping",
            "link/ping",
            "packages/../packages/ping",
            "packages/./ping",
            "link/../link/ping",
        ] {
            assert!(config.packages_of(&format!("{}/{path}", folder.display())).require_signed, "{path}");
        }
        assert!(config.packages_of("ghcr.io/me/ping").require_signed);
        assert!(!config.packages_of(&folder.display().to_string()).require_signed);
    }

    #[test]
    fn a_key_is_added_where_it_counts_and_takes_none_away() {
        let with = |common: &str, section: &str| {
            let text = format!("[packages]\n{common}\n[registry.\"./packages/../cogs\"]\n{section}\n");
            parse(&text).unwrap().packages_of("/srv/bot/cogs/greeter").keys_in.map(str::to_owned)
        };
        let keys = format!("trusted_keys = [\"{ONE}\"]");
        assert_eq!(with("", "").as_deref(), Some("./packages/../cogs"));
        assert_eq!(
            with(&keys, "require_signed = true"),
            None,
            "those of `[packages]` would not count any more"
        );
        assert_eq!(with(&keys, &keys).as_deref(), Some("./packages/../cogs"));
        assert_eq!(parse("").unwrap().packages_of("ghcr.io/me/greeter").keys_in, None);
    }

    #[test]
    fn two_sections_for_the_same_place_are_refused() {
        for (one, other) in [("ghcr.io/me", "GHCR.io/me/"), ("./packages", "/srv/bot/x/../packages")] {
            let error = parse(&format!("[registry.{one:?}]\n[registry.{other:?}]\n")).unwrap_err();
            assert!(error.contains("is the same place; keep one"), "{error}");
        }
    }

    #[test]
    fn a_section_that_holds_for_no_package_is_refused() {
        for name in [
            "https://ghcr.io/me",
            "ghcr.io:me",
            "ghcr.io//me",
            "ghcr.io/me:1.0.0",
            "ghcr.io/me@^1",
            "ghcr.io/*",
            "ghcr.io/-me",
            "ghcr.io:99999999/me/",
            "me",
            "packages/",
            "file:packages",
            "a b.c",
            "",
        ] {
            let error = parse(&format!("\n[registry.{name:?}]\nrequire_signed = true\n")).unwrap_err();
            assert!(error.contains(":2: ") && error.contains("is not a place for packages"), "{error}");
        }
        for name in
            ["localhost", "LocalHost/me", "ghcr.io", "10.0.0.7:5000/a_b/c-d", "reg:5000/", "./x y", "/a:b"]
        {
            parse(&format!("[registry.{name:?}]\n")).unwrap();
        }
    }

    #[test]
    fn a_key_that_is_none_is_named_with_its_line() {
        for wrong in ["", "RWQf", "untrusted comment: minisign public key"] {
            let error = parse(&format!("[packages]\n\ntrusted_keys = [\"{wrong}\"]\n")).unwrap_err();
            assert!(error.contains(":3: `packages.trusted_keys`: "), "{error}");
            assert!(error.contains("is not a public key; use the second line"), "{error}");
        }
        let error = parse("[registry.\"ghcr.io\"]\nrequire_signd = true\n").unwrap_err();
        assert!(error.contains("did you mean `require_signed`?"), "{error}");
    }
}
