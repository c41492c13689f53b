//! `method.md`: how a publication's numbers were made, in words.

use std::fmt::Write;

use peerlight_hub_engine::publication::tables;

use crate::{official_prior, run::Run};

/// The notes of one run.
pub fn notes(run: &Run) -> String {
    let charter = &run.in_force.charter.charter;
    let directory = &run.in_force.directory.directory;
    let policy = &charter.policy;
    let mut text = format!(
        "# Network benchmarks of {consortium}, school year {year}\n\n\
         Benchmark run {run} under charter {number} ({charter_hash}) and directory {directory} \
         ({directory_hash}).\n\n\
         ## Where the numbers come from\n\n\
         Districts count on their own machines. Before a count leaves, discrete Gaussian noise is \
         added to it (zero-concentrated differential privacy; epsilon {epsilon} a student and \
         school year, preset \"{preset}\"). No student record and no exact count reached the hub. \
         Every number below is computed from those noisy totals; noise was added everywhere, and \
         nothing is left out because a true count is small.\n\n\
         A school's grades, races and genders each sum to all its students. The noisy values do \
         not; they are made to agree by weighted least squares with the known noise, which is \
         unbiased and never less precise (noisy_cells has them as they came, consistent_cells as \
         they agree, where the charter publishes schools). A running count is read from all its \
         steps so far and is as of its newest one (stream_coefficients says how); ranks compare \
         schools as of one day only. Totals of districts and of the network are sums over schools \
         divided by sums over schools. Where a school's year alone says too little, up to three \
         years are pooled into one value, labelled with its years; it is not a trend.\n\n\
         Rates and means are divided by noisy counts of the same students: the latest count of \
         the population that is not later than the measure. Standard errors keep \
         the added noise and natural variation between students apart. Distributions describe \
         the schools' true values: the noise is taken out by empirical-Bayes shrinkage (variance \
         between schools after Paule and Mandel, its own error after Datta, Rao and Smith). Ranks and levels come from posterior draws; \
         level 10 and rank 100 are the best outcome. A point is shown from a reliability of \
         {point}, a band from {band}.\n\n\
         Directory features: {source}.\n",
        consortium = charter.consortium,
        year = charter.school_year,
        run = run.number,
        number = charter.number,
        charter_hash = run.in_force.charter.hash,
        directory = directory.number,
        directory_hash = run.in_force.directory.hash,
        epsilon = policy.budget.epsilon,
        preset = policy.budget.preset,
        point = policy.display.point_reliability,
        band = policy.display.band_reliability,
        source = directory.features_source,
    );
    let official = official_prior::words(&run.official);
    if !official.is_empty() {
        write!(
            text,
            "\n## Official results of an earlier year\n\nRanks and levels of the measures below \
             start from each school's official public result where it has one, instead of from \
             the network's mean: a line from official results to true values is learned from all \
             schools that have both (Fay and Herriot), and how far true values lie from it is \
             part of every interval. The official result needs not count the same students. It \
             is used only where it tells more than the network's mean does, and it moves no \
             estimate.\n\n"
        )
        .expect("writing to a String cannot fail");
        for used in official {
            writeln!(text, "- {used}").expect("writing to a String cannot fail");
        }
    }
    for table in tables(charter, directory, &run.analysis, &[]) {
        let written = "writing to a String cannot fail";
        write!(text, "\n## Table {}\n\n{}\n\n", table.name, table.about).expect(written);
        for column in table.columns {
            writeln!(text, "- `{}`: {}", column.name, column.about).expect(written);
        }
    }
    text
}
