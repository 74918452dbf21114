//! Prints figures of several scanners beside each other.

/// Columns, each with a value for each row.
#[derive(Debug, Default)]
pub(super) struct Table {
    names: Vec<String>,
    columns: Vec<Vec<(&'static str, String)>>,
}

impl Table {
    pub(super) fn add(&mut self, name: &str, column: Vec<(&'static str, String)>) {
        self.names.push(name.into());
        self.columns.push(column);
    }

    pub(super) fn print(&self, title: &str) {
        println!("\n| {title} | {} |", self.names.join(" | "));
        println!("|---|{}", "---|".repeat(self.names.len()));
        let rows = self.columns.iter().map(Vec::len).max().unwrap_or(0);
        for row in 0..rows {
            let cells = self.columns.iter().map(|column| column.get(row));
            let name = cells.clone().flatten().next().map_or("", |(name, _)| name);
            let values: Vec<&str> = cells
                .map(|cell| cell.map_or("-", |(_, value)| value.as_str()))
                .collect();
            println!("| {name} | {} |", values.join(" | "));
        }
    }
}
