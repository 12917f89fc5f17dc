//! What the server counts of itself.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::http::{Method, StatusCode};

use crate::app::App;

/// Upper ends of the classes that durations are counted in, in seconds.
const SECONDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Counts since the server began.
#[derive(Default)]
pub struct Metrics {
    /// By method, route and status, all of which there are few of.
    requests: Mutex<BTreeMap<(String, String, u16), Took>>,
    streams_open: AtomicU64,
    lines_sent: AtomicU64,
    bytes_sent: AtomicU64,
}

/// How long requests of one kind took.
#[derive(Default)]
struct Took {
    count: u64,
    seconds: f64,
    /// How many took no longer than each of [`SECONDS`] and longer than the one before.
    classes: [u64; SECONDS.len()],
}

impl Metrics {
    /// Counts a request. Methods that no route has are one, so that nobody can make the counts many.
    pub fn answered(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let method = if route == "none" { "any" } else { method.as_str() };
        let key = (method.to_owned(), route.to_owned(), status.as_u16());
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let of = requests.entry(key).or_default();
        let seconds = took.as_secs_f64();
        of.count += 1;
        of.seconds += seconds;
        if let Some(class) = SECONDS.iter().position(|end| seconds <= *end) {
            of.classes[class] += 1;
        }
    }

    /// Everything as Prometheus reads it.
    pub fn text(&self, app: &App) -> String {
        let mut text = String::new();
        self.requests_text(&mut text);
        let state = app.environment().state();
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let mut one = |name: &str, kind: &str, help: &str, value: u64| {
            write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n")
                .expect("memory takes all");
        };
        one("haversack_events", "gauge", "Events in the log.", state.cursor.count());
        one("haversack_devices", "gauge", "Devices that are known.", count(state.devices.len()));
        let shown = app.live.cursor().count();
        one("haversack_events_shown", "gauge", "Events that devices see.", shown);
        let lost = app.live.deliveries_lost();
        let help = "Acknowledgements of devices that were not written down.";
        one("haversack_deliveries_lost_total", "counter", help, lost);
        let waiting = count(app.pokes.count());
        one("haversack_waiting_pokes", "gauge", "Devices that wait to be poked.", waiting);
        let queue = count(app.environment().waiting());
        one("haversack_committer_queue", "gauge", "Writers that wait for the committer.", queue);
        let open = load(&self.streams_open);
        one("haversack_streams_open", "gauge", "Streams of lines under way.", open);
        let lines = load(&self.lines_sent);
        one("haversack_lines_sent_total", "counter", "Lines of streams: rows, mostly.", lines);
        let bytes = load(&self.bytes_sent);
        one("haversack_bytes_sent_total", "counter", "Bytes of streams, compressed.", bytes);
        text
    }

    fn requests_text(&self, text: &mut String) {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let mut put = |line: std::fmt::Arguments<'_>| {
            text.write_fmt(line).expect("memory takes all");
        };
        let name = "haversack_request_seconds";
        put(format_args!("# HELP {name} How long requests took until their answer began.\n"));
        put(format_args!("# TYPE {name} histogram\n"));
        for ((method, route, status), took) in requests.iter() {
            let of = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            let mut up_to = 0;
            for (end, class) in SECONDS.iter().zip(took.classes) {
                up_to += class;
                put(format_args!("{name}_bucket{{{of},le=\"{end}\"}} {up_to}\n"));
            }
            put(format_args!("{name}_bucket{{{of},le=\"+Inf\"}} {}\n", took.count));
            put(format_args!("{name}_sum{{{of}}} {}\n", took.seconds));
            put(format_args!("{name}_count{{{of}}} {}\n", took.count));
        }
    }
}

/// What a stream has sent, as long as it is under way.
pub(crate) struct Sent(App);

impl Sent {
    /// A stream begins.
    pub fn open(app: &App) -> Self {
        app.metrics.streams_open.fetch_add(1, Ordering::Relaxed);
        Self(app.clone())
    }

    /// Lines of text went into it.
    pub fn lines(&mut self, text: &[u8]) {
        // Counted in bytes as long as they suffice, which is many times as fast.
        let count = |part: &[u8]| {
            part.iter().fold(0_u8, |lines, byte| lines.wrapping_add(u8::from(*byte == b'\n')))
        };
        let lines = text.chunks(usize::from(u8::MAX)).map(|part| u64::from(count(part))).sum();
        self.0.metrics.lines_sent.fetch_add(lines, Ordering::Relaxed);
    }

    /// Bytes came out of it.
    pub fn bytes(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.0.metrics.bytes_sent.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.0.metrics.streams_open.fetch_sub(1, Ordering::Relaxed);
    }
}
