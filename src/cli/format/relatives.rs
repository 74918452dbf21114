//! Formats the parents and the children of a process.

use std::collections::HashMap;

use process_scanner::{ProcessInfo, escape};

use super::cells::UNKNOWN;
use crate::cli::terminal;

/// Widest name; other programs choose their names.
const MAX_NAME_WIDTH: usize = 24;

/// Most children that are listed one by one.
const MAX_CHILDREN: usize = 8;

/// Most names of children that are counted.
const MAX_NAMES: usize = 10;

/// Most parents that are listed: the nearest, and the first of all.
const MAX_PARENTS: usize = 10;

/// Returns the pid and the name of a process.
pub(crate) fn label(process: &ProcessInfo) -> String {
    format!("{} {}", process.pid, name(process))
}

fn name(process: &ProcessInfo) -> String {
    let name = process.full_name().unwrap_or(UNKNOWN);
    let name = if name.is_empty() { "\"\"" } else { name };
    let name = escape(name);
    match terminal::width(&name) > MAX_NAME_WIDTH {
        true => format!("{}…", terminal::cut(&name, Some(MAX_NAME_WIDTH - 1))),
        false => name.into_owned(),
    }
}

/// Formats the parents, the nearest first.
pub(super) fn parents(process: &ProcessInfo, parents: &[&ProcessInfo]) -> String {
    let Some((root, nearest)) = parents.split_last() else {
        let unseen = process.parent_pid.map(|pid| format!("{pid} {UNKNOWN}"));
        return unseen.unwrap_or_else(|| "none".to_owned());
    };
    let mut texts: Vec<_> = nearest.iter().map(|parent| label(parent)).collect();
    let left_out = texts.len().saturating_sub(MAX_PARENTS - 1);
    if left_out > 0 {
        texts.truncate(MAX_PARENTS - 1);
        texts.push(format!("{left_out} more"));
    }
    texts.push(label(root));
    texts.join(", ")
}

/// Formats the children, or the number of each name if there are many.
pub(super) fn children(children: &[&ProcessInfo]) -> String {
    let count = children.len();
    if count <= MAX_CHILDREN {
        let texts: Vec<_> = children.iter().map(|child| label(child)).collect();
        return match &texts[..] {
            [] => "none".to_owned(),
            [one] => one.clone(),
            texts => format!("{count}: {}", texts.join(", ")),
        };
    }
    let mut counts: HashMap<String, usize> = HashMap::new();
    for child in children {
        *counts.entry(name(child)).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|(a, of_a), (b, of_b)| of_b.cmp(of_a).then_with(|| a.cmp(b)));
    let others = counts.len().saturating_sub(MAX_NAMES);
    counts.truncate(MAX_NAMES);
    let texts = counts
        .iter()
        .map(|(name, count)| format!("{count} of {name}"));
    let mut texts: Vec<_> = texts.collect();
    if others > 0 {
        texts.push(format!("{others} other names"));
    }
    format!("{count}: {}", texts.join(", "))
}

#[cfg(test)]
mod tests {
    use process_scanner::ProcessKey;

    use super::*;

    fn process(pid: u32, name: Option<&str>) -> ProcessInfo {
        let start_time_ms = None;
        let mut process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms });
        process.name = name.map(Into::into);
        process
    }

    #[test]
    fn few_children_are_listed_and_many_are_counted() {
        let sh: Vec<_> = (10..13).map(|pid| process(pid, Some("sh"))).collect();
        let wicked = process(9, Some("a\n\x1b[2J, of a length that no column has"));
        let few: Vec<_> = sh.iter().chain([&wicked]).collect();
        assert_eq!(children(&[]), "none");
        assert_eq!(children(&few[..1]), "10 sh");
        let cut = "9 a\\n\\x1b[2J, of a length…";
        assert_eq!(children(&few), format!("4: 10 sh, 11 sh, 12 sh, {cut}"));
        let many: Vec<_> = (0..300)
            .map(|pid| process(pid, if pid < 7 { None } else { Some("nginx") }))
            .collect();
        let many: Vec<_> = many.iter().collect();
        assert_eq!(children(&many), "300: 293 of nginx, 7 of -");
        let names: Vec<_> = (0..30)
            .map(|pid| process(pid, Some(&format!("p{pid:02}"))))
            .collect();
        let names: Vec<_> = names.iter().collect();
        assert!(children(&names).ends_with(", 1 of p09, 20 other names"));
    }

    #[test]
    fn long_lines_of_parents_keep_the_nearest_and_the_first() {
        let all: Vec<_> = (1..=30).rev().map(|pid| process(pid, Some("sh"))).collect();
        let all: Vec<_> = all.iter().collect();
        let mut child = process(31, None);
        assert_eq!(parents(&child, &[]), "none");
        child.parent_pid = Some(30);
        assert_eq!(parents(&child, &[]), "30 -");
        assert_eq!(parents(&child, &all[28..]), "2 sh, 1 sh");
        let text = parents(&child, &all);
        assert!(text.starts_with("30 sh, 29 sh, "), "{text}");
        assert!(text.ends_with("22 sh, 20 more, 1 sh"), "{text}");
    }
}
