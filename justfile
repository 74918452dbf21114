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

# Take what the command prints now for right. Read the diff before it is committed.
snapshots:
    INSTA_UPDATE=always cargo test --locked
