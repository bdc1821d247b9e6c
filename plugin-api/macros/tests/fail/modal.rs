//! A form's struct must be one that Discord can show.
#![allow(unused)]

use gearshift_cog::prelude::*;

#[derive(Modal)]
struct Tuple(String);

#[derive(Modal)]
struct Empty {}

#[derive(Modal)]
struct Many {
    a: String,
    b: String,
    c: String,
    d: String,
    e: String,
    f: String,
}

#[derive(Modal)]
struct Generic<T> {
    a: T,
}

#[derive(Modal)]
#[title]
struct Untitled {
    a: String,
}

#[derive(Modal)]
#[title("One")]
#[title("Two")]
struct Titled {
    a: String,
}

#[derive(Modal)]
#[title("A title of more than the forty-five characters that Discord shows")]
struct Long {
    a: String,
}

#[derive(Modal)]
struct Fields {
    #[field(line)]
    a: String,
    #[field(lines = 3)]
    b: String,
    #[field(label = "A label of more than the forty-five characters that Discord shows")]
    c: String,
    #[field(at_most = 3, at_most = 5)]
    d: String,
    #[field(lines)]
    #[field(at_most = 5)]
    e: String,
}

fn main() {}
