//! A school's page in sentences: what can be claimed of it, and which of its
//! measures the year stands apart for. Claims no more than the numbers say.

use peerlight_proto::units::SchoolYear;

use super::{school::Line, words};

/// At most a few sentences; a difference is claimed only where the 80 % band
/// lies on one side of the middle.
pub fn summary(lines: &[&Line<'_>]) -> Vec<String> {
    let mut sentences: Vec<String> = lines
        .iter()
        .filter(|line| line.measure.is_matched_on())
        .filter_map(|line| growth(line))
        .collect();
    let labels = |side: &dyn Fn(f64, f64) -> bool| -> Vec<String> {
        let claimed = lines.iter().filter(|line| {
            !line.measure.is_matched_on()
                && line.benchmark.standing.is_some_and(|at| side(at.rank_low, at.rank_high))
        });
        claimed.map(|line| line.measure.label.clone()).collect()
    };
    let (above, below) = (labels(&|low, _| low > 50.0), labels(&|_, high| high < 50.0));
    if !above.is_empty() {
        sentences
            .push(format!("Better than the middle of the network: {}.", words::listed(&above)));
    }
    if !below.is_empty() {
        sentences.push(format!("Worse than the middle of the network: {}.", words::listed(&below)));
    }
    let any = lines.iter().any(|line| line.benchmark.standing.is_some());
    if any && above.is_empty() && below.is_empty() {
        let sentence = "No other measure can be told from the middle of the network.";
        sentences.push(sentence.to_owned());
    }
    if sentences.is_empty() {
        let sentence = "None of this school's measures is precise enough to show yet.";
        sentences.push(sentence.to_owned());
    }
    sentences
}

fn growth(line: &Line<'_>) -> Option<String> {
    let (low, high) = line.shown.interval()?;
    let claim = if low > 50.0 {
        "above the network's average (50)"
    } else if high < 50.0 {
        "below the network's average (50)"
    } else {
        "it cannot be told from the network's average (50)"
    };
    let label = &line.measure.label;
    Some(match line.shown.estimate() {
        Some(value) => {
            format!(
                "{label} is {} ({}): {claim}.",
                words::number(value, words::decimals(high - low)),
                line.shown.range()?
            )
        }
        None => {
            format!("{label} is between {}: {claim}.", line.shown.range()?.replace(" to ", " and "))
        }
    })
}

/// What is said of the school year, measure by measure.
pub fn notes(lines: &[&Line<'_>], year: SchoolYear) -> Vec<String> {
    let said = lines.iter().filter_map(|line| Some((line, line.measure.said_of(year)?)));
    said.map(|(line, said)| format!("{}: {said}", line.measure.label)).collect()
}
