//! Load: messages sent or commands run, with every reply checked, in a closed loop or at a fixed rate. Independent of
//! the bot that answers and of how the numbers are used.

use std::{
    collections::{HashMap, HashSet},
    thread,
    time::{Duration, Instant},
};

use gearshift_sim::{Message, Reader, Sim, Snowflake};

use crate::{
    Result,
    rig::{Crowd, SOON},
    sample::Sample,
};

/// The result of a load.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// Messages that were answered.
    pub(crate) replies: u64,
    /// From the first message to the last reply.
    pub(crate) took: Duration,
    /// From sending a message to the arrival of its reply at Discord, in milliseconds.
    pub(crate) latency_ms: Sample,
    /// The longest time between two replies, for a load at a fixed rate.
    pub(crate) silence: Duration,
    /// Messages without a reply.
    pub(crate) lost: u64,
    /// Further replies to messages that already had one.
    pub(crate) duplicated: u64,
    /// For a load at a fixed rate, the texts of the replies in the order of the messages; `None` without a reply.
    pub(crate) texts: Vec<Option<String>>,
}

impl Load {
    /// Adds the result of a later load.
    pub(crate) fn append(&mut self, later: Load) {
        self.replies += later.replies;
        self.took += later.took;
        self.latency_ms.append(later.latency_ms);
        self.silence = self.silence.max(later.silence);
        self.lost += later.lost;
        self.duplicated += later.duplicated;
        self.texts.extend(later.texts);
    }

    /// Replies per second.
    pub(crate) fn rate(&self) -> f64 {
        self.replies as f64 / self.took.as_secs_f64()
    }
}

/// How the bot is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ask {
    /// With a message, `!ping N`.
    Message,
    /// With a slash command, `/ping text:N`.
    Interaction,
}

/// How long a closed loop runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Length {
    Lasting(Duration),
    Count(u64),
}

impl Length {
    fn goes_on(self, since: Instant, asked: u64) -> bool {
        match self {
            Length::Lasting(duration) => since.elapsed() < duration,
            Length::Count(count) => asked < count,
        }
    }
}

/// Keeps `outstanding` questions unanswered for a while; each `N` must be answered with `pong N`.
///
/// # Errors
/// A wrong answer, or no answer within [`SOON`].
pub(crate) async fn closed(
    sim: &Sim,
    crowd: &Crowd,
    ask: Ask,
    outstanding: u64,
    length: Length,
) -> Result<Load> {
    let mut reader = sim.transcript().reader();
    let mut waiting: HashMap<Snowflake, (u64, Instant)> = HashMap::new();
    let (start, mut next, mut load) = (Instant::now(), 0, Load::default());
    while next < outstanding {
        put(crowd, ask, &mut next, &mut waiting).await?;
    }
    while !waiting.is_empty() {
        let (question, reply, came) = reply(&mut reader, ask).await.ok_or("a reply is missing")?;
        let Some((number, asked)) = waiting.remove(&question) else {
            load.duplicated += 1;
            continue;
        };
        if *reply.content != *format!("pong {number}") {
            return Err(format!("`{number}` was answered `{}`", reply.content).into());
        }
        load.replies += 1;
        load.latency_ms.push_ms(came.saturating_duration_since(asked));
        if length.goes_on(start, next) {
            put(crowd, ask, &mut next, &mut waiting).await?;
        }
    }
    load.took = start.elapsed();
    match reader.missed() {
        0 => Ok(load),
        missed => Err(format!("{missed} entries of the transcript were missed").into()),
    }
}

async fn put(
    crowd: &Crowd,
    ask: Ask,
    next: &mut u64,
    waiting: &mut HashMap<Snowflake, (u64, Instant)>,
) -> Result<()> {
    let (number, asked) = (*next, Instant::now());
    *next += 1;
    let question = match ask {
        Ask::Message => crowd.say(number, &format!("!ping {number}")).await?,
        Ask::Interaction => crowd.ping(number, &number.to_string()).await?,
    };
    waiting.insert(question, (number, asked));
    Ok(())
}

/// A load at a fixed rate, regardless of the answers, until it is stopped.
pub(crate) struct Steady {
    talker: thread::JoinHandle<Result<Vec<(Snowflake, Instant)>>>,
    listener: tokio::task::JoinHandle<Collected>,
    stop: std::sync::mpsc::Sender<()>,
    expected: tokio::sync::watch::Sender<Option<usize>>,
    start: Instant,
}

#[derive(Default)]
struct Collected {
    replies: HashMap<Snowflake, (String, Instant)>,
    duplicated: u64,
    missed: u64,
}

impl Steady {
    /// Starts sending `rate` messages per second; `line` makes the text of each from its number.
    pub(crate) fn start(
        sim: &Sim,
        crowd: &Crowd,
        rate: u32,
        line: impl Fn(u64) -> String + Send + 'static,
    ) -> Steady {
        let (expected, total) = tokio::sync::watch::channel(None);
        let listener = tokio::spawn(listen(sim.transcript().reader(), total));
        let (stop, stopped) = std::sync::mpsc::channel();
        let (crowd, runtime) = (crowd.clone(), tokio::runtime::Handle::current());
        // A thread of its own, as the runtime's timers have a resolution of only a millisecond.
        let talker = thread::spawn(move || {
            let (start, period) = (Instant::now(), Duration::from_secs(1) / rate);
            let mut said = Vec::new();
            for number in 0_u64.. {
                let due = start + period * u32::try_from(number).map_err(|_| "too many messages")?;
                let pause = due.saturating_duration_since(Instant::now());
                if stopped.recv_timeout(pause) != Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                    break;
                }
                let at = Instant::now();
                said.push((runtime.block_on(crowd.say(number, &line(number)))?, at));
            }
            Ok(said)
        });
        Steady { talker, listener, stop, expected, start: Instant::now() }
    }

    /// Stops sending, waits for the missing replies, and counts.
    pub(crate) async fn stop(self) -> Result<Load> {
        let _ = self.stop.send(());
        let talker = self.talker;
        let said = tokio::task::spawn_blocking(move || talker.join()).await?;
        let said = said.map_err(|_| "the talker panicked")??;
        self.expected.send_replace(Some(said.len()));
        let collected = self.listener.await?;
        if collected.missed > 0 {
            return Err(format!("{} entries of the transcript were missed", collected.missed).into());
        }
        let mut load =
            Load { took: self.start.elapsed(), duplicated: collected.duplicated, ..Load::default() };
        let mut moments: Vec<Instant> = collected.replies.values().map(|(_, came)| *came).collect();
        moments.sort_unstable();
        let silences = moments.windows(2).map(|two| two[1] - two[0]);
        load.silence = silences.max().unwrap_or_default();
        for (message, at) in said {
            match collected.replies.get(&message) {
                Some((text, came)) => {
                    load.replies += 1;
                    load.latency_ms.push_ms(came.saturating_duration_since(at));
                    load.texts.push(Some(text.clone()));
                }
                None => {
                    load.lost += 1;
                    load.texts.push(None);
                }
            }
        }
        Ok(load)
    }
}

/// Collects replies until as many messages were answered as were sent, or no more replies arrive.
async fn listen(mut reader: Reader, mut expected: tokio::sync::watch::Receiver<Option<usize>>) -> Collected {
    let (mut collected, mut seen) = (Collected::default(), HashSet::new());
    loop {
        if expected.borrow().is_some_and(|expected| collected.replies.len() >= expected) {
            // Duplicates of the last replies have arrived by now, or are missed.
            while let Some(entry) = reader.try_next() {
                collected.duplicated +=
                    u64::from(entry.posted().is_some_and(|it| it.author.bot && it.reply_to.is_some()));
            }
            collected.missed = reader.missed();
            return collected;
        }
        tokio::select! {
            _ = expected.changed() => {}
            found = reply(&mut reader, Ask::Message) => match found {
                Some((message, reply, came)) if seen.insert(message) => {
                    collected.replies.insert(message, (reply.content.to_string(), came));
                }
                Some(_) => collected.duplicated += 1,
                None => {
                    collected.missed = reader.missed();
                    return collected;
                }
            },
        }
    }
}

/// The bot's next reply, the message or interaction that it answers, and when it arrived; `None` after [`SOON`].
async fn reply(reader: &mut Reader, ask: Ask) -> Option<(Snowflake, std::sync::Arc<Message>, Instant)> {
    let find = |entry: &gearshift_sim::Entry| {
        let posted = entry.posted().filter(|posted| posted.author.bot)?;
        let question = match ask {
            Ask::Message => posted.reply_to?,
            Ask::Interaction => posted.interaction.as_ref()?.id,
        };
        Some((question, posted.clone(), entry.instant))
    };
    reader.until(Instant::now() + SOON, find).await
}
