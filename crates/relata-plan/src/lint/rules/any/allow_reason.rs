//! A rule that is allowed without a reason
//!
//! `-- relata: allow CODE` without `because …` has no effect: in a year nobody knows whether it was meant.
//!
//! ```sql,bad
//! -- relata: allow drop-column
//! ALTER TABLE orders DROP COLUMN note;
//! ```
//!
//! ```sql,good
//! -- relata: allow drop-column because release 4.2 has stopped reading it
//! ALTER TABLE orders DROP COLUMN note;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("allow-reason", Level::Style, EVERYWHERE, include_str!("allow_reason.rs"), check);

/// Comments are looked at when all statements have been.
fn check(_context: &Context<'_>, _report: &mut Report) {}
