//! One page with plots, complete in itself: no network, no scripts.

use std::fmt::Write as _;

use anyhow::{Result, anyhow};
use serde_json::Value;

const WIDTH: u32 = 640;
const HEIGHT: u32 = 260;
const MARGIN: u32 = 60;

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>winddown: how fast it stops</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
svg { width: 100%; height: auto; } text { font-size: 12px; fill: currentColor; }
td, th { padding: 0 1rem 0 0; text-align: right; } .line { fill: none; stroke: #0a7; stroke-width: 2; }
.axis { stroke: currentColor; opacity: .4; } circle { fill: #0a7; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd; } }
</style>
<h1>winddown: how fast it stops</h1>
<p>Measured on this machine, now, in a release build; the shortest of nine tries each. Times of two machines
cannot be compared; the shapes can.</p>
";

/// The page.
pub(super) fn page(curves: &Value) -> Result<String> {
    let mut page = HEAD.to_owned();
    let plots = [
        (
            "stop-nanoseconds",
            "One stop, answered and started again, among so many units",
            "units",
            "ns",
            "Flat: a stop costs the same however many units there are.",
        ),
        (
            "shutdown-nanoseconds",
            "SIGTERM to a host of so many engagements, until the exit",
            "units",
            "ns",
            "A straight line: a shutdown costs so much a unit.",
        ),
        (
            "storm-runs-a-second",
            "Runs of the reference workload in a second on so many threads, all claims on",
            "threads",
            "runs/s",
            "A second core nearly doubles it.",
        ),
    ];
    for (key, title, across, up, says) in plots {
        let points = points(curves, key)?;
        let _always_fits = writeln!(page, "<h2>{title}</h2>\n<p>{says}</p>");
        plot(&mut page, &points, across, up);
        let _always_fits = writeln!(page, "<table><tr><th>{across}</th><th>{up}</th></tr>");
        for (x, y) in &points {
            let _always_fits = writeln!(page, "<tr><td>{x}</td><td>{y}</td></tr>");
        }
        page.push_str("</table>\n");
    }
    page.push_str("</html>\n");
    Ok(page)
}

fn points(curves: &Value, key: &str) -> Result<Vec<(u64, u64)>> {
    let list = curves[key].as_array().ok_or_else(|| anyhow!("there is no curve {key}"))?;
    let point = |pair: &Value| Some((pair[0].as_u64()?, pair[1].as_u64()?));
    list.iter().map(point).collect::<Option<_>>().ok_or_else(|| anyhow!("the curve {key} has no numbers"))
}

/// Both axes are logarithmic, so that flat, linear and worse can be told apart at a glance.
fn plot(page: &mut String, points: &[(u64, u64)], across: &str, up: &str) {
    let most = |values: Vec<u64>| values.into_iter().max().unwrap_or(1).max(2);
    let (right, top) = (
        most(points.iter().map(|point| point.0).collect()),
        most(points.iter().map(|point| point.1).collect()),
    );
    let place = |value: u64, most: u64, room: u32| -> u32 {
        // Thousandths of a power of two are fine enough for a picture.
        let share = log2_thousandths(value) * u64::from(room) / log2_thousandths(most).max(1);
        u32::try_from(share).unwrap_or(room).min(room)
    };
    let x = |value| MARGIN + place(value, right, WIDTH - 2 * MARGIN);
    let y = |value| HEIGHT - MARGIN / 2 - place(value, top, HEIGHT - MARGIN);
    let _always_fits = writeln!(page, "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">");
    let (left, bottom, end) = (MARGIN, HEIGHT - MARGIN / 2, WIDTH - MARGIN);
    let _always_fits =
        writeln!(page, "<path class=\"axis\" fill=\"none\" d=\"M{left} {} V{bottom} H{end}\"/>", MARGIN / 2);
    let line: Vec<String> = points.iter().map(|(across, up)| format!("{},{}", x(*across), y(*up))).collect();
    let _always_fits = writeln!(page, "<polyline class=\"line\" points=\"{}\"/>", line.join(" "));
    for (across, up) in points {
        let (x, y) = (x(*across), y(*up));
        let _always_fits = writeln!(
            page,
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"3\"/><text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{up}</text>\
             <text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{across}</text>",
            y.saturating_sub(8),
            bottom + 15
        );
    }
    let _always_fits = writeln!(
        page,
        "<text x=\"{end}\" y=\"{}\">{across}</text><text x=\"4\" y=\"{}\">{up}</text></svg>",
        bottom,
        MARGIN / 2
    );
}

/// The logarithm to the base of two, in thousandths, between powers by a straight line.
fn log2_thousandths(value: u64) -> u64 {
    let value = value.max(1);
    let whole = u64::from(value.ilog2());
    let rest = value - (1 << whole);
    whole * 1_000 + u64::try_from((u128::from(rest) * 1_000) >> whole).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_has_its_plots_and_needs_no_network() {
        let curve = json!([[1, 80], [1000, 82]]);
        let curves = json!({
            "stop-nanoseconds": curve, "shutdown-nanoseconds": curve, "storm-runs-a-second": curve,
        });
        let page = page(&curves).unwrap();
        assert_eq!(page.matches("<svg").count(), 3);
        assert!(!page.contains("http") && !page.contains("<script"), "{page}");
        assert!(super::page(&json!({})).is_err());
    }

    #[test]
    fn logarithms_rise() {
        let logs: Vec<u64> = (1..2_000).map(log2_thousandths).collect();
        assert!(logs.is_sorted());
        assert_eq!((log2_thousandths(1), log2_thousandths(1_024)), (0, 10_000));
    }
}
