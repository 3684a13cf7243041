//! A server that is not one: it accepts connections, counts them, and writes the bytes it was given. For
//! answers that no HTTP library would let out.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// A listening socket on loopback.
#[derive(Debug)]
pub struct Raw {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Raw {
    /// Answers every connection with `answer`, after its first request, and closes it.
    pub fn start(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Raw::serve(move |stream| stream.write_all(&answer).is_ok())
    }

    /// Hands every connection to `answer` once a whole request has arrived. If it says so, the connection is then
    /// closed in good order, else at once.
    pub fn serve(answer: impl Fn(&mut TcpStream) -> bool + Send + Sync + 'static) -> Self {
        let answer = Arc::new(answer);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                let (Ok(stream), answer) = (stream, answer.clone()) else { return };
                thread::spawn(move || serve(stream, &*answer));
            }
        });
        Raw { address, connections }
    }

    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections were opened, whether or not anything was sent on them.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// An address where nobody listens: a port that was free a moment ago.
pub fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&mut TcpStream) -> bool) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !is_complete(&request) {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend(buffer.iter().take(count)),
        }
    }
    if answer(&mut stream) {
        let _ = stream.shutdown(Shutdown::Write);
        // Until the client closes, so that no reset overtakes the answer.
        while matches!(stream.read(&mut buffer), Ok(count) if count > 0) {}
    }
}

fn is_complete(request: &[u8]) -> bool {
    let Some(head) = request.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let text = String::from_utf8_lossy(request.get(..head).unwrap_or_default()).to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |value| value.trim().parse().unwrap_or(0));
    request.len() >= head + 4 + length
}
