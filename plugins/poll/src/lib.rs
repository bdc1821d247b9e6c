//! `/poll question:Lunch? answers:soup, salad` asks everybody. Shows buttons, a menu, a form and suggestions, and that
//! users can go on voting while the cog is replaced. The polls are shown here; their data is in `ballot`.
#![forbid(unsafe_code)]

mod ballot;

use std::cell::RefCell;

use gearshift_cog::prelude::*;

use self::ballot::{Ballot, Ballots, MOST_ANSWERS};

/// Suggestions as long as no question was asked.
const IDEAS: [&str; 3] = ["Tea or coffee?", "When do we meet?", "Ship it?"];

/// The `RefCell` is never held across an `await`.
#[derive(Default)]
struct Poll {
    ballots: RefCell<Ballots>,
}

/// The form for another answer.
#[derive(Modal)]
#[title("Another answer")]
struct Another {
    #[field(at_most = 80)]
    answer: String,
}

#[cog(state = 1, saved = ballots)]
impl Poll {
    /// Asks everybody
    #[command]
    async fn poll(
        &self,
        ctx: &Context,
        #[describe = "What to ask"]
        #[autocomplete = Self::questions]
        question: String,
        #[describe = "The answers, separated by commas; yes and no if left out"] answers: Option<String>,
    ) -> Result {
        let answers = answers.unwrap_or_default();
        let ballot = Ballot::new(&question, &answers).map_err(Error::input)?;
        let message = shown(&ballot, self.ballots.borrow().next());
        self.ballots.borrow_mut().add(ballot);
        ctx.reply(message).await
    }

    #[button("poll:{number}:vote:{place}")]
    async fn vote(&self, ctx: &Context, number: u64, place: usize) -> Result {
        let user = ctx.user()?.id;
        self.change(ctx, number, |ballot| ballot.vote(user, place)).await
    }

    #[select("poll:{number}:show")]
    async fn show(&self, ctx: &Context, number: u64, values: Vec<String>) -> Result {
        self.change(ctx, number, |ballot| values.iter().try_for_each(|view| ballot.show(view))).await
    }

    #[button("poll:{number}:form")]
    async fn another(&self, ctx: &Context, number: u64) -> Result {
        ctx.open::<Another>(&format!("poll:{number}:add"), &[]).await
    }

    #[modal("poll:{number}:add")]
    async fn add(&self, ctx: &Context, number: u64, form: Another) -> Result {
        self.change(ctx, number, |ballot| ballot.add(&form.answer)).await
    }

    /// Questions that were asked before, and some ideas.
    async fn questions(&self, _ctx: &Context, typed: &str) -> Result<Vec<String>> {
        let (ballots, typed) = (self.ballots.borrow(), typed.to_lowercase());
        let fits = |question: &&str| question.to_lowercase().contains(&typed);
        Ok(ballots.questions().chain(IDEAS).filter(fits).map(str::to_owned).collect())
    }

    async fn change(
        &self,
        ctx: &Context,
        number: u64,
        change: impl FnOnce(&mut Ballot) -> Result<(), String>,
    ) -> Result {
        let ballot = self.ballots.borrow_mut().change(number, change).map_err(Error::input)?;
        ctx.update(shown(&ballot, number)).await
    }
}

/// A poll as a message: its current result, and its buttons and menu.
fn shown(ballot: &Ballot, number: u64) -> CreateMessage {
    let vote = |(place, label): (usize, &str)| {
        let id = format!("poll:{number}:vote:{place}");
        CreateButton::new(id).label(label).style(ButtonStyle::Secondary)
    };
    let mut buttons: Vec<CreateButton> = ballot.answers().enumerate().map(vote).collect();
    if buttons.len() < MOST_ANSWERS {
        buttons.push(CreateButton::new(format!("poll:{number}:form")).label("Another answer …"));
    }
    let views =
        [("bars", "Show bars"), ("numbers", "Show numbers"), ("nothing", "Show nothing until the end")];
    let options = views.map(|(value, label)| {
        CreateSelectMenuOption::new(label, value).default_selection(ballot.view() == value)
    });
    let kind = CreateSelectMenuKind::String { options: options.to_vec() };
    let menu = CreateSelectMenu::new(format!("poll:{number}:show"), kind);
    let mut rows: Vec<_> = buttons.chunks(5).map(|row| CreateActionRow::Buttons(row.to_vec())).collect();
    rows.push(CreateActionRow::SelectMenu(menu));
    let votes = ballot.votes();
    let footer = CreateEmbedFooter::new(format!("{votes} {}", if votes == 1 { "vote" } else { "votes" }));
    let embed = CreateEmbed::new().title(ballot.question()).description(ballot.standing());
    CreateMessage::new().embed(embed.color(0x1f_7a_72).footer(footer)).components(rows)
}

#[cfg(test)]
mod tests {
    use gearshift_cog::testing::Bot;

    use super::*;

    #[test]
    fn users_vote_and_answer_while_the_cog_is_replaced() {
        let bot = Bot::new::<Poll>();
        let (alice, bob) = (bot.user("alice"), bot.user("bob"));
        let poll = alice.slash("poll", [("question", "Lunch?"), ("answers", "soup, salad")]).message();
        bob.press(&poll, "soup");
        let form = alice.press(&poll, "Another answer …").form();
        bot.reload::<Poll>();
        alice.submit(&form, [("answer", "bread")]);
        bob.press(&poll, "bread");
        alice.select(&poll, "poll:0:show", &["numbers"]);
        let embed = poll.embeds().remove(0);
        assert_eq!(embed["description"], "- soup: **0**\n- salad: **0**\n- bread: **1**");
        assert_eq!(embed["footer"]["text"], "1 vote");
        let form = bob.press(&poll, "Another answer …").form();
        let refused = bob.submit(&form, [("answer", "soup")]);
        refused.assert_content("`soup` is already there.");
        assert!(refused.is_ephemeral() && bot.faults().is_empty(), "{:?}", bot.faults());
    }

    #[test]
    fn a_poll_is_asked_with_a_prefix_too() {
        let bot = Bot::new::<Poll>();
        let poll = bot.user("alice").say("!poll \"Tea or coffee?\" tea, coffee").message();
        assert_eq!(poll.embeds()[0]["title"], "Tea or coffee?");
        assert_eq!(poll.components().len(), 4);
    }

    #[test]
    fn questions_that_were_asked_are_suggested_first() {
        let bot = Bot::new::<Poll>();
        let alice = bot.user("alice");
        alice.say("!poll \"Ship now?\"");
        let suggested = alice.complete("poll", "question", "ship").into_iter().map(|it| it.name);
        assert_eq!(suggested.collect::<Vec<_>>(), ["Ship now?", "Ship it?"]);
    }
}
