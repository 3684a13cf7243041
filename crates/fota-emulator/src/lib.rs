//! fota-emulator
