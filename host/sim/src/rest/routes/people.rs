//! The routes of accounts, the gateway's URL, pictures and files.

use crate::rest::{files, guilds, invites, members, pictures, users};

super::table! {
    GET    "/gateway" => users::gateway();
    GET    "/gateway/bot" => users::gateway_bot();
    GET    "/files/{file_id}/{name}" => files::serve(file_id);

    GET    "/avatars/{user_id}/{file}" => pictures::avatar(user_id, file);
    GET    "/icons/{guild_id}/{file}" => pictures::icon(guild_id, file);
    GET    "/embed/avatars/{file}" => pictures::default_avatar(file);

    GET    "/users/@me" => users::me();
    PATCH  "/users/@me" => users::edit();
    GET    "/users/@me/guilds" => guilds::mine();
    DELETE "/users/@me/guilds/{guild_id}" => guilds::settings::leave(guild_id);
    GET    "/users/@me/guilds/{guild_id}/member" => members::own(guild_id);
    GET    "/voice/regions" => guilds::settings::regions();
    POST   "/users/@me/channels" => users::open_dm();
    GET    "/users/{user_id}" => users::user(user_id);

    GET    "/invites/{invite_code}" => invites::invite(invite_code);
    POST   "/invites/{invite_code}" => invites::accept(invite_code);
    DELETE "/invites/{invite_code}" => invites::delete(invite_code);
}
