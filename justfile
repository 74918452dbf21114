# Run all checks that a change must pass.
check:
    bash .ci/run

test *args:
    cargo test --locked {{args}}

# Run an example: agent, event_stream, own_source, test_with_recording, tokio_consumer, top_groups, watchdog,
# metrics_exporter.
example name *args:
    cargo run --locked --all-features --example {{name}} -- {{args}}

# A micro-bench: pipeline, redact, dispatch.
bench name *args:
    cargo bench --locked --features bench --bench {{name}} -- {{args}}

# An experiment. `just lab --help` lists them.
lab *args:
    cargo bench --locked --bench lab -- {{args}}

# The figures and the picture in docs/benchmarks/study.md; eleven minutes.
study *args:
    cargo bench --locked --bench lab -- study --write {{args}}
    cargo bench --locked --bench lab -- study-plot

# The figures and the picture of the cost by the number of processes in docs/benchmarks.md; five minutes.
scale *args:
    cargo bench --locked --bench lab -- scale --write {{args}}
    cargo bench --locked --bench lab -- scale-plot

# The README's picture, of a real run; Linux, with root or user namespaces.
picture:
    cargo bench --locked --bench lab -- picture

# Rewrite the recordings in fixtures/ and their snapshots. Read the diff.
fixtures:
    UPDATE_FIXTURES=1 cargo test --locked --test suite every_fixture_matches_its_story
    INSTA_UPDATE=always cargo test --locked --test suite fixtures

# Update all snapshots. Read the diff before you commit it.
snapshots:
    INSTA_UPDATE=always cargo test --locked

# Check licences, advisories, sources and duplicates; needs cargo-deny.
deny:
    cargo deny check

# Check the last commit with the lowest versions that Cargo.toml allows.
minimal-versions:
    rm -rf target/minimal-versions
    git clone --quiet . target/minimal-versions
    cd target/minimal-versions && RUSTC_BOOTSTRAP=1 cargo update -Z direct-minimal-versions
    cd target/minimal-versions && cargo check --all-features

# Build the package for the registry.
package:
    cargo package --locked
