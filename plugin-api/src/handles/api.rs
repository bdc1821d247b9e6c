//! The site API: JSON in, JSON out, authorised by the host. Exists only if the configuration has `[api]`.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Result,
    abi::{self, ApiRequest, Method},
};

/// Sends requests to the site API.
#[derive(Clone, Copy)]
pub struct Api {
    pub(super) host: abi::Host,
}

impl Api {
    /// `GET path` with a query. `None` stands for 204.
    ///
    /// # Errors
    /// A status of 400 or more, with its body ([`HandleError`](crate::handles::HandleError)); or no answer.
    pub async fn fetch<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<Option<T>> {
        self.request(Method::Get, path, query, None::<&()>).await
    }

    /// Any method, with a JSON body if there is one. `None` stands for 204.
    ///
    /// # Errors
    /// A status of 400 or more, with its body ([`HandleError`](crate::handles::HandleError)); or no answer.
    pub async fn request<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&impl Serialize>,
    ) -> Result<Option<T>> {
        let json = body.map(serde_json::to_vec).transpose()?.unwrap_or_default().into();
        let request = ApiRequest { method, path: path.into(), query: super::pairs(query), json };
        let reply = (self.host.table.api())(self.host.lease, request).await.into_result()?;
        if reply.body.is_empty() {
            return Ok(None);
        }
        Ok(Some(serde_json::from_slice(&reply.body)?))
    }
}
