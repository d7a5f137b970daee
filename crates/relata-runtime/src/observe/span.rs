//! A span for each statement, with the names of OpenTelemetry's conventions for databases, if anybody listens.

use relata_sql::Error;

use super::{Watch, fingerprint, normalized};

/// The span of a statement, if somebody listens to those.
pub(super) fn span(watch: &Watch, sql: &str) -> Option<tracing::Span> {
    if tracing::Level::DEBUG > tracing::level_filters::LevelFilter::current() {
        return None;
    }
    let span = tracing::debug_span!(
        target: "relata::statement",
        "statement",
        otel.kind = "client",
        otel.name = tracing::field::Empty,
        otel.status_code = tracing::field::Empty,
        db.system.name = tracing::field::Empty,
        db.namespace = tracing::field::Empty,
        db.query.text = tracing::field::Empty,
        db.operation.name = tracing::field::Empty,
        db.response.status_code = tracing::field::Empty,
        server.address = tracing::field::Empty,
        server.port = tracing::field::Empty,
        error.type = tracing::field::Empty,
        code.file.path = tracing::field::Empty,
        code.line.number = tracing::field::Empty,
        relata.fingerprint = tracing::field::Empty,
        relata.traceparent = tracing::field::Empty,
    );
    if span.is_disabled() {
        return None;
    }
    describe(&span, watch, sql);
    Some(span)
}

fn describe(span: &tracing::Span, watch: &Watch, sql: &str) {
    let text = normalized(sql);
    let operation = text.split(' ').next().unwrap_or_default();
    span.record("otel.name", operation).record("db.operation.name", operation);
    span.record("relata.fingerprint", format!("{:016x}", fingerprint(&text)));
    span.record("db.query.text", text.as_str());
    let vitals = &watch.vitals;
    span.record("db.system.name", vitals.system()).record("db.namespace", vitals.database.as_str());
    match vitals.node.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?))) {
        Some((host, port)) => span.record("server.address", host).record("server.port", port),
        None => span.record("server.address", vitals.node.as_str()),
    };
    if let Some(tags) = &watch.tags {
        if let Some((file, line)) = tags.source() {
            span.record("code.file.path", file).record("code.line.number", line);
        }
        if let Some(trace) = tags.traceparent() {
            span.record("relata.traceparent", trace);
        }
    }
}

/// How it ended.
pub(super) fn tell(span: Option<&tracing::Span>, error: Option<&Error>) {
    if let (Some(span), Some(error)) = (span, error) {
        span.record("error.type", error.code()).record("otel.status_code", "ERROR");
        if let Some(state) = &error.details().sqlstate {
            span.record("db.response.status_code", state.as_str());
        }
    }
}
