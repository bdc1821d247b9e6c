//! Gearshift: a Discord bot host.
