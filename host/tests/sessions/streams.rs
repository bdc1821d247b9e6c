//! Bodies in chunks: nothing is read before it is requested, and incomplete bodies are never taken for complete.

use std::net::SocketAddr;
use std::time::Duration;

use gearshift_host::sessions::Sessions;
use gearshift_host::sessions::http::{HttpError, HttpRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use crate::stand_in::*;

fn request(method: &str, address: SocketAddr) -> HttpRequest {
    HttpRequest {
        method: method.to_owned(),
        url: format!("http://{address}/"),
        headers: Vec::new(),
        body: Vec::new(),
        timeout: None,
        same_origin_redirects: false,
        max_bytes: None,
    }
}

/// A server for one connection.
async fn serve<F>(connection: impl FnOnce(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { connection(listener.accept().await.unwrap().0).await });
    address
}

/// A server that writes without end, and how much it could write before the connection was closed.
async fn endless() -> (SocketAddr, oneshot::Receiver<u64>) {
    let (done, written) = oneshot::channel();
    let address = serve(async |mut stream| {
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
        let (block, mut bytes) = ([b'x'; 1 << 16], 0);
        while stream.write_all(&block).await.is_ok() {
            bytes += block.len() as u64;
        }
        let _ = done.send(bytes);
    })
    .await;
    (address, written)
}

/// A server that forwards what it reads, and answers at the end of a chunked body.
async fn reader() -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let (seen, reads) = mpsc::unbounded_channel();
    let address = serve(async move |mut stream| {
        let (mut text, mut buffer) = (String::new(), [0; 4096]);
        while let Ok(1..) = stream.read(&mut buffer).await.inspect(|read| {
            text.push_str(&String::from_utf8_lossy(&buffer[..*read]));
        }) {
            let _ = seen.send(text.clone());
            if text.ends_with("0\r\n\r\n") {
                let _ = stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok").await;
            }
        }
    })
    .await;
    (address, reads)
}

#[tokio::test]
async fn an_answer_is_read_as_it_is_asked_for_and_its_connection_closed_when_it_is_dropped() {
    let sessions = Sessions::open(&config("[http]\nmax_body_bytes = 1000")).await.unwrap();
    let (address, written) = endless().await;
    let asked = HttpRequest { max_bytes: Some(1 << 40), ..request("GET", address) };
    let mut answer = soon(sessions.http.open(asked, None)).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(!soon(answer.chunk()).await.unwrap().unwrap().is_empty());
    drop(answer);
    let written = soon(written).await.unwrap();
    assert!(written < 1 << 26, "{written} bytes were taken for one chunk");
}

#[tokio::test]
async fn a_stream_ends_at_its_limit_which_is_the_configured_one_or_its_own() {
    let sessions = Sessions::open(&config("[http]\nmax_body_bytes = 1000")).await.unwrap();
    for (own, limit) in [(None, 1000), (Some(2_000_000), 2_000_000)] {
        let (address, _written) = endless().await;
        let asked = HttpRequest { max_bytes: own, ..request("GET", address) };
        let mut answer = soon(sessions.http.open(asked, None)).await.unwrap();
        let mut read = 0;
        let error = loop {
            match soon(answer.chunk()).await {
                Ok(chunk) => read += chunk.unwrap().len(),
                Err(error) => break error,
            }
        };
        assert!(read <= limit, "{read}");
        assert!(matches!(error, HttpError::TooLarge { limit: it, .. } if it == limit as u64), "{error}");
    }
}

#[tokio::test]
async fn a_body_is_sent_as_it_is_fed() {
    let sessions = Sessions::open(&config("[cogs]")).await.unwrap();
    let (address, mut reads) = reader().await;
    let (mut feed, upload) = sessions.http.upload();
    let asked = sessions.http.open(request("POST", address), Some(upload));
    let fed = async {
        for chunk in ["one", "two"] {
            assert!(feed.chunk(chunk.into()).await.unwrap());
            while !reads.recv().await.unwrap().contains(chunk) {}
        }
        assert!(feed.end().await.unwrap());
    };
    let (answer, ()) = soon(async { tokio::join!(asked, fed) }).await;
    let mut answer = answer.unwrap();
    assert_eq!((answer.status, soon(answer.chunk()).await.unwrap().unwrap()), (201, b"ok".to_vec()));
    assert_eq!(soon(answer.chunk()).await.unwrap(), None);
}

#[tokio::test]
async fn a_body_that_was_not_fed_to_its_end_is_not_taken_for_a_complete_one() {
    let sessions = Sessions::open(&config("[cogs]")).await.unwrap();
    let (address, mut reads) = reader().await;
    let (mut feed, upload) = sessions.http.upload();
    let asked = sessions.http.open(request("POST", address), Some(upload));
    let fed = async {
        feed.chunk(b"half".to_vec()).await.unwrap();
        drop(feed);
    };
    let (answer, ()) = soon(async { tokio::join!(asked, fed) }).await;
    assert!(matches!(answer, Err(HttpError::Broken { .. })), "{answer:?}");
    let mut last = String::new();
    while let Some(read) = soon(reads.recv()).await {
        last = read;
    }
    assert!(!last.ends_with("0\r\n\r\n"), "{last}");
}

#[tokio::test]
async fn a_body_beyond_the_limit_of_requests_is_refused() {
    let sessions = Sessions::open(&config("[limits]\nrequest_max_bytes = 5")).await.unwrap();
    let (mut feed, _upload) = sessions.http.upload();
    assert!(soon(feed.chunk(b"12345".to_vec())).await.unwrap());
    let error = soon(feed.chunk(b"6".to_vec())).await.unwrap_err();
    assert!(error.to_string().contains("`[limits] request_max_bytes`"), "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up_once_the_body_was_sent() {
    let sessions = Sessions::open(&config("[cogs]")).await.unwrap();
    let address = serve(async |mut stream| {
        let mut sink = Vec::new();
        let _ = stream.read_to_end(&mut sink).await;
    })
    .await;
    let (mut feed, upload) = sessions.http.upload();
    let asked = HttpRequest { timeout: Some(Duration::from_millis(50)), ..request("POST", address) };
    let asked = sessions.http.open(asked, Some(upload));
    let fed = async {
        feed.chunk(b"body".to_vec()).await.unwrap();
        feed.end().await.unwrap();
    };
    let (answer, ()) = soon(async { tokio::join!(asked, fed) }).await;
    assert!(matches!(answer, Err(HttpError::Timeout { .. })), "{answer:?}");
}
