//! How alike two names are.

use std::collections::BTreeSet;

use relata_schema::naming::distance;

/// Of 100: edits, common words, and whether one is a short form of the other (`desc`, `description`; `mail`, `email`).
pub fn alike(a: &str, b: &str) -> u8 {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    if a == b {
        return 100;
    }
    let longest = a.chars().count().max(b.chars().count());
    let shortest = a.chars().count().min(b.chars().count());
    if shortest == 0 {
        return 0;
    }
    let edits = 100 - 100 * distance(&a, &b).min(longest) / longest;
    // Two short words have letters in common by chance.
    let edits = if edits < 40 { 0 } else { edits };
    let contained = if shortest >= 3 && (a.contains(&b) || b.contains(&a)) { 70 } else { 0 };
    let short_form = if shortest >= 3 && is_short_form(&a, &b) { 60 } else { 0 };
    u8::try_from(edits.max(words(&a, &b)).max(contained).max(short_form)).unwrap_or(100)
}

/// The share of words that both have; the plural is the singular.
fn words(a: &str, b: &str) -> usize {
    let split = |name: &str| -> BTreeSet<String> {
        let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(|word| word.strip_suffix('s').filter(|stem| stem.len() > 2).unwrap_or(word).to_string()).collect()
    };
    let (a, b) = (split(a), split(b));
    let (common, all) = (a.intersection(&b).count(), a.union(&b).count());
    // `id`, `at` and the like stand in too many names to mean much alone.
    let means = a.intersection(&b).any(|word| word.len() > 2);
    if means { 100 * common / all.max(1) } else { 0 }
}

/// The letters of the shorter, in order, in the longer, beginning alike: `qty`, `quantity`.
fn is_short_form(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    if short.chars().next() != long.chars().next() {
        return false;
    }
    let mut letters = long.chars();
    short.chars().all(|letter| letters.any(|other| other == letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (a, b, least, most) in [
            ("mail", "email", 70, 90),
            ("desc", "description", 60, 80),
            ("qty", "quantity", 60, 70),
            ("user_id", "author_id", 0, 59),
            ("created", "created_at", 50, 100),
            ("title", "headline", 0, 20),
            ("tag", "tags", 70, 100),
            ("post_tags", "tags_of_posts", 60, 100),
            ("x", "y", 0, 0),
            ("age", "avatar", 0, 20),
            ("a", "A", 100, 100),
        ] {
            let score = alike(a, b);
            assert!((least..=most).contains(&score), "{a} {b}: {score}");
            assert_eq!(score, alike(b, a), "{a} {b}: the same both ways");
        }
    }
}
