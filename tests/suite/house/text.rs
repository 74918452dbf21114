//! Finds the code, links and comments in documents and sources.

/// Returns the code in a text: the parts between backticks, and each line of a block.
pub(super) fn code(text: &str) -> Vec<&str> {
    let mut code = Vec::new();
    let mut is_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if is_block {
            code.push(line);
        } else {
            code.extend(line.split('`').skip(1).step_by(2));
        }
    }
    code
}

/// Returns the links to files of this crate.
pub(super) fn links(text: &str) -> Vec<&str> {
    let targets = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .collect()
}

/// Returns the documentation in a source.
pub(super) fn doc_comments(source: &str) -> String {
    let lines = source.lines().filter_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("///").or(line.strip_prefix("//!"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the comments of a manifest, as a block of code: they have no backticks.
pub(super) fn hash_comments(text: &str) -> String {
    let comments = text.lines().filter_map(|line| line.strip_prefix('#'));
    let comments: Vec<&str> = comments.collect();
    format!("```\n{}\n```", comments.join("\n"))
}

/// Returns a script as a block of code, and its comments as text.
pub(super) fn script(text: &str) -> String {
    let comments = text
        .lines()
        .filter(|line| line.trim_start().starts_with('#'));
    let comments: Vec<&str> = comments.collect();
    format!("```\n{text}\n```\n{}", comments.join("\n"))
}
