//! Whether a release that was made under an earlier charter may stand beside
//! those made under the one in force.
//!
//! Its integers are always read by its own charter and directory. They are
//! used where they still mean what the charter in force says; never adjusted.

use peerlight_proto::{charter::Charter, names::ProgramId};

/// Why a release is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeftOut {
    /// The charter in force has no such program.
    #[error("the charter in force has no such program")]
    ProgramGone,
    /// What the program measures was changed since.
    #[error("the charter in force defines it differently")]
    OtherDefinition,
    /// Its district corrected it.
    #[error("its district corrected it since")]
    Corrected,
}

/// Whether a program means the same under both charters.
pub fn comparable(
    in_force: &Charter,
    made_under: &Charter,
    program: &ProgramId,
) -> Result<(), LeftOut> {
    let current = in_force.program(program).ok_or(LeftOut::ProgramGone)?;
    let wanted = in_force.definition_hash(current);
    let found = made_under.program(program).and_then(|then| made_under.definition_hash(then));
    if wanted.is_some() && wanted == found { Ok(()) } else { Err(LeftOut::OtherDefinition) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::charter;

    #[test]
    fn a_release_counts_as_long_as_its_program_means_the_same() {
        let then = charter();
        let program = then.policy.programs[0].id.clone();
        let mut now = then.clone();
        now.number += 1;
        now.policy.programs[0].share -= 1;
        assert_eq!(comparable(&now, &then, &program), Ok(()));
        for population in &mut now.catalogue.populations {
            population.condition.push_str(" AND TRUE");
        }
        assert_eq!(comparable(&now, &then, &program), Err(LeftOut::OtherDefinition));
        now.policy.programs.remove(0);
        assert_eq!(comparable(&now, &then, &program), Err(LeftOut::ProgramGone));
    }
}
