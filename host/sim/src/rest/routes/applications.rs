//! The routes of applications and their commands.

use crate::rest::{applications, commands, emojis, interactions, unavailable};

super::table! {
    GET    "/applications/@me" => applications::own();
    PATCH  "/applications/@me" => applications::edit();
    GET    "/applications/{application_id}/role-connections/metadata" => applications::metadata(application_id);
    PUT    "/applications/{application_id}/role-connections/metadata" => applications::set_metadata(application_id);
    GET    "/oauth2/applications/@me" => applications::own();

    GET    "/guilds/{guild_id}/application-command-index" => interactions::invocations::guild_commands(guild_id);
    GET    "/users/@me/application-command-index" => interactions::invocations::own_commands();

    GET    "/applications/{application_id}/commands" => commands::list(application_id);
    POST   "/applications/{application_id}/commands" => commands::create(application_id);
    PUT    "/applications/{application_id}/commands" => commands::replace_all(application_id);
    GET    "/applications/{application_id}/commands/{command_id}" => commands::command(application_id, command_id);
    PATCH  "/applications/{application_id}/commands/{command_id}" => commands::edit(application_id, command_id);
    DELETE "/applications/{application_id}/commands/{command_id}" => commands::delete(application_id, command_id);

    GET    "/applications/{application_id}/guilds/{guild_id}/commands" => commands::list(application_id);
    POST   "/applications/{application_id}/guilds/{guild_id}/commands" => commands::create(application_id);
    PUT    "/applications/{application_id}/guilds/{guild_id}/commands" => commands::replace_all(application_id);
    GET    "/applications/{application_id}/guilds/{guild_id}/commands/permissions" => commands::permissions::list(application_id, guild_id);
    GET    "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions" => commands::permissions::one(application_id, guild_id, command_id);
    PUT    "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions" => commands::permissions::replace(application_id, guild_id, command_id);
    GET    "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}" => commands::command(application_id, command_id);
    PATCH  "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}" => commands::edit(application_id, command_id);
    DELETE "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}" => commands::delete(application_id, command_id);

    GET    "/applications/{application_id}/skus" => unavailable::of_application(application_id);
    GET    "/applications/{application_id}/entitlements" => unavailable::of_application(application_id);
    GET    "/applications/{application_id}/entitlements/{entitlement_id}" => unavailable::entitlement(application_id, entitlement_id);
    GET    "/applications/{application_id}/emojis" => rules::emojis::list(application_id);
    POST   "/applications/{application_id}/emojis" => emojis::create(application_id);
    GET    "/applications/{application_id}/emojis/{emoji_id}" => rules::emojis::show(application_id, emoji_id);
    PATCH  "/applications/{application_id}/emojis/{emoji_id}" => emojis::edit(application_id, emoji_id);
    DELETE "/applications/{application_id}/emojis/{emoji_id}" => rules::emojis::delete(application_id, emoji_id);
}
