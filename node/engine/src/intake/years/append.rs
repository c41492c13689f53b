//! Rows that were read aside, put after those that are there.

use std::collections::HashMap;

use super::{Ids, StudentYears, resize};
use crate::student::{Column, MISSING, Values};

/// Schools that rows were read of: each one's position, and whether its rows
/// are at fault.
pub(in crate::intake) type MetSchools = HashMap<String, (u32, bool)>;

impl Ids {
    fn append(&mut self, more: &Self) {
        let before = u32::try_from(self.text.len()).expect("the ids of one import fit in 4 GiB");
        self.text.extend_from_slice(&more.text);
        let fits = u32::try_from(self.text.len()).is_ok();
        assert!(fits, "the ids of one import fit in 4 GiB");
        self.ends.extend(more.ends.iter().map(|end| before + end));
    }
}

impl StudentYears {
    /// Puts the rows of the same school year after those that are there, as if
    /// they had been read one after the other. `schools` has the position of
    /// each school that is there, and whether its rows are at fault.
    pub(in crate::intake) fn append(
        &mut self,
        more: Self,
        schools: &mut MetSchools,
        more_schools: &MetSchools,
    ) {
        let before = self.rows();
        let positions: Vec<u32> = more
            .schools
            .into_iter()
            .map(|school| {
                if let Some((position, _)) = schools.get(&school) {
                    return *position;
                }
                let is_at_fault = more_schools.get(&school).is_some_and(|it| it.1);
                let position = self.schools.len() as u32;
                self.schools.push(school.clone());
                schools.insert(school, (position, is_at_fault));
                position
            })
            .collect();
        let of = |school: &u32| positions.get(*school as usize).copied();
        self.school.extend(more.school.iter().map(|it| of(it).unwrap_or(Self::NO_SCHOOL)));
        self.students.append(&more.students);
        self.statewide.append(&more.statewide);
        self.lines.extend(more.lines);
        for (column, values) in Column::ALL.into_iter().zip(more.columns) {
            let Some(values) = values else { continue };
            let names = more.names.get(&column);
            let renamed: Option<Vec<u8>> = names.map(|names| {
                let position = |name: &String| self.name(column, name).unwrap_or(MISSING);
                names.iter().map(position).collect()
            });
            let all = self.slot(column);
            resize(all, before);
            match (all, values) {
                (Values::Numbers(all), Values::Numbers(more)) => all.extend(more),
                (Values::Bytes(all), Values::Bytes(more)) => {
                    let name = |byte: u8| match &renamed {
                        Some(names) => names.get(usize::from(byte)).copied().unwrap_or(MISSING),
                        None => byte,
                    };
                    all.extend(more.into_iter().map(name));
                }
                _ => unreachable!("a column is stored as its kind is"),
            }
        }
    }
}
