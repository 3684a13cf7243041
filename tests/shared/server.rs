//! A loopback server written by hand, so that a test decides about every byte and every close. Both adapters
//! include this file.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub(crate) trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// The first one of the server has number 0.
    pub(crate) number: usize,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Received {
    /// The request line's method and path.
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap().strip_suffix(" HTTP/1.1").unwrap()
    }

    /// All headers in lower case, sorted.
    pub(crate) fn headers(&self) -> Vec<String> {
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            format!("{}: {value}", name.to_ascii_lowercase())
        };
        let mut headers: Vec<_> =
            self.head.lines().skip(1).filter(|line| !line.is_empty()).map(header).collect();
        headers.sort();
        headers
    }
}

/// What happens to the connection after a request.
pub(crate) enum After {
    Keep,
    Close,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    tls: bool,
    log: Arc<Log>,
}

#[derive(Default)]
struct Log {
    connections: AtomicUsize,
    requests: Mutex<Vec<Received>>,
}

impl Server {
    /// Calls `handler` for each request; it writes the answer, or whatever it likes.
    pub(crate) fn start(handler: impl Fn(&Received, &mut dyn Wire) -> After + Send + Sync + 'static) -> Self {
        Server::listen(None, handler)
    }

    /// The same with TLS.
    pub(crate) fn start_tls(
        tls: Arc<ServerConfig>,
        handler: impl Fn(&Received, &mut dyn Wire) -> After + Send + Sync + 'static,
    ) -> Self {
        Server::listen(Some(tls), handler)
    }

    /// Answers every request with this text.
    pub(crate) fn saying(answer: impl Into<Vec<u8>>, after: fn() -> After) -> Self {
        let answer = answer.into();
        Server::start(move |_, wire| {
            let _ = wire.write_all(&answer);
            after()
        })
    }

    fn listen(
        tls: Option<Arc<ServerConfig>>,
        handler: impl Fn(&Received, &mut dyn Wire) -> After + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server =
            Server { address: listener.local_addr().unwrap(), tls: tls.is_some(), log: Arc::default() };
        let (log, handler) = (server.log.clone(), Arc::new(handler));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, log, handler, tls) =
                    (stream.unwrap(), log.clone(), handler.clone(), tls.clone());
                log.connections.fetch_add(1, Ordering::SeqCst);
                stream.set_nodelay(true).unwrap();
                thread::spawn(move || match tls {
                    None => serve(&mut { stream }, &log, &*handler),
                    Some(tls) => {
                        let session = ServerConnection::new(tls).unwrap();
                        let mut stream = StreamOwned::new(session, stream);
                        serve(&mut stream, &log, &*handler);
                        stream.conn.send_close_notify();
                        let _ = stream.flush();
                    }
                });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://localhost:{}", self.address.port())
    }

    pub(crate) fn connections(&self) -> usize {
        self.log.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.log.requests.lock().unwrap().clone()
    }

    /// How many requests began with this line.
    pub(crate) fn count(&self, line: &str) -> usize {
        self.requests().iter().filter(|request| request.line().starts_with(line)).count()
    }
}

fn serve(wire: &mut dyn Wire, log: &Log, handler: &dyn Fn(&Received, &mut dyn Wire) -> After) {
    while let Some((head, body)) = receive(wire) {
        let request = {
            let mut requests = log.requests.lock().unwrap();
            let request = Received { number: requests.len(), head, body };
            requests.push(request.clone());
            request
        };
        if let After::Close = handler(&request, wire) {
            break;
        }
    }
}

fn receive(wire: &mut dyn Wire) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        wire.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let length = |line: &str| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok();
    let mut body = vec![0; head.lines().find_map(length).unwrap_or(0)];
    wire.read_exact(&mut body).ok()?;
    Some((head, body))
}

/// A whole answer.
pub(crate) fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A port that nobody listens on, and that no other test is given.
pub(crate) fn closed_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1))
}

/// Accepts connections and never says a word.
pub(crate) fn silent() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let kept: Vec<TcpStream> = listener.incoming().map_while(Result::ok).collect();
        drop(kept);
    });
    address
}

/// Waits until `done`, for at most five seconds.
pub(crate) fn eventually(done: impl Fn() -> bool) -> bool {
    (0..500).any(|_| {
        done() || {
            thread::sleep(Duration::from_millis(10));
            false
        }
    })
}

/// A certificate authority made for one test.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// The settings of a server with a certificate for `host`.
    pub(crate) fn server(&self, host: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new([host.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        Arc::new(config)
    }
}
