//! Fleets from a seed: distinct IMEIs with valid check digits, the same for the same seed on every machine.

use std::collections::BTreeSet;

use fota_models::Imei;

/// How many devices, and the seed they come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fleet {
    pub(crate) devices: usize,
    pub(crate) seed: u64,
}

impl Fleet {
    /// The devices, in ascending order.
    pub(crate) fn imeis(self) -> BTreeSet<Imei> {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let mut imeis = BTreeSet::new();
        while imeis.len() < self.devices {
            // A hundred made-up models of up to a million devices each; more of either for larger fleets.
            let models = 100.max(u64::try_from(self.devices / 100_000).unwrap_or(u64::MAX).min(9_999_999));
            let body = (35_000_000 + random.u64(0..models)) * 1_000_000 + random.u64(0..1_000_000);
            imeis.extend(with_check_digit(body));
        }
        imeis
    }
}

/// Which `chosen` of `all` items to take: evenly at random, in order, one random number per item.
pub(crate) fn choose(all: usize, chosen: usize, seed: u64) -> impl Iterator<Item = bool> {
    let mut random = fastrand::Rng::with_seed(seed ^ 0x5eed_0f11_ce75);
    let mut needed = chosen.min(all);
    (0..all).map(move |index| {
        let take = needed > 0 && random.usize(0..all - index) < needed;
        needed -= usize::from(take);
        take
    })
}

fn with_check_digit(body: u64) -> Option<Imei> {
    let digit = Imei::new(&format!("{body:014}0")).ok()?.check_digit()?;
    Imei::new(&format!("{body:014}{digit}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fleets_are_distinct_valid_and_repeatable() {
        let fleet = Fleet { devices: 5000, seed: 7 };
        let imeis = fleet.imeis();
        assert_eq!(imeis.len(), 5000);
        assert!(imeis.iter().all(|imei| imei.luhn_valid() && imei.len() == 15));
        assert_eq!(imeis, fleet.imeis());
        assert_ne!(imeis, Fleet { seed: 8, ..fleet }.imeis());
    }

    #[test]
    fn choosing_takes_exactly_as_many_as_asked() {
        for (all, chosen) in [(0, 0), (1, 1), (10, 0), (10, 3), (10, 10), (10, 99)] {
            assert_eq!(choose(all, chosen, 3).filter(|take| *take).count(), chosen.min(all));
        }
    }
}
