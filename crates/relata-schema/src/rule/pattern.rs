//! Regular expressions, read once and written for each database.
//!
//! The grammar is that of the application's matcher, without what the databases disagree about: literals, classes
//! (`[^a-z]`, `\d \w \s` in ASCII, `.`), groups, alternatives, repetitions, `^` and `$` for the ends of the whole text,
//! `(?i)` at the start. Anything else (`\b`, Unicode classes, other flags) is refused with the reason.
//!
//! Invariant: what is written for a database matches the same texts there, whatever its collation and settings.

use std::fmt::Write;

/// A set of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Set {
    negated: bool,
    ranges: Vec<(char, char)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    One(Set),
    Start,
    End,
    All(Vec<Node>),
    Any(Vec<Node>),
    Repeat(Box<Node>, u32, Option<u32>),
}

/// A regular expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Node);

/// Reads a regular expression.
///
/// # Errors
/// What in it is not understood.
pub fn parse(text: &str) -> Result<Pattern, String> {
    let (text, fold) = text.strip_prefix("(?i)").map_or((text, false), |rest| (rest, true));
    let mut reader = Reader { rest: text.chars().collect(), at: 0, fold };
    let node = reader.alternatives()?;
    match reader.peek() {
        None => Ok(Pattern(node)),
        Some(c) => Err(format!("`{c}` closes nothing")),
    }
}

/// The class of a regular expression as a GLOB has it.
pub(super) fn glob_class(class: &str) -> Option<String> {
    match parse(class).ok()?.0 {
        Node::One(set) => set.glob(),
        _ => None,
    }
}

struct Reader {
    rest: Vec<char>,
    at: usize,
    fold: bool,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += 1;
        c
    }

    fn take(&mut self, text: &str) -> bool {
        let fits = text.chars().enumerate().all(|(offset, c)| self.rest.get(self.at + offset) == Some(&c));
        if fits {
            self.at += text.chars().count();
        }
        fits
    }

    fn alternatives(&mut self) -> Result<Node, String> {
        let mut all = vec![self.sequence()?];
        while self.take("|") {
            all.push(self.sequence()?);
        }
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Node::Any(all) })
    }

    fn sequence(&mut self) -> Result<Node, String> {
        let mut parts = Vec::new();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            let part = self.atom()?;
            parts.push(self.repeated(part)?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Node::All(parts) })
    }

    fn repeated(&mut self, part: Node) -> Result<Node, String> {
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => self.counts()?,
            _ => return Ok(part),
        };
        if self.peek() != Some('}') && !matches!(self.peek(), Some('*' | '+' | '?')) {
            return Err("a repetition is not closed by `}`".to_string());
        }
        self.at += 1;
        // Greedy or not, the same texts match.
        self.take("?");
        if matches!(self.peek(), Some('*' | '+' | '{')) {
            return Err("a repetition is repeated".to_string());
        }
        if matches!(part, Node::Start | Node::End) {
            return Err("an end of the text is repeated".to_string());
        }
        Ok(Node::Repeat(Box::new(part), min, max))
    }

    /// `{2}`, `{2,}`, `{2,5}` up to the closing brace.
    fn counts(&mut self) -> Result<(u32, Option<u32>), String> {
        self.at += 1;
        let min = self.number().ok_or("`{` is no repetition: write `\\{` for the character")?;
        if !self.take(",") {
            return Ok((min, Some(min)));
        }
        let max = self.number();
        if max.is_some_and(|max| max < min) {
            return Err("a repetition ends before it begins".to_string());
        }
        Ok((min, max))
    }

    fn number(&mut self) -> Option<u32> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        self.rest[start..self.at].iter().collect::<String>().parse().ok()
    }

    fn atom(&mut self) -> Result<Node, String> {
        match self.next() {
            Some('^') => Ok(Node::Start),
            Some('$') => Ok(Node::End),
            Some('.') => Ok(Node::One(Set { negated: true, ranges: vec![('\n', '\n')] })),
            Some('[') => self.class().map(Node::One),
            Some('(') => self.group(),
            Some('\\') => self.escape().map(|set| Node::One(self.folded(set))),
            Some(c @ ('*' | '+' | '?' | '{')) => Err(format!("`{c}` repeats nothing")),
            Some(c) => Ok(Node::One(self.folded(Set { negated: false, ranges: vec![(c, c)] }))),
            None => Err("it ends too early".to_string()),
        }
    }

    fn group(&mut self) -> Result<Node, String> {
        if !self.take("?:") && self.peek() == Some('?') {
            return Err("of groups with `(?` only `(?:…)` means the same everywhere".to_string());
        }
        let inner = self.alternatives()?;
        if !self.take(")") {
            return Err("a group is not closed by `)`".to_string());
        }
        // A group of its own, so that a repetition takes all of it.
        Ok(match inner {
            Node::One(_) | Node::Any(_) | Node::All(_) => inner,
            other => Node::All(vec![other]),
        })
    }

    fn escape(&mut self) -> Result<Set, String> {
        let class = |negated, ranges: &[(char, char)]| Ok(Set { negated, ranges: ranges.to_vec() });
        const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
        const SPACE: &[(char, char)] = &[('\t', '\r'), (' ', ' ')];
        match self.next() {
            Some('d') => class(false, &[('0', '9')]),
            Some('D') => class(true, &[('0', '9')]),
            Some('w') => class(false, WORD),
            Some('W') => class(true, WORD),
            Some('s') => class(false, SPACE),
            Some('S') => class(true, SPACE),
            Some('n') => class(false, &[('\n', '\n')]),
            Some('r') => class(false, &[('\r', '\r')]),
            Some('t') => class(false, &[('\t', '\t')]),
            Some('x' | 'u') => self.code().map(|c| Set { negated: false, ranges: vec![(c, c)] }),
            Some(c) if !c.is_alphanumeric() => class(false, &[(c, c)]),
            Some(c) => Err(format!("`\\{c}` does not mean the same everywhere")),
            None => Err("it ends with a lone `\\`".to_string()),
        }
    }

    /// `\x7f`, `\x{1f600}`, `\u00e4`.
    fn code(&mut self) -> Result<char, String> {
        let wrong = || "a character's number is not readable: write `\\x{e4}`".to_string();
        let length = if self.rest.get(self.at - 1) == Some(&'u') { 4 } else { 2 };
        let digits: String = if self.take("{") {
            let end = self.rest[self.at..].iter().position(|c| *c == '}').ok_or_else(wrong)?;
            let digits = self.rest[self.at..self.at + end].iter().collect();
            self.at += end + 1;
            digits
        } else {
            let end = (self.at + length).min(self.rest.len());
            let digits = self.rest[self.at..end].iter().collect();
            self.at = end;
            digits
        };
        u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).ok_or_else(wrong)
    }

    fn class(&mut self) -> Result<Set, String> {
        let negated = self.take("^");
        let mut ranges = Vec::new();
        loop {
            let low = match self.next() {
                None => return Err("a class is not closed by `]`".to_string()),
                Some(']') if !ranges.is_empty() => break,
                Some('[') => return Err("`[` inside a class is written `\\[`".to_string()),
                Some('\\') => {
                    let set = self.escape()?;
                    match (set.negated, set.ranges.as_slice()) {
                        (false, [(low, high)]) if low == high => *low,
                        (false, several) => {
                            ranges.extend_from_slice(several);
                            continue;
                        }
                        _ => return Err("a class holds the opposite of another".to_string()),
                    }
                }
                Some(c) => c,
            };
            let high = if self.peek() == Some('-') && self.rest.get(self.at + 1).is_some_and(|c| *c != ']') {
                self.at += 1;
                match self.next() {
                    Some('\\') => match self.escape()?.ranges.as_slice() {
                        [(low, high)] if low == high => *low,
                        _ => return Err("a range ends with a class".to_string()),
                    },
                    Some(c) => c,
                    None => return Err("a class is not closed by `]`".to_string()),
                }
            } else {
                low
            };
            if high < low {
                return Err(format!("the range `{low}-{high}` is empty"));
            }
            ranges.push((low, high));
        }
        Ok(self.folded(Set { negated, ranges }))
    }

    /// With letters of the other case, where case does not matter: those of ASCII, as the application does.
    fn folded(&self, mut set: Set) -> Set {
        if self.fold {
            let mut more = Vec::new();
            for &(low, high) in &set.ranges {
                for (first, last) in [('a', 'z'), ('A', 'Z')] {
                    let (low, high) = (low.max(first), high.min(last));
                    if low <= high {
                        let other =
                            |c: char| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
                        more.push((other(low), other(high)));
                    }
                }
            }
            set.ranges.extend(more);
        }
        set
    }
}

impl Set {
    /// As a class of a regular expression; `code` writes a character that cannot stand for itself.
    fn class(&self, code: &dyn Fn(char) -> String) -> String {
        let spelled = |c: char, special: &str| match c {
            _ if c.is_control() || (!c.is_ascii() && !c.is_alphanumeric()) => code(c),
            _ if special.contains(c) => format!("\\{c}"),
            _ => c.to_string(),
        };
        if let (false, [(low, high)]) = (self.negated, self.ranges.as_slice())
            && low == high
        {
            return spelled(*low, "\\.+*?()|[]{}^$");
        }
        let one = |c: char| spelled(c, "\\[]^-");
        let mut out = String::from(if self.negated { "[^" } else { "[" });
        for (low, high) in &self.ranges {
            // No text of a database holds the character 0.
            let low = (*low).max('\u{1}');
            out.push_str(&one(low));
            if *high > low {
                out.push('-');
                out.push_str(&one(*high));
            }
        }
        out.push(']');
        out
    }

    /// As SQLite's GLOB has it.
    fn glob(&self) -> Option<String> {
        if let (false, [(low, high)]) = (self.negated, self.ranges.as_slice())
            && low == high
        {
            return Some(if "*?[".contains(*low) { format!("[{low}]") } else { low.to_string() });
        }
        let mut ranges: Vec<(char, char)> = Vec::new();
        let (mut bracket, mut hyphen, mut caret) = (false, false, false);
        for &(low, high) in &self.ranges {
            match (low.max('\u{1}'), high) {
                (']', ']') => bracket = true,
                ('-', '-') => hyphen = true,
                ('^', '^') => caret = true,
                // The first character of a range cannot be escaped.
                (']' | '-' | '^', _) | (_, ']' | '-') => return self.split_glob(),
                range => ranges.push(range),
            }
        }
        let mut out = String::from(if self.negated { "[^" } else { "[" });
        out.push_str(if bracket { "]" } else { "" });
        for (low, high) in &ranges {
            out.push(*low);
            if high > low {
                out.push('-');
                out.push(*high);
            }
        }
        if caret {
            if out == "[" {
                return None;
            }
            out.push('^');
        }
        out.push_str(if hyphen { "-" } else { "" });
        out.push(']');
        Some(out)
    }

    /// Ranges that begin or end with a character of the syntax lose it to a place of its own.
    fn split_glob(&self) -> Option<String> {
        let special = [']', '-', '^'];
        let mut ranges = Vec::new();
        for &(low, high) in &self.ranges {
            let (mut first, mut last) = (low.max('\u{1}'), high);
            while special.contains(&first) && first < last {
                ranges.push((first, first));
                first = char::from_u32(first as u32 + 1)?;
            }
            while special.contains(&last) && first < last {
                ranges.push((last, last));
                last = char::from_u32(last as u32 - 1)?;
            }
            ranges.push((first, last));
        }
        Set { negated: self.negated, ranges }.glob()
    }
}

/// How a database writes what it does not take as it stands.
struct Style {
    end: &'static str,
    code: fn(char) -> String,
}

fn write_node(node: &Node, style: &Style, out: &mut String) {
    match node {
        Node::One(set) => out.push_str(&set.class(&style.code)),
        Node::Start => out.push('^'),
        Node::End => out.push_str(style.end),
        Node::All(parts) => parts.iter().for_each(|part| match part {
            Node::Any(_) => grouped(part, style, out),
            _ => write_node(part, style, out),
        }),
        Node::Any(parts) => {
            for (index, part) in parts.iter().enumerate() {
                out.push_str(if index > 0 { "|" } else { "" });
                write_node(part, style, out);
            }
        }
        Node::Repeat(part, min, max) => {
            match **part {
                Node::One(_) => write_node(part, style, out),
                _ => grouped(part, style, out),
            }
            match (min, max) {
                (0, None) => out.push('*'),
                (1, None) => out.push('+'),
                (0, Some(1)) => out.push('?'),
                (min, None) => drop(write!(out, "{{{min},}}")),
                (min, Some(max)) if min == max => drop(write!(out, "{{{min}}}")),
                (min, Some(max)) => drop(write!(out, "{{{min},{max}}}")),
            }
        }
    }
}

fn grouped(node: &Node, style: &Style, out: &mut String) {
    out.push_str("(?:");
    write_node(node, style, out);
    out.push(')');
}

impl Pattern {
    /// For `~` of PostgreSQL; `None`: it repeats more often than PostgreSQL counts.
    pub fn postgres(&self) -> Option<String> {
        let style = Style {
            end: "$",
            code: |c| match c as u32 {
                code @ ..=0xffff => format!("\\u{code:04x}"),
                code => format!("\\U{code:08x}"),
            },
        };
        (longest(&self.0) <= 255).then(|| {
            let mut out = String::new();
            write_node(&self.0, &style, &mut out);
            out
        })
    }

    /// For `REGEXP` of MariaDB and MySQL 8, whatever the collation.
    pub fn mysql(&self) -> String {
        let style = Style { end: "\\z", code: |c| format!("\\x{{{:x}}}", c as u32) };
        let mut out = String::from("(?-i)");
        match self.0 {
            Node::Any(_) => grouped(&self.0, &style, &mut out),
            _ => write_node(&self.0, &style, &mut out),
        }
        out
    }

    /// As conditions by GLOB over a column; `None`: SQLite cannot say it.
    pub fn sqlite(&self, column: &str) -> Option<String> {
        let alternatives: Vec<&Node> = match &self.0 {
            Node::Any(parts) => parts.iter().collect(),
            other => vec![other],
        };
        let conditions = alternatives.into_iter().map(|node| globs(node, column)).collect::<Option<Vec<_>>>()?;
        Some(match conditions.as_slice() {
            [one] => one.clone(),
            several => several.iter().map(|one| format!("({one})")).collect::<Vec<_>>().join(" OR "),
        })
    }
}

/// The highest count of a repetition.
fn longest(node: &Node) -> u32 {
    match node {
        Node::One(_) | Node::Start | Node::End => 0,
        Node::All(parts) | Node::Any(parts) => parts.iter().map(longest).max().unwrap_or_default(),
        Node::Repeat(part, min, max) => longest(part).max(max.unwrap_or(*min)),
    }
}

/// One character after the other, and how often.
type Item<'n> = (&'n Set, u32, Option<u32>);

fn globs(node: &Node, column: &str) -> Option<String> {
    let mut parts = match node {
        Node::All(parts) => parts.as_slice(),
        other => std::slice::from_ref(other),
    };
    let open_start = parts.first() != Some(&Node::Start);
    parts = if open_start { parts } else { &parts[1..] };
    let open_end = parts.last() != Some(&Node::End);
    parts = if open_end { parts } else { &parts[..parts.len() - 1] };
    if let ([Node::Any(choices)], false, false) = (parts, open_start, open_end) {
        let one = |choice: &Node| {
            let mut items = Vec::new();
            flatten(choice, &mut items)?;
            closed(&items, column)
        };
        let all = choices.iter().map(one).collect::<Option<Vec<_>>>()?;
        return Some(all.iter().map(|one| format!("({one})")).collect::<Vec<_>>().join(" OR "));
    }
    let mut items = Vec::new();
    parts.iter().try_for_each(|part| flatten(part, &mut items))?;
    // Where the text goes on anyway, more of the same adds nothing.
    if let (true, Some(first)) = (open_start, items.first_mut()) {
        first.2 = Some(first.1);
    }
    if let (true, Some(last)) = (open_end, items.last_mut()) {
        last.2 = Some(last.1);
    }
    if !open_start && !open_end {
        return closed(&items, column);
    }
    let fixed = sequence(&items)?;
    let (before, after) = (if open_start { "*" } else { "" }, if open_end { "*" } else { "" });
    Some(format!("{column} GLOB {}", sqlite_text(&format!("{before}{fixed}{after}"))))
}

fn flatten<'n>(node: &'n Node, items: &mut Vec<Item<'n>>) -> Option<()> {
    match node {
        Node::One(set) => items.push((set, 1, Some(1))),
        Node::All(parts) => return parts.iter().try_for_each(|part| flatten(part, items)),
        Node::Repeat(part, min, max) => match &**part {
            Node::One(set) => items.push((set, *min, *max)),
            Node::All(_) if Some(*min) == *max && *min <= 64 => {
                return (0..*min).try_for_each(|_| flatten(part, items));
            }
            _ => return None,
        },
        Node::Start | Node::End | Node::Any(_) => return None,
    }
    Some(())
}

/// Characters in a number that is fixed.
fn sequence(items: &[Item<'_>]) -> Option<String> {
    let mut out = String::new();
    for (set, min, max) in items {
        if Some(*min) != *max || *min > 64 {
            return None;
        }
        let one = set.glob()?;
        (0..*min).for_each(|_| out.push_str(&one));
    }
    Some(out)
}

fn count(items: &[Item<'_>]) -> u32 {
    items.iter().map(|(_, min, _)| min).sum()
}

/// The whole text: fixed characters, at most one run whose length varies, fixed characters.
fn closed(items: &[Item<'_>], column: &str) -> Option<String> {
    let Some(run) = items.iter().position(|(_, min, max)| Some(*min) != *max || *min > 64) else {
        return Some(format!("{column} GLOB {}", sqlite_text(&sequence(items)?)));
    };
    let (before, rest) = items.split_at(run);
    let ((set, min, max), after) = rest.split_first()?;
    let (head, tail) = (sequence(before)?, sequence(after)?);
    let (first, last) = (count(before), count(after));
    let mut conditions = Vec::new();
    if first + last > 0 {
        conditions.push(format!("{column} GLOB {}", sqlite_text(&format!("{head}*{tail}"))));
    }
    let shortest = first + last + min;
    if shortest > 0 {
        conditions.push(format!("length({column}) >= {shortest}"));
    }
    if let Some(max) = max {
        conditions.push(format!("length({column}) <= {}", first + last + max));
    }
    let middle = match (first, last) {
        (0, 0) => column.to_string(),
        (first, 0) => format!("substr({column}, {})", first + 1),
        (first, last) => format!("substr({column}, {}, length({column}) - {})", first + 1, first + last),
    };
    let other = Set { negated: !set.negated, ranges: set.ranges.clone() };
    conditions.push(format!("{middle} NOT GLOB {}", sqlite_text(&format!("*{}*", other.glob()?))));
    Some(conditions.join(" AND "))
}

/// A literal; controls stand beside it by their numbers, so that every shell and file carries it.
pub(super) fn sqlite_text(text: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut plain = String::new();
    let visible = |c: char| !c.is_control() && (c.is_ascii() || c.is_alphanumeric());
    for c in text.chars() {
        if visible(c) {
            plain.push(c);
            continue;
        }
        if !plain.is_empty() {
            parts.push(format!("'{}'", std::mem::take(&mut plain).replace('\'', "''")));
        }
        parts.push(format!("char({})", c as u32));
    }
    if !plain.is_empty() || parts.is_empty() {
        parts.push(format!("'{}'", plain.replace('\'', "''")));
    }
    match parts.as_slice() {
        [one] => one.clone(),
        several => format!("({})", several.join(" || ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(text: &str) -> String {
        match parse(text) {
            Ok(pattern) => format!(
                "{}\n{}\n{}",
                pattern.postgres().unwrap_or_else(|| "-".into()),
                pattern.mysql(),
                pattern.sqlite("c").unwrap_or_else(|| "-".into())
            ),
            Err(problem) => problem,
        }
    }

    #[test]
    fn one_pattern_for_each_database() {
        for (pattern, expected) in [
            ("^[a-z]+$", "^[a-z]+$\n(?-i)^[a-z]+\\z\nlength(c) >= 1 AND c NOT GLOB '*[^a-z]*'"),
            ("^[A-Z]{2}\\d{3}$", "^[A-Z]{2}[0-9]{3}$\n(?-i)^[A-Z]{2}[0-9]{3}\\z\nc GLOB '[A-Z][A-Z][0-9][0-9][0-9]'"),
            (
                "^[a-z]\\w*$",
                "^[a-z][0-9A-Z_a-z]*$\n(?-i)^[a-z][0-9A-Z_a-z]*\\z\n\
                 c GLOB '[a-z]*' AND length(c) >= 1 AND substr(c, 2) NOT GLOB '*[^0-9A-Z_a-z]*'",
            ),
            ("a.c", "a[^\\u000a]c\n(?-i)a[^\\x{a}]c\nc GLOB ('*a[^' || char(10) || ']c*')"),
            ("^(?:on|off)$", "^(?:on|off)$\n(?-i)^(?:on|off)\\z\n(c GLOB 'on') OR (c GLOB 'off')"),
            ("^(a|b)+-x$", "^(?:a|b)+-x$\n(?-i)^(?:a|b)+-x\\z\n-"),
            ("(?i)^ab$", "^[aA][bB]$\n(?-i)^[aA][bB]\\z\nc GLOB '[aA][bB]'"),
            ("^[^]-]*$", "^[^\\]\\-]*$\n(?-i)^[^\\]\\-]*\\z\nc NOT GLOB '*[]-]*'"),
            ("[a", "a class is not closed by `]`"),
            ("\\bword", "`\\b` does not mean the same everywhere"),
            ("(?=x)", "of groups with `(?` only `(?:…)` means the same everywhere"),
            ("a{300}", "-\n(?-i)a{300}\n-"),
        ] {
            assert_eq!(spelled(pattern), expected, "{pattern}");
        }
    }
}
