//! Which statements are the same: their text with `?` for each literal and placeholder, lists shortened, spaces one.

/// The text of a statement without what changes from call to call.
///
/// ```
/// use relata_runtime::observe::normalized;
/// assert_eq!(normalized("SELECT *  FROM t WHERE a IN ($1, $2, 3) AND b = 'x''y' -- now"), "SELECT * FROM t WHERE a IN (?, …) AND b = ?");
/// ```
pub fn normalized(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = token(rest, first, out.chars().next_back());
        let (text, after) = rest.split_at(length);
        match first {
            _ if first.is_whitespace() || text.starts_with("--") || text.starts_with("/*") => {
                if !out.ends_with(' ') && !out.is_empty() {
                    out.push(' ');
                }
            }
            '\'' | '$' | '?' | '0'..='9' => literal(&mut out),
            _ => out.push_str(text),
        }
        rest = after;
    }
    out.truncate(out.trim_end_matches([' ', ';']).len());
    out
}

/// Adds a literal; the second and further ones of a list become `…`.
fn literal(out: &mut String) {
    if out.ends_with("?, …, ") || out.ends_with("?, …,") {
        out.truncate(out.trim_end_matches([' ', ',']).len());
    } else if out.ends_with("?, ") || out.ends_with("?,") {
        out.truncate(out.trim_end_matches([' ', ',']).len());
        out.push_str(", …");
    } else {
        out.push('?');
    }
}

/// How long the token at the beginning of `text` is.
fn token(text: &str, first: char, before: Option<char>) -> usize {
    let bytes = text.as_bytes();
    let while_char = |test: fn(char) -> bool| text.find(|c| !test(c)).unwrap_or(text.len());
    let word = |c: char| c.is_alphanumeric() || c == '_';
    match first {
        '\'' | '"' | '`' => quoted(bytes, bytes[0]),
        _ if text.starts_with("--") => text.find('\n').unwrap_or(text.len()),
        _ if text.starts_with("/*") => text.find("*/").map_or(text.len(), |end| end + 2),
        _ if first.is_whitespace() => while_char(char::is_whitespace),
        '$' | '?' => 1 + text[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len() - 1),
        '0'..='9' if !before.is_some_and(word) => while_char(|c| c.is_ascii_alphanumeric() || c == '.'),
        _ if word(first) => while_char(|c| c.is_alphanumeric() || c == '_'),
        _ => first.len_utf8(),
    }
}

fn quoted(bytes: &[u8], quote: u8) -> usize {
    let mut index = 1;
    while index < bytes.len() {
        if bytes[index] == quote {
            if bytes.get(index + 1) != Some(&quote) {
                return index + 1;
            }
            index += 1;
        }
        index += 1;
    }
    bytes.len()
}

/// The number of a normalized text: the same in every process and on every machine (FNV-1a).
pub fn fingerprint(normalized: &str) -> u64 {
    normalized.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_statement_has_one_text() {
        for (sql, expected) in [
            ("SELECT 1;", "SELECT ?"),
            ("select a1, \"B 2\" from `t3` where x=1.5e3", "select a1, \"B 2\" from `t3` where x=?"),
            ("INSERT INTO t VALUES (?1, ?2), (?3, ?4)", "INSERT INTO t VALUES (?, …), (?, …)"),
            ("a /* note */ =\n\t$12", "a = ?"),
            ("SELECT 'it''s' || ?", "SELECT ? || ?"),
            ("x IN (1,2,3,4)", "x IN (?, …)"),
            ("'unclosed", "?"),
            ("ä = 'ö'", "ä = ?"),
        ] {
            assert_eq!(normalized(sql), expected);
        }
        assert_eq!(fingerprint(&normalized("SELECT 1")), fingerprint(&normalized("SELECT  2 ;")));
    }

    #[test]
    fn it_is_stable_and_never_fails() {
        for sql in ["", "'", "$", "?", "--", "/*", "🦀 = 🦀", "1e", "a'b", ";;;"] {
            let once = normalized(sql);
            assert_eq!(normalized(&once).replace("…", ""), once.replace("…", ""), "{sql}");
        }
    }
}
