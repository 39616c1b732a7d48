//! The report on a small made-up registry: what is in it, that nothing breaks out of it, and how it behaves in a browser.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod browser;
mod fixture;
mod pages;
