//! The login for a registry as `docker login` stores it: in `config.json`, or with a credential helper.
//! <https://docs.docker.com/reference/cli/docker/login/#credential-stores>

use std::{env, path::PathBuf};

use docker_credential::{CredentialRetrievalError as Unread, DockerCredential};
use oci_client::secrets::RegistryAuth;

use super::error::PackageError;
use crate::text;

/// Docker's key for the Docker Hub login.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// The login for a registry; anonymous if there is none.
pub(super) fn of(registry: &str) -> Result<RegistryAuth, PackageError> {
    // Without the file there is no login.
    let Some(file) = file().filter(|file| file.exists()) else { return Ok(RegistryAuth::Anonymous) };
    let failed = |why: String| PackageError::Login { registry: registry.to_owned(), why };
    let config = text::read_bytes(&file).map_err(|error| failed(format!("`{}`: {error}", file.display())))?;
    let server = if registry == "docker.io" { DOCKER_HUB } else { registry };
    let why = match docker_credential::get_credential_from_reader(&*config, server) {
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            return Ok(RegistryAuth::Basic(user, password));
        }
        Ok(DockerCredential::IdentityToken(_)) => {
            "it is an identity token, and a password or an access token is needed".to_owned()
        }
        Err(Unread::NoCredentialConfigured | Unread::ConfigNotFound) => return Ok(RegistryAuth::Anonymous),
        // Docker's helpers report an unknown server in this way, with exit code 1.
        Err(Unread::HelperFailure { stdout, stderr, .. })
            if format!("{stdout}{stderr}").contains("credentials not found") =>
        {
            return Ok(RegistryAuth::Anonymous);
        }
        // Its output may contain part of the login.
        Err(Unread::HelperFailure { helper, .. }) => format!("`{helper}` has failed"),
        Err(Unread::ConfigReadError) => format!("`{}` is not a config file of docker", file.display()),
        Err(other) => other.to_string(),
    };
    Err(failed(why))
}

fn file() -> Option<PathBuf> {
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".docker"));
    Some(env::var_os("DOCKER_CONFIG").map(PathBuf::from).or_else(home)?.join("config.json"))
}
