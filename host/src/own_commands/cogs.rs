//! `/cogs list | load | unload | reload | info`: what `gearshift cogs` does, from Discord, for the application's owners.

use std::{fmt::Write as _, sync::Arc};

use serde_json::{Value, json};

use super::{
    OwnCall, OwnParts, SUBCOMMAND,
    reply::{Reply, Text},
    text_option,
};
use crate::{
    cogs::{self, CogStatus, Cogs, Stage},
    control::{self, Answer, Request},
    duration::ShownSecs,
    sessions::discord::DiscordError,
};

pub(super) const NAME: &str = "cogs";
const LIST: &str = "list";
const LOAD: &str = "load";
const UNLOAD: &str = "unload";
const RELOAD: &str = "reload";
const INFO: &str = "info";
const USAGE: &str = "`cogs list`, or `cogs load`, `unload`, `reload` or `info` with the name of a cog";

/// Discord hides it from everybody but administrators, who get a refusal: Discord has no permission for owners of an
/// application.
pub(super) fn declared() -> Value {
    let verb = |name: &str, description: &str| {
        let options = match name {
            LIST => json!([]),
            _ => json!([text_option("cog", "Name of the cog", true)]),
        };
        json!({ "type": SUBCOMMAND, "name": name, "description": description, "options": options })
    };
    json!({
        "type": 1, "name": NAME, "description": "Manages this bot's cogs (owners only)",
        "default_member_permissions": "0",
        "options": [
            verb(LIST, "Shows the cogs and their status"),
            verb(LOAD, "Loads a cog from the folder"),
            verb(UNLOAD, "Retires a cog; its state is kept"),
            verb(RELOAD, "Replaces a cog with what its file holds now"),
            verb(INFO, "Shows the details of a cog"),
        ],
    })
}

pub(super) async fn answer(
    parts: &OwnParts,
    cogs: &Arc<Cogs>,
    call: &OwnCall,
    reply: Reply<'_>,
) -> Result<(), DiscordError> {
    if !parts.is_owner(&call.user) {
        let text = "Only the owners of this bot's application can use `cogs`.";
        return reply.send(Text::Plain(text.to_owned())).await;
    }
    let words: Vec<&str> = call.words.iter().map(String::as_str).collect();
    let named = |cog: &str| cog.to_owned();
    let request = match words.as_slice() {
        [] | [LIST] => return reply.send(shown(control::answer(cogs, Request::List).await)).await,
        [INFO, cog] => return reply.send(info(cogs, cog)).await,
        [LOAD, cog] => Request::Load { cog: named(cog) },
        [UNLOAD, cog] => Request::Unload { cog: named(cog) },
        [RELOAD, cog] => Request::Reload { cog: named(cog), lane: None },
        _ => return reply.send(Text::Plain(format!("Use {USAGE}."))).await,
    };
    tracing::info!(
        user = call.user.id,
        "an owner used `{}cogs`: {request}",
        if call.user.slash { "/" } else { &parts.prefix }
    );
    // A drain alone may exceed the time that Discord waits for an answer.
    let reply = reply.defer().await?;
    reply.send(shown(control::answer(cogs, request).await)).await
}

fn shown(answer: Answer) -> Text {
    let help = answer.help.map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    Text::Table(format!("{}{help}", answer.text))
}

/// Names of cogs that a subcommand applies to.
pub(super) fn suggestions(cogs: &Cogs, path: &str) -> Vec<String> {
    let fits = |cog: &CogStatus| match path.rsplit(' ').next() {
        Some(LOAD) => cog.stage == Stage::Away,
        Some(UNLOAD) => cog.stage != Stage::Away,
        _ => true,
    };
    cogs.status().cogs.into_iter().filter(fits).map(|cog| cog.name).collect()
}

fn info(cogs: &Cogs, name: &str) -> Text {
    let status = cogs.status();
    let Some(cog) = status.cogs.iter().find(|cog| cog.name == name) else {
        let known: Vec<&str> = status.cogs.iter().map(|cog| &*cog.name).collect();
        return Text::Table(format!("no cog `{name}` is known\nhelp: known cogs: {}", known.join(", ")));
    };
    let mut text = match cog.generation {
        Some(number) => format!("{}#{number}", cog.name),
        None => cog.name.clone(),
    };
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        // Writing to a string does not fail.
        let _ = write!(text, "\n{name}: {value}");
    };
    line("stage", &format!("{:?}", cog.stage).to_lowercase());
    if let Some(reason) = &cog.reason {
        line("why", reason);
    }
    if let Some(version) = &cog.version {
        line("version", version);
    }
    line("file", &cog.file.display());
    if let Some(seconds) = cog.uptime_secs {
        line("serves for", &ShownSecs(seconds));
    }
    match &cog.process {
        Some(process) => line("lane", &format!("process {}, {} MiB", process.id, process.memory_bytes >> 20)),
        None => line("lane", &cog.lane),
    }
    line("commands", &listed(&cog.commands));
    line("events", &listed(&cog.events));
    line("planned tasks", &cog.tasks);
    line("handled", &cog.handled);
    line("waiting", &cog.queued);
    line("faults", &cog.totals.all_faults());
    line("refusals", &cog.totals.all_refusals());
    if let (Some(fault), Some(secs)) = (&cog.last_fault, cog.last_fault_secs) {
        line(&format!("last fault, {} ago", ShownSecs(secs)), fault);
    }
    if !cog.outdated.is_empty() {
        line("note", &format!("it serves {}", cogs::with_old_settings(&cog.outdated)));
    }
    for missing in &cog.missing_intents {
        line("note", missing);
    }
    if let Some(report) = &cog.last_report {
        line("last", report);
    }
    Text::Table(text)
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
