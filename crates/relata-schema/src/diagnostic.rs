//! What relata says about someone's declaration, schema or plan: one shape for rustc, the command and editors.

use crate::model::ObjectKey;
use crate::tree::choice;

choice! {
    /// How serious a diagnostic is.
    pub enum Severity {
        /// It cannot go on.
        Error = "error",
        /// It can go on, and probably should not.
        Warning = "warning",
        /// Worth knowing.
        Note = "note",
    }
}

/// A place in a source file. Lines start at 1, columns at 0 (as rustc counts them internally).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The file as it was named; empty inside a macro.
    pub file: String,
    /// First line.
    pub line: usize,
    /// First column.
    pub column: usize,
    /// Length in characters on the first line.
    pub length: usize,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// Stable code, for suppression and the reference: `entity-unknown-attribute`.
    pub code: &'static str,
    /// How serious.
    pub severity: Severity,
    /// What is wrong, one sentence, no final full stop.
    pub message: String,
    /// Where in the source.
    pub span: Option<Span>,
    /// Which object.
    pub object: Option<ObjectKey>,
    /// What to do next.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A finding with code, severity and message.
    pub fn new(code: &'static str, severity: Severity, message: impl Into<String>) -> Self {
        Diagnostic { code, severity, message: message.into(), span: None, object: None, help: None }
    }

    /// An error.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    /// A warning.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    /// Adds the place.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Adds the object.
    #[must_use]
    pub fn about(mut self, object: ObjectKey) -> Self {
        self.object = Some(object);
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl std::fmt::Display for Diagnostic {
    /// `error[code]: message` with place, object and help on lines of their own.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}[{}]: {}", self.severity, self.code, self.message)?;
        if let Some(span) = &self.span {
            write!(f, "\n  --> {}:{}:{}", span.file, span.line, span.column + 1)?;
        }
        if let Some(object) = &self.object {
            write!(f, "\n  in {object}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}
