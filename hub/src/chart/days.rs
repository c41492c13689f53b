//! Draws one upright bar a day: its interval, a dot for its value, and a dash
//! for what it is compared with.
//!
//! Days stand side by side in the order of the calendar, those to come
//! included, so that the drawing keeps its shape through a year. Across,
//! everything is in percent of the drawing's width, and text keeps its size.
//! Days are not joined: a line would claim a trend.

use askama::Template;

use super::scale::Scale;

/// Where the first day's place starts, percent of the width: a number fits.
const LEFT: f64 = 13.0;
/// Where the last day's place ends, percent of the width.
const RIGHT: f64 = 99.0;
/// Top of the axis, pixels.
const TOP: f64 = 12.0;
/// Foot of the axis, pixels.
const FOOT: f64 = 192.0;
/// Pixels below the foot, for days and months.
const BELOW: f64 = 44.0;
/// More days than this have a label only where a month begins.
const MOST_LABELS: usize = 12;

/// One day.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// Its number in the month.
    pub day: u8,
    /// Its month, short.
    pub month: String,
    /// The interval, if it may be shown.
    pub interval: Option<(f64, f64)>,
    /// Best estimate, if it may be shown.
    pub point: Option<f64>,
    /// What it is compared with.
    pub reference: Option<f64>,
}

/// A chart of days; everything is in the axis' unit, from zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Unique in its page.
    pub id: String,
    /// What it shows, for the accessible name.
    pub title: String,
    /// What one reads from it, in a sentence.
    pub description: String,
    /// What is written after the axis' numbers.
    pub unit: String,
    /// Its days, earliest first.
    pub days: Vec<Day>,
}

/// A day as drawn: percent across, pixels down.
struct Drawn {
    middle: String,
    label: Option<(u8, String)>,
    bar: Option<Bar>,
    point: Option<String>,
    reference: Option<Dash>,
}

/// An upright bar.
struct Bar {
    x: String,
    width: String,
    y: String,
    height: String,
}

/// A level dash.
struct Dash {
    start: String,
    end: String,
    y: String,
}

#[derive(Template)]
#[template(path = "days.svg", escape = "html")]
struct Drawing<'a> {
    chart: &'a Chart,
    height: f64,
    foot: f64,
    left: f64,
    right: f64,
    ticks: Vec<(String, String)>,
    days: Vec<Drawn>,
}

impl Chart {
    /// The chart as an `<svg>` element.
    pub fn svg(&self) -> String {
        let shown = self.days.iter().flat_map(|day| {
            [day.interval.map(|(_, high)| high), day.point, day.reference].into_iter().flatten()
        });
        let highest = shown.fold(0.0, f64::max);
        let scale = Scale::new(0.0, highest, FOOT, TOP);
        let place = (RIGHT - LEFT) / self.days.len().max(1) as f64;
        let labelled = |number: usize| {
            let month = |number: usize| self.days.get(number).map(|day| &day.month);
            self.days.len() <= MOST_LABELS || number == 0 || month(number) != month(number - 1)
        };
        let days = self.days.iter().enumerate().map(|(number, day)| {
            let middle = LEFT + place * (number as f64 + 0.5);
            draw(&scale, day, middle, place.min(12.0), labelled(number))
        });
        let drawing = Drawing {
            chart: self,
            height: FOOT + BELOW,
            foot: FOOT,
            left: LEFT,
            right: RIGHT,
            ticks: scale
                .ticks(4)
                .into_iter()
                .map(|tick| {
                    let value = (tick * 100.0).round() / 100.0 + 0.0;
                    (format!("{:.1}", scale.position(tick)), format!("{value}{}", self.unit))
                })
                .collect(),
            days: days.collect(),
        };
        drawing.render().expect("the template writes only strings and numbers")
    }
}

fn draw(scale: &Scale, day: &Day, middle: f64, place: f64, labelled: bool) -> Drawn {
    let pixels = |value: f64| format!("{:.1}", scale.position(value));
    let bar = day.interval.map(|(low, high)| {
        let (top, foot) = (scale.position(high), scale.position(low));
        Bar {
            x: format!("{:.2}", middle - 0.2 * place),
            width: format!("{:.2}", 0.4 * place),
            y: format!("{top:.1}"),
            height: format!("{:.1}", (foot - top).max(1.0)),
        }
    });
    Drawn {
        middle: format!("{middle:.2}"),
        label: labelled.then(|| (day.day, day.month.clone())),
        bar,
        point: day.point.map(pixels),
        reference: day.reference.map(|value| Dash {
            start: format!("{:.2}", middle - 0.4 * place),
            end: format!("{:.2}", middle + 0.4 * place),
            y: pixels(value),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(month: &str, interval: Option<(f64, f64)>) -> Day {
        let point = interval.map(|(low, high)| f64::midpoint(low, high));
        Day { day: 1, month: month.to_owned(), interval, point, reference: point }
    }

    fn chart(days: Vec<Day>) -> String {
        let id = "absence".to_owned();
        let (title, description) = ("Absence".to_owned(), "By <month>".to_owned());
        Chart { id, title, description, unit: " %".to_owned(), days }.svg()
    }

    #[test]
    fn a_day_without_a_number_keeps_its_place_and_draws_nothing() {
        let days = ["Nov", "Dec", "Jan"].map(|month| day(month, None)).to_vec();
        let empty = chart(days.clone());
        assert!(!empty.contains("<rect") && !empty.contains("<circle"), "{empty}");
        assert_eq!(empty.matches(">Nov</text>").count(), 1);
        let mut one = days;
        one[1] = day("Dec", Some((10.0, 20.0)));
        let svg = chart(one);
        assert_eq!((svg.matches("<rect").count(), svg.matches("<circle").count()), (1, 1));
        // The second of three places between 13 and 99 percent.
        assert!(svg.contains(r#"cx="56.00%""#), "{svg}");
        assert!(svg.contains(r#"aria-labelledby="absence-title absence-desc""#), "{svg}");
        assert!(svg.contains("By &#60;month&#62;</desc>") && !svg.contains("style="));
    }

    #[test]
    fn higher_is_further_up_and_the_highest_bar_ends_at_the_top() {
        let svg = chart(vec![day("Nov", Some((0.0, 5.0))), day("Dec", Some((5.0, 20.0)))]);
        // 180 pixels for 20: from 20 at 12 down to 0 at 192.
        assert!(svg.contains(r#"y="12.0" width="4.80%" height="135.0""#), "{svg}");
        assert!(svg.contains(r#"y="147.0" width="4.80%" height="45.0""#), "{svg}");
    }

    #[test]
    fn of_many_days_only_the_first_of_a_month_has_a_label() {
        let months = ["Oct", "Oct", "Nov", "Nov", "Dec"].into_iter().flat_map(|one| [one; 4]);
        let svg = chart(months.map(|month| day(month, None)).collect());
        assert_eq!(svg.matches(r#"text-anchor="middle""#).count(), 2 * 3, "{svg}");
    }
}
