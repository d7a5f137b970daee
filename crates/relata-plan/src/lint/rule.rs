//! What a rule is, and how its documentation is read from its own file.

use relata_schema::Dialect;

use super::{Context, Report};

/// How serious a finding is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The rule is not looked at.
    Off,
    /// Worth changing; does not fail a check unless asked.
    Style,
    /// It blocks, breaks or loses something.
    #[default]
    Hazard,
}

impl Level {
    /// The word it is written as.
    pub const fn word(self) -> &'static str {
        match self {
            Level::Off => "off",
            Level::Style => "style",
            Level::Hazard => "hazard",
        }
    }

    /// The level that is written as `word`.
    pub fn from_word(word: &str) -> Option<Self> {
        [Level::Off, Level::Style, Level::Hazard].into_iter().find(|level| level.word() == word)
    }
}

/// One rule.
pub struct Rule {
    /// Its name, for suppression, settings and the reference. It never changes.
    pub code: &'static str,
    /// Its level when nothing else is said.
    pub level: Level,
    /// Where it applies.
    pub dialects: &'static [Dialect],
    /// The file it is written in, whose head is its documentation.
    pub source: &'static str,
    /// Looks at one statement.
    pub check: fn(&Context<'_>, &mut Report),
}

/// An example in a rule's documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The rule finds something in it.
    pub bad: bool,
    /// Its dialect.
    pub dialect: Dialect,
    /// The words after the fence: `sql`, `bad` or `good`, the dialect, and what else is at hand: `transaction` (the runner
    /// wraps the file), `folder` (a migration without a way back), `repeatable`, `application` (its schema), `live` (rows).
    pub words: Vec<String>,
    /// The SQL.
    pub sql: String,
}

impl Rule {
    /// Its documentation in Markdown, without the heading.
    pub fn documentation(&self) -> String {
        let lines = self.source.lines().take_while(|line| line.starts_with("//!"));
        let text: Vec<&str> = lines.map(|line| line.trim_start_matches("//!").trim_start_matches(' ')).collect();
        text[text.len().min(1)..].join("\n").trim().to_string()
    }

    /// What it is about, in one line.
    pub fn title(&self) -> &'static str {
        let first = self.source.lines().next().unwrap_or_default();
        first.trim_start_matches("//!").trim()
    }

    /// Its examples: blocks marked `sql,bad` or `sql,good`, with a dialect's word unless it is the rule's first.
    pub fn examples(&self) -> Vec<Example> {
        let documentation = self.documentation();
        let mut examples = Vec::new();
        let mut open: Option<Example> = None;
        for line in documentation.lines() {
            match (line.strip_prefix("```"), &mut open) {
                (Some(_), Some(example)) => {
                    examples.push(example.clone());
                    open = None;
                }
                (Some(words), None) => open = Some(self.example(words)),
                (None, Some(example)) => example.sql.push_str(&format!("{line}\n")),
                (None, None) => {}
            }
        }
        examples
    }

    fn example(&self, words: &str) -> Example {
        let has = |word: &str| words.split(',').any(|found| found.trim() == word);
        let said = Dialect::ALL.iter().copied().find(|dialect| has(dialect.word()));
        let dialect = said.or(self.dialects.first().copied()).unwrap_or_default();
        let words = words.split(',').map(|word| word.trim().to_string()).collect();
        Example { bad: has("bad"), dialect, words, sql: String::new() }
    }
}
