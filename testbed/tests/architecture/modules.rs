//! No cycles between modules: at every level of a crate, sibling modules can be read one after another. What a module
//! and its own submodules use of each other does not count, nor do tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::root;

/// A module by its path in the crate; the root is empty.
type Module = Vec<String>;

/// Cycles that are allowed, each by a module in it (`crate: module`), with the reason.
const ALLOWED: [(&str, &str); 0] = [];

/// The source folders of the crates.
fn crates() -> Vec<(String, PathBuf)> {
    let services = ["cart-service", "order-service", "sandbox", "testbed", "torture"];
    let mut folders: Vec<PathBuf> = services.iter().map(|name| root().join(name)).collect();
    for entry in fs::read_dir(root().join("common")).expect("a folder") {
        folders.push(entry.expect("an entry").path());
    }
    let name = |folder: &Path| folder.file_name().expect("a name").to_string_lossy().into_owned();
    let with_source = folders.iter().filter(|it| it.join("src").is_dir());
    with_source.map(|it| (name(it), it.join("src"))).collect()
}

/// Every module that is not a test, with its source text.
fn modules(folder: &Path, path: &Module, found: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let file = entry.expect("an entry").path();
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        if name == "tests" || name.ends_with("_tests") {
            continue;
        }
        let child = || path.iter().cloned().chain([name.clone()]).collect::<Module>();
        if file.is_dir() {
            modules(&file, &child(), found);
        } else if file.extension().is_some_and(|it| it == "rs") {
            let module = if ["lib", "main", "mod"].contains(&name.as_str()) {
                path.clone()
            } else {
                child()
            };
            let text = without_tests(&fs::read_to_string(&file).expect("a text"));
            found.entry(module).or_default().push_str(&text);
        }
    }
}

/// The text without comments and without test modules, which begin and end in the first column.
fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let is_test = line == "#[cfg(test)]" && lines.peek().is_some_and(|next| next.starts_with("mod "));
        if is_test && lines.next().is_some_and(|next| next.ends_with('{')) {
            lines.by_ref().find(|line| *line == "}");
        } else if !is_test {
            kept.push_str(line.split("//").next().unwrap_or_default());
            kept.push('\n');
        }
    }
    kept
}

/// The paths that begin with `crate` or `super` in a text, as their parts; each branch of a group is one.
fn paths(text: &str) -> Vec<Vec<String>> {
    let mut tokens: Vec<String> = Vec::new();
    for character in text.chars() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        match tokens.last_mut() {
            Some(last) if is_word(character) && last.chars().all(is_word) => last.push(character),
            Some(last) if character == ':' && last == ":" => last.push(':'),
            _ if character.is_whitespace() => tokens.push(String::new()),
            _ => tokens.push(character.to_string()),
        }
    }
    tokens.retain(|token| !token.is_empty());
    let mut found = Vec::new();
    for start in 0..tokens.len() {
        let begins = ["crate", "super"].contains(&tokens[start].as_str());
        let is_within = start > 0 && (tokens[start - 1] == "::" || tokens[start - 1] == "super");
        if begins && !is_within {
            branches(&tokens, start, Vec::new(), &mut found);
        }
    }
    found
}

/// Follows one path from a token on, into each branch of a group; returns the token after it.
fn branches(tokens: &[String], mut at: usize, mut path: Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    loop {
        if tokens.get(at).is_some_and(|it| it == "{") {
            at += 1;
            while tokens.get(at).is_some_and(|it| it != "}") {
                at = branches(tokens, at, path.clone(), found);
                while tokens.get(at).is_some_and(|it| it != "," && it != "}") {
                    at += 1; // `as NAME`
                }
                at += usize::from(tokens.get(at).is_some_and(|it| it == ","));
            }
            return at + 1;
        }
        path.extend(tokens.get(at).cloned());
        if tokens.get(at + 1).is_none_or(|it| it != "::") {
            found.push(path);
            return at + 1;
        }
        at += 2;
    }
}

/// The module that a path leads to from within `module`.
fn resolve(path: &[String], module: &Module, modules: &BTreeMap<Module, String>) -> Module {
    let ups = path.iter().take_while(|part| *part == "super").count();
    let mut target = match path.first().map(String::as_str) {
        Some("super") => module[..module.len().saturating_sub(ups)].to_vec(),
        _ => Vec::new(),
    };
    for part in &path[ups.max(1)..] {
        target.push(part.clone());
        if !modules.contains_key(&target) {
            target.pop();
            break;
        }
    }
    target
}

/// Which sibling modules use which.
fn uses(modules: &BTreeMap<Module, String>) -> BTreeMap<Module, BTreeSet<Module>> {
    let mut uses: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    for (module, text) in modules {
        for path in paths(text) {
            let target = resolve(&path, module, modules);
            let shared = module.iter().zip(&target).take_while(|(a, b)| a == b).count();
            if shared < module.len() && shared < target.len() {
                let beside = |module: &Module| module[..=shared].to_vec();
                uses.entry(beside(module)).or_default().insert(beside(&target));
            }
        }
    }
    uses
}

/// A cycle from `module` back to itself, if there is one.
fn cycle(module: &Module, uses: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<Module>> {
    let mut ways = vec![vec![module.clone()]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        for next in uses.get(way.last()?).into_iter().flatten() {
            let longer: Vec<Module> = way.iter().chain([next]).cloned().collect();
            if next == module {
                return Some(longer);
            }
            if seen.insert(next.clone()) {
                ways.insert(0, longer);
            }
        }
    }
    None
}

#[test]
fn sibling_modules_have_no_cycles() {
    let mut cycles = BTreeSet::new();
    for (name, folder) in crates() {
        let mut found = BTreeMap::new();
        modules(&folder, &Module::new(), &mut found);
        let uses = uses(&found);
        for module in uses.keys() {
            let Some(way) = cycle(module, &uses) else { continue };
            let way: Vec<String> = way.iter().map(|module| module.join("::")).collect();
            let allowed = |of: &str| ALLOWED.iter().any(|(module, _)| *module == format!("{name}: {of}"));
            // Each cycle once, starting at its first module.
            if way.iter().min() == way.first() && !way.iter().any(|module| allowed(module)) {
                cycles.insert(format!("{name}: {}", way.join(" → ")));
            }
        }
    }
    assert!(cycles.is_empty(), "cycles:\n{}", Vec::from_iter(cycles).join("\n"));
}

#[test]
fn paths_are_found_in_groups_and_resolved_relative_to_their_module() {
    let text = "use crate::{a::{B, c::D as E}, f};\nfn g() -> super::h::I { super::super::j() }\n";
    let found: Vec<String> = paths(text).iter().map(|path| path.join("::")).collect();
    assert_eq!(
        found,
        [
            "crate::a::B",
            "crate::a::c::D",
            "crate::f",
            "super::h::I",
            "super::super::j"
        ]
    );
    let module = |path: &str| path.split("::").map(str::to_owned).collect::<Module>();
    let known = ["a", "a::c", "f", "x", "x::h", "x::y"].map(|path| (module(path), String::new()));
    let known = BTreeMap::from(known);
    let resolved = paths(text)
        .iter()
        .map(|path| resolve(path, &module("x::y"), &known).join("::"))
        .collect::<Vec<_>>();
    assert_eq!(resolved, ["a", "a::c", "f", "x::h", ""]);
}

#[test]
fn a_cycle_is_found_and_tests_are_ignored() {
    let text = "use crate::b;\n#[cfg(test)]\nmod tests {\n    use crate::c;\n}\n// crate::c\n";
    let module = |name: &str| vec![name.to_owned()];
    let mut modules = BTreeMap::from([
        (module("a"), without_tests(text)),
        (module("b"), "use crate::c::D;".to_owned()),
        (module("c"), String::new()),
    ]);
    assert_eq!(cycle(&module("a"), &uses(&modules)), None);
    modules.insert(module("c"), "use super::a::E;".to_owned());
    let found = cycle(&module("a"), &uses(&modules)).expect("a cycle");
    assert_eq!(found, ["a", "b", "c", "a"].map(module));
}
