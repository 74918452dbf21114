//! Which file imports which: every name is followed to the file that defines it.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::{Child, Item, Module, Use, read};

/// Sources by path, from the folder of the crate on.
pub(super) type Sources = BTreeMap<String, String>;

/// What files import: of which file, and by which names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Imports(pub(super) BTreeMap<String, BTreeMap<String, BTreeSet<String>>>);

impl Imports {
    /// Those of the files that belong to the crates with these roots.
    pub(super) fn of(sources: &Sources, roots: &[&str]) -> Self {
        let mut imports = Self::default();
        for root in roots {
            let mut tree = Tree {
                sources,
                nodes: Vec::new(),
            };
            tree.add_file((*root).into(), None, true);
            for node in 0..tree.nodes.len() {
                tree.imports_of(node, &mut imports);
            }
        }
        imports
    }

    fn add(&mut self, from: &str, to: &str, name: String) {
        if from != to {
            let of = self.0.entry(from.into()).or_default();
            of.entry(to.into()).or_default().insert(name);
        }
    }
}

/// The modules of one crate. The first is its root.
struct Tree<'s> {
    sources: &'s Sources,
    nodes: Vec<Node>,
}

struct Node {
    file: String,
    parent: Option<usize>,
    children: Vec<(String, usize)>,
    module: Module,
    /// It is a crate's root or a `mod.rs`, whose public imports are re-exports and no more.
    is_hub: bool,
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Module(usize),
    /// An item, or what an item has.
    ItemIn(String),
}

/// Whether a name is the last of its path. If not, it is none of a function or another value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Yes,
    No,
}

/// No chain of re-exports is as long.
const MAX_STEPS: usize = 24;

impl Tree<'_> {
    fn add_file(&mut self, file: String, parent: Option<usize>, is_hub: bool) -> usize {
        let source = self.sources.get(&file);
        let source = source.unwrap_or_else(|| panic!("{file} is declared and not there"));
        let (folder, name) = file.rsplit_once('/').unwrap_or(("", &file));
        let inside = format!("{folder}/{}", name.trim_end_matches(".rs"));
        let places = (
            folder.to_owned(),
            if is_hub { folder.into() } else { inside },
        );
        self.add(read(source), &file, &places, parent, is_hub)
    }

    /// `places`: the folder of the file, and the one that its modules are in.
    fn add(
        &mut self,
        mut module: Module,
        file: &str,
        places: &(String, String),
        parent: Option<usize>,
        is_hub: bool,
    ) -> usize {
        let node = self.nodes.len();
        let children = std::mem::take(&mut module.children);
        self.nodes.push(Node {
            file: file.into(),
            parent,
            children: Vec::new(),
            module,
            is_hub,
        });
        for (name, child) in children {
            let inside = format!("{}/{name}", places.1);
            let child = match child {
                Child::Inline(module) => {
                    let places = (places.0.clone(), inside);
                    self.add(module, file, &places, Some(node), false)
                }
                Child::File(Some(path)) => {
                    let path = normal(&format!("{}/{path}", places.0));
                    self.add_file(path, Some(node), true)
                }
                Child::File(None) => {
                    let own = format!("{inside}.rs");
                    match self.sources.contains_key(&own) {
                        true => self.add_file(own, Some(node), false),
                        false => self.add_file(format!("{inside}/mod.rs"), Some(node), true),
                    }
                }
            };
            self.nodes[node].children.push((name, child));
        }
        node
    }

    fn imports_of(&self, node: usize, imports: &mut Imports) {
        let Node { file, module, .. } = &self.nodes[node];
        let mut add = |path: &[String], targets: Vec<Target>| {
            for target in targets {
                if let Target::ItemIn(other) = target {
                    imports.add(file, &other, path.join("::"));
                }
            }
        };
        for import in &module.uses {
            // All names at once are followed where they are used.
            if import.name.is_some() && !self.is_re_export(node, import) {
                add(&import.path, self.resolve(node, &import.path, Last::Yes, 0));
            }
        }
        for path in &module.paths {
            match &path[..] {
                [name] => add(path, self.brought_in(node, name)),
                _ => add(path, self.resolve(node, path, Last::Yes, 0)),
            }
        }
    }

    fn is_re_export(&self, node: usize, import: &Use) -> bool {
        self.nodes[node].is_hub && import.is_public
    }

    /// Where a name of its code is from, if no other import counts for it: re-exported, or one of all
    /// names of a module.
    fn brought_in(&self, node: usize, name: &str) -> Vec<Target> {
        let module = &self.nodes[node].module;
        if module.items.iter().any(|item| item.name == name) {
            return Vec::new();
        }
        let uses = module.uses.iter().filter(|import| {
            import.name.is_none()
                || self.is_re_export(node, import) && import.name.as_deref() == Some(name)
        });
        uses.flat_map(|import| match import.name {
            Some(_) => self.resolve(node, &import.path, Last::Yes, 0),
            None => self
                .in_all(node, &import.path, name, Last::Yes, 0)
                .unwrap_or_default(),
        })
        .collect()
    }

    /// What a path leads to from within a module; nothing for what is of another crate.
    fn resolve(&self, node: usize, path: &[String], last: Last, steps: usize) -> Vec<Target> {
        if steps > MAX_STEPS {
            return Vec::new();
        }
        let (first, rest) = path.split_first().expect("a path has a name");
        let last_of = |left: usize| if left == 0 { last } else { Last::No };
        let mut targets = match &**first {
            "crate" => vec![Target::Module(0)],
            "self" => vec![Target::Module(node)],
            "super" => self.parent(node),
            name => self
                .look_up(node, name, last_of(rest.len()), steps)
                .unwrap_or_default(),
        };
        for (index, name) in rest.iter().enumerate() {
            let last = last_of(rest.len() - index - 1);
            let next = |target: &Target| match target {
                Target::ItemIn(_) => vec![target.clone()],
                Target::Module(module) if name == "super" => self.parent(*module),
                Target::Module(module) => {
                    let found = self.look_up(*module, name, last, steps);
                    // What a macro defines is where the module is.
                    found.unwrap_or_else(|| vec![Target::ItemIn(self.nodes[*module].file.clone())])
                }
            };
            let found: BTreeSet<Target> = targets.iter().flat_map(next).collect();
            targets = found.into_iter().collect();
        }
        targets
    }

    fn parent(&self, node: usize) -> Vec<Target> {
        let parent = self.nodes[node].parent;
        parent.map(Target::Module).into_iter().collect()
    }

    /// What a module means by a name; `None` where it has no such name.
    fn look_up(&self, node: usize, name: &str, last: Last, steps: usize) -> Option<Vec<Target>> {
        let Node {
            module, children, ..
        } = &self.nodes[node];
        let mut found = Vec::new();
        let mut is_found = false;
        for (child, index) in children {
            if child == name {
                is_found = true;
                found.push(Target::Module(*index));
            }
        }
        let is_it = |item: &Item| item.name == name && (item.is_type || last == Last::Yes);
        if module.items.iter().any(is_it) {
            is_found = true;
            found.push(Target::ItemIn(self.nodes[node].file.clone()));
        }
        for import in &module.uses {
            // `use name::…` of another crate brings in what it is called by.
            let is_itself = import.path.len() == 1 && import.path[0] == name;
            if import.name.as_deref() == Some(name) && !is_itself {
                is_found = true;
                found.extend(self.resolve(node, &import.path, last, steps + 1));
            }
        }
        if is_found {
            return Some(found);
        }
        let all = module.uses.iter().filter(|import| import.name.is_none());
        all.filter_map(|import| self.in_all(node, &import.path, name, last, steps))
            .next()
    }

    /// A name among all those of a module that are brought in at once.
    fn in_all(
        &self,
        node: usize,
        path: &[String],
        name: &str,
        last: Last,
        steps: usize,
    ) -> Option<Vec<Target>> {
        if steps > MAX_STEPS {
            return None;
        }
        let first = path.first()?;
        // The module could look for its first name in itself for ever.
        if first == name {
            return None;
        }
        self.resolve(node, path, Last::No, steps + 1)
            .into_iter()
            .filter_map(|target| match target {
                Target::Module(module) => self.look_up(module, name, last, steps + 1),
                Target::ItemIn(_) => None,
            })
            .next()
    }
}

/// A path without `..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}
