//! An enum of choices must be one that Discord can show.
#![allow(unused)]

use gearshift_cog::prelude::*;

#[derive(Choice)]
struct Color;

#[derive(Choice)]
enum Fields {
    Red(u8),
    Blue { dark: bool },
}

#[derive(Choice)]
enum Twins {
    Red,
    #[choice("red")]
    Crimson,
}

#[derive(Choice)]
enum Empty {}

#[derive(Choice)]
enum Wordy {
    #[choice(label = "Rot")]
    Red,
    #[choice(name_xx = "Blau")]
    Blue,
}

fn main() {}
