//! An application's description of itself, as Discord serialises it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Translations;

/// <https://discord.com/developers/docs/resources/application#application-object>
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Application {
    /// The description, up to 400 characters.
    pub description: String,
    /// The hash of the icon.
    pub icon: Option<String>,
    /// Up to five tags.
    pub tags: Vec<String>,
    /// Its URLs, and how it is installed.
    pub links: ApplicationLinks,
    /// The role connection metadata.
    pub metadata: Vec<RoleConnectionMetadata>,
}

/// An application's URLs, and how it is installed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct ApplicationLinks {
    /// The URL for installing it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_install_url: Option<String>,
    /// The URL for linking it to a role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_connections_verification_url: Option<String>,
    /// The URL to which Discord would send interactions; here they are always sent over the gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interactions_endpoint_url: Option<String>,
    /// The scopes and permissions it is installed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_params: Option<InstallParams>,
    /// The same for each kind of installation: `0` for guilds, `1` for users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration_types_config: Option<BTreeMap<String, InstallConfig>>,
}

/// <https://discord.com/developers/docs/resources/application#install-params-object>
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct InstallParams {
    /// `bot` and `applications.commands`.
    pub scopes: Vec<String>,
    /// Permission bits, as text.
    pub permissions: String,
}

/// One kind of installation.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct InstallConfig {
    /// The scopes and permissions it is installed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2_install_params: Option<InstallParams>,
}

/// <https://discord.com/developers/docs/resources/application-role-connection-metadata>
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RoleConnectionMetadata {
    /// How a value is compared, 1 to 8.
    #[serde(rename = "type")]
    pub kind: u8,
    /// The application's name for it.
    pub key: String,
    /// The name that users see.
    pub name: String,
    /// The name in other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_localizations: Translations,
    /// The description that users see.
    pub description: String,
    /// The description in other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_localizations: Translations,
}
