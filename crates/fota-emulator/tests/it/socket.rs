//! A client of bytes: writes a request, reads what comes, and never waits forever.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use bytes::Bytes;
use fota_core::auth::{Login, Token};
use fota_core::{Endpoint, Servers, Tokens, licenses};
use fota_emulator::{PASSWORD, Server, USERNAME};
use http::{Request, Response};

pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// What came back, to the last byte.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) bytes: Vec<u8>,
    /// The connection was reset rather than closed.
    pub(crate) reset: bool,
}

impl Received {
    pub(crate) fn status(&self) -> u16 {
        let line = String::from_utf8_lossy(&self.bytes[..self.bytes.len().min(12)]).into_owned();
        line.strip_prefix("HTTP/1.1 ")
            .and_then(|status| status.parse().ok())
            .unwrap_or_else(|| panic!("{self:?}"))
    }

    pub(crate) fn head(&self) -> String {
        String::from_utf8(self.bytes[..self.split()].to_vec()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let head = self.head();
        let mut headers = head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    }

    pub(crate) fn promised(&self) -> usize {
        self.header("content-length").unwrap().parse().unwrap()
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.bytes[self.split() + 4..]
    }

    fn split(&self) -> usize {
        self.bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap_or_else(|| panic!("no head: {self:?}"))
    }
}

pub(crate) fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    stream
}

pub(crate) fn write(stream: &mut TcpStream, request: &Request<Bytes>) {
    let target = request.uri().path_and_query().unwrap();
    let skipped = request.headers().iter().filter(|(name, _)| *name != "content-length");
    let headers: Vec<_> =
        skipped.map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap())).collect();
    let head = format!(
        "{} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{}content-length: {}\r\n\r\n",
        request.method(),
        headers.concat(),
        request.body().len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(request.body()).unwrap();
}

/// Reads until the other side ends the connection; a panic if it does not within the deadline.
pub(crate) fn read(stream: &mut TcpStream) -> Received {
    let mut bytes = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return Received { bytes, reset: false },
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                return Received { bytes, reset: true };
            }
            Err(error) => panic!("{error} after {} bytes", bytes.len()),
        }
    }
}

pub(crate) fn exchange(server: &Server, request: &Request<Bytes>) -> Received {
    let mut stream = connect(server);
    write(&mut stream, request);
    read(&mut stream)
}

pub(crate) fn call<E: Endpoint>(server: &Server, endpoint: &E, tokens: Option<&Tokens>) -> E::Output {
    let request = endpoint.to_request(&Servers::at(&server.base_url()).unwrap(), tokens).unwrap();
    let received = exchange(server, &request);
    let mut response = Response::new(Bytes::from(received.body().to_vec()));
    *response.status_mut() = received.status().try_into().unwrap();
    E::from_response(response).unwrap()
}

pub(crate) fn sign_in(server: &Server) -> Tokens {
    let bearer = call(server, &Token::new(server.credentials().client().clone()), None).access_token;
    let only = Tokens::bearer_only(&bearer).unwrap();
    let session = call(server, &Login::new(USERNAME, PASSWORD), Some(&only));
    Tokens::new(&bearer, &session).unwrap()
}

pub(crate) fn list(server: &Server, tokens: &Tokens) -> Request<Bytes> {
    let list = licenses::List::new(server.account());
    list.to_request(&Servers::at(&server.base_url()).unwrap(), Some(tokens)).unwrap()
}
