//! The server: canned answers, and numbers about who asked. `bench-stub [DELAY_MS]` prints its address and serves until
//! its standard input ends.
#![allow(clippy::print_stdout, reason = "a program that only runs here")]
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fota_bench::{BEARER, FLEET, Failure, PAGE, SESSION, change_answer, page};

#[derive(Default)]
struct Stub {
    delay: Duration,
    connections: AtomicUsize,
    tokens: AtomicUsize,
    page: String,
}

fn main() -> Result<(), Failure> {
    let delay = std::env::args().nth(1).map_or(Ok(0), |text| text.parse())?;
    let stub =
        Arc::new(Stub { delay: Duration::from_millis(delay), page: page(0, false), ..Stub::default() });
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let stub = stub.clone();
            std::thread::spawn(move || {
                // A client that goes away ends its connection, and nothing else.
                let _ = stub.serve(stream);
            });
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

impl Stub {
    fn serve(&self, stream: TcpStream) -> Result<(), Failure> {
        stream.set_nodelay(true)?;
        let mut output = stream.try_clone()?;
        let mut input = BufReader::with_capacity(64 * 1024, stream);
        let mut counted = false;
        let (mut line, mut body, mut answer) = (String::new(), Vec::new(), Vec::new());
        loop {
            line.clear();
            if input.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
            let length = head(&mut input)?;
            body.resize(length, 0);
            input.read_exact(&mut body)?;
            if target != "/stats" && !counted {
                counted = true;
                self.connections.fetch_add(1, Ordering::Relaxed);
            }
            let text = self.answer(&target, std::str::from_utf8(&body)?);
            answer.clear();
            write!(answer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")?;
            write!(answer, "Date: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Length: {}\r\n\r\n", text.len())?;
            answer.extend_from_slice(text.as_bytes());
            if !self.delay.is_zero() {
                std::thread::sleep(self.delay);
            }
            output.write_all(&answer)?;
        }
    }

    fn answer(&self, target: &str, body: &str) -> String {
        if target == "/stats" {
            let (connections, tokens) = (&self.connections, &self.tokens);
            return format!(
                "{} {}",
                connections.swap(0, Ordering::Relaxed),
                tokens.swap(0, Ordering::Relaxed)
            );
        }
        if target.ends_with("/oauth2/token") {
            self.tokens.fetch_add(1, Ordering::Relaxed);
            return format!(r#"{{"access_token":"{BEARER}","token_type":"Bearer","expires_in":3600}}"#);
        }
        if target.ends_with("/session/login") {
            return format!(r#"{{"sessionToken":"{SESSION}"}}"#);
        }
        if target.ends_with("/assign") {
            return change_answer(body.split('"').filter(|word| word.len() == 15));
        }
        match target.split_once("?lastSeenDeviceId=") {
            Some((path, after)) if path.ends_with(FLEET) => {
                let first = after.parse::<usize>().unwrap_or(0).saturating_sub(352_098_999_999_999);
                page(first, first + PAGE < 1000 * PAGE)
            }
            _ => self.page.clone(),
        }
    }
}

/// Reads the header lines and gives the length of the body.
fn head(input: &mut impl BufRead) -> Result<usize, Failure> {
    let mut length = 0;
    let mut line = String::new();
    loop {
        line.clear();
        if input.read_line(&mut line)? <= 2 {
            return Ok(length);
        }
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse()?;
            }
            _ => {}
        }
    }
}
