//! The promises of the built-in Discord, tested with real clients and with bare sockets. No network but loopback, no
//! sleeping: each test waits for the event itself, with a deadline.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "tests")]

mod actors;
mod answers;
mod api;
mod applications;
mod automod;
mod channels;
mod clients;
mod control;
mod depth;
mod document;
mod faults;
mod forms;
mod gateway;
mod guild_life;
mod installs;
mod intents;
mod interactions;
mod invocations;
mod libraries;
mod limits;
mod messages;
mod moderation;
mod onboarding;
mod page;
mod people;
mod persistence;
mod posts;
mod prompt;
mod raw;
mod refusals;
mod rest;
mod routes;
mod settling;
mod strict;
mod templates;
mod threads;
mod time;
mod unavailable;
mod webhooks;
mod worlds;
