//! Finds files that import each other in a circle.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;

use super::imports::Imports;

/// Finds circles, each as lines that name file and import.
///
/// If circles share an import, only one of them may be found.
pub(super) fn circles(imports: &Imports) -> Vec<String> {
    let mut left = Imports(imports.0.clone());
    let mut circles = Vec::new();
    while let Some(circle) = shortest(&left) {
        circles.push(in_lines(&left, &circle));
        let (last, first) = (circle.last().expect("a circle has files"), &circle[0]);
        let of_last = left
            .0
            .get_mut(last)
            .expect("the last file imports the first");
        of_last.remove(first);
    }
    circles
}

fn shortest(imports: &Imports) -> Option<Vec<String>> {
    let files = imports.0.keys();
    files
        .filter_map(|file| way_back(imports, file))
        .min_by_key(Vec::len)
}

/// Finds the shortest way over imports from a file to itself.
fn way_back(imports: &Imports, file: &str) -> Option<Vec<String>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = VecDeque::from([file]);
    while let Some(at) = queue.pop_front() {
        for next in imports.0.get(at).into_iter().flat_map(BTreeMap::keys) {
            if next == file {
                let mut way = vec![at];
                while let Some(before) = came_from.get(way[way.len() - 1]) {
                    way.push(before);
                }
                return Some(way.into_iter().rev().map(str::to_owned).collect());
            }
            if !came_from.contains_key(&**next) {
                came_from.insert(next, at);
                queue.push_back(next);
            }
        }
    }
    None
}

fn in_lines(imports: &Imports, circle: &[String]) -> String {
    let mut lines = format!("a circle of {} files:", circle.len());
    for (index, file) in circle.iter().enumerate() {
        let next = &circle[(index + 1) % circle.len()];
        let names: Vec<&str> = imports.0[file][next].iter().map(|name| &**name).collect();
        let names = names.join("`, `");
        write!(lines, "\n  {file} imports `{names}` of {next}")
            .expect("writing to a string succeeds");
    }
    lines
}
