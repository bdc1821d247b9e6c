//! A scripted life, and a harness for some cogs that live it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use gearshift_cog::manifest::{CommandManifest, Manifest};
use tokio::{
    runtime,
    sync::{mpsc, oneshot},
};
use tokio_util::task::TaskTracker;

use crate::{
    clock::HostClock,
    cogs::{
        CogError, CogSettings, Report, Retirement, Stage,
        lifecycle::{Candidate, Lifecycle, RetainedLibrary},
        message::{Answer, Leaving, Lost, Message, Trigger},
        owner::Owner,
        registry::Registry,
        stage::Status,
        terms::Terms,
    },
    config::Limits,
    fault::{Fault, FaultKind},
    lane::{Inbox, OrderError, Pulse, State},
    library::{CopyError, Digest, Refused},
    router::{Notices, OwnCommands, Router},
    schedule::Schedule,
    step::Step,
};

/// A scripted library: a version, and the step in which it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) version: u8,
    pub(super) fails_in: Option<Step>,
}

pub(super) struct Running {
    number: u64,
    code: Code,
    pulse: Arc<Pulse>,
}

/// What a script has done so far.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Steps and their arguments, such as `setup 2`.
    pub(super) done: Vec<String>,
    /// Generations that were created and are not retired.
    pub(super) alive: BTreeSet<u64>,
    /// Generations that take events.
    pub(super) taking: BTreeSet<u64>,
    pub(super) stored: Option<State>,
    pub(super) is_store_full: bool,
    pub(super) has_no_store: bool,
    rolled_back: Vec<Digest>,
    /// Code that fails in a step from now on.
    pub(super) spoiled: Vec<(Code, Step)>,
    /// The kind of failure, if it is not the default error.
    pub(super) fails_by: Option<FaultKind>,
    /// Whether the failure ends its lane.
    pub(super) crashes: bool,
    /// What a kept library holds, by the name under which it is kept.
    kept: BTreeMap<PathBuf, Code>,
    /// Whether the next copy has vanished when it is opened.
    pub(super) loses_copy: bool,
    /// Whether kept libraries are damaged: unreadable, or other code.
    damage: Option<Option<Code>>,
}

/// A life by script.
#[derive(Clone)]
pub(super) struct Script {
    name: Arc<str>,
    notes: Arc<Mutex<Notes>>,
}

impl Script {
    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().expect("no test panics with it")
    }

    pub(super) fn spoil(&self, code: Code, step: Step) {
        self.notes().spoiled.push((code, step));
    }

    /// What the cog's file holds from now on, for the next `prepare`.
    pub(super) fn keep_file(&self, name: &str, code: Code) {
        self.notes().kept.insert(file(name), code);
    }

    /// What is kept from now on is unreadable, or is other code.
    pub(super) fn damage_kept(&self, by: Option<Code>) {
        self.notes().damage = Some(by);
    }

    fn step(&self, step: Step, generation: &Running) -> Result<(), OrderError> {
        self.notes().done.push(format!("{step} {}", generation.number));
        let fails =
            generation.code.fails_in == Some(step) || self.notes().spoiled.contains(&(generation.code, step));
        match (fails, step) {
            (false, _) => Ok(()),
            (true, Step::Pause) => Err(OrderError::Deadline(Duration::from_secs(7))),
            (true, _) if self.notes().crashes => Err(OrderError::Ended("its process has crashed".to_owned())),
            (true, _) => Err(OrderError::Fault(fault(self.notes().fails_by.unwrap_or(FaultKind::Error)))),
        }
    }
}

pub(super) fn fault(kind: FaultKind) -> Fault {
    Fault { kind, text: "by script".to_owned(), place: None }
}

/// A library of the cog `name`; each version declares a command of its own besides `name`.
pub(super) fn candidate(name: &str, code: Code) -> Candidate<Code> {
    let command = |name: String| {
        let discord = Some(serde_json::json!({ "type": 1, "name": name, "description": "d" }));
        CommandManifest { kind: 1, name, discord, ..CommandManifest::default() }
    };
    let manifest = Manifest {
        name: name.to_owned(),
        events: vec!["TYPING_START".to_owned()],
        commands: vec![command(name.to_owned()), command(format!("{name}-{}", code.version))],
        ..Manifest::default()
    };
    Candidate {
        file: file(name),
        manifest: Arc::new(manifest),
        digest: digest(code),
        took: Duration::ZERO,
        notes: Vec::new(),
        missing_intents: Vec::new(),
        never_unmapped: false,
        library: code,
        together: None,
    }
}

pub(super) fn file(name: &str) -> PathBuf {
    Path::new("/nowhere").join(format!("lib{name}.so"))
}

pub(super) fn digest(code: Code) -> Digest {
    let content = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(content.path(), format!("{code:?}")).expect("it can be written");
    Digest::of(content.path()).expect("it can be read")
}

impl Lifecycle for Script {
    type Library = Code;
    type Generation = Running;

    async fn prepare(&self, file: &Path) -> Result<Candidate<Code>, CogError> {
        let code = self.notes().kept.get(file).copied();
        code.map(|code| candidate(&self.name, code)).ok_or_else(|| CogError::Host("no such file".to_owned()))
    }

    fn has_room(&self) -> Result<(), CogError> {
        Ok(())
    }

    async fn open(&self, number: u64, candidate: Candidate<Code>) -> Result<Running, CogError> {
        if std::mem::take(&mut self.notes().loses_copy) {
            let why = CopyError::Vanished.into();
            return Err(Box::new(Refused { file: candidate.file, cog: None, why }).into());
        }
        let new = Running { number, code: candidate.library, pulse: Arc::default() };
        self.step(Step::Open, &new).map_err(|error| CogError::Host(error.to_string()))?;
        self.notes().alive.insert(number);
        Ok(new)
    }

    async fn setup(&self, new: &Running) -> Result<(), OrderError> {
        self.step(Step::Setup, new)
    }

    async fn pause(&self, old: &Running) -> Result<usize, OrderError> {
        // A generation that does not pause takes no more events either: it blocks its thread.
        self.notes().taking.remove(&old.number);
        self.step(Step::Pause, old).map(|()| 0)
    }

    async fn save(&self, old: &Running) -> Result<Option<State>, OrderError> {
        self.step(Step::Save, old)?;
        Ok(Some(State { version: 1, bytes: vec![old.code.version] }))
    }

    async fn restore(&self, new: &Running, _state: State) -> Result<(), OrderError> {
        self.step(Step::Restore, new)
    }

    fn serve(&self, generation: &Running) {
        let mut notes = self.notes();
        notes.done.push(format!("serve {}", generation.number));
        notes.taking.insert(generation.number);
    }

    async fn teardown(&self, _old: &Running) -> Result<(), OrderError> {
        Ok(())
    }

    fn retire(&self, old: Running) -> oneshot::Receiver<Retirement> {
        let mut notes = self.notes();
        notes.done.push(format!("retire {}", old.number));
        assert!(notes.alive.remove(&old.number), "a generation is retired once");
        notes.taking.remove(&old.number);
        let (retired, known) = oneshot::channel();
        let _ = retired.send(Retirement::Unmapped { bytes: 1 });
        known
    }

    fn keep(&self, generation: &Running) -> Option<RetainedLibrary> {
        let file = Path::new("/nowhere").join(format!("{}-{}", self.name, generation.number));
        let mut notes = self.notes();
        if let Some(code) = notes.damage.unwrap_or(Some(generation.code)) {
            notes.kept.insert(file.clone(), code);
        }
        Some(RetainedLibrary(file))
    }

    fn pulse(&self, generation: &Running) -> Arc<Pulse> {
        Arc::clone(&generation.pulse)
    }

    fn terms(&self, _generation: &Running) -> Arc<Terms> {
        self.terms_now(&Manifest::default())
    }

    fn terms_now(&self, _manifest: &Manifest) -> Arc<Terms> {
        Arc::new(CogSettings::default().terms(&self.name, None))
    }

    async fn stored_state(&self) -> Result<Option<(State, Duration)>, CogError> {
        Ok(self.notes().stored.clone().map(|state| (state, Duration::from_secs(12))))
    }

    fn has_store(&self) -> bool {
        !self.notes().has_no_store
    }

    async fn store_state(&self, state: &State) -> Result<(), String> {
        let mut notes = self.notes();
        if notes.is_store_full {
            return Err("the disk is full".to_owned());
        }
        if !notes.has_no_store {
            notes.stored = Some(state.clone());
        }
        Ok(())
    }

    async fn remember(&self, from: &Digest, _kept: &RetainedLibrary) -> Result<(), String> {
        self.notes().rolled_back.push(*from);
        Ok(())
    }

    async fn remembered(&self, from: &Digest) -> Option<Option<RetainedLibrary>> {
        self.notes().rolled_back.contains(from).then_some(None)
    }

    async fn forget(&self, from: &Digest) {
        self.notes().rolled_back.retain(|other| other != from);
    }
}

/// Some cogs with scripted lives.
pub(super) struct Harness {
    pub(super) registry: Arc<Registry>,
    pub(super) router: Arc<Router>,
    owners: BTreeMap<&'static str, (mpsc::UnboundedSender<Message<Code>>, Script)>,
}

impl Harness {
    pub(super) fn new(names: &[&'static str]) -> Harness {
        let notices = Notices {
            discord: None,
            runtime: runtime::Handle::current(),
            work: TaskTracker::new(),
            defer_after: Duration::from_secs(2),
            answer_timeout: Duration::from_secs(60),
            failure_text: "".into(),
            unanswered: Default::default(),
        };
        let router = Arc::new(Router::new("!".to_owned(), OwnCommands::new(Vec::new()).0, notices));
        let registry = Arc::new(Registry::new(Arc::clone(&router)));
        let owners = names.iter().map(|name| (*name, Harness::owner(name, &registry))).collect();
        Harness { registry, router, owners }
    }

    fn owner(name: &str, registry: &Arc<Registry>) -> (mpsc::UnboundedSender<Message<Code>>, Script) {
        let name: Arc<str> = name.into();
        let (owner, messages) = mpsc::unbounded_channel();
        let inbox = Inbox::new(100);
        let schedule =
            Schedule::new(&name, Arc::clone(&inbox), runtime::Handle::current(), HostClock::default(), None);
        let script = Script { name: Arc::clone(&name), notes: Arc::default() };
        let (limits, registry, itself) = (Limits::default(), Arc::clone(registry), owner.downgrade());
        let owning = Owner::new(name, script.clone(), limits, registry, inbox, schedule, itself);
        tokio::spawn(owning.run(messages));
        (owner, script)
    }

    pub(super) fn script(&self, name: &str) -> &Script {
        &self.owners[name].1
    }

    fn send(&self, name: &str, message: Message<Code>) {
        self.owners[name].0.send(message).expect("the owner lives");
    }

    pub(super) async fn deploy(
        &self,
        name: &str,
        code: Code,
        trigger: Trigger,
    ) -> Result<Option<Report>, CogError> {
        self.deploy_file(name, candidate(name, code), trigger).await
    }

    pub(super) async fn deploy_file(
        &self,
        name: &str,
        candidate: Candidate<Code>,
        trigger: Trigger,
    ) -> Result<Option<Report>, CogError> {
        let (answer, outcome) = oneshot::channel();
        self.registry.found(&candidate.file, &candidate.manifest);
        self.send(name, Message::Deploy(candidate, trigger, Answer(Some(answer))));
        outcome.await.expect("the owner answers")
    }

    pub(super) async fn renew(&self, name: &str) -> Result<Option<Report>, CogError> {
        let (answer, outcome) = oneshot::channel();
        self.send(name, Message::Renew(Answer(Some(answer))));
        outcome.await.expect("the owner answers")
    }

    pub(super) async fn leave(&self, name: &str, why: Leaving) -> Result<Option<Report>, CogError> {
        let (answer, outcome) = oneshot::channel();
        self.send(name, Message::Leave(why, Answer(Some(answer))));
        outcome.await.expect("the owner answers")
    }

    /// Waits until everything that was sent to the owner earlier is done.
    pub(super) async fn settle(&self, name: &str) {
        let nobody = Leaving::FileGone(PathBuf::from("/nowhere/else"));
        assert!(self.leave(name, nobody).await.is_err(), "it is not its file");
    }

    pub(super) async fn fault(&self, name: &str, number: u64, kind: FaultKind) {
        self.send(name, Message::Fault { number, what: "command !x".to_owned(), fault: fault(kind) });
        self.settle(name).await;
    }

    pub(super) async fn stuck(&self, name: &str, number: u64) {
        self.send(name, Message::Lost { number, how: Lost::Hang, why: "it did not return".to_owned() });
        self.settle(name).await;
    }

    pub(super) fn status(&self, name: &str) -> Status {
        self.registry.of(name, |status, _| status.clone()).expect("the cog is known")
    }

    pub(super) fn waiting(&self, name: &str) -> usize {
        self.registry.of(name, |_, entry| entry.inbox.len()).expect("the cog is known")
    }

    /// The stage of a cog, and the generation that serves.
    pub(super) fn stage(&self, name: &str) -> (Stage, Option<u64>) {
        let status = self.status(name);
        (status.stage, status.generation)
    }
}
