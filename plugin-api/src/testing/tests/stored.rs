//! The store accepts what a host's store accepts.

use crate::{Context, NewMessage, Result, cog, testing::Bot};

#[derive(Default)]
struct Keeper;

#[cog(export = false)]
impl Keeper {
    /// Keeps values of many sizes
    #[command]
    async fn keep(&self, ctx: &Context) -> Result {
        let store = ctx.store();
        store.set_bytes(&"k".repeat(512), vec![0; 1 << 20]).await?;
        let refused = [
            store.set_bytes("", Vec::new()).await.expect_err("empty"),
            store.get_bytes("").await.expect_err("empty"),
            store.set_bytes(&"k".repeat(513), Vec::new()).await.expect_err("long"),
            store.set_bytes("large", vec![0; (1 << 20) + 1]).await.expect_err("large"),
            store.scan::<u8>(&"k".repeat(513)).next_bytes().await.expect_err("long"),
        ];
        let all = refused.map(|error| error.to_string());
        ctx.reply(NewMessage::new(all.join("\n"))).await
    }
}

#[test]
fn the_store_has_the_same_limits_as_the_hosts() {
    let bot = Bot::new::<Keeper>();
    let empty = "cannot use the store: a key is empty";
    let long = "cannot store a key: 513 bytes are more than 512 (`[limits] store_key_max_bytes`)";
    let large =
        "cannot store a value: 1048577 bytes are more than 1048576 (`[limits] store_value_max_bytes`)";
    let expected = [empty, empty, long, large, long].join("\n");
    bot.user("alice").slash("keep", ()).assert_content(&expected);
    assert!(bot.stored("large").is_none() && bot.stored(&"k".repeat(512)).is_some());
}
