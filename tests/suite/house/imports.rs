//! Finds which file imports which: follows each name to the file that defines it.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::{Child, Item, Module, Use, read};

/// Sources by path, relative to the folder of the crate.
pub(super) type Sources = BTreeMap<String, String>;

/// For each file the files that it imports, and by which names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Imports(pub(super) BTreeMap<String, BTreeMap<String, BTreeSet<String>>>);

impl Imports {
    /// Finds the imports of all files in the crates with these roots.
    pub(super) fn of(sources: &Sources, roots: &[&str]) -> Self {
        let mut imports = Self::default();
        for root in roots {
            let tree = Tree::of(sources, root);
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

/// Returns the files of the crate with this root, without modules for tests.
pub(super) fn files_of(sources: &Sources, root: &str) -> BTreeSet<String> {
    let nodes = Tree::of(sources, root).nodes;
    nodes.into_iter().map(|node| node.file).collect()
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
    /// Whether it is a crate's root or a `mod.rs`: its public imports are only re-exports.
    is_hub: bool,
}

/// The module or item that a path names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Module(usize),
    /// A file that defines the item, or the type it belongs to.
    ItemIn(String),
}

/// Whether a name is the last of its path. Only the last can name a function or another value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Yes,
    No,
}

/// Longest chain of re-exports that is followed; it ends a search in circles.
const MAX_STEPS: usize = 24;

impl<'s> Tree<'s> {
    fn of(sources: &'s Sources, root: &str) -> Self {
        let nodes = Vec::new();
        let mut tree = Self { sources, nodes };
        tree.add_file(root.into(), None, true);
        tree
    }

    fn add_file(&mut self, file: String, parent: Option<usize>, is_hub: bool) -> usize {
        let source = self.sources.get(&file);
        let source = source.unwrap_or_else(|| panic!("{file} is declared but does not exist"));
        let (folder, name) = file.rsplit_once('/').unwrap_or(("", &file));
        let inside = format!("{folder}/{}", name.trim_end_matches(".rs"));
        let places = (
            folder.to_owned(),
            if is_hub { folder.into() } else { inside },
        );
        self.add(read(source), &file, &places, parent, is_hub)
    }

    /// Adds a module and those inside it. `places`: the folders of the file and of its modules.
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
            // `brought_in` follows the names of a `*`.
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

    /// Finds the origin of a name in the code that comes from a re-export or a `*`.
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

    /// Finds the targets of a path in a module; none for a path of another crate.
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
                    // A macro of the module can define the name.
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

    /// Finds the targets of a name in a module; `None` if it has no such name.
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
            // `use name;` imports another crate under its own name.
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

    /// Finds a name among those that a `*` imports.
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
        // Looking for the first name of the path would need this very import.
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

/// Returns the path without `.` and `..`.
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
