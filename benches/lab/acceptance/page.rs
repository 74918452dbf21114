//! The table of all promises, and the page that contains it.

use super::finding::{Finding, Outcome};
use super::machine::Machine;
use super::promises::Promise;

/// The figures of the last full run.
pub(super) const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/acceptance.md");

const HEADER: &str = "| name | what | at most | measured | the promise |";

/// A row of the table.
pub(super) type Row = (Promise, Finding, Outcome);

/// Returns the table.
pub(super) fn table(rows: &[Row]) -> String {
    let mut table = format!("{HEADER}\n|{}\n", "---|".repeat(5));
    for (promise, finding, outcome) in rows {
        let cells = promise.cells();
        table += &format!("{cells} {} | {outcome} |\n", finding.text.replace('|', "/"));
    }
    table
}

/// Returns the page.
pub(super) fn page(table: &str, machine: &Machine) -> String {
    format!(
        "# Acceptance\n\
         \n\
         <!-- `cargo bench --bench lab -- acceptance --write` writes this page. -->\n\
         \n\
         What this project promises with a number, and what was measured last. [Benchmarks](benchmarks.md),\n\
         [reliability](reliability.md) and [secrets](secrets.md) have the methods and further figures.\n\
         \n\
         ```sh\n\
         cargo bench --bench lab -- acceptance           # all rows, 10 minutes; Linux, best as root\n\
         cargo bench --bench lab -- acceptance cpu scan  # rows by their names\n\
         cargo bench --bench lab -- acceptance --quick   # a minute; small numbers, compares only what must be 0\n\
         cargo bench --bench lab -- acceptance --write   # all rows, and this page\n\
         ```\n\
         \n\
         {}\n\
         \n\
         {table}\n\
         The command ends with status 1 if a promise is missed or could not be measured. \"3000 processes\" are\n\
         children of the experiment, idle unless the row says otherwise, beside all that the host runs.\n",
        machine.sentence()
    )
}
