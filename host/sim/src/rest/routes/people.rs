//! The routes of accounts, the gateway's address and files.
//! It answers none of them.

use super::super::{files, guilds, users};

super::table! {
    GET    "/gateway" => users::gateway();
    GET    "/gateway/bot" => users::gateway_bot();
    GET    "/files/{file_id}/{name}" => files::serve(file_id);

    GET    "/users/@me" => users::me();
    GET    "/users/@me/guilds" => guilds::mine();
    POST   "/users/@me/channels" => users::open_dm();
    GET    "/users/{user_id}" => users::user(user_id);
}
