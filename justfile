# Everything that must hold before a change goes in.
check:
    bash .ci/run

test *args:
    cargo test --locked {{args}}

# The figures in docs/benchmarks.md.
bench *args:
    cargo bench --locked --bench pipeline -- {{args}}
    cargo bench --locked --bench live -- {{args}}
    cargo bench --locked --bench dispatch -- {{args}}

# The figures and the picture of the interval in docs/benchmarks.md; eleven minutes.
study *args:
    cargo bench --locked --bench study -- --write {{args}}
    cargo bench --locked --bench study_plot

# Take what the command prints now for right. Read the diff before it is committed.
snapshots:
    INSTA_UPDATE=always cargo test --locked
