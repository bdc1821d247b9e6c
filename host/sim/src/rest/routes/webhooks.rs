//! The routes of webhooks, those of interactions included.

use super::super::{callbacks, channel_webhooks, invocations, webhooks};

super::table! {
    POST   "/interactions" => invocations::create();
    POST   "/interactions/{interaction_id}/{interaction_token}/callback" => callbacks::callback(interaction_id, interaction_token);

    POST   "/channels/{channel_id}/webhooks" => channel_webhooks::create(channel_id);
    GET    "/channels/{channel_id}/webhooks" => channel_webhooks::of_channel(channel_id);
    POST   "/channels/{channel_id}/followers" => channel_webhooks::follow(channel_id);
    GET    "/guilds/{guild_id}/webhooks" => channel_webhooks::of_guild(guild_id);
    GET    "/webhooks/{webhook_id}" => channel_webhooks::webhook(webhook_id);
    PATCH  "/webhooks/{webhook_id}" => channel_webhooks::edit(webhook_id);
    DELETE "/webhooks/{webhook_id}" => channel_webhooks::delete(webhook_id);
    GET    "/webhooks/{webhook_id}/{webhook_token}" => channel_webhooks::with_token(webhook_id, webhook_token);
    PATCH  "/webhooks/{webhook_id}/{webhook_token}" => channel_webhooks::edit_with_token(webhook_id, webhook_token);
    DELETE "/webhooks/{webhook_id}/{webhook_token}" => channel_webhooks::delete_with_token(webhook_id, webhook_token);

    POST   "/webhooks/{webhook_id}/{webhook_token}" => webhooks::follow_up(webhook_id, webhook_token);
    GET    "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" => webhooks::message(webhook_id, webhook_token, message_id);
    PATCH  "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" => webhooks::edit(webhook_id, webhook_token, message_id);
    DELETE "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" => webhooks::delete(webhook_id, webhook_token, message_id);
}
