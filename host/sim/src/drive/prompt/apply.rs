//! Carries out a line, as the current member in the current channel.

use std::fmt::Write as _;
use std::sync::Arc;

use super::orders::{FAULTS_HELP, FaultCommand, TimeCommand};
use super::parse::{Command, HELP};
use super::{Effect, Prompt};
use crate::drive::advance::advance;
use crate::drive::gateway::Gateway;
use crate::ids::Snowflake;
use crate::members::Member;
use crate::world::{ActError, ChannelKind, Message, bits, mentions::with_mentions};

impl Prompt {
    pub(super) async fn apply(&mut self, command: Command) -> Result<Effect, ActError> {
        match command {
            Command::Nothing => return Ok(Effect::Nothing),
            Command::Say(text) => {
                return self.member.say(&self.here()?, &self.typed(&text)).await.map(Effect::Posted);
            }
            Command::SayLiterally(text) => {
                return self.member.say(&self.here()?, &text).await.map(Effect::Posted);
            }
            Command::Slash { name, options } => {
                return self.member.slash(&name, options).await.map(Effect::Invoked);
            }
            Command::Choices { name, options } => {
                let focused = options.last().map(|(name, _)| name.clone()).unwrap_or_default();
                return self.member.autocomplete(&name, options, &focused).await.map(Effect::Asked);
            }
            Command::Use { command, on: Some(user) } => {
                return self.member.run_on_user(&command, &user).await.map(Effect::Invoked);
            }
            Command::Use { command, on: None } => {
                let target = self.newest("message to use it on", |_| true)?;
                return self.member.run_on_message(&command, target).await.map(Effect::Invoked);
            }
            Command::Attach { name, text } => {
                let file = [(name, text)];
                return self.member.attach(&self.here()?, "", file).await.map(Effect::Posted);
            }
            Command::As(name) => {
                let member = Member::named(self.shared.clone(), &name)?;
                // Stays in the channel if the other member also sees it.
                self.member = self.here().ok().and_then(|here| member.at(&here).ok()).unwrap_or(member);
            }
            Command::Join(guild) => self.member.join(&guild).await?,
            Command::Leave(guild) => self.member.leave(&guild).await?,
            Command::Onboard { guild, answers } => {
                let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
                self.member.complete_onboarding(&guild, &answers).await?;
            }
            Command::Role { member, role, given: true } => self.member.give_role(&member, &role).await?,
            Command::Role { member, role, given: false } => self.member.take_role(&member, &role).await?,
            Command::In(channel) => self.member = self.member.at(&channel)?,
            Command::Reply(text) => {
                let target = self.newest("message to reply to", |message| !message.kind.is_system())?;
                return self.member.reply(target, &self.typed(&text)).await.map(Effect::Posted);
            }
            Command::Edit(text) => self.member.edit(self.own()?, &self.typed(&text)).await?,
            Command::Delete => self.member.delete(self.own()?).await?,
            Command::React(emoji) => {
                let target = self.newest("message to react to", |_| true)?;
                self.member.react(target, &emoji).await?;
            }
            Command::Unreact(emoji) => {
                let target = self.newest("message to remove a reaction from", |_| true)?;
                self.member.unreact(target, &emoji).await?;
            }
            Command::Press(label) => {
                let target = self.newest("message with buttons", |message| has(message, "button"))?;
                return self.member.press(target, &label).await.map(Effect::Invoked);
            }
            Command::Select { menu, values } => {
                let target = self.newest("message with a menu", |message| has(message, "select"))?;
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                return self.member.select(target, &menu, &values).await.map(Effect::Invoked);
            }
            Command::Submit(fields) => return self.member.submit_last(fields).map(Effect::Invoked),
            Command::Typing => self.member.typing(&self.here()?).await?,
            Command::Who => return Ok(Effect::Shown(self.who())),
            Command::Where => return Ok(Effect::Shown(self.places())),
            Command::Faults(command) => return Ok(self.faults(command)),
            Command::Time(command) => return Ok(self.time(&command).await),
            Command::Help => return Ok(Effect::Shown(HELP.to_owned())),
            Command::Quit => return Ok(Effect::Quit),
        }
        Ok(Effect::Done)
    }

    /// The current channel's name: `#general`, or `@bot`.
    pub(super) fn place(&self) -> String {
        let state = self.shared.state();
        let Some(channel) = self.member.here.and_then(|here| state.world.channel(here)) else {
            return "nowhere".to_owned();
        };
        match channel.recipients.iter().find(|user| user.bot) {
            Some(bot) => format!("@{}", bot.username),
            None => format!("#{}", channel.name),
        }
    }

    /// The current channel's id, by which acts find the channel whatever its name.
    fn here(&self) -> Result<String, ActError> {
        let here = self.member.here.map(|here| here.to_string());
        here.ok_or_else(|| ActError::NoVisibleChannel { member: self.member.name().to_owned() })
    }

    /// A text with the mentions that the member typed in it.
    fn typed(&self, text: &str) -> String {
        let state = self.shared.state();
        let channel = self.member.here.and_then(|here| state.world.channel(here));
        channel.map_or_else(|| text.to_owned(), |channel| with_mentions(&state.world, channel, text))
    }

    fn own(&self) -> Result<Snowflake, ActError> {
        let me = self.member.id();
        self.newest("message of yours", move |message| message.author.id == me && !message.kind.is_system())
    }

    /// The newest matching message in this channel, including ephemeral responses to the member.
    fn newest(&self, what: &'static str, fits: impl Fn(&Message) -> bool) -> Result<Snowflake, ActError> {
        let state = self.shared.state();
        let here = self.member.here;
        let open = here.and_then(|here| state.world.channel(here));
        let open = open.and_then(|channel| channel.messages.iter().rev().find(|message| fits(message)));
        let mine = |message: &&Arc<Message>| {
            Some(message.channel_id) == here
                && message.interaction.as_ref().is_some_and(|note| note.user.id == self.member.id())
        };
        let ephemeral = state.interactions.ephemerals().rev().filter(mine).find(|message| fits(message));
        let newest = open.into_iter().chain(ephemeral).map(|message| message.id).max();
        newest.ok_or(ActError::NoMatchingMessage { what })
    }

    fn who(&self) -> String {
        let state = self.shared.state();
        let mut lines = String::new();
        let channel = self.member.here.and_then(|here| state.world.channel(here));
        let guild = channel.and_then(|channel| channel.guild_id).and_then(|guild| state.world.guild(guild));
        for member in guild.into_iter().flat_map(|guild| guild.members.values()) {
            let mark = if member.user.id == self.member.id() { '*' } else { ' ' };
            let kind = if member.user.bot { " (bot)" } else { "" };
            let sees = channel.is_some_and(|channel| {
                state.world.permissions_in(channel, member.user.id) & bits::VIEW_CHANNEL != 0
            });
            let sight = if sees { "" } else { " (does not see this channel)" };
            let _ = writeln!(lines, "{mark} {}{kind}{sight}", member.user.username);
        }
        for user in channel.into_iter().flat_map(|channel| channel.recipients.iter()) {
            let _ = writeln!(lines, "  {}{}", user.username, if user.bot { " (bot)" } else { "" });
        }
        lines.trim_end().to_owned()
    }

    fn places(&self) -> String {
        let state = self.shared.state();
        let mut lines = String::new();
        for guild in state.world.guilds() {
            let seen = guild.channels.iter().filter_map(|id| state.world.channel(*id)).filter(|channel| {
                channel.kind == ChannelKind::Text
                    && state.world.permissions_in(channel, self.member.id()) & bits::VIEW_CHANNEL != 0
            });
            let mut title = Some(&guild.name);
            for channel in seen {
                if let Some(title) = title.take() {
                    let _ = writeln!(lines, "{title}");
                }
                let mark = if Some(channel.id) == self.member.here { '*' } else { ' ' };
                let _ =
                    writeln!(lines, "{mark} #{}  {}", channel.name, channel.topic.as_deref().unwrap_or(""));
            }
        }
        lines.trim_end().to_owned()
    }

    async fn time(&self, command: &TimeCommand) -> Effect {
        let clock = &self.shared.clock;
        match command {
            TimeCommand::Show => {
                let state = if clock.is_frozen() { " (frozen)" } else { "" };
                return Effect::Shown(format!("{}{state}", clock.now()));
            }
            TimeCommand::Freeze => clock.freeze(),
            TimeCommand::Advance(by) => advance(&self.shared, *by).await,
            TimeCommand::Resume => clock.resume(),
        }
        Effect::Done
    }

    fn faults(&self, command: FaultCommand) -> Effect {
        let (faults, gateway) = (self.shared.faults.clone(), Gateway::new(self.shared.clone()));
        let shown = |what: &str, sessions: usize| Effect::Shown(format!("{what}: {sessions} sessions"));
        match command {
            FaultCommand::List => {
                let armed = faults.armed();
                let lines =
                    if armed.is_empty() { "no faults are armed".to_owned() } else { armed.join("\n") };
                return Effect::Shown(lines);
            }
            FaultCommand::Help => return Effect::Shown(FAULTS_HELP.to_owned()),
            FaultCommand::Clear => faults.clear(),
            FaultCommand::Drop => return shown("cut", gateway.drop_sockets()),
            FaultCommand::Reconnect => return shown("asked to reconnect", gateway.ask_reconnect()),
            FaultCommand::Invalidate => return shown("ended", gateway.invalidate(false)),
            FaultCommand::Close(code) => return shown("closed", gateway.close_sockets(code)),
            FaultCommand::Silence(on) => gateway.ignore_heartbeats(on),
            FaultCommand::Refuse(on) => gateway.refuse_connections(on),
            FaultCommand::Rest { method, path, fault, times } => faults.rest(&method, &path, times, fault),
        }
        Effect::Done
    }
}

fn has(message: &Message, kind: &str) -> bool {
    message.controls().any(|(one, _)| one == kind)
}
