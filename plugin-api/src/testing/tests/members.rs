//! Members are listed and found as by Discord.

use serde_json::Value;

use crate::{Context, Json, Result, cog, testing::Bot};

/// Asks for members, and answers with their names.
#[derive(Default)]
struct Finder;

#[cog(export = false)]
impl Finder {
    /// Lists members
    #[command]
    async fn list(&self, ctx: &Context, limit: u8, after: u64) -> Result {
        let path = format!("/guilds/{}/members", ctx.guild_id().unwrap_or(0));
        let (limit, after) = (limit.to_string(), after.to_string());
        let query = [("limit", &*limit), ("after", &*after)];
        let query = if limit == "0" { &query[..0] } else { &query[..] };
        let Json(found): Json<Value> = ctx.discord().get(path).query(query).fetch().await?;
        ctx.reply(names(&found)).await
    }

    /// Finds members by name
    #[command]
    async fn find(&self, ctx: &Context, name: String) -> Result {
        let path = format!("/guilds/{}/members/search", ctx.guild_id().unwrap_or(0));
        let query = [("query", &*name), ("limit", "10")];
        let Json(found): Json<Value> = ctx.discord().get(path).query(&query).fetch().await?;
        ctx.reply(names(&found)).await
    }
}

fn names(members: &Value) -> String {
    let names = members.as_array().into_iter().flatten().filter_map(|it| it["user"]["username"].as_str());
    names.collect::<Vec<_>>().join(" ") + "."
}

#[test]
fn a_member_is_found_by_the_begin_of_each_name_however_it_is_written() {
    let bot = Bot::new::<Finder>();
    let alice = bot.user("alice");
    bot.user("Bobby").set_nick("Captain");
    for (text, expected) in [("bob", "Bobby."), ("cap", "Bobby."), ("ALICE", "alice."), ("lice", ".")] {
        alice.say(&format!("!find {text}")).assert_content(expected);
    }
}

#[test]
fn a_list_of_members_has_as_many_as_were_asked_for() {
    let bot = Bot::new::<Finder>();
    let (alice, _, _) = (bot.user("alice"), bot.user("bob"), bot.user("carl"));
    alice.slash("list", [("limit", 0), ("after", 0)]).assert_content("alice.");
    alice.slash("list", [("limit", 2), ("after", 0)]).assert_content("alice bob.");
    alice.slash("list", [("limit", 9), ("after", 2)]).assert_content("carl bot.");
}
