//! Checks of other machines: DNS, Discord with the token and its intents, the site API, statsd. It changes nothing
//! there.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, SystemTime},
};

use reqwest::{Url, header::DATE};
use tokio::time::timeout;

use super::{
    super::exit::Failure,
    finding::{Level, Report},
};
use crate::{
    config::{self, Config, without_message_content},
    error::chain,
    sessions::{
        Discord, Net, Sessions, discord,
        net::{DialError, literal},
        stats::connected,
    },
};

/// How long each check may wait for an answer; a start waits longer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// How far the clock may be off. Further off it causes problems with Discord's timestamps, and with cookies and
/// certificates.
const CLOCK_OFF_MAX: Duration = Duration::from_secs(30);
/// With fewer session starts than this left, a loop of restarts may use them up.
const STARTS_MIN: u32 = 50;

pub(super) async fn check(config: &Config, report: &mut Report) -> Result<(), Failure> {
    let net = Net::new(&config.http);
    match &config.discord {
        Some(section) => {
            let url = section.api_url.as_deref().unwrap_or(discord::DISCORD_API);
            if addresses(&net, &host_of(url), report).await?.is_some() {
                on_discord(config, section, &net, report).await?;
            }
        }
        None => {
            let text = "the bot does not connect: the config has no section `[discord]`";
            report.warn("discord", text, "add the line `[discord]`")?;
        }
    }
    if let Some(api) = &config.api
        && addresses(&net, &host_of(&api.url), report).await?.is_some()
    {
        let level = if api.required { Level::Failed } else { Level::Warning };
        let tried = config::Api { required: true, timeout: api.timeout.min(ANSWER_TIMEOUT), ..api.clone() };
        match Sessions::open(&only(config, None, Some(tried))).await {
            Ok(sessions) => {
                sessions.close().await;
                report.ok("api", format!("the site API at `{}` answers", host_of(&api.url)))?;
            }
            // The error's own help assumes that the site is required.
            Err(error) => {
                let help =
                    "start the site, or check `[api] url` and `health_path`: cogs that use it get errors";
                let (text, _) = Failure::from(error).into_parts();
                report.add("api", level, text, Some(help.to_owned()))?;
            }
        }
    }
    match &config.stats {
        Some(stats) => statsd(&net, stats, report).await,
        None => Ok(()),
    }
}

/// A config with these sessions only.
fn only(config: &Config, discord: Option<config::Discord>, api: Option<config::Api>) -> Config {
    Config { discord, api, stats: None, store: None, ..config.clone() }
}

fn host_of(url: &str) -> String {
    Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// The usable addresses of a host; if there are none, that is reported and the result is `None`.
async fn addresses(net: &Net, host: &str, report: &mut Report) -> Result<Option<Vec<IpAddr>>, Failure> {
    let why = match timeout(ANSWER_TIMEOUT, net.addresses(host)).await {
        Ok(Ok(addresses)) => {
            if literal(host).is_none() {
                report.ok("dns", format!("`{host}` has {} addresses", addresses.len()))?;
            }
            return Ok(Some(addresses));
        }
        Ok(Err(error @ DialError::NotIpv4 { .. })) => {
            let help = "name its IPv4 address, or set `[http] ipv4_only = false`";
            report.fail("dns", error.to_string(), help)?;
            return Ok(None);
        }
        Ok(Err(error)) => chain(&error),
        Err(_) => format!("cannot resolve `{host}`: no answer within {} ms", ANSWER_TIMEOUT.as_millis()),
    };
    let help = "check the network and the name servers in `/etc/resolv.conf`; `[http] name_servers` names others, and \
        `async_dns = false` uses the system's resolver";
    report.fail("dns", why, help)?;
    Ok(None)
}

async fn on_discord(
    config: &Config,
    section: &config::Discord,
    net: &Net,
    report: &mut Report,
) -> Result<(), Failure> {
    let tried = config::Discord { open_timeout: section.open_timeout.min(ANSWER_TIMEOUT), ..section.clone() };
    let sessions = match Sessions::open(&only(config, Some(tried), None)).await {
        Ok(sessions) => sessions,
        Err(error) => {
            let clock = error.why.contains("certificate");
            let (text, help) = Failure::from(error).into_parts();
            let help = match clock {
                // https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5
                true => Some(
                    "check the machine's clock, or a proxy in between: a wrong clock makes certificates invalid".to_owned(),
                ),
                false => help,
            };
            return Ok(report.add("discord", Level::Failed, text, help)?);
        }
    };
    if let Some(session) = &sessions.discord {
        let account = session.account();
        let text = format!("the token belongs to `{}`, user {}", account.user_name, account.user_id);
        report.ok("discord", text)?;
        intents(session, section, report)?;
        starts(session, section, report).await?;
        clock(session, net, report).await?;
    }
    sessions.close().await;
    Ok(())
}

fn intents(session: &Discord, section: &config::Discord, report: &mut Report) -> Result<(), Failure> {
    let refused = section.intents.iter().filter(|intent| !session.account().grants(**intent));
    let refused: Vec<String> = refused.map(|intent| format!("`{}`", intent.name())).collect();
    if !refused.is_empty() {
        let text = format!("Discord will refuse the bot: it is not allowed to use {}", refused.join(", "));
        let help = "switch it on in the developer portal, Bot → Privileged Gateway Intents, or leave it out of `[discord] intents`";
        return Ok(report.fail("intents", text, help)?);
    }
    match without_message_content(&section.intents, &section.prefix) {
        Some(text) => Ok(report.warn(
            "intents",
            text,
            "add `message_content` to `[discord] intents` if that is not wanted",
        )?),
        None => Ok(report.ok("intents", "all intents that the config asks for are allowed")?),
    }
}

/// <https://discord.com/developers/docs/events/gateway#session-start-limit-object>
async fn starts(session: &Discord, section: &config::Discord, report: &mut Report) -> Result<(), Failure> {
    let info = match session.gateway().await {
        Ok(info) => info,
        Err(error) => {
            return Ok(report.fail("gateway", chain(&error), "try again; a start makes the same request")?);
        }
    };
    if info.shards > u32::from(section.shards) {
        let text = format!(
            "Discord recommends {} shards, and `[discord] shards` is {}",
            info.shards, section.shards
        );
        report.warn("gateway", text, "raise it: a shard can have at most 2,500 guilds")?;
    }
    let limit = &info.session_start_limit;
    let left = format!("{} of {} session starts are left", limit.remaining, limit.total);
    let minutes = limit.reset_after.div_ceil(60_000);
    let help = format!("wait: they are reset in {minutes} minutes; find out what restarts the bot so often");
    match limit.remaining {
        remaining if remaining < u32::from(section.shards) => Ok(report.fail("gateway", left, &help)?),
        ..STARTS_MIN => Ok(report.warn("gateway", left, &help)?),
        _ => Ok(report.ok("gateway", left)?),
    }
}

/// Compares the clock with the `Date` of an answer: <https://www.rfc-editor.org/rfc/rfc9110#field.date>
async fn clock(session: &Discord, net: &Net, report: &mut Report) -> Result<(), Failure> {
    let asked = async {
        let client = net.client_builder().build().ok()?;
        let answer =
            client.head(session.origin()).header("User-Agent", discord::AGENT.clone()).send().await.ok()?;
        httpdate::parse_http_date(answer.headers().get(DATE)?.to_str().ok()?).ok()
    };
    // Without a `Date` there is nothing to compare with.
    let Ok(Some(theirs)) = timeout(ANSWER_TIMEOUT, asked).await else { return Ok(()) };
    match off(SystemTime::now(), theirs) {
        None => Ok(report.ok("clock", "it agrees with Discord's")?),
        Some(off) => {
            let text = format!("this machine's clock is {off}, compared with Discord's");
            Ok(report.warn("clock", text, "set it, and keep it synchronized: `timedatectl set-ntp true`")?)
        }
    }
}

/// How far a clock is off, if that is more than allowed.
fn off(ours: SystemTime, theirs: SystemTime) -> Option<String> {
    let (off, how) = match ours.duration_since(theirs) {
        Ok(fast) => (fast, "fast"),
        Err(error) => (error.duration(), "slow"),
    };
    (off > CLOCK_OFF_MAX).then(|| format!("{} s {how}", off.as_secs()))
}

/// Checks the statsd server. UDP has no answers, but if nothing listens, the refusal is reported to the next send.
async fn statsd(net: &Net, stats: &config::Stats, report: &mut Report) -> Result<(), Failure> {
    let (host, port) = stats.host_and_port();
    let Some(addresses) = addresses(net, host, report).await? else { return Ok(()) };
    let probe = async {
        let socket = connected(SocketAddr::new(addresses[0], port)).await?;
        socket.send(b"").await?;
        // The second one gets the refusal of the first.
        socket.send(b"").await
    };
    let address = &stats.address;
    match probe.await {
        Ok(_) => Ok(report.ok("stats", format!("metrics for `{address}` are not refused"))?),
        Err(why) => {
            let text = format!("metrics for `{address}` are lost: {why}");
            Ok(report.warn("stats", text, "start the statsd server, or correct `[stats] address`")?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_off_when_it_is_fast_or_slow_by_more_than_an_answer_takes() {
        let theirs = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let by = |seconds: i64| {
            let ours =
                SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_u64.saturating_add_signed(seconds));
            off(ours, theirs)
        };
        assert_eq!([0, 30, -30].map(by), [None, None, None]);
        assert_eq!([31, -3600].map(by), [Some("31 s fast".to_owned()), Some("3600 s slow".to_owned())]);
    }
}
