//! The routes of webhooks, including those of interactions.

use crate::rest::{interactions, webhooks};

super::table! {
    POST   "/interactions" => interactions::invocations::create();
    POST   "/interactions/{interaction_id}/{interaction_token}/callback" => interactions::callbacks::callback(interaction_id, interaction_token);

    POST   "/channels/{channel_id}/webhooks" => webhooks::create(channel_id);
    GET    "/channels/{channel_id}/webhooks" => webhooks::of_channel(channel_id);
    POST   "/channels/{channel_id}/followers" => webhooks::follow(channel_id);
    GET    "/guilds/{guild_id}/webhooks" => webhooks::of_guild(guild_id);
    GET    "/webhooks/{webhook_id}" => webhooks::webhook(webhook_id);
    PATCH  "/webhooks/{webhook_id}" => webhooks::edit(webhook_id);
    DELETE "/webhooks/{webhook_id}" => webhooks::delete(webhook_id);
    GET    "/webhooks/{webhook_id}/{webhook_token}" => webhooks::with_token(webhook_id, webhook_token);
    PATCH  "/webhooks/{webhook_id}/{webhook_token}" => webhooks::edit_with_token(webhook_id, webhook_token);
    DELETE "/webhooks/{webhook_id}/{webhook_token}" => webhooks::delete_with_token(webhook_id, webhook_token);

    POST   "/webhooks/{webhook_id}/{webhook_token}" => interactions::follow_ups::follow_up(webhook_id, webhook_token);
    GET    "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" => interactions::follow_ups::message(webhook_id, webhook_token, message_id);
    PATCH  "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" => interactions::follow_ups::edit(webhook_id, webhook_token, message_id);
    DELETE "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" => interactions::follow_ups::delete(webhook_id, webhook_token, message_id);
}
