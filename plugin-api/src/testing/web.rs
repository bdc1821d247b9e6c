//! Answers that the test gives in place of servers: the web, the site API, and endpoints of Discord's that the kit lacks.

use std::{
    collections::{BTreeMap, VecDeque},
    task::Waker,
};

use super::pattern;

/// All answers that were given.
#[derive(Default)]
pub(super) struct Web {
    answers: Vec<Given>,
    requests: Vec<Asked>,
    /// Open streams.
    pub(super) streams: BTreeMap<u64, Stream>,
    streams_made: u64,
}

/// A request whose bodies come in chunks.
#[derive(Default)]
pub(super) struct Stream {
    /// What the cog has fed of the request's body, and whether that is all.
    pub(super) fed: Vec<u8>,
    pub(super) is_fed: bool,
    /// Who waits for all of it.
    pub(super) sender: Option<Waker>,
    /// What the cog has not read of the answer's body.
    pub(super) chunks: VecDeque<Vec<u8>>,
    /// How many bytes it has read, and may.
    pub(super) read: usize,
    pub(super) max_bytes: u64,
}

/// Whose answer it is.
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
pub struct Asked {
    pub(super) server: Server,
    /// `GET`, `POST`, …
    pub method: String,
    /// The URL of a request over HTTP, the path below the API otherwise; a query follows it.
    pub address: String,
    /// The headers of a request over HTTP, in order; the host adds those of the others.
    pub headers: Vec<(String, String)>,
    /// The body: JSON for the site API and for Discord.
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

    /// The answer to a request: what was given last goes first. It fits with or without the query.
    pub(super) fn answer(&mut self, asked: &Asked) -> Option<(u16, Vec<u8>)> {
        let bare = asked.address.split('?').next().unwrap_or_default();
        let fits = |given: &&Given| {
            given.server == asked.server
                && given.method == asked.method
                && (pattern::fits(&given.address, &asked.address) || pattern::fits(&given.address, bare))
        };
        self.answers.iter().rev().find(fits).map(|given| (given.status, given.body.clone()))
    }

    /// Opens a stream; its number.
    pub(super) fn open(&mut self) -> u64 {
        self.streams_made += 1;
        self.streams.insert(self.streams_made, Stream::default());
        self.streams_made
    }

    pub(super) fn note(&mut self, asked: Asked) {
        self.requests.push(asked);
    }

    pub(super) fn requests(&self, server: Server) -> Vec<Asked> {
        self.requests.iter().filter(|asked| asked.server == server).cloned().collect()
    }
}

impl Asked {
    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}
