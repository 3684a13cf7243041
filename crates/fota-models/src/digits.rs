//! Eight decimal digits at a time, as one number of 64 bits: what most of a page of devices consists of.

const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The number that 14 to 16 digits make; `None` for another length, or another character.
pub(crate) fn parse_long(text: &[u8]) -> Option<u64> {
    // The first eight and the last eight overlap unless there are 16.
    let shared = match text.len() {
        14 => 100,
        15 => 10,
        16 => 1,
        _ => return None,
    };
    let high = parse_eight(*text.first_chunk()?)?;
    let low = parse_eight(*text.last_chunk()?)?;
    Some(high / shared * 100_000_000 + low)
}

fn parse_eight(text: [u8; 8]) -> Option<u64> {
    let text = u64::from_le_bytes(text);
    // A digit's high half is 3, and stays 3 when 6 is added.
    let high = 0xF0F0_F0F0_F0F0_F0F0;
    if text & high != ZEROS || text.wrapping_add(0x0606_0606_0606_0606) & high != ZEROS {
        return None;
    }
    let ones = text - ZEROS;
    let pairs = (ones.wrapping_mul(10).wrapping_add(ones >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    Some(fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xFFFF_FFFF)
}

/// The last 16 digits of a number, leading zeros included.
pub(crate) fn write_sixteen(number: u64) -> [u8; 16] {
    let (high, low) = (write_eight(number / 100_000_000 % 100_000_000), write_eight(number % 100_000_000));
    ((u128::from(low) << 64) | u128::from(high)).to_le_bytes()
}

/// The first digit is in the lowest byte.
fn write_eight(number: u64) -> u64 {
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    // In each half: a hundredth is 10486/2^20 up to 43698, a tenth 103/2^10 up to 178.
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007F_0000_007F;
    let pairs = hundreds | ((fours - hundreds * 100) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000F_000F_000F_000F;
    (tens | ((pairs - tens * 10) << 8)) + ZEROS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the standard library, for every length and for a character in every place.
    #[test]
    fn agrees_with_plain_parsing() {
        let mut number = 7_u64;
        for _ in 0..20_000 {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let value = (number >> 3) % 10_u64.pow(1 + u32::try_from(number % 16).unwrap());
            let text = format!("{value:016}");
            assert_eq!(write_sixteen(value), text.as_bytes());
            for skipped in 0..3 {
                let short = &text[skipped..];
                assert_eq!(parse_long(short.as_bytes()), short.parse().ok());
                let mut broken = short.as_bytes().to_vec();
                let place = usize::try_from(number % short.len() as u64).unwrap();
                for byte in [b'/', b':', 0, b' ', 0xB0, b'a', 0xFF] {
                    broken[place] = byte;
                    assert_eq!(parse_long(&broken), None, "{broken:?}");
                }
            }
        }
        assert_eq!(parse_long(b"1234567890123"), None);
        assert_eq!(parse_long(b"12345678901234567"), None);
    }
}
