//! What a user reads whose press is lost on its way to a cog, and that no event is still routed by a table that
//! was replaced.

use std::{
    sync::{Arc, Mutex, mpsc as blocking},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use arc_swap::ArcSwap;
use axum::extract::Request;
use gearshift_cog::manifest::Manifest;
use tokio::{net::TcpListener, runtime, sync::mpsc};
use tokio_util::task::TaskTracker;

use super::{Away, Notices, OwnCommands, Router, Table};
use crate::{
    config::{Config, Secret},
    event,
    lane::{Begin, Inbox, Item},
    sessions::{Discord, Sessions},
};

/// Upper bound for every wait in a test.
const SOON: Duration = Duration::from_secs(20);

/// A cog that goes at the very moment when an item is pushed to its queue, as its owner retires it.
struct Going {
    inbox: Arc<Inbox>,
    table: Arc<ArcSwap<Table>>,
}

impl Wake for Going {
    fn wake(self: Arc<Self>) {
        let mut table = Table::default();
        table.add_away(&Arc::from("going"), &manifest(), Away::ComesBack);
        self.table.store(Arc::new(table));
        self.inbox.close().into_iter().filter_map(|item| item.observer).for_each(|it| it.decline());
    }
}

fn manifest() -> Manifest {
    Manifest { components: vec!["left".to_owned()], ..Manifest::default() }
}

/// A press of the button `left`.
const PRESS: &str =
    r#"{"id":"1","application_id":"8","type":3,"token":"t","data":{"custom_id":"left","component_type":2}}"#;

/// A minimal Discord server, and what interactions are answered with.
async fn discord() -> (Arc<Discord>, mpsc::UnboundedReceiver<serde_json::Value>) {
    let (answers, answered) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = axum::Router::new().fallback(move |request: Request| {
        let answers = answers.clone();
        async move {
            match request.uri().path() {
                "/api/v10/users/@me" => r#"{"id":"7","username":"gear"}"#,
                "/api/v10/oauth2/applications/@me" => {
                    r#"{"id":"8","name":"Gear","owner":{"id":"9","username":"op"},"flags":0,"team":null}"#
                }
                _ => {
                    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
                    answers.send(serde_json::from_slice(&body).unwrap()).unwrap();
                    "{}"
                }
            }
        }
    });
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    let text = format!("[cogs]\n[discord]\napi_url = \"http://{address}\"\n");
    let mut config = Config::parse(&text, "gearshift.toml".as_ref()).unwrap();
    config.discord.as_mut().unwrap().token = Some(Secret::new("t0ken.of.a.test", "the test").unwrap());
    (Sessions::open(&config).await.unwrap().discord.unwrap(), answered)
}

fn router(discord: Option<Arc<Discord>>, defer_after: Duration) -> Router {
    let notices = Notices {
        discord,
        runtime: runtime::Handle::current(),
        work: TaskTracker::new(),
        defer_after,
        answer_timeout: SOON,
        failure_text: "".into(),
        unanswered: Default::default(),
    };
    Router::new("!".to_owned(), OwnCommands::new(Vec::new()).0, notices)
}

#[tokio::test]
async fn a_press_whose_cogs_all_decline_while_it_is_handed_out_is_answered_at_once() {
    for (other_is_full, text) in [
        (false, "This button is being updated. Try again in a moment."),
        (true, "This button is too busy at the moment. Try again later."),
    ] {
        let (discord, mut answered) = discord().await;
        let router = router(Some(discord), SOON);
        let [inbox, other] = [(); 2].map(|()| Inbox::new(1));
        let mut table = Table::default();
        table.add(&Arc::from("going"), &inbox, &manifest());
        inbox.open();
        if other_is_full {
            table.add(&Arc::from("other"), &other, &manifest());
            other.open();
            other.push(Item::event(event::raw("TYPING_START", "{}"))).expect("there is room");
        }
        router.publish(table);
        let going = Going { inbox: Arc::clone(&inbox), table: Arc::clone(&router.table) };
        let waker = Waker::from(Arc::new(going));
        assert!(inbox.poll_next(&mut Context::from_waker(&waker)).is_pending());
        router.route("INTERACTION_CREATE", PRESS);
        let answer = tokio::time::timeout(SOON, answered.recv()).await.expect("it is answered").unwrap();
        assert_eq!(answer["data"]["content"], text);
    }
}

#[tokio::test]
async fn a_press_is_deferred_that_its_cog_is_late_to_answer() {
    let (discord, mut answered) = discord().await;
    let router = router(Some(discord), Duration::from_millis(50));
    let inbox = Inbox::new(1);
    let mut table = Table::default();
    table.add(&Arc::from("late"), &inbox, &manifest());
    inbox.open();
    router.publish(table);
    router.route("INTERACTION_CREATE", PRESS);
    let Poll::Ready(item) = inbox.poll_next(&mut Context::from_waker(Waker::noop())) else {
        panic!("it has the press")
    };
    let mut observer = item.observer.unwrap();
    assert!(matches!(observer.begin(item.call), Begin::Now(_)));
    let answer = tokio::time::timeout(SOON, answered.recv()).await.expect("it is deferred").unwrap();
    assert_eq!(answer["type"], 6);
}

/// A queue whose push blocks until the other end is dropped.
struct Held {
    arrived: blocking::Sender<()>,
    released: Mutex<blocking::Receiver<()>>,
}

impl Wake for Held {
    fn wake(self: Arc<Self>) {
        self.arrived.send(()).unwrap();
        let _ = self.released.lock().unwrap().recv();
    }
}

#[tokio::test]
async fn a_table_is_replaced_only_when_nothing_is_handed_out_by_the_one_before() {
    let router = router(None, SOON);
    let inbox = Inbox::new(1);
    let mut table = Table::default();
    let manifest = Manifest { events: vec!["TYPING_START".to_owned()], ..Manifest::default() };
    table.add(&Arc::from("old"), &inbox, &manifest);
    inbox.open();
    router.publish(table);
    let ((arrived, arrives), (release, released)) = (blocking::channel(), blocking::channel());
    let waker = Waker::from(Arc::new(Held { arrived, released: Mutex::new(released) }));
    assert!(inbox.poll_next(&mut Context::from_waker(&waker)).is_pending());
    let (published, publishes) = blocking::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| router.route("TYPING_START", "{}"));
        arrives.recv_timeout(SOON).expect("the event comes to its queue");
        scope.spawn(|| {
            router.publish(Table::default());
            published.send(()).unwrap();
        });
        let early = publishes.recv_timeout(Duration::from_millis(100));
        drop(release);
        assert!(early.is_err(), "an event was still on its way");
        publishes.recv_timeout(SOON).expect("it is replaced then");
    });
    assert_eq!(inbox.len(), 1);
}
