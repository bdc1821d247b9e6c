//! Points in time.

use ::serenity::model::Timestamp;

use crate::{
    Argument, ArgumentError, Given, Takes,
    manifest::{OptionType, kind},
};

/// Discord's `<t:1700000000:R>`, or ISO 8601 such as `2024-05-01T12:00:00+02:00`. Without an offset it is in UTC;
/// without a time it is midnight. In a prefix command, the time and the offset may follow as further words.
impl Argument for Timestamp {
    const OPTION: OptionType = OptionType { goes_on: Some(goes_on), ..OptionType::new(kind::STRING) };
    const TAKES: Takes = Takes::Text;

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        timestamp(given.text().trim()).ok_or_else(|| {
            ArgumentError::expected(
                "a time such as `2024-05-01`, `2024-05-01 12:00` (UTC) or `2024-05-01T12:00:00+02:00`",
            )
        })
    }
}

fn timestamp(text: &str) -> Option<Timestamp> {
    // <https://discord.com/developers/docs/reference#message-formatting-timestamp-styles>
    let mention = text.strip_prefix("<t:").and_then(|text| text.strip_suffix('>'));
    if let Some(mention) = mention.filter(|mention| !mention.contains('>')) {
        let seconds: i64 = mention.split(':').next()?.parse().ok()?;
        return Timestamp::from_millis(seconds.checked_mul(1000)?).ok();
    }
    let (date, time) = text.split_once(['T', 't', ' ']).unwrap_or((text, "00:00"));
    let time = time.trim();
    let offset = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (time, offset) = time.split_at(offset);
    let time = time.trim_end();
    let seconds = if time.matches(':').count() == 1 { ":00" } else { "" };
    let offset = if offset.is_empty() { "Z" } else { offset };
    Timestamp::parse(&format!("{date}T{time}{seconds}{offset}")).ok()
}

/// Whether a word is the time after a date, or the offset after a time, as in `2024-05-01 12:00 +02:00`.
fn goes_on(value: &str, word: &str) -> bool {
    timestamp(format!("{value} {word}").trim()).is_some()
}

#[cfg(test)]
mod tests {
    use super::timestamp;

    #[test]
    fn a_time_is_read_in_discords_and_in_common_formats() {
        let may = Some(1_714_521_600);
        let table = [
            ("<t:1714521600>", may),
            ("<t:1714521600:R>", may),
            ("<t:-1:F>", Some(-1)),
            ("2024-05-01", may),
            ("2024-05-01 00:00", may),
            ("2024-05-01T02:00+02:00", may),
            ("2024-05-01T00:00:00Z", may),
            ("2024-05-01T00:00:00.5z", may),
            ("2024-05-01 12:30:15", Some(1_714_566_615)),
            ("2024-02-30", None),
            ("2024-05-01 25:00", None),
            ("<t:9223372036854775807>", None),
            ("2024-05-01 02:00 +02:00", may),
            ("<t:1714521600> <t:1714521600>", None),
            ("tomorrow", None),
            ("", None),
        ];
        for (text, seconds) in table {
            assert_eq!(timestamp(text).map(|it| it.unix_timestamp()), seconds, "{text}");
        }
    }
}
