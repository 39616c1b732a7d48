# One-line wrappers; each recipe's command works by itself.

# Re-run every claim from seeds; `just reproduce subgm --scale smoke` narrows it.
reproduce *ARGS:
    cargo reproduce {{ARGS}}

# Judge the committed tables again, redraw figures and report, refresh the README.
check *ARGS:
    cargo residual check --readme {{ARGS}}

test *ARGS:
    cargo test --release {{ARGS}}

bench *ARGS:
    cargo bench --package suites {{ARGS}}

# Time other libraries beside ours; `just peers setup` once, then `just peers run`.
peers *ARGS:
    cargo residual peers {{ARGS}}

# Compare the working tree with a revision: speed, accuracy, claims.
compare *ARGS:
    cargo residual compare {{ARGS}}

lint:
    cargo fmt --check
    cargo clippy --release --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Make results/default anew: the run that is committed.
results:
    cargo reproduce --fresh
    cargo residual check --readme

# Apply each deliberate fault to a scratch worktree and see the check that it names go red.
faults *ARGS:
    suites/faults/run {{ARGS}}
