//! Whose token it is: a bot's, which the world keeps, or a user's, which is derived from its id.

use std::hash::{BuildHasher, RandomState};

use crate::ids::Snowflake;
use crate::world::World;

/// Somebody with a token of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// An application's bot; it writes `Bot ` in front of its token.
    Bot(Snowflake),
    /// A user, whose own client sends the token bare.
    User(Snowflake),
}

impl Account {
    pub(crate) fn id(self) -> Snowflake {
        match self {
            Self::Bot(id) | Self::User(id) => id,
        }
    }
}

/// Users' tokens: nothing is stored, because the id is in the token and a secret of this process vouches for it.
#[derive(Default)]
pub(crate) struct UserTokens {
    secret: RandomState,
}

impl UserTokens {
    pub(crate) fn token(&self, person: Snowflake) -> String {
        let vouch = |id: u64| self.secret.hash_one(id);
        format!("person.{person}.{:016x}{:016x}", vouch(person.0), vouch(!person.0))
    }

    /// The user of a token without `Bot `.
    pub(crate) fn person(&self, token: &str, world: &World) -> Option<Account> {
        let id: Snowflake = token.strip_prefix("person.")?.split('.').next()?.parse().ok()?;
        let user = world.user(id).filter(|user| !user.bot)?;
        (self.token(id) == token).then_some(Account::User(user.id))
    }
}

/// A token that nobody can guess.
pub(crate) fn random_token() -> String {
    let secret = RandomState::new();
    format!("{:016x}{:016x}", secret.hash_one(0), secret.hash_one(1))
}

/// The bot of a token without `Bot `.
pub(crate) fn bot(token: &str, world: &World) -> Option<Account> {
    world.bots.iter().find(|bot| bot.token == token).map(|bot| Account::Bot(bot.id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_token_holds_for_that_person_in_this_process_only() {
        let world = World::default();
        let (ours, others) = (UserTokens::default(), UserTokens::default());
        let [alice, bob] = ["alice", "bob"].map(|name| world.user_named(name).unwrap().id);
        let token = ours.token(alice);
        assert_eq!(ours.person(&token, &world), Some(Account::User(alice)));
        assert_eq!(ours.person(&token.replace(&alice.to_string(), &bob.to_string()), &world), None);
        assert_eq!(others.person(&token, &world), None);
    }
}
