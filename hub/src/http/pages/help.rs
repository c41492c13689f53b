//! `/help`: what the words and the measures mean. Open to everybody: it says
//! nothing about any school.

use axum::{extract::State, http::HeaderMap, response::Response};
use peerlight_hub_engine::measure::reported_measures;

use super::{answer, shell};
use crate::{
    http::{Web, problem::PageFailure, session::reader_of},
    view::{
        network::{HelpPage, MeasureHelp, WORDS},
        shell::Shell,
    },
};

/// `/help`.
pub async fn page(State(web): State<Web>, headers: HeaderMap) -> Result<Response, PageFailure> {
    let title = "What it all means";
    let shell = reader_of(&web, &headers)
        .await?
        .map_or_else(|| Shell::plain(title), |scope| shell(&scope, "/help", title));
    let charter = web.charter().await?;
    let measures = charter.map(|charter| reported_measures(&charter.charter)).unwrap_or_default();
    let measures = measures.iter().map(MeasureHelp::of).collect();
    Ok(answer(&HelpPage { shell, words: WORDS, measures }))
}
