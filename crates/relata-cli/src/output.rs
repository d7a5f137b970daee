//! Where results and prose go: standard output for the one, standard error for the other.
//!
//! Colours and drawn tables appear only on a terminal; in a pipe tables are tab-separated, so that other programs read
//! them. A reader that goes away (`| head`) is no failure.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use clap::builder::styling::{AnsiColor, Style};
use comfy_table::{Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use relata_schema::{Diagnostic, Severity};
use relata_sql::{Error, Kind};

use crate::cli::GlobalOptions;
use crate::session::Exit;

/// The two streams and how they may look.
pub struct Output {
    /// Results are JSON.
    pub json: bool,
    quiet: bool,
    result_is_terminal: bool,
    result_colors: bool,
    prose_colors: bool,
    prose_is_terminal: bool,
}

/// What a text is, which decides how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// A heading.
    Heading,
    /// Something that went well.
    Good,
    /// Something to look at.
    Warning,
    /// Something that failed.
    Bad,
    /// Less important.
    Faint,
    /// A command or name.
    Code,
}

impl Tone {
    const fn style(self) -> Style {
        match self {
            Tone::Plain => Style::new(),
            Tone::Heading => Style::new().bold(),
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Warning => AnsiColor::Yellow.on_default(),
            Tone::Bad => AnsiColor::Red.on_default().bold(),
            Tone::Faint => Style::new().dimmed(),
            Tone::Code => AnsiColor::Cyan.on_default(),
        }
    }
}

/// Rows with headings, before they are drawn.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    /// Headings.
    pub columns: Vec<String>,
    /// Columns (by position) that are numbers: aligned to the right.
    pub numeric: Vec<bool>,
    /// Rows; `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// The most lines a drawn row takes; what is cut off is marked.
    pub row_height: Option<usize>,
}

impl Grid {
    /// An empty grid with these headings.
    pub fn new(columns: &[&str]) -> Self {
        Grid { columns: columns.iter().map(|name| (*name).to_string()).collect(), ..Grid::default() }
    }

    /// Adds a row.
    pub fn push(&mut self, row: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(row.into_iter().map(|cell| Some(cell.into())).collect());
    }

    /// Marks columns as numbers.
    #[must_use]
    pub fn numbers(mut self, positions: &[usize]) -> Self {
        self.numeric = (0..self.columns.len()).map(|index| positions.contains(&index)).collect();
        self
    }

    /// Drawn with lines, as wide as the terminal allows.
    pub fn draw(&self, colors: bool) -> String {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
        if colors {
            table.enforce_styling();
        } else {
            table.force_no_tty();
            if let Some(width) = terminal_width() {
                table.set_width(width);
            }
        }
        table.set_header(self.columns.iter().map(|name| {
            let cell = Cell::new(name);
            if colors { cell.add_attribute(Attribute::Bold) } else { cell }
        }));
        for (index, column) in table.column_iter_mut().enumerate() {
            if self.numeric.get(index).copied().unwrap_or(false) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        for row in &self.rows {
            let cells = row.iter().enumerate().map(|(index, value)| {
                let cell = match value {
                    Some(value) => Cell::new(value),
                    None if colors => Cell::new("NULL").add_attribute(Attribute::Dim),
                    None => Cell::new("NULL"),
                };
                let number = self.numeric.get(index).copied().unwrap_or(false);
                if number { cell.set_alignment(CellAlignment::Right) } else { cell }
            });
            let mut drawn = Row::from(cells.collect::<Vec<_>>());
            if let Some(height) = self.row_height {
                drawn.max_height(height);
            }
            table.add_row(drawn);
        }
        table.to_string()
    }

    /// Tab-separated, one row a line; tabs and line breaks inside values are escaped, NULL is empty.
    pub fn separated(&self) -> String {
        let escape =
            |value: &str| value.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r");
        let mut out = self.columns.iter().map(|name| escape(name)).collect::<Vec<_>>().join("\t");
        for row in &self.rows {
            out.push('\n');
            let cells = row.iter().map(|value| value.as_deref().map(escape).unwrap_or_default());
            out.push_str(&cells.collect::<Vec<_>>().join("\t"));
        }
        out
    }
}

fn terminal_width() -> Option<u16> {
    std::env::var("COLUMNS").ok().and_then(|width| width.parse().ok())
}

impl Output {
    /// The streams as the options and the environment want them.
    pub fn new(options: &GlobalOptions) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let colors = !options.no_color && !unwanted;
        let (result, prose) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        Output {
            json: options.json,
            quiet: options.quiet,
            result_is_terminal: result,
            result_colors: colors && result,
            prose_colors: colors && prose,
            prose_is_terminal: prose,
        }
    }

    /// Prints the result, with a final line break.
    pub fn result(&self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        let line_break = if text.ends_with('\n') { "" } else { "\n" };
        // A reader that went away wants no more; that is no failure of ours.
        let _ = write!(stdout, "{text}{line_break}").and_then(|()| stdout.flush());
    }

    /// Prints rows as the result: drawn on a terminal, tab-separated in a pipe.
    pub fn rows(&self, grid: &Grid) {
        if self.result_is_terminal {
            self.result(&grid.draw(self.result_colors));
        } else {
            self.result(&grid.separated());
        }
    }

    /// Prints a drawn table as the result, also in a pipe: for results that people read.
    pub fn table(&self, grid: &Grid) {
        self.result(&grid.draw(self.result_colors));
    }

    /// Says something to the person.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            self.write_prose(text);
        }
    }

    /// A text in a tone, for standard error.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        paint(self.prose_colors, tone, text)
    }

    /// A text in a tone, for standard output.
    pub fn paint_result(&self, tone: Tone, text: &str) -> String {
        paint(self.result_colors, tone, text)
    }

    /// Prints findings.
    pub fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        for diagnostic in diagnostics {
            if self.quiet && diagnostic.severity != Severity::Error {
                continue;
            }
            let text = diagnostic.to_string();
            let word = diagnostic.severity.word();
            let tone = match diagnostic.severity {
                Severity::Error => Tone::Bad,
                Severity::Warning => Tone::Warning,
                Severity::Note => Tone::Code,
            };
            let rest = text.strip_prefix(word).unwrap_or(&text);
            self.write_prose(&format!("{}{rest}", self.paint(tone, word)));
        }
    }

    /// Prints an error and gives the exit code for it.
    pub fn failure(&self, error: &Error) -> Exit {
        if self.json {
            let hints: Vec<_> = error.hints().iter().map(String::as_str).collect();
            let json = serde_json::json!({
                "error": { "code": error.code(), "message": error.message(), "text": error.to_string(), "hints": hints }
            });
            self.write_prose(&json.to_string());
        } else {
            let text = error.to_string().replace("\n  hint: ", &format!("\n  {}: ", self.paint(Tone::Code, "help")));
            self.write_prose(&format!("{}: {text}", self.paint(Tone::Bad, "error")));
        }
        match error.kind() {
            Kind::InvalidUrl => Exit::Usage,
            _ => Exit::Failed,
        }
    }

    /// Asks the person at the terminal; `false` for anything but `yes`, and where there is no terminal.
    pub fn confirm(&self, question: &str) -> bool {
        if !self.prose_is_terminal || !std::io::stdin().is_terminal() {
            return false;
        }
        self.write_prose(&format!("{question} Type yes to go on:"));
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).is_ok() && answer.trim() == "yes"
    }

    /// A spinner that says what is being done; it vanishes when it is dropped, and is not there without a terminal.
    pub fn progress(&self, doing: &str) -> Progress {
        let bar = ProgressBar::new_spinner();
        self.prepare(&bar);
        if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {msg} {elapsed:.dim}") {
            bar.set_style(style);
        }
        bar.set_message(doing.to_string());
        bar.enable_steady_tick(Duration::from_millis(80));
        Progress(bar)
    }

    /// A bar of so many units.
    pub fn progress_of(&self, doing: &str, total: u64) -> Progress {
        let bar = ProgressBar::new(total);
        self.prepare(&bar);
        if let Ok(style) =
            ProgressStyle::with_template("{msg} {bar:30.cyan/dim} {human_pos}/{human_len} {elapsed:.dim}")
        {
            bar.set_style(style);
        }
        bar.set_message(doing.to_string());
        Progress(bar)
    }

    fn prepare(&self, bar: &ProgressBar) {
        if self.quiet || !self.prose_is_terminal || !self.prose_colors {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
    }

    fn write_prose(&self, text: &str) {
        let mut stderr = std::io::stderr().lock();
        // Where standard error is closed there is nobody to tell.
        let _ = writeln!(stderr, "{text}");
    }
}

fn paint(colors: bool, tone: Tone, text: &str) -> String {
    let style = tone.style();
    if colors && tone != Tone::Plain { format!("{style}{text}{style:#}") } else { text.to_string() }
}

/// Progress on the terminal; gone when dropped.
pub struct Progress(ProgressBar);

impl Progress {
    /// Says what is being done now.
    pub fn doing(&self, what: &str) {
        self.0.set_message(what.to_string());
    }

    /// Prints something while the progress steps aside.
    pub fn suspend(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }

    /// Somebody sees it.
    pub fn is_drawn(&self) -> bool {
        !self.0.is_hidden()
    }

    /// So many units more are done.
    pub fn advance(&self, units: u64) {
        self.0.inc(units);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_in_a_pipe_are_one_line_each() {
        let mut grid = Grid::new(&["id", "note"]);
        grid.rows.push(vec![Some("1".into()), Some("a\tb\nc\\d".into())]);
        grid.rows.push(vec![Some("2".into()), None]);
        assert_eq!(grid.separated(), "id\tnote\n1\ta\\tb\\nc\\\\d\n2\t");
    }

    #[test]
    fn tables_show_null_and_align_numbers() {
        let mut grid = Grid::new(&["id", "note"]).numbers(&[0]);
        grid.rows.push(vec![Some("10".into()), None]);
        grid.rows.push(vec![Some("1".into()), Some("x".into())]);
        expect_test::expect![[r#"
            ┌────┬──────┐
            │ id ┆ note │
            ╞════╪══════╡
            │ 10 ┆ NULL │
            │  1 ┆ x    │
            └────┴──────┘"#]]
        .assert_eq(&grid.draw(false));
    }
}
