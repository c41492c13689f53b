//! The REST API under `/api/v1`: the same readings and tables as the pages, as
//! JSON. Described by `openapi.json`, which a test holds against the routes.

pub mod district;
pub mod member;
pub mod network;
pub mod public;
pub mod publication;
pub mod school;

use axum::{
    Json, Router,
    http::header,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use serde_json::{Map, Value};

use super::{
    Web,
    problem::{ApiFailure, Problem},
};
use crate::export::Table;

/// The description of the API.
pub const OPENAPI: &str = include_str!("openapi.json");

/// Every resource with its path, as the description names it.
fn resources() -> Vec<(&'static str, MethodRouter<Web>)> {
    vec![
        ("/openapi.json", get(openapi)),
        ("/schools", get(school::list)),
        ("/schools/{id}", get(school::one)),
        ("/schools/{id}/benchmarks", get(school::benchmarks)),
        ("/schools/{id}/so-far", get(school::so_far)),
        ("/schools/{id}/similar", get(school::similar)),
        ("/schools/{id}/peers", get(school::peers)),
        ("/districts", get(district::list)),
        ("/districts/{id}/totals", get(district::totals)),
        ("/network", get(network::distributions)),
        ("/members", get(member::list)),
        ("/public", get(public::list)),
        ("/public/schools", get(public::schools)),
        ("/public/schools/{id}", get(public::school)),
        ("/publications", get(publication::list)),
    ]
}

/// Every resource's route.
pub fn routes() -> Router<Web> {
    let router = Router::new().fallback(nothing);
    let add = |router: Router<Web>, (path, route)| router.route(path, route);
    resources().into_iter().fold(router, add).method_not_allowed_fallback(read_only)
}

async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}

async fn nothing() -> ApiFailure {
    ApiFailure(Problem::NotFound)
}

async fn read_only() -> ApiFailure {
    ApiFailure(Problem::ReadOnly)
}

/// A document: its schema's version, facts about it, and the rows of a table
/// under `name`.
fn document(facts: &[(&str, Value)], name: &str, table: &Table) -> Response {
    let mut document = Map::new();
    document.insert("schema_version".to_owned(), Value::from(1));
    for (fact, value) in facts {
        document.insert((*fact).to_owned(), value.clone());
    }
    document.insert(name.to_owned(), table.json_rows());
    Json(Value::Object(document)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_names_every_resource_and_no_other() {
        let description: Value = serde_json::from_str(OPENAPI).unwrap();
        let described: std::collections::BTreeSet<String> =
            description["paths"].as_object().unwrap().keys().cloned().collect();
        let served: std::collections::BTreeSet<String> =
            resources().into_iter().map(|(path, _)| path.to_owned()).collect();
        assert_eq!(described, served);
        for (path, methods) in description["paths"].as_object().unwrap() {
            assert!(methods["get"]["responses"]["200"].is_object(), "{path}");
            assert!(methods["get"]["summary"].is_string(), "{path}");
            let parameters = methods["get"]["parameters"].as_array();
            let names_id = parameters.is_some_and(|parameters| {
                parameters.iter().any(|parameter| parameter["name"] == "id")
            });
            assert_eq!(path.contains("{id}"), names_id, "{path}");
        }
    }
}
