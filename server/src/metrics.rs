//! What the server counts of itself.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::http::{Method, StatusCode};
use bytes::Bytes;
use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntGauge, Opts, Registry, TextEncoder, core::Collector,
};

use crate::{app::App, routes::ROUTES};

/// Upper ends of the classes that durations are counted in, in seconds.
const SECONDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0];
/// How long requests took.
const REQUESTS: &str = "haversack_request_seconds";
/// What a metric's name and labels are checked for is fixed here.
const FIXED: &str = "names and labels of metrics are right";

/// Counts since the server began, and what is looked up when it is asked.
pub struct Metrics {
    all: Registry,
    /// Whoever asks has it, so that what is counted elsewhere is taken over once.
    asked: Mutex<()>,
    requests: HistogramVec,
    streams_open: IntGauge,
    lines_sent: IntCounter,
    bytes_sent: IntCounter,
    events: IntGauge,
    devices: IntGauge,
    events_shown: IntGauge,
    waiting_pokes: IntGauge,
    committer_queue: IntGauge,
    deliveries_lost: IntCounter,
}

impl Default for Metrics {
    fn default() -> Self {
        let all = Registry::new();
        let gauge = |name: &str, help: &str| kept(&all, IntGauge::new(name, help));
        let counter =
            |name: &str, help: &str| kept(&all, IntCounter::with_opts(Opts::new(name, help)));
        let help = "How long requests took until their answer began.";
        let options = HistogramOpts::new(REQUESTS, help).buckets(SECONDS.to_vec());
        Self {
            requests: kept(&all, HistogramVec::new(options, &["method", "route", "status"])),
            streams_open: gauge("haversack_streams_open", "Streams of lines under way."),
            lines_sent: counter("haversack_lines_sent_total", "Lines of streams: rows, mostly."),
            bytes_sent: counter("haversack_bytes_sent_total", "Bytes of streams, compressed."),
            events: gauge("haversack_events", "Events in the log."),
            devices: gauge("haversack_devices", "Devices that are known."),
            events_shown: gauge("haversack_events_shown", "Events that devices see."),
            waiting_pokes: gauge("haversack_waiting_pokes", "Devices that wait to be poked."),
            committer_queue: gauge(
                "haversack_committer_queue",
                "Writers that wait for the committer.",
            ),
            deliveries_lost: counter(
                "haversack_deliveries_lost_total",
                "Acknowledgements of devices that were not written down.",
            ),
            asked: Mutex::default(),
            all,
        }
    }
}

fn kept<M: Collector + Clone + 'static>(all: &Registry, made: prometheus::Result<M>) -> M {
    let metric = made.expect(FIXED);
    all.register(Box::new(metric.clone())).expect(FIXED);
    metric
}

impl Metrics {
    /// Counts a request. Methods that its route does not have are one, so that nobody can make the counts many.
    pub fn answered(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let is_known = *method == Method::HEAD
            || ROUTES.iter().any(|known| known.path == route && known.method == *method);
        let method = if is_known { method.as_str() } else { "any" };
        let of = self.requests.with_label_values(&[method, route, status.as_str()]);
        of.observe(took.as_secs_f64());
    }

    /// Everything as Prometheus reads it.
    pub fn text(&self, app: &App) -> String {
        let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let length = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let _alone = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let state = app.environment().state();
        self.events.set(whole(state.cursor.count()));
        self.devices.set(length(state.devices.len()));
        self.events_shown.set(whole(app.live.cursor().count()));
        self.waiting_pokes.set(length(app.pokes.count()));
        self.committer_queue.set(length(app.environment().waiting()));
        // Counted elsewhere, and only ever more.
        let lost = app.live.deliveries_lost();
        self.deliveries_lost.inc_by(lost.saturating_sub(self.deliveries_lost.get()));
        TextEncoder::new().encode_to_string(&self.all.gather()).expect("memory takes all")
    }
}

/// What a stream has sent, as long as it is under way.
pub(crate) struct Sent(App);

impl Sent {
    /// A stream begins.
    pub fn open(app: &App) -> Self {
        app.metrics.streams_open.inc();
        Self(app.clone())
    }

    /// Lines of text went into it.
    pub fn lines(&mut self, text: &[u8]) {
        // Counted in bytes as long as they suffice, which is many times as fast.
        let count = |part: &[u8]| {
            part.iter().fold(0_u8, |lines, byte| lines.wrapping_add(u8::from(*byte == b'\n')))
        };
        let lines = text.chunks(usize::from(u8::MAX)).map(|part| u64::from(count(part))).sum();
        self.0.metrics.lines_sent.inc_by(lines);
    }

    /// Bytes came out of it.
    pub fn out(&mut self, bytes: Vec<u8>) -> Bytes {
        self.0.metrics.bytes_sent.inc_by(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        bytes.into()
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.0.metrics.streams_open.dec();
    }
}
