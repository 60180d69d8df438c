//! The house rules that a compiler does not hold: who imports whom, where each package lives, how long a file may be.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// All files below `folder` that end in `.extension`.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folders of the project can be read").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if name != "target" && name != ".git" && name != "oracle" {
                found.extend(files(&path, extension));
            }
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The path inside the project, with slashes.
fn name(path: &Path) -> String {
    path.strip_prefix(root()).expect("it was found below the root").display().to_string()
}

/// The room a source file belongs to: the first part of its path below `src/`.
fn room(path: &Path) -> String {
    let below = path.strip_prefix(root().join("src")).expect("it was found below src");
    let first = below.components().next().expect("a file has a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The part of a source file that is no test: nothing, where the whole file, or a folder it is in, is declared as one.
fn program(path: &Path) -> String {
    if path.ancestors().take_while(|part| *part != root()).any(is_declared_as_test) {
        return String::new();
    }
    // What follows a test module declared in one line is program again.
    let source = read(path).replace("#[cfg(test)]\nmod tests;", "");
    source.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned()
}

/// The module above says `#[cfg(test)]` of this file or folder.
fn is_declared_as_test(path: &Path) -> bool {
    let (Some(stem), Some(folder)) = (path.file_stem(), path.parent()) else { return false };
    let declaration = format!("#[cfg(test)]\nmod {};", stem.to_string_lossy());
    let parents = [folder.join("mod.rs"), folder.with_extension("rs")];
    parents.iter().any(|parent| fs::read_to_string(parent).is_ok_and(|text| text.contains(&declaration)))
}

/// What each room may import of ours: the table in `src/lib.rs`.
fn may_import(room: &str) -> &'static [&'static str] {
    match room {
        "domain" => &[],
        "password" | "seal" | "store" | "clock" | "random" | "ui" | "config" | "telemetry" => &["domain"],
        "authority" => &["seal", "password", "store", "domain"],
        "command" => &["authority", "password", "domain"],
        "python" => &["command", "authority", "domain"],
        "shell" => &["python", "command", "authority", "domain", "ui"],
        "http" => &["authority", "domain", "telemetry"],
        other => panic!("no rule for the room {other}: add it to src/lib.rs and here"),
    }
}

/// The rooms that `source` names after `crate::`, groups in braces included.
fn imported(source: &str) -> BTreeSet<String> {
    let code: String =
        source.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
    let first = |path: &str| {
        let path = path.trim_start();
        path.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default().to_owned()
    };
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            found.insert(first(rest));
            continue;
        };
        let mut depth = 0;
        let mut start = 0;
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    found.insert(first(&group[start..at]));
                    start = at + 1;
                    if c == '}' {
                        break;
                    }
                }
                _ => {}
            }
        }
    }
    found
}

#[test]
fn imports_run_one_way() {
    let source_folder = root().join("src");
    let mut wrong = Vec::new();
    for path in files(&source_folder, "rs") {
        let room = room(&path);
        if room == "bin" || room == "lib" {
            continue;
        }
        for target in imported(&program(&path)) {
            let ours = !target.is_empty()
                && (source_folder.join(&target).is_dir() || source_folder.join(format!("{target}.rs")).is_file());
            if ours && target != room && !may_import(&room).contains(&target.as_str()) {
                wrong.push(format!("{}: {room} may not import {target}", name(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn imports_are_read_from_groups_as_well() {
    let source = "use crate::{a::{b, c}, d};\nuse crate::e::f; // crate::no\nlet x = crate::g::h(1);";
    let found: Vec<String> = imported(source).into_iter().collect();
    assert_eq!(found, ["a", "d", "e", "g"]);
}

/// Where each named package may appear.
const HOMES: [(&str, &[&str]); 13] = [
    ("rustyline", &["src/shell/"]),
    ("sled", &["src/store/local/", "src/store/local.rs"]),
    ("hyper", &["src/http/", "src/http.rs"]),
    ("hyper_util", &["src/http/", "src/http.rs"]),
    ("rustpython_vm", &["src/python/"]),
    ("rustpython_stdlib", &["src/python/"]),
    ("rustpython_sre_engine", &["src/python/"]),
    ("rustpython_pylib", &["src/python/"]),
    ("comfy_table", &["src/shell/render.rs", "src/shell/render/"]),
    ("colored", &["src/ui.rs", "src/ui/"]),
    ("rand", &["src/random.rs"]),
    ("hex", &["src/domain/key.rs"]),
    ("anyhow", &["src/bin/"]),
];

#[test]
fn each_named_package_lives_in_one_place() {
    let mut wrong = Vec::new();
    for path in files(&root().join("src"), "rs") {
        let source = program(&path);
        let place = name(&path);
        for (package, homes) in HOMES {
            let used = source.lines().any(|line| {
                let code = line.split("//").next().unwrap_or_default();
                let starts = code.match_indices(&format!("{package}::")).any(|(at, _)| {
                    !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':')
                });
                starts || code.trim_start().starts_with(&format!("use {package};"))
            });
            if used && !homes.iter().any(|home| place.starts_with(home)) {
                wrong.push(format!("{place} uses {package}, whose place is {}", homes.join(" or ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Files that wait to be split, and how long they may be until then. A number only falls, a line only goes.
const WAITING: [(&str, usize); 8] = [
    ("src/python/bridge/compile.rs", 500),
    ("src/python/bridge/query.rs", 490),
    ("src/python/engine/streams.rs", 500),
    ("src/python/engine/syntax/words.rs", 600),
    ("src/python/prelude/django/db/models/base.py", 330),
    ("src/python/prelude/django/db/models/fields/__init__.py", 420),
    ("src/python/prelude/django/db/models/query.py", 370),
    ("src/python/prelude/os.py", 460),
];

#[test]
fn no_file_is_too_long_to_read() {
    let mut wrong = Vec::new();
    for (folder, extension, most) in [("src", "rs", 420), ("src", "py", 300), ("tests", "rs", 450)] {
        for path in files(&root().join(folder), extension) {
            let text = if extension == "rs" { program(&path) } else { read(&path) };
            let (name, lines) = (name(&path), text.lines().count());
            let most = WAITING.iter().find(|(waiting, _)| *waiting == name).map_or(most, |(_, lines)| *lines);
            if lines > most {
                wrong.push(format!("{name}: {lines} lines"));
            }
        }
    }
    assert!(wrong.is_empty(), "split by idea:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_ui_prints_and_nothing_unwraps_or_sleeps() {
    let mut wrong = Vec::new();
    let everything = [files(&root().join("src"), "rs"), files(&root().join("tests"), "rs")].concat();
    for path in everything {
        let place = name(&path);
        let is_test = place.starts_with("tests/");
        let code = if is_test { read(&path) } else { program(&path) };
        for (at, line) in code.lines().enumerate() {
            let line = line.split("//").next().unwrap_or_default();
            let mut forbid = |what: &str, why: &str| {
                if line.contains(what) && !line.contains('"') {
                    wrong.push(format!("{place}:{}: {why}", at + 1));
                }
            };
            if !is_test {
                forbid(".unwrap()", "expect says which invariant holds");
            }
            // The pause between two looks at a fact stands in the helpers that wait for facts, nowhere else.
            if is_test && !place.contains("support") {
                forbid("thread::sleep", "wait for a fact instead");
            }
            forbid("#[ignore", "a test that does not run is none");
            forbid("unsafe {", "no unsafe code");
        }
        let prints = ["println!(", "eprintln!(", "print!(", "eprint!("];
        let printing = code.lines().any(|line| {
            let line = line.split("//").next().unwrap_or_default().trim_start();
            prints.iter().any(|print| line.starts_with(print))
        });
        if printing
            && !["src/ui.rs", "tests/parity/judge.rs", "tests/support/mod.rs"].contains(&place.as_str())
            && !place.starts_with("src/ui/")
        {
            wrong.push(format!("{place} prints by itself"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The names and versions of the packages in the lock file.
fn locked() -> Vec<(String, String)> {
    let lock: toml::Table = read(&root().join("Cargo.lock")).parse().expect("the lock file is TOML");
    let text = |package: &toml::Value, field: &str| package[field].as_str().expect("it is a string").to_owned();
    let packages = lock["package"].as_array().expect("a lock file lists packages");
    packages.iter().map(|package| (text(package, "name"), text(package, "version"))).collect()
}

#[test]
fn dependencies_stay_within_their_budget() {
    // The Python engine alone brings about 230; every further package is weighed in docs/dependencies.md.
    let count = locked().len();
    assert!(count <= 480, "{count} packages in Cargo.lock: remove one before adding one");
}

#[test]
fn the_lock_file_has_one_big_integer() {
    // A fresh resolve takes two, which do not compile together; only the lock file cures it (docs/dependencies.md).
    let versions: Vec<String> =
        locked().into_iter().filter(|(name, _)| name == "malachite-bigint").map(|(_, version)| version).collect();
    assert_eq!(versions.len(), 1, "cargo update -p malachite-bigint@0.14.0 --precise 0.9.2 is needed: {versions:?}");
}

/// Every package of the tree with its features, as cargo resolves it for this machine along `edges`.
fn features(edges: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let args = ["tree", "--locked", "--offline", "--edges", edges, "--prefix", "none", "--format", "{p} {f}"];
    let output = std::process::Command::new(cargo).args(args).current_dir(root()).output().expect("cargo can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(|line| line.replace(" (*)", "")).collect()
}

#[test]
fn running_and_testing_share_one_build() {
    let (program, tests) = (features("normal,build"), features("normal,build,dev"));
    let other: Vec<&String> = program.difference(&tests).collect();
    assert!(other.is_empty(), "the tests' dependencies change the features of these (see Cargo.toml): {other:#?}");
}

#[test]
fn every_direct_dependency_is_explained() {
    let manifest: toml::Table = read(&root().join("Cargo.toml")).parse().expect("the manifest is TOML");
    let page = read(&root().join("docs/dependencies.md"));
    let named: BTreeSet<&str> = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()).collect();
    let sections = ["dependencies", "dev-dependencies"];
    let direct = sections.iter().flat_map(|section| manifest[*section].as_table().expect("it is a table").keys());
    let missing: Vec<&String> = direct.filter(|name| !named.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "no row in docs/dependencies.md for {missing:?}");
}

#[test]
fn links_within_the_project_lead_somewhere() {
    let mut wrong = Vec::new();
    for path in files(root(), "md") {
        let text = read(&path);
        let folder = path.parent().expect("a file lies in a folder");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let outside = target.contains("://") || target.starts_with("mailto:") || file.is_empty();
            if !outside && !file.contains(' ') && !folder.join(file).exists() {
                wrong.push(format!("{}: {target}", name(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
