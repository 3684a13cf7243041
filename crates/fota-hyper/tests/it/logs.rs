//! No secret in any log line, however chatty, nor in what `Debug` prints.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use crate::client::client;
use crate::service::{CANARY, DEVICES, account, service};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Lines;

    fn make_writer(&self) -> Lines {
        self.clone()
    }
}

#[tokio::test]
async fn no_secret_is_ever_logged_or_printed() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(lines.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let server = service(|_| None);
    let client = client(&server);
    let licenses = client.licenses(&account());
    licenses.assign(DEVICES).await.unwrap();
    client.logout().await.unwrap();
    client.revoke().await.unwrap();
    let printed = format!("{client:?} {licenses:?} {:?} {:?}", licenses.list(), client.devices(&account()));
    let sent = format!("{:?}", server.requests());
    assert!(sent.contains(CANARY), "the secrets do travel");
    assert!(!printed.contains(CANARY), "{printed}");
    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("hyper_util"), "the log is not empty: {logged}");
    assert!(!logged.contains(CANARY), "{logged}");
}
