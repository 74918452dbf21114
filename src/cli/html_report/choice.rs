//! Chooses the lives of the report, and puts them in the order of their tree.

use std::collections::{HashMap, HashSet};

use super::ranking::Measure;
use crate::cli::history::{Life, LifeId};

/// Lives in a report.
pub(super) const MAX_LIVES: usize = 1000;

/// A life of the report.
pub(super) struct Chosen<'l> {
    pub(super) life: &'l Life,
    /// The place of its parent in the list.
    pub(super) parent: Option<usize>,
}

/// Chooses the lives that matter, each with its ancestors, a parent before its children.
///
/// Those in `forced` come first. Then each [`Measure`] in turn adds its next life, until there are [`MAX_LIVES`].
pub(super) fn choose<'l>(
    lives: impl Iterator<Item = &'l Life>,
    forced: &[LifeId],
    (from_ms, to_ms): (u64, u64),
) -> Vec<Chosen<'l>> {
    let by_id: HashMap<LifeId, &Life> = lives.map(|life| (life.id, life)).collect();
    let mut orders = Measure::ALL.map(|measure| {
        let scored = by_id.values().filter_map(|life| {
            let score = measure.score(life, from_ms, to_ms)?;
            Some((score, life.id))
        });
        let mut scored: Vec<_> = scored.collect();
        scored.sort_unstable_by_key(|(score, id)| (std::cmp::Reverse(*score), *id));
        scored.into_iter().map(|(_, id)| id)
    });
    let mut chosen = HashSet::new();
    for id in forced {
        add(*id, &by_id, &mut chosen);
    }
    let mut is_left = true;
    while is_left && chosen.len() < MAX_LIVES {
        is_left = false;
        for order in &mut orders {
            if let Some(id) = order.find(|id| !chosen.contains(id)) {
                add(id, &by_id, &mut chosen);
                is_left = true;
            }
        }
    }
    in_tree_order(chosen.iter().filter_map(|id| by_id.get(id).copied()))
}

/// Adds a life and its ancestors, if there is room for all of them.
fn add(id: LifeId, by_id: &HashMap<LifeId, &Life>, chosen: &mut HashSet<LifeId>) {
    let mut line = Vec::new();
    let mut next = Some(id);
    while let Some(id) = next
        && let Some(life) = by_id.get(&id)
        && !chosen.contains(&id)
        // Parents that were read at different moments can form a circle.
        && !line.contains(&id)
    {
        line.push(id);
        next = life.parent;
        if chosen.len() + line.len() > MAX_LIVES {
            return;
        }
    }
    chosen.extend(line);
}

/// Puts lives in order of their begin, each before its children.
fn in_tree_order<'l>(lives: impl Iterator<Item = &'l Life>) -> Vec<Chosen<'l>> {
    let mut lives: Vec<&Life> = lives.collect();
    lives.sort_unstable_by_key(|life| (life.begin_ms(), life.id));
    let known: HashSet<LifeId> = lives.iter().map(|life| life.id).collect();
    let mut children: HashMap<LifeId, Vec<&Life>> = HashMap::new();
    let mut roots = Vec::new();
    for life in &lives {
        match life.parent.filter(|parent| known.contains(parent)) {
            Some(parent) => children.entry(parent).or_default().push(life),
            None => roots.push(*life),
        }
    }
    let mut ordered = Vec::with_capacity(lives.len());
    let mut places = HashMap::new();
    // The circles come last: their first life is a root.
    for root in roots.into_iter().chain(lives.iter().copied()) {
        let mut left = vec![(root, None)];
        while let Some((life, parent)) = left.pop() {
            if places.contains_key(&life.id) {
                continue;
            }
            let place = ordered.len();
            places.insert(life.id, place);
            ordered.push(Chosen { life, parent });
            let below = children.get(&life.id).into_iter().flatten().rev();
            left.extend(below.map(|child| (*child, Some(place))));
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use process_scanner::{Batch, Event, ProcessInfo, ProcessKey};

    use super::*;
    use crate::cli::history::LifeFold;

    /// Makes living processes: pid, parent, CPU time in milliseconds.
    fn fold(processes: impl IntoIterator<Item = (u32, u32, f64)>) -> LifeFold {
        let mut fold = LifeFold::default();
        fold.take(
            &Batch::new(
                1,
                1000,
                vec![Event::Existing(ProcessInfo::unknown(ProcessKey {
                    pid: 1,
                    start_time_ms: Some(1),
                }))],
            ),
            1000,
        );
        let events = processes.into_iter().map(|(pid, parent_pid, cpu_ms)| {
            let start_time_ms = Some(1000 + u64::from(pid));
            let mut process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms });
            process.parent_pid = Some(parent_pid);
            process.cpu_time_ms = Some(cpu_ms);
            Event::Created(process)
        });
        let mut batch = Batch::new(2, 5000, events.collect());
        batch.full = false;
        fold.take(&batch, 5000);
        fold
    }

    fn pids(chosen: &[Chosen<'_>]) -> Vec<u32> {
        chosen.iter().map(|one| one.life.pid).collect()
    }

    #[test]
    fn a_parent_comes_before_its_children() {
        let fold = fold([(2, 1, 0.0), (3, 2, 5.0), (4, 1, 0.0), (5, 3, 0.0)]);
        let chosen = choose(fold.living(), &[], (1000, 5000));
        assert_eq!(pids(&chosen), [1, 2, 3, 5, 4]);
        let parents: Vec<_> = chosen.iter().map(|one| one.parent).collect();
        assert_eq!(parents, [None, Some(0), Some(1), Some(2), Some(0)]);
    }

    #[test]
    fn the_limit_includes_ancestors() {
        // The only one with CPU time is the youngest, below 500 ancestors.
        let chain = (2..502).map(|pid| (pid, pid - 1, 0.0));
        let others = (1000..3000).map(|pid| (pid, 1, 0.0));
        let fold = fold(chain.chain([(502, 501, 9.0)]).chain(others));
        let chosen = choose(fold.living(), &[], (1000, 5000));
        assert_eq!(chosen.len(), MAX_LIVES);
        let pids = pids(&chosen);
        assert!((1..=502).all(|pid| pids.contains(&pid)));
        for one in &chosen[1..] {
            assert!(one.parent.is_some());
        }
    }

    #[test]
    fn parents_in_a_circle_are_listed_once() {
        // Both start within the tolerance of start times.
        let fold = fold([(2, 3, 0.0), (3, 2, 0.0), (4, 3, 0.0)]);
        let chosen = choose(fold.living(), &[], (1000, 5000));
        let mut all = pids(&chosen);
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3, 4]);
        assert!(
            chosen
                .iter()
                .enumerate()
                .all(|(place, one)| one.parent.is_none_or(|p| p < place))
        );
    }
}
