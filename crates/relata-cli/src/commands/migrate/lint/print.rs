//! Findings for people, programs and code hosts. All of it is the result and goes to standard output.

use std::collections::BTreeMap;

use relata_plan::lint::{Finding, Level, rules};
use relata_schema::digest;
use serde_json::json;

use super::Outcome;
use super::files::Script;
use crate::output::{Output, Tone};

/// The lines of a finding with the mark under what it is about.
pub fn human(output: &Output, outcome: &Outcome) -> String {
    let mut text = String::new();
    for finding in &outcome.findings {
        text.push_str(&one(output, &outcome.scripts[finding.file], finding));
        text.push('\n');
    }
    text.push_str(&summary(output, outcome));
    text
}

fn tone(level: Level) -> Tone {
    if level == Level::Hazard { Tone::Bad } else { Tone::Warning }
}

fn one(output: &Output, script: &Script, finding: &Finding) -> String {
    let paint = |tone, text: &str| output.paint_result(tone, text);
    let line = line_at(&script.text, finding.extent.start);
    let margin = " ".repeat(finding.line.to_string().len());
    let bar = paint(Tone::Faint, "|");
    let before: String = line.chars().take(finding.column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let marks = marked(script, finding, line);
    let head = paint(tone(finding.level), &format!("{}[{}]", finding.level.word(), finding.code));
    let mut text = format!(
        "{head}: {}\n{margin}{} {}:{}:{}\n{margin} {bar}\n{} {bar} {line}\n{margin} {bar} {before}{}\n",
        finding.message,
        paint(Tone::Faint, "-->"),
        script.path,
        finding.line,
        finding.column,
        paint(Tone::Faint, &finding.line.to_string()),
        paint(tone(finding.level), &"^".repeat(marks)),
    );
    for row in &finding.rows {
        text.push_str(&format!("{margin} {} {row}\n", paint(Tone::Faint, "= row:")));
    }
    if let Some(help) = &finding.help {
        text.push_str(&format!("{margin} {} {help}\n", paint(Tone::Code, "= help:")));
    }
    text
}

/// How many characters of the first line are meant.
fn marked(script: &Script, finding: &Finding, line: &str) -> usize {
    let meant = finding.extent.of(&script.text).lines().next().unwrap_or_default().chars().count();
    meant.min(line.chars().count().saturating_sub(finding.column - 1)).max(1)
}

/// The line that a byte stands on, without its end.
fn line_at(text: &str, byte: usize) -> &str {
    let byte = byte.min(text.len());
    let begin = text[..byte].rfind('\n').map_or(0, |at| at + 1);
    let end = text[byte..].find('\n').map_or(text.len(), |at| byte + at);
    text[begin..end].trim_end_matches('\r')
}

/// How often each rule found something, hazards first.
fn counts(findings: &[Finding], level: Level) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.level == level) {
        *counts.entry(finding.code).or_default() += 1;
    }
    counts
}

fn summary(output: &Output, outcome: &Outcome) -> String {
    let files = super::count(outcome.checked(), "file");
    let part = |level: Level, word: &str| {
        let counts = counts(&outcome.findings, level);
        let total: usize = counts.values().sum();
        let codes = counts
            .iter()
            .map(|(code, times)| if *times == 1 { (*code).to_string() } else { format!("{code} ×{times}") });
        let codes = codes.collect::<Vec<_>>().join(", ");
        (total > 0).then(|| output.paint_result(tone(level), &format!("{} ({codes})", super::count(total, word))))
    };
    let parts: Vec<String> =
        [part(Level::Hazard, "hazard"), part(Level::Style, "style finding")].into_iter().flatten().collect();
    if parts.is_empty() {
        return output.paint_result(Tone::Good, &format!("nothing found in {files}"));
    }
    format!("{} in {files}", parts.join(", "))
}

/// The last line and column of a finding, both from 1; the column is the one after the last character.
fn end(script: &Script, finding: &Finding) -> (usize, usize) {
    let meant = finding.extent.of(&script.text);
    match meant.rsplit_once('\n') {
        Some((before, last)) => (finding.line + before.matches('\n').count() + 1, last.chars().count() + 1),
        None => (finding.line, finding.column + meant.chars().count()),
    }
}

/// Everything, for other programs.
pub fn json(outcome: &Outcome) -> String {
    let finding = |finding: &Finding| {
        let script = &outcome.scripts[finding.file];
        let (end_line, end_column) = end(script, finding);
        json!({
            "code": finding.code, "level": finding.level.word(), "file": script.path,
            "line": finding.line, "column": finding.column, "end_line": end_line, "end_column": end_column,
            "message": finding.message, "help": finding.help, "rows": finding.rows,
            "sql": finding.extent.of(&script.text),
        })
    };
    let hazards = counts(&outcome.findings, Level::Hazard);
    let styles = counts(&outcome.findings, Level::Style);
    let value = json!({
        "dialect": outcome.dialect.word(),
        "findings": outcome.findings.iter().map(finding).collect::<Vec<_>>(),
        "summary": {
            "files": outcome.checked(),
            "hazards": hazards.values().sum::<usize>(), "styles": styles.values().sum::<usize>(),
            "codes": hazards.keys().chain(styles.keys()).collect::<std::collections::BTreeSet<_>>(),
        },
        "notes": outcome.notes,
    });
    format!("{value:#}")
}

/// Annotations of a GitHub workflow: one command a line.
pub fn github(outcome: &Outcome) -> String {
    let mut text = String::new();
    for finding in &outcome.findings {
        let script = &outcome.scripts[finding.file];
        let (end_line, _) = end(script, finding);
        let word = if finding.level == Level::Hazard { "error" } else { "warning" };
        let help = finding.help.as_ref().map_or_else(String::new, |help| format!("\nhelp: {help}"));
        let rows: String = finding.rows.iter().map(|row| format!("\nrow: {row}")).collect();
        text.push_str(&format!(
            "::{word} file={},line={},endLine={end_line},col={},title={}::{}\n",
            property(&script.path),
            finding.line,
            finding.column,
            property(finding.code),
            data(&format!("{}{rows}{help}", finding.message)),
        ));
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// SARIF 2.1.0, as GitHub's code scanning takes it.
pub fn sarif(outcome: &Outcome) -> String {
    let level = |level: Level| if level == Level::Hazard { "error" } else { "warning" };
    let used: Vec<_> =
        rules::ALL.iter().filter(|rule| outcome.findings.iter().any(|finding| finding.code == rule.code)).collect();
    let described = used.iter().map(|rule| {
        json!({
            "id": rule.code, "name": rule.code,
            "shortDescription": { "text": rule.title() },
            "fullDescription": { "text": rule.title() },
            "help": { "text": rule.documentation(), "markdown": rule.documentation() },
            "defaultConfiguration": { "level": level(rule.level) },
            "properties": { "tags": ["database", "migration"], "precision": "high" },
        })
    });
    // The same words more than once in a file are told apart by their number.
    let mut times: BTreeMap<(usize, &str, &str), usize> = BTreeMap::new();
    let results = outcome.findings.iter().map(|finding| {
        let script = &outcome.scripts[finding.file];
        let (end_line, end_column) = end(script, finding);
        let help = finding.help.as_ref().map_or_else(String::new, |help| format!("\nHelp: {help}"));
        let meant = finding.extent.of(&script.text);
        let count = times.entry((finding.file, finding.code, meant)).or_default();
        let same = *count;
        *count += 1;
        json!({
            "ruleId": finding.code,
            "ruleIndex": used.iter().position(|rule| rule.code == finding.code),
            "level": level(finding.level),
            "message": { "text": format!("{}{help}", finding.message) },
            "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": uri(&script.path), "uriBaseId": "%SRCROOT%" },
                "region": {
                    "startLine": finding.line, "startColumn": finding.column,
                    "endLine": end_line, "endColumn": end_column.max(finding.column + usize::from(end_line == finding.line)),
                },
            } }],
            "partialFingerprints": {
                "primaryLocationLineHash": digest::hex(&format!("{} {} {meant} {same}", finding.code, script.path)),
            },
        })
    });
    let value = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "relata", "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": described.collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
        }],
    });
    format!("{value:#}")
}

/// A path as the path of a URI.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_code_hosts_read_is_escaped() {
        assert_eq!(property("a:b,c%d\n"), "a%3Ab%2Cc%25d%0A");
        assert_eq!(uri("a b/ü.sql"), "a%20b/%C3%BC.sql");
        assert_eq!((line_at("a\r\nb", 0), line_at("a\r\nb", 3), line_at("", 0)), ("a", "b", ""));
    }
}
