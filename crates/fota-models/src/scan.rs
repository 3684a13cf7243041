//! Walks over JSON in its plainest form, byte by byte and eight at a time: the hands of `quick.rs`.

use crate::device::DeviceId;
use crate::time::Timestamp;

/// The most entries that room is made for in advance; the documented page has 1000.
const ROOM: usize = 1024;

/// The text not read yet. Every method gives `None` where the text is not of the usual shape.
pub(crate) struct Scan<'a>(pub(crate) &'a [u8]);

impl<'a> Scan<'a> {
    /// The next byte that is not white space, left where it is.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.0.first()? {
                b' ' | b'\n' | b'\r' | b'\t' => self.0 = self.0.get(1..)?,
                byte => return Some(byte),
            }
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.0 = self.0.get(1..).unwrap_or_default();
        }
        found
    }

    pub(crate) fn is_over(&mut self) -> bool {
        self.peek().is_none()
    }

    /// An object; `member` is given each name and reads the value behind it.
    pub(crate) fn object(&mut self, mut member: impl FnMut(&[u8], &mut Self) -> Option<()>) -> Option<()> {
        if !self.eat(b'{') {
            return None;
        }
        if self.eat(b'}') {
            return Some(());
        }
        loop {
            let name = self.text()?;
            if !self.eat(b':') {
                return None;
            }
            member(name, self)?;
            if self.eat(b'}') {
                return Some(());
            }
            if !self.eat(b',') {
                return None;
            }
        }
    }

    pub(crate) fn list<T>(&mut self, mut entry: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        if !self.eat(b'[') {
            return None;
        }
        let mut list = Vec::new();
        if self.eat(b']') {
            return Some(list);
        }
        loop {
            let before = self.0.len();
            let read = entry(self)?;
            if list.is_empty() {
                // The other entries are about as long as the first; a list that grows copies them again and again.
                let length = before.saturating_sub(self.0.len()).max(1) + 1;
                list.reserve_exact((self.0.len() / length + 2).min(ROOM));
            }
            list.push(read);
            if self.eat(b']') {
                return Some(list);
            }
            if !self.eat(b',') {
                return None;
            }
        }
    }

    /// Reads a member's value and keeps it unless it is null. A second one is for the general reader to judge.
    pub(crate) fn fill<T>(
        &mut self,
        slot: &mut Option<T>,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<()> {
        if slot.is_some() {
            return None;
        }
        if self.peek()? == b'n' {
            self.0 = self.0.strip_prefix(b"null")?;
        } else {
            *slot = Some(read(self)?);
        }
        Some(())
    }

    /// A text of printable ASCII without escapes, eight bytes at a time.
    fn text(&mut self) -> Option<&'a [u8]> {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGH: u64 = 0x8080_8080_8080_8080;
        if !self.eat(b'"') {
            return None;
        }
        let (whole, mut rest, mut length) = (self.0, self.0, 0);
        while let Some((eight, behind)) = rest.split_first_chunk::<8>() {
            let bytes = u64::from_le_bytes(*eight);
            let (quotes, escapes) = (bytes ^ (ONES * 0x22), bytes ^ (ONES * 0x5C));
            // The highest bit of each byte: zero there, zero there, below a space, or not ASCII. A byte above the
            // first that is found may be marked without reason; it is not looked at.
            let marks = (quotes.wrapping_sub(ONES) & !quotes)
                | (escapes.wrapping_sub(ONES) & !escapes)
                | (bytes.wrapping_sub(ONES * 0x20) & !bytes)
                | bytes;
            if marks & HIGH != 0 {
                length += usize::try_from((marks & HIGH).trailing_zeros() / 8).ok()?;
                return self.close(whole, length);
            }
            rest = behind;
            length += 8;
        }
        length +=
            rest.iter().position(|byte| !matches!(byte, b' '..=b'~') || matches!(byte, b'"' | b'\\'))?;
        self.close(whole, length)
    }

    fn close(&mut self, whole: &'a [u8], length: usize) -> Option<&'a [u8]> {
        let (text, rest) = whole.split_at_checked(length)?;
        self.0 = rest.strip_prefix(b"\"")?;
        Some(text)
    }

    pub(crate) fn word(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.text()?).ok()
    }

    pub(crate) fn owned(&mut self) -> Option<String> {
        self.word().map(str::to_owned)
    }

    pub(crate) fn id(&mut self) -> Option<DeviceId> {
        DeviceId::from_ascii(self.text()?)
    }

    pub(crate) fn time(&mut self) -> Option<Timestamp> {
        Timestamp::from_ascii(self.text()?)
    }

    /// A whole number that surely fits, as JSON writes it: no sign, no leading zero.
    pub(crate) fn count(&mut self) -> Option<u64> {
        let first = self.peek()?;
        let (mut number, mut digits) = (0, 0);
        while let Some(digit) = self.0.first().filter(|byte| byte.is_ascii_digit()) {
            number = number * 10 + u64::from(digit - b'0');
            digits += 1;
            if digits > 18 {
                return None;
            }
            self.0 = self.0.get(1..)?;
        }
        // What must not follow a number, such as a point, is not what may follow a value either.
        (digits == 1 || digits > 1 && first != b'0').then_some(number)
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        let (flag, rest) = match self.peek()? {
            b't' => (true, self.0.strip_prefix(b"true")?),
            _ => (false, self.0.strip_prefix(b"false")?),
        };
        self.0 = rest;
        Some(flag)
    }
}
