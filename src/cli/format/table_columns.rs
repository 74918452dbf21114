//! The columns of the table, and what each has of a process.

use process_scanner::{Collect, Field, ProcessInfo, Unit};

use super::cells::{self, UNKNOWN};
use super::color::{self, Part};
use super::tree::Line;
use crate::cli::select::{Columns, Sort};

/// The usual columns: field, and narrowest line with that column.
///
/// On narrow lines the command line matters more than most columns.
const USUAL: [(&str, usize); 9] = [
    ("pid", 0),
    ("cpu_percent", 0),
    ("rss_bytes", 35),
    ("cpu_time_ms", 70),
    ("start_time_ms", 60),
    ("status", 50),
    (USER, 80),
    (NAME, cells::WIDE),
    (COMMAND, 0),
];

/// Position of the `--sort` column among the usual ones, if it is not usual.
const SORTED_AT: usize = 2;

const USER: &str = "user_name";
const NAME: &str = "name";
const COMMAND: &str = "command";
const CONTAINER: &str = "container_id";

/// The layout of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout<'a> {
    /// Width of lines in columns; `None`: no limit.
    pub(crate) width: Option<usize>,
    pub(crate) is_tree: bool,
    /// The order from `--sort`, if given; its column is always printed.
    pub(crate) sort: Option<Sort>,
    pub(crate) columns: &'a Columns,
    /// Time for ages: wall clock, milliseconds from the Unix epoch.
    pub(crate) now_ms: u64,
}

impl Layout<'_> {
    /// Returns the fields of the columns, in order.
    fn fields(self) -> Vec<&'static Field> {
        let mut fields = match self.columns {
            Columns::Only(fields) => fields.clone(),
            Columns::Usual | Columns::Added(_) => self.usual(),
        };
        let is_chosen = matches!(self.columns, Columns::Only(_));
        let has = |fields: &[&Field], name: &str| fields.iter().any(|field| field.name == name);
        if let Columns::Added(added) = self.columns {
            for field in added {
                if !has(&fields, field.name) {
                    fields.insert(before_texts(&fields), field);
                }
            }
        }
        // The command line stands for a name that is no usual column here.
        let sorted_by = self.sort.and_then(Sort::field);
        let sorted_by = sorted_by.filter(|field| is_chosen || field.name != NAME);
        if let Some(field) = sorted_by.filter(|field| !has(&fields, field.name)) {
            let at = match is_chosen {
                true => before_texts(&fields),
                false => SORTED_AT,
            };
            fields.insert(at, field);
        }
        // A column must have the branches.
        if self.is_tree && !has(&fields, NAME) && !has(&fields, COMMAND) {
            fields.push(named(COMMAND));
        }
        fields
    }

    fn usual(self) -> Vec<&'static Field> {
        let has_room = |from| self.width.is_none_or(|width| width >= from);
        let usual = USUAL.iter().filter(|&&(name, from)| {
            // A tree has no room for names.
            has_room(from) && !(self.is_tree && name == NAME)
        });
        usual.map(|(name, _)| named(name)).collect()
    }

    /// Returns the columns, in order.
    pub(super) fn columns(self) -> Vec<Column> {
        let fields = self.fields();
        let has_name = fields.iter().any(|field| field.name == NAME);
        let branches = match fields.iter().any(|field| field.name == COMMAND) {
            true => COMMAND,
            false => NAME,
        };
        let columns = fields.iter().map(|field| Column {
            field,
            has_branches: field.name == branches,
            stands_for_name: field.name == COMMAND && !has_name,
            max_width: max_width(field, self.width),
        });
        let mut columns: Vec<_> = columns.collect();
        if let Some(last) = columns.last_mut() {
            last.max_width = usize::MAX;
        }
        columns
    }

    /// Returns the groups of fields that the table shows.
    pub(crate) fn collect(self) -> Collect {
        let fields = self.fields().into_iter();
        let groups = fields.filter_map(|field| Collect::named(field.collect?));
        groups.fold(Collect::NONE, Collect::with)
    }
}

fn named(name: &str) -> &'static Field {
    Field::named(name).expect("BUG: a test compares them with the fields")
}

/// Returns the place before name and command line at the end.
fn before_texts(fields: &[&Field]) -> usize {
    let is_other = |field: &&Field| ![NAME, COMMAND].contains(&field.name);
    let last = fields.iter().rposition(is_other);
    last.map_or(0, |last| last + 1)
}

/// Returns the widest column of a field that is not the last one.
fn max_width(field: &Field, line_width: Option<usize>) -> usize {
    match (field.name, field.unit) {
        (NAME, _) => 24,
        (USER, _) if cells::is_narrow(line_width) => 8,
        (USER, _) => 16,
        // Twelve digits, which container runtimes accept.
        (CONTAINER, _) => 13,
        (_, Unit::Arguments) => 40,
        (_, Unit::Text) => 36,
        _ => usize::MAX,
    }
}

/// A column of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) field: &'static Field,
    has_branches: bool,
    stands_for_name: bool,
    /// Widest text that does not shift the columns after it.
    pub(super) max_width: usize,
}

impl Column {
    /// Returns the text for a process, with its style.
    pub(super) fn part(self, line: &Line<'_>, layout: Layout<'_>) -> Part {
        let process = line.process;
        let (unit, value) = cells::shown_value(self.field, process);
        let text = match self.stands_for_name {
            true => what_runs(process, cells::is_narrow(layout.width)),
            false => cells::value(unit, value, layout.now_ms),
        };
        let text = match self.has_branches {
            true => format!("{}{text}", line.branch),
            false => text,
        };
        let is_quiet = line.is_context || process.kernel_thread == Some(true);
        let style = match is_quiet {
            true => color::DIM,
            false if self.field.name == NAME => color::BOLD,
            false => color::of_value(unit, value),
        };
        (style, text)
    }
}

/// Formats the command line, or the name in brackets.
///
/// The name replaces an empty or unknown command line, as in ps(1). Narrow lines omit the folders of the program.
fn what_runs(process: &ProcessInfo, is_narrow: bool) -> String {
    match &process.command {
        Some(command) if !command.is_empty() => match is_narrow {
            true => cells::short_command(command),
            false => cells::command(Some(command)),
        },
        _ if process.name.is_some() => format!("[{}]", cells::name(process)),
        _ => UNKNOWN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::FIELDS;

    use super::*;

    fn names(layout: Layout<'_>) -> Vec<&'static str> {
        let columns = layout.columns();
        columns.iter().map(|column| column.field.name).collect()
    }

    fn layout(columns: &Columns, width: usize, sort: Option<Sort>) -> Layout<'_> {
        Layout {
            width: Some(width),
            is_tree: false,
            sort,
            columns,
            now_ms: 0,
        }
    }

    fn fields(names: &[&str]) -> Vec<&'static Field> {
        let fields = names.iter().map(|name| Field::called(name));
        fields.collect::<Option<_>>().expect("they are fields")
    }

    #[test]
    fn every_usual_column_is_a_field() {
        for (name, _) in USUAL {
            assert!(Field::named(name).is_some(), "{name}");
        }
    }

    #[test]
    fn field_of_each_order_has_a_column_once() {
        let only = Columns::Only(fields(&["pid", "command"]));
        for columns in [&Columns::Usual, &only] {
            for sort in Sort::all() {
                let names = names(layout(columns, 200, Some(sort)));
                let field = sort.field().expect("it is an order");
                let count = names.iter().filter(|name| **name == field.name).count();
                assert_eq!(count, 1, "{sort:?} {names:?}");
                assert!(names.ends_with(&["command"]), "{names:?}");
            }
        }
    }

    #[test]
    fn chosen_columns_keep_their_order_and_added_ones_come_before_name_and_command() {
        let only = Columns::Only(fields(&["unit", "command", "pid"]));
        let mut layout_of_only = layout(&only, 80, None);
        assert_eq!(names(layout_of_only), ["systemd_unit", "command", "pid"]);
        layout_of_only.sort = Some(Sort::CPU);
        let sorted = ["systemd_unit", "command", "pid", "cpu_percent"];
        assert_eq!(names(layout_of_only), sorted);
        let added = Columns::Added(fields(&["threads", "unit", "pid"]));
        let wide = names(layout(&added, 100, None));
        let end = ["status", USER, "threads", "systemd_unit", NAME, COMMAND];
        assert!(wide.ends_with(&end), "{wide:?}");
        // A usual column that has no room is shown if it is requested.
        let user = Columns::Added(fields(&["user"]));
        let narrow = names(layout(&user, 40, None));
        assert_eq!(narrow, ["pid", "cpu_percent", "rss_bytes", USER, COMMAND]);
    }

    #[test]
    fn a_tree_has_a_column_for_its_branches() {
        for (chosen, expected) in [
            (&["pid"][..], &["pid", "command"][..]),
            (&["name", "pid"], &["name", "pid"]),
            (&["name", "command"], &["name", "command"]),
        ] {
            let columns = Columns::Only(fields(chosen));
            let mut layout = layout(&columns, 80, None);
            layout.is_tree = true;
            assert_eq!(names(layout), expected);
            let columns = layout.columns();
            let with_branches = columns.iter().filter(|column| column.has_branches);
            assert_eq!(with_branches.count(), 1);
        }
    }

    #[test]
    fn the_table_collects_what_it_shows() {
        assert!(
            layout(&Columns::Usual, 80, None)
                .collect()
                .contains(Collect::USER)
        );
        assert!(
            !layout(&Columns::Usual, 79, None)
                .collect()
                .contains(Collect::USER)
        );
        for field in FIELDS {
            let columns = Columns::Only(vec![field]);
            let group = field.collect.and_then(Collect::named);
            let collect = layout(&columns, 80, None).collect();
            assert_eq!(collect, group.unwrap_or(Collect::NONE), "{}", field.name);
        }
    }
}
