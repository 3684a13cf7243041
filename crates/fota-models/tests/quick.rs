//! The short cut and the general reader are one: 100 000 pages, as they come and damaged in every way, give the same
//! value or are left to the general reader. Pages of the usual shape are never left to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
use std::fmt::Debug;

use fota_models::{LicenseChange, LicenseSummary};
use serde::de::DeserializeOwned;

/// Pages of each kind.
const PAGES: usize = 50_000;

#[test]
fn pages_of_licenses_agree() {
    let tally = agree(LicenseSummary::quick, summary);
    println!("{tally:?}");
    tally.check();
}

#[test]
fn answers_to_changes_agree() {
    let tally = agree(LicenseChange::quick, change);
    println!("{tally:?}");
    tally.check();
}

/// What keeps this test from agreeing about nothing.
#[derive(Debug, Default)]
struct Tally {
    quick: usize,
    left_but_fine: usize,
    refused: usize,
}

impl Tally {
    fn check(&self) {
        assert_eq!(self.quick + self.left_but_fine + self.refused, PAGES);
        assert!(self.quick > PAGES / 5 && self.left_but_fine > PAGES / 5 && self.refused > PAGES / 10);
    }
}

fn agree<T: DeserializeOwned + PartialEq + Debug>(
    quick: fn(&[u8]) -> Option<T>,
    page: fn(&mut Dice, bool) -> String,
) -> Tally {
    let mut dice = Dice(7);
    let mut tally = Tally::default();
    for number in 0..PAGES {
        // A third as documented, a third with odd values, a third with bytes changed besides.
        let mut text = page(&mut dice, number % 3 > 0).into_bytes();
        if number % 3 == 2 {
            dice.damage(&mut text);
        }
        let shown = String::from_utf8_lossy(&text);
        match (quick(&text), serde_json::from_slice::<T>(&text)) {
            (Some(quick), Ok(general)) => {
                assert_eq!(quick, general, "{shown}");
                tally.quick += 1;
            }
            (Some(quick), Err(error)) => panic!("{error}, but the short cut reads {quick:?}: {shown}"),
            (None, general) => {
                // Of the usual ones, only those that nobody can read: nothing in them but nulls.
                assert!(number % 3 > 0 || general.is_err(), "left to the general reader: {shown}");
                *if general.is_ok() { &mut tally.left_but_fine } else { &mut tally.refused } += 1;
            }
        }
    }
    tally
}

fn summary(dice: &mut Dice, odd: bool) -> String {
    let mut members = vec![
        member("accountName", dice.text(odd)),
        member(dice.pick(&["totalLicenses", "totalLicense"]), dice.count(odd)),
        member("assignedLicenses", dice.count(odd)),
        member("hasMoreData", dice.flag(odd)),
        member("lastSeenDeviceId", dice.id(odd)),
        member("maxPageSize", dice.count(odd)),
        member(
            "deviceList",
            dice.list(odd, |dice, odd| {
                let members =
                    vec![member("deviceId", dice.id(odd)), member("assignmentTime", dice.time(odd))];
                dice.object(odd, members)
            }),
        ),
    ];
    if odd && dice.one_in(4) {
        members.push(member("totalLicense", dice.count(odd)));
    }
    dice.object(odd, members)
}

fn change(dice: &mut Dice, odd: bool) -> String {
    let members = vec![
        member("accountName", dice.text(odd)),
        member(dice.pick(&["licCount", "licTotalCount"]), dice.count(odd)),
        member("licUsedCount", dice.count(odd)),
        member(
            "deviceList",
            dice.list(odd, |dice, odd| {
                let mut members = vec![
                    member("deviceId", dice.id(odd)),
                    member("status", dice.word(odd)),
                    member(dice.pick(&["resultReason", "Reason", "reason"]), dice.word(odd)),
                ];
                if dice.one_in(8) {
                    for name in ["updatedTime", "recentAttemptTime", "nextAttemptTime"] {
                        members.push(member(name, dice.time(odd)));
                    }
                }
                dice.object(odd, members)
            }),
        ),
    ];
    dice.object(odd, members)
}

fn member(name: &str, value: String) -> (String, String) {
    (format!("\"{name}\""), value)
}

/// Everything random, from one seed: SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most as u64).unwrap()
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// In any order, with some missing; if odd, also repeated, unknown or spelled in another way.
    fn object(&mut self, odd: bool, mut members: Vec<(String, String)>) -> String {
        for index in (1..members.len()).rev() {
            let other = self.below(index + 1);
            if self.one_in(3) {
                members.swap(index, other);
            }
        }
        if members.len() > 1 && self.one_in(12) {
            let gone = self.below(members.len());
            members.remove(gone);
        }
        if odd && self.one_in(12) {
            let again = members[self.below(members.len())].clone();
            members.push(again);
        }
        if odd && self.one_in(24) {
            members.push(("\"sku\"".into(), self.pick(&["1", "{\"a\":[]}", "\"x\"", "null"]).into()));
        }
        if odd && self.one_in(24) {
            members[0].0 = self.pick(&["\"device\\u0049d\"", "\"deviceid\"", "\"\"", "deviceId"]).into();
        }
        let mut text = String::from("{");
        for (index, (name, value)) in members.iter().enumerate() {
            text += if index == 0 { "" } else { "," };
            let (before, behind, after) = (self.space(), self.space(), self.space());
            text.extend([before, name, behind, ":", value, after]);
        }
        text + "}" + self.space()
    }

    fn space(&mut self) -> &'static str {
        if self.one_in(9) { self.pick(&[" ", "\n  ", "\t", "\r\n"]) } else { "" }
    }

    fn list(&mut self, odd: bool, entry: fn(&mut Self, bool) -> String) -> String {
        let count = self.pick(&[0, 1, 2, 3, 5, 9]);
        // Most entries of an odd page are usual ones.
        let mut entries: Vec<_> = (0..count)
            .map(|_| {
                let strange = odd && self.one_in(4);
                entry(self, strange)
            })
            .collect();
        if odd && self.one_in(12) {
            entries.push(self.pick(&["null", "true", "7", "\"352099001761481\"", "[]", "{}", ""]).into());
        }
        if odd && self.one_in(24) {
            return self.pick(&["null", "[", "{}", "\"\"", "[,]", "7"]).into();
        }
        format!("[{}]", entries.join(","))
    }

    fn or_odd(&mut self, odd: bool, usual: String, strange: &[&str]) -> String {
        if odd && self.one_in(6) { self.pick(strange).to_owned() } else { usual }
    }

    fn text(&mut self, odd: bool) -> String {
        let usual = self.pick(&["\"0000123456-00001\"", "\"\"", "\"a\"", "\"12345678\"", "null"]).into();
        self.or_odd(odd, usual, &["7", "\"\\u0041\"", "\"\u{e9}\"", "[]", "\"a\u{7f}b\"", "\"a\nb\"", "true"])
    }

    fn count(&mut self, odd: bool) -> String {
        let usual = self.pick(&["0", "1", "250", "2000000", "999999999999999999", "null"]).into();
        let strange =
            ["\"250\"", "007", "-1", "1.0", "1e3", "18446744073709551615", "18446744073709551616", "", "+1"];
        self.or_odd(odd, usual, &strange)
    }

    fn flag(&mut self, odd: bool) -> String {
        let usual = self.pick(&["true", "false", "null"]).into();
        self.or_odd(odd, usual, &["\"true\"", "0", "1", "tru", "falsee", "{}", "nul"])
    }

    fn id(&mut self, odd: bool) -> String {
        let digits = self.pick(&[14, 15, 15, 15, 15, 15, 16]);
        let number = self.next() % 10_u64.pow(16);
        let usual = format!("\"{}\"", &format!("{number:016}")[16 - digits..]);
        self.or_odd(
            odd,
            usual,
            &[
                "\"\"",
                "\"1\"",
                "null",
                "352099001761481",
                "\"A0000043A2B1C3\"",
                "\"35209900176148a\"",
                "\"35209900176148\\u0031\"",
                "\"12345678901234567\"",
                "\"3520990017614\u{663}\"",
                "\"",
                "1.5",
            ],
        )
    }

    fn time(&mut self, odd: bool) -> String {
        let (year, month, day) = (
            self.below(2200),
            1 + self.below(12),
            (1..=31).nth(self.below(28 + usize::from(odd) * 3)).unwrap(),
        );
        let (hour, minute, second) = (self.below(24), self.below(60), self.below(60 + usize::from(odd)));
        let fraction = self.pick(&["", ".5", ".000", ".19", ".123456789", ".1234567891"]);
        let (between, zone) =
            self.pick(&[("T", "Z"), (" ", " +0000 UTC"), ("T", "+01:00"), (" ", " -0500 EST m=+1.5")]);
        let usual = format!(
            "\"{year:04}-{month:02}-{day:02}{between}{hour:02}:{minute:02}:{second:02}{fraction}{zone}\""
        );
        self.or_odd(
            odd,
            usual,
            &[
                "\"\"",
                "null",
                "\"yesterday\"",
                "1700000000",
                "\"2024-02-30T00:00:00Z\"",
                "\"2024-03-05 09:10:12.\"",
                "\"2024-03-05\"",
                "\"2024-03-05T09:10:12Z \"",
                "{}",
            ],
        )
    }

    fn word(&mut self, odd: bool) -> String {
        let usual = self.pick(&[
            "LicenseAssignSuccess",
            "Success",
            "Failure",
            "Device Not Found",
            "",
            "new",
            "newer",
        ]);
        self.or_odd(odd, format!("\"{usual}\""), &["null", "7", "\"\\n\"", "\"\u{fc}ber\"", "false", "[1]"])
    }

    /// A few bytes changed, dropped, doubled or cut off.
    fn damage(&mut self, text: &mut Vec<u8>) {
        const BYTES: &[u8] = b"{}[]:,\"\\ 0159enutf.-+T\n\x00\x1f\x7f\x80\xef\xff";
        for _ in 0..=self.below(3) {
            if text.is_empty() {
                return;
            }
            let place = self.below(text.len());
            match self.below(6) {
                0 => text[place] = self.pick(BYTES),
                1 => text[place] ^= 1 << self.below(8),
                2 => drop(text.remove(place)),
                3 => text.insert(place, self.pick(BYTES)),
                4 => text.truncate(place),
                _ => text.extend_from_slice(self.pick(&[b"}".as_slice(), b" ", b"\n{}", b",", b"\0"])),
            }
        }
    }
}
