//! What checks say of the rows of a table, and whether that is what the bound of a partition asks for (PostgreSQL).
//!
//! Invariant: [`Verdict::Fits`] is said only where the server can see it, too: each limit of the bound follows from a limit of a
//! check on the same column, and NULL is ruled out. What is not read (expressions, several columns, hashes) is
//! [`Verdict::Unknown`].

use std::cmp::Ordering;

use relata_schema::sql::{Token, TokenKind};

/// Something that a check demands of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The column.
    pub column: String,
    /// What is demanded.
    pub demand: Demand,
}

/// What is demanded of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// `>=`, or `>` if it does not hold for the limit itself.
    AtLeast(String, bool),
    /// `<=`, or `<` if it does not hold for the limit itself.
    AtMost(String, bool),
    /// `=` and `IN`.
    OneOf(Vec<String>),
    /// `IS NOT NULL`.
    NotNull,
}

/// The conditions of a check that all have to hold; what else it demands is left out.
pub fn conditions(tokens: &[Token<'_>]) -> Vec<Condition> {
    let tokens = bare(tokens);
    let parts = conjuncts(tokens);
    if parts.len() > 1 {
        return parts.into_iter().flat_map(conditions).collect();
    }
    one(tokens).unwrap_or_default()
}

/// The bound of a partition.
#[derive(Debug, PartialEq, Eq)]
pub enum Bound {
    /// `FROM (…) TO (…)` of one column: where it begins, and where it ends; `None`: nowhere.
    Range(Option<String>, Option<String>),
    /// `IN (…)`.
    List(Vec<String>),
    /// Several columns, a hash, the default partition, expressions.
    Other,
}

impl Bound {
    /// The bound in `… ATTACH PARTITION name FOR VALUES …`.
    pub fn read(tokens: &[Token<'_>]) -> Bound {
        let at = tokens.windows(2).position(|pair| pair[0].is("FOR") && pair[1].is("VALUES"));
        let Some(rest) = at.map(|at| &tokens[at + 2..]) else { return Bound::Other };
        match rest.first() {
            Some(word) if word.is("IN") => match list(&rest[1..]) {
                Some(values) => Bound::List(values),
                None => Bound::Other,
            },
            Some(word) if word.is("FROM") => range(&rest[1..]).unwrap_or(Bound::Other),
            _ => Bound::Other,
        }
    }
}

fn range(tokens: &[Token<'_>]) -> Option<Bound> {
    let to = tokens.iter().position(|token| token.is("TO"))?;
    let limit = |tokens: &[Token<'_>], open: &str| {
        let inside = bare(tokens);
        match inside {
            [word] if word.is(open) => Some(None),
            _ => literal(inside).map(Some),
        }
    };
    Some(Bound::Range(limit(&tokens[..to], "MINVALUE")?, limit(&tokens[to + 1..], "MAXVALUE")?))
}

/// Whether checks say what a bound asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They do.
    Fits,
    /// They do not.
    Differs,
    /// It cannot be told.
    Unknown,
}

/// Whether the conditions say what the bound asks for. `key` is the column of the partition key, if it is known; `is_filled`
/// says whether a column takes no NULL, if that is known.
pub fn fits(
    bound: &Bound,
    key: Option<&str>,
    conditions: &[Condition],
    is_filled: impl Fn(&str) -> Option<bool>,
) -> Verdict {
    let columns: Vec<&str> = match key {
        Some(key) => vec![key],
        None => conditions.iter().map(|condition| condition.column.as_str()).collect(),
    };
    let of = |column: &str| -> Vec<&Demand> {
        conditions.iter().filter(|condition| condition.column == column).map(|condition| &condition.demand).collect()
    };
    let filled = |column: &str| is_filled(column) != Some(false) || of(column).contains(&&Demand::NotNull);
    match bound {
        Bound::Other => Verdict::Unknown,
        Bound::Range(from, to) => {
            let covers = |column: &&&str| {
                let demands = of(column);
                let from = from.as_ref().is_none_or(|from| demands.iter().any(|demand| not_below(demand, from)));
                let to = to.as_ref().is_none_or(|to| demands.iter().any(|demand| is_below(demand, to)));
                from && to && filled(column)
            };
            if columns.iter().any(|column| covers(&column)) { Verdict::Fits } else { Verdict::Differs }
        }
        Bound::List(values) => {
            let within = |demand: &&Demand| match demand {
                Demand::OneOf(allowed) => allowed.iter().all(|one| values.iter().any(|value| same(one, value))),
                _ => false,
            };
            let covers = |column: &&&str| of(column).iter().any(within) && filled(column);
            if columns.iter().any(|column| covers(&column)) { Verdict::Fits } else { Verdict::Differs }
        }
    }
}

/// Nothing that meets the demand is below the limit.
fn not_below(demand: &Demand, limit: &str) -> bool {
    match demand {
        Demand::AtLeast(from, _) => matches!(order(from, limit), Some(Ordering::Equal | Ordering::Greater)),
        Demand::OneOf(values) => {
            values.iter().all(|value| matches!(order(value, limit), Some(Ordering::Equal | Ordering::Greater)))
        }
        _ => false,
    }
}

/// Everything that meets the demand is below the limit.
fn is_below(demand: &Demand, limit: &str) -> bool {
    match demand {
        Demand::AtMost(to, included) => match order(to, limit) {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => !included,
            _ => false,
        },
        Demand::OneOf(values) => values.iter().all(|value| order(value, limit) == Some(Ordering::Less)),
        _ => false,
    }
}

fn same(one: &str, other: &str) -> bool {
    order(one, other) == Some(Ordering::Equal)
}

/// The order of two literals, if they have one that does not depend on their type: numbers, dates and times, equal texts.
fn order(one: &str, other: &str) -> Option<Ordering> {
    if let (Ok(one), Ok(other)) = (one.parse::<i128>(), other.parse::<i128>()) {
        return Some(one.cmp(&other));
    }
    if let (Some(one), Some(other)) = (moment(one), moment(other)) {
        return Some(one.cmp(&other));
    }
    if let (Ok(one), Ok(other)) = (one.parse::<f64>(), other.parse::<f64>()) {
        return one.partial_cmp(&other);
    }
    (one == other).then_some(Ordering::Equal)
}

/// A date, or a date and time, in a form that sorts; the offset +00 is taken for none.
fn moment(text: &str) -> Option<String> {
    let date = text.get(..10)?;
    let digits = |(at, c): (usize, char)| if at == 4 || at == 7 { c == '-' } else { c.is_ascii_digit() };
    if !date.chars().enumerate().all(digits) {
        return None;
    }
    let time = text[10..].trim_start_matches([' ', 'T']);
    let time = ["+00:00", "+00", "Z"].iter().find_map(|zone| time.strip_suffix(zone)).unwrap_or(time);
    let plain = time.chars().all(|c| c.is_ascii_digit() || c == ':' || c == '.');
    let time = if time.contains('.') { time.trim_end_matches('0').trim_end_matches('.') } else { time };
    let time = time.trim_end_matches(":00").trim_end_matches(":00");
    plain.then(|| format!("{date} {}", if time == "00" { "" } else { time }))
}

/// Without the parentheses around all of it.
fn bare<'t, 'a>(tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    match closing(tokens) {
        Some(end) if end + 1 == tokens.len() => bare(&tokens[1..end]),
        _ => tokens,
    }
}

/// Where the parenthesis that the tokens begin with ends.
fn closing(tokens: &[Token<'_>]) -> Option<usize> {
    tokens.first().filter(|first| first.is_mark("("))?;
    let mut depth = 0_i32;
    tokens.iter().position(|token| {
        depth += i32::from(token.is_mark("(")) - i32::from(token.is_mark(")"));
        depth == 0
    })
}

/// The parts between the `AND`s outside of parentheses. One part if an `OR` stands beside them.
fn conjuncts<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let (mut parts, mut begin, mut depth, mut between) = (Vec::new(), 0, 0_i32, false);
    for (at, token) in tokens.iter().enumerate() {
        depth += i32::from(token.is_mark("(")) - i32::from(token.is_mark(")"));
        match depth {
            0 if token.is("OR") => return vec![tokens],
            0 if token.is("BETWEEN") => between = true,
            0 if token.is("AND") && between => between = false,
            0 if token.is("AND") => {
                parts.push(&tokens[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[begin..]);
    parts
}

/// One comparison of a column.
fn one(tokens: &[Token<'_>]) -> Option<Vec<Condition>> {
    let first = tokens.first().filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted))?;
    let column = match first.kind {
        TokenKind::Quoted => first.content(),
        _ => first.text.to_lowercase(),
    };
    let rest = uncast(&tokens[1..]);
    let is = |at: usize, word: &str| rest.get(at).is_some_and(|token| token.is(word));
    let mark = |at: usize, word: &str| rest.get(at).is_some_and(|token| token.is_mark(word));
    let demands = if is(0, "IS") && is(1, "NOT") && is(2, "NULL") && rest.len() == 3 {
        vec![Demand::NotNull]
    } else if is(0, "IN") {
        vec![Demand::OneOf(list(&rest[1..])?)]
    } else if is(0, "BETWEEN") {
        let and = rest.iter().position(|token| token.is("AND"))?;
        vec![Demand::AtLeast(literal(&rest[1..and])?, true), Demand::AtMost(literal(&rest[and + 1..])?, true)]
    } else if mark(0, "=") && is(1, "ANY") {
        vec![Demand::OneOf(array(&rest[2..])?)]
    } else if mark(0, "=") {
        vec![Demand::OneOf(vec![literal(&rest[1..])?])]
    } else if mark(0, ">") || mark(0, "<") {
        let included = mark(1, "=");
        let value = literal(&rest[1 + usize::from(included)..])?;
        vec![if mark(0, ">") { Demand::AtLeast(value, included) } else { Demand::AtMost(value, included) }]
    } else {
        return None;
    };
    Some(demands.into_iter().map(|demand| Condition { column: column.clone(), demand }).collect())
}

/// What stands after a cast of the column: `::text`.
fn uncast<'t, 'a>(tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    match tokens {
        [a, b, ty, rest @ ..] if a.is_mark(":") && b.is_mark(":") && ty.kind == TokenKind::Word => rest,
        _ => tokens,
    }
}

/// `ARRAY['a', 'b']`, with casts and parentheses around.
fn array(tokens: &[Token<'_>]) -> Option<Vec<String>> {
    let begin = tokens.iter().position(|token| token.is("ARRAY"))?;
    let open = tokens[begin..].iter().position(|token| token.is_mark("["))? + begin;
    let end = tokens[open..].iter().position(|token| token.is_mark("]"))? + open;
    tokens[open + 1..end].split(|token| token.is_mark(",")).map(literal).collect()
}

/// `('a', 'b')`.
fn list(tokens: &[Token<'_>]) -> Option<Vec<String>> {
    let end = closing(tokens)?;
    tokens[1..end].split(|token| token.is_mark(",")).map(literal).collect()
}

/// A literal as its text: `'2027-01-01'`, `DATE '2027-01-01'`, `-5`, `'5'::bigint`.
fn literal(tokens: &[Token<'_>]) -> Option<String> {
    let tokens = bare(tokens);
    let cast = tokens.windows(2).position(|pair| pair[0].is_mark(":") && pair[1].is_mark(":"));
    if let Some(at) = cast {
        let words = |token: &Token<'_>| !token.is_mark("+") && !token.is_mark("-") && !token.is_mark("|");
        return tokens[at..].iter().all(words).then(|| literal(&tokens[..at])).flatten();
    }
    match tokens {
        [types @ .., text] if text.kind == TokenKind::Text => {
            types.iter().all(|token| token.kind == TokenKind::Word).then(|| text.content())
        }
        _ => {
            let text: String = tokens.iter().map(|token| token.text).collect();
            let number = text.parse::<f64>().is_ok() && !text.contains(|c: char| c.is_alphabetic());
            number.then_some(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relata_schema::Dialect;
    use relata_schema::sql::tokens;

    fn verdict(bound: &str, check: &str, filled: Option<bool>) -> Verdict {
        let (bound, check) = (tokens(Dialect::Postgres, bound, 0), tokens(Dialect::Postgres, check, 0));
        fits(&Bound::read(&bound), None, &conditions(&check), |_| filled)
    }

    #[test]
    fn checks_are_held_against_bounds() {
        let year = "FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')";
        for (bound, check, expected) in [
            (year, "at >= '2027-01-01' AND at < '2028-01-01'", Verdict::Fits),
            (year, "((at >= DATE '2027-01-01') AND (at < '2028-01-01'::date) AND (kind <> 'x'))", Verdict::Fits),
            (
                year,
                "at >= '2027-01-01 00:00:00+00'::timestamp with time zone AND at < '2028-01-01T00:00Z'",
                Verdict::Fits,
            ),
            (year, "at BETWEEN '2027-02-01' AND '2027-12-31'", Verdict::Fits),
            (year, "at BETWEEN '2027-01-01' AND '2028-01-01'", Verdict::Differs),
            (year, "at >= '2026-01-01' AND at < '2028-01-01'", Verdict::Differs),
            (year, "at >= '2027-01-01' AND other < '2028-01-01'", Verdict::Differs),
            (year, "at >= '2027-01-01' OR at < '2028-01-01'", Verdict::Differs),
            (year, "value > 0", Verdict::Differs),
            ("FOR VALUES FROM (1) TO (100)", "id >= 1 AND id <= 99", Verdict::Fits),
            ("FOR VALUES FROM (1) TO (100)", "id >= 1 AND id <= 100", Verdict::Differs),
            ("FOR VALUES FROM (-5) TO (MAXVALUE)", "(id >= (-5))", Verdict::Fits),
            ("FOR VALUES IN ('eu', 'us')", "region = 'eu'", Verdict::Fits),
            ("FOR VALUES IN ('eu', 'us')", "region = ANY (ARRAY['us'::text, 'eu'::text])", Verdict::Fits),
            ("FOR VALUES IN ('eu', 'us')", "region::text IN ('eu', 'asia')", Verdict::Differs),
            ("FOR VALUES WITH (MODULUS 4, REMAINDER 0)", "id > 0", Verdict::Unknown),
            ("FOR VALUES FROM ('a', 1) TO ('b', 2)", "x >= 'a'", Verdict::Unknown),
            ("DEFAULT", "id > 0", Verdict::Unknown),
        ] {
            assert_eq!(verdict(bound, check, None), expected, "{bound}: {check}");
        }
        let check = "at >= '2027-01-01' AND at < '2028-01-01'";
        assert_eq!(verdict(year, check, Some(false)), Verdict::Differs, "NULL is not ruled out");
        assert_eq!(verdict(year, &format!("{check} AND at IS NOT NULL"), Some(false)), Verdict::Fits);
    }
}
