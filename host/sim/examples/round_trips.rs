//! Measures how many round trips from message to reply the built-in Discord sustains with a client that does nothing
//! else. It does not measure a bot framework: the client uses a plain websocket and plain HTTP.
//!
//! `cargo run --release -p gearshift-sim --example round_trips [SECONDS] [OUTSTANDING]`

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use gearshift_sim::{EntryKind, Sim, SimOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

/// How many HTTP connections the client has; calls on each are pipelined.
const CONNECTIONS: usize = 4;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let seconds = arguments.next().unwrap_or(5);
    let outstanding = arguments.next().unwrap_or(64);

    let sim = Arc::new(Sim::start(SimOptions::default()).await?);
    tokio::spawn(client(sim.gateway_url(), sim.base_url(), sim.token().to_owned()));
    if !sim.connected(1, Duration::from_secs(5)).await {
        return Err("the client did not connect".into());
    }
    let alice = sim.member("alice")?;
    let mut reader = sim.transcript().reader();
    for _ in 0..outstanding {
        alice.say("general", "!ping").await?;
    }
    let (started, cpu) = (Instant::now(), cpu_seconds());
    let mut replies = 0_u64;
    while started.elapsed() < Duration::from_secs(seconds) {
        // Each reply lets the next message be sent.
        if let EntryKind::Posted { message, .. } = &reader.next().await.kind
            && message.author.bot
        {
            replies += 1;
            alice.say("general", "!ping").await?;
        }
    }
    let took = started.elapsed().as_secs_f64();
    let per_second = replies as f64 / took;
    println!(
        "{per_second:.0} round trips/s, {outstanding} outstanding, {:.2} CPU-s per 10,000 (client included), {} entries missed",
        (cpu_seconds() - cpu) / replies as f64 * 10_000.0,
        reader.missed(),
    );
    Ok(())
}

/// Replies to every `!ping`.
async fn client(gateway: String, base: String, token: String) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut senders = Vec::new();
    for _ in 0..CONNECTIONS {
        senders.push(connection(base.trim_start_matches("http://").to_owned(), token.clone()).await?);
    }
    let (mut socket, _) = tokio_tungstenite::connect_async(format!("{gateway}/?v=10&encoding=json")).await?;
    let identify = format!(r#"{{"op":2,"d":{{"token":"{token}","intents":33281,"properties":{{}}}}}}"#);
    socket.send(Message::text(identify)).await?;
    let mut turn = 0;
    while let Some(frame) = socket.next().await {
        let Message::Text(text) = frame? else { continue };
        // The bot's own replies arrive too, and contain the message that they reply to.
        if text.contains(r#""content":"!ping""#)
            && !text.contains(r#""content":"pong""#)
            && let Some((channel, id)) = field(&text, "channel_id").zip(field(&text, "id"))
        {
            turn = (turn + 1) % senders.len();
            senders[turn].send((channel.to_owned(), id.to_owned()))?;
        }
    }
    Ok(())
}

/// A keep-alive connection: requests are sent in batches, responses are read and discarded.
async fn connection(
    address: String,
    token: String,
) -> Result<mpsc::UnboundedSender<(String, String)>, std::io::Error> {
    let stream = TcpStream::connect(&address).await?;
    stream.set_nodelay(true)?;
    let (mut read, mut write) = stream.into_split();
    let (sender, mut replies) = mpsc::unbounded_channel::<(String, String)>();
    tokio::spawn(async move {
        let mut buffer = vec![0; 64 * 1024];
        while read.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
    });
    tokio::spawn(async move {
        let mut batch = Vec::new();
        while replies.recv_many(&mut batch, 64).await > 0 {
            let mut out = String::new();
            for (channel, id) in batch.drain(..) {
                let body = format!(r#"{{"content":"pong","message_reference":{{"message_id":"{id}"}}}}"#);
                out.push_str(&format!(
                    "POST /api/v10/channels/{channel}/messages HTTP/1.1\r\nhost: {address}\r\nauthorization: Bot {token}\r\n\
                     content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                ));
            }
            if write.write_all(out.as_bytes()).await.is_err() {
                return;
            }
        }
    });
    Ok(sender)
}

/// The first text field of this name in JSON, found without parsing: good enough for ids.
fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let from = text.find(&format!(r#""{key}":""#))? + key.len() + 4;
    text[from..].split('"').next()
}

/// User and system time of this process, from /proc; 0 where that does not exist.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 =
        after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    // The kernel's USER_HZ is 100 on every platform that has /proc.
    ticks / 100.0
}
