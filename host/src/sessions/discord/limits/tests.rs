//! What the answers to requests change for those that follow, on a clock that only the tests move.

use super::*;
use crate::sessions::Method;

fn route(path: &str) -> Route {
    Route::read(Method::Post, path).unwrap()
}
fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}
fn window(limit: u32, remaining: u32, reset: f64, after: f64) -> Headers {
    Headers {
        bucket: Some(7),
        limit: Some(limit),
        remaining: Some(remaining),
        reset: Some(reset),
        reset_after: Some(after),
    }
}
async fn is_waiting(limits: &Limits, route: Route) -> bool {
    tokio::time::timeout(Duration::from_millis(5), limits.acquire(route, soon())).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn an_unknown_bucket_lets_one_through_and_then_as_many_as_remain() {
    let limits = Limits::new(None);
    let messages = route("/channels/1/messages");
    let first = limits.acquire(messages, soon()).await.unwrap();
    assert!(is_waiting(&limits, messages).await);
    let before = Instant::now();
    first.answered(&window(5, 4, 100.0, 0.2));
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(limits.acquire(messages, soon()).await.unwrap());
    }
    assert!(is_waiting(&limits, messages).await);
    drop(held);
    limits.acquire(messages, soon()).await.unwrap();
    assert!(before.elapsed() >= Duration::from_millis(200), "it has to wait for the window's end");
}

#[tokio::test(start_paused = true)]
async fn a_new_window_counts_what_is_still_on_its_way() {
    let limits = Limits::new(None);
    let messages = route("/channels/1/messages");
    limits.acquire(messages, soon()).await.unwrap().answered(&window(2, 1, 100.0, 0.02));
    let slow = limits.acquire(messages, soon()).await.unwrap();
    let _second = limits.acquire(messages, soon()).await.unwrap();
    assert!(is_waiting(&limits, messages).await, "two of two are in flight");
    slow.answered(&window(2, 1, 101.0, 10.0));
    assert!(is_waiting(&limits, messages).await, "one is left, and one is in flight");
}

#[tokio::test(start_paused = true)]
async fn another_place_has_a_limit_of_its_own_and_is_known_from_the_first() {
    let limits = Limits::new(None);
    let used_up = window(2, 0, 100.0, 50.0);
    limits.acquire(route("/channels/1/messages"), soon()).await.unwrap().answered(&used_up);
    let other = route("/channels/2/messages");
    let _a = limits.acquire(other, soon()).await.unwrap();
    let _b = limits.acquire(other, soon()).await.unwrap();
    assert!(is_waiting(&limits, other).await);
}

#[tokio::test(start_paused = true)]
async fn answers_that_overtake_each_other_never_raise_what_is_left() {
    let limits = Limits::new(None);
    let messages = route("/channels/1/messages");
    limits.acquire(messages, soon()).await.unwrap().answered(&window(5, 4, 100.0, 50.0));
    let a = limits.acquire(messages, soon()).await.unwrap();
    let b = limits.acquire(messages, soon()).await.unwrap();
    b.answered(&window(5, 0, 100.0, 49.0));
    a.answered(&window(5, 3, 100.0, 49.0));
    assert!(is_waiting(&limits, messages).await);
}

#[tokio::test(start_paused = true)]
async fn a_global_pause_stops_everything_but_interactions_and_webhooks() {
    let limits = Limits::new(None);
    let before = Instant::now();
    let first = limits.acquire(route("/channels/9/messages"), soon()).await.unwrap();
    first.refused_globally(&Headers::default(), Duration::from_millis(100));
    assert!(is_waiting(&limits, route("/channels/1/messages")).await);
    limits.acquire(route("/interactions/1/t/callback"), soon()).await.unwrap();
    limits.acquire(route("/webhooks/1/t"), soon()).await.unwrap();
    limits.acquire(route("/channels/1/messages"), soon()).await.unwrap();
    assert!(before.elapsed() >= Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_nothing_lets_one_through_at_a_time() {
    let limits = Limits::new(None);
    let messages = route("/channels/1/messages");
    for _ in 0..3 {
        let first = limits.acquire(messages, soon()).await.unwrap();
        assert!(is_waiting(&limits, messages).await);
        first.answered(&window(0, 0, 0.0, 0.0));
    }
    let other = limits.acquire(route("/channels/2/messages"), soon()).await.unwrap();
    assert!(is_waiting(&limits, route("/channels/2/messages")).await);
    drop(other);
}

#[tokio::test(start_paused = true)]
async fn after_8000_refusals_nothing_is_sent_and_the_error_says_when_it_goes_on() {
    let limits = Limits::new(None);
    for _ in 0..8000 {
        limits.count_invalid();
    }
    for path in ["/channels/1/messages", "/webhooks/1/t", "/interactions/1/t/callback"] {
        let stopped = limits.acquire(route(path), soon()).await.err().unwrap();
        assert_eq!(stopped.why, Throttle::Invalid);
        tokio::time::advance(stopped.wait).await;
        limits.acquire(route(path), soon()).await.unwrap();
        for _ in 0..8000 {
            limits.count_invalid();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_refused_at_once() {
    let limits = Limits::new(None);
    let messages = route("/channels/1/messages");
    let permit = limits.acquire(messages, soon()).await.unwrap();
    permit.refused(&Headers::default(), Duration::from_secs(600));
    let refused = limits.acquire(messages, soon()).await.err().unwrap();
    assert!(refused.wait > Duration::from_secs(500));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_given_up_does_not_block_its_bucket() {
    let limits = Limits::new(None);
    let messages = route("/channels/1/messages");
    drop(limits.acquire(messages, soon()).await.unwrap());
    limits.acquire(messages, soon()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_route_without_limits_runs_in_parallel() {
    let limits = Limits::new(None);
    let gateway = route("/gateway/bot");
    limits.acquire(gateway, soon()).await.unwrap().answered(&Headers::default());
    let _a = limits.acquire(gateway, soon()).await.unwrap();
    let _b = limits.acquire(gateway, soon()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_names_another_bucket_each_time_fills_no_table() {
    let limits = Limits::new(None);
    for name in 0..20_000 {
        let named =
            Headers { bucket: Some(super::super::route::hash(name, b"")), ..window(5, 4, 100.0, 0.0) };
        limits.acquire(route("/channels/1/messages"), soon()).await.unwrap().answered(&named);
    }
    assert_eq!(limits.known_buckets(), 1);
}

/// As when messages of different age are deleted: <https://github.com/discord/discord-api-docs/issues/1295>.
#[tokio::test(start_paused = true)]
async fn a_route_with_two_buckets_waits_for_the_one_that_it_reached_last() {
    let limits = Limits::new(None);
    let delete = route("/channels/1/messages");
    let answered = async |headers: &Headers| limits.acquire(delete, soon()).await.unwrap().answered(headers);
    let old = Headers { bucket: Some(8), ..window(30, 29, 220.0, 120.0) };
    answered(&window(5, 1, 101.0, 1.0)).await;
    answered(&old).await;
    answered(&window(5, 0, 101.0, 1.0)).await;
    let before = Instant::now();
    assert!(is_waiting(&limits, delete).await, "none is left in this one");
    limits.acquire(delete, soon()).await.unwrap().refused(&window(5, 0, 102.0, 1.0), Duration::from_secs(1));
    limits.acquire(delete, soon()).await.unwrap();
    assert!(
        before.elapsed() < Duration::from_secs(5),
        "{:?}: as long as the other one lasts",
        before.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_counted_though_the_name_of_its_bucket_was_learned_elsewhere_meanwhile() {
    let limits = Limits::new(None);
    let [one, two] = ["/channels/1/messages", "/channels/2/messages"].map(route);
    let of_one = limits.acquire(one, soon()).await.unwrap();
    let of_two = limits.acquire(two, soon()).await.unwrap();
    of_one.answered(&window(5, 4, 100.0, 50.0));
    of_two.answered(&window(5, 0, 100.0, 50.0));
    assert!(is_waiting(&limits, two).await, "none is left");
    assert_eq!(limits.known_buckets(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_on_its_way_does_not_open_a_bucket_that_was_closed() {
    let limits = Limits::new(None);
    let messages = route("/channels/1/messages");
    limits.acquire(messages, soon()).await.unwrap().answered(&window(5, 4, 100.0, 1.0));
    let slow = limits.acquire(messages, soon()).await.unwrap();
    let refused = limits.acquire(messages, soon()).await.unwrap();
    let before = Instant::now();
    // A limit that is shared with others is no part of the bucket's window.
    refused.refused(&window(5, 2, 100.0, 1.0), Duration::from_secs(30));
    slow.answered(&window(5, 4, 101.0, 1.0));
    limits.acquire(messages, soon()).await.unwrap();
    assert!(before.elapsed() >= Duration::from_secs(30), "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn unused_buckets_are_forgotten() {
    let limits = Limits::new(None);
    for token in 0..20_000 {
        let path = format!("/webhooks/1/token{token}");
        limits.acquire(route(&path), soon()).await.unwrap().answered(&window(5, 4, 100.0, 0.0));
    }
    assert!(limits.known_buckets() <= SHARDS * (PRUNE_ABOVE + 1), "{}", limits.known_buckets());
}
