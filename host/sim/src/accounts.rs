//! Who a token belongs to: a bot, whose token is part of the world, or a user, whose token is derived from the id.

use std::hash::{BuildHasher, RandomState};

use crate::ids::Snowflake;
use crate::world::World;

/// An account with its own token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// An application's bot; its token has the prefix `Bot `.
    Bot(Snowflake),
    /// A user; the user's client sends the token without a prefix.
    User(Snowflake),
}

impl Account {
    pub(crate) fn id(self) -> Snowflake {
        match self {
            Self::Bot(id) | Self::User(id) => id,
        }
    }
}

/// Users' tokens. Nothing is stored: the token contains the id, authenticated by a secret of this process.
#[derive(Default)]
pub(crate) struct UserTokens {
    secret: RandomState,
}

impl UserTokens {
    pub(crate) fn token(&self, person: Snowflake) -> String {
        let vouch = |id: u64| self.secret.hash_one(id);
        format!("person.{person}.{:016x}{:016x}", vouch(person.0), vouch(!person.0))
    }

    /// The user that a token (without `Bot `) belongs to.
    pub(crate) fn person(&self, token: &str, world: &World) -> Option<Account> {
        let id: Snowflake = token.strip_prefix("person.")?.split('.').next()?.parse().ok()?;
        let user = world.user(id).filter(|user| !user.bot)?;
        (self.token(id) == token).then_some(Account::User(user.id))
    }
}

/// A token that cannot be guessed.
pub(crate) fn random_token() -> String {
    let secret = RandomState::new();
    format!("{:016x}{:016x}", secret.hash_one(0), secret.hash_one(1))
}

/// The bot that a token (without `Bot `) belongs to.
pub(crate) fn bot(token: &str, world: &World) -> Option<Account> {
    world.bots.iter().find(|bot| bot.token == token).map(|bot| Account::Bot(bot.id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_token_is_valid_for_that_user_in_this_process_only() {
        let world = World::default();
        let (ours, others) = (UserTokens::default(), UserTokens::default());
        let [alice, bob] = ["alice", "bob"].map(|name| world.user_named(name).unwrap().id);
        let token = ours.token(alice);
        assert_eq!(ours.person(&token, &world), Some(Account::User(alice)));
        assert_eq!(ours.person(&token.replace(&alice.to_string(), &bob.to_string()), &world), None);
        assert_eq!(others.person(&token, &world), None);
    }
}
