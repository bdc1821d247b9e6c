//! The api handle: JSON to and from the site API.

use abi_stable::std_types::{RResult, RVec};
use async_ffi::LocalFfiFuture;
use gearshift_cog::abi::{self, HandleError, HandleErrorKind, Reply};

use super::{
    discord, error,
    lease::Local,
    missing,
    request::AsyncRequest,
    slot::{self, Work},
};
use crate::sessions::api::{ApiBody, ApiError, ApiRequest};

pub(super) extern "C" fn request(
    lease: abi::Lease,
    request: abi::ApiRequest,
) -> LocalFfiFuture<RResult<Reply, HandleError>> {
    slot::call(lease, request)
}

impl AsyncRequest for abi::ApiRequest {
    type Answer = Reply;
    type Output = Reply;

    fn work(&self) -> Work {
        Work::of(self.method)
    }

    fn begin(
        self,
        local: &Local,
    ) -> impl Future<Output = Result<Reply, HandleError>> + Send + 'static + use<> {
        let request = taken(self);
        let api = local.sessions.api.clone();
        async move {
            let api = api.ok_or_else(|| missing("api"))?;
            let answer = api.request(request?).await.map_err(failed)?;
            Ok(Reply {
                status: answer.status,
                headers: RVec::new(),
                body: answer.json.unwrap_or_default().into(),
            })
        }
    }
}

fn taken(request: abi::ApiRequest) -> Result<ApiRequest, HandleError> {
    let query = request.query.into_iter().map(|pair| (pair.name.into_string(), pair.value.into_string()));
    Ok(ApiRequest {
        method: discord::method(request.method)?,
        endpoint: request.path.into_string(),
        query: query.collect(),
        json: Some(request.json.into_vec()).filter(|json| !json.is_empty()),
    })
}

fn failed(cause: ApiError) -> HandleError {
    let kind = match &cause {
        ApiError::Invalid(_) | ApiError::TooLarge { .. } => HandleErrorKind::Invalid,
        ApiError::Status { .. } | ApiError::NotJson { .. } => HandleErrorKind::Status,
        ApiError::Timeout { .. } => HandleErrorKind::Timeout,
        ApiError::Unreachable { .. } => HandleErrorKind::Connect,
        ApiError::Closed => HandleErrorKind::Missing,
    };
    let (status, body) = match &cause {
        ApiError::Status { status, body: ApiBody::Json(json), .. } => (*status, json.to_string()),
        ApiError::Status { status, body: ApiBody::Text(text), .. } => (*status, text.clone()),
        ApiError::NotJson { status, .. } => (*status, String::new()),
        _ => (0, String::new()),
    };
    HandleError { status, body: body.into_bytes().into(), ..error(kind, cause.to_string()) }
}
