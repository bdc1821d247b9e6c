//! Tests of world files that need to look inside. What readers of world files see is tested from outside.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use crate::ids::{Snowflake, Timestamp};
use crate::world::{Channel, Emoji, Message, MessageKind, Overwrite, Reaction, World, bits};

/// Everything but the clock, in a fixed order.
fn shown(world: &World) -> String {
    let mut users: Vec<_> = world.users.values().collect();
    users.sort_by_key(|user| user.id);
    let mut channels: Vec<&Channel> = world.channels.values().collect();
    channels.sort_by_key(|channel| channel.id);
    format!("{users:#?}{:#?}{channels:#?}{:#?}", world.guilds, world.bots)
}

#[derive(Debug, Clone)]
struct Said {
    by: usize,
    text: String,
    pause_ms: u64,
    reply: bool,
    reaction: Option<usize>,
    pinned: bool,
}

const PEOPLE: [&str; 4] = ["alice", "bob", "Zoë \"z\"", "d.e-f_3"];

fn said() -> impl Strategy<Value = Said> {
    let text = "[a-zé👍\"\\\\\n#= ]{1,20}";
    (
        0..PEOPLE.len(),
        text,
        1..90_000_000_u64,
        any::<bool>(),
        proptest::option::of(0..PEOPLE.len()),
        any::<bool>(),
    )
        .prop_map(|(by, text, pause_ms, reply, reaction, pinned)| Said {
            by,
            text,
            pause_ms,
            reply,
            reaction,
            pinned,
        })
}

fn known(bits: u64) -> u64 {
    bits & bits::ALL
}

/// Name, roles with their permission bits, and messages.
type GuildSketch = (String, Vec<(String, u64)>, Vec<Said>);

/// Guilds in which names may occur twice, with explicit ids.
fn built(guilds: &[GuildSketch]) -> World {
    let mut world = World::empty();
    world.clock.freeze();
    for (name, roles, history) in guilds {
        let guild = world.add_guild(name, PEOPLE[name.len() % PEOPLE.len()]);
        let channel_id = world.add_channel(guild, name);
        world.add_voice_channel(guild, name);
        world.set_topic(channel_id, name);
        for (name, bits) in roles {
            let role = world.add_role(guild, name, known(*bits));
            world.give_role(guild, PEOPLE[bits.count_ones() as usize % PEOPLE.len()], role);
            world.overwrite(
                channel_id,
                Overwrite { id: role, kind: 0, allow: known(*bits), deny: known(!bits) },
            );
        }
        let mut at = Timestamp(1_700_000_000_000);
        for one in history {
            at.0 += one.pause_ms;
            let author = world.add_user(PEOPLE[one.by]);
            let reactor = one.reaction.map(|who| world.add_user(PEOPLE[who]).id);
            let channel = world.channels.get_mut(&channel_id).unwrap();
            let id = Snowflake((at.0 - 1_420_070_400_000) << 22 | one.pause_ms & 0xfff);
            let mut message = Message {
                pinned: one.pinned,
                ..Message::plain(id, channel_id, author, one.text.clone(), at)
            };
            if let Some(target) = channel.messages.back().filter(|_| one.reply) {
                message.reply_to = Some(target.id);
                message.kind = MessageKind::Reply;
            }
            let emoji = Emoji { id: one.reply.then_some(id), name: "wave".to_owned() };
            message.reactions.extend(reactor.map(|user| Reaction { emoji, users: vec![user] }));
            channel.push(message.into());
        }
    }
    world.add_bot("bot", "MTIz.x.y");
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_written_world_is_read_back_unchanged(
        guilds in vec(("[a-zA-Zé \"]{1,12}", vec(("[a-z]{1,3}", any::<u64>()), 0..5), vec(said(), 0..8)), 0..4)
    ) {
        let world = built(&guilds);
        let text = world.write();
        let again = World::read(&text).unwrap();
        prop_assert_eq!(shown(&again), shown(&world), "{}", text);
        prop_assert_eq!(again.write(), text);
    }
}

#[test]
fn a_derived_id_is_not_written() {
    let world = World::default();
    let text = world.write();
    assert!(!text.contains("id = "), "{text}");
    assert_eq!(shown(&World::read(&text).unwrap()), shown(&world));
}

#[test]
fn embeds_and_components_of_messages_are_read_back_as_they_were_written() {
    let said = Said { by: 0, text: "x".into(), pause_ms: 1, reply: false, reaction: None, pinned: false };
    let mut world = built(&[("g".to_owned(), Vec::new(), vec![said])]);
    let channel = world.channels.values_mut().find(|channel| !channel.messages.is_empty()).unwrap();
    let message = Arc::make_mut(&mut channel.messages[0]);
    message.embeds = serde_json::from_value(json!([{
        "title": "t", "type": "rich", "color": 255, "image": { "url": "https://x.y/a.png" },
        "author": { "name": "n" }, "fields": [{ "name": "a", "value": "b", "inline": true }],
    }]))
    .unwrap();
    let button =
        json!({ "type": 2, "id": 2, "style": 1, "custom_id": "a", "emoji": { "id": "7", "name": "e" } });
    message.components =
        serde_json::from_value(json!([{ "type": 1, "id": 1, "components": [button] }])).unwrap();
    let text = world.write();
    assert_eq!(shown(&World::read(&text).unwrap()), shown(&world), "{text}");
}
