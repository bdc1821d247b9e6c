//! `gearshift smoke`: scripts that pass, scripts that fail at a line, scripts that cannot be parsed.

use std::{fs, net::TcpListener, path::PathBuf};

use crate::program::{Place, run, workspace};

fn smoke(place: &Place, scripts: &[&str]) -> crate::program::Ended {
    run(place, &[&["smoke", "--cogs", "cogs"], scripts].concat())
}

#[test]
fn the_scripts_of_the_example_cogs_pass() {
    let plugins = workspace().join("plugins");
    let cogs = ["ping", "counter", "tags", "poll", "welcome", "remind", "pulse", "lookup"];
    let scripts = cogs.map(|cog| plugins.join(cog).join("smoke.txt"));
    let beside = |it: &PathBuf| it.join("smoke.txt").exists();
    let all = fs::read_dir(&plugins).unwrap().map(|entry| entry.unwrap().path()).filter(beside).count();
    assert_eq!(all, cogs.len(), "a script in {} is not played", plugins.display());
    let config = plugins.join("smoke.toml");
    let arguments = ["smoke", "--config", config.to_str().unwrap(), "--cogs", "cogs"];
    let scripts = scripts.each_ref().map(|script| script.to_str().unwrap());
    let played = run(&Place::with(&cogs), &[&arguments[..], &scripts].concat());
    assert_eq!(played.code, 0, "{}{}", played.out, played.err);
    assert_eq!(played.out.matches("ok      ").count(), cogs.len(), "{}", played.out);
}

#[test]
fn each_script_begins_with_an_empty_store() {
    let place = Place::with(&["counter"]);
    let script = place.file("count.txt", "alice> !count\nbot< 1 for you, *\n");
    assert_eq!(smoke(&place, &[&script, &script]).code, 0);
}

#[test]
fn scripts_are_played_while_another_program_has_the_port_of_the_config() {
    let place = Place::with(&["ping"]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    place.file("gearshift.toml", &format!("[cogs]\nfolder = \"cogs\"\n[play]\nport = {port}\n"));
    let script = place.file("ping.txt", "alice> !ping a\nbot< pong a\n");
    let played = run(&place, &["smoke", &script]);
    assert_eq!(played.code, 0, "{}{}", played.out, played.err);
}

#[test]
fn a_failure_names_the_line_and_the_actual_output() {
    let place = Place::with(&["ping"]);
    let script = place.file("wrong.txt", "# remark\n\nalice> !ping hi\nbot< pong ho\n");
    let played = smoke(&place, &[&script]);
    assert_eq!(played.code, 1);
    assert!(played.out.contains("wrong.txt:4"), "{}", played.out);
    assert!(played.out.contains("- bot< pong ho\n    + bot< pong hi"), "{}", played.out);
    assert!(played.err.contains("error: 1 of 1 scripts failed"), "{}", played.err);
}

#[test]
fn silence_and_unexpected_words_are_failures() {
    let place = Place::with(&["ping"]);
    let silent = place.file("silent.txt", "within 100ms\nalice> hello\nbot< *\n");
    let played = smoke(&place, &[&silent]);
    assert_eq!(played.code, 1);
    assert!(played.out.contains("the bot said nothing within 100 ms"), "{}", played.out);

    let talkative = place.file("talkative.txt", "alice> !ping a\nbot< (nothing)\n");
    let played = smoke(&place, &[&talkative]);
    assert!(played.code == 1 && played.out.contains("+ bot< pong a"), "{}", played.out);

    let quiet = place.file("quiet.txt", "within 100ms\nalice> hello\nbot< (nothing)\n");
    assert_eq!(smoke(&place, &[&quiet]).code, 0);

    let nobody = place.file("nobody.txt", "alcie> hello\nbot< *\n");
    let played = smoke(&place, &[&nobody]);
    assert!(played.code == 1 && played.out.contains("did you mean `alice`?"), "{}", played.out);

    let missing = place.file("missing.txt", "needs music\nbot< *\n");
    let played = smoke(&place, &[&missing]);
    assert!(played.code == 1 && played.out.contains("there is no cog `music`"), "{}", played.out);
}

#[test]
fn a_script_that_is_not_understood_is_65_and_nothing_is_played() {
    let place = Place::with(&["ping"]);
    let good = place.file("good.txt", "alice> !ping\nbot< pong\n");
    let bad = place.file("bad.txt", "alice> !ping\nbto< pong\nrelod ping\n");
    let played = smoke(&place, &[&good, &bad]);
    assert_eq!(played.code, 65);
    assert_eq!(played.out, "");
    assert!(played.err.contains("bad.txt:2: ") && played.err.contains("bad.txt:3: "), "{}", played.err);
    assert_eq!(smoke(&place, &["nowhere.txt"]).code, 65);
}

#[test]
fn an_answer_that_never_comes_is_reported_when_its_time_is_over_and_a_lost_call_is_not_forgiven() {
    let place = Place::with(&["ping"]);
    let late = place.file(
        "late.txt",
        ":time freeze\n:faults POST /interactions/* drop 20\nalice> /ping\n:time advance 3s\nbot< (no answer) /ping\n",
    );
    let played = smoke(&place, &[&late]);
    assert_eq!(played.code, 0, "{}{}", played.out, played.err);
}

#[test]
fn messages_before_a_restart_are_still_there_after_it() {
    let place = Place::with(&["counter"]);
    let script = place.file(
        "restart.txt",
        "alice> !count\nbot< 1 for you, *\nrestart\nneeds counter\nalice> :react 👍\nalice> !count\nbot< 2 for you, *\nsettle\n",
    );
    let played = smoke(&place, &[&script]);
    assert_eq!(played.code, 0, "{}{}", played.out, played.err);
}

#[test]
fn the_tasks_of_cogs_go_by_the_time_of_the_built_in_discord() {
    let place = Place::with(&["remind"]);
    let script = place.file(
        "remind.txt",
        "needs remind\n\
         alice> !remind 10m tea\nbot< I will remind you <t:*\n\
         alice> !remind 2h dinner\n:time advance 9m\nbot< I will remind you <t:*\nwithin 100ms\nbot< (nothing)\nwithin 10s\n\
         :time advance 15m\nbot< <@{alice}> tea\n\
         reload remind\n\
         :time freeze\n:time advance 1h\n:time advance 1h\nbot< <@{alice}> dinner\n",
    );
    let played = smoke(&place, &[&script]);
    assert_eq!(played.code, 0, "{}{}", played.out, played.err);
}

#[test]
fn an_advance_over_many_tasks_runs_each_at_its_moment_and_in_order() {
    let place = Place::with(&["remind"]);
    let script = place.file(
        "order.txt",
        ":time freeze\n\
         alice> !remind 3h third\nbot< *\n\
         alice> !remind 1h first\nbot< *\n\
         alice> !remind 2h second\nbot< *\n\
         :time advance 1d\n\
         bot< <@{alice}> first\nbot< <@{alice}> second\nbot< <@{alice}> third\n",
    );
    let played = smoke(&place, &[&script]);
    assert_eq!(played.code, 0, "{}{}", played.out, played.err);
}
