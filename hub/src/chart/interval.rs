//! Draws one line per thing: a bar for its interval and a dot for its value.
//!
//! Across, everything is in percent of the drawing's width, and text keeps its
//! size: the same drawing is read on a telephone and on paper.

use askama::Template;

use super::scale::Scale;

/// Pixels of one line: its label, and its bar below.
const LINE: usize = 44;
/// Pixels above the first line.
const TOP: usize = 4;
/// Pixels from a line's top to its bar.
const BAR: usize = 22;
/// Pixels below the last line, for the axis.
const BOTTOM: usize = 46;
/// Where the axis starts, percent of the width: half its first number fits.
const LEFT: f64 = 2.0;
/// Where the axis ends, percent of the width; the value in words follows.
const RIGHT: f64 = 64.0;

/// One thing with its interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name; long ones are shortened.
    pub label: String,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Best estimate, if it may be shown.
    pub point: Option<f64>,
    /// The same in words, printed at the end of the line.
    pub text: String,
    /// Whether it is the reader's own school.
    pub mine: bool,
}

/// An interval chart; everything is in the axis' unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Unique in its page.
    pub id: &'static str,
    /// What it shows, for the accessible name.
    pub title: String,
    /// What one reads from it, in a sentence.
    pub description: String,
    /// Lowest value of the axis.
    pub low: f64,
    /// Highest value of the axis.
    pub high: f64,
    /// What the axis measures.
    pub axis: String,
    /// A value to compare with.
    pub reference: Option<f64>,
    /// Its lines, top first.
    pub rows: Vec<Row>,
}

/// A line as drawn: pixels down, percent across.
struct Drawn {
    label: String,
    text: String,
    class: &'static str,
    label_y: usize,
    y: usize,
    x: String,
    width: String,
    point: Option<String>,
}

#[derive(Template)]
#[template(path = "interval.svg", escape = "html")]
struct Drawing<'a> {
    chart: &'a Chart,
    height: usize,
    bottom: usize,
    left: f64,
    text_x: f64,
    ticks: Vec<(String, String)>,
    reference: Option<String>,
    rows: Vec<Drawn>,
}

impl Chart {
    /// The chart as an `<svg>` element.
    pub fn svg(&self) -> String {
        let scale = Scale::new(self.low, self.high, LEFT, RIGHT);
        let bottom = TOP + LINE * self.rows.len();
        let rows = self.rows.iter().enumerate().map(|(index, row)| draw(&scale, index, row));
        let drawing = Drawing {
            chart: self,
            height: bottom + BOTTOM,
            bottom,
            left: LEFT,
            text_x: RIGHT + 2.0,
            ticks: scale
                .ticks(6)
                .into_iter()
                .map(|tick| (format!("{:.2}", scale.position(tick)), number(tick)))
                .collect(),
            reference: self.reference.map(|value| format!("{:.2}", scale.position(value))),
            rows: rows.collect(),
        };
        drawing.render().expect("the template writes only strings and numbers")
    }
}

fn draw(scale: &Scale, index: usize, row: &Row) -> Drawn {
    let (start, end) = (scale.position(row.low), scale.position(row.high));
    let y = TOP + LINE * index;
    Drawn {
        label: shortened(&row.label),
        text: row.text.clone(),
        class: if row.mine { "mine" } else { "other" },
        label_y: y + BAR - 7,
        y: y + BAR,
        x: format!("{start:.2}"),
        width: format!("{:.2}", (end - start).max(0.2)),
        point: row.point.map(|value| format!("{:.2}", scale.position(value))),
    }
}

/// A tick without a needless decimal or a minus before zero.
fn number(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0 + 0.0;
    rounded.to_string()
}

/// At most 46 characters, so that a label fits on a telephone.
fn shortened(label: &str) -> String {
    if label.chars().count() <= 46 {
        return label.to_owned();
    }
    let mut short: String = label.chars().take(45).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart() -> Chart {
        Chart {
            id: "growth",
            title: "Growth of like schools".to_owned(),
            description: "Two schools <compared>".to_owned(),
            low: 0.0,
            high: 100.0,
            axis: "Mean growth percentile".to_owned(),
            reference: Some(50.0),
            rows: vec![
                Row {
                    label: "Your school".to_owned(),
                    low: 40.0,
                    high: 60.0,
                    point: Some(50.0),
                    text: "50 ± 10".to_owned(),
                    mine: true,
                },
                Row {
                    label: "A school with a very long name that would run on".to_owned(),
                    low: 90.0,
                    high: 112.0,
                    point: None,
                    text: "90 to 100".to_owned(),
                    mine: false,
                },
            ],
        }
    }

    #[test]
    fn a_chart_has_a_role_a_title_a_description_and_no_inline_style() {
        let svg = chart().svg();
        assert!(svg.contains(r#"role="img""#));
        assert!(svg.contains(r#"aria-labelledby="growth-title growth-desc""#));
        assert!(svg.contains("Growth of like schools</title>"));
        assert!(svg.contains("Two schools &#60;compared&#62;</desc>"));
        assert!(!svg.contains("style="));
        assert!(!svg.contains("<script"));
    }

    #[test]
    fn a_bar_never_leaves_the_axis_and_a_hidden_point_is_not_drawn() {
        let svg = chart().svg();
        assert_eq!(svg.matches("<circle").count(), 1);
        assert_eq!(svg.matches(r#"class="band""#).count(), 2);
        // 90 to the axis' end at 100: a tenth of 62 percent.
        assert!(svg.contains(r#"x="57.80%""#) && svg.contains(r#"width="6.20%""#), "{svg}");
        assert!(svg.contains("A school with a very long name that would run…"));
    }
}
