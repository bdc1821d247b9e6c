//! Answers that the test provides in place of servers: the web, the site API, and Discord endpoints that the kit lacks.

use std::{
    collections::{BTreeMap, VecDeque},
    task::Waker,
};

use super::pattern;

/// The answers that the test provided, and the requests that the cog sent.
#[derive(Default)]
pub(super) struct Web {
    answers: Vec<Given>,
    requests: Vec<SentRequest>,
    /// Open streams.
    pub(super) streams: BTreeMap<u64, Stream>,
    streams_made: u64,
}

/// A request whose bodies are sent in chunks.
#[derive(Default)]
pub(super) struct Stream {
    /// What the cog has sent of the request's body, and whether it is complete.
    pub(super) fed: Vec<u8>,
    pub(super) is_fed: bool,
    /// Wakes the request that waits for the complete body.
    pub(super) sender: Option<Waker>,
    /// The chunks of the answer's body that the cog has not read.
    pub(super) chunks: VecDeque<Vec<u8>>,
    /// How many bytes the cog has read, and how many it may read.
    pub(super) read: usize,
    pub(super) max_bytes: u64,
}

/// The server that a request goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    Discord,
    Http,
    Api,
}

struct Given {
    server: Server,
    method: String,
    address: String,
    status: u16,
    body: Vec<u8>,
}

/// A request that the cog sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentRequest {
    pub(super) server: Server,
    /// `GET`, `POST`, …
    pub method: String,
    /// For a request over HTTP, the URL; otherwise the path below the API. Includes the query.
    pub address: String,
    /// For a request over HTTP, its headers, in order; empty otherwise, as the host adds the headers.
    pub headers: Vec<(String, String)>,
    /// The body; JSON for the site API and for Discord.
    pub body: Vec<u8>,
}

impl Web {
    pub(super) fn give(&mut self, server: Server, method: &str, address: &str, status: u16, body: Vec<u8>) {
        self.answers.push(Given {
            server,
            method: method.to_owned(),
            address: address.to_owned(),
            status,
            body,
        });
    }

    /// The answer to a request; the latest match wins. The address may match with or without its query.
    pub(super) fn answer(&mut self, request: &SentRequest) -> Option<(u16, Vec<u8>)> {
        let bare = request.address.split('?').next().unwrap_or_default();
        let fits = |given: &&Given| {
            given.server == request.server
                && given.method == request.method
                && (pattern::fits(&given.address, &request.address) || pattern::fits(&given.address, bare))
        };
        self.answers.iter().rev().find(fits).map(|given| (given.status, given.body.clone()))
    }

    /// Opens a stream, and returns its number.
    pub(super) fn open(&mut self) -> u64 {
        self.streams_made += 1;
        self.streams.insert(self.streams_made, Stream::default());
        self.streams_made
    }

    pub(super) fn note(&mut self, request: SentRequest) {
        self.requests.push(request);
    }

    pub(super) fn requests(&self, server: Server) -> Vec<SentRequest> {
        self.requests.iter().filter(|request| request.server == server).cloned().collect()
    }
}

impl SentRequest {
    /// The body as JSON; null if it is not valid JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}
