//! A repository of an OCI registry, through oci-client: Docker Hub, GHCR, Harbor and others. It does not verify
//! content.
//! <https://github.com/opencontainers/distribution-spec/blob/main/spec.md>

use std::{collections::BTreeSet, fmt, io::Write, path::Path, time::Duration};

use bytes::Bytes;
use futures_util::{TryStreamExt, stream::BoxStream};
use oci_client::{
    Client, Reference, RegistryOperation,
    client::{BlobResponse, ClientConfig, ClientProtocol},
    errors::{DigestError, OciDistributionError as OciError, OciErrorCode},
    manifest::OciDescriptor,
    secrets::RegistryAuth,
};
use reqwest::header::HeaderValue;
use tokio::sync::OnceCell;

use super::{
    access::{Access, Download},
    digest::Digest,
    error::PackageError,
    login,
    oci::{self, Descriptor},
    retry::Tries,
};
use crate::error::chain;

/// Time limits for connecting to a registry, and for each read.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// How many tags are requested at once.
const PAGE: usize = 1000;
/// More tags than any package has versions and signatures: beyond this, the listing is given up.
const TAGS_MAX: usize = 100_000;
/// How many characters of a registry's message are shown.
const WORDS: usize = 200;

/// The bytes of a blob, as they arrive.
type Chunks = BoxStream<'static, std::io::Result<Bytes>>;

/// A repository. Its answers are not trusted; the caller verifies them.
pub(super) struct Registry {
    client: Client,
    registry: String,
    repository: String,
    login: RegistryAuth,
    access: Access,
    /// Whether it is logged in, for pulling and for pushing.
    logged_in: [OnceCell<()>; 2],
}

impl fmt::Debug for Registry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.registry, self.repository)
    }
}

impl Registry {
    /// Makes no request yet.
    pub(super) fn open(registry: &str, repository: &str, access: Access) -> Result<Registry, PackageError> {
        // Otherwise oci-client would build a reqwest client that panics, even without TLS.
        if rustls_native_certs::load_native_certs().certs.is_empty() {
            return Err(PackageError::NoCertificates);
        }
        // The same provider that the rest of the host uses. Fails if it is installed already, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let protocol = match access.plain_http || is_loopback(registry) {
            true => ClientProtocol::HttpsExcept(vec![registry.to_owned()]),
            false => ClientProtocol::Https,
        };
        let config = ClientConfig {
            protocol,
            // One request per blob: docker does the same, and every registry supports it.
            use_monolithic_push: true,
            read_timeout: Some(READ_TIMEOUT),
            connect_timeout: Some(CONNECT_TIMEOUT),
            user_agent: concat!("gearshift/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        let failed =
            |error: OciError| PackageError::Registry { registry: registry.to_owned(), why: chain(&error) };
        Ok(Registry {
            client: Client::try_from(config).map_err(failed)?,
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            login: login::of(registry)?,
            access,
            logged_in: Default::default(),
        })
    }

    /// Whether it answers like a registry, and accepts the login. The repository need not exist.
    pub(super) async fn probe(&self) -> Result<(), PackageError> {
        self.ask_for(RegistryOperation::Pull).await?;
        match self.client.list_tags(&self.tagged("none"), &self.login, Some(1), None).await {
            Ok(_) => Ok(()),
            // https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
            Err(error @ OciError::RegistryError { .. }) if is_missing(&error) => Ok(()),
            Err(OciError::ServerError { code: 404, .. }) => {
                Err(self.registry("it answers 404 where a registry would answer".to_owned()))
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Whether there is a login for it.
    pub(super) fn has_login(&self) -> bool {
        self.login != RegistryAuth::Anonymous
    }

    /// Every tag; `None` if there is no such repository.
    pub(super) async fn tags(&self) -> Result<Option<Vec<String>>, PackageError> {
        self.ask_for(RegistryOperation::Pull).await?;
        let mut tags = BTreeSet::new();
        loop {
            let last = tags.last().cloned();
            let reference = self.tagged("none");
            let page = self.ask(async || {
                self.client.list_tags(&reference, &self.login, Some(PAGE), last.as_deref()).await
            });
            let page = match page.await {
                Ok(page) => page.tags,
                Err(error) if is_missing(&error) => return Ok(None),
                Err(error) => return Err(self.failed(error)),
            };
            let before = tags.len();
            tags.extend(page);
            // A registry may return fewer tags than requested, or all of them each time.
            if tags.len() > TAGS_MAX {
                return Err(self.registry(format!("it names more than {TAGS_MAX} tags")));
            }
            if tags.len() == before {
                return Ok((!tags.is_empty()).then(|| tags.into_iter().collect()));
            }
        }
    }

    /// An index or a manifest by its tag or digest; `None` if it does not exist.
    pub(super) async fn document(&self, which: &str) -> Result<Option<Vec<u8>>, PackageError> {
        self.ask_for(RegistryOperation::Pull).await?;
        let reference = match which.starts_with("sha256:") {
            true => self.with_digest(which),
            false => self.tagged(which),
        };
        let asked = self.ask(async || {
            self.client.pull_manifest_raw(&reference, &self.login, &[oci::INDEX, oci::MANIFEST]).await
        });
        match asked.await {
            Ok((bytes, _)) => Ok(Some(bytes.to_vec())),
            Err(OciError::DigestError(DigestError::VerificationError { expected, actual })) => {
                match (expected.parse(), actual.parse()) {
                    (Ok(expected), Ok(found)) => {
                        let what = format!("{}/{}", self.registry, reference.repository());
                        Err(PackageError::Damaged { what, expected, found })
                    }
                    _ => Err(self.registry(format!("it holds {actual} as {expected}"))),
                }
            }
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Writes a blob to `to`, at most one byte more than its size; `None` if it does not exist. A download that ends
    /// early is resumed where it ended.
    pub(super) async fn blob(
        &self,
        descriptor: &Descriptor,
        to: &mut (dyn Write + Send),
        path: &Path,
    ) -> Result<Option<()>, PackageError> {
        self.ask_for(RegistryOperation::Pull).await?;
        let of = OciDescriptor { digest: descriptor.digest.to_string(), ..OciDescriptor::default() };
        let (mut done, size, mut tries) = (0, descriptor.size, self.tries());
        loop {
            let (mut stream, mut skip) = match tries.ask(async || self.stream(&of, done).await).await {
                Ok(stream) => stream,
                Err(error) if is_missing(&error) => return Ok(None),
                Err(error) => return Err(self.failed(error)),
            };
            let why = loop {
                let mut chunk = match stream.try_next().await {
                    Ok(Some(chunk)) => chunk,
                    Ok(None) => return Ok(Some(())),
                    // The caller will find that the digest does not match.
                    Err(error) if error.get_ref().is_some_and(|it| it.is::<DigestError>()) => {
                        return Ok(Some(()));
                    }
                    Err(error) => break chain(&error),
                };
                let known = chunk.split_to(chunk.len().min(usize::try_from(skip).unwrap_or(usize::MAX)));
                skip -= known.len() as u64;
                chunk.truncate(usize::try_from(size + 1 - done).unwrap_or(usize::MAX));
                to.write_all(&chunk).map_err(PackageError::io("write", path))?;
                done += chunk.len() as u64;
                if let Some(downloads) = &self.access.downloads {
                    downloads.notify(Download { done, size });
                }
                if done > size {
                    return Ok(Some(()));
                }
            };
            if done == size {
                return Ok(Some(()));
            }
            let why = format!("it ended after {done} of {size} bytes: {why}");
            if !tries.again(&why).await {
                return Err(self.registry(why));
            }
        }
    }

    /// The rest of a blob, and how many bytes to skip first: a registry need not support range requests.
    async fn stream(&self, of: &OciDescriptor, done: u64) -> Result<(Chunks, u64), OciError> {
        let tagged = self.tagged("none");
        if done == 0 {
            return Ok((self.client.pull_blob_stream(&tagged, of).await?.stream, 0));
        }
        match self.client.pull_blob_stream_partial(&tagged, of, done, None).await? {
            BlobResponse::Partial(rest) => Ok((rest.stream, 0)),
            BlobResponse::Full(all) => Ok((all.stream, done)),
        }
    }

    /// Whether a blob exists.
    pub(super) async fn has_blob(&self, digest: &Digest) -> Result<bool, PackageError> {
        self.ask_for(RegistryOperation::Pull).await?;
        let (tagged, digest) = (self.tagged("none"), digest.to_string());
        match self.ask(async || self.client.blob_exists(&tagged, &digest).await).await {
            Ok(is_there) => Ok(is_there),
            // Until the repository exists, some registries refuse to say whether they have a blob (401, 403). If
            // there is another reason, the upload reports it.
            Err(OciError::RequestError(error)) if error.status().is_some_and(|it| it.is_client_error()) => {
                Ok(false)
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Uploads a blob.
    pub(super) async fn put_blob(&self, digest: &Digest, bytes: Vec<u8>) -> Result<(), PackageError> {
        self.ask_for(RegistryOperation::Push).await?;
        let (tagged, digest, bytes) = (self.tagged("none"), digest.to_string(), Bytes::from(bytes));
        let put = self.ask(async || self.client.push_blob(&tagged, bytes.clone(), &digest).await);
        put.await.map(drop).map_err(|error| self.failed(error))
    }

    /// Uploads an index or a manifest, under a tag if one is given.
    pub(super) async fn put_document(
        &self,
        media_type: &'static str,
        bytes: Vec<u8>,
        tag: Option<&str>,
    ) -> Result<(), PackageError> {
        self.ask_for(RegistryOperation::Push).await?;
        let reference = match tag {
            Some(tag) => self.tagged(tag),
            None => {
                let digest = Digest::of(&bytes);
                // A registry need not return a location; oci-client would then take the tag for the end of the URL.
                let (registry, repository) = (self.registry.clone(), self.repository.clone());
                Reference::with_tag_and_digest(registry, repository, digest.hex(), digest.to_string())
            }
        };
        let (media_type, bytes) = (HeaderValue::from_static(media_type), Bytes::from(bytes));
        let put = self
            .ask(async || self.client.push_manifest_raw(&reference, bytes.clone(), media_type.clone()).await);
        put.await.map(drop).map_err(|error| self.failed(error))
    }

    /// Logs in, if necessary; oci-client remembers it. Its implicit login would hide why it failed.
    async fn ask_for(&self, what: RegistryOperation) -> Result<(), PackageError> {
        let logged_in = &self.logged_in[usize::from(what == RegistryOperation::Push)];
        let log_in = async || {
            let tagged = self.tagged("none");
            let done = self.ask(async || self.client.auth(&tagged, &self.login, what).await);
            done.await.map(drop).map_err(|error| self.failed(error))
        };
        logged_in.get_or_try_init(log_in).await.copied()
    }

    async fn ask<T>(&self, ask: impl AsyncFn() -> Result<T, OciError>) -> Result<T, OciError> {
        self.tries().ask(ask).await
    }

    fn tries(&self) -> Tries<'_> {
        Tries::new(&self.registry, self.access.retries)
    }

    fn tagged(&self, tag: &str) -> Reference {
        Reference::with_tag(self.registry.clone(), self.repository.clone(), tag.to_owned())
    }

    fn with_digest(&self, digest: &str) -> Reference {
        Reference::with_digest(self.registry.clone(), self.repository.clone(), digest.to_owned())
    }

    fn registry(&self, why: String) -> PackageError {
        PackageError::Registry { registry: self.registry.clone(), why }
    }

    /// Without URLs: a download URL may contain credentials.
    fn failed(&self, error: OciError) -> PackageError {
        let refused = |why: &str| PackageError::Refused {
            registry: self.registry.clone(),
            anonymous: !self.has_login(),
            why: words(why),
        };
        match error {
            OciError::UnauthorizedError { .. } => refused("401 Unauthorized"),
            OciError::AuthenticationFailure(why) => refused(&why),
            OciError::ServerError { code: code @ (401 | 403), message, .. } => {
                refused(&format!("{code} {message}"))
            }
            OciError::RegistryError { envelope, .. } => {
                let is_refused =
                    |it: &OciErrorCode| matches!(it, OciErrorCode::Unauthorized | OciErrorCode::Denied);
                let words: Vec<String> = envelope.errors.iter().map(said).collect();
                match envelope.errors.iter().any(|error| is_refused(&error.code)) {
                    true => refused(&words.join(", ")),
                    false => self.registry(self::words(&words.join(", "))),
                }
            }
            OciError::ServerError { code, message, .. } => self.registry(words(&format!("{code} {message}"))),
            OciError::RequestError(error) => self.registry(chain(&error.without_url())),
            other => self.registry(words(&chain(&other))),
        }
    }
}

fn said(error: &oci_client::errors::OciError) -> String {
    let code = serde_json::to_value(&error.code).ok();
    let code = code.as_ref().and_then(|code| code.as_str()).unwrap_or_default();
    format!("{code} {}", error.message)
}

/// The beginning of a registry's message, on one line.
fn words(text: &str) -> String {
    let text: String = text.trim().chars().take(WORDS).collect();
    text.escape_debug().to_string()
}

fn is_missing(error: &OciError) -> bool {
    match error {
        OciError::ServerError { code, .. } => *code == 404,
        OciError::RegistryError { envelope, .. } => envelope.errors.iter().any(|error| {
            matches!(
                error.code,
                OciErrorCode::ManifestUnknown
                    | OciErrorCode::NameUnknown
                    | OciErrorCode::BlobUnknown
                    | OciErrorCode::NotFound
            )
        }),
        _ => false,
    }
}

/// Whether a registry is on this machine: requests to it cross no network.
fn is_loopback(registry: &str) -> bool {
    let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
    host == "localhost" || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}
