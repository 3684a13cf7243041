//! fota
fn main() {}
