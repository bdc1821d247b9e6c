//! What libraries that are not in the gate send and read: hikari, disnake, nextcord, py-cord, interactions.py, eris, Oceanic.

use serde_json::json;

use crate::desk::{code, desk, harbour};
use crate::raw::{sim};

#[tokio::test]
async fn true_is_taken_as_a_text_as_discord_py_and_its_forks_write_it() {
    let sim = sim().await;
    let prune = format!("/guilds/{}/prune", harbour(&sim));
    let alice = desk(&sim, "alice");
    let body = |counted: &str| json!({ "days": 30, "compute_prune_count": counted });
    assert_eq!(alice.post(&prune, body("false")).await, (200, json!({ "pruned": null })));
    assert_eq!(alice.post(&prune, body("true")).await, (200, json!({ "pruned": 0 })));
    let wrong = alice.post(&prune, body("maybe")).await;
    assert_eq!(code(&wrong), (400, 50035));
    assert_eq!(wrong.1["errors"]["compute_prune_count"]["_errors"][0]["code"], "BOOLEAN_TYPE_CONVERT");
}
