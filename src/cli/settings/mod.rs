//! Settings of `pscan serve`: a file of TOML, the environment, and options.

mod address;
mod changed;
mod endpoint;
mod file;
mod group_settings;
mod log_event;
mod one_or_many;
mod otlp_headers;
mod otlp_settings;
mod resource_texts;
mod served;
mod small_file;
mod unquoted;

use process_scanner::{Collect, Config, Error, ErrorClass, Result};
use serde::{Deserialize, Serialize};

pub(crate) use self::address::Address;
pub(crate) use self::changed::{changed, taken_over};
pub(crate) use self::file::{Given, from_environment};
pub(crate) use self::group_settings::{GroupRule, Grouped};
pub(crate) use self::log_event::LogEvent;
pub(crate) use self::otlp_settings::Otlp;
pub(crate) use self::served::Served;
pub(crate) use self::small_file::{Content, read_small_file};

/// All settings.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Those of the scanner.
    pub(crate) scan: Config,
    pub(crate) groups: Grouped,
    pub(crate) serve: Served,
    pub(crate) otlp: Otlp,
    /// Rules of groups, in order.
    #[serde(rename = "group", skip_serializing_if = "Vec::is_empty")]
    pub(crate) rules: Vec<GroupRule>,
}

impl Settings {
    /// Checks what one value alone does not show.
    ///
    /// # Errors
    ///
    /// The first setting that is outside its limits, or that contradicts another.
    pub(crate) fn validate(&self) -> Result<()> {
        self.scan.validate()?;
        self.groups.validate()?;
        self.serve.validate()?;
        self.otlp.validate()?;
        if self.serve.is_closed() && !self.otlp.is_sent() {
            let message = "serve.listen is empty, and metrics go nowhere else";
            return Err(Error::new(ErrorClass::Config, message)
                .with_advice("set an address, serve.textfile, or otlp.endpoint"));
        }
        Ok(())
    }

    /// Returns the number of a rule that matches every process although others follow, from 1.
    pub(crate) fn hiding_rule(&self) -> Option<usize> {
        let before_last = self.rules.len().saturating_sub(1);
        let mut rules = self.rules[..before_last].iter();
        rules.position(GroupRule::matches_all).map(|at| at + 1)
    }

    /// Returns the settings of the scanner, with all fields that the groups need.
    pub(crate) fn config(&self) -> Config {
        let mut config = self.scan.clone();
        config.collect |= self.of_groups() | Grouped::AMOUNTS;
        if self.serve.events || self.serve.processes {
            config.collect |= Served::FILTERED;
        }
        config
    }

    /// Returns the fields that the groups need.
    pub(crate) fn of_groups(&self) -> Collect {
        self.groups.groups(&self.rules).collect()
    }
}
