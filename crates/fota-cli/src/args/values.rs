//! Values of flags that are more than a word or a number.

use std::time::Duration;

/// Reads `90s`, `3m`, `500ms`, `1h`, or seconds without a unit. Zero is no time to do anything in.
pub(crate) fn parse_span(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let millis = match unit.trim() {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    match number.parse::<u32>() {
        Ok(number) if number > 0 && millis > 0 => Ok(Duration::from_millis(u64::from(number) * millis)),
        _ => Err("write a time as 500ms, 90s, 3m or 1h".to_owned()),
    }
}

/// Reads a number of requests a second.
pub(super) fn parse_rate(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("write a number of requests a second, such as 2 or 0.5".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(parse_span("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_span("90"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_span(" 3 m "), Ok(Duration::from_secs(180)));
        assert_eq!(parse_span("1h"), Ok(Duration::from_secs(3600)));
        for bad in ["", "0", "0s", "-1s", "1.5s", "5 weeks", "99999999999s", "s"] {
            assert!(parse_span(bad).is_err(), "{bad}");
        }
    }
}
