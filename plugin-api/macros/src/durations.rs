//! Texts with a small syntax of their own: durations, cooldowns, limits, times of day.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, LitStr, Result};

/// Names of units, in seconds: for attributes, and for users who type an argument that is a `Duration`.
const UNITS: [(&[&str], u64); 5] = [
    (&["s", "sec", "secs", "second", "seconds"], 1),
    (&["m", "min", "mins", "minute", "minutes"], 60),
    (&["h", "hr", "hrs", "hour", "hours"], 60 * 60),
    (&["d", "day", "days"], 24 * 60 * 60),
    (&["w", "week", "weeks"], 7 * 24 * 60 * 60),
];

/// The longest period of a task, and the longest cooldown: the host's limits.
pub(crate) const LONGEST_MS: u64 = 365 * 24 * 60 * 60 * 1000;

/// The table as a constant.
pub(crate) fn units() -> TokenStream {
    let units = UNITS.iter().map(|(names, seconds)| quote! { (&[#(#names),*], #seconds) });
    quote! {
        /// Names of units, in seconds.
        const UNITS: &[(&[&str], u64)] = &[#(#units),*];
    }
}

/// The milliseconds of `90s`, `1h30m`, `500ms`.
pub(crate) fn duration(text: &LitStr) -> Result<u64> {
    millis(&text.value()).ok_or_else(|| {
        Error::new(
            text.span(),
            format!("`{}` is not a duration; write `30s`, `10m` or `1h30m`", text.value()),
        )
    })
}

fn millis(text: &str) -> Option<u64> {
    let (mut total, mut rest) = (0_u64, text.trim());
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let unit = rest.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(rest.len());
        let millis = match &rest[..unit] {
            "ms" => 1,
            name => 1000 * UNITS.iter().find(|(names, _)| names.contains(&name))?.1,
        };
        total = total.checked_add(number.checked_mul(millis)?)?;
        rest = rest[unit..].trim_start();
    }
    (total > 0).then_some(total)
}

/// `3s per user`, `5 in 1m per guild`: how often a command can be called.
pub(crate) fn cooldown(text: &LitStr) -> Result<TokenStream> {
    let value = text.value();
    let read = || {
        let (amount, scope) = split_scope(&value)?;
        let (uses, time) = match amount.split_once(" in ") {
            Some((uses, time)) => (uses.trim().parse::<u32>().ok().filter(|uses| *uses > 0)?, time),
            None => (1, amount),
        };
        Some((uses, millis(time)?, scope.map_or_else(|| Some(quote!(User)), named_scope)?))
    };
    let (uses, millis, scope) = read().ok_or_else(|| {
        Error::new(
            text.span(),
            format!(
                "`{value}` is not a cooldown; write `3s per user`, `1h per guild` or \
                 `5 in 1m per channel`{SCOPES}"
            ),
        )
    })?;
    if millis > LONGEST_MS {
        return Err(Error::new(text.span(), "a cooldown must be at most a year, `365d`"));
    }
    Ok(quote! {
        ::gearshift_cog::manifest::Cooldown::new(#uses, ::std::time::Duration::from_millis(#millis))
            .per(::gearshift_cog::manifest::Scope::#scope)
    })
}

/// `1 per channel`, `3 per user, wait`: how many calls can run at once.
pub(crate) fn concurrency(text: &LitStr) -> Result<TokenStream> {
    let value = text.value();
    let read = || {
        let (limit, wait) = match value.split_once(',') {
            Some((limit, wait)) if wait.trim() == "wait" => (limit, quote!(.wait())),
            Some(_) => return None,
            None => (value.as_str(), TokenStream::new()),
        };
        let (most, scope) = split_scope(limit)?;
        let most = most.trim().parse::<u32>().ok().filter(|most| *most > 0)?;
        Some((most, scope.map_or_else(|| Some(quote!(Global)), named_scope)?, wait))
    };
    let (most, scope, wait) = read().ok_or_else(|| {
        Error::new(
            text.span(),
            format!("`{value}` is not a limit; write `1 per channel`, or `1 per channel, wait`{SCOPES}"),
        )
    })?;
    Ok(quote! {
        ::gearshift_cog::manifest::Concurrency::new(#most, ::gearshift_cog::manifest::Scope::#scope) #wait
    })
}

const SCOPES: &str = " (per user, member, channel, guild or global)";

/// The parts before and after `per`.
fn split_scope(text: &str) -> Option<(&str, Option<&str>)> {
    let mut words = text.splitn(2, " per ");
    Some((words.next()?, words.next()))
}

fn named_scope(name: &str) -> Option<TokenStream> {
    Some(match name.trim() {
        "user" => quote!(User),
        "member" => quote!(Member),
        "channel" => quote!(Channel),
        "guild" | "server" => quote!(Guild),
        "global" => quote!(Global),
        _ => return None,
    })
}

/// Checks that it is a time of day, `HH:MM`.
pub(crate) fn time_of_day(text: &LitStr) -> Result<()> {
    let value = text.value();
    let read = || {
        let (hour, minute) = value.split_once(':')?;
        let number = |text: &str, below: u8| {
            (text.len() == 2).then(|| text.parse::<u8>().ok())?.filter(|number| *number < below)
        };
        Some((number(hour, 24)?, number(minute, 60)?))
    };
    read().map(drop).ok_or_else(|| {
        Error::new(text.span(), format!("`{value}` is not a time of day; write `09:00` or `17:30`"))
    })
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    fn lit(text: &str) -> LitStr {
        LitStr::new(text, Span::call_site())
    }

    #[test]
    fn durations_have_units() {
        let table = [
            ("30s", Some(30_000)),
            ("1h30m", Some(5_400_000)),
            ("1d 12h", Some(129_600_000)),
            ("500ms", Some(500)),
            ("0s", None),
            ("30", None),
            ("", None),
            ("s", None),
            ("3 weeks", Some(1_814_400_000)),
            ("2 hours 1 min", Some(7_260_000)),
            ("3 months", None),
            ("99999999999999999999w", None),
        ];
        for (text, expected) in table {
            assert_eq!(duration(&lit(text)).ok(), expected, "{text}");
        }
    }

    #[test]
    fn cooldowns_and_limits_have_a_scope() {
        let cooldowns = [
            ("3s", Some("new (1u32 , :: std :: time :: Duration :: from_millis (3000u64)) . per (User)")),
            (
                "3s per user",
                Some("new (1u32 , :: std :: time :: Duration :: from_millis (3000u64)) . per (User)"),
            ),
            (
                "5 in 1m per guild",
                Some("new (5u32 , :: std :: time :: Duration :: from_millis (60000u64)) . per (Guild)"),
            ),
            (
                "365d per user",
                Some("new (1u32 , :: std :: time :: Duration :: from_millis (31536000000u64)) . per (User)"),
            ),
            ("365d1ms", None),
            ("1000000d per user", None),
            ("3s per planet", None),
            ("0 in 3s", None),
            ("often", None),
        ];
        let plain = |tokens: TokenStream| {
            tokens
                .to_string()
                .replace(":: gearshift_cog :: manifest :: Cooldown :: ", "")
                .replace(":: gearshift_cog :: manifest :: Concurrency :: ", "")
                .replace(":: gearshift_cog :: manifest :: Scope :: ", "")
        };
        for (text, expected) in cooldowns {
            assert_eq!(cooldown(&lit(text)).map(plain).ok().as_deref(), expected, "{text}");
        }
        let limits = [
            ("1 per channel", Some("new (1u32 , Channel)")),
            ("2 per user, wait", Some("new (2u32 , User) . wait ()")),
            ("3", Some("new (3u32 , Global)")),
            ("0 per user", None),
            ("1 per user, queue", None),
        ];
        for (text, expected) in limits {
            assert_eq!(concurrency(&lit(text)).map(plain).ok().as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn times_of_day_are_parsed() {
        for (text, fits) in
            [("09:00", true), ("23:59", true), ("9:00", false), ("24:00", false), ("09:60", false)]
        {
            assert_eq!(time_of_day(&lit(text)).is_ok(), fits, "{text}");
        }
    }
}
