//! Tells the crate which compiler and target it is built for: a cog's manifest names both.

use std::{env, process::Command};

fn main() {
    let rustc = env::var("RUSTC").expect("cargo sets RUSTC");
    let output = Command::new(rustc).arg("--version").output().expect("rustc runs, it is compiling this");
    let version = String::from_utf8_lossy(&output.stdout);
    println!("cargo::rustc-env=GEARSHIFT_RUSTC={}", version.trim());
    println!("cargo::rustc-env=GEARSHIFT_TARGET={}", env::var("TARGET").expect("cargo sets TARGET"));
    println!("cargo::rerun-if-changed=build.rs");
}
