//! The rules of a command, looked at before its handler runs: those of the groups above it first.

use crate::{Context, Error, Result, manifest::Rules};

/// Whether all rules hold.
///
/// # Errors
/// [Input](Error::input) that says what does not.
pub(crate) async fn hold(ctx: &Context) -> Result {
    for (_, rules) in ctx.rules() {
        place(ctx, rules)?;
    }
    Ok(())
}

fn place(ctx: &Context, rules: &Rules) -> Result {
    match ctx.guild_id() {
        None if rules.guild_only => Err(Error::input("this command works in a server only")),
        Some(_) if rules.dm_only => Err(Error::input("this command works in direct messages only")),
        _ => Ok(()),
    }
}
