//! What a lock means for others, on a table of this size: who waits, and about how long.
//!
//! Durations are orders of magnitude, from bytes and the speeds below (a disk of our days, a server that is not busy). A
//! lock that is held for an instant may have to be waited for much longer: that depends on what else runs, which nobody
//! can know beforehand, and `lock_timeout` is for it.

use relata_schema::Severity;
use relata_schema::change::{Lock, LockMode, LockSpan};
use relata_schema::statistics::TableStatistics;

/// Bytes of a table that are read in a second.
const READ: u64 = 400_000_000;

/// Bytes of a table or index that are written anew in a second.
const WRITE: u64 = 60_000_000;

/// Rows below which nobody notices.
const SMALL: u64 = 10_000;

/// Rows from which people notice.
const LARGE: u64 = 1_000_000;

/// What one lock means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impact {
    /// Who waits: `reads and writes`, `writes`, `other schema changes`, `nobody`.
    pub blocks: &'static str,
    /// Rows that are read or written meanwhile; `None` when that is not known.
    pub rows: Option<u64>,
    /// Bytes that are read or written meanwhile, with the indexes where those are built again.
    pub bytes: u64,
    /// About how long, in milliseconds; `None` when the size is not known.
    pub milliseconds: Option<u64>,
    /// How much it matters.
    pub severity: Severity,
}

/// What a lock means on a table. `None`: nothing is known of its size.
pub fn impact(lock: &Lock, table: Option<&TableStatistics>) -> Impact {
    let bytes = match (lock.span, table) {
        (LockSpan::Instant, _) | (_, None) => 0,
        (LockSpan::Scan, Some(table)) => table.bytes,
        (LockSpan::Rewrite, Some(table)) => table.bytes + table.index_bytes,
    };
    let milliseconds = match lock.span {
        LockSpan::Instant => Some(0),
        LockSpan::Scan => table.map(|_| bytes * 1000 / READ),
        LockSpan::Rewrite => table.map(|_| bytes * 1000 / WRITE),
    };
    Impact {
        blocks: blocks(lock.mode),
        rows: table.and_then(|table| table.rows),
        bytes,
        milliseconds,
        severity: severity(lock, table),
    }
}

fn blocks(mode: LockMode) -> &'static str {
    match mode {
        LockMode::None => "nobody",
        LockMode::RowExclusive => "writes of the same rows",
        LockMode::ShareUpdateExclusive => "other schema changes",
        LockMode::Share | LockMode::ShareRowExclusive | LockMode::Exclusive | LockMode::Database => "writes",
        LockMode::AccessExclusive => "reads and writes",
    }
}

fn severity(lock: &Lock, table: Option<&TableStatistics>) -> Severity {
    if lock.span == LockSpan::Instant || lock.mode <= LockMode::ShareUpdateExclusive {
        return Severity::Note;
    }
    match table.map(TableStatistics::rows_or_guess) {
        Some(rows) if rows < SMALL => Severity::Note,
        Some(rows) if rows >= LARGE => Severity::Error,
        _ => Severity::Warning,
    }
}

#[cfg(test)]
mod tests {
    use relata_schema::model::ObjectName;

    use super::*;

    #[test]
    fn size_decides_how_much_a_lock_matters() {
        let lock = |mode, span| Lock { object: ObjectName::bare("posts"), mode, span };
        let table = |rows: Option<u64>, bytes| TableStatistics { rows, bytes, ..TableStatistics::default() };
        let rewrite = lock(LockMode::AccessExclusive, LockSpan::Rewrite);
        for (rows, bytes, expected) in [
            (Some(9_999), 1_000_000, Severity::Note),
            (Some(10_000), 1_000_000, Severity::Warning),
            (Some(1_000_000), 600_000_000, Severity::Error),
            (None, 600_000_000, Severity::Error),
            (None, 0, Severity::Note),
        ] {
            let table = table(rows, bytes);
            assert_eq!(impact(&rewrite, Some(&table)).severity, expected, "{rows:?} rows, {bytes} bytes");
        }
        assert_eq!(impact(&rewrite, None).severity, Severity::Warning);
        let instant = lock(LockMode::AccessExclusive, LockSpan::Instant);
        assert_eq!(impact(&instant, Some(&table(Some(1 << 40), 1 << 40))).severity, Severity::Note);
        let online = lock(LockMode::ShareUpdateExclusive, LockSpan::Scan);
        let big = table(Some(1 << 30), 4_000_000_000);
        let found = impact(&online, Some(&big));
        assert_eq!(
            (found.severity, found.milliseconds, found.blocks),
            (Severity::Note, Some(10_000), "other schema changes")
        );
    }
}
