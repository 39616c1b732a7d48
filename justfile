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

# How often the comparison is wrong, on ten kernels: nine hours, resumable, on a machine left alone.
error-rates TABLES="300" POWER="12":
    #!/usr/bin/env bash
    set -eu
    build() { cargo rustc --quiet --release --package suites --example kernels -- "$@"; }
    made=target/release/examples/kernels
    mkdir -p results/compare
    # Functions in random orders, sixty on each side, of which a table draws 24, as many as a comparison has, and none of
    # them on both, as after any change of the code; LLVM's linker, which Rust brings along, knows how.
    mkdir -p target/error-rates/base target/error-rates/head
    build
    cp $made target/error-rates/kernels
    for seed in {1..120}; do
        [ $seed -le 60 ] && side=base || side=head
        build -Clink-arg=-Wl,--shuffle-sections=.text.*=$seed
        cp $made target/error-rates/$side/$seed
        if cmp --silent $made target/error-rates/kernels; then echo "the linker did not shuffle" >&2; exit 1; fi
    done
    cd target/error-rates
    rates() { ./kernels compare --self-test --out "../../results/compare/$@" || [ $? = 1 ]; }
    # A/A at a short budget, where there are most tables an hour and intervals rest on the fewest pairs.
    rates same.csv --tables {{TABLES}} --time-budget 20s --executables base,base
    rates relinked.csv --tables {{TABLES}} --time-budget 20s --executables base,head
    # A neighbour takes time, and fewer than ten pairs decide nothing.
    rates neighbour-same.csv --tables {{TABLES}} --time-budget 26s --executables base,base --neighbour
    rates neighbour-relinked.csv --tables {{TABLES}} --time-budget 26s --executables base,head --neighbour
    rates unpinned.csv --tables 10 --time-budget 20s --executables base,base --unpinned
    rates pinned.csv --tables 10 --time-budget 20s --executables base,base
    # All five minutes.
    rates power.csv --tables {{POWER}} --executables base,base --slowdown 'kernels/triad-l[23]=1.10' --slowdown kernels/triad-memory=1.10 --slowdown kernels/gather=1.10 --slowdown 'kernels/*=1.05'

# Make results/default anew: the run that is committed.
results:
    cargo reproduce --fresh
    cargo residual check --readme

# Apply each deliberate fault to a scratch worktree and see the check that it names go red.
faults *ARGS:
    suites/faults/run {{ARGS}}
