//! Running counts: what the steps of a stream say together.
//!
//! ```text
//! K_t = sum of w_s u_s over steps 0 to t     w from Stream::weights(t)
//! its noise has variance sigma² · sum of w_s²
//! ```
//!
//! A total needs every step up to it. Where one is missing, the steps before it
//! still say what was true then.

use peerlight_proto::names::ProgramId;

use crate::{estimate::Release, table::Natural};

/// The longest unbroken run of steps from the first, of one member's program.
pub fn steps<'a>(releases: &[&'a Release], program: &ProgramId) -> Vec<&'a Release> {
    let of_program: Vec<&'a Release> =
        releases.iter().copied().filter(|it| it.layout.program == *program).collect();
    let mut found: Vec<&'a Release> = Vec::new();
    loop {
        let next = of_program.iter().find(|it| {
            let step = it.layout.step().map(|(_, step)| step as usize);
            step == Some(found.len()) && found.first().is_none_or(|first| goes_on(first, it))
        });
        let Some(next) = next else { return found };
        found.push(next);
    }
}

/// Whether a step is of the stream that `first` started: the same cells with
/// the same noise.
fn goes_on(first: &Release, step: &Release) -> bool {
    let stream = |release: &Release| release.layout.step().map(|(stream, _)| stream);
    let blocks = || first.layout.blocks.iter().zip(&step.layout.blocks);
    stream(first) == stream(step)
        && first.layout.blocks.len() == step.layout.blocks.len()
        && blocks().all(|(one, other)| {
            one.schools == other.schools && one.groups == other.groups && one.sigma == other.sigma
        })
}

/// The running counts at the last of these steps, of all cells: steps 0 to t of
/// one stream, as [`steps`] gives them.
pub fn total(steps: &[&Release]) -> Option<Natural> {
    let newest = steps.last()?;
    let (stream, step) = newest.layout.step()?;
    let weights = stream.weights(step as usize);
    let noise: f64 = weights.iter().map(|weight| weight * weight).sum();
    let (values, variances) = newest
        .layout
        .blocks
        .iter()
        .enumerate()
        .map(|(position, block)| {
            let mut sums = vec![0.0; block.cells()];
            for (release, weight) in steps.iter().zip(&weights) {
                for (sum, &value) in sums.iter_mut().zip(&release.blocks[position]) {
                    *sum += weight * value as f64;
                }
            }
            (sums, block.sigma.units().powi(2) * noise)
        })
        .unzip();
    Some(Natural { values, variances })
}
