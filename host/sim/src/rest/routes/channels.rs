//! The routes below `/channels`.
//! It answers none of them.

use super::super::{channels, messages, reactions};

super::table! {
    GET    "/channels/{channel_id}" => channels::channel(channel_id);
    POST   "/channels/{channel_id}/typing" => channels::typing(channel_id);

    POST   "/channels/{channel_id}/messages" => messages::create(channel_id);
    GET    "/channels/{channel_id}/messages" => messages::list(channel_id);
    POST   "/channels/{channel_id}/messages/bulk-delete" => messages::bulk_delete(channel_id);
    GET    "/channels/{channel_id}/messages/{message_id}" => messages::message(channel_id, message_id);
    PATCH  "/channels/{channel_id}/messages/{message_id}" => messages::edit(channel_id, message_id);
    DELETE "/channels/{channel_id}/messages/{message_id}" => messages::delete(channel_id, message_id);

    GET    "/channels/{channel_id}/messages/pins" => channels::pins(channel_id);
    PUT    "/channels/{channel_id}/messages/pins/{message_id}" => channels::pin(channel_id, message_id);
    DELETE "/channels/{channel_id}/messages/pins/{message_id}" => channels::unpin(channel_id, message_id);
    GET    "/channels/{channel_id}/pins" => channels::pins_plain(channel_id);
    PUT    "/channels/{channel_id}/pins/{message_id}" => channels::pin(channel_id, message_id);
    DELETE "/channels/{channel_id}/pins/{message_id}" => channels::unpin(channel_id, message_id);

    DELETE "/channels/{channel_id}/messages/{message_id}/reactions" => reactions::clear_all(channel_id, message_id);
    GET    "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}" => reactions::list(channel_id, message_id, emoji);
    DELETE "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}" => reactions::clear(channel_id, message_id, emoji);
    PUT    "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me" => reactions::put(channel_id, message_id, emoji);
    DELETE "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me" => reactions::take_own(channel_id, message_id, emoji);
    DELETE "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/{user_id}" => reactions::take(channel_id, message_id, emoji, user_id);
}
