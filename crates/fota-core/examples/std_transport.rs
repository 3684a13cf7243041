//! A transport from the standard library alone: one plain `TcpStream` per request. It lists the licenses
//! of an account from a server that needs no TLS, such as the emulator:
//!
//! ```sh
//! fota emulator --port 0 > emulator.env &   # then: source emulator.env
//! cargo run -p fota-core --example std_transport
//! ```
//!
//! It is here to show how little an embedder has to write. What it leaves out (TLS, pooling, chunked bodies)
//! is what the ready-made adapters are for.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example prints")]

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fota_core::{
    Config, Credentials, Limits, Moment, Pager, Phase, Servers, Shared, Timer, Transport, TransportError,
    drive, licenses, whole,
};
use http::{Request, Response};

struct Tcp;

impl Transport for Tcp {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, TransportError> {
        let host = request.uri().authority().map_or("", |host| host.as_str());
        let stream = TcpStream::connect(host).map_err(TransportError::connect)?;
        exchange(stream, &request, limits)
            .map_err(|error| TransportError::io(Phase::Exchange, error))
            .and_then(whole)
    }
}

fn exchange(mut stream: TcpStream, request: &Request<Bytes>, limits: Limits) -> io::Result<Response<Bytes>> {
    stream.set_read_timeout(Some(limits.attempt))?;
    write!(stream, "{} {} HTTP/1.1\r\nconnection: close\r\n", request.method(), request.uri())?;
    write!(stream, "host: {}\r\n", request.uri().host().unwrap_or_default())?;
    for (name, value) in request.headers() {
        stream.write_all(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat())?;
    }
    stream.write_all(&[b"\r\n", request.body().as_ref()].concat())?;
    let mut answer = BufReader::new(stream.take(limits.max_body as u64));
    let mut head = answer.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let mut response =
        Response::builder().status(head.next().unwrap_or_default().get(9..12).unwrap_or_default());
    for line in head {
        let (name, value) = line.split_once(": ").ok_or(io::ErrorKind::InvalidData)?;
        response = response.header(name, value);
    }
    let mut body = Vec::new();
    answer.read_to_end(&mut body)?;
    response.body(body.into()).map_err(io::Error::other)
}

struct SystemTimer(Instant);

impl Timer for SystemTimer {
    fn now(&self) -> Moment {
        Moment::new(self.0.elapsed())
    }

    fn sleep(&self, span: Duration) {
        std::thread::sleep(span);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let env = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let credentials = Credentials::new(
        env("FOTA_CLIENT_ID")?,
        env("FOTA_CLIENT_SECRET")?,
        env("FOTA_USERNAME")?,
        env("FOTA_PASSWORD")?,
    );
    let config = Config::new(Servers::at(&env("FOTA_BASE_URL")?)?);
    let shared = Arc::new(Shared::new(config, credentials, 1));
    let timer = SystemTimer(Instant::now());

    let mut pager = Pager::new(licenses::List::new(env("FOTA_ACCOUNT")?.parse()?));
    let mut count = 0;
    while let Some(page) = pager.request() {
        for device in pager.accept(drive::call_blocking(&shared, &Tcp, &timer, page)?)? {
            println!("{}", device.device_id);
            count += 1;
        }
    }
    eprintln!("{count} licensed devices");
    Ok(())
}
