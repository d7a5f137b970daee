//! Names: how Rust names become database names and back, and how generated names fit a database's limit.
//!
//! Invariants: every function is total and deterministic; [`singular`] undoes [`plural`] for regular English nouns.
//! It deliberately knows no language but English, and a short list of irregular nouns: a name that comes out wrong is
//! written down by hand (`table = "…"`).

use crate::dialect::Dialect;
use crate::digest;

const IRREGULAR: &[(&str, &str)] = &[
    ("child", "children"),
    ("criterion", "criteria"),
    ("foot", "feet"),
    ("goose", "geese"),
    ("index", "indexes"),
    ("man", "men"),
    ("matrix", "matrices"),
    ("mouse", "mice"),
    ("movie", "movies"),
    ("ox", "oxen"),
    ("person", "people"),
    ("tooth", "teeth"),
    ("vertex", "vertices"),
    ("woman", "women"),
];

const UNCOUNTABLE: &[&str] = &[
    "audio",
    "data",
    "equipment",
    "feedback",
    "fish",
    "information",
    "inventory",
    "media",
    "metadata",
    "money",
    "news",
    "rice",
    "series",
    "sheep",
    "species",
    "staff",
    "status",
];

/// `snake_case` of a Rust name: `HTTPRequest2` is `http_request2`.
pub fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (index, &c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
            continue;
        }
        let before = index.checked_sub(1).and_then(|before| chars.get(before));
        let after = chars.get(index + 1);
        let starts_word = c.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if starts_word && !out.ends_with('_') {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    while out.ends_with('_') {
        out.pop();
    }
    out
}

/// `PascalCase` of any name: `film_actor` is `FilmActor`, `PlaylistTrack` stays.
pub fn pascal(name: &str) -> String {
    snake(name)
        .split('_')
        .map(|word| {
            let mut chars = word.chars();
            chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
        })
        .collect()
}

/// The plural of the last word of a snake-case name.
pub fn plural(name: &str) -> String {
    let (head, word) = last_word(name);
    if UNCOUNTABLE.contains(&word) {
        return name.to_string();
    }
    if let Some((_, plural)) = IRREGULAR.iter().find(|(singular, plural)| *singular == word || *plural == word) {
        return format!("{head}{plural}");
    }
    let ends = |ending: &str| word.ends_with(ending);
    let vowel_y = ["ay", "ey", "iy", "oy", "uy"].iter().any(|ending| ends(ending));
    if ends("y") && !vowel_y {
        return format!("{head}{}ies", &word[..word.len() - 1]);
    }
    let hissing = ["s", "x", "z", "ch", "sh"].iter().any(|ending| ends(ending));
    format!("{head}{word}{}", if hissing { "es" } else { "s" })
}

/// The singular of the last word of a snake-case name; a name that is no plural stays.
pub fn singular(name: &str) -> String {
    let (head, word) = last_word(name);
    if UNCOUNTABLE.contains(&word) {
        return name.to_string();
    }
    if let Some((singular, _)) = IRREGULAR.iter().find(|(_, plural)| *plural == word) {
        return format!("{head}{singular}");
    }
    let stem = |ending: &str| word.strip_suffix(ending).filter(|stem| !stem.is_empty());
    if let Some(stem) = stem("ies").filter(|stem| stem.len() > 1) {
        return format!("{head}{stem}y");
    }
    for ending in ["sses", "xes", "zes", "ches", "shes", "uses"] {
        if stem(ending).is_some() {
            let cut = if ending == "uses" && !word.ends_with("tatuses") && !word.ends_with("buses") { 1 } else { 2 };
            return format!("{head}{}", &word[..word.len() - cut]);
        }
    }
    match stem("s") {
        Some(stem) if !stem.ends_with(['s', 'u', 'i']) => format!("{head}{stem}"),
        _ => name.to_string(),
    }
}

fn last_word(name: &str) -> (&str, &str) {
    name.split_at(name.rfind('_').map_or(0, |at| at + 1))
}

/// The table of an entity: plural snake case.
pub fn table(entity: &str) -> String {
    plural(&snake(entity))
}

/// The relation that a field gives: `author` for `author_id`; `None` if the field does not end in `_id`.
pub fn relation(field: &str) -> Option<&str> {
    field.strip_suffix("_id").filter(|name| !name.is_empty())
}

/// The conventional name of a constraint or index, as PostgreSQL gives it: `posts_author_id_slug_key`. Endings: `pkey`,
/// `key` (unique constraint), `fkey`, `check`, `idx`.
pub fn constraint(dialect: Dialect, table: &str, columns: &[&str], ending: &str) -> String {
    let mut words = vec![table];
    words.extend(columns);
    words.push(ending);
    fit(dialect, &words.join("_"))
}

/// Shortens a name to the dialect's limit: as much of its head as fits, and eight digits of the digest of the whole.
pub fn fit(dialect: Dialect, name: &str) -> String {
    let length = |text: &str| if dialect == Dialect::Postgres { text.len() } else { text.chars().count() };
    let Some(limit) = dialect.identifier_limit().filter(|limit| length(name) > *limit) else {
        return name.to_string();
    };
    let mut head = name.to_string();
    while length(&head) > limit - 9 {
        head.pop();
    }
    format!("{head}_{}", &digest::hex(name)[..8])
}

/// The known name that is closest to `word`, if one is close enough to be meant.
pub fn closest<'n>(word: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let length = word.chars().count();
    let limit = if length < 3 { 0 } else { (length / 3).max(1) };
    known
        .into_iter()
        .map(|name| (distance(&word.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Edits between two words, a swap of neighbours counting as one.
pub fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        for (name, expected) in [
            ("Post", "post"),
            ("PostTag", "post_tag"),
            ("HTTPRequest2", "http_request2"),
            ("MediaTypeId", "media_type_id"),
            ("order details", "order_details"),
            ("already_snake", "already_snake"),
        ] {
            assert_eq!(snake(name), expected);
        }
        assert_eq!(pascal("film_actor"), "FilmActor");
        assert_eq!(pascal("PlaylistTrack"), "PlaylistTrack");
    }

    #[test]
    fn plurals_and_back() {
        for (one, many) in [
            ("post", "posts"),
            ("category", "categories"),
            ("day", "days"),
            ("box", "boxes"),
            ("address", "addresses"),
            ("class", "classes"),
            ("house", "houses"),
            ("person", "people"),
            ("blog_entry", "blog_entries"),
            ("movie", "movies"),
            ("staff", "staff"),
            ("match", "matches"),
            ("invoice", "invoices"),
        ] {
            assert_eq!(plural(one), many);
            assert_eq!(singular(many), one);
            assert_eq!(singular(one), one, "a singular stays");
        }
    }

    #[test]
    fn long_names_stay_distinct() {
        let long = "a".repeat(80);
        let fitted = fit(Dialect::Postgres, &long);
        assert_eq!(fitted.len(), 63);
        assert_ne!(fitted, fit(Dialect::Postgres, &format!("{long}b")));
        assert_eq!(fit(Dialect::Postgres, &"ü".repeat(40)).len(), 63);
        assert_eq!(fit(Dialect::Sqlite, &long), long);
    }

    #[test]
    fn suggestions() {
        assert_eq!(closest("on_delte", ["on_update", "on_delete"]), Some("on_delete"));
        assert_eq!(closest("tabel", ["table", "schema"]), Some("table"));
        assert_eq!(closest("zebra", ["table", "schema"]), None);
    }
}
