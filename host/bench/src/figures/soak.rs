//! Everything at once, for minutes: messages, replacements, moves between lanes, crashes, hangs, bad libraries, lost
//! sockets, rate limits, a full disk. No promise may be broken, and the host's resources must stay flat.
//!
//! Clocks do not jump here, as that would change the machine's own. The host's unit tests cover it.

use std::{
    collections::HashMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use gearshift_sim::{Entry, RestFault, Sim};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};

use super::start::first_reply;
use crate::{
    Result,
    bots::{Bot, Kind},
    figure::{Figure, Goal, Scale},
    libraries,
    process::Process,
    rig::{self, Crowd, Home},
    scratch::{self, WORDS},
    traffic::{Load, Steady},
};

const RATE: u32 = 500;
/// How many messages make a round: one for `counter`, one for `faulty`, the others for `ping`.
const ROUND: u64 = 20;
const COUNTER: u64 = 3;
const FAULTY: u64 = 7;
/// After this time, pools and caches are full.
const WARM_UP: Duration = Duration::from_secs(20);
/// After this time, all reminders and retries have come.
const REST: Duration = Duration::from_secs(15);
/// The delay of a reminder.
const REMIND: &str = "5s";
/// The size of the disk.
const DISK: &str = "size=48m";

/// `counter` and `faulty` are in processes, `ping` and `remind` on threads, until one is moved.
const CONFIG: &str = "[limits]\nhangs_max = 1000000\nstuck_after_ms = 1000\nprobation_ms = 500\n[cogs]\n\
    [cog.counter]\nlane = \"process\"\n[cog.faulty]\nlane = \"process\"\nmemory_max = \"128 MiB\"\n";

/// The host's resources.
#[derive(Clone, Copy, Default)]
struct Look {
    rss: f64,
    /// Descriptors except sockets, as connections to Discord are kept for a while after a rush.
    descriptors: usize,
    threads: usize,
}

impl Look {
    fn at(host: Process) -> Result<Look> {
        Ok(Look {
            rss: host.memory()?.rss,
            descriptors: host.descriptors_but_sockets()?,
            threads: host.threads()?,
        })
    }

    fn most(self, other: Look) -> Look {
        Look {
            rss: self.rss.max(other.rss),
            descriptors: self.descriptors.max(other.descriptors),
            threads: self.threads.max(other.threads),
        }
    }
}

/// How often each action happened.
#[derive(Default)]
struct Done {
    replaced: u64,
    moved: u64,
    crashed: u64,
    hung: u64,
    spoiled: u64,
    cut: u64,
    limited: u64,
    filled: u64,
    reminders: u64,
}

pub(super) async fn soak(scale: Scale, minutes: Option<u64>) -> Result<Vec<Figure>> {
    let seed = fastrand::u64(..);
    eprintln!("soak: seed {seed}");
    let chance = fastrand::Rng::with_seed(seed);
    let built = libraries::examples(&["counter", "faulty", "ping", "remind"])?;
    let cogs: Vec<(&str, &Path)> = built.iter().map(|(name, file)| (&**name, &**file)).collect();
    let (sim, crowd) = rig::discord_that_remembers().await?;
    let disk = Disk::mount();
    let store = match &disk {
        Some(disk) => disk.0.path().join("store.db"),
        None => "store.db".into(),
    };
    let home = Home::new(&sim.api_url(), &cogs, &format!("{CONFIG}[store]\npath = {store:?}\n"))?;
    // After a refusal by Discord, the host keeps to a budget.
    home.set_discord(&format!("requests_per_second = {}", 4 * RATE))?;
    let bot = Bot::in_home(Kind::Gearshift, &sim, home)?;
    first_reply(Kind::Gearshift, &sim, &crowd, &bot).await?;
    for command in ["count", "faulty", "ping", "remind"] {
        rig::registered(&sim, command).await?;
    }
    let reminded = Reminders::listen(&sim);
    let steady = Steady::start(&sim, &crowd, RATE, |number| match number % ROUND {
        COUNTER => "!count".to_owned(),
        FAULTY => format!("!faulty number {number}"),
        _ => format!("!ping {number}"),
    });
    tokio::time::sleep(WARM_UP).await;
    let mut chaos = Chaos {
        sim: &sim,
        crowd: &crowd,
        bot: &bot,
        disk: disk.as_ref(),
        pings: scratch::pings()?,
        chance,
        done: Done::default(),
    };
    let lasts = Duration::from_secs(60 * minutes.unwrap_or(scale.pick(10, 1)));
    let (start, mut halves) = (Instant::now(), [Look::default(), Look::default()]);
    while start.elapsed() < lasts {
        chaos.act().await?;
        let half = usize::from(start.elapsed() > lasts / 2);
        halves[half] = halves[half].most(Look::at(bot.process())?);
    }
    let done = chaos.done;
    // Then only `faulty` has a process.
    for cog in ["counter", "ping", "remind"] {
        bot.order(&["cogs", "reload", cog, "--lane", "thread"]).await?;
    }
    // Reminders and retries that are due must come by then.
    tokio::time::sleep(REST).await;
    let load = steady.stop().await?;
    let left = bot.process().children()?.len().abs_diff(1);
    let log = fs::read_to_string(bot.home().log())?;
    let reminded = reminded.end().await?;
    let kept = std::env::current_exe()?.with_file_name("soak.log");
    fs::write(&kept, &log)?;
    eprintln!("soak: the host's log is `{}`", kept.display());
    drop(bot);
    sim.close().await;
    Ok(figures(&load, &log, &done, &reminded, &halves, left, disk.is_some()))
}

/// The source of trouble.
struct Chaos<'c> {
    sim: &'c Sim,
    crowd: &'c Crowd,
    bot: &'c Bot,
    disk: Option<&'c Disk>,
    pings: [PathBuf; 2],
    chance: fastrand::Rng,
    done: Done,
}

impl Chaos<'_> {
    /// Performs one action, and waits for a moment.
    async fn act(&mut self) -> Result<()> {
        const MOVED: [&str; 3] = ["ping", "counter", "remind"];
        const LANES: [&str; 2] = ["thread", "process"];
        const CRASHES: [&str; 5] = ["abort", "exit 3", "overflow", "memory", "exit 0"];
        match self.chance.u32(0..12) {
            0 | 1 => {
                let next = self.chance.usize(0..2);
                self.bot.home().put("ping", &self.pings[next])?;
                self.done.replaced += 1;
            }
            2 | 3 => {
                let (cog, lane) = (MOVED[self.chance.usize(0..3)], LANES[self.chance.usize(0..2)]);
                self.bot.order(&["cogs", "reload", cog, "--lane", lane]).await?;
                self.done.moved += 1;
            }
            4 | 5 => {
                let how = CRASHES[self.chance.usize(0..CRASHES.len())];
                self.crowd.say(0, &format!("!faulty crash {how}")).await?;
                self.done.crashed += 1;
            }
            6 => {
                self.crowd.say(0, "!faulty block 3000").await?;
                self.done.hung += 1;
            }
            7 => {
                let length = self.chance.usize(0..100_000);
                let bad = self.bot.home().cogs().join("libbad.so");
                fs::write(&bad, [fs::read(&self.pings[0])?[..length].to_vec(), vec![7; 64]].concat())?;
                self.pause(100..500).await;
                fs::remove_file(bad)?;
                self.done.spoiled += 1;
            }
            8 => {
                match self.chance.u32(0..3) {
                    0 => self.sim.gateway().drop_sockets(),
                    1 => self.sim.gateway().ask_reconnect(),
                    _ => self.sim.gateway().close_sockets(4000),
                };
                self.done.cut += 1;
            }
            9 => {
                let (retry_after, global) =
                    (Duration::from_millis(self.chance.u64(50..150)), self.chance.bool());
                let times = self.chance.u64(1..5);
                self.sim.faults().rest(
                    "POST",
                    "/channels/*/messages",
                    times,
                    RestFault::RateLimit { retry_after, global },
                );
                self.done.limited += 1;
            }
            10 => {
                if let Some(disk) = self.disk {
                    disk.fill()?;
                    self.pause(200..1500).await;
                    disk.empty()?;
                    self.done.filled += 1;
                }
            }
            _ => {
                let text = format!("soak {}", self.done.reminders);
                let alice = self.sim.member("alice")?.at("room-1")?;
                alice.slash("remind", [("when", REMIND), ("what", &text)]).await?;
                self.done.reminders += 1;
            }
        }
        self.pause(100..1200).await;
        Ok(())
    }

    async fn pause(&mut self, ms: std::ops::Range<u64>) {
        tokio::time::sleep(Duration::from_millis(self.chance.u64(ms))).await;
    }
}

/// Counts how often each reminder comes, by its text.
pub(super) struct Reminders {
    end: oneshot::Sender<()>,
    came: JoinHandle<HashMap<String, u64>>,
}

impl Reminders {
    pub(super) fn listen(sim: &Sim) -> Reminders {
        let (end, mut ends) = oneshot::channel();
        let mut reader = sim.transcript().reader();
        let came = tokio::spawn(async move {
            let mut came = HashMap::new();
            loop {
                tokio::select! {
                    _ = &mut ends => break,
                    entry = reader.next() => count(&mut came, &entry),
                }
            }
            while let Some(entry) = reader.try_next() {
                count(&mut came, &entry);
            }
            came
        });
        Reminders { end, came }
    }

    /// Stops counting. Returns how often each reminder came.
    pub(super) async fn end(self) -> Result<HashMap<String, u64>> {
        let _ = self.end.send(());
        Ok(self.came.await?)
    }
}

fn count(came: &mut HashMap<String, u64>, entry: &Entry) {
    let posted = entry.posted().filter(|posted| posted.author.bot && posted.interaction.is_none());
    if let Some((_, text)) = posted.and_then(|posted| posted.content.split_once("soak ")) {
        *came.entry(text.to_owned()).or_default() += 1;
    }
}

/// A small disk of its own.
struct Disk(TempDir);

impl Disk {
    /// Returns `None`, with a message, if mounting is not allowed.
    fn mount() -> Option<Disk> {
        let folder = tempfile::tempdir().ok()?;
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(folder.path());
        if !command.output().is_ok_and(|output| output.status.success()) {
            eprintln!("soak: no disk is filled: this user cannot mount one");
            return None;
        }
        Some(Disk(folder))
    }

    fn ballast(&self) -> PathBuf {
        self.0.path().join("ballast")
    }

    fn fill(&self) -> Result<()> {
        let mut file = fs::File::create(self.ballast())?;
        while file.write_all(&[0; 4096]).is_ok() {}
        Ok(())
    }

    fn empty(&self) -> Result<()> {
        Ok(fs::remove_file(self.ballast())?)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // What cannot be unmounted is left in the folder for temporary files.
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

fn figures(
    load: &Load,
    log: &str,
    done: &Done,
    reminded: &HashMap<String, u64>,
    [first, second]: &[Look; 2],
    left: usize,
    has_disk: bool,
) -> Vec<Figure> {
    let (mut pings, mut counts, mut faulty) = (0, 0, 0);
    let mut count = 0;
    for (number, text) in (0_u64..).zip(&load.texts) {
        match (number % ROUND, text) {
            (COUNTER, Some(text)) => {
                count += 1;
                counts += u64::from(!text.starts_with(&format!("{count} for you")));
            }
            (COUNTER, None) => {
                count += 1;
                counts += 1;
            }
            (FAULTY, text) => faulty += u64::from(text.is_none()),
            (_, text) => {
                let is_right = |text: &String| WORDS.iter().any(|word| *text == format!("{word} {number}"));
                if !text.as_ref().is_some_and(is_right) {
                    eprintln!("soak: `!ping {number}` was answered {text:?}");
                    pings += 1;
                }
            }
        }
    }
    // As reported by the host. Those of the crashes and hangs themselves are not among the counted messages.
    let lost = |line: &str| -> Option<u64> {
        let (before, _) = line.split_once(" under way").filter(|_| line.contains(" faulty#"))?;
        before.rsplit_once("; ")?.1.split(' ').next()?.parse().ok()
    };
    let in_flight: u64 = log.lines().filter_map(lost).sum();
    let in_flight = in_flight.saturating_sub(done.crashed + done.hung);
    let wrong = reminded.values().filter(|times| **times != 1).count() as u64
        + done.reminders.abs_diff(reminded.len() as u64);
    let what_was_done = format!(
        "{} messages; {} replacements, {} moves, {} crashes, {} hangs, {} bad files, {} cut sockets, {} rate limits, {}",
        load.texts.len(),
        done.replaced,
        done.moved,
        done.crashed,
        done.hung,
        done.spoiled,
        done.cut,
        done.limited,
        if has_disk { format!("{} full disks", done.filled) } else { "no disk to fill".to_owned() },
    );
    let none =
        |what: &str, value: u64| Figure::new(format!("soak: {what}"), Goal::AtMost(0.0), value as f64, "");
    let grown = |what: &str, [before, after]: [usize; 2], room: f64| {
        let what = format!("soak: {what}, the most of the second half − of the first");
        Figure::new(what, Goal::AtMost(room), after as f64 - before as f64, "")
            .note(format!("{before} → {after}"))
    };
    vec![
        none("messages of `ping` without their answer", pings).note(what_was_done),
        none("counts of `counter` that are not the next", counts).note(format!("of {count}")),
        none("answered twice", load.duplicated),
        none("messages of `faulty` lost beyond those in flight at a crash", faulty.saturating_sub(in_flight))
            .note(format!("{faulty} lost, {in_flight} in flight")),
        none("reminders that did not come once", wrong).note(format!("of {}", done.reminders)),
        Figure::new(
            "soak: RSS, the most of the second half − of the first",
            Goal::AtMost(8.0),
            (second.rss - first.rss) / 1024.0,
            "MiB",
        )
        .note(format!("{:.1} → {:.1} MiB", first.rss / 1024.0, second.rss / 1024.0)),
        // Cogs have moved, and each lane has some.
        grown("descriptors but sockets", [first.descriptors, second.descriptors], 6.0),
        grown("threads", [first.threads, second.threads], 4.0),
        none("processes but that of `faulty` at the end", left as u64),
    ]
}
