//! A small real proxy on loopback: takes `CONNECT`, and leads every tunnel to one server, whatever its name.
//! Both adapters include this file.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

pub(crate) struct ConnectProxy {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    /// All that went to the server, as the proxy sees it.
    seen: Arc<Mutex<Vec<u8>>>,
}

impl ConnectProxy {
    /// Leads to `server`.
    pub(crate) fn to(server: SocketAddr) -> Self {
        ConnectProxy::start("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n", Some(server))
    }

    /// Says this to every request, and hangs up.
    pub(crate) fn saying(answer: &'static str) -> Self {
        ConnectProxy::start(answer, None)
    }

    fn start(answer: &'static str, server: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = ConnectProxy {
            address: listener.local_addr().unwrap(),
            heads: Arc::default(),
            seen: Arc::default(),
        };
        let (heads, seen) = (proxy.heads.clone(), proxy.seen.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                let (mut client, heads, seen) = (client.unwrap(), heads.clone(), seen.clone());
                thread::spawn(move || {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let mut byte = [0];
                        if client.read_exact(&mut byte).is_err() {
                            return;
                        }
                        head.extend(byte);
                    }
                    heads.lock().unwrap().push(String::from_utf8(head).unwrap());
                    let _ = client.write_all(answer.as_bytes());
                    if let Some(server) = server {
                        relay(client, TcpStream::connect(server).unwrap(), &seen);
                    }
                });
            }
        });
        proxy
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests for tunnels.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    pub(crate) fn saw(&self, word: &str) -> bool {
        let seen = self.seen.lock().unwrap();
        seen.windows(word.len()).any(|window| window == word.as_bytes())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

fn relay(mut client: TcpStream, mut server: TcpStream, seen: &Mutex<Vec<u8>>) {
    let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = client.read(&mut buffer) {
        seen.lock().unwrap().extend(&buffer[..count]);
        if server.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}
