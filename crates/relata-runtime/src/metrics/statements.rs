//! Statements by fingerprint: how often, how long, how many failed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::fingerprint::{fingerprint, normalized};
use super::{Counter, Folded, HistogramValue};

/// More different statements than this are counted together, under one name.
const MOST: usize = 2000;

/// Of a longer statement so many characters are kept.
const LONGEST: usize = 1000;

/// One statement's numbers.
pub(crate) struct Known {
    pub(crate) text: String,
    pub(crate) fingerprint: u64,
    pub(crate) time: Arc<Folded>,
    pub(crate) errors: Counter,
}

/// What is known of one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementValue {
    /// Its text without literals.
    pub text: String,
    /// The number of that text.
    pub fingerprint: u64,
    /// How long it took.
    pub time: HistogramValue,
    /// How often it failed.
    pub errors: u64,
}

/// All statements.
#[derive(Default)]
pub(crate) struct Statements(Mutex<HashMap<u64, Arc<Known>>>);

impl Statements {
    /// The numbers of a statement.
    pub(crate) fn of(&self, sql: &str) -> Arc<Known> {
        let mut text = normalized(sql);
        let mut number = fingerprint(&text);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(&number) {
            return known.clone();
        }
        if known.len() >= MOST {
            (text, number) = ("(further statements)".to_string(), 0);
        }
        if let Some((end, _)) = text.char_indices().nth(LONGEST) {
            text.truncate(end);
            text.push('…');
        }
        let made = || Arc::new(Known { text, fingerprint: number, time: Arc::default(), errors: Counter::default() });
        known.entry(number).or_insert_with(made).clone()
    }

    /// All, those that took longest altogether first.
    pub(crate) fn values(&self) -> Vec<StatementValue> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let value = |known: &Arc<Known>| StatementValue {
            text: known.text.clone(),
            fingerprint: known.fingerprint,
            time: known.time.value(),
            errors: known.errors.value(),
        };
        let mut values: Vec<_> = known.values().map(value).collect();
        values.sort_by(|a, b| b.time.sum.cmp(&a.time.sum).then_with(|| a.text.cmp(&b.text)));
        values
    }
}
