//! The site API: JSON in, JSON out, authorised by the host. Exists only if the configuration has `[api]`.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Error, Result,
    abi::{self, Method},
};

/// Sends requests to the site API.
///
/// ```
/// # use gearshift_cog::prelude::*;
/// # async fn example(ctx: &Context) -> Result {
/// let due: Vec<u64> = ctx.api().get("reminders").query(&[("due", "now")]).fetch().await?;
/// ctx.api().post("reminders").json(&due).send().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Api {
    pub(super) host: abi::Host,
}

/// A request to the site API, built step by step. Mistakes in a step are reported when the request is sent.
#[must_use = "a request does nothing before it is sent"]
pub struct ApiRequest {
    host: abi::Host,
    raw: abi::ApiRequest,
    error: Option<Error>,
}

impl Api {
    /// `GET path`.
    pub fn get(&self, path: impl AsRef<str>) -> ApiRequest {
        self.request(Method::Get, path)
    }

    /// `POST path`.
    pub fn post(&self, path: impl AsRef<str>) -> ApiRequest {
        self.request(Method::Post, path)
    }

    /// `PUT path`.
    pub fn put(&self, path: impl AsRef<str>) -> ApiRequest {
        self.request(Method::Put, path)
    }

    /// `PATCH path`.
    pub fn patch(&self, path: impl AsRef<str>) -> ApiRequest {
        self.request(Method::Patch, path)
    }

    /// `DELETE path`.
    pub fn delete(&self, path: impl AsRef<str>) -> ApiRequest {
        self.request(Method::Delete, path)
    }

    /// Any method. `path` is relative to the configured URL.
    pub fn request(&self, method: Method, path: impl AsRef<str>) -> ApiRequest {
        let (query, json) = (Vec::new().into(), Vec::new().into());
        let raw = abi::ApiRequest { method, path: path.as_ref().into(), query, json };
        ApiRequest { host: self.host, raw, error: None }
    }
}

impl ApiRequest {
    /// Adds pairs to the query.
    pub fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        self.raw.query.extend(super::pairs(pairs));
        self
    }

    /// Sets the JSON body.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => self.raw.json = json.into(),
            Err(error) => self.error = Some(error.into()),
        }
        self
    }

    /// Sends the request and reads the answer, which is `null` for a 204: use an `Option` if there may be none.
    ///
    /// # Errors
    /// A status of 400 or more, with its body: [`Error::handle`]; no answer; or an answer that is not of that form.
    pub async fn fetch<T: DeserializeOwned>(self) -> Result<T> {
        let body = self.body().await?;
        Ok(serde_json::from_slice(if body.is_empty() { b"null" } else { &body })?)
    }

    /// Sends the request. Any status below 400 is a success.
    ///
    /// # Errors
    /// The same as [`fetch`](Self::fetch).
    pub async fn send(self) -> Result {
        self.body().await.map(drop)
    }

    async fn body(self) -> Result<Vec<u8>> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let reply = (self.host.table.api())(self.host.lease, self.raw).await.into_result()?;
        Ok(reply.body.into())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use crate::handles::fake::host;

    #[test]
    fn an_answer_is_parsed_and_an_empty_one_is_null() {
        let api = host().api();
        let echoed = api.post("x").json(&[1, 2]).fetch::<Vec<u8>>().now_or_never().expect("at once");
        assert_eq!(echoed.expect("an answer"), [1, 2]);
        let none = api.delete("x").fetch::<Option<u8>>().now_or_never().expect("at once");
        assert_eq!(none.expect("an answer"), None);
        assert!(api.delete("x").send().now_or_never().expect("at once").is_ok());
    }
}
