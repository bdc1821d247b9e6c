//! How the host is altogether, for `gearshift status`: sessions, shards, and the cogs in numbers.
//! It asks and counts; looking changes nothing.

use std::{fmt::Write as _, time::Duration};

use serde::{Deserialize, Serialize};

use super::protocol::Answer;
use crate::{
    cogs::{Cogs, Stage},
    duration::Shown,
    sessions::Discord,
};

/// Everything at one moment.
#[derive(Debug, Serialize)]
struct Health {
    /// Whether the bot is connected: every shard is ready. A host without `[discord]` has none, and is.
    is_healthy: bool,
    version: &'static str,
    process: u32,
    uptime_secs: u64,
    sessions: Vec<&'static str>,
    /// Absent without `[discord]`.
    bot: Option<Bot>,
    shards: Vec<Shard>,
    /// Why nothing is known of the shards.
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway: Option<String>,
    cogs: Counts,
}

#[derive(Debug, Serialize)]
struct Bot {
    user: String,
    application: String,
    application_id: String,
}

/// As the gateway tells it; see `gateway::ShardStatus`.
#[derive(Debug, Serialize, Deserialize)]
struct Shard {
    shard: u16,
    state: String,
    why: Option<String>,
    latency_ms: Option<f64>,
    session_ms: Option<u64>,
    resumes: u64,
}

#[derive(Debug, Default, Serialize)]
struct Counts {
    serving: usize,
    loading: usize,
    away: usize,
    /// Generations that were retired and are still mapped.
    held: usize,
}

/// How everything is now.
pub(super) fn answer(cogs: &Cogs) -> Answer {
    let health = Health::of(cogs);
    Answer::done(health.text(), &health)
}

impl Health {
    fn of(cogs: &Cogs) -> Health {
        let (sessions, status) = (cogs.sessions(), cogs.status());
        let discord = sessions.discord.as_ref();
        let asked = discord.map_or(Ok(Vec::new()), |discord| shards(discord));
        let (shards, gateway) = match asked {
            Ok(shards) => (shards, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        let mut counts = Counts { held: status.held.len(), ..Counts::default() };
        for cog in &status.cogs {
            match cog.stage {
                Stage::Serving => counts.serving += 1,
                Stage::Loading => counts.loading += 1,
                Stage::Away | Stage::Leaving => counts.away += 1,
            }
        }
        Health {
            is_healthy: gateway.is_none() && shards.iter().all(|shard| shard.state == "ready"),
            version: env!("CARGO_PKG_VERSION"),
            process: std::process::id(),
            uptime_secs: sessions.since.elapsed().as_secs(),
            sessions: sessions.names(),
            bot: discord.map(|discord| Bot {
                user: discord.account().user_name.clone(),
                application: discord.account().application_name.clone(),
                application_id: discord.account().application_id.to_string(),
            }),
            shards,
            gateway,
            cogs: counts,
        }
    }

    fn text(&self) -> String {
        let (version, process, up) =
            (self.version, self.process, Shown(Duration::from_secs(self.uptime_secs)));
        let mut text = format!("host      gearshift {version}, process {process}, up {up}");
        if let Some(Bot { user, application, application_id }) = &self.bot {
            let _ = write!(text, "\nbot       {user} (application {application}, {application_id})");
        }
        let _ = write!(text, "\nsessions  {}", self.sessions.join(", "));
        if let Some(why) = &self.gateway {
            let _ = write!(text, "\ngateway   {why}");
        }
        for shard in &self.shards {
            let _ = write!(text, "\n{:<10}{}", format!("shard {}", shard.shard), shard.text());
        }
        let Counts { serving, loading, away, held } = self.cogs;
        let _ = write!(text, "\ncogs      {serving} serving, {loading} loading, {away} away, {held} held");
        text
    }
}

impl Shard {
    fn text(&self) -> String {
        let mut text = self.state.clone();
        if let Some(why) = &self.why {
            let _ = write!(text, ": {why}");
        }
        if let Some(latency) = self.latency_ms {
            let _ = write!(text, ", latency {latency:.0} ms");
        }
        if let Some(session) = self.session_ms {
            let _ = write!(
                text,
                ", session {}, {} resumes",
                Shown(Duration::from_secs(session / 1000)),
                self.resumes
            );
        }
        text
    }
}

fn shards(discord: &Discord) -> Result<Vec<Shard>, String> {
    let answer = discord.ask_gateway(r#"{"do":"shards"}"#).map_err(|error| error.to_string())?;
    serde_json::from_str(&answer).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_one_line_with_what_is_known_of_it() {
        let shard = |json: &str| serde_json::from_str::<Shard>(json).unwrap().text();
        assert_eq!(
            shard(r#"{"shard":0,"state":"ready","latency_ms":41.4,"session_ms":185000,"resumes":2}"#),
            "ready, latency 41 ms, session 3 min 5 s, 2 resumes"
        );
        assert_eq!(
            shard(r#"{"shard":1,"state":"waiting","why":"closed with 4000","resumes":0}"#),
            "waiting: closed with 4000"
        );
    }
}
