//! The routes below `/guilds`.

use crate::rest::{
    automod, bans, channels, emojis, events, guilds, invites, members, onboarding, prunes, roles, stages,
    templates, threads, unavailable, voice,
};

super::table! {
    POST   "/guilds" => templates::create_guild();
    GET    "/guilds/templates/{template_code}" => templates::template(template_code);
    POST   "/guilds/templates/{template_code}" => templates::create_guild();
    GET    "/guilds/{guild_id}/templates" => rules::templates::list(guild_id);
    POST   "/guilds/{guild_id}/templates" => templates::create(guild_id);
    PUT    "/guilds/{guild_id}/templates/{template_code}" => rules::templates::sync(guild_id, template_code);
    PATCH  "/guilds/{guild_id}/templates/{template_code}" => templates::edit(guild_id, template_code);
    DELETE "/guilds/{guild_id}/templates/{template_code}" => rules::templates::delete(guild_id, template_code);

    GET    "/guilds/{guild_id}" => guilds::guild(guild_id);
    PATCH  "/guilds/{guild_id}" => guilds::settings::edit(guild_id);
    PUT    "/guilds/{guild_id}/incident-actions" => guilds::settings::set_incident_actions(guild_id);
    GET    "/guilds/{guild_id}/preview" => guilds::settings::preview(guild_id);
    GET    "/guilds/{guild_id}/regions" => guilds::settings::guild_regions(guild_id);
    GET    "/guilds/{guild_id}/audit-logs" => guilds::settings::audit_log(guild_id);

    GET    "/guilds/{guild_id}/channels" => guilds::channels(guild_id);
    POST   "/guilds/{guild_id}/channels" => channels::create(guild_id);
    PATCH  "/guilds/{guild_id}/channels" => channels::reorder(guild_id);
    GET    "/guilds/{guild_id}/threads/active" => threads::lists::active(guild_id);

    GET    "/guilds/{guild_id}/roles" => roles::list(guild_id);
    POST   "/guilds/{guild_id}/roles" => roles::create(guild_id);
    PATCH  "/guilds/{guild_id}/roles" => roles::reorder(guild_id);
    GET    "/guilds/{guild_id}/roles/member-counts" => roles::member_counts(guild_id);
    GET    "/guilds/{guild_id}/roles/{role_id}" => roles::role(guild_id, role_id);
    PATCH  "/guilds/{guild_id}/roles/{role_id}" => roles::edit(guild_id, role_id);
    DELETE "/guilds/{guild_id}/roles/{role_id}" => rules::roles::delete(guild_id, role_id);

    GET    "/guilds/{guild_id}/members" => members::list(guild_id);
    GET    "/guilds/{guild_id}/members/search" => members::search(guild_id);
    PATCH  "/guilds/{guild_id}/members/@me" => members::edit_own(guild_id);
    PATCH  "/guilds/{guild_id}/members/@me/nick" => members::edit_nick(guild_id);
    GET    "/guilds/{guild_id}/members/{user_id}" => members::member(guild_id, user_id);
    PATCH  "/guilds/{guild_id}/members/{user_id}" => members::edit(guild_id, user_id);
    DELETE "/guilds/{guild_id}/members/{user_id}" => rules::members::kick(guild_id, user_id);
    PUT    "/guilds/{guild_id}/members/{user_id}/roles/{role_id}" => members::give_role(guild_id, user_id, role_id);
    DELETE "/guilds/{guild_id}/members/{user_id}/roles/{role_id}" => members::take_role(guild_id, user_id, role_id);

    GET    "/guilds/{guild_id}/prune" => prunes::count(guild_id);
    POST   "/guilds/{guild_id}/prune" => prunes::begin(guild_id);
    GET    "/guilds/{guild_id}/bans" => bans::list(guild_id);
    GET    "/guilds/{guild_id}/bans/{user_id}" => bans::ban(guild_id, user_id);
    PUT    "/guilds/{guild_id}/bans/{user_id}" => bans::put(guild_id, user_id);
    DELETE "/guilds/{guild_id}/bans/{user_id}" => rules::members::unban(guild_id, user_id);
    POST   "/guilds/{guild_id}/bulk-ban" => bans::bulk(guild_id);

    GET    "/guilds/{guild_id}/auto-moderation/rules" => rules::automod::list(guild_id);
    POST   "/guilds/{guild_id}/auto-moderation/rules" => automod::create(guild_id);
    GET    "/guilds/{guild_id}/auto-moderation/rules/{rule_id}" => rules::automod::show(guild_id, rule_id);
    PATCH  "/guilds/{guild_id}/auto-moderation/rules/{rule_id}" => automod::edit(guild_id, rule_id);
    DELETE "/guilds/{guild_id}/auto-moderation/rules/{rule_id}" => rules::automod::delete(guild_id, rule_id);

    GET    "/guilds/{guild_id}/onboarding" => onboarding::show(guild_id);
    PUT    "/guilds/{guild_id}/onboarding" => onboarding::edit(guild_id);

    GET    "/guilds/{guild_id}/emojis" => rules::emojis::list(guild_id);
    POST   "/guilds/{guild_id}/emojis" => emojis::create(guild_id);
    GET    "/guilds/{guild_id}/emojis/{emoji_id}" => rules::emojis::show(guild_id, emoji_id);
    PATCH  "/guilds/{guild_id}/emojis/{emoji_id}" => emojis::edit(guild_id, emoji_id);
    DELETE "/guilds/{guild_id}/emojis/{emoji_id}" => rules::emojis::delete(guild_id, emoji_id);

    GET    "/guilds/{guild_id}/scheduled-events" => events::list(guild_id);
    POST   "/guilds/{guild_id}/scheduled-events" => events::create(guild_id);
    GET    "/guilds/{guild_id}/scheduled-events/{event_id}" => events::event(guild_id, event_id);
    PATCH  "/guilds/{guild_id}/scheduled-events/{event_id}" => events::edit(guild_id, event_id);
    DELETE "/guilds/{guild_id}/scheduled-events/{event_id}" => rules::events::delete(guild_id, event_id);
    GET    "/guilds/{guild_id}/scheduled-events/{event_id}/users" => events::users(guild_id, event_id);
    PUT    "/guilds/{guild_id}/scheduled-events/{event_id}/users/@me" => events::subscribe(guild_id, event_id);
    DELETE "/guilds/{guild_id}/scheduled-events/{event_id}/users/@me" => events::unsubscribe(guild_id, event_id);

    GET    "/guilds/{guild_id}/voice-states/@me" => voice::own(guild_id);
    PATCH  "/guilds/{guild_id}/voice-states/@me" => voice::edit_own(guild_id);
    GET    "/guilds/{guild_id}/voice-states/{user_id}" => voice::state(guild_id, user_id);
    PATCH  "/guilds/{guild_id}/voice-states/{user_id}" => voice::edit(guild_id, user_id);
    GET    "/guilds/{guild_id}/invites" => invites::of_guild(guild_id);
    GET    "/guilds/{guild_id}/stickers" => unavailable::of_guild(guild_id);
    GET    "/guilds/{guild_id}/stickers/{sticker_id}" => unavailable::guild_sticker(guild_id, sticker_id);
    GET    "/guilds/{guild_id}/integrations" => unavailable::integrations(guild_id);
    GET    "/guilds/{guild_id}/soundboard-sounds" => unavailable::sounds(guild_id);
    GET    "/guilds/{guild_id}/soundboard-sounds/{sound_id}" => unavailable::sound(guild_id, sound_id);
    GET    "/guilds/{guild_id}/vanity-url" => unavailable::vanity_url(guild_id);
    GET    "/guilds/{guild_id}/welcome-screen" => unavailable::welcome_screen(guild_id);
    GET    "/guilds/{guild_id}/widget" => unavailable::widget(guild_id);
    GET    "/guilds/{guild_id}/widget.json" => unavailable::widget_json(guild_id);
    GET    "/sticker-packs" => unavailable::sticker_packs();
    GET    "/stickers/{sticker_id}" => unavailable::sticker(sticker_id);
    GET    "/soundboard-default-sounds" => unavailable::default_sounds();

    POST   "/stage-instances" => stages::create();
    GET    "/stage-instances/{channel_id}" => stages::stage(channel_id);
    PATCH  "/stage-instances/{channel_id}" => stages::edit(channel_id);
    DELETE "/stage-instances/{channel_id}" => rules::stages::close(channel_id);
}
