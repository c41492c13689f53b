//! `release correct`: a person asks for a release to be made again from the
//! records held now. Draws nothing, sends nothing, shows no number.

use clap::Args;
use peerlight_proto::{
    layout::year_budget,
    names::{PeriodId, ProgramId},
};

use crate::{
    cli::Context,
    error::Error,
    release::{
        correction::{self, Planned},
        decision::Person,
    },
};

#[derive(Args)]
pub struct CorrectArgs {
    /// The program.
    program: ProgramId,
    /// The period that was released and is to be corrected.
    period: PeriodId,
    /// Who wants it; stays on this node.
    #[arg(long)]
    name: String,
    /// In which office.
    #[arg(long)]
    title: String,
    /// Why; stays on this node.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub async fn run(args: &CorrectArgs, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let membership = node.membership()?;
    let approved = node.approved().await?;
    let terms = approved.terms(&membership.member, node.config.release_policy);
    let person = Person { name: &args.name, title: &args.title };
    let release = (&args.program, &args.period);
    let now = node.clock.now();
    let Planned { layout, left, is_known } =
        correction::correct(&node.store, terms, release, person, &args.reason, now).await?;
    let year = year_budget(terms.charter, terms.directory, terms.member);
    println!("{} {}", layout.program, layout.period);
    eprintln!(
        "{} The next sync counts {} {} again from the records held then and draws new noise. It \
         costs grades {} {:.2} % of the year's budget, from the reserve, which pays for {left} \
         more after it. What was sent before is not called back; the hub uses the correction in \
         its place.",
        if is_known { "Asked for before, and not drawn yet." } else { "Recorded." },
        args.program,
        args.period,
        layout.grades,
        layout.pico_rho().0 as f64 / year.0.max(1) as f64 * 100.0,
    );
    eprintln!("Next: import the mended records if that was not done, then peerlight-node sync");
    Ok(())
}
