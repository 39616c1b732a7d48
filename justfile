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
    RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps

# How often the comparison is wrong, on ten kernels: some hours, resumable, on a machine left alone.
error-rates TABLES="300" POWER="60":
    #!/usr/bin/env bash
    set -eu
    build() { cargo rustc --quiet --release --package suites --example kernels -- "$@"; }
    made=target/release/examples/kernels
    mkdir -p results/compare target/error-rates
    # Functions in a random order, as any change of the code may bring; LLVM's linker, which Rust brings along, knows how.
    build -Clink-arg=-Wl,--shuffle-sections=.text.*=1 && cp $made target/error-rates/relinked
    build && cp $made target/error-rates/kernels
    if cmp --silent target/error-rates/relinked target/error-rates/kernels; then echo "the linker did not shuffle" >&2; exit 1; fi
    cd target/error-rates
    rates() { ./kernels compare --self-test --out "../../results/compare/$@" || [ $? = 1 ]; }
    rates same.csv --tables {{TABLES}}
    rates power.csv --tables {{POWER}} --slowdown 'kernels/{gemm-*,chain,exp,sort,triad-l1}=1.05' --slowdown 'kernels/{triad-l[23],triad-memory,gather}=1.10'
    rates relinked.csv --tables {{TABLES}} --executables kernels,relinked
    rates neighbour.csv --tables {{TABLES}} --neighbour

# Make results/default anew: the run that is committed.
results:
    cargo reproduce --fresh
    cargo residual check --readme

# Apply each deliberate fault to a scratch worktree and see the check that it names go red.
faults *ARGS:
    suites/faults/run {{ARGS}}
