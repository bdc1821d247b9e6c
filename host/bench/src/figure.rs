//! A figure: what was measured, its goal, and whether the goal is met. Printed as a table and as JSON. Nothing is
//! measured here.

use std::fmt;

use serde_json::{Value, json};

/// How thorough measurements are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Long enough for reliable figures.
    Full,
    /// Long enough to see that it works.
    Quick,
}

impl Scale {
    /// Returns one of two sizes.
    pub(crate) fn pick<T>(self, full: T, quick: T) -> T {
        match self {
            Scale::Full => full,
            Scale::Quick => quick,
        }
    }
}

/// The goal of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// Shown for information only.
    None,
}

impl Goal {
    fn is_met(self, value: f64) -> Option<bool> {
        match self {
            Goal::AtMost(limit) => Some(value <= limit),
            Goal::AtLeast(limit) => Some(value >= limit),
            Goal::None => None,
        }
    }
}

/// One figure.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    what: String,
    unit: &'static str,
    goal: Goal,
    value: f64,
    /// What the value was computed from.
    note: String,
}

impl Figure {
    /// A figure; `unit` is empty for counts and `×` for ratios.
    pub(crate) fn new(what: impl Into<String>, goal: Goal, value: f64, unit: &'static str) -> Figure {
        Figure { what: what.into(), unit, goal, value, note: String::new() }
    }

    /// Adds what the value was computed from.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Figure {
        self.note = note.into();
        self
    }

    fn is_met(&self) -> Option<bool> {
        self.goal.is_met(self.value)
    }
}

/// All figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    figures: Vec<(&'static str, Figure)>,
    failures: Vec<(&'static str, String)>,
}

impl Report {
    /// Adds the result of a measurement.
    pub(crate) fn add(&mut self, name: &'static str, result: crate::Result<Vec<Figure>>) {
        match result {
            Ok(figures) => self.figures.extend(figures.into_iter().map(|figure| (name, figure))),
            Err(error) => self.failures.push((name, error.to_string())),
        }
    }

    /// The figures and failures of the last measurement, as lines.
    pub(crate) fn lines_of(&self, name: &str) -> String {
        let figures = self.figures.iter().filter(|(owner, _)| *owner == name);
        let failures = self.failures.iter().filter(|(owner, _)| *owner == name);
        let lines = figures.map(|(_, figure)| format!("  {figure}\n"));
        lines.chain(failures.map(|(_, why)| format!("  not measured: {why}\n"))).collect()
    }

    /// How many goals were missed.
    pub(crate) fn missed(&self) -> usize {
        self.figures.iter().filter(|(_, figure)| figure.is_met() == Some(false)).count()
    }

    /// How many measurements failed.
    pub(crate) fn failures(&self) -> usize {
        self.failures.len()
    }

    /// The figures as JSON.
    pub(crate) fn json(&self) -> Value {
        let figures = self.figures.iter().map(|(name, figure)| {
            let goal = match figure.goal {
                Goal::AtMost(limit) => json!({ "at_most": limit }),
                Goal::AtLeast(limit) => json!({ "at_least": limit }),
                Goal::None => Value::Null,
            };
            json!({
                "name": name, "what": figure.what, "unit": figure.unit, "goal": goal,
                "measured": figure.value, "met": figure.is_met(), "note": figure.note,
            })
        });
        let failures = self.failures.iter().map(|(name, why)| json!({ "name": name, "why": why }));
        json!({ "figures": figures.collect::<Vec<_>>(), "failures": failures.collect::<Vec<_>>() })
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Goal::AtMost(limit) => write!(out, "≤ {}", Short(*limit)),
            Goal::AtLeast(limit) => write!(out, "≥ {}", Short(*limit)),
            Goal::None => Ok(()),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let met = match self.is_met() {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        };
        let goal = match self.goal {
            Goal::None => String::new(),
            goal => format!("{goal} {}", self.unit),
        };
        let value = format!("{} {}", Short(self.value), self.unit);
        write!(out, "{:<62} {goal:>12} {value:>14} {met:>4}", self.what)?;
        if self.note.is_empty() { Ok(()) } else { write!(out, "  {}", self.note) }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{:<62} {:>12} {:>14} {:>4}", "figure", "goal", "measured", "met?")?;
        for (_, figure) in &self.figures {
            writeln!(out, "{figure}")?;
        }
        for (name, why) in &self.failures {
            writeln!(out, "{name}: not measured: {why}")?;
        }
        let judged = self.figures.iter().filter(|(_, figure)| figure.is_met().is_some()).count();
        write!(out, "{} of {judged} goals met", judged - self.missed())
    }
}

/// A number with as many digits as are worth reading.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            value if value.fract() == 0.0 || value.abs() >= 1000.0 => write!(out, "{value:.0}"),
            value if value.abs() >= 100.0 => write!(out, "{value:.1}"),
            value => write!(out, "{value:.2}"),
        }
    }
}
