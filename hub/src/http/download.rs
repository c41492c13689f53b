//! A table as an answer: CSV to save.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

use crate::export::Table;

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
