//! Prometheus' text format.

use std::fmt::Write;

use super::HistogramValue;

/// A page of metrics under construction.
#[derive(Default)]
pub(crate) struct Text {
    out: String,
    last: String,
}

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        if self.last != name {
            self.last = name.to_string();
            let _ = write!(self.out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        }
    }

    /// A number that only grows.
    pub(crate) fn counter(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: u64) {
        self.head(name, "counter", help);
        let _ = writeln!(self.out, "{name}{} {value}", braces(labels, None));
    }

    /// A number that goes up and down.
    pub(crate) fn gauge(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: f64) {
        self.head(name, "gauge", help);
        let _ = writeln!(self.out, "{name}{} {value}", braces(labels, None));
    }

    /// Durations, in seconds. Buckets that hold no more than the one before are left out.
    pub(crate) fn histogram(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: &HistogramValue) {
        self.head(name, "histogram", help);
        let mut before = 0;
        for (end, count) in &value.buckets {
            let Some(end) = end else { continue };
            if *count > before {
                before = *count;
                let end = end.as_secs_f64().to_string();
                let _ = writeln!(self.out, "{name}_bucket{} {count}", braces(labels, Some(&end)));
            }
        }
        let _ = writeln!(self.out, "{name}_bucket{} {}", braces(labels, Some("+Inf")), value.count);
        let _ = writeln!(self.out, "{name}_sum{} {}", braces(labels, None), value.sum.as_secs_f64());
        let _ = writeln!(self.out, "{name}_count{} {}", braces(labels, None), value.count);
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }
}

fn braces(labels: &[(&str, &str)], end: Option<&str>) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let labels = labels.iter().copied().chain(end.map(|end| ("le", end)));
    let parts: Vec<_> = labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    if parts.is_empty() { String::new() } else { format!("{{{}}}", parts.join(",")) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Histogram;
    use super::*;

    #[test]
    fn a_page() {
        let histogram = Histogram::default();
        [1, 3, 3].iter().for_each(|milliseconds| histogram.record(Duration::from_millis(*milliseconds)));
        let mut text = Text::default();
        text.gauge("relata_pool_idle", "Idle connections", &[("node", "a\"b")], 2.0);
        text.gauge("relata_pool_idle", "Idle connections", &[("node", "c")], 0.0);
        text.histogram("relata_wait_seconds", "Waiting", &[], &histogram.value());
        expect_test::expect![[r#"
            # HELP relata_pool_idle Idle connections
            # TYPE relata_pool_idle gauge
            relata_pool_idle{node="a\"b"} 2
            relata_pool_idle{node="c"} 0
            # HELP relata_wait_seconds Waiting
            # TYPE relata_wait_seconds histogram
            relata_wait_seconds_bucket{le="0.001024"} 1
            relata_wait_seconds_bucket{le="0.004096"} 3
            relata_wait_seconds_bucket{le="+Inf"} 3
            relata_wait_seconds_sum 0.007
            relata_wait_seconds_count 3
        "#]]
        .assert_eq(&text.finish());
    }
}
