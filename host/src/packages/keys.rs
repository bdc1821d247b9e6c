//! Keys and signatures in minisign's format, compatible with the `minisign` program.
//! <https://jedisct1.github.io/minisign/>

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Cursor, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    str::FromStr,
};

use minisign::{PublicKeyBox, SignatureBox};

use super::reference::Place;
use crate::{
    config::{self, Config, PackageRules},
    error::{argument, denied, shortage},
};

/// The key that verifies a signature. Written as in minisign: `RW…`.
#[derive(Clone)]
pub struct PublicKey(minisign::PublicKey);

/// The text is not a public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a minisign public key: `RW` and 54 more characters of base64")]
pub struct NotAKey(String);

impl PublicKey {
    /// The key id that minisign shows: 16 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        id(self.0.keynum())
    }

    /// Verifies that a signature is by this key and matches the bytes; else returns why not.
    fn verify(&self, signature: &Signature, bytes: &[u8]) -> Result<(), String> {
        minisign::verify(&self.0, &signature.0, Cursor::new(bytes), true, false, false)
            .map_err(|error| error.to_string())
    }
}

fn id(keynum: &[u8]) -> String {
    keynum.iter().rev().map(|byte| format!("{byte:02X}")).collect()
}

impl FromStr for PublicKey {
    type Err = NotAKey;

    /// A key alone, or the content of minisign's public key file.
    fn from_str(text: &str) -> Result<PublicKey, NotAKey> {
        let text = text.trim();
        let read = match text.lines().count() {
            0 | 1 => minisign::PublicKey::from_base64(text),
            _ => PublicKeyBox::from_string(text).and_then(PublicKeyBox::into_public_key),
        };
        read.map(PublicKey).map_err(|_| NotAKey(text.to_owned()))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.to_base64())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &PublicKey) -> bool {
        self.0.to_bytes() == other.0.to_bytes()
    }
}

impl Eq for PublicKey {}

/// Which keys are trusted to sign a package, and whether it must be signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// Keys that are trusted to sign it.
    pub keys: Vec<PublicKey>,
    /// Whether it is rejected without a signature by one of them.
    pub required: bool,
    /// The command that adds a trusted key.
    pub add: String,
}

/// The verdict on a package's signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judgement {
    /// A signature by this trusted key is valid.
    Trusted(PublicKey),
    /// There is no signature.
    Unsigned,
    /// They are by other keys, whose ids these are.
    Untrusted(Vec<String>),
    /// A signature that claims to be by this key is not valid.
    Forged { key: String, why: String },
}

impl Trust {
    /// What the config says for a place.
    #[must_use]
    pub fn at(place: &Place, config: &Config) -> Trust {
        Trust::of(&config.packages_of(&place.to_string()), config)
    }

    /// What a config's rules say.
    #[must_use]
    pub fn of(rules: &PackageRules<'_>, config: &Config) -> Trust {
        let keys = rules.trusted_keys.iter().filter_map(|key| key.as_str().parse().ok()).collect();
        let mut add = "gearshift keys trust KEY".to_owned();
        if let Some(section) = rules.keys_in {
            add.push_str(&format!(" --registry {}", argument(section)));
        }
        if config::absolute(&config.file) != config::absolute(Path::new(config::FILE)) {
            add.push_str(&format!(" --config {}", argument(&config.file.display().to_string())));
        }
        Trust { keys, required: rules.require_signed, add }
    }

    /// Judges the signatures of some bytes.
    pub(super) fn judge(&self, signatures: &[Signature], bytes: &[u8]) -> Judgement {
        let mut forged = None;
        for signature in signatures {
            for key in self.keys.iter().filter(|key| key.id() == signature.key()) {
                match key.verify(signature, bytes) {
                    Ok(()) => return Judgement::Trusted(key.clone()),
                    Err(why) => forged = Some(Judgement::Forged { key: key.id(), why }),
                }
            }
        }
        match forged {
            Some(forged) => forged,
            None if signatures.is_empty() => Judgement::Unsigned,
            None => Judgement::Untrusted(signatures.iter().map(Signature::key).collect()),
        }
    }
}

/// The key that makes signatures.
pub struct SecretKey {
    secret: minisign::SecretKey,
    public: PublicKey,
}

impl SecretKey {
    pub(super) fn new(secret: minisign::SecretKey) -> minisign::Result<SecretKey> {
        let public = PublicKey(minisign::PublicKey::from_secret_key(&secret)?);
        Ok(SecretKey { secret, public })
    }

    /// The key that verifies its signatures.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs some bytes; `comment` is a trusted comment in minisign's sense: it is signed as well, and shown.
    pub(super) fn sign(&self, bytes: &[u8], comment: &str) -> minisign::Result<Signature> {
        let about = format!("signature by {}", self.public.id());
        minisign::sign(Some(&self.public.0), &self.secret, Cursor::new(bytes), Some(comment), Some(&about))
            .map(Signature)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "secret key of {}", self.public)
    }
}

/// A signature in minisign's format.
#[derive(Clone)]
pub(super) struct Signature(SignatureBox);

impl fmt::Debug for Signature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "signature by {}", self.key())
    }
}

impl Signature {
    /// Parses the content of a minisign signature file.
    pub(super) fn read(bytes: &[u8]) -> Option<Signature> {
        SignatureBox::from_string(std::str::from_utf8(bytes).ok()?).ok().map(Signature)
    }

    /// The content of a minisign signature file.
    pub(super) fn text(&self) -> String {
        self.0.to_string()
    }

    /// Whether it is by a key and valid for some bytes.
    pub(super) fn is_by(&self, key: &PublicKey, bytes: &[u8]) -> bool {
        self.key() == key.id() && key.verify(self, bytes).is_ok()
    }

    /// The id of the key that it claims to be by.
    pub(super) fn key(&self) -> String {
        id(self.0.keynum())
    }
}

/// Why a key cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file exists already; nothing is overwritten.
    #[error("`{}` already exists", .0.display())]
    Exists(PathBuf),
    /// The system returned an error.
    #[error("cannot {action} `{}`{}", .file.display(), denied(.file, .source))]
    Io {
        /// `read`, `write`.
        action: &'static str,
        /// The file.
        file: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Other users could sign with it.
    #[error("`{}` can be read by others (mode {mode:04o})", .file.display())]
    Shared {
        /// The secret key's file.
        file: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Not a secret key file, or the password is wrong.
    #[error("cannot use the secret key `{}`: {why}", .file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// minisign's error.
        why: String,
    },
}

impl KeyError {
    /// What the reader can do.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Exists(_) => "a replaced key can no longer sign; give the new one another name".to_owned(),
            Self::Io { source, .. } => return shortage(source).map(str::to_owned),
            Self::Shared { file, .. } => {
                format!("`chmod 600 {}`, and consider whether it is still a secret", file.display())
            }
            Self::Unusable { .. } => "is the password right? `gearshift keys new` makes a key".to_owned(),
        })
    }
}

/// The files of a key pair: `name.key`, which no other user may read, and `name.pub`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFiles {
    /// The secret key.
    pub secret: PathBuf,
    /// The public key.
    pub public: PathBuf,
}

impl KeyFiles {
    /// The files for a name in a folder.
    #[must_use]
    pub fn in_folder(folder: &Path, name: &str) -> KeyFiles {
        KeyFiles { secret: folder.join(format!("{name}.key")), public: folder.join(format!("{name}.pub")) }
    }

    /// Generates a key pair, encrypted if there is a password, which takes a second or two.
    ///
    /// # Errors
    /// One of the files exists, or cannot be written.
    pub fn make(&self, password: Option<String>) -> Result<PublicKey, KeyError> {
        for file in [&self.secret, &self.public] {
            if fs::symlink_metadata(file).is_ok() {
                return Err(KeyError::Exists(file.clone()));
            }
        }
        let unusable = |error: minisign::PError| KeyError::Unusable {
            file: self.secret.clone(),
            why: error.to_string(),
        };
        let pair = match password {
            Some(password) => minisign::KeyPair::generate_encrypted_keypair(Some(password)),
            None => minisign::KeyPair::generate_unencrypted_keypair(),
        };
        let pair = pair.map_err(unusable)?;
        let secret = pair.sk.to_box(None).map_err(unusable)?;
        let public = pair.pk.to_box().map_err(unusable)?;
        self.write(&self.secret, 0o600, &secret.into_string())?;
        self.write(&self.public, 0o644, &public.into_string())?;
        Ok(PublicKey(pair.pk))
    }

    fn write(&self, file: &Path, mode: u32, text: &str) -> Result<(), KeyError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => KeyError::Exists(file.to_owned()),
            _ => KeyError::Io { action: "write", file: file.to_owned(), source },
        };
        if let Some(folder) = file.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        let mut open =
            OpenOptions::new().write(true).create_new(true).mode(mode).open(file).map_err(failed)?;
        open.write_all(text.as_bytes()).and_then(|()| open.sync_all()).map_err(failed)
    }
}

impl SecretKey {
    /// Reads a secret key file; asks for the password only if it is encrypted.
    ///
    /// # Errors
    /// It is not a secret key file, other users can read it, or the password is wrong.
    pub fn read(file: &Path, password: impl FnOnce() -> io::Result<String>) -> Result<SecretKey, KeyError> {
        let failed = |source| KeyError::Io { action: "read", file: file.to_owned(), source };
        let unusable = |why: String| KeyError::Unusable { file: file.to_owned(), why };
        let mode = fs::metadata(file).map_err(failed)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Shared { file: file.to_owned(), mode });
        }
        let text = crate::text::read(file).map_err(failed)?;
        let read = |text: &str| minisign::SecretKeyBox::from_string(text);
        let error = |error: minisign::PError| unusable(error.to_string());
        let secret = match read(&text).map_err(error)?.into_unencrypted_secret_key() {
            Ok(secret) => secret,
            Err(_) => {
                let password = password().map_err(|error| unusable(error.to_string()))?;
                read(&text).map_err(error)?.into_secret_key(Some(password)).map_err(error)?
            }
        };
        SecretKey::new(secret).map_err(error)
    }
}
