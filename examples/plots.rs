//! Draws how figures grow, from what `haversack bench --only growth` prints, and prints the tables of
//! docs/performance.md.
//!
//! ```console
//! haversack bench --only growth >docs/plots/growth.ndjson
//! cargo run --example plots
//! ```
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a tool that reads and writes files of the documentation"
)]

use std::{collections::BTreeMap, error::Error, fs, path::Path};

use plotters::{coord::ranged1d::ValueFormatter, prelude::*};
use serde_json::Value as Json;

/// Measures of an environment, the names of their lines, and their colours.
const LINES: [(&str, &str, RGBColor); 4] = [
    ("dataset_us", "first dataset of a user", RGBColor(0x1f, 0x77, 0xb4)),
    ("difference_us", "difference after 1,000 writes", RGBColor(0xd6, 0x62, 0x0b)),
    ("write_us", "one write", RGBColor(0x2c, 0x8a, 0x2c)),
    ("empty_us", "difference without a change", RGBColor(0x7b, 0x52, 0xab)),
];
/// What the tables show besides.
const COLUMNS: [(&str, &str); 3] = [
    ("rows_per_user", "rows a user"),
    ("bytes_per_row", "bytes a row"),
    ("bytes_per_user", "bytes a user"),
];

/// The points of one axis, in the order of the file.
type Points = Vec<Json>;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/plots");
    let text = fs::read_to_string(directory.join("growth.ndjson"))?;
    let mut axes: BTreeMap<String, Points> = BTreeMap::new();
    for line in text.lines() {
        let point: Json = serde_json::from_str(line)?;
        let axis = point["axis"].as_str().ok_or("a line without an axis")?.to_owned();
        axes.entry(axis).or_default().push(point);
    }
    for (axis, points) in &axes {
        draw(&directory.join(format!("{axis}.svg")), axis, points)?;
        table(axis, points)?;
    }
    Ok(())
}

fn number(point: &Json, key: &str) -> Result<f64, String> {
    point[key].as_f64().ok_or_else(|| format!("{key} is missing in {point}"))
}

/// The scale of times is logarithmic, and that of counts where it does not begin with none: so a
/// straight line is a power, and a flat one no growth at all.
fn draw(path: &Path, axis: &str, points: &Points) -> Result<(), Box<dyn Error>> {
    let xs = points.iter().map(|point| number(point, "n")).collect::<Result<Vec<_>, _>>()?;
    let (least, most) = (xs[0], xs[xs.len() - 1]);
    let area = SVGBackend::new(path, (720, 400)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area);
    chart
        .caption(format!("Microseconds by {axis}"), ("sans-serif", 18))
        .margin(12)
        .margin_right(36)
        .x_label_area_size(36)
        .y_label_area_size(64);
    let times = (0.05..100_000.0).log_scale();
    if least == 0.0 {
        fill(chart.build_cartesian_2d(least..most, times)?, axis, &xs, points)?;
    } else {
        fill(chart.build_cartesian_2d((least..most).log_scale(), times)?, axis, &xs, points)?;
    }
    area.present()?;
    Ok(())
}

fn fill<'a, X>(
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
        .y_desc("µs of one core")
        .x_label_formatter(&|count| rounded(*count))
        .y_label_formatter(&|time| rounded(*time))
        .light_line_style(WHITE)
        .draw()?;
    for (key, name, color) in LINES {
        let ys = points.iter().map(|point| number(point, key)).collect::<Result<Vec<_>, _>>()?;
        let line: Vec<(f64, f64)> = xs.iter().copied().zip(ys).collect();
        chart
            .draw_series(LineSeries::new(line.clone(), color.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
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

fn table(axis: &str, points: &Points) -> Result<(), String> {
    let lines = LINES.iter().map(|(key, name, _)| (*key, format!("{name}, µs")));
    let columns: Vec<(&str, String)> =
        lines.chain(COLUMNS.iter().map(|(key, name)| (*key, (*name).to_owned()))).collect();
    let heads: Vec<&str> = columns.iter().map(|(_, head)| head.as_str()).collect();
    println!("\n| {axis} | {} |\n|{}", heads.join(" | "), "--:|".repeat(heads.len() + 1));
    for point in points {
        let cells = columns.iter().map(|(key, _)| number(point, key).map(rounded));
        let cells = cells.collect::<Result<Vec<_>, _>>()?;
        println!("| {} | {} |", rounded(number(point, "n")?), cells.join(" | "));
    }
    Ok(())
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
