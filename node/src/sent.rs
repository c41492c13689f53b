//! What this district has sent, as anybody who holds the releases can read it:
//! the rates and means that noisy sums over noisy counts give.
//!
//! Made from the payloads that are kept to be sent again; draws nothing and
//! looks at no student.

use std::collections::BTreeMap;

use peerlight_proto::{
    catalogue::Value,
    charter::{Charter, ProgramKind},
    group::StudentGroup,
    layout::{FIXED_POINT, GROWTH_COUNT_WEIGHT, release_layout},
    names::{MeasureId, PopulationId, SchoolId},
    wire,
};

use crate::{
    approval::Approved,
    documents,
    error::Error,
    membership::Membership,
    node::Node,
    store::outbox::{self, OutboxRelease},
};

/// Integers by school and group; `None` for the district.
type Cells = BTreeMap<(Option<SchoolId>, StudentGroup), Vec<i64>>;

/// The newest releases of the year, by what they are of.
#[derive(Default)]
pub struct Sent {
    counts: BTreeMap<PopulationId, Cells>,
    measures: BTreeMap<MeasureId, Cells>,
    growth: BTreeMap<MeasureId, Cells>,
}

/// Reads what was drawn of the approved charter's year. Running counts and
/// histograms are left out: one release of them says nothing by itself.
pub async fn sent(
    node: &Node,
    membership: &Membership,
    approved: &Approved,
) -> Result<Sent, Error> {
    let year = approved.charter.document.school_year;
    let mut sent = Sent::default();
    // In the order in which they were drawn: a later one replaces.
    for release in outbox::list(&node.store).await? {
        if release.entry.school_year == year {
            sent.read(node, membership, &release).await?;
        }
    }
    Ok(sent)
}

impl Sent {
    async fn read(
        &mut self,
        node: &Node,
        membership: &Membership,
        release: &OutboxRelease,
    ) -> Result<(), Error> {
        let entry = &release.entry;
        let charter = documents::charter_at(&node.store, membership, entry.charter_hash).await?;
        let directory =
            documents::directory_at(&node.store, membership, entry.directory_hash).await?;
        let (charter, directory) = (charter.document, directory.document);
        let Some(program) = charter.program(&entry.program) else { return Ok(()) };
        if program.continual.is_some() {
            return Ok(());
        }
        let into = match &program.kind {
            ProgramKind::Count { population } => self.counts.entry(population.clone()).or_default(),
            ProgramKind::Measure { measure } => self.measures.entry(measure.clone()).or_default(),
            ProgramKind::GrowthMean { subject } => {
                let Some(model) = charter.policy.growth.get(subject) else { return Ok(()) };
                self.growth.entry(model.measure.clone()).or_default()
            }
            ProgramKind::GrowthHistogram { .. } => return Ok(()),
        };
        let member = &membership.member;
        let layout = release_layout(&charter, &directory, member, &entry.program, &entry.period)?;
        let Some(payload) = outbox::find_payload(&node.store, &entry.release_id).await? else {
            return Ok(());
        };
        let blocks = wire::decode_payload(&payload, &layout).map_err(|error| {
            Error::Absent(format!("the stored release cannot be read: {error}"))
        })?;
        into.clear();
        for (block, integers) in layout.blocks.iter().zip(blocks) {
            let components = block.quantity.components();
            for (position, cell) in integers.chunks_exact(components).enumerate() {
                let Some(group) = block.groups.get(position % block.groups.len()) else { continue };
                let school = block.schools.get(position / block.groups.len());
                into.insert((school.cloned(), *group), cell.to_vec());
            }
        }
        Ok(())
    }

    /// What the sent numbers say of a measure, in the unit it is shown in: a
    /// rate in percent. `None` where nothing was sent that says it, or where the
    /// noise leaves no students to divide by.
    pub fn value(
        &self,
        charter: &Charter,
        measure: &MeasureId,
        school: Option<&SchoolId>,
        group: StudentGroup,
    ) -> Option<f64> {
        let cells = |of: &Cells| total(of, school, group);
        if let Some(growth) = self.growth.get(measure).and_then(cells) {
            let [sum, count] = growth[..] else { return None };
            let students = count as f64 / GROWTH_COUNT_WEIGHT as f64;
            return (count > 0).then(|| 50.0 + sum as f64 / students);
        }
        let definition = charter.measure(measure)?;
        let sum = *self.measures.get(measure).and_then(cells)?.first()?;
        let count = *self.counts.get(&definition.population).and_then(cells)?.first()?;
        let ratio = sum as f64 / count as f64;
        let value = match &definition.value {
            Value::Rate { .. } => 50.0 * (ratio + 1.0),
            Value::Mean { low, high, .. } => {
                f64::midpoint(*low, *high) + ratio / FIXED_POINT as f64
            }
        };
        (count > 0).then_some(value)
    }
}

/// One school's integers; the district's, added up where they were sent by
/// school.
fn total(cells: &Cells, school: Option<&SchoolId>, group: StudentGroup) -> Option<Vec<i64>> {
    if let Some(found) = cells.get(&(school.cloned(), group)) {
        return Some(found.clone());
    }
    if school.is_some() {
        return None;
    }
    let of_group = cells.iter().filter(|((_, known), _)| *known == group);
    of_group
        .map(|(_, cell)| cell.clone())
        .reduce(|sum, cell| sum.iter().zip(&cell).map(|(one, other)| one + other).collect())
}

#[cfg(test)]
mod tests {
    use peerlight_proto::{
        catalogue::Catalogue, charter::Policy, names::ConsortiumId, units::SchoolYear,
    };

    use super::*;

    fn charter() -> Charter {
        let school_year = SchoolYear::ending(2026).unwrap();
        Charter {
            consortium: ConsortiumId::new("test").unwrap(),
            number: 1,
            school_year,
            previous: None,
            policy: Policy::shipped(school_year, "standard").unwrap(),
            catalogue: Catalogue::shipped().hashed(),
        }
    }

    fn cells(of: &[(&str, &[i64])]) -> Cells {
        let one = |(school, cell): &(&str, &[i64])| {
            ((Some(school.parse().unwrap()), StudentGroup::All), cell.to_vec())
        };
        of.iter().map(one).collect()
    }

    #[test]
    fn sent_sums_over_sent_counts_are_rates_means_and_percentiles() {
        let id = |name: &str| name.parse::<MeasureId>().unwrap();
        let fixed = FIXED_POINT;
        let sent = Sent {
            counts: [
                ("enrolled".parse().unwrap(), cells(&[("1", &[100]), ("2", &[300])])),
                ("tested".parse().unwrap(), cells(&[("1", &[50]), ("2", &[-3])])),
            ]
            .into(),
            measures: [
                (id("suspension"), cells(&[("1", &[-80]), ("2", &[-300])])),
                (id("ela_dfs"), cells(&[("1", &[1_000 * fixed]), ("2", &[7])])),
            ]
            .into(),
            growth: [(
                id("growth_ela"),
                cells(&[("1", &[40 * 6 * fixed, 40 * GROWTH_COUNT_WEIGHT * fixed])]),
            )]
            .into(),
        };
        let charter = charter();
        let of = |measure: &str, school: Option<&str>| {
            let school = school.map(|school| school.parse().unwrap());
            sent.value(&charter, &id(measure), school.as_ref(), StudentGroup::All)
        };
        let near = |value: Option<f64>, expected: f64| (value.unwrap() - expected).abs() < 1e-9;
        assert!(near(of("suspension", Some("1")), 10.0));
        assert!(near(of("suspension", Some("2")), 0.0));
        assert!(near(of("suspension", None), 2.5), "of the district, sums over sums");
        assert!(near(of("ela_dfs", Some("1")), 20.0));
        assert!(near(of("growth_ela", Some("1")), 56.0));
        assert_eq!(of("ela_dfs", Some("2")), None, "the noise left nobody to divide by");
        assert_eq!(of("suspension", Some("3")), None);
        assert_eq!(of("math_dfs", Some("1")), None);
    }
}
