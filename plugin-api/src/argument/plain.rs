//! The small types of [`abi`](crate::abi) as arguments.

use serde::Deserialize;

use super::given::{USER_SIGNS, ask, get, id, sent_along};
use crate::{
    Argument, ArgumentError, Context, Error, Given, Takes,
    abi::{Attachment, User},
    manifest::{OptionType, kind},
};

/// By a mention or an id.
impl Argument for User {
    const OPTION: OptionType = OptionType::new(kind::USER);

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        let unfit = || ArgumentError::expected("a user: a mention or an id");
        let (ctx, id) = (given.context(), id(given.text(), USER_SIGNS).ok_or_else(unfit)?);
        let asked = match sent_along(ctx, "users", id) {
            Some(user) => return user_of(ctx, id, user),
            None => ask(get(ctx, format!("/users/{id}"))).await?,
        };
        user_of(ctx, id, &asked.ok_or_else(unfit)?)
    }
}

fn user_of(ctx: &Context, id: u64, user: &str) -> Result<User, ArgumentError> {
    #[derive(Deserialize)]
    struct Account {
        username: String,
        global_name: Option<String>,
        #[serde(default)]
        bot: bool,
    }
    #[derive(Default, Deserialize)]
    struct Member {
        nick: Option<String>,
    }
    let account: Account = serde_json::from_str(user).map_err(|_| unreadable("a user"))?;
    let member = sent_along(ctx, "members", id).map(serde_json::from_str).and_then(Result::ok);
    let shown = member.and_then(|member: Member| member.nick).or(account.global_name);
    let name = account.username;
    let display_name = shown.unwrap_or_else(|| name.clone()).into();
    Ok(User { id, name: name.into(), display_name, bot: account.bot })
}

impl Argument for Attachment {
    const OPTION: OptionType = OptionType::new(kind::ATTACHMENT);
    const TAKES: Takes = Takes::File;

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        #[derive(Deserialize)]
        struct File {
            filename: String,
            url: String,
            size: u64,
        }
        let unfit = || ArgumentError::expected("a file");
        let id = id(given.text(), &[]).ok_or_else(unfit)?;
        let file = sent_along(given.context(), "attachments", id).ok_or_else(unfit)?;
        let file: File = serde_json::from_str(file).map_err(|_| unreadable("a file"))?;
        Ok(Self { id, name: file.filename.into(), url: file.url.into(), size: file.size })
    }
}

fn unreadable(what: &str) -> ArgumentError {
    ArgumentError::Failed(Error::new(format!("Discord sent unexpected JSON for {what}")))
}

#[cfg(test)]
mod tests {
    use crate::{
        Context, Result,
        abi::{Attachment, User},
        cog, ids,
        permissions::SEND_MESSAGES,
        testing::Bot,
    };

    #[derive(Default)]
    struct Plain;

    #[cog(export = false)]
    impl Plain {
        /// Takes a user and their roles
        #[command]
        async fn user(&self, ctx: &Context, user: User, id: ids::User, role: Option<ids::Role>) -> Result {
            let role = role.map_or(0, u64::from);
            ctx.reply(format!("{} {} {} {role}", user.id, user.display_name, id.0)).await
        }

        /// Takes a channel
        #[command]
        async fn channel(&self, ctx: &Context, #[channel_types(text)] channel: ids::Channel) -> Result {
            ctx.reply(channel.0.to_string()).await
        }

        /// Takes a file
        #[command]
        async fn file(&self, ctx: &Context, file: Attachment) -> Result {
            ctx.reply(file.name.into_string()).await
        }
    }

    #[test]
    fn users_roles_and_files_are_arguments_without_serenity() {
        let bot = Bot::new::<Plain>();
        let (alice, bob) = (bot.user("alice"), bot.user("bob"));
        bob.set_nick("Captain");
        let (id, role) = (bob.id(), bot.role("crew"));
        alice.say(&format!("!user @bob {id} <@&{role}>")).assert_content(&format!("{id} bob {id} {role}"));
        alice
            .slash("user", serde_json::json!({ "user": id, "id": id, "role": role }))
            .assert_content(&format!("{id} Captain {id} {role}"));
        alice.say(&format!("!user {id} {id}")).assert_content(&format!("{id} bob {id} 0"));
        alice.say("!user bob 1").assert_content("`user` must be a user: a mention or an id.");
        alice.say("!user 77 1").assert_content("`user` must be a user: a mention or an id.");
        alice.say_with_files("!file", &[("a.png", b"picture")]).assert_content("a.png");
        alice.slash("file", [("file", "b.png")]).assert_content("b.png");
    }

    #[test]
    fn a_resolved_channel_is_not_requested_again() {
        let bot = Bot::new::<Plain>();
        let (alice, plans) = (bot.user("alice"), bot.channel("plans"));
        alice.slash("channel", [("channel", plans)]).assert_content(&plans.to_string());
        assert!(bot.discord_requests().iter().all(|it| it.method != "GET"));
    }

    #[test]
    fn a_channel_without_serenity_must_be_visible_to_the_caller() {
        let bot = Bot::new::<Plain>();
        let (alice, plans) = (bot.user("alice"), bot.channel("plans"));
        for asked in [plans.to_string(), format!("<#{plans}>")] {
            alice.say(&format!("!channel {asked}")).assert_content(&plans.to_string());
        }
        let unfit = "`channel` must be a suitable channel of this server: a mention or an id.";
        alice.say("!channel 77").assert_content(unfit);
        alice.set_permissions(SEND_MESSAGES);
        alice.say(&format!("!channel {plans}")).assert_content(unfit);
    }
}
