//! The overall status of the host, for `gearshift status`: as JSON, and as text.

use std::fmt::Write as _;

use super::protocol::Answer;
use crate::{
    cogs::Cogs,
    duration::ShownSecs,
    health::{Bot, Counts, Health, Shard},
    text::counted,
};

/// The current status of everything.
pub(super) fn answer(cogs: &Cogs) -> Answer {
    let health = Health::of(cogs, &cogs.status());
    Answer::done(text(&health), &health)
}

fn text(health: &Health) -> String {
    let (version, process, up) = (health.version, health.process, ShownSecs(health.uptime_secs));
    let mut text = format!("host      gearshift {version}, process {process}, up {up}");
    if let Some(bytes) = health.memory_bytes {
        let _ = write!(text, ", {:.1} MiB", bytes as f64 / f64::from(1 << 20));
    }
    if let Some(Bot { user, application, application_id }) = &health.bot {
        let _ = write!(text, "\nbot       {user} (application {application}, {application_id})");
    }
    let _ = write!(text, "\nsessions  {}", health.sessions.join(", "));
    if let Some(why) = &health.gateway {
        let _ = write!(text, "\ngateway   {why}");
    }
    for shard in &health.shards {
        let _ = write!(text, "\n{:<10}{}", format!("shard {}", shard.shard), line_of(shard));
    }
    let Counts { serving, loading, away, held } = health.cogs;
    let _ = write!(text, "\ncogs      {serving} serving, {loading} loading, {away} away, {held} held");
    text
}

fn line_of(shard: &Shard) -> String {
    let mut text = shard.state.clone();
    if let Some(why) = &shard.why {
        let _ = write!(text, ": {why}");
    }
    if let Some(latency) = shard.latency_ms {
        let _ = write!(text, ", latency {latency:.0} ms");
    }
    if let Some(session) = shard.session_ms {
        let session = ShownSecs(session / 1000);
        let _ = write!(text, ", session {session}, {}", counted(shard.resumes, "resume"));
    }
    if shard.reconnects > 0 {
        let _ = write!(text, ", connected again {}", counted(shard.reconnects, "time"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_one_line_with_what_is_known_of_it() {
        let shard = |json: &str| line_of(&serde_json::from_str::<Shard>(json).unwrap());
        assert_eq!(
            shard(
                r#"{"shard":0,"state":"ready","latency_ms":41.4,"session_ms":185000,"resumes":1,"all_resumes":3,"reconnects":4}"#
            ),
            "ready, latency 41 ms, session 3 min 5 s, 1 resume, connected again 4 times"
        );
        assert_eq!(
            shard(
                r#"{"shard":1,"state":"waiting","why":"closed with 4000","resumes":0,"all_resumes":0,"reconnects":0}"#
            ),
            "waiting: closed with 4000"
        );
    }
}
