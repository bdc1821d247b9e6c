//! The discord handle: any endpoint by method, path and JSON.

use abi_stable::std_types::RResult;
use async_ffi::LocalFfiFuture;
use gearshift_cog::abi::{self, DiscordRequest, HandleError, HandleErrorKind, Reply};

use super::{
    Lease, error,
    lease::Local,
    missing,
    request::AsyncRequest,
    slot::{self, Work},
};
use crate::sessions::{
    Method,
    discord::{DiscordError, File, PendingAnswer, Request},
};

pub(super) extern "C" fn request(
    lease: abi::Lease,
    request: DiscordRequest,
) -> LocalFfiFuture<RResult<Reply, HandleError>> {
    slot::call(lease, request)
}

impl AsyncRequest for DiscordRequest {
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
        let discord = local.sessions.discord.clone();
        async move {
            let discord = discord.ok_or_else(|| missing("discord"))?;
            let request = request?;
            let answering = PendingAnswer::of(&request);
            let sent = discord.request(request).await;
            if let Some(answering) = answering {
                discord.answers().note(answering, &sent);
            }
            let answer = sent.map_err(failed)?;
            Ok(Reply { status: answer.status, headers: Vec::new().into(), body: answer.body.into() })
        }
    }
}

pub(super) extern "C" fn bot_id(lease: abi::Lease) -> u64 {
    Lease::of(lease).known().bot_id
}

fn taken(request: DiscordRequest) -> Result<Request, HandleError> {
    let query = request.query.into_iter().map(|pair| (pair.name.into_string(), pair.value.into_string()));
    let files = request.files.into_iter().map(|file| File {
        name: file.name.into_string(),
        content_type: file.content_type.into_string(),
        // Copied here and nowhere else: what the cog passes by reference is in its own memory, which may be
        // unmapped with it.
        bytes: file.bytes.to_vec().into(),
    });
    Ok(Request {
        method: method(request.method)?,
        path: request.path.into_string(),
        query: query.collect(),
        json: request.json.into_vec().into(),
        files: files.collect(),
        reason: request.reason.into_option().map(|reason| reason.into_string()),
    })
}

/// The methods that APIs of resources accept.
pub(super) fn method(method: Method) -> Result<Method, HandleError> {
    match method {
        Method::Head => Err(error(HandleErrorKind::Invalid, "HEAD is for the http handle only")),
        _ => Ok(method),
    }
}

pub(super) fn failed(cause: DiscordError) -> HandleError {
    let kind = match &cause {
        DiscordError::Invalid { .. } => HandleErrorKind::Invalid,
        DiscordError::Refused(_) | DiscordError::TokenRefused { .. } => HandleErrorKind::Status,
        DiscordError::RateLimited { .. } | DiscordError::Timeout { .. } => HandleErrorKind::Timeout,
        DiscordError::Connect { .. }
        | DiscordError::Broken { .. }
        | DiscordError::Unreadable { .. }
        | DiscordError::TooLarge { .. } => HandleErrorKind::Connect,
        DiscordError::Closed => HandleErrorKind::Missing,
    };
    let status = cause.status().unwrap_or(0);
    let code = cause.code().and_then(|code| u32::try_from(code).ok()).unwrap_or(0);
    let body = match &cause {
        DiscordError::Refused(refusal) => refusal.errors.as_ref().map(|tree| tree.to_string().into_bytes()),
        _ => None,
    };
    HandleError { status, code, body: body.unwrap_or_default().into(), ..error(kind, cause.to_string()) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gearshift_cog::abi::ErrorCause;

    use super::*;

    #[test]
    fn what_discord_answers_is_no_fault_of_the_cog() {
        let asked = || "GET /x".to_owned();
        for error in [
            DiscordError::Timeout { asked: asked(), after: Duration::ZERO },
            DiscordError::Broken { asked: asked(), why: String::new() },
            DiscordError::TooLarge { asked: asked(), limit: 1 },
        ] {
            let failed = failed(error);
            assert_eq!(failed.cause(), ErrorCause::REFUSED, "{}", failed.text);
            assert!(failed.may_have_been_carried_out(), "{}", failed.text);
        }
    }
}
