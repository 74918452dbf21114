//! The option that chooses the columns of the table.

use clap::Args;

use crate::cli::select::{ColumnName, ColumnParser, Columns, Sort};

/// The group of fields that is only read of the processes of `--pid`.
const PSS: &str = "pss";

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ColumnChoice {
    /// Choose columns; +LIST adds some; help lists all
    ///
    /// A LIST has names of fields as in JSON, or their short names, with commas: -o
    /// pid,user,threads,unit,command. After + it adds them to the usual columns: -o +threads,unit.
    /// Each field can be a column; pscan reads what it shows. On a terminal, long texts are cut,
    /// except in the last column.
    #[arg(
        short = 'o',
        long,
        value_name = "LIST",
        value_delimiter = ',',
        value_parser = ColumnParser,
        hide_possible_values = true
    )]
    columns: Vec<ColumnName>,
}

impl ColumnChoice {
    /// Returns whether the list of all columns is requested.
    pub(crate) fn is_help(&self) -> bool {
        self.columns.iter().any(|name| name.field.is_none())
    }

    pub(crate) fn columns(&self) -> Columns {
        Columns::of(&self.columns)
    }

    /// Returns what is wrong with the options together, and what to do.
    ///
    /// `pids`: the processes whose proportional memory is read; `None`: it was read already.
    pub(super) fn conflict(
        &self,
        sort: Option<Sort>,
        is_json: bool,
        pids: Option<&[u32]>,
    ) -> Option<String> {
        if self.is_help() {
            return None;
        }
        if is_json && !self.columns.is_empty() {
            return Some(
                match pids {
                    Some(_) => {
                        "--columns chooses columns of the table; for fields of JSON, use --collect"
                    }
                    None => {
                        "--columns chooses columns of the table; JSON has all that was recorded"
                    }
                }
                .into(),
            );
        }
        let adds_later = self.columns.iter().skip(1).any(|name| name.is_added);
        if adds_later && self.columns.first().is_some_and(|name| !name.is_added) {
            return Some(
                "'+' adds columns to the usual ones, so it belongs before the first name: \
                 -o +threads,unit"
                    .into(),
            );
        }
        let columns = self.columns();
        let mut fields = columns
            .fields()
            .iter()
            .copied()
            .chain(sort.and_then(Sort::field));
        let has_pss = fields.any(|field| field.collect == Some(PSS));
        (has_pss && pids.is_some_and(<[u32]>::is_empty)).then(|| {
            "the column pss needs --pid, because pscan reads the whole memory map of a process \
             for it"
                .into()
        })
    }
}
