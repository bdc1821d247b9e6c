//! The routes below `/channels`.

use super::super::{
    channels, invites, messages, pins, polls, posts, reactions, thread_lists, threads, webhook_posts,
};

super::table! {
    GET    "/channels/{channel_id}" => channels::channel(channel_id);
    PATCH  "/channels/{channel_id}" => channels::edit(channel_id);
    DELETE "/channels/{channel_id}" => channels::delete(channel_id);
    PUT    "/channels/{channel_id}/permissions/{overwrite_id}" => channels::put_overwrite(channel_id, overwrite_id);
    DELETE "/channels/{channel_id}/permissions/{overwrite_id}" => channels::delete_overwrite(channel_id, overwrite_id);
    POST   "/channels/{channel_id}/invites" => invites::create(channel_id);
    GET    "/channels/{channel_id}/invites" => invites::of_channel(channel_id);
    POST   "/channels/{channel_id}/typing" => channels::typing(channel_id);

    POST   "/channels/{channel_id}/messages" => posts::create(channel_id);
    GET    "/channels/{channel_id}/messages" => messages::list(channel_id);
    POST   "/channels/{channel_id}/messages/{message_id}/crosspost" => webhook_posts::crosspost(channel_id, message_id);
    POST   "/channels/{channel_id}/messages/bulk-delete" => messages::bulk_delete(channel_id);
    GET    "/channels/{channel_id}/messages/{message_id}" => messages::message(channel_id, message_id);
    PATCH  "/channels/{channel_id}/messages/{message_id}" => messages::edit(channel_id, message_id);
    DELETE "/channels/{channel_id}/messages/{message_id}" => messages::delete(channel_id, message_id);

    GET    "/channels/{channel_id}/messages/pins" => pins::list(channel_id);
    PUT    "/channels/{channel_id}/messages/pins/{message_id}" => pins::pin(channel_id, message_id);
    DELETE "/channels/{channel_id}/messages/pins/{message_id}" => pins::unpin(channel_id, message_id);
    GET    "/channels/{channel_id}/pins" => pins::list_plain(channel_id);
    PUT    "/channels/{channel_id}/pins/{message_id}" => pins::pin(channel_id, message_id);
    DELETE "/channels/{channel_id}/pins/{message_id}" => pins::unpin(channel_id, message_id);

    PUT    "/channels/{channel_id}/polls/{message_id}/answers/@me" => polls::vote(channel_id, message_id);
    GET    "/channels/{channel_id}/polls/{message_id}/answers/{answer_id}" => polls::voters(channel_id, message_id, answer_id);
    POST   "/channels/{channel_id}/polls/{message_id}/expire" => polls::expire(channel_id, message_id);

    POST   "/channels/{channel_id}/threads" => threads::create(channel_id);
    POST   "/channels/{channel_id}/messages/{message_id}/threads" => threads::create_from_message(channel_id, message_id);
    GET    "/channels/{channel_id}/threads/archived/public" => thread_lists::archived_public(channel_id);
    GET    "/channels/{channel_id}/threads/archived/private" => thread_lists::archived_private(channel_id);
    GET    "/channels/{channel_id}/users/@me/threads/archived/private" => thread_lists::archived_joined(channel_id);
    GET    "/channels/{channel_id}/thread-members" => thread_lists::members(channel_id);
    PUT    "/channels/{channel_id}/thread-members/@me" => thread_lists::join(channel_id);
    DELETE "/channels/{channel_id}/thread-members/@me" => thread_lists::leave(channel_id);
    GET    "/channels/{channel_id}/thread-members/{user_id}" => thread_lists::member(channel_id, user_id);
    PUT    "/channels/{channel_id}/thread-members/{user_id}" => thread_lists::add(channel_id, user_id);
    DELETE "/channels/{channel_id}/thread-members/{user_id}" => thread_lists::remove(channel_id, user_id);

    DELETE "/channels/{channel_id}/messages/{message_id}/reactions" => reactions::clear_all(channel_id, message_id);
    GET    "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}" => reactions::list(channel_id, message_id, emoji);
    DELETE "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}" => reactions::clear(channel_id, message_id, emoji);
    PUT    "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me" => reactions::put(channel_id, message_id, emoji);
    DELETE "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me" => reactions::take_own(channel_id, message_id, emoji);
    DELETE "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/{user_id}" => reactions::take(channel_id, message_id, emoji, user_id);
}
