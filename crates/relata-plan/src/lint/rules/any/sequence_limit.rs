//! A sequence that ends sooner
//!
//! Beyond a lower `MAXVALUE`, or the greatest number of a smaller type, the next insert that asks for a number fails; with `CYCLE` numbers
//! come a second time. A limit that is the greatest number of a column of 4 or 8 bytes is no finding, nor is a sequence of the same file.
//!
//! ```sql,bad,postgres
//! ALTER SEQUENCE orders_id_seq MAXVALUE 100000;
//! ```
//!
//! ```sql,good,postgres
//! ALTER SEQUENCE orders_id_seq AS bigint NO MAXVALUE;
//! ```
//!
//! ```sql,bad,mysql
//! ALTER SEQUENCE order_numbers MAXVALUE = 100000;
//! ```
//!
//! ```sql,good,mysql
//! ALTER SEQUENCE order_numbers NOMAXVALUE;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("sequence-limit", Level::Hazard, POSTGRES_AND_MYSQL, include_str!("sequence_limit.rs"), check);

/// What fits into columns of 4 and of 8 bytes; MariaDB's sequences end one before that.
const USUAL: &[&str] = &["2147483647", "4294967295", "9223372036854775806", "9223372036854775807"];

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Alter(alter) = &context.statement.kind else { return };
    if alter.object != "SEQUENCE" || context.facts.is_made(&alter.name) {
        return;
    }
    let tokens = &context.statement.tokens;
    let number = |at: usize| tokens.get(at + 1).filter(|token| token.is_mark("=")).map_or(at + 1, |_| at + 2);
    let limit = tokens.iter().enumerate().find_map(|(at, token)| {
        let value = tokens.get(number(at)).filter(|_| token.is("MAXVALUE"))?;
        let lower = value.text.starts_with(|c: char| c.is_ascii_digit()) && !USUAL.contains(&value.text);
        lower.then_some((token.extent().through(value.extent()), value.text))
    });
    let small = |token: &str| ["smallint", "int2"].iter().any(|small| token.eq_ignore_ascii_case(small));
    let of_type = tokens.windows(2).find(|pair| pair[0].is("AS") && small(pair[1].text));
    let of_type = of_type.map(|pair| (pair[0].extent().through(pair[1].extent()), "32767"));
    if let Some((extent, last)) = limit.or(of_type) {
        report
            .at(extent, format!("after {last} no insert gets a number from {}", alter.name))
            .help("leave it as long as the columns that take its numbers: NO MAXVALUE");
    }
}
