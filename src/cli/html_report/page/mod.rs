//! The files of the page: the template, its style, and its scripts.

mod vendor;

/// The page with placeholders in double braces.
pub(super) const TEMPLATE: &str = include_str!("report.html");

/// Returns the chart library.
pub(super) fn library() -> String {
    unix_lines(vendor::SCRIPT)
}

/// The scripts in the order of `scripts`, which a test compares.
const SCRIPTS: &[&str] = &[
    include_str!("dom.js"),
    include_str!("text.js"),
    include_str!("format.js"),
    include_str!("time.js"),
    include_str!("data.js"),
    include_str!("state.js"),
    include_str!("theme.js"),
    include_str!("curve.js"),
    include_str!("card.js"),
    include_str!("summary.js"),
    include_str!("filter.js"),
    include_str!("range.js"),
    include_str!("chart.js"),
    include_str!("charts.js"),
    include_str!("lives_rows.js"),
    include_str!("lives_paint.js"),
    include_str!("lives.js"),
    include_str!("table.js"),
    include_str!("moment.js"),
    include_str!("programs.js"),
    include_str!("print.js"),
    include_str!("main.js"),
];

/// Returns the style of the page.
pub(super) fn style() -> String {
    unix_lines(&[vendor::STYLE, include_str!("report.css")].join("\n"))
}

/// Returns the scripts of the page as one, which adds no name to those of the library.
pub(super) fn script() -> String {
    let begin = "(() => {\n\"use strict\";\n";
    unix_lines(&[begin, &SCRIPTS.join("\n"), "})();\n"].concat())
}

/// Ends lines as browsers do before they hash a text. git can have changed the ends.
fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_those_of_the_list() {
        let listed = include_str!("scripts").lines();
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/html_report/page");
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let listed: Vec<String> = listed.map(read).collect();
        assert_eq!(SCRIPTS, listed);
    }

    #[test]
    fn assets_are_small() {
        let parts = [TEMPLATE, &library(), &style(), &script()];
        let bytes: usize = parts.iter().map(|part| part.len()).sum();
        assert!(bytes < 700_000, "{bytes}");
        // A text that ends a script or a style would end it in the page too.
        assert!(!script().contains("</script") && !library().contains("</script"));
        assert!(!style().contains("</style"));
    }
}
