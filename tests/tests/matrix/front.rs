//! What stands between client and server and spoils answers in ways that no HTTP library lets out, after the server
//! has done its work; and a port at which nobody stands.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// Hands every connection's first request to the server, and something else than the server's answer to the client.
pub(crate) struct Front(SocketAddr);

impl Front {
    pub(crate) fn start(
        server: SocketAddr,
        spoil: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let spoil = Arc::new(spoil);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), spoil) = (client, spoil.clone()) else { return };
                thread::spawn(move || relay(client, server, &*spoil));
            }
        });
        Front(address)
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.0)
    }
}

fn relay(mut client: TcpStream, server: SocketAddr, spoil: &dyn Fn(Vec<u8>) -> Vec<u8>) -> Option<()> {
    let request = read_message(&mut client)?;
    let mut server = TcpStream::connect(server).ok()?;
    server.write_all(&request).ok()?;
    let answer = read_message(&mut server)?;
    client.write_all(&spoil(answer)).ok()?;
    client.shutdown(Shutdown::Write).ok()?;
    // Until the client closes, so that no reset overtakes what was sent.
    while matches!(client.read(&mut [0; 1024]), Ok(count) if count > 0) {}
    Some(())
}

/// A whole request or answer, its length taken from its head.
fn read_message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    let mut byte = [0];
    while !message.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        message.extend(byte);
    }
    let head = String::from_utf8_lossy(&message).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    message.extend(body);
    Some(message)
}

/// A port that nobody listens on any more. An open connection holds it: so no server of another test gets it, and no
/// client of this one, which would then be connected to itself.
pub(crate) struct ClosedPort {
    address: SocketAddr,
    _held: [TcpStream; 2],
}

impl ClosedPort {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).unwrap();
        let (server, _) = listener.accept().unwrap();
        ClosedPort { address, _held: [client, server] }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }
}
