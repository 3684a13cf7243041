//! One connection. hyper reads requests and writes honest answers; dishonest ones are written here, byte by byte,
//! on the socket that hyper hands back.

use std::fmt::{self, Write as _};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH};
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::refusal;
use crate::reply::{Delivery, Reply};
use crate::server::Handle;

/// The longest request body that is read.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// A reply that hyper must not deliver, left for the end of the connection.
type Aside = Arc<Mutex<Option<Reply>>>;

pub(crate) async fn run(stream: TcpStream, handle: Handle) {
    let aside = Aside::default();
    let service = service_fn(|request| answer(request, handle.clone(), aside.clone()));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // An error means that the client has gone, or that a reply was put aside.
    let _ = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let stream = connection.into_parts().io.into_inner();
    let reply = aside.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(reply) = reply {
        // A client that has had enough closes the connection; that is its right.
        let _ = misbehave(stream, reply).await;
    }
}

type Answered = Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, PutAside>> + Send>>;

/// Boxed, because hyper gives the socket back only of services whose futures can be moved.
fn answer(request: Request<Incoming>, handle: Handle, aside: Aside) -> Answered {
    Box::pin(async move {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
            let mut response = refusal::plain(413, "text/plain", "the request is too long");
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            return Ok(response.map(Full::new));
        };
        let request = Request::from_parts(head, body.to_bytes());
        let now = handle.now();
        let reply = handle.with(|emulator| emulator.handle(&request, now));
        handle.save_if_cheap();
        if !reply.delay.is_zero() {
            sleep(reply.delay).await;
        }
        if reply.delivery == Delivery::Send {
            return Ok(reply.response.map(Full::new));
        }
        *aside.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
        Err(PutAside)
    })
}

async fn misbehave(mut stream: TcpStream, reply: Reply) -> io::Result<()> {
    let body = reply.response.body();
    match reply.delivery {
        Delivery::Close => return stream.shutdown().await,
        Delivery::Reset => return stream.set_zero_linger(),
        Delivery::Cut { bytes } => {
            stream.write_all(&head(&reply.response, as_u64(body.len()))).await?;
            stream.write_all(body.get(..bytes).unwrap_or(body)).await?;
        }
        Delivery::Dribble { bytes, every } => {
            stream.write_all(&head(&reply.response, as_u64(body.len()))).await?;
            for piece in body.chunks(bytes.max(1)) {
                sleep(every).await;
                stream.write_all(piece).await?;
            }
        }
        Delivery::Flood { bytes } => {
            static SPACES: [u8; 64 * 1024] = [b' '; 64 * 1024];
            stream.write_all(&head(&reply.response, bytes)).await?;
            let mut left = bytes;
            while left > 0 {
                let piece = usize::try_from(left).unwrap_or(usize::MAX).min(SPACES.len());
                stream.write_all(SPACES.get(..piece).unwrap_or(&SPACES)).await?;
                left -= as_u64(piece);
            }
        }
        Delivery::Send => {
            stream.write_all(&head(&reply.response, as_u64(body.len()))).await?;
            stream.write_all(body).await?;
        }
    }
    stream.shutdown().await
}

/// The head of an answer that promises a body of `length` bytes and closes the connection.
fn head(response: &Response<Bytes>, length: u64) -> Vec<u8> {
    let status = response.status();
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ =
        write!(text, "HTTP/1.1 {} {}\r\n", status.as_u16(), status.canonical_reason().unwrap_or("Unknown"));
    let mut head = text.into_bytes();
    for (name, value) in response.headers().iter().filter(|(name, _)| *name != CONTENT_LENGTH) {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(format!("content-length: {length}\r\nconnection: close\r\n\r\n").as_bytes());
    head
}

fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Tells hyper to stop; nobody sees it.
#[derive(Debug)]
struct PutAside;

impl fmt::Display for PutAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer is delivered otherwise")
    }
}

impl std::error::Error for PutAside {}
