//! The list of servers that are reached without a proxy, as curl reads `no_proxy`.

use std::net::IpAddr;

/// A parsed list.
#[derive(Debug, Clone, Default)]
pub(super) struct Bypass {
    everything: bool,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    what: What,
    /// Only this port. curl knows no ports here, but others do, and such an entry can mean nothing else.
    port: Option<u16>,
}

#[derive(Debug, Clone)]
enum What {
    /// A host, and all hosts below it. Lower case, without a dot at either end.
    Name(String),
    /// Addresses that begin with so many bits of this one.
    Block(IpAddr, u8),
}

impl Bypass {
    /// What cannot be understood matches nothing, as with curl.
    pub(super) fn parse(list: &str) -> Self {
        // curl takes the star only when it stands alone; in a list it can mean nothing else.
        let entries = || list.split([',', ' ', '\t', '\n', '\r']).filter(|entry| !entry.is_empty());
        Bypass {
            everything: entries().any(|entry| entry == "*"),
            entries: entries().filter_map(Entry::parse).collect(),
        }
    }

    /// Whether a host, as it stands in a URI, is on the list.
    pub(super) fn holds(&self, host: &str, port: u16) -> bool {
        if self.everything {
            return true;
        }
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let address: Option<IpAddr> = host.parse().ok();
        let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        self.entries.iter().any(|entry| {
            entry.port.is_none_or(|only| only == port)
                && match (&entry.what, address) {
                    (What::Block(block, bits), Some(address)) => is_in(address, *block, *bits),
                    (What::Name(suffix), None) => name
                        .strip_suffix(suffix.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
                    _ => false,
                }
        })
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        if let Some(what) = block(text) {
            return Some(Entry { what, port: None });
        }
        // Of an IPv6 address with a port, the brackets tell which colon is which.
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (text, None),
        };
        if let Some(what) = block(host) {
            return Some(Entry { what, port });
        }
        let host = host.strip_prefix("*.").unwrap_or(host);
        let name = host.trim_start_matches('.').trim_end_matches('.').to_ascii_lowercase();
        if name.is_empty() || name.contains(['*', '/', ':']) {
            return None;
        }
        Some(Entry { what: What::Name(name), port })
    }
}

fn block(text: &str) -> Option<What> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        Some(bits) => bits.parse().ok().filter(|bits| *bits <= most)?,
        None => most,
    };
    Some(What::Block(address, bits))
}

fn is_in(address: IpAddr, block: IpAddr, bits: u8) -> bool {
    let same = |difference: u128, width: u8| bits == 0 || difference >> (width - bits) == 0;
    match (address, block) {
        (IpAddr::V4(address), IpAddr::V4(block)) => same(u128::from(address.to_bits() ^ block.to_bits()), 32),
        (IpAddr::V6(address), IpAddr::V6(block)) => same(address.to_bits() ^ block.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_on_the_list() {
        for (list, host, port, expected) in [
            ("", "h.example", 443, false),
            ("*", "h.example", 443, true),
            ("a,*", "10.0.0.1", 443, true),
            ("h.example", "h.example", 443, true),
            ("h.example", "H.Example.", 443, true),
            ("H.EXAMPLE.", "h.example", 443, true),
            ("example", "h.example", 443, true),
            (".example", "h.example", 443, true),
            (".h.example", "h.example", 443, true),
            ("*.example", "h.example", 443, true),
            ("ample", "h.example", 443, false),
            ("x.h.example", "h.example", 443, false),
            ("a.b, c.d\th.example", "h.example", 443, true),
            ("a.b c.d", "c.d", 1, true),
            ("h.example:443", "h.example", 443, true),
            ("h.example:443", "h.example", 8443, false),
            ("h.example:port", "h.example", 443, false),
            ("10.0.0.1", "10.0.0.1", 443, true),
            ("10.0.0.1:8443", "10.0.0.1", 8443, true),
            ("10.0.0.1:8443", "10.0.0.1", 443, false),
            ("0.1", "10.0.0.1", 443, false),
            ("10.0.0.0/8", "10.9.9.9", 443, true),
            ("10.0.0.0/8", "11.0.0.1", 443, false),
            ("10.0.0.128/25", "10.0.0.127", 443, false),
            ("10.0.0.128/25", "10.0.0.129", 443, true),
            ("0.0.0.0/0", "192.0.2.1", 443, true),
            ("0.0.0.0/0", "fd00::1", 443, false),
            ("10.0.0.0/33", "10.0.0.0", 443, false),
            ("10.0.0.0/8", "h.example", 443, false),
            ("fd00::/8", "[fd12::1]", 443, true),
            ("fd00::/8", "[fe12::1]", 443, false),
            ("::/0", "[fe12::1]", 443, true),
            ("fd00::1", "[fd00::1]", 443, true),
            ("[fd00::1]", "[fd00:0::1]", 443, true),
            ("[fd00::1]:8443", "[fd00::1]", 8443, true),
            ("[fd00::1]:8443", "[fd00::1]", 443, false),
            ("h*mple", "h.example", 443, false),
            ("*", "", 443, true),
        ] {
            assert_eq!(Bypass::parse(list).holds(host, port), expected, "{list:?} {host}:{port}");
        }
    }
}
