//! A service that means harm: what it writes goes through the whole program, in every form, in a pipe and on a
//! terminal, and moves nothing. The many strings are in the unit tests; here it is the way that counts.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use common::pty::{Terminal, plain, screen};
use common::{Done, Home, fleet_imeis};
use serde_json::{Value, json};

const HOSTILE: [&str; 10] = [
    "\u{1b}[2J\u{1b}[31mowned",
    "\u{1b}]0;title\u{7}",
    "a\r\nlicense: free\u{8}\u{8}",
    "\u{9b}31m\u{9d}0;x\u{9c}\u{90}",
    "\u{202e}gnp.exe\u{2066}",
    "one\u{2028}two\u{200b}\u{feff}",
    "=cmd|' /C calc'!A0",
    "\t=1+1",
    "\"@SUM(A1)",
    "\0\u{7f}\u{85}",
];

/// Answers each request until the process ends. `refuse`: every one but the login, with a hostile error.
fn service(refuse: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || serve(stream.unwrap(), refuse));
        }
    });
    format!("http://{address}")
}

fn serve(stream: TcpStream, refuse: bool) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request).unwrap_or(0) == 0 {
            return;
        }
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let (status, answer) = answer(&request, &body, refuse);
        let answer = answer.to_string();
        let length = answer.len();
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        if writer.write_all(format!("{head}{answer}").as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(request: &str, body: &[u8], refuse: bool) -> (u16, Value) {
    if request.contains("token") {
        return (200, json!({ "access_token": "fake-token", "token_type": "Bearer", "expires_in": 3600 }));
    }
    if request.contains("session") {
        return (200, json!({ "sessionToken": "fake-session" }));
    }
    if refuse {
        return (400, json!({ "errorCode": HOSTILE.concat(), "errorMessage": HOSTILE.concat() }));
    }
    if request.contains("/assign") {
        let sent: Value = serde_json::from_slice(body).unwrap();
        let devices: Vec<Value> = sent["deviceList"].as_array().unwrap().iter().zip(HOSTILE).map(|(id, text)| {
            json!({ "deviceId": id, "status": format!("{text}Failed"), "resultReason": text })
        }).collect();
        return (
            200,
            json!({ "accountName": HOSTILE[0], "licCount": 20, "licUsedCount": 0, "deviceList": devices }),
        );
    }
    let devices: Vec<Value> = if request.starts_with("GET") {
        HOSTILE.iter().map(|text| json!({ "deviceId": text, "assignmentTime": text })).collect()
    } else {
        Vec::new()
    };
    (
        200,
        json!({ "accountName": HOSTILE[4], "totalLicenses": 20, "assignedLicenses": 10, "hasMoreData": false, "deviceList": devices }),
    )
}

#[track_caller]
fn harmless(what: &str, text: &str) {
    let bad = |c: char| matches!(u32::from(c), 0..=9 | 11..=31 | 0x7f..=0x9f | 0x61c | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff);
    assert!(!text.contains(bad), "{what}: {text:?}");
}

#[test]
fn a_hostile_service_moves_no_terminal() {
    let home = Home::new();
    let imeis = fleet_imeis()[..HOSTILE.len()].join(" ");
    let wanted = home.write("wanted.txt", imeis.replace(' ', "\n"));
    for refuse in [false, true] {
        let base_url = service(refuse);
        for line in [
            "licenses usage",
            "licenses list",
            &format!("licenses assign {imeis}"),
            &format!("licenses sync --from {} --dry-run", wanted.display()),
            &format!("licenses sync --from {}", wanted.display()),
            "doctor",
            "licenses list -vv",
            "licenses list -v --log-format json",
            "runs",
        ] {
            for form in ["table", "csv", "json", "jsonl"] {
                let line = format!("{line} -o {form}");
                let mut command = home.command();
                command.args(line.split(' ')).envs([
                    ("FOTA_ACCOUNT", "fake-account"),
                    ("FOTA_BASE_URL", &base_url),
                    ("FOTA_CLIENT_ID", "fake-id"),
                    ("FOTA_CLIENT_SECRET", "fake-secret"),
                    ("FOTA_USERNAME", "fake-user"),
                    ("FOTA_PASSWORD", "fake-password"),
                ]);
                let done = Done::of(command.output().unwrap());
                harmless(&line, &done.stdout);
                harmless(&line, &done.stderr);
                assert_ne!(done.code, 2, "{done:#?}");
                assert!(refuse || !done.stdout.is_empty() || line.starts_with("runs"), "{done:#?}");
                match form {
                    "json" if !done.stdout.is_empty() => drop(done.json()),
                    "csv" => {
                        let mut cells = csv::ReaderBuilder::new()
                            .has_headers(false)
                            .flexible(true)
                            .from_reader(done.stdout.as_bytes());
                        let cells: Vec<String> = cells
                            .records()
                            .flat_map(|record| record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
                            .collect();
                        assert!(
                            !cells.iter().any(|cell| cell
                                .trim_start_matches([' ', '"'])
                                .starts_with(['=', '+', '-', '@'])),
                            "{cells:?}"
                        );
                    }
                    _ => {}
                }
                let (_, text) = Terminal::start(&command, 80).end();
                harmless(&format!("{line} on a terminal"), &plain(&screen(&text)));
            }
        }
        // JSON loses nothing on the way; --raw gives CSV as it was.
        if !refuse {
            let mut list = home.command();
            list.args(["licenses", "list"]).envs([
                ("FOTA_ACCOUNT", "fake-account"),
                ("FOTA_BASE_URL", &base_url),
                ("FOTA_CLIENT_ID", "fake-id"),
                ("FOTA_CLIENT_SECRET", "fake-secret"),
                ("FOTA_USERNAME", "fake-user"),
                ("FOTA_PASSWORD", "fake-password"),
            ]);
            let raw = Done::of(list.args(["-o", "csv", "--raw"]).output().unwrap()).expect(0);
            let mut reader = csv::Reader::from_reader(raw.stdout.as_bytes());
            let ids: Vec<String> = reader.records().map(|record| record.unwrap()[0].to_owned()).collect();
            assert_eq!(ids, HOSTILE);
            let (_, text) = Terminal::start(&list, 80).end();
            harmless("--raw on a terminal", &plain(&screen(&text)));
        }
    }
}
