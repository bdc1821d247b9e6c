//! Simulates a distant client: delays everything between it and the simulator, without looking at the data.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex, split};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// How many bytes are read at once, and how many such pieces may be in transit.
const PIECE: usize = 64 << 10;
const PIECES: usize = 256;

/// The simulator's end of a connection that takes `way` in each direction.
pub(crate) fn with_latency(stream: TcpStream, way: Duration) -> DuplexStream {
    let (near, far) = duplex(PIECE);
    let (from_client, to_client) = stream.into_split();
    let (from_here, to_here) = split(near);
    tokio::spawn(forward(from_client, to_here, way));
    tokio::spawn(forward(from_here, to_client, way));
    far
}

/// Copies until one side ends; data that is in transit then still arrives.
async fn forward(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, way: Duration) {
    let (leave, mut arrive) = mpsc::channel(PIECES);
    let leaving = async move {
        let mut piece = vec![0; PIECE];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            if leave.send((Instant::now() + way, piece[..length].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let arriving = async {
        while let Some((at, piece)) = arrive.recv().await {
            sleep_until(at).await;
            if to.write_all(&piece).await.is_err() {
                break;
            }
        }
        arrive.close();
        let _ = to.shutdown().await;
    };
    tokio::join!(leaving, arriving);
}
