//! What the doctor says about whole files, and which files it takes.

use std::fs;
use std::path::Path;

use super::*;

fn judge(imeis: &[String], from: Option<&Path>, column: Option<&str>) -> Result<Vec<Imei>, Failure> {
    devices(&Input {
        imeis: imeis.to_vec(),
        from: from.map(Path::to_owned),
        column: column.map(str::to_owned),
        ..Input::default()
    })
    .map(|devices| devices.imeis)
}

fn from_file(content: impl AsRef<[u8]>) -> Result<Vec<String>, Failure> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fleet.csv");
    fs::write(&path, content).unwrap();
    judge(&[], Some(&path), None).map(|imeis| imeis.iter().map(ToString::to_string).collect())
}

/// `line: reason | fix` of every problem.
fn problems(content: impl AsRef<[u8]>) -> Vec<String> {
    let failure = from_file(content).unwrap_err();
    assert_eq!(failure.exit(), Exit::Input);
    failure
        .listed()
        .views()
        .map(|view| format!("line {}: {} | {}", view.line.unwrap_or_default(), view.reason, view.fix))
        .collect()
}

const GOOD: [&str; 2] = ["352099001761481", "353328110034566"];

#[test]
fn every_documented_shape_of_a_file_is_read() {
    let utf16: Vec<u8> = "\u{feff}imei\r\n352099001761481\r\n353328110034566\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let files: [&[u8]; 12] = [
        b"352099001761481\n353328110034566\n",
        b"352099001761481\r\n353328110034566",
        b"352099001761481\r353328110034566\r",
        b"\xEF\xBB\xBF# fleet\n\n  352099001761481  \n\"353328110034566\"\n",
        b"imei,label\n352099001761481,a\n353328110034566,b\n",
        b"\xEF\xBB\xBFlabel;IMEI\r\na;352099001761481\r\nb;353328110034566\r\n",
        b"label\tDevice ID\na\t352099001761481\nb\t353328110034566\n",
        b"# made by hand\n\nlabel,deviceId\n\n\"a, with comma\",\"352099001761481\"\n# more\nb,353328110034566\n,\n",
        b"label,device_id\n\"two\nlines\",352099001761481\nb,353328110034566\n",
        b"device,imei\nx,352099001761481\ny,353328110034566\n",
        b"esn\n352099001761481\n353328110034566\n",
        &utf16,
    ];
    for file in files {
        assert_eq!(from_file(file).unwrap(), GOOD, "{}", String::from_utf8_lossy(file));
    }
    // Labels in another encoding do not matter.
    assert_eq!(from_file(b"imei,label\n352099001761481,Z\xFCrich\n").unwrap(), &GOOD[..1]);
}

#[test]
fn lost_leading_zeros_are_recognized() {
    // 13 digits that become a valid IMEI with two zeros in front.
    assert_eq!(
        problems("1234567890128\n"),
        ["line 1: 13 digits are too few; an IMEI has 15 | leading zeros may be lost: \
          001234567890128 would be valid; compare it with the device"]
    );
}

#[test]
fn a_quote_that_is_never_closed_does_not_hide_the_rows_behind_it() {
    let open = "imei,label\n352099001761481,\"oops\n353328110034566,b\n867234051200779,\"x\"\n1,\"\n2,\n";
    let found: Vec<String> = problems(open).iter().map(|text| text[..20].to_owned()).collect();
    assert_eq!(found, ["line 2: a quote open", "line 5: a quote open", "line 6: 1 digit is t"]);
    let path = tempfile::NamedTempFile::new().unwrap();
    fs::write(&path, open).unwrap();
    let from = Some(path.path().to_owned());
    let kept = devices(&Input { from, skip_invalid: true, ..Input::default() }).unwrap();
    assert_eq!((kept.imeis.len(), kept.skipped.len()), (2, 3));
}

#[test]
fn a_row_that_ends_before_the_column_is_a_problem() {
    assert_eq!(
        problems("label,imei\ntruck\n"),
        ["line 2: the row has 1 field, the header 2 | complete the row or remove it"]
    );
}

#[test]
fn arguments_and_file_are_one_list() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("more");
    fs::write(&path, "353328110034566\n352099001761481\n").unwrap();
    let arguments = ["352099001761481".to_owned()];
    let failure = judge(&arguments, Some(&path), None).unwrap_err();
    let listed = failure.listed();
    assert_eq!(listed.len(), 1);
    let view = listed.views().next().unwrap();
    assert_eq!((view.line, view.argument), (Some(2), None));
    assert_eq!(view.reason, "the same IMEI as in argument 1");
    assert_eq!(judge(&arguments, None, None).unwrap().len(), 1);
}

#[test]
fn a_column_can_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fleet.csv");
    let read = |content: &str, column: &str| {
        fs::write(&path, content).unwrap();
        judge(&[], Some(&path), Some(column))
            .map(|imeis| imeis.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let modems = "imei,Modem 2\n352099001761481,353328110034566\n";
    assert_eq!(read(modems, "modem_2").unwrap(), &GOOD[1..]);
    assert_eq!(read("Ger\u{e4}t;Ort\n352099001761481;Z\n", "Ger\u{e4}t").unwrap(), &GOOD[..1]);
    assert_eq!(read("a-b,a b\n352099001761481,353328110034566\n", "a b").unwrap(), &GOOD[1..]);
    assert_eq!(read("serial\n352099001761481\n", "serial").unwrap(), &GOOD[..1]);
    let failure = read(modems, "esn").unwrap_err();
    assert_eq!(failure.exit(), Exit::Input);
    let reason = failure.listed().views().next().unwrap().reason;
    assert_eq!(reason, "there is no column \"esn\" among \"imei\", \"Modem 2\"");
    // Not a table, and no name at all: nothing is guessed.
    assert!(read("352099001761481\n", "imei").is_err());
    assert!(read("--,imei\n1,352099001761481\n", "??").is_err());
}

#[test]
fn a_missing_file_is_a_usage_error() {
    let failure = judge(&[], Some(Path::new("/nowhere/fleet.csv")), None).unwrap_err();
    assert_eq!(failure.exit(), Exit::Usage);
    assert!(failure.message().contains("/nowhere/fleet.csv"), "{}", failure.message());
}

/// Whatever the text: no panic, no IMEI that is wrong or there twice, and never silence.
#[test]
fn any_text_gets_an_answer() {
    let seeds = [
        "imei,label\n352099001761481,\"a\nb\"\n35-332811-003456-6,b\n3.5E+14,c\n",
        "[{\"imei\":\"352099001761481\"},{\"deviceIds\":[{\"id\":\"353328110034566\",\"kind\":\"imei\"}]},null,[1]]",
        "{\"imei\":\"352099001761481\"}\n{\"esn\":35332811003456}\n{\"x\":[]}\n",
        "sep=;\nlabel;imei\n\u{663}\u{200b};0352099001761481\n'352,099,001,761,481;A0000000002329\n",
        "352099001761481 # x\n=\"353328110034566\"\n+1 908 555 0142\n89148000005339755555\n\u{0}\n",
    ];
    let pieces =
        ["", "\"", ",", ";", "\n", "\r", "[", "{", "}", "]", ":", "é", "\u{ff11}", "E+", "0", "'", "=", "#"];
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for round in 0..4_000 {
        let mut chars: Vec<char> = seeds[round % seeds.len()].chars().collect();
        for _ in 0..=random(6) {
            let (at, to) = (random(chars.len() + 1), random(chars.len() + 1));
            let piece = pieces[random(pieces.len())].chars();
            chars.splice(at.min(to)..at.max(to).min(at.min(to) + random(9)).max(at.min(to)), piece);
        }
        let text: String = chars.into_iter().collect();
        let column = (random(4) == 0).then_some("label");
        let mut check = Check::new(false);
        let mut file = File { name: "f".to_owned(), form: None, column: None, imeis: 0, problems: 0 };
        whole(&text, 0, column, &mut check, &mut file);
        let Check { imeis, problems, .. } = check;
        assert!(!imeis.is_empty() || !problems.is_empty(), "{text}");
        assert!(imeis.iter().all(|imei| imei.len() == 15 && imei.luhn_valid()), "{text}");
        let distinct: std::collections::BTreeSet<_> = imeis.iter().collect();
        assert_eq!(distinct.len(), imeis.len(), "{text}");
        let report = Report { names: vec!["f".to_owned()], problems };
        let lines = u32::try_from(text.lines().count()).unwrap();
        for view in report.views() {
            assert!(!view.reason.is_empty() && !view.fix.is_empty(), "{text}");
            assert!(view.line.is_none_or(|line| (1..=lines).contains(&line)), "{view:?} in {text}");
            assert!(view.suggestion.is_none_or(|imei| digits::is_imei(&imei)), "{text}");
        }
    }
}
