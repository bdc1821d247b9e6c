//! The OCI documents as far as packages use them: index, manifest, descriptor. Each has exactly one serialized form.
//! <https://github.com/opencontainers/image-spec/blob/main/spec.md>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest::Digest;

/// Media types of OCI's own documents.
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of the empty config, `{}`.
/// <https://github.com/opencontainers/image-spec/blob/main/manifest.md#guidance-for-an-empty-descriptor>
pub(super) const EMPTY: &str = "application/vnd.oci.empty.v1+json";
pub(super) const EMPTY_BYTES: &[u8] = b"{}";

/// The `artifactType` of a package: of its index and of the manifest of each target.
pub(super) const PACKAGE: &str = "application/vnd.gearshift.cog.v1";
/// Media type of [`About`](super::About).
pub(super) const ABOUT: &str = "application/vnd.gearshift.cog.about.v1+json";
/// Media type of a library.
pub(super) const LIBRARY: &str = "application/vnd.gearshift.cog.library.v1";
/// Media type of README and changelog.
pub(super) const TEXT: &str = "text/markdown";
/// `artifactType` of a signature, and the media type of its one layer.
pub(super) const SIGNATURE: &str = "application/vnd.gearshift.signature.v1";
pub(super) const MINISIGN: &str = "application/vnd.gearshift.signature.v1+minisign";

/// <https://github.com/opencontainers/image-spec/blob/main/annotations.md#pre-defined-annotation-keys>
pub(super) const TITLE: &str = "org.opencontainers.image.title";
pub(super) const VERSION: &str = "org.opencontainers.image.version";
pub(super) const LICENSES: &str = "org.opencontainers.image.licenses";
pub(super) const DESCRIPTION: &str = "org.opencontainers.image.description";
/// The tag of a manifest in a layout.
pub(super) const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The target triple of an artifact: an OCI platform does not distinguish glibc from musl.
pub(super) const TARGET: &str = "gearshift.target";
/// The id of the key that made a signature.
pub(super) const KEY: &str = "gearshift.key";

/// The largest index, manifest or config that is read, in bytes: the size that registries must accept.
/// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests>
pub(super) const DOCUMENT_MAX_BYTES: u64 = 4 << 20;

type Annotations = BTreeMap<String, String>;

/// What some content is, and how it is found and verified. The fields are sorted by name, as in every document here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    #[serde(default, skip_serializing_if = "Annotations::is_empty")]
    pub(super) annotations: Annotations,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) artifact_type: Option<String>,
    pub(super) digest: Digest,
    pub(super) media_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) platform: Option<Platform>,
    /// In bytes.
    pub(super) size: u64,
}

impl Descriptor {
    /// Describes these bytes.
    pub(super) fn of(media_type: &str, bytes: &[u8]) -> Descriptor {
        Descriptor {
            annotations: Annotations::new(),
            artifact_type: None,
            digest: Digest::of(bytes),
            media_type: media_type.to_owned(),
            platform: None,
            size: bytes.len() as u64,
        }
    }

    pub(super) fn annotated(mut self, key: &str, value: &str) -> Descriptor {
        self.annotations.insert(key.to_owned(), value.to_owned());
        self
    }
}

/// What an artifact runs on, in Go's terms.
/// <https://github.com/opencontainers/image-spec/blob/main/image-index.md#image-index-property-descriptions>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Platform {
    pub(super) architecture: String,
    pub(super) os: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) variant: Option<String>,
}

impl Platform {
    /// The platform of a target triple.
    pub(super) fn of(target: &str) -> Platform {
        let mut parts = target.split('-');
        let arch = parts.next().unwrap_or_default();
        let (architecture, variant) = match arch {
            "x86_64" => ("amd64", None),
            "aarch64" => ("arm64", None),
            "i586" | "i686" => ("386", None),
            "powerpc64le" => ("ppc64le", None),
            "riscv64gc" => ("riscv64", None),
            arch if arch.starts_with("armv7") => ("arm", Some("v7")),
            arch if arch.starts_with("arm") => ("arm", Some("v6")),
            other => (other, None),
        };
        let os = match target {
            target if target.contains("-apple-darwin") => "darwin",
            _ => parts.find(|part| ["linux", "freebsd", "windows"].contains(part)).unwrap_or("unknown"),
        };
        Platform {
            architecture: architecture.to_owned(),
            os: os.to_owned(),
            variant: variant.map(str::to_owned),
        }
    }
}

/// <https://github.com/opencontainers/image-spec/blob/main/image-index.md>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Index {
    #[serde(default, skip_serializing_if = "Annotations::is_empty")]
    pub(super) annotations: Annotations,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) artifact_type: Option<String>,
    pub(super) manifests: Vec<Descriptor>,
    #[serde(default = "index")]
    pub(super) media_type: String,
    pub(super) schema_version: u8,
}

fn index() -> String {
    INDEX.to_owned()
}

impl Default for Index {
    fn default() -> Index {
        Index {
            annotations: Annotations::new(),
            artifact_type: None,
            manifests: Vec::new(),
            media_type: index(),
            schema_version: 2,
        }
    }
}

/// <https://github.com/opencontainers/image-spec/blob/main/manifest.md>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    #[serde(default, skip_serializing_if = "Annotations::is_empty")]
    pub(super) annotations: Annotations,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) artifact_type: Option<String>,
    pub(super) config: Descriptor,
    pub(super) layers: Vec<Descriptor>,
    #[serde(default = "manifest")]
    pub(super) media_type: String,
    pub(super) schema_version: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<Descriptor>,
}

fn manifest() -> String {
    MANIFEST.to_owned()
}

impl Manifest {
    pub(super) fn new(artifact_type: &str, config: Descriptor, layers: Vec<Descriptor>) -> Manifest {
        Manifest {
            annotations: Annotations::new(),
            artifact_type: Some(artifact_type.to_owned()),
            config,
            layers,
            media_type: manifest(),
            schema_version: 2,
            subject: None,
        }
    }
}

/// Serializes a document: no whitespace, keys in order, no times. The same document always gives the same bytes.
pub(super) fn bytes_of(document: &impl Serialize) -> Vec<u8> {
    // Only maps with other keys than strings could fail, and there are none here.
    serde_json::to_vec(document).unwrap_or_default()
}

/// The tag of the index of everything that refers to an artifact, which works with every registry.
/// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema>
pub(super) fn referrers_tag(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_platform_in_gos_words() {
        let of = |target: &str| {
            let Platform { architecture, os, variant } = Platform::of(target);
            format!("{os}/{architecture}{}", variant.map(|it| format!("/{it}")).unwrap_or_default())
        };
        for (target, platform) in [
            ("x86_64-unknown-linux-gnu", "linux/amd64"),
            ("x86_64-unknown-linux-musl", "linux/amd64"),
            ("aarch64-unknown-linux-gnu", "linux/arm64"),
            ("armv7-unknown-linux-gnueabihf", "linux/arm/v7"),
            ("riscv64gc-unknown-linux-gnu", "linux/riscv64"),
            ("aarch64-apple-darwin", "darwin/arm64"),
            ("x86_64-unknown-freebsd", "freebsd/amd64"),
            ("s390x-unknown-linux-gnu", "linux/s390x"),
        ] {
            assert_eq!(of(target), platform, "{target}");
        }
    }

    #[test]
    fn a_document_is_always_the_same_bytes() {
        let index = Index {
            manifests: vec![Descriptor::of(TEXT, b"x").annotated("b", "1").annotated("a", "2")],
            ..Index::default()
        };
        let bytes = bytes_of(&index);
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(
            text.starts_with(r#"{"manifests":[{"annotations":{"a":"2","b":"1"},"digest":"sha256:"#),
            "{text}"
        );
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(serde_json::to_vec(&value).unwrap(), bytes, "keys are in their order");
        assert_eq!(serde_json::from_slice::<Index>(&bytes).unwrap(), index);
    }
}
