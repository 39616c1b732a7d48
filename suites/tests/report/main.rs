//! The report on a small made-up registry: what is in it, that nothing breaks out of it, and how it behaves in a browser.

mod browser;
mod fixture;
mod pages;
