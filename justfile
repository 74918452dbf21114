# Everything that must hold before a change goes in.
check:
    bash .ci/run

test *args:
    cargo test --locked {{args}}

# One of the examples: agent, own_source, test_with_recording, tokio_consumer, metrics_exporter.
example name *args:
    cargo run --locked --all-features --example {{name}} -- {{args}}

# One of the benches. docs/benchmarks.md and docs/reliability.md say what each takes.
bench name *args:
    cargo bench --locked --bench {{name}} -- {{args}}

# The figures and the picture of the interval in docs/benchmarks.md; eleven minutes.
study *args:
    cargo bench --locked --bench study -- --write {{args}}
    cargo bench --locked --bench study_plot

# The figures and the picture of the cost by the number of processes in docs/benchmarks.md; five minutes.
scale *args:
    cargo bench --locked --bench scale -- --write {{args}}
    cargo bench --locked --bench scale_plot

# The README's picture, of a real run; Linux, with root or user namespaces.
picture:
    cargo bench --locked --bench picture

# The recordings in fixtures/, written anew by their stories, and what they give. Read the diff.
fixtures:
    UPDATE_FIXTURES=1 cargo test --locked --test suite every_fixture_is_what
    INSTA_UPDATE=always cargo test --locked --test suite fixtures

# Take what is printed now for right. Read the diff before it is committed.
snapshots:
    INSTA_UPDATE=always cargo test --locked

# Licences, advisories, sources, duplicates; needs cargo-deny.
deny:
    cargo deny check

# With the lowest versions that Cargo.toml allows, in a copy of what is committed.
minimal-versions:
    rm -rf target/minimal-versions
    git clone --quiet . target/minimal-versions
    cd target/minimal-versions && RUSTC_BOOTSTRAP=1 cargo update -Z direct-minimal-versions
    cd target/minimal-versions && cargo check --all-features

# What would be published.
package:
    cargo package --locked
