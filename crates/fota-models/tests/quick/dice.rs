//! What pages are made of: usual members, odd ones, and damage.

/// Everything random, from one seed: SplitMix64.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most as u64).unwrap()
    }

    pub(crate) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// In any order, with some missing; if odd, also repeated, unknown or spelled in another way.
    pub(crate) fn object(&mut self, odd: bool, mut members: Vec<(String, String)>) -> String {
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

    pub(crate) fn space(&mut self) -> &'static str {
        if self.one_in(9) { self.pick(&[" ", "\n  ", "\t", "\r\n"]) } else { "" }
    }

    pub(crate) fn list(&mut self, odd: bool, entry: fn(&mut Self, bool) -> String) -> String {
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

    pub(crate) fn or_odd(&mut self, odd: bool, usual: String, strange: &[&str]) -> String {
        if odd && self.one_in(6) { self.pick(strange).to_owned() } else { usual }
    }

    pub(crate) fn text(&mut self, odd: bool) -> String {
        let usual = self.pick(&["\"0000123456-00001\"", "\"\"", "\"a\"", "\"12345678\"", "null"]).into();
        self.or_odd(odd, usual, &["7", "\"\\u0041\"", "\"\u{e9}\"", "[]", "\"a\u{7f}b\"", "\"a\nb\"", "true"])
    }

    pub(crate) fn count(&mut self, odd: bool) -> String {
        let usual = self.pick(&["0", "1", "250", "2000000", "999999999999999999", "null"]).into();
        let strange =
            ["\"250\"", "007", "-1", "1.0", "1e3", "18446744073709551615", "18446744073709551616", "", "+1"];
        self.or_odd(odd, usual, &strange)
    }

    pub(crate) fn flag(&mut self, odd: bool) -> String {
        let usual = self.pick(&["true", "false", "null"]).into();
        self.or_odd(odd, usual, &["\"true\"", "0", "1", "tru", "falsee", "{}", "nul"])
    }

    pub(crate) fn id(&mut self, odd: bool) -> String {
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

    pub(crate) fn time(&mut self, odd: bool) -> String {
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

    pub(crate) fn word(&mut self, odd: bool) -> String {
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
    pub(crate) fn damage(&mut self, text: &mut Vec<u8>) {
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
