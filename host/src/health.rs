//! How the host is altogether: sessions, shards, and the cogs in numbers. `gearshift status`, readiness and the metrics all
//! say what stands here. It asks and counts; looking changes nothing.

use serde::{Deserialize, Serialize};

use crate::{
    cogs::{Cogs, HostStatus, Stage},
    process::Usage,
    sessions::Discord,
};

/// Everything at one moment.
#[derive(Debug, Serialize)]
pub struct Health {
    /// Whether the bot is connected: every shard is ready. A host without `[discord]` has none, and is.
    pub is_healthy: bool,
    /// The host's version.
    pub version: &'static str,
    /// The number of its process.
    pub process: u32,
    /// Its resident memory in bytes, where the system tells.
    pub memory_bytes: Option<u64>,
    /// Seconds since the sessions were opened: since the start, or the last `gearshift restart`.
    pub uptime_secs: u64,
    /// Names of the sessions that are open.
    pub sessions: Vec<&'static str>,
    /// Absent without `[discord]`.
    pub bot: Option<Bot>,
    /// All of this process, in order.
    pub shards: Vec<Shard>,
    /// Why nothing is known of the shards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// In numbers.
    pub cogs: Counts,
}

/// Who the token belongs to.
#[derive(Debug, Serialize)]
pub struct Bot {
    /// User name.
    pub user: String,
    /// The application's name.
    pub application: String,
    /// Its id.
    pub application_id: String,
}

/// As the gateway tells it; see `gateway::ShardStatus`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Shard {
    /// Its number.
    pub shard: u16,
    /// In one word; `ready` when events come in.
    pub state: String,
    /// Why it waits or was refused.
    pub why: Option<String>,
    /// Round trip of its last heartbeat.
    pub latency_ms: Option<f64>,
    /// Since its session began.
    pub session_ms: Option<u64>,
    /// How often the session was resumed.
    pub resumes: u64,
    /// How often any session was.
    pub all_resumes: u64,
    /// How often it connected again.
    pub reconnects: u64,
}

/// How many cogs are in which stage.
#[derive(Debug, Default, Serialize)]
pub struct Counts {
    /// A generation serves.
    pub serving: usize,
    /// It is being loaded.
    pub loading: usize,
    /// Nothing of it serves, or soon nothing will.
    pub away: usize,
    /// Generations that were retired and are still mapped.
    pub held: usize,
}

impl Health {
    /// Of a host with these cogs, whose status this is.
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

    /// What it is not ready for, in words; none if it is healthy.
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
    /// Whether events come in.
    pub fn is_ready(&self) -> bool {
        self.state == "ready"
    }
}

fn shards(discord: &Discord) -> Result<Vec<Shard>, String> {
    let answer = discord.ask_gateway(r#"{"do":"shards"}"#).map_err(|error| error.to_string())?;
    serde_json::from_str(&answer).map_err(|error| error.to_string())
}
