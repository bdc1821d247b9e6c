//! A wire-level Discord on loopback.
