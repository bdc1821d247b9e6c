//! The crash dummy: `!faulty <trick>` misbehaves at once, `!faulty arm <stage> <trick>` at a later stage of its life.
//! `!faulty help` lists the tricks. It is not a template for a cog: `ping` is.
//!
//! The armed tricks are kept in the store under `PLAN_KEY`, so that the next generation has them too. Without a store
//! entry, the environment variable `PLAN_VARIABLE` applies, for a dummy that must fail before it can get messages.
#![forbid(unsafe_code)]

mod acts;
mod answers;
mod home;
mod op;
mod plan;

use std::{
    cell::{Cell, RefCell},
    env,
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
    time::Duration,
};

use gearshift_cog::{SettingsType, handles::HandleErrorKind, manifest::Task, prelude::*};
use serde::{Deserialize, Serialize};

use self::{
    acts::Waiting,
    home::Home,
    op::Op,
    plan::{Plan, Stage},
};

/// The store's key for the armed tricks.
const PLAN_KEY: &str = "plan";
/// The environment variable for the armed tricks, such as `setup=panic;save=block 500`.
const PLAN_VARIABLE: &str = "GEARSHIFT_FAULTY";
/// Distinguishes two builds: tests build the dummy with different values.
const VARIANT: &str = match option_env!("GEARSHIFT_TEST_VARIANT") {
    Some(variant) => variant,
    None => "plain",
};
const STATE_VERSION: u32 = 1;

#[cfg(not(feature = "lie"))]
const CLAIMED_ABI: (u16, u16) = gearshift_cog::abi::ABI;
/// A major version that no host supports.
#[cfg(feature = "lie")]
const CLAIMED_ABI: (u16, u16) = (u16::MAX, 7);

/// The dummy. All of it is used by one thread only, and never borrowed across an `await`.
struct Faulty {
    host: Host,
    home: Home,
    plan: RefCell<Plan>,
    counts: Cell<Counts>,
    /// Bytes that `save` adds to the state.
    ballast: Cell<usize>,
    /// Futures of handles that are no longer awaited, with the waker that they were polled with.
    kept: RefCell<Vec<(Waiting, Waker)>>,
    beats: Rc<Beats>,
}

/// How often a spawned future has beaten, and the wakers that wait for the next beat.
#[derive(Default)]
struct Beats {
    count: Cell<u64>,
    waiting: RefCell<Vec<Waker>>,
}

impl Beats {
    fn add(&self) {
        self.count.update(|count| count + 1);
        self.waiting.take().into_iter().for_each(Waker::wake);
    }

    fn count(&self) -> u64 {
        self.count.get()
    }

    async fn next(&self) -> u64 {
        let before = self.count();
        poll_fn(|cx| match self.count() {
            count if count > before => Poll::Ready(count),
            _ => {
                self.waiting.borrow_mut().push(cx.waker().clone());
                Poll::Pending
            }
        })
        .await
    }
}

/// Settings that can be set, but have no effect.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    text: String,
    numbers: Vec<u32>,
}

/// Counts over all generations.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Counts {
    commands: u64,
    events: u64,
    ticks: u64,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    counts: Counts,
    ballast: String,
}

impl Cog for Faulty {
    const EVENTS: &'static [&'static str] =
        &[events::MESSAGE_CREATE, events::INTERACTION_CREATE, events::GUILD_MEMBERS_CHUNK];
    const COMMANDS: &'static [Command] = &[
        Command::new("faulty", "Misbehaves in the way you name")
            .options(&[Opt::string("op", "What to do; `help` lists it")]),
        Command::new("faulty-ephemeral", "The same, for your eyes only")
            .options(&[Opt::string("op", "What to do; `help` lists it")])
            .ephemeral(),
    ];

    const TASKS: &'static [Task] = match VARIANT.as_bytes() {
        b"tasks" => &[
            Task::every("hourly", Duration::from_secs(3600)).at_start(),
            Task::daily("daily", "09:00", "Europe/Berlin"),
        ],
        b"lost-zone" => &[Task::daily("daily", "09:00", "Europe/Berln")],
        _ => &[],
    };
    const SETTINGS: Option<SettingsType> = Some(SettingsType::of::<Settings>());

    async fn setup(host: Host) -> Result<Self> {
        let plan = stored_plan(&host).await?;
        plan.act(Stage::Setup, &host).await?;
        Ok(Self {
            host,
            home: Home::here(),
            plan: RefCell::new(plan),
            counts: Cell::default(),
            ballast: Cell::default(),
            kept: RefCell::default(),
            beats: Rc::default(),
        })
    }

    fn restore(&mut self, state: State) -> Result<()> {
        self.home.check();
        self.plan.borrow().act_now(Stage::Restore)?;
        if state.version != STATE_VERSION {
            let text = format!("it reads state of version {STATE_VERSION}, not {}", state.version);
            return Err(Error::new(text));
        }
        let Saved { counts, ballast } = state.parse()?;
        self.counts.set(counts);
        self.ballast.set(ballast.len());
        Ok(())
    }

    async fn event(&self, _ctx: &Context, event: Event) -> Result<()> {
        self.count(|counts| counts.events += 1);
        let plan = self.plan.borrow().clone();
        plan.act(Stage::Event, &self.host).await?;
        match event {
            Event::Interaction(press) => answers::pressed(&self.host, &press).await,
            _ => Ok(()),
        }
    }

    async fn command(&self, ctx: &Context) -> Result<()> {
        self.count(|counts| counts.commands += 1);
        match Op::parse(ctx.option("op").unwrap_or("help")) {
            Ok(op) => acts::perform(self, ctx, op).await,
            Err(why) => ctx.reply(why).await,
        }
    }

    async fn task(&self, _ctx: &Context, _run: TaskRun) -> Result<()> {
        self.count(|counts| counts.ticks += 1);
        let plan = self.plan.borrow().clone();
        plan.act(Stage::Task, &self.host).await
    }

    fn save(&self) -> Result<Option<State>> {
        self.home.check();
        self.plan.borrow().act_now(Stage::Save)?;
        let saved = Saved { counts: self.counts.get(), ballast: "x".repeat(self.ballast.get()) };
        State::json(STATE_VERSION, &saved).map(Some)
    }

    async fn teardown(&self) -> Result<()> {
        self.home.check();
        let plan = self.plan.borrow().clone();
        plan.act(Stage::Teardown, &self.host).await
    }
}

impl Faulty {
    /// Counts an event, and checks that it is on the right thread.
    fn count(&self, change: impl FnOnce(&mut Counts)) {
        self.home.check();
        let mut counts = self.counts.get();
        change(&mut counts);
        self.counts.set(counts);
    }

    /// Sets a new plan, for this generation and the following ones.
    async fn rearm(&self, plan: Plan) -> Result<()> {
        let text = plan.to_string();
        *self.plan.borrow_mut() = plan;
        match self.host.store().set_bytes(PLAN_KEY, text.into_bytes()).await {
            Err(error) if error.kind == HandleErrorKind::Missing => {
                tracing::warn!("there is no store: the plan ends with this generation");
                Ok(())
            }
            outcome => Ok(outcome?),
        }
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        if let Err(error) = self.plan.get_mut().act_now(Stage::Drop) {
            tracing::error!("while it was dropped: {error}");
        }
    }
}

/// The tricks that were armed before this generation.
async fn stored_plan(host: &Host) -> Result<Plan> {
    let text = match host.store().get_bytes(PLAN_KEY).await {
        Ok(Some(bytes)) => String::from_utf8(bytes)?,
        Err(error) if error.kind != HandleErrorKind::Missing => return Err(error.into()),
        _ => env::var(PLAN_VARIABLE).unwrap_or_default(),
    };
    Plan::parse(&text).map_err(Error::new)
}

gearshift_cog::export!(Faulty, name = "faulty", abi = CLAIMED_ABI);
