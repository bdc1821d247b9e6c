//! The http handle.

use std::time::Duration;

use abi_stable::std_types::RResult;
use async_ffi::LocalFfiFuture;
use gearshift_cog::abi::{self, HandleError, HandleErrorKind, Header, Reply};

use super::{
    error,
    slot::{self, Work},
};
use crate::sessions::http::{HttpError, HttpRequest};

pub(super) extern "C" fn request(
    lease: abi::Lease,
    request: abi::HttpRequest,
) -> LocalFfiFuture<RResult<Reply, HandleError>> {
    slot::call(lease, Work::of(request.method), |lease| {
        let request = taken(request);
        let http = lease.sessions().http.clone();
        async move {
            let answer = http.request(request).await.map_err(failed)?;
            let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
            let headers = answer
                .headers
                .into_iter()
                .map(|(name, value)| Header { name: name.into(), value: text(value).into() });
            Ok(Reply { status: answer.status, headers: headers.collect(), body: answer.body.into() })
        }
    })
}

fn taken(request: abi::HttpRequest) -> HttpRequest {
    let headers =
        request.headers.into_iter().map(|it| (it.name.into_string(), it.value.into_string().into_bytes()));
    HttpRequest {
        method: request.method.as_str().to_owned(),
        url: request.url.into_string(),
        headers: headers.collect(),
        body: request.body.into_vec(),
        timeout: (request.timeout_ms > 0).then(|| Duration::from_millis(request.timeout_ms)),
    }
}

fn failed(cause: HttpError) -> HandleError {
    let kind = match &cause {
        HttpError::Invalid(_) | HttpError::TooLarge { .. } => HandleErrorKind::Invalid,
        HttpError::Connect { .. } | HttpError::Broken { .. } => HandleErrorKind::Connect,
        HttpError::Timeout { .. } => HandleErrorKind::Timeout,
        HttpError::Closed => HandleErrorKind::Missing,
    };
    error(kind, cause.to_string())
}
