//! Compares the page of acceptance with the promises that its experiment measures.

#[path = "../../../benches/lab/acceptance/promises.rs"]
mod promises;

use self::promises::PROMISES;

/// Returns the differences between the rows of the page and the promises.
pub(super) fn wrong_rows(page: &str) -> Vec<String> {
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let mut rows: Vec<&str> = rows.collect();
    let mut wrong = Vec::new();
    for promise in PROMISES {
        let cells = promise.cells();
        match rows.iter().position(|row| row.starts_with(&cells)) {
            Some(at) => drop(rows.remove(at)),
            None => wrong.push(format!("no row begins with {cells}")),
        }
    }
    wrong.extend(
        rows.iter()
            .map(|row| format!("no promise has the row {row}")),
    );
    wrong
}

#[test]
fn a_missing_a_changed_and_an_unknown_row_are_wrong() {
    let row = |cells: String| format!("{cells} 1 | holds |\n");
    let page: String = PROMISES.map(|promise| row(promise.cells())).concat();
    assert_eq!(wrong_rows(&page), [""; 0]);
    let (_, shorter) = page.split_once('\n').unwrap();
    assert_eq!(wrong_rows(shorter).len(), 1);
    let limit = format!("| {} ", PROMISES[0].at_most);
    assert_eq!(wrong_rows(&page.replacen(&limit, "| 1 ", 1)).len(), 2);
    let longer = page + "| `more` | what no experiment measures | 1 | 0 | holds |\n";
    assert_eq!(wrong_rows(&longer).len(), 1);
}
