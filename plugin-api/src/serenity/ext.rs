//! How users and messages are shown: methods that serenity has only with its HTTP client, under the same names.

use ::serenity::model::{channel::Message, guild::Member, misc::ImageHash, user::User};

const CDN: &str = "https://cdn.discordapp.com";

/// How a user or member is shown to others.
pub trait UserExt {
    /// The name that others see.
    fn display_name(&self) -> &str;

    /// The URL of the avatar that others see.
    /// <https://discord.com/developers/docs/reference#image-formatting>
    fn face(&self) -> String;
}

impl UserExt for User {
    fn display_name(&self) -> &str {
        self.global_name.as_deref().unwrap_or(&self.name)
    }

    fn face(&self) -> String {
        match (&self.avatar, self.discriminator) {
            (Some(avatar), _) => format!("{CDN}/avatars/{}/{}", self.id, image(avatar)),
            (None, None) => format!("{CDN}/embed/avatars/{}.png", (self.id.get() >> 22) % 6),
            (None, Some(discriminator)) => format!("{CDN}/embed/avatars/{}.png", discriminator.get() % 5),
        }
    }
}

impl UserExt for Member {
    fn display_name(&self) -> &str {
        self.nick.as_deref().unwrap_or_else(|| UserExt::display_name(&self.user))
    }

    fn face(&self) -> String {
        match &self.avatar {
            Some(avatar) => {
                format!("{CDN}/guilds/{}/users/{}/avatars/{}", self.guild_id, self.user.id, image(avatar))
            }
            None => UserExt::face(&self.user),
        }
    }
}

fn image(hash: &ImageHash) -> String {
    format!("{hash}.{}?size=1024", if hash.is_animated() { "gif" } else { "webp" })
}

/// An object that the client has a link to.
pub trait MessageExt {
    /// The link.
    fn link(&self) -> String;
}

impl MessageExt for Message {
    fn link(&self) -> String {
        let guild = self.guild_id.map_or("@me".to_owned(), |id| id.to_string());
        format!("https://discord.com/channels/{guild}/{}/{}", self.channel_id, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FromDiscord;

    #[test]
    fn users_and_members_have_a_display_name_and_an_avatar() {
        let read = |json: &str| User::from_discord(json).expect("a user");
        let plain = read(r#"{"id":"80351110224678912","username":"ann"}"#);
        assert_eq!(UserExt::display_name(&plain), "ann");
        assert_eq!(UserExt::face(&plain), "https://cdn.discordapp.com/embed/avatars/5.png");
        let hash = "a_269e7ac54b5f4b4c8b9d2e0c6a3f1d57";
        let user = read(&format!(r#"{{"id":"7","username":"ann","global_name":"Ann","avatar":"{hash}"}}"#));
        assert_eq!(UserExt::display_name(&user), "Ann");
        assert_eq!(
            UserExt::face(&user),
            format!("https://cdn.discordapp.com/avatars/7/{hash}.gif?size=1024")
        );
        let mut member = Member::default();
        member.user = user;
        assert_eq!(UserExt::display_name(&member), "Ann");
        member.nick = Some("Captain".to_owned());
        member.guild_id = 1.into();
        member.avatar = member.user.avatar;
        assert_eq!(UserExt::display_name(&member), "Captain");
        let face = format!("https://cdn.discordapp.com/guilds/1/users/7/avatars/{hash}.gif?size=1024");
        assert_eq!(UserExt::face(&member), face);
    }

    #[test]
    fn a_message_has_a_link_in_a_server_and_in_a_direct_message() {
        let mut message = Message::default();
        (message.id, message.channel_id) = (3.into(), 2.into());
        assert_eq!(MessageExt::link(&message), "https://discord.com/channels/@me/2/3");
        message.guild_id = Some(1.into());
        assert_eq!(MessageExt::link(&message), "https://discord.com/channels/1/2/3");
    }
}
