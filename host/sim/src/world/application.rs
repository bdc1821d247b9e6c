//! What an application says of itself, as Discord writes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Translations;

/// <https://discord.com/developers/docs/resources/application#application-object>
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Application {
    /// What it is for, up to 400 characters.
    pub description: String,
    /// The hash of its picture.
    pub icon: Option<String>,
    /// Up to five words.
    pub tags: Vec<String>,
    /// Addresses, and how it is installed.
    pub links: ApplicationLinks,
    /// What roles can ask of those it is linked to.
    pub metadata: Vec<RoleConnectionMetadata>,
}

/// Where an application leads to, and how it is installed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct ApplicationLinks {
    /// Where those go who install it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_install_url: Option<String>,
    /// Where those go who link it to a role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_connections_verification_url: Option<String>,
    /// Where Discord would send interactions to; here they come over the gateway in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interactions_endpoint_url: Option<String>,
    /// What it is installed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_params: Option<InstallParams>,
    /// The same by kind of installation: `0` in a guild, `1` for a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration_types_config: Option<BTreeMap<String, InstallConfig>>,
}

/// <https://discord.com/developers/docs/resources/application#install-params-object>
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct InstallParams {
    /// `bot` and `applications.commands`.
    pub scopes: Vec<String>,
    /// Bits of permissions, as text.
    pub permissions: String,
}

/// One kind of installation.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct InstallConfig {
    /// What it is installed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2_install_params: Option<InstallParams>,
}

/// <https://discord.com/developers/docs/resources/application-role-connection-metadata>
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RoleConnectionMetadata {
    /// How a value is compared, 1 to 8.
    #[serde(rename = "type")]
    pub kind: u8,
    /// By which the application names it.
    pub key: String,
    /// What users see.
    pub name: String,
    /// The same in other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_localizations: Translations,
    /// More of what users see.
    pub description: String,
    /// The same in other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_localizations: Translations,
}
