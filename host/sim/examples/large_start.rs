//! Measures how long it takes from a world file with 10,000 members and 500 channels to a simulator that listens.
//! It does not measure a client.
//!
//! `cargo run --release -p gearshift-sim --example large_start [MEMBERS] [CHANNELS]`

use std::error::Error;
use std::fmt::Write as _;
use std::time::Instant;

use gearshift_sim::{Sim, SimOptions, World};

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse::<usize>().ok());
    let members = arguments.next().unwrap_or(10_000);
    let channels = arguments.next().unwrap_or(500);
    let mut text = "[[guilds]]\nname = \"Big\"\nowner = \"member-0\"\n".to_owned();
    for number in 0..channels {
        writeln!(text, "[[guilds.channels]]\nname = \"channel-{number}\"")?;
    }
    for number in 1..members {
        writeln!(text, "[[guilds.members]]\nname = \"member-{number}\"\nnick = \"Member {number}\"")?;
    }

    let started = Instant::now();
    let world = World::read(&text)?;
    let read = started.elapsed();
    let sim = Sim::start(SimOptions { world, ..SimOptions::default() }).await?;
    let answer = tokio::net::TcpStream::connect(sim.base_url().trim_start_matches("http://")).await;
    answer?;
    let ready = started.elapsed();
    let written = Instant::now();
    let bytes = sim.world(World::write).len();
    println!(
        "{members} members, {channels} channels: read in {:.1} ms, listening after {:.1} ms; written ({bytes} bytes) in {:.1} ms",
        read.as_secs_f64() * 1e3,
        ready.as_secs_f64() * 1e3,
        written.elapsed().as_secs_f64() * 1e3,
    );

    let started = Instant::now();
    let mut world = World::empty();
    let guild = world.add_guild("Big", "member-0");
    for number in 1..members {
        world.add_member(guild, &format!("member-{number}"));
    }
    for number in 0..channels {
        world.add_channel(guild, &format!("channel-{number}"));
    }
    println!("the same by the builder: {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
    Ok(())
}
