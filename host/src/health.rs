//! The overall status of the host: sessions, shards, and counts of cogs. `gearshift status`, readiness and the metrics
//! all use it. Reading it changes nothing.

use serde::{Deserialize, Serialize};

use crate::{
    cogs::{Cogs, HostStatus, Stage},
    process::Usage,
    sessions::Discord,
};

/// Everything at one moment.
#[derive(Debug, Serialize)]
pub struct Health {
    /// Whether the bot is connected: every shard is ready. A host without `[discord]` has no shards, and is healthy.
    pub is_healthy: bool,
    /// The host's version.
    pub version: &'static str,
    /// Its process id.
    pub process: u32,
    /// Its resident memory in bytes, if the system reports it.
    pub memory_bytes: Option<u64>,
    /// Seconds since the sessions were opened: since the start, or the last `gearshift restart`.
    pub uptime_secs: u64,
    /// Names of the open sessions.
    pub sessions: Vec<&'static str>,
    /// `None` without `[discord]`.
    pub bot: Option<Bot>,
    /// All shards of this process, in order.
    pub shards: Vec<Shard>,
    /// Why nothing is known about the shards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// How many cogs are in which stage.
    pub cogs: Counts,
}

/// The bot that the token belongs to.
#[derive(Debug, Serialize)]
pub struct Bot {
    /// User name.
    pub user: String,
    /// The application's name.
    pub application: String,
    /// Its id.
    pub application_id: String,
}

/// As reported by the gateway; see `gateway::ShardStatus`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Shard {
    /// Its number.
    pub shard: u16,
    /// In one word; `ready` when it receives events.
    pub state: String,
    /// Why it waits or was refused.
    pub why: Option<String>,
    /// Round trip of its last heartbeat.
    pub latency_ms: Option<f64>,
    /// Time since its session began.
    pub session_ms: Option<u64>,
    /// How often the session was resumed.
    pub resumes: u64,
    /// How often any session of this shard was resumed.
    pub all_resumes: u64,
    /// How often it reconnected.
    pub reconnects: u64,
}

/// How many cogs are in which stage.
#[derive(Debug, Default, Serialize)]
pub struct Counts {
    /// A generation serves.
    pub serving: usize,
    /// A generation is being loaded.
    pub loading: usize,
    /// No generation serves, or soon none will.
    pub away: usize,
    /// Generations that were retired and are still mapped.
    pub held: usize,
}

impl Health {
    /// The health of a host with these cogs and this status.
    pub fn of(cogs: &Cogs, status: &HostStatus) -> Health {
        let sessions = cogs.sessions();
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
            is_healthy: gateway.is_none() && shards.iter().all(Shard::is_ready),
            version: env!("CARGO_PKG_VERSION"),
            process: std::process::id(),
            memory_bytes: Usage::now().ok().map(|usage| usage.resident_bytes),
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

    /// Why it is not ready, as text; `None` if it is healthy.
    pub fn trouble(&self) -> Option<String> {
        if let Some(why) = &self.gateway {
            return Some(why.clone());
        }
        let shard = self.shards.iter().find(|shard| !shard.is_ready())?;
        let why = shard.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        Some(format!("shard {} is {}{why}", shard.shard, shard.state))
    }
}

impl Shard {
    /// Whether it receives events.
    pub fn is_ready(&self) -> bool {
        self.state == "ready"
    }
}

fn shards(discord: &Discord) -> Result<Vec<Shard>, String> {
    let answer = discord.gateway_request(r#"{"do":"shards"}"#).map_err(|error| error.to_string())?;
    serde_json::from_str(&answer).map_err(|error| error.to_string())
}
