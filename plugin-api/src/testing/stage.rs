//! The stage of a test: the world, the generation that serves, and the events that reach it, in order.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use abi_stable::std_types::RArc;
use serde_json::Value;

use super::{
    decode,
    discord::State as Answered,
    generation::{Ended, Fault, Generation, OnEnd},
    transcript::quoted,
    world::World,
};
use crate::{
    Cog, State,
    abi::{Event, FaultKind, Interaction, Invocation, Message, Origin},
    events,
    interactions::{AUTOCOMPLETE, COMMAND},
};

/// What a bot, its users and their messages share.
pub(super) struct Stage {
    pub(super) world: Rc<World>,
    generation: RefCell<Option<Generation>>,
    pub(super) faults: RefCell<Vec<Fault>>,
    /// Panics that have not failed the test yet.
    panics: RefCell<Vec<Fault>>,
    pub(super) prefix: String,
    /// Whether the host acknowledges interactions before the cog gets them.
    pub(super) defers: Cell<bool>,
}

impl Stage {
    pub(super) fn new(world: Rc<World>, prefix: String) -> Self {
        Self {
            world,
            generation: RefCell::new(None),
            faults: RefCell::default(),
            panics: RefCell::default(),
            prefix,
            defers: Cell::new(false),
        }
    }

    /// Fails the test, with the transcript.
    #[track_caller]
    pub(super) fn fail(&self, text: &str) -> ! {
        panic!("{text}\n\nthe transcript:\n{}", self.world.transcript.show())
    }

    pub(super) fn replace(&self, generation: Option<Generation>) -> Option<Generation> {
        self.generation.replace(generation)
    }

    /// The generation that serves.
    #[track_caller]
    pub(super) fn serving<T>(&self, look: impl FnOnce(&Generation) -> T) -> T {
        match &*self.generation.borrow() {
            Some(generation) => look(generation),
            None => self.fail("the cog was unloaded"),
        }
    }

    /// Builds a generation while another one serves. Once it is set up, it gets the state that `state` returns at that
    /// moment.
    pub(super) fn build<C: Cog>(
        &self,
        state: impl FnOnce() -> Result<Option<State>, Fault>,
    ) -> Result<Generation, Fault> {
        let generation = Generation::create::<C>(&self.world);
        self.world.tasks.borrow_mut().begin_trial();
        let built = generation.setup().and_then(|()| {
            // Meanwhile, the previous generation ends what it is doing.
            let trial = self.world.tasks.borrow_mut().suspend_trial();
            let state = state();
            self.world.tasks.borrow_mut().resume_trial(trial);
            state
        });
        let built = built.and_then(|state| match state {
            Some(state) => generation.restore(state),
            None => Ok(()),
        });
        match built {
            Ok(()) => Ok(generation),
            Err(fault) => {
                self.world.tasks.borrow_mut().forget();
                self.world.note(fault.to_string());
                generation.destroy();
                Err(fault)
            }
        }
    }

    /// Lets the handlers under way finish as far as they can without more time, and cancels the rest.
    #[track_caller]
    pub(super) fn pause(&self) -> Result<(), Fault> {
        let fault = self.serving(Generation::pause);
        self.run();
        // As on the host, a cancelled run is a failed one.
        for on_end in self.serving(Generation::cancel) {
            self.follow(on_end, "its handler was cancelled", true);
        }
        fault.map_or(Ok(()), Err)
    }

    /// Takes over the tasks that the generation has planned in its setup.
    pub(super) fn take_over_tasks(&self) {
        let ended = self.world.tasks.borrow_mut().take_over(self.world.clock.unix_ms());
        for name in ended {
            self.world
                .note(format!("the task `{name}` ends: the new generation has not planned it in its setup"));
        }
    }

    /// Sends the gateway events that a cog gets when it is loaded.
    pub(super) fn introduce(&self) {
        let discord = self.world.discord.borrow();
        let facts = [
            (events::READY, discord.ready_json()),
            (events::GUILD_CREATE, discord.guild_create_json(self.world.clock.unix_ms())),
        ];
        drop(discord);
        let declared = self.serving(|generation| generation.declared);
        for (name, d) in facts {
            if declared.events.contains(&name) {
                self.world.emit(name, d);
            }
        }
    }

    /// Runs everything that can make progress, until it waits or is done. Time stands still.
    #[track_caller]
    pub(super) fn run(&self) {
        self.run_quietly();
        let panics = self.panics.take();
        if let Some(fault) = panics.first() {
            self.fail(&fault.to_string());
        }
    }

    fn run_quietly(&self) {
        let mut turns = 0;
        loop {
            let event = self.world.events.borrow_mut().pop_front();
            if let Some((name, d)) = event {
                self.deliver(&name, &d);
                continue;
            }
            let Some(generation) = &*self.generation.borrow() else { return };
            for run in self.due() {
                self.world.note(format!("task {} is due", run.name));
                generation.task(run);
            }
            if !generation.has_woken_handler() {
                return;
            }
            turns += 1;
            if Generation::is_too_often(turns) {
                let busy = generation.running_handlers().join(", ");
                generation.cancel();
                self.fail(&format!("the cog keeps waking itself: {busy}"));
            }
            for ended in generation.turn() {
                self.ended(ended);
            }
        }
    }

    fn due(&self) -> Vec<crate::abi::TaskRun> {
        self.world.tasks.borrow_mut().due(self.world.clock.unix_ms())
    }

    fn ended(&self, ended: Ended) {
        let has_failed = ended.fault.is_some();
        if let Some(fault) = ended.fault {
            self.world.note(fault.to_string());
            if fault.kind == FaultKind::Panic {
                self.panics.borrow_mut().push(fault.clone());
            }
            self.faults.borrow_mut().push(fault);
        }
        self.follow(ended.on_end, "its handler ended", has_failed);
    }

    /// Does what follows when a handler has ended: `how` it did, and whether it failed.
    fn follow(&self, on_end: OnEnd, how: &str, has_failed: bool) {
        match on_end {
            OnEnd::Nothing => {}
            OnEnd::Interaction(token) => {
                if has_failed {
                    self.answer_failure(&token);
                }
                self.report_silence(&token, how);
            }
            OnEnd::Task(name) => {
                self.world.tasks.borrow_mut().ended(&name, has_failed, self.world.clock.unix_ms());
            }
        }
    }

    /// Advances time, moment by moment.
    #[track_caller]
    pub(super) fn advance(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let end = self.world.clock.unix_ms().saturating_add(millis);
        self.run();
        loop {
            let moments = [self.world.clock.next(), self.world.tasks.borrow().next(), self.next_late()];
            let Some(next) = moments.into_iter().flatten().min().filter(|next| *next <= end) else { break };
            self.world.clock.set(next.max(self.world.clock.unix_ms()));
            self.late();
            self.run();
        }
        self.world.clock.set(end);
        self.run();
    }

    /// Delivers an event to the cog, if the cog wants it.
    fn deliver(&self, name: &str, d: &Value) {
        let event = match decode::event(name, d) {
            Ok(event) => event,
            Err(problem) => return self.world.note(format!("{name} cannot be read: {problem}")),
        };
        let generation = self.generation.borrow();
        let Some(generation) = &*generation else { return };
        let wants = generation.declared.wants(&event);
        match event {
            Event::Interaction(it) => self.interaction(generation, it, wants),
            event => {
                let message = match &event {
                    Event::MessageCreate(message) => Some(message.clone()),
                    _ => None,
                };
                if wants {
                    generation.event(name.to_owned(), event, OnEnd::Nothing);
                }
                if let Some(message) = message {
                    self.prefix_command(generation, message, &d["type"]);
                }
            }
        }
    }

    fn interaction(&self, generation: &Generation, it: RArc<Interaction>, wants: bool) {
        let deferred = self.state_of(&it.token).is_some_and(|state| state != Answered::Waiting);
        let it = RArc::new(Interaction { deferred, ..(*it).clone() });
        let on_end = OnEnd::Interaction(it.token.to_string());
        let path = format!("/{}", it.command);
        match it.kind {
            COMMAND => {
                // The name of a menu command can contain spaces.
                let top = it.command.as_str().split(' ').next().unwrap_or_default();
                let command = if it.command_kind == 1 { top } else { &it.command }.into();
                let origin = Origin::Slash(it.clone());
                let invocation = Invocation { command, arguments: "".into(), origin };
                generation.command(path, invocation, on_end);
            }
            AUTOCOMPLETE => {
                generation.event(format!("autocomplete of {path}"), Event::Interaction(it), on_end);
            }
            _ if wants || generation.declared.answers(&it.custom_id) => {
                generation.event(format!("`{}`", it.custom_id), Event::Interaction(it), on_end);
            }
            _ => self
                .report_silence(&it.token, "no pattern in the cog's COMPONENTS matches it, which leaves it"),
        }
    }

    fn prefix_command(&self, generation: &Generation, message: RArc<Message>, kind: &Value) {
        // Messages of bots and Discord's own messages call no commands. The latter have types other than 0 and 19 (a
        // reply).
        // https://discord.com/developers/docs/resources/message#message-object-message-types
        let is_written = matches!(kind.as_u64(), None | Some(0 | 19));
        if message.author.bot || message.webhook_id.is_some() || !is_written {
            return;
        }
        let Some((command, arguments)) = generation.declared.called(&self.prefix, &message.content) else {
            return;
        };
        let (handler, origin) = (format!("{}{command}", self.prefix), Origin::Prefix(message.clone()));
        let invocation = Invocation { command: command.into(), arguments: arguments.into(), origin };
        generation.command(handler, invocation, OnEnd::Nothing);
    }

    /// Adds an action of a user in a channel to the transcript, with its text.
    pub(super) fn note_act(&self, user: u64, channel: u64, act: &str, text: Option<&str>) {
        let discord = self.world.discord.borrow();
        let (name, place) = (discord.user_name(user).to_owned(), discord.channel_name(channel));
        drop(discord);
        let text = text.map_or(String::new(), |text| format!(" {}", quoted(text)));
        self.world.note(format!("{name} in {place}: {act}{text}"));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let fault = self.generation.take().and_then(Generation::destroy);
        if std::thread::panicking() {
            if !self.world.transcript.is_shown() {
                // The test's output, which is shown when it fails.
                eprintln!("the transcript:\n{}", self.world.transcript.text());
            }
        } else if let Some(fault) = fault {
            panic!("{fault}");
        }
    }
}
