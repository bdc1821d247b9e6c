//! From the parts of a world file to a world: people, bots, guilds and their roles. Channels and messages are in
//! `places`.

use std::collections::HashMap;
use std::sync::Arc;

use toml::Spanned;

use super::Mistake;
use super::ids::Ids;
use super::parts::{File, GuildPart, MemberPart, Name, RolePart};
use crate::ids::{Snowflake, Timestamp};
use crate::pictures;
use crate::world::{Bot, Guild, GuildMember, Role, Status, User, World, bits, builder};

/// A world under construction.
pub(super) struct WorldReader {
    pub(super) world: World,
    pub(super) ids: Ids,
}

pub(super) fn world_of(file: &File) -> Result<World, Mistake> {
    let mut building = WorldReader { world: World::empty(), ids: Ids::default() };
    building.take_written_ids(file)?;
    for person in &file.people {
        let (id, shown) = (person.id.as_ref(), person.shown.as_deref());
        let user = building.account(&person.name, false, id, shown, person.picture)?;
        if person.status != Status::Online {
            building.world.statuses.insert(user.id, person.status);
        }
        if person.nitro {
            building.world.nitro.insert(user.id);
        }
    }
    for bot in &file.bots {
        let id = bot.id.as_ref().map(|id| *id.get_ref()).or_else(|| builder::id_in_token(&bot.token));
        let id = id.map(|id| Spanned::new(bot.name.span(), id));
        building.account(&bot.name, true, id.as_ref(), bot.shown.as_deref(), bot.picture)?;
    }
    for (place, part) in file.guilds.iter().enumerate() {
        let guild = building.guild(place, part)?;
        building.channels(guild, part)?;
        building.commands(guild, part)?;
    }
    building.bots(file)?;
    for direct in &file.dms {
        building.direct(direct)?;
    }
    let WorldReader { mut world, ids } = building;
    world.ids.start_after(ids.highest());
    Ok(world)
}

impl WorldReader {
    /// Ids in the file come first, so that no derived id takes their place.
    fn take_written_ids(&mut self, file: &File) -> Result<(), Mistake> {
        let people = file.people.iter().map(|part| &part.id);
        let mut written: Vec<&Option<Spanned<Snowflake>>> = people.collect();
        written.extend(file.bots.iter().map(|part| &part.id));
        written.extend(file.dms.iter().map(|part| &part.id));
        let messages = file.dms.iter().flat_map(|part| &part.messages);
        written.extend(messages.map(|part| &part.id));
        for guild in &file.guilds {
            written.push(&guild.id);
            written.extend(guild.roles.iter().map(|part| &part.id));
            for channel in &guild.channels {
                written.push(&channel.id);
                written.extend(channel.messages.iter().map(|part| &part.id));
            }
        }
        for id in written.into_iter().flatten() {
            if !Ids::RANGE.contains(&id.get_ref().0) {
                let (least, most) = (Ids::RANGE.start(), Ids::RANGE.end());
                return Err(Mistake::at(id.span(), format!("an id must be between {least} and {most}")));
            }
            if !self.ids.take(*id.get_ref()) {
                return Err(Mistake::at(id.span(), format!("duplicate id {}", id.get_ref())));
            }
        }
        Ok(())
    }

    fn account(
        &mut self,
        name: &Name,
        bot: bool,
        id: Option<&Spanned<Snowflake>>,
        shown: Option<&str>,
        picture: bool,
    ) -> Result<Arc<User>, Mistake> {
        let username = name.get_ref();
        if username.is_empty() || username.chars().count() > 32 {
            return Err(Mistake::at(name.span(), "a name must have 1 to 32 characters"));
        }
        if self.world.users.named(username, bot).is_some() {
            return Err(Mistake::at(name.span(), format!("duplicate name `{username}`")));
        }
        let id = match id {
            Some(id) => *id.get_ref(),
            None => self.ids.of(&[if bot { "bot" } else { "user" }, username]),
        };
        if self.world.users.get(&id).is_some() {
            return Err(Mistake::at(name.span(), format!("another account has the id {id}")));
        }
        let mut user = builder::new_user(id, username, bot);
        user.global_name = shown.map(str::to_owned);
        user.avatar = picture.then(|| pictures::hash_of(id));
        let user = Arc::new(user);
        self.world.users.insert(user.clone());
        Ok(user)
    }

    /// The user of this name, who need not be declared.
    pub(super) fn find_or_add_user(&mut self, name: &Name) -> Result<Arc<User>, Mistake> {
        let known = self.world.users.named(name.get_ref(), false);
        match known.or_else(|| self.world.users.named(name.get_ref(), true)) {
            Some(user) => Ok(user.clone()),
            None => self.account(name, false, None, None, true),
        }
    }

    fn guild(&mut self, place: usize, part: &GuildPart) -> Result<Snowflake, Mistake> {
        let owner = self.find_or_add_user(&part.owner)?;
        let name = part.name.get_ref();
        let id = part.id.as_ref().map_or_else(|| self.ids.guild(place, name), |id| *id.get_ref());
        let mut guild = builder::new_guild(id, name, owner.id);
        guild.settings.icon = part.picture.then(|| pictures::hash_of(id).into());
        if let Some(granted) = &part.everyone {
            guild.roles[0].permissions = bits_of(granted)?;
        }
        let created_at = Timestamp(id.unix_ms());
        guild.members.insert(owner.id, GuildMember::new(owner, created_at));
        // The first role in the file is the highest, as in Discord's own list.
        let mut twins: HashMap<&str, usize> = HashMap::new();
        for role in part.roles.iter().rev() {
            let twin = twins.entry(&role.name).or_default();
            *twin += 1;
            let role = self.role(&guild, role, *twin)?;
            guild.roles.push(role);
        }
        for member in &part.members {
            let member = self.member(&guild, member, created_at)?;
            guild.members.insert(member.user.id, member);
        }
        self.world.guilds.insert(id, guild);
        Ok(id)
    }

    /// `twin` counts the roles of this name.
    fn role(&mut self, guild: &Guild, part: &RolePart, twin: usize) -> Result<Role, Mistake> {
        let path = ["role", &guild.name, &part.name, &twin.to_string()];
        let id = part.id.as_ref().map_or_else(|| self.ids.of(&path), |id| *id.get_ref());
        let mut role = Role::new(id, &part.name, bits_of(&part.permissions)?);
        role.position = guild.roles.len() as u32;
        role.hoist = part.hoist;
        role.mentionable = part.mentionable;
        if let Some(color) = &part.color {
            let digits = color.get_ref().strip_prefix('#').filter(|digits| digits.len() == 6);
            role.color = digits
                .and_then(|digits| u32::from_str_radix(digits, 16).ok())
                .ok_or_else(|| Mistake::at(color.span(), "invalid colour; expected e.g. `#3498db`"))?;
        }
        if let Some(bot) = &part.bot {
            role.bot = Some(self.bot_named(bot)?.id);
        }
        Ok(role)
    }

    fn member(
        &mut self,
        guild: &Guild,
        part: &MemberPart,
        created_at: Timestamp,
    ) -> Result<GuildMember, Mistake> {
        let user = self.find_or_add_user(&part.name)?;
        let joined = part.joined.map_or(created_at, |moment| moment.0);
        let mut member = GuildMember::new(user, joined);
        member.nick = part.nick.clone();
        for name in &part.roles {
            member.roles.push(role_named(guild, name)?);
        }
        Ok(member)
    }

    fn bots(&mut self, file: &File) -> Result<(), Mistake> {
        for part in &file.bots {
            let user = self.bot_named(&part.name)?;
            let owner = match (&part.owner, self.world.guilds.values().next()) {
                (Some(name), _) => self.find_or_add_user(name)?,
                (None, Some(guild)) => self.world.users.get(&guild.owner_id).cloned().unwrap_or(user.clone()),
                (None, None) => user.clone(),
            };
            let users = part.users.iter().map(|name| self.find_or_add_user(name).map(|user| user.id));
            let users = users.collect::<Result<_, _>>()?;
            self.world.bots.push(Bot { owner, users, ..builder::new_bot(user.clone(), &part.token) });
            let guilds: Vec<Snowflake> = match &part.guilds {
                None => self.world.guilds.keys().copied().collect(),
                Some(names) => names.iter().map(|name| self.guild_named(name)).collect::<Result<_, _>>()?,
            };
            for guild in guilds {
                let role = self.ids.of(&["role of bot", &guild.to_string(), &user.id.to_string()]);
                self.world.admit_bot(guild, &user, role);
            }
        }
        Ok(())
    }

    fn guild_named(&self, name: &Name) -> Result<Snowflake, Mistake> {
        let mut guilds = self.world.guilds.values();
        guilds.find(|guild| guild.name == *name.get_ref()).map(|guild| guild.id).ok_or_else(|| {
            let known = self.world.guilds.values().map(|guild| guild.name.as_str());
            Mistake::unknown(name.span(), "guild", name.get_ref(), known)
        })
    }

    pub(super) fn bot_named(&self, name: &Name) -> Result<Arc<User>, Mistake> {
        self.world.users.named(name.get_ref(), true).cloned().ok_or_else(|| {
            let known = self.world.users.values().filter(|user| user.bot).map(|user| user.username.as_str());
            Mistake::unknown(name.span(), "bot", name.get_ref(), known)
        })
    }
}

pub(super) fn role_named(guild: &Guild, name: &Name) -> Result<Snowflake, Mistake> {
    let found = guild.roles.iter().rev().find(|role| role.name == *name.get_ref()).map(|role| role.id);
    let by_id = || {
        let id = name.get_ref().parse().ok()?;
        guild.roles.iter().find(|role| role.id == id).map(|role| role.id)
    };
    found.or_else(by_id).ok_or_else(|| {
        Mistake::unknown(
            name.span(),
            "role",
            name.get_ref(),
            guild.roles.iter().map(|role| role.name.as_str()),
        )
    })
}

pub(super) fn bits_of(names: &[Name]) -> Result<u64, Mistake> {
    let known = || bits::NAMES.iter().map(|(name, _)| *name);
    names.iter().try_fold(0, |all, name| {
        match bits::NAMES.iter().find(|(known, _)| known == name.get_ref()) {
            Some((_, bit)) => Ok(all | bit),
            None => Err(Mistake::unknown(name.span(), "permission", name.get_ref(), known())),
        }
    })
}
