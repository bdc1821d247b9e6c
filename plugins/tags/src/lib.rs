//! `/tag show`, `/tag write`, `/tag delete` and `/tag list`, with a prefix as well: notes of a server. Shows
//! subcommands with their rules, suggestions while a user types, a form, and the store.
#![forbid(unsafe_code)]

use gearshift_cog::prelude::*;

/// The form for a note.
#[derive(Modal)]
#[title("A note")]
struct Note {
    /// What does it say?
    #[field(lines, at_most = 2000)]
    text: String,
}

#[cog(unit, group("tag", "Notes of this server", guild_only))]
impl Tags {
    /// Shows a note
    #[command("tag show", cooldown = "2 in 5s per user")]
    async fn show(&self, ctx: &Context, #[autocomplete = Self::names] name: String) -> Result {
        let text: Option<String> = ctx.store().get(&key(ctx, &name)).await?;
        ctx.reply(text.ok_or_else(|| no_note(&name))?).await
    }

    /// Writes a note, or changes it
    #[command("tag write", permissions = "MANAGE_MESSAGES")]
    async fn write(&self, ctx: &Context, #[max_length = 32] name: String) -> Result {
        let before = ctx.store().get::<String>(&key(ctx, &name)).await?.unwrap_or_default();
        let Some(note) = ctx.ask_with::<Note>(&[("text", &before)]).await? else { return Ok(()) };
        ctx.store().set(&key(ctx, &name), &note.text).await?;
        ctx.reply(format!("Noted: `{name}`")).await
    }

    /// Deletes a note
    #[command("tag delete", permissions = "MANAGE_MESSAGES")]
    async fn delete(&self, ctx: &Context, #[autocomplete = Self::names] name: String) -> Result {
        match ctx.store().delete(&key(ctx, &name)).await? {
            true => ctx.reply(format!("Deleted: `{name}`")).await,
            false => Err(no_note(&name)),
        }
    }

    /// Lists the notes
    #[command("tag list", ephemeral)]
    async fn list(&self, ctx: &Context) -> Result {
        let names = self.names(ctx, "").await?;
        ctx.reply(NewMessage::new(format!("{} notes\n{}", names.len(), names.join("\n"))).long(Long::Split))
            .await
    }

    /// The names of notes that begin with the typed text.
    async fn names(&self, ctx: &Context, typed: &str) -> Result<Vec<String>> {
        let (guild, mut names) = (key(ctx, ""), Vec::new());
        let mut notes = ctx.store().scan::<String>(&key(ctx, typed));
        while let Some((key, _)) = notes.next().await? {
            names.push(key[guild.len()..].to_owned());
        }
        Ok(names)
    }
}

/// The store's key for a note. The group is for servers only.
fn key(ctx: &Context, name: &str) -> String {
    format!("{}/{name}", ctx.guild_id().unwrap_or_default())
}

fn no_note(name: &str) -> Error {
    Error::input(format!("there is no note `{name}`"))
}

#[cfg(test)]
mod tests {
    use gearshift_cog::{
        permissions::MANAGE_MESSAGES,
        testing::{Bot, User},
    };

    use super::*;

    /// A user who may manage messages.
    fn moderator(bot: &Bot) -> User {
        let alice = bot.user("alice");
        alice.set_permissions(MANAGE_MESSAGES);
        alice
    }

    fn write(user: &User, name: &str, text: &str) {
        let form = user.slash("tag write", [("name", name)]).form();
        user.submit(&form, [("text", text)]).assert_content(&format!("Noted: `{name}`"));
    }

    #[test]
    fn a_note_is_written_shown_changed_and_deleted() {
        let bot = Bot::new::<Tags>();
        let (alice, bob) = (moderator(&bot), bot.user("bob"));
        write(&alice, "rules", "be kind");
        bob.say("!tag show rules").assert_content("be kind");
        let form = alice.slash("tag write", [("name", "rules")]).form();
        assert_eq!(form.json().to_string().matches("be kind").count(), 1, "it is filled in");
        alice.submit(&form, [("text", "be very kind")]);
        bot.reload::<Tags>();
        bob.slash("tag show", [("name", "rules")]).assert_content("be very kind");
        alice.slash("tag delete", [("name", "rules")]).assert_content("Deleted: `rules`");
        bot.advance(std::time::Duration::from_secs(5));
        bob.slash("tag show", [("name", "rules")]).assert_content("There is no note `rules`.");
        alice.slash("tag delete", [("name", "rules")]).assert_content("There is no note `rules`.");
        assert!(bot.faults().is_empty(), "{:?}", bot.faults());
    }

    #[test]
    fn names_are_suggested_and_listed() {
        let bot = Bot::new::<Tags>();
        let alice = moderator(&bot);
        write(&alice, "rules", "be kind");
        write(&alice, "roles", "ask a moderator");
        let suggested = |typed| -> Vec<String> {
            alice.complete("tag show", "name", typed).into_iter().map(|it| it.name).collect()
        };
        assert_eq!(
            (suggested("r"), suggested("ru")),
            (vec!["roles".into(), "rules".into()], vec!["rules".into()])
        );
        let list = alice.slash("tag list", ());
        list.assert_content("2 notes\nroles\nrules");
        assert!(list.is_ephemeral());
    }

    #[test]
    fn its_rules_hold() {
        let bot = Bot::new::<Tags>();
        let (alice, bob) = (moderator(&bot), bot.user("bob"));
        bob.set_permissions(0);
        write(&alice, "rules", "be kind");
        assert!(bob.say("!tag write spam").content().contains("Manage Messages"));
        assert!(bob.in_dm().say("!tag list").content().contains("server"));
        bob.say("!tag show rules").assert_content("be kind");
        bob.say("!tag show rules").assert_content("be kind");
        assert!(bob.say("!tag show rules").content().contains("Try again"));
    }
}
