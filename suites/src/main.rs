//! The command `residual`.

use std::process::ExitCode;

fn main() -> ExitCode {
    suites::cli::run(suites::papers::ALL)
}
