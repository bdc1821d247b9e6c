//! Carries out the orders. An order that never answers announces itself first, so that nobody needs to guess.

use std::{
    backtrace::Backtrace,
    cell::Cell,
    env,
    future::{Future, pending, poll_fn},
    mem,
    pin::{Pin, pin},
    process,
    rc::Rc,
    sync::Arc,
    task::Poll,
    thread,
    time::Duration,
};

use gearshift_cog::{Application, Host, Members, Presence, Status, prelude::*};
use serde_json::json;

use crate::{
    Faulty, Settings, VARIANT, answers,
    home::Home,
    op::{Crash, Flood, HELP, Op},
    plan::{Plan, Stage},
};

/// Long enough to be waiting whenever the cog is unloaded.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// A future of a handle.
pub(crate) type Waiting = Pin<Box<dyn Future<Output = ()>>>;

/// Never waits, and never ends.
fn chain(host: Host) {
    let next = host.clone();
    host.spawn(async move {
        chain(next);
        Ok(())
    });
}

/// Ends the process.
fn crash(how: Crash) -> ! {
    fn deeper(depth: u64) -> u64 {
        let room = [depth; 512];
        std::hint::black_box(&room);
        if depth == 0 { 0 } else { deeper(depth + 1) ^ room[1] }
    }
    match how {
        Crash::Abort => process::abort(),
        Crash::Exit(code) => process::exit(code),
        Crash::Overflow => unreachable!("it has no room for {}", deeper(1)),
        Crash::Memory => {
            let mut all = Vec::new();
            loop {
                all.push(std::hint::black_box(vec![1_u8; 16 << 20]));
            }
        }
    }
}

/// Carries `op` out and answers.
pub(crate) async fn perform(faulty: &Faulty, ctx: &Context, op: Op) -> Result<()> {
    let host = &faulty.host;
    let answer = match op {
        Op::Crash(time, how) => {
            thread::sleep(time);
            crash(how)
        }
        Op::Help => HELP.to_owned(),
        Op::Version => format!("faulty {} {VARIANT}", env!("CARGO_PKG_VERSION")),
        Op::Count => {
            let counts = faulty.counts.get();
            format!("{} commands, {} events, {} ticks", counts.commands, counts.events, counts.ticks)
        }
        Op::Plan => format!("plan: {}", faulty.plan.borrow()),
        Op::Panic => panic!("asked to panic"),
        Op::Error => return Err(Error::new("asked to fail")),
        Op::PanicInDrop => {
            let _local = PanicsWhenDropped;
            return Ok(());
        }
        Op::Hang => {
            let _dropped_here = Home::here();
            ctx.reply("hanging").await?;
            return pending().await;
        }
        Op::HangPanic => {
            let _local = PanicsWhenDropped;
            ctx.reply("hanging").await?;
            return pending().await;
        }
        Op::Block(time) => {
            block(ctx, time).await?;
            format!("blocked {} ms", time.as_millis())
        }
        Op::BlockHang(time) => {
            block(ctx, time).await?;
            return pending().await;
        }
        Op::Sleep(time) => {
            host.clock().sleep(time).await;
            format!("slept {} ms", time.as_millis())
        }
        Op::Flood(times, what) => {
            flood(host, ctx, times, what).await?;
            format!("flooded {times} times")
        }
        Op::Thread(time) => {
            start_thread(time).await?;
            "thread started".to_owned()
        }
        Op::Tls(time) => {
            MARK.with(|mark| mark.lasts.set(Some(time)));
            format!("on {:?}", thread::current().id())
        }
        Op::Backtrace => {
            format!("{} lines of backtrace", Backtrace::force_capture().to_string().lines().count())
        }
        Op::Leak(bytes) => {
            // Written to, so that it takes up memory and not only address space.
            mem::forget(vec![1_u8; bytes]);
            format!("leaked {bytes} bytes")
        }
        Op::KeepFutures(number) => {
            let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
            for _ in 0..number {
                let waiting = polled_once(host).await;
                faulty.kept.borrow_mut().push((waiting, waker.clone()));
            }
            format!("keeping {number} futures")
        }
        Op::ForgetFutures(number) => {
            for _ in 0..number {
                mem::forget(polled_once(host).await);
            }
            format!("forgot {number} futures")
        }
        Op::ManySleeps(number, time) => {
            let sleep = |_| async move {
                host.clock().sleep(time).await;
                Ok(())
            };
            all(number, sleep).await?;
            format!("slept {number} times")
        }
        Op::Every(period) => {
            host.clock().every("tick", period)?;
            format!("ticking every {} ms", period.as_millis())
        }
        Op::Cron(expression, zone) => match host.clock().cron("cron", &expression, &zone) {
            Ok(()) => "planned".to_owned(),
            Err(error) => error.to_string(),
        },
        Op::Spawn(trick) => {
            let (mut plan, own) = (Plan::default(), host.clone());
            plan.arm(Stage::Task, trick);
            host.spawn(async move { plan.act(Stage::Task, &own).await });
            "spawned".to_owned()
        }
        Op::Beat(pause) => {
            let (beats, clock) = (Rc::clone(&faulty.beats), host.clock());
            host.spawn(async move {
                let home = Home::here();
                loop {
                    home.check();
                    clock.sleep(pause).await;
                    beats.add();
                }
            });
            "spawned".to_owned()
        }
        Op::Chain => {
            chain(host.clone());
            "spawned".to_owned()
        }
        Op::Later { defers, time } => {
            if defers {
                ctx.defer().await?;
            }
            let interaction = ctx.interaction().ok_or_else(|| Error::new("a message is not waited for"))?;
            let (own, interaction) = (host.clone(), interaction.clone());
            host.spawn(async move {
                own.clock().sleep(time).await;
                own.discord().respond(&interaction, "later").await?;
                Ok(())
            });
            return Ok(());
        }
        Op::Beats => format!("{} beats", faulty.beats.count()),
        Op::NextBeat => format!("{} beats", faulty.beats.next().await),
        Op::Settings => {
            let Settings { text, numbers } = host.settings()?;
            format!("text `{text}`, numbers {numbers:?}")
        }
        Op::Chdir => {
            env::set_current_dir("/")?;
            format!("in {}", env::current_dir()?.display())
        }
        Op::GrowState(bytes) => {
            faulty.ballast.set(bytes);
            format!("state has {bytes} bytes more")
        }
        Op::Arm(stage, trick) => {
            let mut plan = faulty.plan.borrow().clone();
            plan.arm(stage, trick);
            faulty.rearm(plan).await?;
            format!("armed: {}", faulty.plan.borrow())
        }
        Op::Disarm => {
            faulty.rearm(Plan::default()).await?;
            "disarmed".to_owned()
        }
        Op::Gateway => gateway(host, ctx)?,
        Op::Buttons => {
            let button = |what: &str| json!({ "type": 2, "style": 1, "label": what, "custom_id": format!("faulty:{what}") });
            let buttons = ["edit", "answer", "secret", "error", "edit-error"].map(button);
            let row = json!([{ "type": 1, "components": buttons }]);
            ctx.reply(NewMessage::new("press").field("components", &row)).await?;
            return Ok(());
        }
        Op::Signal(signal) => {
            signal_hook::flag::register(signal, Arc::default())?;
            format!("handling signal {signal}")
        }
        Op::Number(text) => text.parse::<u64>()?.to_string(),
        Op::Say(steps) => return answers::say(faulty, ctx, &steps).await,
    };
    ctx.reply(answer).await
}

fn gateway(host: &Host, ctx: &Context) -> Result<String> {
    let discord = host.discord();
    discord.set_presence(&Presence::new(Status::Idle).watching("the tests"))?;
    let guild = ctx.guild_id().unwrap_or_default();
    discord.request_members(&Members::named(guild, "ali", 5).nonce("faulty"))?;
    let refused = discord.request_members(&Members::all(guild)).err().map(|error| error.to_string());
    let Application { name, owners, .. } = discord.application()?;
    let states: Vec<String> = discord.shards()?.into_iter().map(|shard| shard.state).collect();
    Ok(format!("{name} of {owners:?}; shards {states:?}; {}", refused.unwrap_or_default()))
}

/// Panics when it is dropped, unless a panic is already in progress: a second one would abort the process.
struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("asked to panic in a drop");
        }
    }
}

thread_local! {
    static MARK: Mark = const { Mark { lasts: Cell::new(None) } };
}

/// Its destructor runs when the cog's thread ends, after the cog was dropped; it still writes to the log then.
struct Mark {
    lasts: Cell<Option<Duration>>,
}

impl Drop for Mark {
    fn drop(&mut self) {
        let lasts = self.lasts.get();
        tracing::info!(touched = lasts.is_some(), "thread-local value dropped");
        thread::sleep(lasts.unwrap_or_default());
    }
}

async fn flood(host: &Host, ctx: &Context, times: usize, what: Flood) -> Result<()> {
    match what {
        Flood::Log => (0..times).for_each(|number| tracing::info!(number, "flood")),
        Flood::Stats => (0..times).for_each(|_| host.stats().incr("flood", 1)),
        Flood::Rest => {
            let channel = ctx.channel_id()?;
            let send = |number| async move {
                host.discord().send(channel, format!("flood {number}")).await?;
                Ok(())
            };
            all(times, send).await?;
        }
        Flood::Store => {
            let write = |number| async move {
                Ok(host.store().set_bytes(&format!("flood/{number}"), vec![0]).await?)
            };
            all(times, write).await?;
        }
    }
    Ok(())
}

async fn start_thread(time: Option<Duration>) -> Result<()> {
    let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
    thread::Builder::new().name("faulty".to_owned()).spawn(move || {
        match time {
            Some(time) => thread::sleep(time),
            None => loop {
                thread::park();
            },
        }
        waker.wake();
    })?;
    Ok(())
}

/// Polls a future once.
async fn once<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

/// A wait that the host has started and that is never awaited.
async fn polled_once(host: &Host) -> Waiting {
    let clock = host.clock();
    let mut waiting: Waiting = Box::pin(async move { clock.sleep(HOUR).await });
    let _ = once(waiting.as_mut()).await;
    waiting
}

/// Runs this number of futures at once. Returns the first error, once all are done.
async fn all<F: Future<Output = Result<()>>>(number: usize, one: impl Fn(usize) -> F) -> Result<()> {
    let mut running: Vec<Pin<Box<F>>> = (0..number).map(|at| Box::pin(one(at))).collect();
    let mut outcome = Ok(());
    poll_fn(|cx| {
        running.retain_mut(|future| match future.as_mut().poll(cx) {
            Poll::Pending => true,
            Poll::Ready(done) => {
                outcome = mem::replace(&mut outcome, Ok(())).and(done);
                false
            }
        });
        if running.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outcome
}

/// Announces itself and blocks the thread. The reply is sent before, and its answer is read after: a test that sees it
/// knows that the thread does not return to the host in between.
async fn block(ctx: &Context, time: Duration) -> Result<()> {
    let mut reply = pin!(ctx.reply("blocking"));
    let early = once(reply.as_mut()).await;
    thread::sleep(time);
    match early {
        Poll::Ready(replied) => replied,
        Poll::Pending => reply.await,
    }
}
