//! Renames as text: `column "public"."posts"."title" to "headline"`, or shorter `column posts.title to headline`.
//!
//! Invariant: `parse(write(r)) == r` for every rename of an object that has an identity; others have no text. Names
//! without quotes reach to the next dot, blank or `=`. A function is named without its arguments: its overloads go along.

use super::Rename;
use crate::dialect::Dialect;
use crate::model::{ObjectKey, ObjectKind, ObjectName};

/// A rename as somebody wrote it: whose namespaces and kind may still be open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The first word, if there was one: `table`, `column`, `value`, ….
    pub kind: Option<String>,
    /// The parts of the name before.
    pub from: Vec<String>,
    /// The parts of the name after; empty: only an object was named.
    pub to: Vec<String>,
}

/// The words for objects by themselves, and what they mean.
const WHOLE: [(&str, ObjectKind); 11] = [
    ("table", ObjectKind::Table),
    ("view", ObjectKind::View),
    ("enum", ObjectKind::Enum),
    ("domain", ObjectKind::Domain),
    ("composite", ObjectKind::Composite),
    ("range", ObjectKind::Range),
    ("sequence", ObjectKind::Sequence),
    ("routine", ObjectKind::Routine),
    ("function", ObjectKind::Routine),
    ("procedure", ObjectKind::Routine),
    ("aggregate", ObjectKind::Routine),
];

/// The words for what is inside an object.
const INSIDE: [(&str, ObjectKind); 10] = [
    ("column", ObjectKind::Column),
    ("value", ObjectKind::Enum),
    ("index", ObjectKind::Index),
    ("unique", ObjectKind::Unique),
    ("check", ObjectKind::Check),
    ("foreign_key", ObjectKind::ForeignKey),
    ("primary_key", ObjectKind::PrimaryKey),
    ("exclusion", ObjectKind::Exclusion),
    ("trigger", ObjectKind::Trigger),
    ("policy", ObjectKind::Policy),
];

/// The kinds that a word of several meanings may mean.
fn several(word: &str) -> &'static [&'static str] {
    match word {
        "type" => &["enum", "domain", "composite", "range"],
        "constraint" => &["unique", "check", "foreign_key", "primary_key", "exclusion"],
        _ => &[],
    }
}

/// The kinds of objects that a word names, and whether it names something inside an object.
pub fn kinds(word: &str) -> Vec<(ObjectKind, bool)> {
    let found = |list: &[(&str, ObjectKind)], inside: bool| {
        let same = list.iter().find(|(known, _)| *known == word);
        same.map(|(_, kind)| (*kind, inside))
    };
    match found(&WHOLE, false).or_else(|| found(&INSIDE, true)) {
        Some(kind) => vec![kind],
        None => several(word).iter().flat_map(|word| kinds(word)).collect(),
    }
}

/// The text of a rename; `None` for objects that have no identity.
pub fn write(rename: &Rename) -> Option<String> {
    let from = &rename.from;
    let whole = [&from.name.namespace, &from.name.name];
    let member = [&from.name.namespace, &from.name.name, &from.member];
    let is_inside = !from.member.is_empty() && from.kind != ObjectKind::Routine;
    let (list, parts) = if is_inside { (&INSIDE[..], &member[..]) } else { (&WHOLE[..], &whole[..]) };
    let (word, _) = list.iter().find(|(_, kind)| *kind == from.kind)?;
    Some(format!("{word} {} to {}", quoted(parts), quoted(&[&rename.to.namespace, &rename.to.name])))
}

fn quoted(parts: &[&String]) -> String {
    let quote = |part: &&String| format!("\"{}\"", part.replace('"', "\"\""));
    let named: Vec<String> = parts.iter().skip_while(|part| part.is_empty()).map(quote).collect();
    named.join(".")
}

/// Reads what [`write`] wrote.
pub fn parse(text: &str) -> Option<Rename> {
    match parse_any(text).as_slice() {
        [rename] => Some(rename.clone()),
        _ => None,
    }
}

/// Reads a rename whose word may mean several kinds (`type`, `constraint`): one for each. None: it is no rename.
pub fn parse_any(text: &str) -> Vec<Rename> {
    let Some(written) = read(text) else { return Vec::new() };
    let name = |parts: &[String]| match parts {
        [name] => Some(ObjectName::bare(name.as_str())),
        [namespace, name] => Some(ObjectName::new(namespace.as_str(), name.as_str())),
        _ => None,
    };
    let one = |(kind, inside): (ObjectKind, bool)| {
        let from = match (inside, written.from.as_slice()) {
            (true, [owner @ .., member]) => ObjectKey::member(kind, &name(owner)?, member),
            (_, parts) => ObjectKey::of(kind, &name(parts)?),
        };
        Some(Rename { from, to: name(&written.to)? })
    };
    kinds(written.kind.as_deref().unwrap_or_default()).into_iter().filter_map(one).collect()
}

/// The rename with the dialect's namespace where none was written. A unique constraint of MariaDB is an index.
pub fn qualified(dialect: Dialect, mut rename: Rename) -> Rename {
    if dialect == Dialect::Mysql && rename.from.kind == ObjectKind::Unique {
        rename.from.kind = ObjectKind::Index;
    }
    let fill = |name: &mut ObjectName| {
        if name.namespace.is_empty() {
            name.namespace = dialect.default_namespace().to_string();
        }
    };
    fill(&mut rename.from.name);
    if rename.from.member.is_empty() {
        if rename.to.namespace.is_empty() {
            rename.to.namespace.clone_from(&rename.from.name.namespace);
        }
    } else {
        rename.to.namespace.clear();
    }
    rename
}

/// Reads `[KIND] NAME`, `[KIND] NAME to NAME` and `[KIND] NAME=NAME`.
pub fn read(text: &str) -> Option<Written> {
    let text = text.trim();
    let (kind, rest) = match text.split_once(char::is_whitespace) {
        Some((word, rest)) if is_kind(word) && !rest.trim_start().starts_with("to ") => (Some(word), rest.trim_start()),
        _ => (None, text),
    };
    let (from, rest) = names(rest)?;
    let rest = rest.trim();
    let to = match rest.strip_prefix('=').or_else(|| rest.strip_prefix("to ")) {
        Some(rest) => {
            let (to, rest) = names(rest.trim())?;
            rest.trim().is_empty().then_some(to)?
        }
        None if rest.is_empty() => Vec::new(),
        None => return None,
    };
    Some(Written { kind: kind.map(str::to_string), from, to })
}

fn is_kind(word: &str) -> bool {
    !kinds(word).is_empty()
}

/// Names with dots between, and what follows them.
fn names(text: &str) -> Option<(Vec<String>, &str)> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = one(rest)?;
        parts.push(part);
        match after.strip_prefix('.') {
            Some(after) => rest = after,
            None => return Some((parts, after)),
        }
    }
}

fn one(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find(|c: char| c == '.' || c == '=' || c.is_whitespace()).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_string(), &text[end..]));
    };
    let mut part = String::new();
    loop {
        let (before, after) = rest.split_once('"')?;
        part.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                part.push('"');
                rest = after;
            }
            None => return Some((part, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_renames_read_back() {
        let posts = ObjectName::new("public", "po\"sts");
        for rename in [
            Rename { from: ObjectKey::of(ObjectKind::Table, &posts), to: ObjectName::new("app", "a b") },
            Rename { from: ObjectKey::member(ObjectKind::Column, &posts, "a.b"), to: ObjectName::bare("c=d") },
            Rename { from: ObjectKey::member(ObjectKind::Enum, &posts, "sad to"), to: ObjectName::bare("blue") },
            Rename { from: ObjectKey::of(ObjectKind::Enum, &ObjectName::bare("mood")), to: ObjectName::bare("m") },
        ] {
            let text = write(&rename).unwrap();
            assert_eq!(parse(&text), Some(rename), "{text}");
        }
        for (_, kind) in WHOLE {
            let rename = Rename { from: ObjectKey::of(kind, &posts), to: ObjectName::new("app", "v") };
            assert_eq!(parse(&write(&rename).unwrap()), Some(rename));
        }
        for (_, kind) in INSIDE {
            let rename = Rename { from: ObjectKey::member(kind, &posts, "a b"), to: ObjectName::bare("v") };
            assert_eq!(parse(&write(&rename).unwrap()), Some(rename));
        }
        let namespace = Rename { from: ObjectKey::of(ObjectKind::Namespace, &posts), to: ObjectName::bare("v") };
        assert_eq!(write(&namespace), None);
    }

    #[test]
    fn people_write_less() {
        let column = parse("column posts.title to headline").unwrap();
        let column = qualified(Dialect::Postgres, column);
        assert_eq!(column.from.to_string(), "column public.posts.title");
        assert_eq!(column.to, ObjectName::bare("headline"));
        let table = qualified(Dialect::Postgres, parse("table app.posts=articles").unwrap());
        assert_eq!(
            (table.from.to_string().as_str(), table.to.to_string().as_str()),
            ("table app.posts", "app.articles")
        );
        assert_eq!(read("posts.title=headline").unwrap().kind, None);
        assert_eq!(read("table").unwrap().from, ["table"]);
        assert_eq!(read("column posts.title").unwrap().to, Vec::<String>::new());
        for wrong in ["", "column posts. to x", "column posts.title headline", "column a to b c", "column a.\"b to c"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(parse("index a to b"), None, "an index is one of a table");
        assert_eq!(parse("constraint a.b to c"), None);
        let several = parse_any("constraint a.b to c");
        let words: Vec<String> = several.iter().filter_map(write).collect();
        assert_eq!(words[2], r#"foreign_key "a"."b" to "c""#);
        assert_eq!(
            (several.len(), parse_any("type mood to feeling").len(), parse_any("namespace a to b").len()),
            (5, 4, 0)
        );
    }
}
