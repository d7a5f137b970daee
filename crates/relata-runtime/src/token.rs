//! Positions in a server's log: what a read must have seen.

use std::str::FromStr;

use relata_sql::{Error, Kind};

/// How far a primary had written: a read with [`Reads::AtLeast`](crate::Reads::AtLeast) sees at least that.
///
/// It is small and printable, for a cookie or a header, and means the same to every process that uses the same servers.
///
/// ```
/// use relata_runtime::Token;
/// let token: Token = "lsn:1/6B374D48".parse()?;
/// assert!(token.is_covered_by(&"lsn:1/6B374D49".parse()?));
/// assert_eq!(token.to_string(), "lsn:1/6B374D48");
/// let token: Token = "gtid:0-1-100,1-2-7".parse()?;
/// assert!(!token.is_covered_by(&"gtid:0-3-200".parse()?), "it lacks the domain 1");
/// # Ok::<(), relata_runtime::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Token(pub(crate) Position);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Position {
    /// SQLite: whoever begins to read sees what was committed before.
    Local,
    /// PostgreSQL: bytes of the write-ahead log.
    Lsn(u64),
    /// MariaDB: for each domain the last server and sequence number.
    Gtid(Vec<(u32, u32, u64)>),
    /// MySQL: for each source (a server, or a server and a tag) the transactions that were executed.
    Executed(Vec<Executed>),
    /// Galera: of which cluster, and how many transactions it has committed.
    Galera(Box<str>, u64),
}

/// A source of transactions, and the first and last number of each run of them.
pub(crate) type Executed = (Box<str>, Vec<(u64, u64)>);

impl Token {
    /// That of a database without replicas.
    pub(crate) fn local() -> Token {
        Token(Position::Local)
    }

    /// Whether somebody who is at `other` has seen everything that this token stands for.
    pub fn is_covered_by(&self, other: &Token) -> bool {
        self.0.is_covered_by(&other.0)
    }

    /// The later of two.
    ///
    /// ```
    /// # use relata::Token;
    /// let (a, b): (Token, Token) = ("lsn:0/5".parse()?, "lsn:0/9".parse()?);
    /// assert_eq!(a.max(b).to_string(), "lsn:0/9");
    /// # Ok::<(), relata::Error>(())
    /// ```
    #[must_use]
    pub fn max(self, other: Token) -> Token {
        if self.is_covered_by(&other) { other } else { self }
    }
}

impl Position {
    pub(crate) fn is_covered_by(&self, other: &Position) -> bool {
        match (self, other) {
            (Position::Local, _) => true,
            (Position::Lsn(wanted), Position::Lsn(there)) => wanted <= there,
            (Position::Gtid(wanted), Position::Gtid(there)) => wanted.iter().all(|(domain, _, sequence)| {
                there.iter().any(|(other, _, reached)| other == domain && sequence <= reached)
            }),
            (Position::Executed(wanted), Position::Executed(there)) => wanted.iter().all(|source| holds(there, source)),
            (Position::Galera(cluster, wanted), Position::Galera(other, there)) => cluster == other && wanted <= there,
            _ => false,
        }
    }

    /// `CLUSTER:NUMBER`.
    fn galera(text: &str) -> Option<Position> {
        let (cluster, number) = text.split_once(':')?;
        let plain = !cluster.is_empty() && cluster.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        number.parse().ok().filter(|_| plain).map(|number| Position::Galera(cluster.into(), number))
    }

    /// An LSN as the server writes it.
    pub(crate) fn lsn(text: &str) -> Option<Position> {
        let (high, low) = text.trim().split_once('/')?;
        let (high, low) = (u64::from_str_radix(high, 16).ok()?, u64::from_str_radix(low, 16).ok()?);
        (low <= u64::from(u32::MAX) && high <= u64::from(u32::MAX)).then_some(Position::Lsn(high << 32 | low))
    }

    /// A list of GTIDs as the server writes it.
    pub(crate) fn gtid(text: &str) -> Option<Position> {
        let one = |text: &str| {
            let mut parts = text.trim().split('-');
            let parsed = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            parts.next().is_none().then_some(parsed)
        };
        let texts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
        texts.map(one).collect::<Option<Vec<_>>>().map(Position::Gtid)
    }

    /// A set of transactions as MySQL writes it: `UUID:1-5:7,UUID:tag:1-2`.
    pub(crate) fn executed(text: &str) -> Option<Position> {
        let mut found: Vec<Executed> = Vec::new();
        for source in text.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            let (server, rest) = source.split_once(':')?;
            if server.len() != 36 || !server.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
                return None;
            }
            let mut name = server.to_string();
            for part in rest.split(':') {
                if part.starts_with(|c: char| c.is_ascii_digit()) {
                    let (first, last) = part.split_once('-').unwrap_or((part, part));
                    let run = (first.parse().ok()?, last.parse().ok()?);
                    match found.last_mut() {
                        Some((same, runs)) if **same == *name => runs.push(run),
                        _ => found.push((name.as_str().into(), vec![run])),
                    }
                } else if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                    name = format!("{server}:{part}");
                } else {
                    return None;
                }
            }
        }
        Some(Position::Executed(found))
    }

    /// Whether it says nothing: the server keeps no such positions.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Position::Gtid(parts) => parts.is_empty(),
            Position::Executed(sources) => sources.is_empty(),
            _ => false,
        }
    }

    /// As the server writes it.
    pub(crate) fn plain(&self) -> String {
        match self {
            Position::Local => String::new(),
            Position::Lsn(lsn) => format!("{:X}/{:X}", lsn >> 32, lsn & 0xffff_ffff),
            Position::Galera(cluster, number) => format!("{cluster}:{number}"),
            Position::Executed(sources) => {
                let run = |(first, last): &(u64, u64)| match first == last {
                    true => format!(":{first}"),
                    false => format!(":{first}-{last}"),
                };
                let source = |(name, runs): &Executed| format!("{name}{}", runs.iter().map(run).collect::<String>());
                sources.iter().map(source).collect::<Vec<_>>().join(",")
            }
            Position::Gtid(parts) => {
                let parts = parts.iter().map(|(domain, server, sequence)| format!("{domain}-{server}-{sequence}"));
                parts.collect::<Vec<_>>().join(",")
            }
        }
    }
}

/// Whether every transaction of a source is among those.
fn holds(there: &[Executed], (name, wanted): &Executed) -> bool {
    let runs = || there.iter().filter(|(other, _)| other == name).flat_map(|(_, runs)| runs);
    wanted.iter().all(|(first, last)| runs().any(|(from, to)| from <= first && last <= to))
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = match self.0 {
            Position::Local => return f.write_str("local"),
            Position::Lsn(_) => "lsn",
            Position::Gtid(_) => "gtid",
            Position::Executed(_) => "executed",
            Position::Galera(..) => "galera",
        };
        write!(f, "{word}:{}", self.0.plain())
    }
}

impl FromStr for Token {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parsed = match text.split_once(':') {
            None if text == "local" => Some(Position::Local),
            Some(("lsn", rest)) => Position::lsn(rest),
            Some(("gtid", rest)) => Position::gtid(rest),
            Some(("executed", rest)) => Position::executed(rest),
            Some(("galera", rest)) => Position::galera(rest),
            _ => None,
        };
        parsed.map(Token).ok_or_else(|| {
            Error::new(Kind::InvalidValue, "this is no token of a position")
                .hint("pass on what `Db::token` gave, as it was printed; treat another as none")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_from_text() {
        for text in [
            "local",
            "lsn:0/0",
            "lsn:FFFFFFFF/FFFFFFFF",
            "gtid:0-1-18446744073709551615",
            "gtid:0-1-1,5-9-2",
            "gtid:",
            "galera:6f0c-11:42",
            "executed:0d81af52-e602-11f1-a940-02fc00000001:1-5:7,0d81af52-e602-11f1-a940-02fc00000001:tag:1",
        ] {
            assert_eq!(text.parse::<Token>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "lsn:",
            "lsn:1",
            "lsn:1FFFFFFFF/0",
            "gtid:1-2",
            "gtid:1-2-3-4",
            "gtid:a-b-c",
            "x:1/2",
            "galera:7",
            "galera:' OR:7",
            "executed:0d81:1-5",
            "executed:0d81af52-e602-11f1-a940-02fc00000001:1-x",
            "executed:0d81af52-e602-11f1-a940-02fc00000001:' OR 1:5",
        ] {
            assert_eq!(text.parse::<Token>().unwrap_err().kind(), Kind::InvalidValue, "{text}");
        }
    }

    #[test]
    fn later_covers_earlier_and_strangers_nothing() {
        let token = |text: &str| text.parse::<Token>().unwrap();
        assert!(token("lsn:0/FF").is_covered_by(&token("lsn:1/0")));
        assert!(!token("lsn:1/0").is_covered_by(&token("lsn:0/FF")));
        assert!(token("gtid:0-1-5").is_covered_by(&token("gtid:0-2-5,1-1-1")), "whoever wrote it");
        assert!(!token("lsn:0/1").is_covered_by(&token("gtid:0-1-9")));
        assert!(token("galera:a-1:5").is_covered_by(&token("galera:a-1:6")));
        assert!(!token("galera:a-1:5").is_covered_by(&token("galera:b-1:6")), "another cluster");
        let executed = |runs: &str| token(&format!("executed:0d81af52-e602-11f1-a940-02fc00000001:{runs}"));
        assert!(executed("2-4:7").is_covered_by(&executed("1-5:7-9")));
        assert!(!executed("1-6").is_covered_by(&executed("1-5:7-9")), "six is missing");
        assert!(!executed("tag:1").is_covered_by(&executed("1-5")), "another source");
        assert!(token("local").is_covered_by(&token("lsn:0/0")));
        assert_eq!(token("lsn:0/5").max(token("lsn:0/9")), token("lsn:0/9"));
    }
}
