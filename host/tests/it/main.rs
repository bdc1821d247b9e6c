//! The host's promises, one module each. Nothing here uses a network beyond 127.0.0.1, a token, or a fixed waiting time.

mod libraries;
mod loading;
