//! Reads the IMEIs that an operator hands over. Everything is judged before anything is sent, and every
//! problem names its place, the value, the reason and the likely fix.

mod check;
mod rows;
mod source;

use fota_models::Imei;

use crate::args::Input;
use crate::error::Failure;
use crate::exit::Exit;

pub(crate) use check::{Place, Problem};

/// What the operator handed over.
#[derive(Debug)]
pub(crate) struct Devices {
    /// In order, each once. Never empty.
    pub(crate) imeis: Vec<Imei>,
    /// What was left out because the operator said so.
    pub(crate) skipped: Vec<Problem>,
}

/// The IMEIs of the command line and of the file. With `--skip-invalid` the others are handed back.
///
/// # Errors
/// Exit 3 with every problem, when any value is not usable; exit 2 when the file cannot be read.
pub(crate) fn devices(input: &Input) -> Result<Devices, Failure> {
    let from = input.from.as_deref();
    let file = from.map(|path| source::read(path).map(|text| (source::name(path), text))).transpose()?;
    let mut check = check::Check::default();
    for (place, value) in (1..).map(Place::Argument).zip(&input.imeis) {
        check.value(place, value);
    }
    if let Some((name, text)) = &file {
        rows::split(text, input.column.as_deref(), &mut check).map_err(|error| error.into_failure(name))?;
    }
    let name = file.as_ref().map_or("the command line", |(name, _)| name);
    let (imeis, problems) = check.finish();
    if !problems.is_empty() && (!input.skip_invalid || imeis.is_empty()) {
        let counted = |count, noun| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        let (bad, good) = (counted(problems.len(), "problem"), counted(imeis.len(), "good value"));
        let message = format!("{bad} in {name}, besides {good}; nothing was sent");
        return Err(Failure::new(Exit::Input, "input", message)
            .hint("correct the values and run the same command again")
            .problems(problems));
    }
    if imeis.is_empty() {
        return Err(Failure::new(
            Exit::Input,
            "input",
            format!("there is no IMEI in {name}; nothing was sent"),
        )
        .hint("put one IMEI on each line, or a CSV table with a header such as imei,label"));
    }
    Ok(Devices { imeis, skipped: problems })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn judge(imeis: &[String], from: Option<&Path>, column: Option<&str>) -> Result<Vec<Imei>, Failure> {
        devices(&Input {
            imeis: imeis.to_vec(),
            from: from.map(Path::to_owned),
            column: column.map(str::to_owned),
            skip_invalid: false,
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
        failure.listed().iter().map(|p| format!("{}: {} | {}", p.place, p.reason, p.fix)).collect()
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
    fn every_problem_names_line_reason_and_fix() {
        let found = problems(
            "imei,label\n352099001761480,a\n3.52099E+14,b\n35209900176148,ok\n352099001761481,first\n\
             352099 00 176148 1,c\n\n352099001761481,again\n,empty\n1234,short\n12345678901234567,long\nabc,word\n",
        );
        assert_eq!(
            found,
            [
                "line 2: wrong check digit: the last digit should be 1 | compare it with the device; if only the \
                 last digit is wrong, it is 352099001761481",
                "line 3: a spreadsheet shortened the number, and digits are lost | format the column as text \
                 where the numbers come from and export it again",
                "line 6: character 7 is ' ', not a digit | write 352099001761481",
                "line 8: the same IMEI as on line 5 | remove one of the two",
                "line 9: there is no value | add the IMEI or remove the line",
                "line 10: 4 digits are too few; an IMEI has 15 | digits are missing; look the IMEI up",
                "line 11: 17 digits are too many; an IMEI has 15 | look whether two values ran together",
                "line 12: character 1 is 'a', not a digit | put an IMEI here, digits only",
            ]
        );
    }

    #[test]
    fn lost_leading_zeros_are_recognized() {
        // 13 digits that become a valid IMEI with two zeros in front.
        assert_eq!(
            problems("1234567890128\n"),
            ["line 1: 13 digits are too few; an IMEI has 15 | leading zeros may be lost: \
              001234567890128 would be valid"]
        );
    }

    #[test]
    fn tables_without_a_known_column_and_open_quotes_are_refused() {
        let message = |content: &str| from_file(content).unwrap_err().message().to_owned();
        assert!(message("serial,label\n1,2\n").contains("no column with IMEIs"));
        assert!(message("352099001761481,truck\n").contains("no header"));
        assert!(message("PK\u{3}\u{4}").contains("Excel workbook"));
        assert!(message("# nothing\n\n").contains("no IMEI"));
        assert!(message("").contains("no IMEI"));
        let open = "imei,label\n352099001761481,\"oops\n353328110034566,b\n";
        assert!(problems(open)[0].starts_with("line 2: a quote opens"), "{:?}", problems(open));
        let crossed = "imei,label\n352099001761481,\"oops\n353328110034566,b\n867234051200779,\"x\"\n";
        assert!(problems(crossed)[0].starts_with("line 2: a quote opens"), "{:?}", problems(crossed));
    }

    #[test]
    fn a_row_that_ends_before_the_column_is_a_problem() {
        assert_eq!(
            problems("label,imei\ntruck\n"),
            ["line 2: there is no value | add the IMEI or remove the line"]
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
        assert_eq!(listed[0].place, Place::Line(2));
        assert_eq!(listed[0].reason, "the same IMEI as in argument 1");
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
        assert!(failure.message().contains("no column"), "{}", failure.message());
        assert!(failure.message().contains("Modem 2"), "{}", failure.message());
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
}
