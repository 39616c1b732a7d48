//! What the file of a paper needs: `use suites::harness::prelude::*`.

pub use super::{
    claim::{Arm, Check, Claim, Control, Kind, Source, Unjudged, Verdict},
    experiment::{Cost, Experiment, Member, Out, Scale, Table, TableSchema},
    figure::{Axis, Panel, Style},
    gather::{band, band_over, by_trial, every, numbers, ratios, series},
    paper::{Figure, Paper},
    rows::{Row, Rows, succeeded},
    runs::{NoIterate, Runs, Solve},
    seed::Trial,
    stats,
};
