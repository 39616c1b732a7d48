//! The harness: executes what papers describe.
//!
//! | question | module |
//! | --- | --- |
//! | what does an author write? | [`paper`], [`experiment`], [`record`], [`claim`], [`figure`], [`case`] |
//! | where do random numbers come from? | [`seed`] |
//! | how do trials become files? | [`select`], [`runner`], [`journal`], [`frame`], [`table`], [`folder`], [`shard`], [`progress`] |
//! | how do files become verdicts? | [`rows`], [`gather`], [`stats`], [`claim`], [`judge`], [`verdicts`] |
//! | what is written for people? | [`report`], [`figure`], [`schema`], [`provenance`], [`history`] |
//! | how long do variants take, and others? | [`case`], [`timed`], [`ratios`] |
//! | are they the same elsewhere, and how sure? | [`difference`], [`calibration`], [`cells`] |
//! | where does real input come from, and where do inputs for peers go? | [`dataset`], [`npy`] |

pub mod calibration;
pub mod case;
pub mod cells;
pub mod claim;
pub mod dataset;
pub mod difference;
pub mod error;
pub mod experiment;
pub mod figure;
pub mod folder;
pub mod frame;
pub mod gather;
pub mod history;
pub mod journal;
pub mod judge;
pub mod npy;
pub mod paper;
pub mod prelude;
pub mod processor;
pub mod progress;
pub mod provenance;
pub mod ratios;
pub mod record;
pub mod report;
pub mod rows;
pub mod runner;
pub mod runs;
pub mod schema;
pub mod seed;
pub mod select;
pub mod shard;
pub mod stats;
pub mod table;
pub mod threads;
pub mod timed;
pub mod verdicts;
