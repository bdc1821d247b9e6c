//! The `gearshift` program.
fn main() {}
