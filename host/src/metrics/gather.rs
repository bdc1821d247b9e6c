//! Every metric with its current values. Labels are bounded: names of cogs, Discord's event names, routes without ids,
//! and fixed words of the host.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::family::{Family, Value};
use crate::{
    cogs::{CogStatus, Cogs, HostStatus, Stage, Totals},
    health::{Health, Shard},
    process::Usage,
    sessions::{Discord, Sessions},
};

/// All metrics in order. Without a host, its metrics have no samples.
pub(super) fn families(cogs: Option<&Cogs>) -> Vec<Family> {
    let status = cogs.map(Cogs::status);
    let health = cogs.zip(status.as_ref()).map(|(cogs, status)| Health::of(cogs, status));
    let sessions = cogs.map(Cogs::sessions);
    let discord = sessions.and_then(|sessions| sessions.discord.as_deref());
    let mut all = of_host(health.as_ref(), sessions);
    all.extend(of_events(status.as_ref()));
    all.extend(of_gateway(health.as_ref()));
    all.extend(of_rest(discord));
    all.extend(of_cogs(status.as_ref().map_or(&[], |status| &status.cogs)));
    all.extend(of_operations(status.as_ref()));
    all.extend(of_stats(sessions));
    all.extend(of_process(Usage::now().ok()));
    all
}

fn of_host(health: Option<&Health>, sessions: Option<&Sessions>) -> Vec<Family> {
    let opened = sessions.and_then(|sessions| SystemTime::now().checked_sub(sessions.since.elapsed()));
    let names = sessions.map(Sessions::names);
    let is_open = |name: &'static str| Some((named("session", name), names.as_ref()?.contains(&name)));
    let abi = gearshift_cog::abi::ABI;
    let build = [("version", env!("CARGO_PKG_VERSION").to_owned()), ("abi", format!("{}.{}", abi.0, abi.1))];
    vec![
        Family::info("gearshift_build_info", "Version of the host and of the ABI that it serves")
            .of([(build, 1_u64)]),
        Family::gauge("gearshift_ready", "Whether the sessions are open and every shard is ready")
            .one(Some(health.is_some_and(|health| health.is_healthy))),
        Family::gauge(
            "gearshift_opened_time_seconds",
            "When the host was started or restarted last, since the epoch",
        )
        .one(opened.map(since_epoch)),
        Family::gauge(
            "gearshift_session_open",
            "Whether a session is open; 0 for those that the config leaves out",
        )
        .of(Sessions::NAMES.into_iter().filter_map(is_open)),
    ]
}

fn of_events(status: Option<&HostStatus>) -> Vec<Family> {
    let received = status.into_iter().flat_map(|status| &status.received);
    vec![
        Family::counter("gearshift_events_received_total", "Events from Discord, by their name")
            .of(received.map(|(name, count)| (named("event", name), *count))),
        Family::counter("gearshift_events_routed_total", "Events that reached at least one cog")
            .one(status.map(|status| status.routed)),
        Family::counter(
            "gearshift_events_unreadable_total",
            "Events that do not match Discord's documentation",
        )
        .one(status.map(|status| status.unreadable)),
    ]
}

fn of_gateway(health: Option<&Health>) -> Vec<Family> {
    let shards = health.map_or(&[][..], |health| &health.shards);
    let of = |shard: &Shard| named("shard", shard.shard.to_string());
    let latency = |shard: &Shard| Some((of(shard), shard.latency_ms? / 1000.0));
    vec![
        Family::gauge("gearshift_gateway_shard_ready", "Whether a shard is ready")
            .of(shards.iter().map(|shard| (of(shard), shard.is_ready()))),
        Family::gauge("gearshift_gateway_latency_seconds", "Round trip of a shard's last heartbeat")
            .of(shards.iter().filter_map(latency)),
        Family::counter("gearshift_gateway_reconnects_total", "Reconnection attempts of a shard")
            .of(shards.iter().map(|shard| (of(shard), shard.reconnects))),
        Family::counter(
            "gearshift_gateway_resumes_total",
            "Sessions of a shard that were resumed, without a lost event",
        )
        .of(shards.iter().map(|shard| (of(shard), shard.all_resumes))),
    ]
}

fn of_rest(discord: Option<&Discord>) -> Vec<Family> {
    let traffic = discord.map(Discord::traffic);
    let attempts = traffic.into_iter().flat_map(|traffic| traffic.attempts());
    vec![
        Family::counter(
            "gearshift_rest_requests_total",
            "Requests to Discord's REST API by route and status, each attempt counted; without a response the \
             status is the reason",
        )
        .of(attempts.map(|(it, count)| {
            ([("method", it.method.to_owned()), ("route", it.route), ("status", it.status)], count)
        })),
        Family::histogram(
            "gearshift_rest_rate_limit_wait_seconds",
            "How long requests to Discord waited for rate limits before they were sent",
        )
        .one(traffic.map(|traffic| traffic.waits())),
    ]
}

fn of_cogs(cogs: &[CogStatus]) -> Vec<Family> {
    let each = |family: Family, value: fn(&CogStatus) -> Value| {
        family.of(cogs.iter().map(|cog| (named("cog", &cog.name), value(cog))))
    };
    vec![
        each(Family::gauge("gearshift_cog_serving", "Whether a generation of the cog serves"), |cog| {
            (cog.stage == Stage::Serving).into()
        }),
        each(
            Family::gauge("gearshift_cog_generation", "Number of the generation that serves; 0 if none does"),
            |cog| cog.generation.unwrap_or_default().into(),
        ),
        each(
            Family::gauge("gearshift_cog_queue_items", "Events, calls and task runs that wait for the cog"),
            |cog| cog.queued.into(),
        ),
        each(
            Family::gauge("gearshift_cog_handlers_in_flight", "Handlers that have started and not finished"),
            |cog| cog.in_flight.into(),
        ),
        each(
            Family::counter("gearshift_cog_items_taken_total", "Items that were handed to the cog"),
            |cog| cog.handled.into(),
        ),
        each(
            Family::counter("gearshift_cog_items_dropped_total", "Items that found the cog's queue full"),
            |cog| cog.dropped.into(),
        ),
        each(
            Family::histogram(
                "gearshift_cog_handler_seconds",
                "Duration of handlers, including what they waited for",
            ),
            |cog| cog.handled_in.clone().into(),
        ),
        Family::counter(
            "gearshift_cog_faults_total",
            "Failures of the cog itself: errors, panics, unreadable states, hangs, crashes",
        )
        .of(by(cogs, "kind", |totals| &totals.faults)),
        Family::counter(
            "gearshift_cog_refusals_total",
            "Handlers that failed because of Discord, the network, a user's input or the operator's settings",
        )
        .of(by(cogs, "kind", |totals| &totals.refusals)),
        each(
            Family::gauge(
                "gearshift_cog_state_unsaved",
                "Whether the cog's last state is not in the store yet",
            ),
            |cog| cog.is_unsaved.into(),
        ),
        Family::gauge(
            "gearshift_cog_process_memory_bytes",
            "Resident memory of the cog's own process, if it has one",
        )
        .of(cogs.iter().filter_map(|cog| Some((named("cog", &cog.name), cog.process?.memory_bytes)))),
        Family::counter(
            "gearshift_cog_process_cpu_seconds_total",
            "Processor time of the cog's own process; from 0 with each generation",
        )
        .of(cogs
            .iter()
            .filter_map(|cog| Some((named("cog", &cog.name), cog.process?.processor_ms as f64 / 1000.0)))),
    ]
}

fn of_operations(status: Option<&HostStatus>) -> Vec<Family> {
    let cogs = status.map_or(&[][..], |status| &status.cogs);
    let phases = status.into_iter().flat_map(|status| &status.durations.phases);
    vec![
        Family::counter("gearshift_cog_operations_total", "Loads, replacements and unloads of the cog by how they ended")
            .of(by(cogs, "outcome", |totals| &totals.operations)),
        Family::histogram("gearshift_operation_phase_seconds", "Duration of each phase of these operations, for \
                                                                all cogs")
            .of(phases.map(|(step, seen)| (named("phase", step.name()), seen.clone()))),
        Family::histogram(
            "gearshift_replacement_pause_seconds",
            "How long events waited in a replacement, from the pause of the old generation until the new one served",
        )
        .one(status.map(|status| status.durations.pauses.clone())),
        Family::gauge("gearshift_libraries_held", "Retired libraries that are still mapped")
            .one(status.map(|status| status.held.len())),
        Family::counter("gearshift_libraries_unmapped_total", "Retired libraries that were unmapped")
            .one(status.map(|status| status.unmapped)),
        Family::gauge("gearshift_files_refused", "Files in the cogs folder that are refused")
            .one(status.map(|status| status.refused.len())),
    ]
}

fn of_stats(sessions: Option<&Sessions>) -> Vec<Family> {
    let dropped = sessions.and_then(|sessions| sessions.stats.as_ref()).map(|stats| stats.dropped());
    let dropped =
        dropped.into_iter().flat_map(|dropped| [("full", dropped.full), ("unsent", dropped.unsent)]);
    vec![
        Family::counter(
            "gearshift_stats_datagrams_dropped_total",
            "Datagrams for statsd that found the queue full or could not be sent",
        )
        .of(dropped.map(|(why, count)| (named("why", why), count))),
    ]
}

/// With Prometheus's standard names. <https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>
fn of_process(usage: Option<Usage>) -> Vec<Family> {
    vec![
        Family::gauge("process_resident_memory_bytes", "Resident memory")
            .one(usage.map(|it| it.resident_bytes)),
        Family::counter("process_cpu_seconds_total", "Processor time in user mode and in the kernel")
            .one(usage.map(|it| it.processor.as_secs_f64())),
        Family::gauge("process_threads", "Threads").one(usage.map(|it| it.threads)),
        Family::gauge("process_open_fds", "Open file descriptors").one(usage.map(|it| it.open_files)),
        Family::gauge("process_start_time_seconds", "When the process was started, since the epoch")
            .one(usage.map(|it| since_epoch(it.started))),
    ]
}

/// A count of each cog, split by a word that becomes a label as well.
fn by(
    cogs: &[CogStatus],
    label: &'static str,
    counts: fn(&Totals) -> &BTreeMap<&'static str, u64>,
) -> impl Iterator<Item = ([(&'static str, String); 2], u64)> {
    let of = move |cog: &CogStatus| {
        let name = cog.name.clone();
        let counts = counts(&cog.totals).clone();
        counts
            .into_iter()
            .map(move |(word, count)| ([("cog", name.clone()), (label, word.to_owned())], count))
    };
    cogs.iter().flat_map(of)
}

fn named(name: &'static str, value: impl Into<String>) -> [(&'static str, String); 1] {
    [(name, value.into())]
}

fn since_epoch(moment: SystemTime) -> f64 {
    moment.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}
