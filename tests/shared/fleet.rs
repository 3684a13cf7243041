//! A fleet that takes many pages, from a server that takes its time and counts the requests under way. Both
//! adapters include this file.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::server::{Server, answer};
use crate::service::{LIST, service};

pub(crate) struct Fleet {
    pub(crate) server: Server,
    /// In the server's order.
    pub(crate) devices: Vec<String>,
    under_way: Arc<[AtomicUsize; 2]>,
}

impl Fleet {
    /// Devices on pages of two, each page after `slow`.
    pub(crate) fn new(devices: usize, slow: Duration) -> Self {
        let devices: Vec<_> = (0..devices).map(|n| format!("{}", 352_099_001_000_000 + n * 17)).collect();
        let under_way = Arc::new([const { AtomicUsize::new(0) }; 2]);
        let (ids, gauge) = (devices.clone(), under_way.clone());
        let server = service(move |request| {
            let after = request.line().strip_prefix(LIST)?;
            let now = gauge[0].fetch_add(1, Ordering::SeqCst) + 1;
            gauge[1].fetch_max(now, Ordering::SeqCst);
            thread::sleep(slow);
            gauge[0].fetch_sub(1, Ordering::SeqCst);
            Some(answer("200 OK", &page(&ids, after)))
        });
        Fleet { server, devices, under_way }
    }

    /// The most list requests that were under way at the same time.
    pub(crate) fn most(&self) -> usize {
        self.under_way[1].load(Ordering::SeqCst)
    }

    /// The last device of each page but the last, as an earlier listing would have seen them.
    pub(crate) fn ends(&self) -> Vec<&str> {
        let ends = self.devices.iter().map(String::as_str).skip(1).step_by(2);
        ends.take(self.devices.len() / 2 - 1).collect()
    }

    pub(crate) fn lists(&self) -> usize {
        self.server.count(LIST)
    }
}

fn page(devices: &[String], after: &str) -> String {
    let rest: Vec<_> = devices.iter().filter(|device| after == "0" || device.as_str() > after).collect();
    let items: Vec<_> = rest.iter().take(2).map(|device| format!(r#"{{"deviceId":"{device}"}}"#)).collect();
    let last = rest.iter().take(2).next_back().map_or("0", |device| device.as_str());
    format!(
        r#"{{"accountName":"0000123456-00001","hasMoreData":{},"lastSeenDeviceId":"{last}","deviceList":[{}]}}"#,
        rest.len() > 2,
        items.join(",")
    )
}
