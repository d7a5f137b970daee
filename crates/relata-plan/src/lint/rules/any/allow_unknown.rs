//! A rule that is allowed and does not exist
//!
//! Most likely its name is mistyped.
//!
//! ```sql,bad
//! -- relata: allow drop-colum because release 4.2 has stopped reading it
//! SELECT 1;
//! ```
//!
//! ```sql,good
//! -- relata: allow drop-column because release 4.2 has stopped reading it
//! ALTER TABLE orders DROP COLUMN note;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("allow-unknown", Level::Style, EVERYWHERE, include_str!("allow_unknown.rs"), check);

/// Comments are looked at when all statements have been.
fn check(_context: &Context<'_>, _report: &mut Report) {}
