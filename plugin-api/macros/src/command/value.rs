//! Values of parameter attributes: bounds, lengths, choices, and which of them fit a type.

use syn::{Error, Expr, Lit, Result, Type, UnOp, spanned::Spanned};

use crate::{
    args::Arg,
    block::{inside, last_name},
};

/// Discord's channel types. <https://discord.com/developers/docs/resources/channel#channel-object-channel-types>
pub(super) const CHANNEL_TYPES: &[(&str, u8)] = &[
    ("text", 0),
    ("dm", 1),
    ("voice", 2),
    ("group_dm", 3),
    ("category", 4),
    ("announcement", 5),
    ("announcement_thread", 10),
    ("public_thread", 11),
    ("private_thread", 12),
    ("stage", 13),
    ("directory", 14),
    ("forum", 15),
    ("media", 16),
];

/// The largest integer of an option; the smallest is its negative.
/// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-type>
const WHOLE_MAX: i128 = 1 << 53;

/// The kind of option for a type, judging by its name.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Shape {
    Text,
    /// An integer, with the smallest and largest value of its type.
    Whole(i128, i128),
    Number,
    Other,
    Unknown,
}

impl Shape {
    pub(super) fn is_number(self) -> bool {
        matches!(self, Self::Number | Self::Whole(..))
    }
}

pub(super) fn shape(of: &Type) -> Shape {
    if let Some(of) = inside(of, "Option") {
        return shape(of);
    }
    match last_name(of).as_deref() {
        Some("String") => Shape::Text,
        Some("u8") => Shape::Whole(0, u8::MAX.into()),
        Some("u16") => Shape::Whole(0, u16::MAX.into()),
        Some("u32") => Shape::Whole(0, u32::MAX.into()),
        Some("u64") => Shape::Whole(0, WHOLE_MAX),
        Some("i8") => Shape::Whole(i8::MIN.into(), i8::MAX.into()),
        Some("i16") => Shape::Whole(i16::MIN.into(), i16::MAX.into()),
        Some("i32") => Shape::Whole(i32::MIN.into(), i32::MAX.into()),
        Some("i64") => Shape::Whole(-WHOLE_MAX, WHOLE_MAX),
        Some("f32" | "f64") => Shape::Number,
        Some("bool" | "User" | "Member" | "Role" | "Attachment") => Shape::Other,
        _ => Shape::Unknown,
    }
}

/// The number of `min = -5`, as JSON without an exponent.
pub(super) fn number(value: &Expr) -> Result<(String, f64)> {
    let read = || {
        let text = number_text(value)?;
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite())?;
        Some(if text.contains(['e', 'E']) { (number.to_string(), number) } else { (text, number) })
    };
    read().ok_or_else(|| Error::new(value.span(), "write a number, such as `1` or `-0.5`"))
}

fn number_text(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Int(number) => Some(number.base10_digits().to_owned()),
            Lit::Float(number) => Some(number.base10_digits().to_owned()),
            _ => None,
        },
        Expr::Unary(minus) if matches!(minus.op, UnOp::Neg(_)) => {
            Some(format!("-{}", number_text(&minus.expr)?))
        }
        _ => None,
    }
}

/// Discord's maximum length is 6000.
pub(super) fn length(arg: &Arg, least: u16) -> Result<u16> {
    let value = arg.expr("1")?;
    number_text(value)
        .and_then(|text| text.parse().ok())
        .filter(|length| (least..=6000).contains(length))
        .ok_or_else(|| Error::new(value.span(), format!("it must be a number from {least} to 6000")))
}

pub(super) fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
