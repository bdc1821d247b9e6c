//! The gateway connection with the built-in Discord: nothing is lost or received twice, whatever the connection does.

use std::sync::Arc;
use std::time::Duration;

use gearshift_host::config::{Config, Intent, Secret, Status};
use gearshift_host::gateway::{
    Command, Dispatch, EndError, Gateway, Members, MembersRequest, Presence, Refused, State, Timing,
};
use gearshift_host::sessions::discord::Request;
use gearshift_host::sessions::{Method, Sessions};
use gearshift_sim::{RestFault, Sim, SimOptions};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use crate::stand_in::*;

/// A host's connection to a simulator, and the events that it received.
struct World {
    sim: Sim,
    sessions: Sessions,
    gateway: Gateway,
    received: UnboundedReceiver<Dispatch>,
}

/// Discord's times, shortened.
fn quick() -> Timing {
    Timing {
        reconnect_first: Duration::from_millis(5),
        invalid_session: (Duration::from_millis(1), Duration::from_millis(5)),
        identify_every: Duration::from_millis(10),
        ..Timing::default()
    }
}

fn settings(sim: &Sim) -> Config {
    let mut config = config(&format!("[discord]\napi_url = \"{}\"\ntries = 1", sim.api_url()));
    config.discord.as_mut().unwrap().token = Some(Secret::new(sim.token(), "the sim").unwrap());
    config
}

async fn connect(options: SimOptions, change: impl FnOnce(&Sim, &mut Config)) -> World {
    let sim = Sim::start(options).await.unwrap();
    let mut config = settings(&sim);
    change(&sim, &mut config);
    let sessions = soon(Sessions::open(&config)).await.unwrap();
    let (sink, received) = mpsc::unbounded_channel();
    let gateway = Gateway::open_with(
        sessions.discord.as_ref().unwrap(),
        &sessions.net,
        config.discord.as_ref().unwrap(),
        None,
        move |event| {
            // At the end of a test, the receiver has been dropped.
            let _ = sink.send(event);
        },
        quick(),
    )
    .unwrap();
    gateway.listen();
    World { sim, sessions, gateway, received }
}

async fn ready() -> World {
    let world = connect(SimOptions::default(), |_, _| {}).await;
    world.session().await;
    world
}

impl World {
    /// Waits for READY or RESUMED. Returns the session's id.
    async fn session(&self) -> String {
        let mut state = self.gateway.state(0).unwrap();
        let ready = soon(state.wait_for(|state| matches!(state, State::Ready { .. }))).await.unwrap().clone();
        let State::Ready { session } = ready else { panic!("it was ready") };
        session
    }

    /// Waits until the session is interrupted, then until it is ready again.
    async fn session_after(&self, trouble: impl FnOnce(&Sim)) -> String {
        let mut state = self.gateway.state(0).unwrap();
        state.mark_unchanged();
        trouble(&self.sim);
        soon(state.changed()).await.unwrap();
        self.session().await
    }

    /// The contents of the next messages.
    async fn messages(&mut self, count: usize) -> Vec<String> {
        let mut contents = Vec::new();
        while contents.len() < count {
            let event = soon(self.received.recv()).await.unwrap();
            if event.name() == "MESSAGE_CREATE" {
                let data: serde_json::Value = serde_json::from_str(event.data()).unwrap();
                contents.push(data["content"].as_str().unwrap().to_owned());
            }
        }
        contents
    }

    async fn refused(&self) -> Arc<Refused> {
        match soon(self.gateway.ended()).await.unwrap_err() {
            EndError::Refused(refused) => refused,
            EndError::Panicked => panic!("no sink panics here"),
        }
    }
}

fn numbers(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn events_come_in_order_with_their_numbers() {
    let mut world = ready().await;
    let alice = world.sim.member("alice").unwrap();
    for number in 0..300 {
        alice.say("general", &number.to_string()).await.unwrap();
    }
    let (mut last, mut contents) = (0, Vec::new());
    let mut names = Vec::new();
    while contents.len() < 300 {
        let event = soon(world.received.recv()).await.unwrap();
        last += 1;
        assert_eq!((event.shard, event.seq), (0, Some(last)));
        names.push(event.name().to_owned());
        if event.name() == "MESSAGE_CREATE" {
            let data: serde_json::Value = serde_json::from_str(event.data()).unwrap();
            contents.push(data["content"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(contents, numbers(0, 300));
    assert_eq!(names[0], "READY");
    assert!(names.contains(&"GUILD_CREATE".to_owned()));
}

#[tokio::test]
async fn nothing_is_lost_or_received_twice_when_the_connection_breaks() {
    let mut world = ready().await;
    let session = world.session().await;
    let alice = world.sim.member("alice").unwrap();
    let troubles: [fn(&Sim) -> usize; 5] = [
        |sim| sim.gateway().drop_sockets(),
        |sim| sim.gateway().ask_reconnect(),
        |sim| sim.gateway().invalidate(true),
        |sim| sim.gateway().close_sockets(4000),
        |sim| sim.gateway().close_sockets(4008),
    ];
    let mut said = 0;
    for trouble in troubles {
        for _ in 0..20 {
            alice.say("general", &said.to_string()).await.unwrap();
            said += 1;
        }
        let after = world
            .session_after(|sim| {
                trouble(sim);
            })
            .await;
        assert_eq!(after, session, "it is resumed, not begun again");
        for _ in 0..20 {
            alice.say("general", &said.to_string()).await.unwrap();
            said += 1;
        }
    }
    assert_eq!(world.messages(said).await, numbers(0, said));
}

#[tokio::test]
async fn a_session_that_is_lost_is_begun_again() {
    let mut world = ready().await;
    let mut session = world.session().await;
    let troubles: [fn(&Sim) -> usize; 2] =
        [|sim| sim.gateway().invalidate(false), |sim| sim.gateway().close_sockets(4009)];
    for trouble in troubles {
        let after = world
            .session_after(|sim| {
                trouble(sim);
            })
            .await;
        assert_ne!(after, session);
        session = after;
    }
    world.sim.member("alice").unwrap().say("general", "still there?").await.unwrap();
    assert_eq!(world.messages(1).await, ["still there?"]);
}

#[tokio::test]
async fn a_discord_that_does_not_say_where_its_gateway_is_is_asked_again() {
    let fault = RestFault::Status { status: 500, code: 0, message: "out of order".to_owned() };
    let world =
        connect(SimOptions::default(), |sim, _| sim.faults().rest("GET", "/gateway/bot", 3, fault)).await;
    let mut state = world.gateway.state(0).unwrap();
    let waiting = soon(state.wait_for(|state| matches!(state, State::Waiting { .. }))).await.unwrap().clone();
    assert!(waiting.to_string().contains("GET /gateway/bot: Discord answered 500"), "{waiting}");
    world.session().await;
}

#[tokio::test]
async fn a_gateway_that_is_away_is_tried_until_it_is_back_and_the_session_goes_on() {
    let mut world = ready().await;
    let session = world.session().await;
    world.sim.gateway().refuse_connections(true);
    let mut state = world.gateway.state(0).unwrap();
    state.mark_unchanged();
    world.sim.gateway().drop_sockets();
    world.sim.member("alice").unwrap().say("general", "meanwhile").await.unwrap();
    // Long enough that it requests an address other than the one for resuming.
    for _ in 0..6 {
        soon(state.wait_for(|state| matches!(state, State::Connecting))).await.unwrap();
        soon(state.wait_for(|state| matches!(state, State::Waiting { .. }))).await.unwrap();
    }
    world.sim.gateway().refuse_connections(false);
    assert_eq!(world.session().await, session);
    assert_eq!(world.messages(1).await, ["meanwhile"]);
}

#[tokio::test]
async fn what_discord_refuses_for_good_ends_the_gateway_with_a_way_out() {
    for (code, part) in [(4004, "Reset Token"), (4013, "intents"), (4014, "message_content")] {
        let world = ready().await;
        world.sim.gateway().close_sockets(code);
        let refused = world.refused().await;
        assert_eq!((refused.code, refused.shard), (code, 0));
        let (text, help) = (refused.to_string(), &refused.help);
        assert!(help.contains(part) || text.contains(part), "{text}: {help}");
        assert!(!text.contains('\n') && !help.is_empty(), "{text}");
        assert!(matches!(*world.gateway.state(0).unwrap().borrow(), State::Refused(_)));
    }
}

#[tokio::test]
async fn an_intent_that_is_not_granted_is_named() {
    let world = connect(SimOptions::default(), |sim, _| {
        let bot = sim.world(|world| world.bots()[0].id());
        sim.revoke_intents(bot, 1 << (Intent::MessageContent as u8));
    })
    .await;
    let refused = world.refused().await;
    assert!(refused.code == 4014 && refused.what.contains("message_content"), "{refused}");
}

#[tokio::test]
async fn a_message_whose_response_was_lost_is_posted_once() {
    let world = connect(SimOptions::default(), |_, config| config.discord.as_mut().unwrap().tries = 3).await;
    world.session().await;
    world.sim.faults().rest("POST", "/channels/*/messages", 1, RestFault::DropAnswer);
    let said = world.sim.member("alice").unwrap().say("general", "hello").await.unwrap();
    let channel = world.sim.messages("general").unwrap().last().unwrap().channel_id.0;
    let request = Request::new(Method::Post, format!("/channels/{channel}/messages"));
    let discord = world.sessions.discord.as_ref().unwrap();
    let answer = soon(discord.request(request.json(r#"{"content":"once"}"#))).await.unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let messages = world.sim.messages("general").unwrap();
    let ours: Vec<_> = messages.iter().filter(|message| message.id > said).collect();
    assert_eq!(ours.len(), 1, "it was carried out the first time");
    assert_eq!(answer["id"], ours[0].id.to_string(), "and the answer is that of the first time");
}

#[tokio::test]
async fn all_requests_arrive_despite_rate_limits_and_faults() {
    let world = connect(SimOptions::default(), |_, config| config.discord.as_mut().unwrap().tries = 5).await;
    world.session().await;
    world.sim.member("alice").unwrap().say("general", "start").await.unwrap();
    let channel = world.sim.messages("general").unwrap().last().unwrap().channel_id.0;
    let faults = world.sim.faults();
    let wait = Duration::from_millis(20);
    faults.rest("POST", "/channels/*/messages", 5, RestFault::RateLimit { retry_after: wait, global: false });
    faults.rest("POST", "/channels/*/messages", 2, RestFault::RateLimit { retry_after: wait, global: true });
    faults.rest("POST", "/channels/*/messages", 3, RestFault::Drop);
    let discord = world.sessions.discord.as_ref().unwrap();
    let posts = (0..40).map(|number| {
        let request = Request::new(Method::Post, format!("/channels/{channel}/messages"));
        discord.request(request.json(format!(r#"{{"content":"{number}"}}"#)))
    });
    for answer in soon(futures_util::future::join_all(posts)).await {
        answer.unwrap();
    }
    let mut contents: Vec<usize> = world.sim.messages("general").unwrap()[1..]
        .iter()
        .map(|message| message.content.parse().unwrap())
        .collect();
    contents.sort_unstable();
    assert_eq!(contents, (0..40).collect::<Vec<_>>());
}

#[tokio::test]
async fn every_shard_receives_its_own_guilds_and_each_event_comes_once() {
    let side_by_side = SimOptions { max_concurrency: 3, ..SimOptions::default() };
    let mut world = connect(side_by_side, |_, config| {
        config.discord.as_mut().unwrap().shards = 3;
    })
    .await;
    for shard in 0..3 {
        let mut state = world.gateway.state(shard).unwrap();
        soon(state.wait_for(|state| matches!(state, State::Ready { .. }))).await.unwrap();
    }
    let alice = world.sim.member("alice").unwrap();
    for number in 0..30 {
        alice.say("general", &number.to_string()).await.unwrap();
    }
    assert_eq!(world.messages(30).await, numbers(0, 30));
    let guild = world.sim.world(|world| world.guilds().next().unwrap().id.0);
    let request = MembersRequest {
        guild_id: guild,
        // Requesting all members at once would need the privileged intent.
        who: Members::Query { name: "al".to_owned(), limit: 5 },
        presences: false,
        nonce: Some("mine".to_owned()),
    };
    world.gateway.send(Command::RequestMembers(request)).unwrap();
    loop {
        let event = soon(world.received.recv()).await.unwrap();
        if event.name() == "GUILD_MEMBERS_CHUNK" {
            assert_eq!(u64::from(event.shard), (guild >> 22) % 3);
            assert!(event.data().contains("\"mine\""));
            break;
        }
    }
}

#[tokio::test]
async fn a_presence_is_taken() {
    let world = ready().await;
    let presence = Presence { status: Status::Idle, ..Presence::default() };
    world.gateway.send(Command::Presence(presence)).unwrap();
    // An invalid frame would end the connection; one more event shows that it did not.
    let session = world.session().await;
    let mut world = world;
    world.sim.member("alice").unwrap().say("general", "idle?").await.unwrap();
    assert_eq!(world.messages(1).await, ["idle?"]);
    assert_eq!(world.session().await, session);
}

#[tokio::test]
async fn closing_says_goodbye_in_time_and_can_be_repeated() {
    let world = ready().await;
    soon(world.gateway.close()).await;
    soon(world.gateway.close()).await;
    soon(world.gateway.ended()).await.unwrap();
    assert_eq!(world.sim.gateway().connected(), 0);
    assert_eq!(world.sim.gateway().sessions(), Vec::<String>::new(), "the session was ended, not abandoned");
    soon(world.sessions.close()).await;
}

#[tokio::test]
async fn it_ends_with_the_runtime_of_its_sessions() {
    let sim = Sim::start(SimOptions::default()).await.unwrap();
    let config = settings(&sim);
    let elsewhere =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let opening = async move {
        let sessions = Sessions::open(&config).await.unwrap();
        let (discord, settings) = (sessions.discord.as_ref().unwrap(), config.discord.as_ref().unwrap());
        let gateway = Gateway::open_with(discord, &sessions.net, settings, None, |_| {}, quick()).unwrap();
        gateway.listen();
        gateway
    };
    let gateway = soon(elsewhere.spawn(opening)).await.unwrap();
    let mut state = gateway.state(0).unwrap();
    soon(state.wait_for(|state| matches!(state, State::Ready { .. }))).await.unwrap();
    elsewhere.shutdown_background();
    soon(gateway.ended()).await.unwrap();
    assert_eq!(*state.borrow(), State::Closed { kept: None });
}

#[tokio::test]
async fn a_sink_that_panics_is_an_end_that_is_reported() {
    let sim = Sim::start(SimOptions::default()).await.unwrap();
    let config = settings(&sim);
    let sessions = soon(Sessions::open(&config)).await.unwrap();
    let (discord, settings) = (sessions.discord.as_ref().unwrap(), config.discord.as_ref().unwrap());
    let sink = |_| panic!("this test wants it");
    let gateway = Gateway::open_with(discord, &sessions.net, settings, None, sink, quick()).unwrap();
    gateway.listen();
    assert!(matches!(soon(gateway.ended()).await, Err(EndError::Panicked)));
    soon(gateway.close()).await;
}

#[tokio::test]
async fn closing_does_not_wait_for_a_gateway_that_is_away() {
    let world = connect(SimOptions::default(), |sim, _| sim.gateway().refuse_connections(true)).await;
    let mut state = world.gateway.state(0).unwrap();
    soon(state.wait_for(|state| matches!(state, State::Waiting { .. }))).await.unwrap();
    soon(world.gateway.close()).await;
}
