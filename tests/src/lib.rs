//! What crosses crates is tested here.

pub mod simulation;
