//! Gearshift: a Discord bot host.
pub mod config;
pub mod library;
pub mod sessions;
