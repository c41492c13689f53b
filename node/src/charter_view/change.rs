//! What is different from the approved charter and directory, in words that
//! somebody can decide by.

use peerlight_proto::{
    charter::{Charter, Continual, Program, PublicationScope, Reserve},
    directory::Directory,
    layout::year_budget,
    names::MemberId,
};

use super::{delta, epsilon_of_schooling, label};

/// Names of schools in one line; the others are counted.
const NAMED: usize = 5;

/// What changed for one member, a line each; nothing where nothing did.
pub fn changes(
    (approved, approved_directory): (&Charter, &Directory),
    (current, directory): (&Charter, &Directory),
    member: &MemberId,
) -> Vec<String> {
    let mut lines = Vec::new();
    let (before, after) = (&approved.policy, &current.policy);
    if approved.school_year != current.school_year {
        lines.push(format!("school year: {} → {}", approved.school_year, current.school_year));
    }
    if (before.budget.epsilon - after.budget.epsilon).abs() > 0.0 {
        lines.push(format!("epsilon: {} → {}", before.budget.epsilon, after.budget.epsilon));
    } else if before.budget != after.budget {
        lines.push("the budget's tiers changed".to_owned());
    }
    let schooling = |charter, directory| {
        let year = year_budget(charter, directory, member);
        format!("{:.1}", epsilon_of_schooling(year, delta(charter, directory, member)))
    };
    let composed = (schooling(approved, approved_directory), schooling(current, directory));
    if composed.0 != composed.1 {
        lines.push(format!(
            "thirteen school years compose to: epsilon {} → {}",
            composed.0, composed.1
        ));
    }
    if before.publication != after.publication {
        let words = |scope| match scope {
            PublicationScope::Network => "the network's distributions only",
            PublicationScope::Schools => "also every school's estimates",
        };
        let (old, new) = (words(before.publication), words(after.publication));
        lines.push(format!("what the hub may publish: {old} → {new}"));
    }
    if before.reserve != after.reserve {
        let words = |reserve: Option<Reserve>| match reserve {
            Some(Reserve { share, releases }) => {
                format!("{} % for at most {releases} releases", percent(share))
            }
            None => "nothing".to_owned(),
        };
        let (old, new) = (words(before.reserve), words(after.reserve));
        lines.push(format!("what is kept in reserve: {old} → {new}"));
    }
    lines.extend(programs(approved, current));
    lines.extend(definitions(approved, current));
    lines.extend(schools(approved_directory, directory, member));
    lines
}

fn programs(approved: &Charter, current: &Charter) -> Vec<String> {
    let (before, after) = (&approved.policy, &current.policy);
    let mut lines = Vec::new();
    for program in &after.programs {
        match approved.program(&program.id) {
            None => lines.push(format!(
                "new program {} ({}): {}, {}",
                program.id,
                label(current, &program.kind),
                calendar(program),
                price(program),
            )),
            Some(old) if old != program => lines.push(program_change(old, program)),
            Some(_) => {}
        }
    }
    for program in &before.programs {
        if current.program(&program.id).is_none() {
            lines.push(format!("program {} is gone", program.id));
        }
    }
    lines
}

fn definitions(approved: &Charter, current: &Charter) -> Vec<String> {
    let (before, after) = (&approved.policy, &current.policy);
    let mut lines = Vec::new();
    for measure in &current.catalogue.measures {
        match approved.measure(&measure.id) {
            None => lines.push(format!("new measure {}", measure.id)),
            Some(old) if old.hash() != measure.hash() => {
                lines.push(format!("the definition of {} changed", measure.id));
            }
            Some(_) => {}
        }
    }
    for population in &current.catalogue.populations {
        let old = approved.population(&population.id);
        if old.is_some_and(|old| old.hash() != population.hash()) {
            lines.push(format!("the definition of {} changed", population.id));
        }
    }
    for (name, setting) in &current.catalogue.settings {
        let old = approved.catalogue.settings.get(name).map(|old| old.value.to_string());
        let new = setting.value.to_string();
        if old.as_ref().is_some_and(|old| *old != new) {
            lines.push(format!("setting {name}: {} → {new}", old.unwrap_or_default()));
        }
    }
    for (what, changed) in [
        (
            "the constants of the catalogue",
            approved.catalogue.constants != current.catalogue.constants,
        ),
        ("which school years stand apart", approved.catalogue.years != current.catalogue.years),
        ("the growth models", before.growth != after.growth),
        ("when estimates are shown", before.display != after.display),
        ("what makes schools alike", before.similar != after.similar),
        ("how programs are divided by group", before.margin_profile != after.margin_profile),
        ("the time zone", before.time_zone != after.time_zone),
    ] {
        if changed {
            lines.push(format!("{what} changed"));
        }
    }
    lines
}

fn schools(approved: &Directory, current: &Directory, member: &MemberId) -> Vec<String> {
    let only_in = |one: &Directory, other: &Directory| -> Vec<String> {
        let gone = one
            .schools_of(member)
            .filter(|school| other.school(&school.id).is_none_or(|known| known.lea != *member));
        gone.map(|school| school.id.to_string()).collect()
    };
    let mut lines = Vec::new();
    for (what, ids) in [
        ("new in the directory", only_in(current, approved)),
        ("no longer in the directory", only_in(approved, current)),
    ] {
        if !ids.is_empty() {
            let named = ids[..ids.len().min(NAMED)].join(", ");
            let more = ids.len().saturating_sub(NAMED);
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            lines.push(format!("{} of your schools {what}: {named}{rest}", ids.len()));
        }
    }
    let grades = current.schools_of(member).filter(|school| {
        approved.school(&school.id).is_some_and(|old| old.grades != school.grades)
    });
    let grades = grades.count();
    if grades > 0 {
        lines.push(format!("{grades} of your schools have other grades in the directory"));
    }
    lines
}

fn program_change(old: &Program, new: &Program) -> String {
    let mut parts = Vec::new();
    if old.share != new.share {
        parts.push(format!("share {} % → {} %", percent(old.share), percent(new.share)));
    }
    if old.from_reserve != new.from_reserve {
        parts.push(format!("{} → {}", price(old), price(new)));
    }
    if old.periods != new.periods || old.continual != new.continual {
        parts.push(format!("released {} → {}", calendar(old), calendar(new)));
    }
    if old.grades != new.grades {
        parts.push(format!("grades {} → {}", old.grades, new.grades));
    }
    if old.kind != new.kind {
        parts.push("what it releases".to_owned());
    }
    if old.margins != new.margins {
        parts.push("how it is divided by group".to_owned());
    }
    format!("program {}: {}", new.id, parts.join(", "))
}

/// How often a program is released, and from when.
fn calendar(program: &Program) -> String {
    let times = match program.periods.len() {
        1 => "once a year".to_owned(),
        times => format!("{times} times a year"),
    };
    let running = match program.continual {
        Some(Continual { .. }) => " as one running total",
        None => "",
    };
    let from = program.periods.first().map(|period| period.due.as_str()).unwrap_or_default();
    format!("{times}{running} from {from}")
}

fn price(program: &Program) -> String {
    if program.from_reserve {
        "the consortium's question, paid for by the reserve".to_owned()
    } else {
        format!("share {} % of the year", percent(program.share))
    }
}

fn percent(share: u32) -> f64 {
    f64::from(share) / 100.0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use peerlight_proto::{
        catalogue::Catalogue,
        charter::{Period, Policy},
        directory::{Level, School},
        names::ConsortiumId,
        units::{GradeSet, SchoolYear},
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

    fn directory(ids: &[&str]) -> (Directory, MemberId) {
        let member = MemberId::new("37").unwrap();
        let school = |id: &&str| School {
            id: id.parse().unwrap(),
            lea: member.clone(),
            name: String::new(),
            level: Level::K12,
            school_type: String::new(),
            grades: GradeSet::ALL,
            county: None,
            enrollment: Some(500),
            features: BTreeMap::new(),
        };
        let directory = Directory {
            consortium: ConsortiumId::new("test").unwrap(),
            number: 1,
            school_year: SchoolYear::ending(2026).unwrap(),
            features_source: String::new(),
            schools: ids.iter().map(school).collect(),
        };
        (directory, member)
    }

    #[test]
    fn every_kind_of_change_is_named() {
        let approved = charter();
        let (before, member) = directory(&["1", "2"]);
        let same = changes((&approved, &before), (&approved, &before), &member);
        assert!(same.is_empty(), "{same:?}");
        let mut current = approved.clone();
        current.policy.budget = peerlight_proto::charter::Budget::preset("detailed").unwrap();
        current.policy.publication = PublicationScope::Schools;
        current.policy.programs[1].share += 100;
        let gone = current.policy.programs.pop().unwrap();
        let programs = &mut current.policy.programs;
        let moved = programs.iter_mut().find(|it| it.id.as_str() == "suspension").unwrap();
        moved.continual = Some(Continual { changes: 2 });
        let later = Period { id: "later".parse().unwrap(), due: "2026-08-15".to_owned() };
        moved.periods.push(later);
        current.policy.reserve = None;
        current.catalogue.measures[0].label.push('!');
        let (after, _) = directory(&["2", "3"]);
        let lines = changes((&approved, &before), (&current, &after), &member).join("\n");
        for part in [
            "epsilon: 4 → 8",
            "thirteen school years compose to: epsilon 18.",
            "also every school's estimates",
            "share 4 % → 5 %",
            "what is kept in reserve: 6 % for at most 3 releases → nothing",
            gone.id.as_str(),
            "once a year from 2026-07-15 → 2 times a year as one running total",
            "chronic_absence changed",
            "1 of your schools new in the directory: 3",
            "1 of your schools no longer in the directory: 1",
        ] {
            assert!(lines.contains(part), "{part} is missing from {lines}");
        }
        let back = changes((&current, &after), (&approved, &before), &member).join("\n");
        assert!(back.contains(&format!("new program {}", gone.id)), "{back}");
    }
}
