//! What is saved of a simulator, and its format.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use crate::commands::{Command, Commands};
use crate::files::StoredFile;
use crate::ids::{Snowflake, Timestamp};
use crate::state::State;
use crate::world::{
    Bot, Channel, CommandPermission, CommandRule, Guild, GuildEmoji, Invite, Status, User, Webhook, World,
};

/// Changes whenever snapshots of older versions can no longer be read.
const FORMAT: u32 = 1;

/// A copy of everything that is saved; messages and people are shared with the world they come from.
#[derive(Deserialize, Serialize)]
pub(super) struct Snapshot {
    format: u32,
    /// The URL of the simulator that saved it.
    base: String,
    now: Timestamp,
    last_id: Snowflake,
    users: Vec<Arc<User>>,
    guilds: BTreeMap<Snowflake, Guild>,
    channels: Vec<Channel>,
    bots: Vec<Bot>,
    invites: BTreeMap<String, Invite>,
    webhooks: BTreeMap<Snowflake, Webhook>,
    application_emojis: HashMap<Snowflake, Vec<GuildEmoji>>,
    statuses: BTreeMap<Snowflake, Status>,
    #[serde(default)]
    nitro: BTreeSet<Snowflake>,
    command_rules: Vec<CommandRule>,
    commands: Vec<Command>,
    exceptions: Vec<(Snowflake, Snowflake, Vec<CommandPermission>)>,
    /// Id and type; the contents are separate files.
    uploads: Vec<(Snowflake, String)>,
    #[serde(skip)]
    files: Vec<StoredFile>,
}

/// A loaded world, ready to be used.
pub(crate) struct SavedWorld {
    pub(crate) world: World,
    pub(crate) commands: Commands,
    pub(crate) files: Vec<StoredFile>,
    pub(crate) now: Timestamp,
}

impl SavedWorld {
    /// A given world, when nothing was loaded.
    pub(crate) fn only(world: World) -> Self {
        let commands = Commands::from_world(&world);
        Self { world, commands, files: Vec::new(), now: Timestamp::default() }
    }
}

impl Snapshot {
    pub(super) fn of(state: &State, base: String) -> Self {
        // All fields are listed, so that a new field of `World` cannot be forgotten here.
        let World {
            clock,
            ids: _,
            users,
            guilds,
            channels,
            bots,
            invites,
            webhooks,
            application_emojis,
            statuses,
            nitro,
            command_rules,
            history_limit: _,
        } = &state.world;
        let files: Vec<StoredFile> = state.files.all().cloned().collect();
        Self {
            format: FORMAT,
            base,
            now: clock.now(),
            last_id: state.world.last_id(),
            users: users.values().cloned().collect(),
            guilds: guilds.clone(),
            channels: channels.values().cloned().collect(),
            bots: bots.clone(),
            invites: invites.clone(),
            webhooks: webhooks.clone(),
            application_emojis: application_emojis.clone(),
            statuses: statuses.clone(),
            nitro: nitro.clone(),
            command_rules: command_rules.clone(),
            commands: state.commands.all().to_vec(),
            exceptions: state.commands.exceptions.all(),
            uploads: files.iter().map(|(id, kind, _)| (*id, kind.clone())).collect(),
            files,
        }
    }

    pub(super) fn files(&self) -> &[StoredFile] {
        &self.files
    }

    pub(super) fn text(&self) -> io::Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(io::Error::other)
    }
}

/// Reads a snapshot; URLs of files get the prefix `base` instead of the one they were saved with.
pub(super) fn read(text: &[u8], base: &str) -> Result<SavedWorld, serde_json::Error> {
    #[derive(Deserialize)]
    struct Head {
        format: u32,
        base: String,
    }
    let Head { format, base: old } = serde_json::from_slice(text)?;
    if format != FORMAT {
        return Err(serde_json::Error::custom(format!(
            "it has format {format}; this version reads format {FORMAT}"
        )));
    }
    let snapshot: Snapshot = match std::str::from_utf8(text) {
        Ok(text) if old != base => {
            let link = |base: &str| format!("\"{base}/files/");
            serde_json::from_str(&text.replace(&link(&old), &link(base)))?
        }
        _ => serde_json::from_slice(text)?,
    };
    let Snapshot { now, last_id, guilds, channels, bots, invites, webhooks, application_emojis, .. } =
        snapshot;
    let mut world = World::empty();
    for user in snapshot.users {
        world.users.insert(user);
    }
    world.guilds = guilds;
    world.channels = channels.into_iter().map(|channel| (channel.id, channel)).collect();
    (world.bots, world.invites, world.webhooks) = (bots, invites, webhooks);
    world.application_emojis = application_emojis;
    (world.statuses, world.nitro) = (snapshot.statuses, snapshot.nitro);
    world.command_rules = snapshot.command_rules;
    let mut commands = Commands::from_world(&world);
    snapshot.commands.into_iter().for_each(|command| commands.add(command));
    for (guild, id, list) in snapshot.exceptions {
        commands.exceptions.set(guild, id, list);
    }
    world.ids.start_after(last_id);
    share_people(&mut world);
    let files = snapshot.uploads.into_iter().map(|(id, kind)| (id, kind, Default::default())).collect();
    Ok(SavedWorld { world, commands, files, now })
}

/// Each member and author was read as a separate user; makes them share one.
fn share_people(world: &mut World) {
    let users = &world.users;
    let share = |user: &mut Arc<User>| {
        if let Some(known) = users.get(&user.id).filter(|known| ***known == **user) {
            *user = known.clone();
        }
    };
    let members = world.guilds.values_mut().flat_map(|guild| guild.members.values_mut());
    members.for_each(|member| share(&mut member.user));
    for message in world.channels.values_mut().flat_map(|channel| &mut channel.messages) {
        share(&mut Arc::make_mut(message).author);
    }
}
