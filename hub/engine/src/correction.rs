//! Corrections: what a district released again because its records had been
//! wrong stands in the place of what it corrects, alone; the two are never
//! averaged.

use std::collections::BTreeMap;

use peerlight_proto::{
    charter::Correction,
    names::{MemberId, PeriodId, ProgramId},
};

/// For each of these releases, whether a later correction of it is among them.
pub fn replaced(releases: &[(&MemberId, &ProgramId, &PeriodId)]) -> Vec<bool> {
    let about = |(member, program, period): &(&MemberId, &ProgramId, &PeriodId)| {
        let found = Correction::of(period);
        let number = found.as_ref().map_or(0, |found| found.number);
        let corrected = found.map_or_else(|| (*period).clone(), |found| found.period);
        (((*member).clone(), (*program).clone(), corrected), number)
    };
    let mut newest: BTreeMap<(MemberId, ProgramId, PeriodId), u32> = BTreeMap::new();
    for (key, number) in releases.iter().map(about) {
        let known = newest.entry(key).or_default();
        *known = number.max(*known);
    }
    let is_replaced = |(key, number)| newest.get(&key).is_some_and(|newest| *newest > number);
    releases.iter().map(about).map(is_replaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_correction_stands_alone() {
        let (one, other) = ("37".parse().unwrap(), "38".parse().unwrap());
        let (program, second) = ("enrolled".parse().unwrap(), "tested".parse().unwrap());
        let [march, first, tenth]: [PeriodId; 3] =
            ["march", "march.correction-9", "march.correction-10"].map(|id| id.parse().unwrap());
        let releases = [
            (&one, &program, &march),
            (&one, &program, &first),
            (&one, &program, &tenth),
            (&other, &program, &march),
            (&one, &second, &march),
        ];
        assert_eq!(replaced(&releases), [true, true, false, false, false]);
    }
}
