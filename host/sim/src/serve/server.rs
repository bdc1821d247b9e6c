//! The listener: accepts connections, serves HTTP/1 on each, and ends them when the simulator closes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::dispatch;
use super::latency::with_latency;
use crate::state::Shared;

/// How long calls in progress may take when the simulator closes.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    let mut closed = std::pin::pin!(shared.closed());
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Responses are small and should arrive at once.
                    let _ = stream.set_nodelay(true);
                    match shared.options.round_trip {
                        Duration::ZERO => connections.spawn(serve_connection(stream, shared.clone())),
                        way => connections.spawn(serve_connection(with_latency(stream, way / 2), shared.clone())),
                    };
                }
                // Probably out of file descriptors: others must be closed before the next attempt can succeed.
                Err(error) => {
                    tracing::warn!(%error, "failed to accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = &mut closed => break,
        }
    }
    drop(listener);
    let _ =
        tokio::time::timeout(CLOSE_LIMIT, async { while connections.join_next().await.is_some() {} }).await;
}

async fn serve_connection<S>(stream: S, shared: Arc<Shared>) -> Result<(), Infallible>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = service_fn(|request| dispatch::answer(shared.clone(), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .pipeline_flush(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // An error means that the client left or a fault cut the connection; both are in the transcript.
        _ = connection.as_mut() => return Ok(()),
        () = shared.closed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
    Ok(())
}
