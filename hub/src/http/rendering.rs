//! How a view is answered: as its page, or as its table to save.
//!
//! One handler serves both, so that a page and its CSV are one reading.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
    response::{IntoResponse, Response},
};

use crate::export::Table;

/// Which of the two the reader asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rendering {
    /// The page.
    Page,
    /// CSV: the same address with `.csv` behind it.
    Csv,
}

impl Rendering {
    fn of(path: &str) -> Self {
        if path.strip_suffix(".csv").is_some() { Self::Csv } else { Self::Page }
    }
}

impl<S: Sync> FromRequestParts<S> for Rendering {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts.uri.path()))
    }
}

impl IntoResponse for Table {
    fn into_response(self) -> Response {
        let disposition = format!("attachment; filename=\"{}.csv\"", self.name);
        let headers = [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ];
        (headers, self.csv()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_says_which_is_wanted() {
        assert_eq!(Rendering::of("/schools/061234501234"), Rendering::Page);
        assert_eq!(Rendering::of("/schools/061234501234/peers.csv"), Rendering::Csv);
    }
}
