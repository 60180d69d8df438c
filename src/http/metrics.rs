//! Figures for Prometheus: counted without a lock, told as text. No label says who somebody is.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use super::trace::{Decision, Route};

/// Upper ends of the classes of request times, in microseconds.
const CLASSES: [u64; 12] = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 250_000, 1_000_000, 10_000_000];
const CODES: usize = 600;

/// What was counted since the start.
#[derive(Debug)]
pub(super) struct Metrics {
    codes: Vec<[AtomicU64; CODES]>,
    decisions: [AtomicU64; Decision::ALL.len()],
    times: [AtomicU64; CLASSES.len() + 1],
    micros: AtomicU64,
    pub(super) open: AtomicI64,
    pub(super) opened: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            codes: Route::ALL.iter().map(|_| [const { AtomicU64::new(0) }; CODES]).collect(),
            decisions: [const { AtomicU64::new(0) }; Decision::ALL.len()],
            times: [const { AtomicU64::new(0) }; CLASSES.len() + 1],
            micros: AtomicU64::new(0),
            open: AtomicI64::new(0),
            opened: AtomicU64::new(0),
        }
    }
}

impl Metrics {
    /// Counts a request.
    pub(super) fn count(&self, route: Route, decision: Decision, code: u16, took: Duration) {
        self.codes[route as usize][usize::from(code).min(CODES - 1)].fetch_add(1, Ordering::Relaxed);
        self.decisions[decision as usize].fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let class = CLASSES.iter().position(|end| micros <= *end).unwrap_or(CLASSES.len());
        self.times[class].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Everything, in Prometheus' text format.
    pub(super) fn text(&self, log_dropped: u64) -> String {
        let mut out = String::with_capacity(4096);
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        head(&mut out, "hallpass_requests_total", "counter", "Requests answered, by route and status code.");
        for (route, codes) in Route::ALL.iter().zip(&self.codes) {
            for (code, count) in codes.iter().enumerate().filter(|(_, count)| get(count) > 0) {
                let route = route.name();
                line(
                    &mut out,
                    format_args!("hallpass_requests_total{{route=\"{route}\",code=\"{code}\"}} {}", get(count)),
                );
            }
        }
        head(&mut out, "hallpass_decisions_total", "counter", "What was decided about the credentials of requests.");
        for (decision, count) in Decision::ALL.iter().zip(&self.decisions) {
            let decision = decision.name();
            line(&mut out, format_args!("hallpass_decisions_total{{decision=\"{decision}\"}} {}", get(count)));
        }
        let name = "hallpass_request_seconds";
        head(&mut out, name, "histogram", "Time from the end of a request's head to its answer.");
        let mut below = 0;
        for (end, count) in CLASSES.iter().zip(&self.times) {
            below += get(count);
            line(&mut out, format_args!("{name}_bucket{{le=\"{}\"}} {below}", seconds(*end)));
        }
        below += get(&self.times[CLASSES.len()]);
        line(&mut out, format_args!("{name}_bucket{{le=\"+Inf\"}} {below}"));
        line(&mut out, format_args!("{name}_sum {}", seconds(get(&self.micros))));
        line(&mut out, format_args!("{name}_count {below}"));
        head(&mut out, "hallpass_open_connections", "gauge", "Connections that are open.");
        line(&mut out, format_args!("hallpass_open_connections {}", self.open.load(Ordering::Relaxed)));
        head(&mut out, "hallpass_connections_total", "counter", "Connections that were accepted.");
        line(&mut out, format_args!("hallpass_connections_total {}", get(&self.opened)));
        let name = "hallpass_access_log_dropped_total";
        head(&mut out, name, "counter", "Lines of the access log that were dropped because it could not take them.");
        line(&mut out, format_args!("{name} {log_dropped}"));
        out
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    line(out, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a string takes everything");
}

fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_told() {
        let metrics = Metrics::default();
        metrics.count(Route::Protected, Decision::Accepted, 200, Duration::from_micros(75));
        metrics.count(Route::Protected, Decision::Unknown, 401, Duration::from_secs(20));
        let text = metrics.text(3);
        for line in [
            "hallpass_requests_total{route=\"protected\",code=\"200\"} 1",
            "hallpass_decisions_total{decision=\"accepted\"} 1",
            "hallpass_request_seconds_bucket{le=\"0.00005\"} 0",
            "hallpass_request_seconds_bucket{le=\"0.0001\"} 1",
            "hallpass_request_seconds_bucket{le=\"10\"} 1",
            "hallpass_request_seconds_bucket{le=\"+Inf\"} 2",
            "hallpass_request_seconds_sum 20.000075",
            "hallpass_access_log_dropped_total 3",
        ] {
            assert!(text.lines().any(|told| told == line), "{line}\n{text}");
        }
    }
}
