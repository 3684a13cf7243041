//! Devices by make and model, in memory that has a limit whatever the service answers.

use std::collections::{BTreeMap, HashSet};

use fota_core::models::{DeviceLookup, FotaDevice, LicensedDevice};

/// Makes and models that are told apart; devices of any further one are counted together.
const DISTINCT: usize = 2000;
/// Letters of a name that are kept.
const LETTERS: usize = 60;

/// How many devices there are of each make and model, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Models {
    counts: BTreeMap<(String, String), u64>,
    crowded: u64,
    /// Looked up, but neither make nor model was told.
    pub(super) unknown: u64,
    /// Not looked up.
    pub(super) skipped: u64,
    /// Why the looking up ended early.
    pub(super) trouble: Option<String>,
}

/// One line of the table. An empty name was not told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    pub(super) make: &'a str,
    pub(super) model: &'a str,
    pub(super) devices: u64,
}

impl Models {
    /// Counts an answer. Each device that was asked for counts once, whatever the answer holds.
    pub(super) fn add(&mut self, asked: &[LicensedDevice], answer: &DeviceLookup) {
        let mut open: HashSet<_> = asked.iter().map(|device| &device.device_id).collect();
        for device in &answer.device_list {
            if open.remove(&device.device_id) {
                self.one(device);
            }
        }
        self.unknown += number(open.len());
    }

    /// Counts devices that nobody asks about.
    pub(super) fn skip(&mut self, devices: usize) {
        self.skipped += number(devices);
    }

    /// Counts devices whose request failed.
    pub(super) fn give_up(&mut self, devices: usize, why: &str) {
        self.skip(devices);
        self.trouble = Some(why.to_owned());
    }

    /// The `most` frequent, and below them how many others there are: makes and models, and their devices.
    pub(super) fn top(&self, most: usize) -> (Vec<Row<'_>>, usize, u64) {
        let mut rows: Vec<Row<'_>> = self
            .counts
            .iter()
            .map(|((make, model), devices)| Row { make, model, devices: *devices })
            .collect();
        // The map is in alphabetical order, and this keeps it among equals.
        rows.sort_by_key(|row| std::cmp::Reverse(row.devices));
        // One line for one make would hide it and save nothing.
        let shown =
            if rows.len() == most + 1 && self.crowded == 0 { rows.len() } else { most.min(rows.len()) };
        let rest = rows.split_off(shown);
        (rows, rest.len(), rest.iter().map(|row| row.devices).sum::<u64>() + self.crowded)
    }

    /// Whether there were more makes and models than are told apart.
    pub(super) fn is_crowded(&self) -> bool {
        self.crowded > 0
    }

    fn one(&mut self, device: &FotaDevice) {
        let (make, model) = (name(device.make.as_deref()), name(device.model.as_deref()));
        if make.is_empty() && model.is_empty() {
            self.unknown += 1;
            return;
        }
        let key = (make, model);
        if let Some(count) = self.counts.get_mut(&key) {
            *count += 1;
        } else if self.counts.len() < DISTINCT {
            self.counts.insert(key, 1);
        } else {
            self.crowded += 1;
        }
    }
}

fn name(text: Option<&str>) -> String {
    let text = text.unwrap_or_default().trim();
    let mut name: String = text.chars().take(LETTERS).collect();
    if name.len() < text.len() {
        name.push('…');
    }
    name
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(ids: &[&str]) -> Vec<LicensedDevice> {
        ids.iter().map(|id| LicensedDevice::new(*id)).collect()
    }

    fn device(id: &str, make: &str, model: &str) -> FotaDevice {
        FotaDevice::new(id).make(make.to_owned()).model(model.to_owned())
    }

    fn answer(devices: Vec<FotaDevice>) -> DeviceLookup {
        DeviceLookup::default().device_list(devices)
    }

    #[test]
    fn every_device_counts_once() {
        let mut models = Models::default();
        let told = vec![
            device("1", "ACME", "A"),
            device("1", "ACME", "A"),
            device("9", "ACME", "not asked for"),
            device("2", " ACME ", "B"),
            device("3", "", "  "),
            FotaDevice::new("4"),
            device("5", "ACME", "B"),
        ];
        models.add(&asked(&["1", "2", "3", "4", "5", "6"]), &answer(told));
        models.skip(7);
        models.give_up(2, "why");
        let (rows, kinds, devices) = models.top(9);
        let row = |model, devices| Row { make: "ACME", model, devices };
        assert_eq!(rows, [row("B", 2), row("A", 1)]);
        assert_eq!((kinds, devices, models.unknown, models.skipped), (0, 0, 3, 9));
        assert_eq!(models.trouble.as_deref(), Some("why"));
    }

    #[test]
    fn a_service_that_makes_up_names_fills_no_memory() {
        let mut models = Models::default();
        for page in 0..30 {
            let ids: Vec<String> = (0..1000).map(|n| format!("{}", page * 1000 + n)).collect();
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let told = ids.iter().map(|id| device(id, &format!("{id}{}", "x".repeat(5000)), "m")).collect();
            models.add(&asked(&ids), &answer(told));
        }
        assert_eq!(models.counts.len(), DISTINCT);
        assert!(models.counts.keys().all(|(make, _)| make.chars().count() == LETTERS + 1));
        let (rows, kinds, devices) = models.top(10);
        assert_eq!((rows.len(), kinds, devices), (10, DISTINCT - 10, 30_000 - 10));
        assert!(models.is_crowded());
    }

    #[test]
    fn a_single_other_is_shown_by_its_name() {
        let mut models = Models::default();
        models.add(
            &asked(&["1", "2", "3"]),
            &answer(vec![device("1", "a", ""), device("2", "b", ""), device("3", "c", "")]),
        );
        assert_eq!(models.top(2).0.len(), 3);
        assert_eq!(models.top(1).1, 2);
    }
}
