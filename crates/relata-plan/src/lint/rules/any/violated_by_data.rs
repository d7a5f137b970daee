//! A new rule that rows break today
//!
//! With `--url` each new NOT NULL, CHECK, UNIQUE and FOREIGN KEY, and each narrower type, is tried on the rows that are there;
//! those that break it are shown.
//!
//! ```sql,bad,live
//! ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0);
//! ```
//!
//! ```sql,good
//! SELECT 1;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("violated-by-data", Level::Hazard, EVERYWHERE, include_str!("violated_by_data.rs"), check);

/// It needs the rows: whoever has a connection runs the probes.
fn check(_context: &Context<'_>, _report: &mut Report) {}
