//! A tour of what a bot does to a guild besides sending messages, in twilight. Any error is returned.

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use twilight_http::Client;
use twilight_http::request::AuditLogReason as _;
use twilight_http::request::channel::reaction::RequestReactionType;
use twilight_http::request::guild::update_guild_onboarding::UpdateGuildOnboardingFields;
use twilight_model::channel::{ChannelType, Message};
use twilight_model::guild::Permissions;
use twilight_model::guild::scheduled_event::PrivacyLevel;
use twilight_model::http::permission_overwrite::{PermissionOverwrite, PermissionOverwriteType};
use twilight_model::util::Timestamp;

use super::PIXEL;

pub(super) async fn tour(client: &Client, message: &Message) -> Result<(), Box<dyn Error + Send + Sync>> {
    let guild = message.guild_id.ok_or("not in a guild")?;
    client.guild(guild).with_counts(true).await?.model().await?;
    client.guild_channels(guild).await?.model().await?;
    client.roles(guild).await?.model().await?;
    client.guild_members(guild).limit(10).await?.model().await?;
    let found = client.search_guild_members(guild, "erin").limit(1).await?.model().await?;
    let erin = found.first().ok_or("no erin")?.user.id;
    client.user(message.author.id).await?.model().await?;

    let here = message.channel_id;
    client.channel_messages(here).limit(5).await?.model().await?;
    client.message(here, message.id).await?.model().await?;
    client.create_typing_trigger(here).await?;
    client.create_pin(here, message.id).await?;
    client.pins(here).await?.model().await?;
    client.delete_pin(here, message.id).await?;
    let balloon = RequestReactionType::Unicode { name: "🎈" };
    client.create_reaction(here, message.id, &balloon).await?;
    client.reactions(here, message.id, &balloon).await?.model().await?;
    client.delete_current_user_reaction(here, message.id, &balloon).await?;

    let role = client
        .create_role(guild)
        .name("tourist")
        .permissions(Permissions::VIEW_CHANNEL)
        .await?
        .model()
        .await?;
    client.update_role(guild, role.id).name(Some("traveller")).await?.model().await?;
    client.add_guild_member_role(guild, erin, role.id).await?;
    client.update_guild_member(guild, erin).nick(Some("Erin the Guest")).await?.model().await?;
    client.remove_guild_member_role(guild, erin, role.id).await?;
    client.delete_role(guild, role.id).await?;

    let made =
        client.create_guild_channel(guild, "tour").kind(ChannelType::GuildText).topic("A walk").await?;
    let channel = made.model().await?.id;
    client.update_channel(channel).topic("A longer walk").await?.model().await?;
    let quiet = PermissionOverwrite {
        allow: None,
        deny: Some(Permissions::SEND_MESSAGES),
        id: erin.cast(),
        kind: PermissionOverwriteType::Member,
    };
    client.update_channel_permission(channel, &quiet).await?;
    client.delete_channel_permission(channel).member(erin).await?;
    let start = client.create_message(channel).content("start").await?.model().await?;
    let thread = client.create_thread_from_message(channel, start.id, "aside").await?.model().await?;
    client.create_message(thread.id).content("inside").await?;
    client.update_thread(thread.id).archived(true).await?.model().await?;
    client.active_threads(guild).await?.model().await?;
    let webhook = client.create_webhook(channel, "hook").await?.model().await?;
    let token = webhook.token.ok_or("the webhook has no token")?;
    let outside = client.execute_webhook(webhook.id, &token).content("from outside").username("somebody");
    let hooked = outside.wait().await?.model().await?;
    client.update_webhook_message(webhook.id, &token, hooked.id).content(Some("from far outside")).await?;
    client.channel_webhooks(channel).await?.model().await?;
    client.delete_webhook(webhook.id).token(&token).await?;
    let invite = client.create_invite(channel).max_age(60).await?.model().await?;
    client.invite(&invite.code).await?.model().await?;
    client.delete_invite(&invite.code).await?;
    let one = client.create_message(channel).content("one").await?.model().await?.id;
    let two = client.create_message(channel).content("two").await?.model().await?.id;
    client.delete_messages(channel, &[one, two]).await?;
    client.delete_channel(channel).await?;

    let emoji = client.create_emoji(guild, "pixel", PIXEL).await?.model().await?;
    client.emojis(guild).await?.model().await?;
    client.delete_emoji(guild, emoji.id).await?;
    let hour = 3600;
    let begin = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64 + hour;
    let (begin, end) = (Timestamp::from_secs(begin)?, Timestamp::from_secs(begin + hour)?);
    let event = client.create_guild_scheduled_event(guild, PrivacyLevel::GuildOnly);
    let event = event.external("walk", "outside", &begin, &end).await?.model().await?;
    client.guild_scheduled_events(guild).await?.model().await?;
    client.delete_guild_scheduled_event(guild, event.id).await?;
    let mut onboarding = client.guild_onboarding(guild).await?.model().await?;
    onboarding.default_channel_ids.push(here);
    let fields = UpdateGuildOnboardingFields {
        default_channel_ids: onboarding.default_channel_ids,
        prompts: Vec::new(),
        enabled: onboarding.enabled,
        mode: onboarding.mode,
    };
    client.update_guild_onboarding(guild, fields).await?.model().await?;
    client.create_ban(guild, erin).reason("the tour").await?;
    client.bans(guild).await?.model().await?;
    client.delete_ban(guild, erin).await?;
    client.audit_log(guild).limit(3).await?.model().await?;
    let dm = client.create_private_channel(message.author.id).await?.model().await?;
    client.create_message(dm.id).content("home again").await?;
    client.create_message(here).reply(message.id).content("toured").await?;
    Ok(())
}
