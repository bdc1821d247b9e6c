//! One host per bot on each machine: a second one would answer everything twice.
//! It only holds a name; others connect to it only to find out who holds it.
//!
//! The name is an abstract socket: it is visible to every user of the machine (of its network namespace), needs no
//! folder, and is released when its process ends, however it ends. <https://man7.org/linux/man-pages/man7/unix.7.html>

use std::{io, net::IpAddr, os::unix::net::UnixListener};

use crate::sessions::Discord;

/// Another host on this machine is connected with the same token.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect `{bot}` (application {application}): another host{process} serves this bot")]
pub struct BotInUse {
    /// The bot's user name.
    bot: String,
    /// The application's id.
    application: u64,
    /// Its process, as a clause; may be empty.
    process: String,
}

impl BotInUse {
    /// What the reader can do.
    pub fn help(&self) -> String {
        "end that host, or give this one the token of another bot: two hosts of one bot answer everything twice"
            .to_owned()
    }
}

/// The exclusive right to serve a bot, until it is dropped.
#[derive(Debug)]
pub struct BotClaim {
    name: String,
    /// Held, but not used. `None` if another user has the name, or this system has no such names.
    _listener: Option<UnixListener>,
}

/// Who already holds a name.
#[derive(Debug, PartialEq, Eq)]
struct Holder {
    /// Its process, if the system reveals it.
    process: Option<i32>,
    /// Whether it belongs to this user, or is not known to belong to another.
    is_ours: bool,
}

impl BotClaim {
    /// Claims the bot of this session; `held` is kept if it is for the same bot. If another user has the name, that is
    /// only logged as a warning: any user could take it.
    ///
    /// # Errors
    /// Another host of this user holds it.
    pub async fn claim(discord: &Discord, held: Option<BotClaim>) -> Result<BotClaim, BotInUse> {
        let account = discord.account();
        let bot = format!("{} {}", place_of(&discord.origin()), account.application_id);
        let taken = |process: Option<i32>| BotInUse {
            bot: account.user_name.clone(),
            application: account.application_id,
            process: process.map(|process| format!(" (process {process})")).unwrap_or_default(),
        };
        let name = format!("gearshift-bot-{}", blake3::hash(bot.as_bytes()).to_hex());
        if let Some(held) = held.filter(|held| held.name == name) {
            return Ok(held);
        }
        let listener = match hold(&name).await {
            Ok(Ok(listener)) => Some(listener),
            Ok(Err(Holder { process, is_ours: true })) => return Err(taken(process)),
            Ok(Err(Holder { process, is_ours: false })) => {
                tracing::warn!("{}; it belongs to another user of this machine", taken(process));
                None
            }
            Err(error) => {
                tracing::warn!("cannot find out whether another host serves this bot: {error}");
                None
            }
        };
        Ok(BotClaim { name, _listener: listener })
    }
}

/// Which Discord a session connects to, however the config names it. Application ids are unique within Discord, which
/// has many names (`discord.com`, `canary.discord.com`, a proxy); a Discord on this machine is a separate one.
fn place_of(origin: &str) -> String {
    let url = reqwest::Url::parse(origin).ok();
    let host = url.as_ref().and_then(|url| url.host_str()).unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match host == "localhost" || address.is_ok_and(|address| address.is_loopback()) {
        true => format!("port {}", url.and_then(|url| url.port_or_known_default()).unwrap_or(0)),
        false => "discord".to_owned(),
    }
}

/// Takes a name, or returns who holds it.
#[cfg(target_os = "linux")]
async fn hold(name: &str) -> io::Result<Result<UnixListener, Holder>> {
    use std::os::{linux::net::SocketAddrExt, unix::net::SocketAddr};

    match UnixListener::bind_addr(&SocketAddr::from_abstract_name(name)?) {
        Ok(listener) => Ok(Ok(listener)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(Err(holder(name).await)),
        Err(error) => Err(error),
    }
}

#[cfg(target_os = "linux")]
async fn holder(name: &str) -> Holder {
    // The credentials are those of the listening process, from when it started to listen.
    let asked = tokio::net::UnixStream::connect(format!("\0{name}")).await;
    let Ok(credentials) = asked.and_then(|stream| stream.peer_cred()) else {
        return Holder { process: None, is_ours: true };
    };
    let own = tokio::net::UnixStream::pair().and_then(|(one, _)| one.peer_cred());
    let is_ours = own.map_or(true, |own| own.uid() == credentials.uid());
    Holder { process: credentials.pid(), is_ours }
}

/// Only Linux has abstract sockets.
#[cfg(not(target_os = "linux"))]
async fn hold(_: &str) -> io::Result<Result<UnixListener, Holder>> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_discord_is_the_same_by_all_its_names() {
        for names in [
            &[
                "https://discord.com",
                "https://discordapp.com",
                "https://canary.discord.com:443",
                "http://proxy:8080",
            ][..],
            &[
                "http://localhost:80",
                "http://127.0.0.1",
                "http://127.1.2.3:80",
                "http://[::1]",
                "https://LOCALHOST:80",
            ],
        ] {
            let places: Vec<String> = names.iter().map(|name| place_of(name)).collect();
            assert!(places.iter().all(|place| *place == places[0]), "{names:?}: {places:?}");
        }
        assert_ne!(place_of("http://127.0.0.1:8080"), place_of("http://127.0.0.1:8081"));
        assert_ne!(place_of("http://127.0.0.1:443"), place_of("https://discord.com"));
    }

    #[tokio::test]
    async fn a_name_has_one_holder_until_that_one_goes() {
        let name = format!("gearshift-test-{}", std::process::id());
        let first = hold(&name).await.unwrap().unwrap();
        let process = i32::try_from(std::process::id()).ok();
        assert_eq!(hold(&name).await.unwrap().unwrap_err(), Holder { process, is_ours: true });
        drop(first);
        hold(&name).await.unwrap().unwrap();
    }
}
