//! `residual compare`: two revisions, or two variants, side by side in one run.
//!
//! | step | module |
//! | --- | --- |
//! | revisions to executables | [`revision`], [`build`], [`side`] |
//! | talking to them | [`client`] |
//! | what is compared | [`mod@unit`] |
//! | accuracy and counted work | [`probe`], [`accuracy`] |
//! | time: who runs when, what it means | [`schedule`], [`timing`], [`estimate`], [`verdict`], [`table`] |
//! | second opinions | [`instructions`], [`claims`] |
//! | error rates of all this | [`experiment`], [`rates`], [`neighbour`], [`criterion`] |
//! | what is written | [`report`], [`render`], [`progress`] |

pub mod accuracy;
pub mod build;
pub mod claims;
pub mod client;
pub mod criterion;
pub mod estimate;
pub mod experiment;
pub mod instructions;
pub mod neighbour;
pub mod probe;
pub mod progress;
pub mod rates;
pub mod render;
pub mod report;
pub mod revision;
pub mod schedule;
pub mod side;
#[cfg(test)]
mod simulation;
pub mod table;
pub mod timing;
pub mod unit;
pub mod verdict;
