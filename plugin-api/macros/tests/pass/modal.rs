//! Forms: types and options of fields.
#![deny(warnings, clippy::pedantic)]

use gearshift_cog::{Modal, prelude::*};

#[derive(Choice)]
enum Kind {
    Bug,
    #[choice("Something else")]
    Other,
}

#[derive(Modal)]
#[title("Report")]
struct Report {
    /// What happened?
    #[field(lines, at_least = 3, at_most = 1000, placeholder = "In your own words", default = "It ")]
    what: String,
    #[field(label = "How often?", description = "As far as you know")]
    times: Option<u64>,
    #[field(at_most = 2)]
    kinds: Vec<Kind>,
    r#type: Kind,
    sure: bool,
}

/// What happened?
#[derive(Modal)]
struct UntitledReport {
    what: Option<String>,
}

fn main() {
    assert_eq!((Report::TITLE, Report::FIELDS.len()), ("Report", 5));
    assert_eq!(UntitledReport::TITLE, "Untitled report");
    let _ = read;
}

async fn read(form: &gearshift_cog::Form) -> Result {
    let Report { what, times, kinds, r#type, sure } = Report::read(form).await?;
    let UntitledReport { what: again } = UntitledReport::read(form).await?;
    let _ = (what, times, kinds, r#type, sure, again, Kind::Bug, Kind::Other);
    Ok(())
}
