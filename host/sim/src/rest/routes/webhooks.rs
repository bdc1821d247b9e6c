//! The routes of webhooks, those of interactions included.
//! It answers none of them.

use super::super::{callbacks, invocations, webhooks};

super::table! {
    POST   "/interactions" => invocations::create();
    POST   "/interactions/{interaction_id}/{interaction_token}/callback" => callbacks::callback(interaction_id, interaction_token);

    POST   "/webhooks/{webhook_id}/{webhook_token}" => webhooks::follow_up(webhook_id, webhook_token);
    GET    "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" => webhooks::message(webhook_id, webhook_token, message_id);
    PATCH  "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" => webhooks::edit(webhook_id, webhook_token, message_id);
    DELETE "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" => webhooks::delete(webhook_id, webhook_token, message_id);
}
