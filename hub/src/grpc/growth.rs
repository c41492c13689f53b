//! `GrowthService`: the tables of a closed growth round.

use std::sync::Arc;

use peerlight_proto::{
    document,
    units::SchoolYear,
    v1::{GetGrowthTablesRequest, GetGrowthTablesResponse, growth_service_server::GrowthService},
};
use tonic::{Request, Response, Status};

use super::caller;
use crate::{error::Error, hub::Hub, store::document as documents};

/// Serves the percentile tables of closed growth rounds.
pub struct Growth(pub Arc<Hub>);

#[tonic::async_trait]
impl GrowthService for Growth {
    async fn get_growth_tables(
        &self,
        request: Request<GetGrowthTablesRequest>,
    ) -> Result<Response<GetGrowthTablesResponse>, Status> {
        caller::receiver(&self.0, &request).await?;
        let year = SchoolYear::ending(request.into_inner().school_year)
            .map_err(|_| Error::Release { field: "school year", problem: "is not one" })?;
        let kind = document::GROWTH_TABLES;
        let tables = documents::find_for_year(&self.0.store, kind, year.ending_year()).await?;
        let tables = tables.ok_or(Error::RoundOpen(year))?;
        Ok(Response::new(GetGrowthTablesResponse { tables: Some(tables.signed) }))
    }
}
