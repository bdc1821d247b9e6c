//! The login for a registry as `docker login` leaves it: in `config.json`, or behind a credential helper.
//! <https://docs.docker.com/reference/cli/docker/login/#credential-stores>

use std::{env, path::PathBuf};

use docker_credential::{CredentialRetrievalError as Unread, DockerCredential};
use oci_client::secrets::RegistryAuth;

use super::error::PackageError;

/// What docker calls the login for Docker Hub.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// The login for a registry; anonymous if there is none.
pub(super) fn of(registry: &str) -> Result<RegistryAuth, PackageError> {
    // Without the file there is no login, which docker_credential does not tell from a file that it cannot read.
    if !file().is_some_and(|file| file.exists()) {
        return Ok(RegistryAuth::Anonymous);
    }
    let server = if registry == "docker.io" { DOCKER_HUB } else { registry };
    let why = match docker_credential::get_credential(server) {
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            return Ok(RegistryAuth::Basic(user, password));
        }
        Ok(DockerCredential::IdentityToken(_)) => {
            "it is an identity token, and a password or an access token is needed".to_owned()
        }
        Err(Unread::NoCredentialConfigured | Unread::ConfigNotFound) => return Ok(RegistryAuth::Anonymous),
        // Docker's helpers say so of a server that they do not know, with exit code 1.
        Err(Unread::HelperFailure { stdout, stderr, .. })
            if format!("{stdout}{stderr}").contains("credentials not found") =>
        {
            return Ok(RegistryAuth::Anonymous);
        }
        // What it says more may be a part of the login.
        Err(Unread::HelperFailure { helper, .. }) => format!("`{helper}` has failed"),
        Err(Unread::ConfigReadError) => match file() {
            Some(file) => format!("`{}` cannot be read, or is not docker's", file.display()),
            None => "there is no home directory".to_owned(),
        },
        Err(other) => other.to_string(),
    };
    Err(PackageError::Login { registry: registry.to_owned(), why })
}

fn file() -> Option<PathBuf> {
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".docker"));
    Some(env::var_os("DOCKER_CONFIG").map(PathBuf::from).or_else(home)?.join("config.json"))
}
