//! The routes below `/channels`.

use crate::rest::{channels, invites, messages, threads, voice, webhooks};

super::table! {
    GET    "/channels/{channel_id}" => channels::channel(channel_id);
    PATCH  "/channels/{channel_id}" => channels::edit(channel_id);
    DELETE "/channels/{channel_id}" => channels::delete(channel_id);
    PUT    "/channels/{channel_id}/permissions/{overwrite_id}" => channels::put_overwrite(channel_id, overwrite_id);
    DELETE "/channels/{channel_id}/permissions/{overwrite_id}" => rules::channels::delete_overwrite(channel_id, overwrite_id);
    POST   "/channels/{channel_id}/invites" => invites::create(channel_id);
    GET    "/channels/{channel_id}/invites" => invites::of_channel(channel_id);
    POST   "/channels/{channel_id}/typing" => channels::typing(channel_id);

    POST   "/channels/{channel_id}/messages" => messages::posts::create(channel_id);
    GET    "/channels/{channel_id}/messages" => messages::list(channel_id);
    POST   "/channels/{channel_id}/messages/{message_id}/crosspost" => webhooks::posts::crosspost(channel_id, message_id);
    POST   "/channels/{channel_id}/messages/bulk-delete" => messages::bulk_delete(channel_id);
    GET    "/channels/{channel_id}/messages/{message_id}" => messages::message(channel_id, message_id);
    PATCH  "/channels/{channel_id}/messages/{message_id}" => messages::edit(channel_id, message_id);
    DELETE "/channels/{channel_id}/messages/{message_id}" => rules::messages::delete_one(channel_id, message_id);

    GET    "/channels/{channel_id}/messages/pins" => messages::pins::list(channel_id);
    PUT    "/channels/{channel_id}/messages/pins/{message_id}" => rules::pins::pin(channel_id, message_id);
    DELETE "/channels/{channel_id}/messages/pins/{message_id}" => rules::pins::unpin(channel_id, message_id);
    GET    "/channels/{channel_id}/pins" => messages::pins::list_plain(channel_id);
    PUT    "/channels/{channel_id}/pins/{message_id}" => rules::pins::pin(channel_id, message_id);
    DELETE "/channels/{channel_id}/pins/{message_id}" => rules::pins::unpin(channel_id, message_id);

    PUT    "/channels/{channel_id}/polls/{message_id}/answers/@me" => messages::polls::vote(channel_id, message_id);
    GET    "/channels/{channel_id}/polls/{message_id}/answers/{answer_id}" => messages::polls::voters(channel_id, message_id, answer_id);
    POST   "/channels/{channel_id}/polls/{message_id}/expire" => messages::polls::expire(channel_id, message_id);

    POST   "/channels/{channel_id}/threads" => threads::create(channel_id);
    POST   "/channels/{channel_id}/messages/{message_id}/threads" => threads::create_from_message(channel_id, message_id);
    GET    "/channels/{channel_id}/threads/archived/public" => threads::lists::archived_public(channel_id);
    GET    "/channels/{channel_id}/threads/archived/private" => threads::lists::archived_private(channel_id);
    GET    "/channels/{channel_id}/users/@me/threads/archived/private" => threads::lists::archived_joined(channel_id);
    PUT    "/channels/{channel_id}/voice-status" => voice::set_status(channel_id);

    GET    "/channels/{channel_id}/thread-members" => threads::lists::members(channel_id);
    PUT    "/channels/{channel_id}/thread-members/@me" => threads::lists::join(channel_id);
    POST   "/channels/{channel_id}/thread-members/@me" => threads::lists::join(channel_id);
    DELETE "/channels/{channel_id}/thread-members/@me" => threads::lists::leave(channel_id);
    GET    "/channels/{channel_id}/thread-members/{user_id}" => threads::lists::member(channel_id, user_id);
    PUT    "/channels/{channel_id}/thread-members/{user_id}" => threads::lists::add(channel_id, user_id);
    DELETE "/channels/{channel_id}/thread-members/{user_id}" => threads::lists::remove(channel_id, user_id);

    DELETE "/channels/{channel_id}/messages/{message_id}/reactions" => messages::reactions::clear_all(channel_id, message_id);
    GET    "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}" => messages::reactions::list(channel_id, message_id, emoji);
    DELETE "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}" => messages::reactions::clear(channel_id, message_id, emoji);
    PUT    "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me" => messages::reactions::put(channel_id, message_id, emoji);
    DELETE "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me" => messages::reactions::take_own(channel_id, message_id, emoji);
    DELETE "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/{user_id}" => messages::reactions::take(channel_id, message_id, emoji, user_id);
}
