//! The pages. Each file has one page (with its CSV), or one family of them.

pub mod asset;
pub mod district;
pub mod help;
pub mod login;
pub mod member;
pub mod network;
pub mod public;
pub mod publication;
pub mod school;

use askama::Template;
use axum::{
    Router,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{MethodRouter, get},
};

use super::{
    Web,
    problem::{PageFailure, Problem},
    scope::{Role, Scope},
    session::Reader,
};
use crate::view::shell::{Link, Shell, Signed, rendered};

/// Every page's route.
pub fn routes() -> Router<Web> {
    let pages = Router::new()
        .route("/", get(start))
        .route("/assets/peerlight.css", get(asset::style))
        .route("/login", get(login::form).post(login::sign_in))
        .route("/logout", axum::routing::post(login::sign_out))
        .route("/help", get(help::page))
        .route("/schools/{id}", get(school::page))
        .route("/districts/{id}", get(district::page))
        .route("/public/schools/{id}", get(public::school))
        .route("/publications", get(publication::page))
        .route("/publications/{version}/{file}", get(publication::download));
    let tabular: [(&str, MethodRouter<Web>); 10] = [
        ("/schools", get(school::list)),
        ("/schools/{id}/so-far", get(school::so_far)),
        ("/schools/{id}/similar", get(school::similar)),
        ("/schools/{id}/peers", get(school::peers)),
        ("/districts", get(district::list)),
        ("/network", get(network::page)),
        ("/public", get(public::list)),
        ("/public/schools", get(public::schools)),
        ("/coe", get(member::overseen)),
        ("/operator", get(member::all)),
    ];
    let with_csv = |router: Router<Web>, (path, route): (&str, MethodRouter<Web>)| {
        router.route(path, route.clone()).route(&format!("{path}.csv"), route)
    };
    tabular.into_iter().fold(pages, with_csv).fallback(nothing)
}

async fn start(Reader(scope): Reader) -> Redirect {
    Redirect::to(&scope.home())
}

async fn nothing() -> PageFailure {
    PageFailure(Problem::NotFound)
}

/// A template as an answer.
pub fn answer(page: &impl Template) -> Response {
    Html(rendered(page)).into_response()
}

/// What surrounds a page of a signed-in reader; `path` is the page's own.
pub fn shell(scope: &Scope, path: &str, title: impl Into<String>) -> Shell {
    let mut links = match &scope.role {
        Role::Principal(school) => vec![
            Link::new(format!("/schools/{school}"), "My school"),
            Link::new(format!("/schools/{school}/similar"), "Like schools"),
            Link::new(format!("/schools/{school}/peers"), "Peers"),
        ],
        Role::District(member) => vec![
            Link::new(format!("/districts/{member}"), "My district"),
            Link::new("/schools", "My schools"),
        ],
        Role::Coe(_) => {
            vec![Link::new("/coe", "My districts"), Link::new("/schools", "Schools")]
        }
        Role::Operator => {
            vec![Link::new("/operator", "Members"), Link::new("/schools", "Schools")]
        }
    };
    links.extend([
        Link::new("/network", "Network"),
        Link::new("/public", "Official results"),
        Link::new("/publications", "Publications"),
        Link::new("/help", "Help"),
    ]);
    for link in &mut links {
        link.current = link.href == path;
    }
    let reader = Signed { name: scope.user.clone(), role: scope.role.words() };
    Shell { title: title.into(), reader: Some(reader), links, ..Shell::default() }
}
