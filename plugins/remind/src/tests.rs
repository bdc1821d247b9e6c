//! Each reminder is sent once, whether it was created by slash, prefix or site API, and even if the cog is replaced in
//! between.

use gearshift_cog::testing::Bot;
use serde_json::{Value, json};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

/// The messages in the channel other than answers.
fn reminders(bot: &Bot) -> Vec<String> {
    let posted = bot.messages("general").into_iter().map(|message| message.content());
    posted.filter(|text| text.starts_with("<@")).collect()
}

fn ask(bot: &Bot, line: &str) -> String {
    bot.user("alice").say(line).content()
}

#[test]
fn a_reminder_is_sent_once_even_if_the_cog_is_replaced_in_between() {
    let bot = Bot::new::<Remind>();
    assert_eq!(ask(&bot, "!remind 10m drink @everyone tea"), "I will remind you <t:1767226200:R>.");
    bot.advance(5 * MINUTE);
    bot.reload::<Remind>();
    bot.advance(5 * MINUTE - Duration::from_millis(1));
    assert!(reminders(&bot).is_empty());
    bot.reload::<Remind>();
    bot.advance(Duration::from_millis(1));
    bot.reload::<Remind>();
    bot.advance(60 * MINUTE);
    assert_eq!(reminders(&bot), ["<@1> drink @everyone tea"]);
    let sent = bot.messages("general").into_iter().find(|message| message.content().starts_with("<@"));
    assert_eq!(sent.expect("it was posted").notifies(), [1]);
}

#[test]
fn a_reminder_is_posted_once_even_if_the_answer_is_lost() {
    for is_replaced in [false, true] {
        let bot = Bot::new::<Remind>();
        let _ = ask(&bot, "!remind 1m tea");
        bot.lose_response("POST", "/channels/*/messages");
        bot.advance(MINUTE);
        assert_eq!(reminders(&bot).len(), 1, "it was posted, and the cog does not know");
        if is_replaced {
            bot.reload::<Remind>();
        }
        bot.advance(10 * MINUTE);
        let sent = bot.discord_requests().into_iter().filter(|request| request.json()["nonce"].is_string());
        assert_eq!((sent.count(), reminders(&bot).len()), (2, 1), "{}", bot.transcript());
    }
}

#[test]
fn a_reminder_that_discord_never_accepts_is_given_up() {
    let bot = Bot::new::<Remind>();
    let _ = ask(&bot, "!remind 1m tea");
    bot.refuse("POST", "/channels/*/messages", 403, 50013);
    bot.advance(10 * MINUTE);
    assert!(bot.faults().is_empty() && reminders(&bot).is_empty());
    assert_eq!(bot.transcript().matches("a reminder was given up").count(), 1);
}

#[test]
fn invalid_reminders_are_refused_with_an_error() {
    let bot = Bot::new::<Remind>();
    let table = [
        ("!remind soon tea", "`when` must be a duration such as `90s`, `10m` or `1h30m`."),
        ("!remind 10s", "`what` is missing."),
        ("!remind 0s tea", "`when` must be between a second and a year."),
        ("!remind 366d tea", "`when` must be between a second and a year."),
    ];
    for (line, answer) in table {
        assert_eq!(ask(&bot, line), answer);
    }
    assert_eq!(ask(&bot, "!remind 365d tea"), "I will remind you <t:1798761600:R>.");
    assert!(bot.faults().is_empty());
}

#[test]
fn a_reminder_that_cannot_be_read_does_not_keep_the_others_from_being_sent() {
    let kept = |id: &str, due: u64| {
        let reminder = json!({ "id": id, "due_ms": due, "channel": 200, "user": 1, "text": id });
        (format!("reminders/{id}"), reminder.to_string())
    };
    let all = [kept("1", 0), ("reminders/2".to_owned(), "{}".to_owned()), kept("3", u64::MAX)];
    let all = [&all[..], &[kept("4", 1_767_225_660_000)]].concat();
    let bot =
        all.into_iter().fold(Bot::builder(), |bot, (key, value)| bot.stored(&key, value)).build::<Remind>();
    bot.advance(MINUTE);
    assert_eq!(reminders(&bot), ["<@1> 1", "<@1> 4"]);
    assert!(bot.stored("reminders/2").is_some() && bot.stored("reminders/3").is_some());
}

#[test]
fn reminders_of_the_site_are_sent_and_deleted_there() {
    let bot = Bot::builder().settings(json!({ "at_site": true })).build::<Remind>();
    let reminder =
        json!({ "id": "a1", "due_ms": 1_767_225_720_000_u64, "channel": 200, "user": 1, "text": "tea" });
    bot.mock_api("GET", "reminders", 200, json!([reminder]));
    bot.mock_api("GET", "reminders/a1", 200, reminder);
    bot.mock_api("DELETE", "reminders/a1", 204, Value::Null);
    bot.advance(MINUTE);
    assert!(reminders(&bot).is_empty());
    bot.advance(MINUTE - Duration::from_millis(1));
    bot.reload::<Remind>();
    bot.advance(Duration::from_millis(1));
    bot.mock_api("GET", "reminders", 200, json!([]));
    bot.mock_api("PUT", "reminders/*", 204, Value::Null);
    assert_eq!(reminders(&bot), ["<@1> tea"]);
    let deleted = |request: &gearshift_cog::testing::SentRequest| request.method == "DELETE";
    assert_eq!(bot.api_requests().into_iter().filter(deleted).count(), 1);
    let _ = ask(&bot, "!remind 10m more tea");
    let put = bot.api_requests().into_iter().rfind(|request| request.method == "PUT").expect("it was kept");
    assert_eq!((&put.json()["text"], &put.json()["user"]), (&json!("more tea"), &json!(1)));
}
