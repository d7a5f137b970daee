//! What the person sees: numbered steps, a sentence or two, tables, excerpts of code, how long it took.

use std::time::Instant;

use crate::output::{Grid, Output, Tone};

/// Shows steps. With `--json` nothing is shown until the end; facts are collected instead.
pub struct Stage<'o> {
    output: &'o Output,
    steps: usize,
    step: usize,
    started: Instant,
    facts: Vec<(String, serde_json::Value)>,
}

impl<'o> Stage<'o> {
    /// A stage for so many steps.
    pub fn new(output: &'o Output, steps: usize) -> Self {
        Stage { output, steps, step: 0, started: Instant::now(), facts: Vec::new() }
    }

    /// Begins the next step.
    pub fn step(&mut self, title: &str) {
        self.step += 1;
        let number = format!("{}/{}", self.step, self.steps);
        let rule = "─".repeat(92_usize.saturating_sub(number.len() + title.chars().count()));
        let (number, rule) = (self.paint(Tone::Code, &number), self.paint(Tone::Faint, &rule));
        let title = self.paint(Tone::Heading, title);
        self.line(&format!("\n{number} {title} {rule}"));
    }

    /// A sentence.
    pub fn say(&self, text: &str) {
        self.line(text);
    }

    /// Something that went well, and how long it took.
    pub fn done(&self, text: &str, since: Instant) {
        let took = format!("{:.0?}", since.elapsed());
        self.line(&format!("{} {text} {}", self.paint(Tone::Good, "✓"), self.paint(Tone::Faint, &took)));
    }

    /// Rows.
    pub fn table(&self, grid: &Grid) {
        if !self.output.json {
            self.output.table(grid);
        }
    }

    /// Code, indented, with comments and attributes set apart.
    pub fn code(&self, text: &str) {
        for line in text.lines() {
            let trimmed = line.trim_start();
            let tone = match trimmed.chars().next() {
                Some('+') => Tone::Good,
                Some('-') if !trimmed.starts_with("--") => Tone::Bad,
                Some('#' | '/') => Tone::Faint,
                _ if trimmed.starts_with("--") => Tone::Faint,
                _ => Tone::Code,
            };
            self.line(&format!("    {}", self.paint(tone, line)));
        }
    }

    /// A command to type and what it does.
    pub fn command(&self, command: &str, what: &str) {
        self.line(&format!(
            "  {}  {}",
            self.paint(Tone::Code, &format!("{command:<58}")),
            self.paint(Tone::Faint, what)
        ));
    }

    /// Keeps a fact for `--json`.
    pub fn fact(&mut self, name: &str, value: impl Into<serde_json::Value>) {
        self.facts.push((name.to_string(), value.into()));
    }

    /// The end: with `--json`, the facts.
    pub fn finish(mut self) {
        self.fact("seconds", (self.started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0);
        if self.output.json {
            let facts: serde_json::Map<_, _> = self.facts.into_iter().collect();
            self.output.result(&format!("{:#}", serde_json::Value::Object(facts)));
        }
    }

    /// A text in a tone.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        self.output.paint_result(tone, text)
    }

    fn line(&self, text: &str) {
        if !self.output.json {
            self.output.result(text);
        }
    }
}
