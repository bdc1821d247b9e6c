//! The routes below `/guilds`.
//! It answers none of them.

use super::super::guilds;

super::table! {
    GET    "/guilds/{guild_id}" => guilds::guild(guild_id);
    GET    "/guilds/{guild_id}/channels" => guilds::channels(guild_id);
    GET    "/guilds/{guild_id}/roles" => guilds::roles(guild_id);
    GET    "/guilds/{guild_id}/members" => guilds::members(guild_id);
    GET    "/guilds/{guild_id}/members/{user_id}" => guilds::member(guild_id, user_id);
}
