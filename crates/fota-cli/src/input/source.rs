//! From a file or stdin to text, whatever program wrote it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::code::Code;
use super::diagnose::Diagnosis;
use crate::error::Failure;
use crate::exit::Exit;

/// More than any fleet needs; a wrong name such as a disk image ends here and not with the memory.
const LARGEST: u64 = 512 << 20;

/// What a file holds: text, or something that is told about in words.
pub(super) type Content = Result<String, Diagnosis>;

/// The whole text. Bytes that are no text become replacement characters, which no IMEI contains.
///
/// # Errors
/// Exit 2 when it cannot be read.
pub(super) fn read(path: &Path) -> Result<Content, Failure> {
    let read = if is_stdin(path) {
        all(io::stdin().lock(), 0)
    } else {
        File::open(path).and_then(|file| {
            let size = file.metadata()?.len();
            all(file, size)
        })
    };
    let bytes = read.map_err(|error| {
        Failure::new(Exit::Usage, "input", format!("cannot read {}: {error}", name(path)))
            .hint("check the name of the file")
    })?;
    Ok(bytes.map_or_else(
        || {
            Err(Diagnosis::new(
                Code::TooLarge,
                format!("this is more than {} MiB", LARGEST >> 20),
                "check the name of the file, or split it",
            ))
        },
        text,
    ))
}

/// How messages call the input.
pub(super) fn name(path: &Path) -> String {
    if is_stdin(path) { "stdin".to_owned() } else { path.display().to_string() }
}

pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Nothing when it is too much.
fn all(input: impl Read, size: u64) -> io::Result<Option<Vec<u8>>> {
    if size > LARGEST {
        return Ok(None);
    }
    // With the size known, no memory is wasted on a guess.
    let mut bytes = Vec::with_capacity(usize::try_from(size + 1).unwrap_or_default());
    input.take(LARGEST + 1).read_to_end(&mut bytes)?;
    let fits = u64::try_from(bytes.len()).is_ok_and(|length| length <= LARGEST);
    Ok(fits.then_some(bytes))
}

fn text(bytes: Vec<u8>) -> Content {
    if let Some((what, fix)) = foreign(&bytes) {
        return Err(Diagnosis::new(Code::Binary, format!("this is {what}, not a list of IMEIs"), fix));
    }
    if bytes.starts_with(b"\xFF\xFE\0\0") || bytes.starts_with(b"\0\0\xFE\xFF") {
        return Err(Diagnosis::new(Code::Encoding, "this is UTF-32 text", "save the file as UTF-8"));
    }
    let text = decode(bytes);
    let control = |c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n' | '\u{c}');
    let sample = || text.chars().take(4096);
    if sample().filter(|c| control(*c)).count() * 10 > sample().count() {
        return Err(Diagnosis::new(Code::Binary, "this is binary data, not text", EXPORT));
    }
    Ok(unified(text))
}

const EXPORT: &str = "export the list as CSV, with the column of the IMEIs as text";

/// Files of other programs, by their first bytes.
fn foreign(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    const UNPACK: &str = "unpack it first";
    let holds = |word: &[u8]| bytes.windows(word.len()).take(64 << 10).any(|window| window == word);
    if bytes.starts_with(b"PK\x03\x04") {
        return Some(if holds(b"xl/") || holds(b"[Content_Types].xml") {
            ("an Excel workbook", EXPORT)
        } else if holds(b"opendocument") {
            ("an OpenDocument file", EXPORT)
        } else {
            ("a ZIP archive", UNPACK)
        });
    }
    let known: [(&[u8], &str, &str); 16] = [
        (b"\xD0\xCF\x11\xE0", "an Excel workbook", EXPORT),
        (b"%PDF", "a PDF document", EXPORT),
        (b"{\\rtf", "an RTF document", EXPORT),
        (b"\x1F\x8B", "a gzip archive", UNPACK),
        (b"BZh", "a bzip2 archive", UNPACK),
        (b"\xFD7zXZ\0", "an xz archive", UNPACK),
        (b"\x28\xB5\x2F\xFD", "a Zstandard archive", UNPACK),
        (b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive", UNPACK),
        (b"Rar!", "a RAR archive", UNPACK),
        (b"SQLite format 3\0", "an SQLite database", EXPORT),
        (b"PAR1", "a Parquet file", EXPORT),
        (b"\x89PNG", "a picture", EXPORT),
        (b"\xFF\xD8\xFF", "a picture", EXPORT),
        (b"GIF8", "a picture", EXPORT),
        (b"\x7FELF", "a program", "check the name of the file"),
        (b"MZ\x90\0", "a program", "check the name of the file"),
    ];
    if let Some((_, what, fix)) = known.into_iter().find(|(magic, ..)| bytes.starts_with(magic)) {
        return Some((what, fix));
    }
    let start = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    start.starts_with(b"<").then_some((
        "a web page or XML",
        "export the list as CSV; a page may be the login page of a portal or a proxy",
    ))
}

fn decode(bytes: Vec<u8>) -> String {
    match bytes.as_slice() {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        // Without a mark: every other byte of the first ones is NUL.
        [1..=0x7F, 0, 1..=0x7F, 0, ..] => utf16(&bytes, u16::from_le_bytes),
        [0, 1..=0x7F, 0, 1..=0x7F, ..] => utf16(&bytes, u16::from_be_bytes),
        _ => String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let pairs = bytes.chunks_exact(2);
    // Half a character at the end is a sign that the file was cut.
    let cut = (!pairs.remainder().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
    let units = pairs.filter_map(|pair| pair.try_into().ok()).map(unit);
    char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).chain(cut).collect()
}

/// Old spreadsheets end lines with a bare carriage return.
fn unified(text: String) -> String {
    let bare = |pair: &[u8]| matches!(pair, [b'\r', next] if *next != b'\n');
    if !text.ends_with('\r') && !text.as_bytes().windows(2).any(bare) {
        return text;
    }
    text.replace("\r\n", "\n").replace('\r', "\n")
}
