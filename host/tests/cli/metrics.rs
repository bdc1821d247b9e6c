//! The endpoint of `gearshift run`: health, readiness and metrics, from before the sessions are opened to the end, and
//! across a restart.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use gearshift_sim::{Sim, SimOptions};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::{
    program::{Ended, Live, PATIENCE, Place, gearshift, run as once, skipped, workspace},
    running::{ask, discord, discord_with, run},
};

const ANY: &str = "[metrics]\naddress = \"127.0.0.1:0\"\n";

/// The address of the metrics, according to its log.
fn address(live: &mut Live) -> String {
    let line = live.expect("metrics are at http://");
    line.rsplit_once("http://").unwrap().1.strip_suffix("/metrics").unwrap().to_owned()
}

/// Status, head and body of a response.
fn get_as(address: &str, path: &str, accept: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer}"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_lowercase(), body.to_owned())
}

fn get(address: &str, path: &str) -> (u16, String) {
    let (status, _, body) = get_as(address, path, "*/*");
    (status, body)
}

/// Polls until the answer is as wanted; each poll is a request that waits for its answer.
fn until<T>(address: &str, path: &str, wanted: impl Fn(u16, &str) -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        let (status, body) = get(address, path);
        match wanted(status, &body) {
            Some(found) => return found,
            None => assert!(begun.elapsed() < PATIENCE, "{path}: {status} {body}"),
        }
    }
}

/// The samples in a text, by name and labels.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

/// The metrics in a text as rows of a table: name, kind, labels, description.
fn rows(text: &str) -> Vec<String> {
    let mut rows = Vec::new();
    for metric in text.split("# HELP ").skip(1) {
        let (name, rest) = metric.split_once(' ').unwrap();
        let mut lines = rest.lines();
        let (help, kind) = (lines.next().unwrap(), lines.next().unwrap().rsplit(' ').next().unwrap());
        let labels = lines.filter_map(|line| line.split_once('{')?.1.rsplit_once('}'));
        let labels =
            labels.flat_map(|(labels, _)| labels.split("\",").filter_map(|label| label.split('=').next()));
        let labels: BTreeSet<&str> = labels.filter(|label| *label != "le").collect();
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        rows.push(format!("| `{name}` | {kind} | {} | {help} |", labels.join(", ")));
    }
    rows
}

/// Waits until a sample of `/metrics` has this value.
fn number(address: &str, sample: &str, wanted: f64) {
    until(address, "/metrics", |_, text| (samples(text).get(sample) == Some(&wanted)).then_some(()));
}

fn status(place: &Place) -> Value {
    let Ended { out, err, .. } = once(place, &["status", "--json"]);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {err}"))
}

/// A ready host with these cogs and sections, and its address.
fn served(cogs: &[&str], more: &str) -> (Place, Runtime, Sim, Live, String) {
    let place = Place::with(cogs);
    // The latency is known once the first heartbeat was answered.
    let options = SimOptions { heartbeat_interval: Duration::from_secs(1), ..SimOptions::default() };
    let (runtime, sim) = discord_with(options, &place, more);
    let mut live = run(&place, sim.token());
    let address = address(&mut live);
    live.expect("ready; the control socket is");
    until(&address, "/ready", |status, _| (status == 200).then_some(()));
    (place, runtime, sim, live, address)
}

#[test]
fn what_the_endpoint_says_is_what_status_says() {
    let (place, runtime, sim, live, address) = served(&["ping", "faulty"], ANY);
    assert_eq!(get(&address, "/health"), (200, "alive\n".to_owned()));
    assert_eq!(get(&address, "/ready"), (200, "ready\n".to_owned()));
    assert_eq!(get(&address, "/").0, 404);
    let silent: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(&address).unwrap()).collect();
    assert_eq!(get(&address, "/health").0, 200, "who says nothing keeps nobody out");
    drop(silent);

    assert_eq!(ask(&runtime, &sim, "!ping hi").content, "pong hi");
    runtime.block_on(sim.member("alice").unwrap().say("general", "!faulty panic")).unwrap();
    number(&address, r#"gearshift_cog_faults_total{cog="faulty",kind="panic"}"#, 1.0);
    assert_eq!(once(&place, &["cogs", "reload", "ping"]).code, 0);
    let (_, text) = get(&address, "/metrics");
    let numbers = samples(&text);
    let at = |sample: &str| *numbers.get(sample).unwrap_or_else(|| panic!("no {sample} in\n{text}"));
    let of_ping = |name: &str, label: &str| at(&format!("gearshift_cog_{name}{{cog=\"ping\"{label}}}"));
    assert_eq!(of_ping("operations_total", ",outcome=\"loaded\""), 1.0);
    assert_eq!(of_ping("operations_total", ",outcome=\"replaced\""), 1.0);
    assert_eq!(of_ping("operations_total", ",outcome=\"failed\""), 0.0);
    assert_eq!((of_ping("generation", ""), of_ping("serving", "")), (2.0, 1.0));
    assert_eq!(of_ping("handler_seconds_count", ""), of_ping("items_taken_total", ""));
    assert_eq!(at(r#"gearshift_operation_phase_seconds_count{phase="setup"}"#), 3.0);
    assert_eq!(at("gearshift_replacement_pause_seconds_count"), 1.0);
    // Two messages of alice, and one of the bot.
    assert_eq!(at(r#"gearshift_events_received_total{event="MESSAGE_CREATE"}"#), 3.0);
    let posts =
        r#"gearshift_rest_requests_total{method="POST",route="/channels/{id}/messages",status="200"}"#;
    assert_eq!(at(posts), 1.0);
    assert!(at("process_resident_memory_bytes") > 1e6);

    let status = status(&place);
    assert_eq!(status["cogs"]["serving"], 2);
    assert_eq!(of_ping("serving", "") + at(r#"gearshift_cog_serving{cog="faulty"}"#), 2.0);
    assert_eq!(status["is_healthy"].as_bool(), Some(at("gearshift_ready") == 1.0));
    for session in ["http", "discord", "api", "stats", "store"] {
        let is_open = status["sessions"].as_array().unwrap().contains(&session.into());
        assert_eq!(
            at(&format!("gearshift_session_open{{session=\"{session}\"}}")),
            f64::from(u8::from(is_open))
        );
    }
    live.signal(15);
    assert_eq!(live.end().0, 0);
    assert!(TcpStream::connect(&address).is_err(), "nothing is left of it");
}

#[test]
fn a_shard_that_is_away_makes_the_host_not_ready_and_its_resume_is_counted() {
    let (place, _runtime, sim, live, address) = served(&[], ANY);
    sim.gateway().refuse_connections(true);
    sim.gateway().drop_sockets();
    let why = until(&address, "/ready", |status, body| (status == 503).then(|| body.to_owned()));
    assert!(why.starts_with("not ready: shard 0 is "), "{why}");
    assert_eq!(get(&address, "/health").0, 200);
    number(&address, "gearshift_ready", 0.0);
    number(&address, r#"gearshift_gateway_shard_ready{shard="0"}"#, 0.0);
    sim.gateway().refuse_connections(false);
    until(&address, "/ready", |status, _| (status == 200).then_some(()));
    number(&address, r#"gearshift_gateway_resumes_total{shard="0"}"#, 1.0);
    let numbers = samples(&get(&address, "/metrics").1);
    let shard = &status(&place)["shards"][0];
    assert_eq!(shard["all_resumes"], 1);
    assert_eq!(
        shard["reconnects"].as_f64(),
        Some(numbers[r#"gearshift_gateway_reconnects_total{shard="0"}"#])
    );
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn every_metric_that_is_documented_is_served_and_no_other_and_promtool_has_nothing_to_say() {
    let statsd = UdpSocket::bind("127.0.0.1:0").unwrap();
    statsd.set_read_timeout(Some(PATIENCE)).unwrap();
    let stats = format!("[stats]\naddress = \"{}\"\nhost_every_ms = 1000\n", statsd.local_addr().unwrap());
    let lane = "[cog.ping]\nlane = \"process\"\n";
    let (_place, _runtime, _sim, live, address) = served(&["ping"], &format!("{ANY}{stats}{lane}"));
    let latency = "gearshift_gateway_latency_seconds{";
    let text = until(&address, "/metrics", |_, text| text.contains(latency).then(|| text.to_owned()));
    let documented = std::fs::read_to_string(workspace().join("host/packaging/metrics.md")).unwrap();
    let documented: Vec<&str> = documented.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows(&text), documented, "host/packaging/metrics.md should say\n{}", rows(&text).join("\n"));

    let (_, head, open) =
        get_as(&address, "/metrics", "application/openmetrics-text; version=1.0.0, text/plain;q=0.5");
    assert!(
        head.contains("application/openmetrics-text; version=1.0.0") && open.ends_with("# EOF\n"),
        "{head}"
    );

    let mut seen = String::new();
    let wanted = ["bot.gearshift.cog_serving.ping:1|g", "bot.gearshift.events_received_total.READY:1|c"];
    while !wanted.iter().all(|line| seen.contains(line)) {
        let mut bytes = [0; 4096];
        let length = statsd.recv(&mut bytes).unwrap_or_else(|error| panic!("{error}: {seen}"));
        seen.push_str(&String::from_utf8_lossy(&bytes[..length]));
    }
    live.signal(15);
    assert_eq!(live.end().0, 0);

    let promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    match promtool {
        Err(error) => {
            skipped(&format!("promtool (Debian's package `prometheus`) cannot be run here: {error}"))
        }
        Ok(mut promtool) => {
            promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
            let done = promtool.wait_with_output().unwrap();
            let said = [done.stdout, done.stderr].concat();
            assert!(done.status.success() && said.is_empty(), "{}", String::from_utf8_lossy(&said));
        }
    }
}

#[test]
fn the_endpoint_is_open_before_the_sessions() {
    let place = Place::with(&[]);
    // It accepts connections, and answers none.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let api = format!("http://{}", silent.local_addr().unwrap());
    place.file(
        "gearshift.toml",
        &format!("[cogs]\n[discord]\napi_url = \"{api}\"\nopen_timeout_ms = 600000\n{ANY}"),
    );
    let token = "MTIzNDU2Nzg5MDEyMzQ1Njc4.a-token.of-nobody-that-there-is-anywhere";
    let mut live = run(&place, token);
    let address = address(&mut live);
    assert_eq!(get(&address, "/health").0, 200);
    assert_eq!(get(&address, "/ready"), (503, "not ready: starting\n".to_owned()));
    let (_, text) = get(&address, "/metrics");
    assert!(text.contains("gearshift_build_info{") && text.contains("gearshift_ready 0"), "{text}");
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_host_that_closes_is_not_ready_and_lives_as_long_as_it_saves() {
    let limits = "[limits]\nstate_timeout_ms = 600000\nclose_timeout_ms = 600000\n";
    let (_place, runtime, sim, mut live, address) = served(&["faulty"], &format!("{ANY}{limits}"));
    assert!(ask(&runtime, &sim, "!faulty arm save hang").content.starts_with("armed"));
    live.signal(15);
    until(&address, "/ready", |status, body| {
        (body == "not ready: closing\n").then(|| assert_eq!(status, 503))
    });
    assert_eq!(get(&address, "/health").0, 200);
    live.insist(15);
    assert_eq!(live.end().0, 143);
}

#[test]
fn an_address_that_is_taken_ends_the_start_before_any_session() {
    let place = Place::with(&["ping"]);
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap();
    let (_runtime, sim) = discord(&place, &format!("[metrics]\naddress = \"{taken}\"\n"));
    let (code, lines) = run(&place, sim.token()).end();
    assert_eq!(code, 73, "{lines:#?}");
    let error =
        format!("error: cannot serve metrics at `{taken}` (`[metrics] address`): Address already in use");
    assert!(lines.iter().any(|line| line.starts_with(&error)), "{lines:#?}");
    assert!(lines.iter().any(|line| line.starts_with("help: ") && line.contains(&taken.port().to_string())));
    assert_eq!(sim.transcript().history().len(), 0, "Discord was not asked");

    let doctor = |level: &str, text: &str| {
        let done =
            gearshift(&place).args(["doctor", "--json"]).env("DISCORD_TOKEN", sim.token()).output().unwrap();
        let out = String::from_utf8(done.stdout).unwrap();
        let found = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let found = found.into_iter().find(|it| it["check"] == "metrics").unwrap();
        assert!(found["level"] == level && found["text"].as_str().unwrap().contains(text), "{found}");
    };
    doctor("failed", "Address already in use");
    drop(other);
    doctor("ok", "they can be served at");
    let mut live = run(&place, sim.token());
    live.expect("ready; the control socket is");
    doctor("ok", "is in use, as the host is running");
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_restart_moves_the_endpoint_switches_it_off_and_on_and_leaves_it_where_it_cannot() {
    let place = Place::with(&["ping"]);
    let (runtime, sim) = discord(&place, "token_file = \"token\"\n");
    place.file("token", sim.token());
    let plain = std::fs::read_to_string(place.path().join("gearshift.toml")).unwrap();
    let with = |address: &str| format!("{plain}[metrics]\naddress = \"{address}\"\n");
    let restart = |config: &str| {
        place.file("gearshift.toml", config);
        once(&place, &["restart"])
    };
    place.file("gearshift.toml", &with("127.0.0.1:0"));
    let mut live = Live::start(&place, &["run"]);
    let first = address(&mut live);
    live.expect("ready; the control socket is");

    // The same address: the same endpoint, of the new host.
    assert_eq!(restart(&with("127.0.0.1:0")).code, 0);
    until(&first, "/ready", |status, _| (status == 200).then_some(()));
    number(&first, r#"gearshift_cog_operations_total{cog="ping",outcome="loaded"}"#, 1.0);

    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    let refused = restart(&with(&taken));
    assert_eq!(refused.code, 1);
    let text = format!("error: not restarted, and the host goes on: cannot serve metrics at `{taken}`");
    assert!(refused.err.starts_with(&text), "{}", refused.err);
    assert_eq!(get(&first, "/ready").0, 200);

    drop(other);
    assert_eq!(restart(&with(&taken)).code, 0);
    until(&taken, "/ready", |status, _| (status == 200).then_some(()));
    assert!(TcpStream::connect(&first).is_err(), "it has moved");

    // With a config that the host cannot open, it continues as before, including the endpoint.
    let failed = restart(&format!("{}[store]\npath = \"nowhere/gearshift.db\"\n", with("127.0.0.1:0")));
    assert_eq!(failed.code, 1, "{}", failed.out);
    until(&taken, "/ready", |status, _| (status == 200).then_some(()));

    assert_eq!(restart(&plain).code, 0);
    assert!(TcpStream::connect(&taken).is_err(), "it is off");
    assert_eq!(restart(&with(&taken)).code, 0);
    until(&taken, "/ready", |status, _| (status == 200).then_some(()));
    assert_eq!(ask(&runtime, &sim, "!ping hi").content, "pong hi");
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

/// The queries of the dashboard, including those of its variables and annotations.
fn queries(of: &Value) -> Vec<String> {
    let text = |key: &str| of.get(key).and_then(Value::as_str).map(str::to_owned);
    let own = text("expr").into_iter().chain(text("definition"));
    let below: Vec<&Value> = match of {
        Value::Array(all) => all.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        _ => Vec::new(),
    };
    own.chain(below.into_iter().flat_map(queries)).collect()
}

#[test]
fn the_dashboard_shows_every_metric_that_is_documented_and_no_other() {
    let packaging = workspace().join("host/packaging");
    let documented = std::fs::read_to_string(packaging.join("metrics.md")).unwrap();
    let rows = documented.lines().filter_map(|line| line.strip_prefix("| `"));
    let kinds: BTreeMap<&str, &str> = rows.map(|row| row.split_once("` | ").unwrap()).collect();
    let dashboard = std::fs::read_to_string(packaging.join("grafana.json")).unwrap();
    let queries = queries(&serde_json::from_str(&dashboard).unwrap());
    let mut shown = BTreeSet::new();
    for query in &queries {
        let words = query.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_');
        let words = words.filter(|word| word.starts_with("gearshift_") || word.starts_with("process_"));
        shown.extend(words.map(|word| match word.strip_suffix("_bucket") {
            Some(name) if kinds.get(name).is_some_and(|rest| rest.starts_with("histogram")) => name,
            _ => word,
        }));
        assert!(query.contains("instance"), "{query} is of no instance");
    }
    assert_eq!(shown, kinds.keys().copied().collect());

    let place = Place::with(&[]);
    let plain = |query: &str| {
        query.replace("$__rate_interval", "5m").replace("$instance", ".*").replace("$cog", ".*")
    };
    let rules =
        queries.iter().filter(|query| !query.starts_with("label_values(")).zip(0..).map(|(query, number)| {
            format!(
                "  - {{ record: \"a:{number}\", expr: {} }}\n",
                serde_json::to_string(&plain(query)).unwrap()
            )
        });
    let rules = format!("groups:\n- name: dashboard\n  rules:\n{}", rules.collect::<String>());
    match Command::new("promtool").args(["check", "rules", &place.file("rules.yml", &rules)]).output() {
        Err(error) => {
            skipped(&format!("promtool (Debian's package `prometheus`) cannot be run here: {error}"))
        }
        Ok(done) => assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr)),
    }
}
