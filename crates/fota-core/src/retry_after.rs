//! `Retry-After`, in seconds or as a date. The core has no clock, so a date counts from the answer's own
//! `Date` header; that also takes the difference between the two machines' clocks out of it.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

/// How long the server asks to wait: `None` when it does not say, or not readably.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let now = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    Some(until.duration_since(now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str, date: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        retry_after(&headers)
    }

    #[test]
    fn seconds_and_dates() {
        let date = Some("Tue, 05 Mar 2024 09:10:11 GMT");
        assert_eq!(read("7", None), Some(Duration::from_secs(7)));
        assert_eq!(read(" 0 ", None), Some(Duration::ZERO));
        assert_eq!(read("Tue, 05 Mar 2024 09:11:11 GMT", date), Some(Duration::from_secs(60)));
        assert_eq!(read("Tue, 05 Mar 2024 09:00:00 GMT", date), Some(Duration::ZERO));
        assert_eq!(read("Tue, 05 Mar 2024 09:11:11 GMT", None), None);
        assert_eq!(read("-1", date), None);
        assert_eq!(read("soon", date), None);
    }
}
