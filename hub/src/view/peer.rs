//! Peers: up to three cards a growth measure, or the sentence that says why
//! there is none.

use askama::Template;
use peerlight_hub_engine::{
    analysis::PeerAnswer,
    feature::features,
    measure::ReportedMeasure,
    peer::{Peer, interval},
};
use peerlight_proto::{charter::Policy, directory::School};

use super::{
    shell::Shell,
    similar::why,
    words::{self, decimals},
};
use crate::{
    chart::interval::{Chart, Row},
    export::{Cell, Table, number, text},
};

/// A choice of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its value in the URL.
    pub id: String,
    /// Its name.
    pub label: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// One peer.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Its name.
    pub name: String,
    /// Its district.
    pub district: String,
    /// `74 (62 to 86)`.
    pub growth: String,
    /// `74`.
    pub estimate: String,
    /// `62 to 86`.
    pub range: String,
    /// How sure that it is better, in a phrase.
    pub probability: String,
    /// `93 %`.
    pub probability_percent: String,
    /// How stable, in a phrase.
    pub stability: String,
    /// `81 %`.
    pub stability_percent: String,
    /// Why it is alike, in numbers.
    pub why: String,
    /// How alike.
    pub distance: String,
}

/// One growth measure's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerView {
    /// The measure's id.
    pub id: String,
    /// Its name.
    pub label: String,
    /// What was found, in a sentence.
    pub sentence: String,
    /// The school's own growth.
    pub own: String,
    /// At most three.
    pub cards: Vec<Card>,
    /// Own school and peers; empty without peers.
    pub chart: String,
}

/// The page of peers.
#[derive(Template)]
#[template(path = "peers.html")]
pub struct PeersPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The school's address.
    pub path: String,
    /// Probability of a claim, percent.
    pub claim: String,
    /// Where the features come from.
    pub source: String,
    /// Growth measures to choose from.
    pub choices: Vec<Choice>,
    /// `?measure=…` of the view, for its export.
    pub query: String,
    /// One answer a measure chosen.
    pub answers: Vec<AnswerView>,
}

/// What a page or export of peers is made from.
pub struct Peers<'a> {
    /// The charter's policy.
    pub policy: &'a Policy,
    /// The asking school.
    pub own: &'a School,
    /// The directory's schools.
    pub schools: &'a [School],
    /// The run's measures.
    pub measures: &'a [ReportedMeasure],
    /// What the engine found, one a measure chosen.
    pub answers: Vec<&'a PeerAnswer>,
}

impl Peers<'_> {
    /// The answers in words.
    pub fn views(&self, district_of: impl Fn(&School) -> String) -> Vec<AnswerView> {
        self.answers.iter().map(|answer| self.view(answer, &district_of)).collect()
    }

    fn view(&self, found: &PeerAnswer, district_of: &impl Fn(&School) -> String) -> AnswerView {
        let measure = &self.measures[found.measure];
        let own = found.answer.own.map_or_else(
            || "not precise enough".to_owned(),
            |own| {
                let (low, high) = interval(own);
                growth(own.mean, low, high)
            },
        );
        let cards: Vec<Card> = found
            .answer
            .peers
            .iter()
            .map(|peer| self.card(peer, district_of(&self.schools[peer.school])))
            .collect();
        AnswerView {
            id: measure.id.to_string(),
            label: measure.label.clone(),
            sentence: found.answer.explanation(self.policy.display.claim_probability),
            own,
            chart: if cards.is_empty() { String::new() } else { self.chart(found).svg() },
            cards,
        }
    }

    fn card(&self, peer: &Peer, district: String) -> Card {
        let school = &self.schools[peer.school];
        let percent = |share: f64| match share {
            0.99.. => "over 99 %".to_owned(),
            share => format!("{} %", words::number(share * 100.0, 0)),
        };
        let (probability, stability) = (percent(peer.probability_better), percent(peer.stability));
        Card {
            name: school.name.clone(),
            district,
            growth: growth(peer.growth, peer.growth_low, peer.growth_high),
            estimate: words::number(peer.growth, 0),
            range: range(peer.growth_low, peer.growth_high),
            probability: format!("{probability} probability"),
            stability: format!("among those shown in {stability} of redraws of the noise"),
            why: why(&features(&self.policy.similar), self.own, school),
            distance: words::number(peer.distance, 2),
            probability_percent: probability,
            stability_percent: stability,
        }
    }

    fn chart(&self, found: &PeerAnswer) -> Chart {
        let own = found.answer.own.map(|own| {
            let (low, high) = interval(own);
            line(&format!("{} (yours)", self.own.name), own.mean, low, high, true)
        });
        let peers = found.answer.peers.iter().map(|peer| {
            let name = &self.schools[peer.school].name;
            line(name, peer.growth, peer.growth_low, peer.growth_high, false)
        });
        let rows: Vec<Row> = own.into_iter().chain(peers).collect();
        let measure = &self.measures[found.measure];
        let parts: Vec<String> =
            rows.iter().map(|row| format!("{}: {}", row.label, row.text)).collect();
        let low = rows.iter().map(|row| row.low).fold(50.0, f64::min);
        let high = rows.iter().map(|row| row.high).fold(50.0, f64::max);
        Chart {
            id: if measure.id.as_str().contains("math") { "growth-math" } else { "growth" },
            title: format!("{}: the school and its peers", measure.label),
            description: format!("With 95 % intervals. {}", parts.join("; ")),
            low: ((low - 3.0) / 10.0).floor() * 10.0,
            high: ((high + 3.0) / 10.0).ceil() * 10.0,
            axis: "Mean growth percentile".to_owned(),
            reference: Some(50.0),
            rows,
        }
    }

    /// The answers as a table: one row a peer, or one row that says why none.
    pub fn table(&self) -> Table {
        let mut rows = Vec::new();
        for found in &self.answers {
            let measure = &self.measures[found.measure];
            let claim = self.policy.display.claim_probability;
            let own = found.answer.own;
            let common = |status: &str| -> Vec<Cell> {
                vec![
                    self.own.id.as_str().into(),
                    measure.id.as_str().into(),
                    status.into(),
                    own.map(|own| own.mean).into(),
                    own.map(|own| interval(own).0).into(),
                    own.map(|own| interval(own).1).into(),
                ]
            };
            for peer in &found.answer.peers {
                let school = &self.schools[peer.school];
                let mut row = common("shown");
                row.extend([
                    school.id.as_str().into(),
                    school.name.as_str().into(),
                    school.lea.as_str().into(),
                    peer.growth.into(),
                    peer.growth_low.into(),
                    peer.growth_high.into(),
                    peer.probability_better.into(),
                    peer.stability.into(),
                    peer.distance.into(),
                    found.answer.explanation(claim).into(),
                ]);
                rows.push(row);
            }
            if found.answer.peers.is_empty() {
                let mut row = common("none");
                row.extend(std::iter::repeat_n(Cell::Empty, 9));
                row.push(found.answer.explanation(claim).into());
                rows.push(row);
            }
        }
        Table { name: format!("peers-{}", self.own.id), columns: columns(), rows }
    }
}

fn columns() -> Vec<crate::export::Column> {
    vec![
        text("school_id"),
        text("measure"),
        text("status"),
        number("own_growth", 2),
        number("own_growth_low", 2),
        number("own_growth_high", 2),
        text("peer_school_id"),
        text("peer_name"),
        text("peer_lea_id"),
        number("growth", 2),
        number("growth_low", 2),
        number("growth_high", 2),
        number("probability_better", 4),
        number("stability", 4),
        number("distance", 4),
        text("explanation"),
    ]
}

fn range(low: f64, high: f64) -> String {
    let decimals = decimals(high - low);
    format!("{} to {}", words::number(low, decimals), words::number(high, decimals))
}

fn growth(value: f64, low: f64, high: f64) -> String {
    format!("{} ({})", words::number(value, decimals(high - low)), range(low, high))
}

fn line(label: &str, value: f64, low: f64, high: f64, mine: bool) -> Row {
    Row {
        label: label.to_owned(),
        low,
        high,
        point: Some(value),
        text: growth(value, low, high),
        mine,
    }
}
