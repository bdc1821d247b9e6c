//! Values that have the right type but make no sense: each is reported, none is corrected.
//! It looks at nothing outside the config: whether a server answers or a folder exists is found out when it is used.

use std::{net::SocketAddr, time::Duration};

use super::locate::ValueError;
use super::{Config, Discord, LaneKind, Limits, log_targets};

/// The memory that a process uses before its cog allocates any, in bytes, for stacks, its thread and its library.
const PROCESS_MEMORY_MIN: u64 = 8 << 20;
/// The store cannot hold a value of a billion bytes (<https://www.sqlite.org/limits.html>), and a cog's process
/// accepts no frame of twice that size.
const BODY_MAX: usize = 900 << 20;
/// SQLite takes a whole number of 32 bits: <https://www.sqlite.org/c3ref/busy_timeout.html>
const LOCK_TIMEOUT_MAX_MS: u64 = i32::MAX as u64;

/// All problems.
pub(super) fn check(config: &Config) -> Vec<ValueError> {
    let mut found = Found::default();
    if let Some(discord) = &config.discord {
        check_discord(discord, &mut found);
    }
    check_limits(&config.limits, &mut found);
    found.unless(!config.cogs.folder.as_os_str().is_empty(), &["cogs", "folder"], "must not be empty");
    for (name, cog) in &config.cog {
        let is_process = cog.lane.unwrap_or(config.cogs.lane) == LaneKind::Process;
        let of_process = [
            (cog.memory_max.is_some(), "memory_max"),
            (cog.redeliver, "redeliver"),
            (cog.sandbox.is_on(), "sandbox"),
        ];
        for (is_set, key) in of_process {
            found.unless(
                !is_set || is_process,
                &["cog", name, key],
                "is for a process of its own: set `lane = \"process\"` as well",
            );
        }
        let is_enough = cog.memory_max.is_none_or(|max| max.bytes() >= PROCESS_MEMORY_MIN);
        if !is_enough {
            let least = PROCESS_MEMORY_MIN >> 20;
            let what = format!("must be at least {least} MiB, which a process uses before its cog uses any");
            found.add(&["cog", name, "memory_max"], what);
        }
    }
    if let Err(why) = log_targets(&config.log.filter) {
        found.add(
            &["log", "filter"],
            format!("{why}; expected a level, or levels by target, such as `info,cog=debug`"),
        );
    }
    found.unless(
        config.commands.guild != Some(0),
        &["commands", "guild"],
        "must be the id of a guild; with Discord's developer mode on, the guild's menu copies it",
    );
    found.positive(config.http.connect_timeout, &["http", "connect_timeout_ms"]);
    found.positive(config.http.request_timeout, &["http", "request_timeout_ms"]);
    found.unless(
        (1..=256).contains(&config.runtime.workers),
        &["runtime", "workers"],
        "must be between 1 and 256",
    );
    found.bytes(config.http.max_body_bytes, &["http", "max_body_bytes"]);
    let agent_fits = !config.http.user_agent.is_empty()
        && config.http.user_agent.bytes().all(|b| (0x20..0x7f).contains(&b));
    found.unless(agent_fits, &["http", "user_agent"], "must be printable ASCII and not empty");
    if let Some(api) = &config.api {
        found.url(&api.url, &["api", "url"]);
        found.unless(
            api.token.is_none() || api.token_file.is_none(),
            &["api", "token_file"],
            "`token` is given as well; keep one of the two",
        );
        found.positive(api.timeout, &["api", "timeout_ms"]);
        found.unless(
            api.health_tries > 0,
            &["api", "health_tries"],
            "must be at least 1; to switch the check off, set health_path = \"\"",
        );
    }
    found.unless(
        config.http.async_dns || config.http.name_servers.is_empty(),
        &["http", "name_servers"],
        "is for `async_dns = true` only; the system's resolver has its own",
    );
    if let Some(stats) = &config.stats {
        let fits = stats
            .address
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0));
        found.unless(fits, &["stats", "address"], "must be `host:port`, as \"127.0.0.1:8125\"");
        found.positive(stats.flush, &["stats", "flush_ms"]);
        found.positive(stats.resolve_every, &["stats", "resolve_every_ms"]);
        found.unless(
            stats.host_every.is_zero() || stats.host_every >= Duration::from_secs(1),
            &["stats", "host_every_ms"],
            "must be at least 1000, or 0 for never",
        );
    }
    if let Some(metrics) = &config.metrics {
        let keys = ["metrics", "address"];
        let form = "must be an IP address and a port, as \"127.0.0.1:9464\"";
        match metrics.address.parse::<SocketAddr>() {
            Err(_) => found.unless(false, &keys, form),
            Ok(address) => found.unless(
                metrics.expose || address.ip().is_loopback(),
                &keys,
                "other machines can reach it; set `expose = true` to allow that",
            ),
        }
    }
    if let Some(store) = &config.store {
        found.unless(!store.path.as_os_str().is_empty(), &["store", "path"], "must not be empty");
        if store.lock_timeout > Duration::from_millis(LOCK_TIMEOUT_MAX_MS) {
            found.add(&["store", "lock_timeout_ms"], format!("must be at most {LOCK_TIMEOUT_MAX_MS}"));
        }
        found.positive(store.open_timeout, &["store", "open_timeout_ms"]);
    }
    found.wrong
}

fn check_discord(discord: &Discord, found: &mut Found) {
    if let Some(url) = &discord.api_url {
        found.url(url, &["discord", "api_url"]);
    }
    let prefix_fits = !discord.prefix.is_empty() && discord.prefix.trim() == discord.prefix;
    found.unless(prefix_fits, &["discord", "prefix"], "must not be empty, or begin or end with white space");
    // <https://discord.com/developers/docs/events/gateway-events#activity-object>
    let activity_fits =
        discord.activity.as_ref().is_none_or(|text| (1..=128).contains(&text.chars().count()));
    found.unless(activity_fits, &["discord", "activity"], "must have between 1 and 128 characters");
    let text = discord.failure_text.chars().count();
    found.unless(
        text <= 2000,
        &["discord", "failure_text"],
        "must have at most 2000 characters, Discord's limit",
    );
    found.unless(discord.shards > 0, &["discord", "shards"], "must be at least 1");
    found.unless(
        discord.requests_per_second.is_none_or(|rate| rate > 0),
        &["discord", "requests_per_second"],
        "must be at least 1",
    );
    found.unless(discord.tries > 0, &["discord", "tries"], "must be at least 1");
    found.positive(discord.open_timeout, &["discord", "open_timeout_ms"]);
    found.positive(discord.request_timeout, &["discord", "request_timeout_ms"]);
    found.positive(discord.reconnect_max, &["discord", "reconnect_max_ms"]);
}

fn check_limits(limits: &Limits, found: &mut Found) {
    let counts = [
        (limits.lane_queue, "lane_queue"),
        (limits.handlers_in_flight, "handlers_in_flight"),
        (limits.calls_in_flight, "calls_in_flight"),
        (limits.hangs_max, "hangs_max"),
        (limits.store_key_max_bytes, "store_key_max_bytes"),
    ];
    for (count, key) in counts {
        found.unless(count > 0, &["limits", key], "must be at least 1");
    }
    let sizes = [
        (limits.state_max_bytes, "state_max_bytes"),
        (limits.store_value_max_bytes, "store_value_max_bytes"),
        (limits.request_max_bytes, "request_max_bytes"),
    ];
    for (size, key) in sizes {
        found.bytes(size, &["limits", key]);
    }
    // With the minimum that a cog can meet: in that time a library must be opened, a thread or a process ended.
    let durations = [
        (limits.setup_timeout, "setup_timeout_ms", 100),
        (limits.drain_timeout, "drain_timeout_ms", 1),
        (limits.state_timeout, "state_timeout_ms", 10),
        (limits.join_timeout, "join_timeout_ms", 10),
        (limits.stuck_after, "stuck_after_ms", 100),
        (limits.hangs_window, "hangs_window_ms", 1000),
        (limits.close_timeout, "close_timeout_ms", 100),
        (limits.answer_timeout, "answer_timeout_ms", 10),
    ];
    for (duration, key, least) in durations {
        found.at_least(least, duration, &["limits", key]);
    }
    let in_time = limits.defer_after > Duration::ZERO && limits.defer_after < Duration::from_secs(3);
    found.unless(
        in_time,
        &["limits", "defer_after_ms"],
        "must be between 1 and 2999: Discord forgets an interaction after 3 s",
    );
}

#[derive(Default)]
struct Found {
    wrong: Vec<ValueError>,
}

impl Found {
    fn unless(&mut self, fits: bool, keys: &[&str], what: &str) {
        if !fits {
            self.add(keys, what.to_owned());
        }
    }

    fn add(&mut self, keys: &[&str], what: String) {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        self.wrong.push(ValueError { keys, what });
    }

    fn positive(&mut self, duration: Duration, keys: &[&str]) {
        self.at_least(1, duration, keys);
    }

    fn at_least(&mut self, millis: u64, duration: Duration, keys: &[&str]) {
        if duration < Duration::from_millis(millis) {
            self.add(keys, format!("must be at least {millis}"));
        }
    }

    fn bytes(&mut self, size: usize, keys: &[&str]) {
        if !(1..=BODY_MAX).contains(&size) {
            self.add(keys, format!("must be between 1 and {BODY_MAX}"));
        }
    }

    fn url(&mut self, text: &str, keys: &[&str]) {
        let what = match reqwest::Url::parse(text) {
            Err(error) => format!("is not a URL: {error}"),
            Ok(url) if !matches!(url.scheme(), "http" | "https") => {
                "must begin with http:// or https://".to_owned()
            }
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                "must not contain a user or a password; use token_file".to_owned()
            }
            Ok(url) if url.query().is_some() || url.fragment().is_some() => {
                "must not contain `?` or `#`".to_owned()
            }
            Ok(_) => return,
        };
        self.add(keys, what);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    fn wrong(text: &str) -> Option<String> {
        Config::parse(text, Path::new("gearshift.toml")).err().map(|error| error.to_string())
    }

    #[test]
    fn what_cannot_work_is_refused_with_the_least_that_does() {
        for (section, key, low, least) in [
            ("[limits]", "setup_timeout_ms", "99", "100"),
            ("[limits]", "drain_timeout_ms", "0", "1"),
            ("[limits]", "state_timeout_ms", "9", "10"),
            ("[limits]", "join_timeout_ms", "1", "10"),
            ("[limits]", "stuck_after_ms", "1", "100"),
            ("[limits]", "hangs_window_ms", "0", "1000"),
            ("[limits]", "hangs_max", "0", "1"),
            ("[limits]", "close_timeout_ms", "1", "100"),
            ("[cog.a]\nlane = \"process\"", "memory_max", "\"1 KiB\"", "\"8 MiB\""),
            ("[cog.a]\nlane = \"process\"", "memory_max", "\"8191 KiB\"", "\"8192 KiB\""),
        ] {
            let error = wrong(&format!("{section}\n{key} = {low}\n")).expect(key);
            let line = section.lines().count() + 1;
            let section = section.trim_start_matches('[').split(']').next().unwrap_or_default();
            let said = format!("gearshift.toml:{line}: `{section}.{key}`: must be at least ");
            assert!(error.starts_with(&said), "{error}");
            let fits = format!("[cogs]\nlane = \"process\"\n[{section}]\n{key} = {least}\n");
            assert_eq!(wrong(&fits), None);
        }
    }

    #[test]
    fn what_no_process_and_no_store_could_take_is_refused_with_the_most_that_they_do() {
        for key in [
            "limits.state_max_bytes",
            "limits.store_value_max_bytes",
            "limits.request_max_bytes",
            "http.max_body_bytes",
        ] {
            for bytes in ["0", "943718401", "9223372036854775807"] {
                let error = wrong(&format!("{key} = {bytes}\n")).expect(key);
                assert!(error.ends_with(&format!("`{key}`: must be between 1 and 943718400")), "{error}");
            }
            assert_eq!(wrong(&format!("{key} = 943718400\n")), None);
        }
        let lock = |timeout: u64| wrong(&format!("[store]\nlock_timeout_ms = {timeout}\n"));
        for timeout in [2_147_483_648, u64::MAX] {
            let error = lock(timeout).expect("too long");
            assert_eq!(error, "gearshift.toml:2: `store.lock_timeout_ms`: must be at most 2147483647");
        }
        assert_eq!(lock(2_147_483_647), None);
    }

    #[test]
    fn a_filter_a_guild_and_a_name_server_that_fit_nothing_are_refused_with_their_line() {
        let error = wrong("[cogs]\n[log]\nfilter = \"loud\"\n").expect("no level");
        assert!(
            error.starts_with("gearshift.toml:3: `log.filter`: `loud` is not a level; known here: "),
            "{error}"
        );
        let error = wrong("[commands]\nguild = 0\n").expect("no guild");
        assert!(
            error.starts_with("gearshift.toml:2: `commands.guild`: must be the id of a guild"),
            "{error}"
        );
        let error = wrong("[http]\nname_servers = [\"192.0.2.1\"]\n").expect("no port");
        let said = "`http.name_servers`: must be an IP address and a port, as \"192.0.2.1:53\"";
        assert_eq!(error, format!("gearshift.toml:2: {said}"));
    }
}
