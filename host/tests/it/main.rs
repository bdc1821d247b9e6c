//! The host's promises, kept against real libraries and the built-in Discord. One module per promise; nothing here
//! sleeps, asks the network or knows a token.

mod libraries;
mod stage;

mod loading;
mod reload;
