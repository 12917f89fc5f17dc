//! Draws how figures grow, from what `haversack bench --only growth` and `--only network_growth` print, and prints
//! the tables of docs/performance.md.
//!
//! ```console
//! haversack bench --only growth >docs/plots/growth.ndjson
//! haversack bench --only network_growth >docs/plots/network.ndjson
//! cargo run --example plots
//! ```
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a tool that reads and writes files of the documentation"
)]

use std::{collections::BTreeMap, error::Error, fs, ops::Range, path::Path};

use plotters::{coord::ranged1d::ValueFormatter, prelude::*};
use serde_json::Value as Json;

/// A file of points, and what is drawn of them.
struct Figures {
    /// Its name without the ending.
    file: &'static str,
    /// What the plots' names begin with.
    prefix: &'static str,
    /// What all lines are measured in, short and in full.
    unit: (&'static str, &'static str),
    scale: Range<f64>,
    /// The measures, the names of their lines, and their colours. An axis has lines of those that its points have.
    lines: &'static [(&'static str, &'static str, RGBColor)],
    /// What the tables show besides.
    columns: &'static [(&'static str, &'static str)],
}

const BLUE: RGBColor = RGBColor(0x1f, 0x77, 0xb4);
const ORANGE: RGBColor = RGBColor(0xd6, 0x62, 0x0b);
const GREEN: RGBColor = RGBColor(0x2c, 0x8a, 0x2c);
const PURPLE: RGBColor = RGBColor(0x7b, 0x52, 0xab);
const BROWN: RGBColor = RGBColor(0x8c, 0x56, 0x4b);
const GREY: RGBColor = RGBColor(0x55, 0x55, 0x55);

/// Of an environment in memory, and of the log and a server.
const FIGURES: [Figures; 2] = [
    Figures {
        file: "growth",
        prefix: "",
        unit: ("µs", "Microseconds of one core"),
        scale: 0.05..100_000.0,
        lines: &[
            ("dataset_us", "first dataset of a user", BLUE),
            ("difference_us", "difference after 1,000 writes", ORANGE),
            ("write_us", "one write", GREEN),
            ("empty_us", "difference without a change", PURPLE),
        ],
        columns: &[
            ("rows_per_user", "rows a user"),
            ("bytes_per_row", "bytes a row"),
            ("bytes_per_user", "bytes a user"),
        ],
    },
    Figures {
        file: "network",
        prefix: "network-",
        unit: ("ms", "Milliseconds"),
        scale: 0.01..1_000_000.0,
        lines: &[
            ("load_ms", "load", BLUE),
            ("rebuild_ms", "rebuild from the log", ORANGE),
            ("start_ms", "start of the server", BROWN),
            ("restart_ms", "the state from a snapshot", GREEN),
            ("first_pull_ms", "first pull of a device", PURPLE),
            ("idle_pull_ms", "a pull that brings nothing", GREY),
            ("burst_ms", "burst, until all devices hold theirs", BLUE),
            ("burst_cpu_ms", "the server's CPU of that", ORANGE),
        ],
        columns: &[
            ("rows_per_user", "rows a user"),
            ("bytes_per_device", "bytes a device"),
            ("pulls_per_device", "pulls a device"),
            ("server_mb", "the server's memory, MB"),
        ],
    },
];

/// The points of one axis, in the order of the file.
type Points = Vec<Json>;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/plots");
    for figures in &FIGURES {
        let text = fs::read_to_string(directory.join(format!("{}.ndjson", figures.file)))?;
        let mut axes: BTreeMap<String, Points> = BTreeMap::new();
        for line in text.lines() {
            let point: Json = serde_json::from_str(line)?;
            let axis = point["axis"].as_str().ok_or("a line without an axis")?.to_owned();
            axes.entry(axis).or_default().push(point);
        }
        for (axis, points) in &axes {
            let name = format!("{}{axis}.svg", figures.prefix);
            figures.draw(&directory.join(name), axis, points)?;
            figures.table(axis, points)?;
        }
    }
    Ok(())
}

fn number(point: &Json, key: &str) -> Result<f64, String> {
    point[key].as_f64().ok_or_else(|| format!("{key} is missing in {point}"))
}

/// Whether the points of an axis have this measure.
fn has(points: &Points, key: &str) -> bool {
    points.first().is_some_and(|point| point.get(key).is_some())
}

impl Figures {
    /// The scale of times is logarithmic, and that of counts where it does not begin with none: so a
    /// straight line is a power, and a flat one no growth at all.
    fn draw(&self, path: &Path, axis: &str, points: &Points) -> Result<(), Box<dyn Error>> {
        let xs = points.iter().map(|point| number(point, "n")).collect::<Result<Vec<_>, _>>()?;
        let (least, most) = (xs[0], xs[xs.len() - 1]);
        let area = SVGBackend::new(path, (720, 400)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area);
        chart
            .caption(format!("{} by {axis}", self.unit.1), ("sans-serif", 18))
            .margin(12)
            .margin_right(36)
            .x_label_area_size(36)
            .y_label_area_size(64);
        let times = self.scale.clone().log_scale();
        if least == 0.0 {
            self.fill(chart.build_cartesian_2d(least..most, times)?, axis, &xs, points)?;
        } else {
            let counts = (least..most).log_scale();
            self.fill(chart.build_cartesian_2d(counts, times)?, axis, &xs, points)?;
        }
        area.present()?;
        Ok(())
    }

    fn fill<'a, X>(
        &self,
        mut chart: ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, LogCoord<f64>>>,
        axis: &str,
        xs: &[f64],
        points: &Points,
    ) -> Result<(), Box<dyn Error>>
    where
        X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        chart
            .configure_mesh()
            .x_desc(axis)
            .y_desc(self.unit.0)
            .x_label_formatter(&|count| rounded(*count))
            .y_label_formatter(&|time| rounded(*time))
            .light_line_style(WHITE)
            .draw()?;
        for &(key, name, color) in self.lines.iter().filter(|(key, ..)| has(points, key)) {
            let ys =
                points.iter().map(|point| number(point, key)).collect::<Result<Vec<_>, _>>()?;
            let line: Vec<(f64, f64)> = xs.iter().copied().zip(ys).collect();
            let legend =
                move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2));
            chart
                .draw_series(LineSeries::new(line.clone(), color.stroke_width(2)))?
                .label(name)
                .legend(legend);
            chart.draw_series(line.into_iter().map(|at| Circle::new(at, 3, color.filled())))?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.85))
            .border_style(BLACK.mix(0.3))
            .draw()?;
        Ok(())
    }

    fn table(&self, axis: &str, points: &Points) -> Result<(), String> {
        let lines =
            self.lines.iter().map(|(key, name, _)| (*key, format!("{name}, {}", self.unit.0)));
        let columns = self.columns.iter().map(|(key, name)| (*key, (*name).to_owned()));
        let columns: Vec<(&str, String)> =
            lines.chain(columns).filter(|(key, _)| has(points, key)).collect();
        let heads: Vec<&str> = columns.iter().map(|(_, head)| head.as_str()).collect();
        println!("\n| {axis} | {} |\n|{}", heads.join(" | "), "--:|".repeat(heads.len() + 1));
        for point in points {
            let cells = columns.iter().map(|(key, _)| number(point, key).map(rounded));
            let cells = cells.collect::<Result<Vec<_>, _>>()?;
            println!("| {} | {} |", rounded(number(point, "n")?), cells.join(" | "));
        }
        Ok(())
    }
}

/// Two digits behind the point below ten, none above a hundred, thousands apart.
fn rounded(number: f64) -> String {
    let text = match number {
        n if n.fract() == 0.0 || n >= 100.0 => format!("{n:.0}"),
        n if n >= 10.0 => format!("{n:.1}"),
        n => format!("{n:.2}"),
    };
    let (whole, fraction) =
        text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let groups: Vec<&str> = whole
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    fraction.map_or_else(|| groups.join(","), |fraction| format!("{}.{fraction}", groups.join(",")))
}
