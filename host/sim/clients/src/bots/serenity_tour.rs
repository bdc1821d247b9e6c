//! A tour of what a bot does to a guild besides sending messages, in serenity. Any error is returned.

use serenity::all::{
    ChannelType, Context, CreateChannel, CreateInvite, CreateMessage, CreateScheduledEvent, CreateThread,
    CreateWebhook, EditChannel, EditMember, EditRole, EditThread, EditWebhookMessage, ExecuteWebhook,
    GetMessages, Message, PermissionOverwrite, PermissionOverwriteType, Permissions, ScheduledEventType,
    Timestamp,
};

use super::PIXEL;

pub(super) async fn tour(context: &Context, message: &Message) -> serenity::Result<()> {
    let Some(guild) = message.guild_id else { return Ok(()) };
    guild.to_partial_guild_with_counts(context).await?;
    guild.channels(context).await?;
    guild.roles(context).await?;
    guild.members(context, Some(10), None).await?;
    let found = guild.search_members(context, "erin", Some(1)).await?;
    let Some(erin) = found.first().map(|member| member.user.id) else {
        return Err(serenity::Error::Other("no erin"));
    };
    message.author.id.to_user(context).await?;

    let here = message.channel_id;
    here.messages(context, GetMessages::new().limit(5)).await?;
    context.http.get_message(here, message.id).await?;
    here.broadcast_typing(context).await?;
    message.pin(context).await?;
    here.pins(context).await?;
    message.unpin(context).await?;
    message.react(context, '🎈').await?.delete(context).await?;

    let mut role = guild
        .create_role(context, EditRole::new().name("tourist").permissions(Permissions::VIEW_CHANNEL))
        .await?;
    role.edit(context, EditRole::new().name("traveller").colour(0x33_66FF_u64)).await?;
    let guest = guild.member(context, erin).await?;
    guest.add_role(context, role.id).await?;
    guild.edit_member(context, erin, EditMember::new().nickname("Erin the Guest")).await?;
    guest.remove_role(context, role.id).await?;
    role.delete(context).await?;

    let mut channel = guild
        .create_channel(context, CreateChannel::new("tour").kind(ChannelType::Text).topic("A walk"))
        .await?;
    channel.edit(context, EditChannel::new().topic("A longer walk")).await?;
    let kind = PermissionOverwriteType::Member(erin);
    let quiet = PermissionOverwrite { allow: Permissions::empty(), deny: Permissions::SEND_MESSAGES, kind };
    channel.create_permission(context, quiet).await?;
    channel.delete_permission(context, kind).await?;
    let start = channel.say(context, "start").await?;
    let mut thread =
        channel.create_thread_from_message(context, start.id, CreateThread::new("aside")).await?;
    thread.say(context, "inside").await?;
    thread.edit_thread(context, EditThread::new().archived(true)).await?;
    guild.get_active_threads(context).await?;
    let webhook = channel.create_webhook(context, CreateWebhook::new("hook")).await?;
    let outside = ExecuteWebhook::new().content("from outside").username("somebody");
    if let Some(hooked) = webhook.execute(context, true, outside).await? {
        webhook
            .edit_message(context, hooked.id, EditWebhookMessage::new().content("from far outside"))
            .await?;
    }
    channel.webhooks(context).await?;
    webhook.delete(context).await?;
    let invite = channel.create_invite(context, CreateInvite::new().max_age(60)).await?;
    invite.delete(context).await?;
    let both = [channel.say(context, "one").await?.id, channel.say(context, "two").await?.id];
    channel.delete_messages(context, both).await?;
    channel.delete(context).await?;

    let emoji = guild.create_emoji(context, "pixel", PIXEL).await?;
    guild.emojis(context).await?;
    guild.delete_emoji(context, emoji.id).await?;
    let hour = 3600;
    let begin = Timestamp::now().unix_timestamp() + hour;
    let at = |seconds| Timestamp::from_unix_timestamp(seconds).unwrap_or_default();
    let walk = CreateScheduledEvent::new(ScheduledEventType::External, "walk", at(begin));
    let event =
        guild.create_scheduled_event(context, walk.end_time(at(begin + hour)).location("outside")).await?;
    guild.scheduled_events(context, false).await?;
    guild.delete_scheduled_event(context, event.id).await?;
    guild.ban_with_reason(context, erin, 0, "the tour").await?;
    guild.bans(context, None, None).await?;
    guild.unban(context, erin).await?;
    guild.audit_logs(context, None, None, None, Some(3)).await?;
    message.author.direct_message(context, CreateMessage::new().content("home again")).await?;
    message.reply(context, "toured").await.map(drop)
}
