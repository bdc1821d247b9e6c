//! Cooldowns of the cog's commands, as the host counts them: they survive reloads.

use std::collections::HashMap;

use crate::abi::CooldownUse;

/// The cooldowns in use.
#[derive(Default)]
pub(super) struct Cooldowns {
    windows: HashMap<String, Window>,
}

/// The period that began with the first use.
#[derive(Clone, Copy)]
struct Window {
    began_ms: u64,
    used: u32,
}

impl Cooldowns {
    /// Uses each cooldown once, or none if one is used up. Returns the milliseconds until all can be used; 0 if they
    /// were used.
    pub(super) fn take(&mut self, uses: &[CooldownUse], now: u64) -> u64 {
        let left = |window: &Window, asked: &CooldownUse| {
            window.began_ms.saturating_add(asked.time_ms).saturating_sub(now)
        };
        let mut current = Vec::new();
        for asked in uses {
            let window = self.windows.get(asked.key.as_str()).filter(|window| left(window, asked) > 0);
            current.push(window.copied().unwrap_or(Window { began_ms: now, used: 0 }));
        }
        let used_up = uses.iter().zip(&current).filter(|(asked, window)| window.used >= asked.uses);
        if let Some(wait) = used_up.map(|(asked, window)| left(window, asked)).max() {
            return wait;
        }
        for (asked, window) in uses.iter().zip(current) {
            self.windows.insert(asked.key.to_string(), Window { used: window.used + 1, ..window });
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cooldown_may_be_as_long_as_it_likes() {
        let mut cooldowns = Cooldowns::default();
        let mut take = || cooldowns.take(&[CooldownUse { key: "k".into(), uses: 1, time_ms: u64::MAX }], 5);
        assert_eq!((take(), take()), (0, u64::MAX - 5));
    }
}
