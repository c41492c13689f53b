//! The REST API: which rows each role gets, problems, and answers held already.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::{
    browser::{Answer, Browser},
    consortium::{PASSWORD, RUNTIME, shared},
};

/// Every resource the description names, of a school of the principal's.
async fn resources(browser: &mut Browser) -> Vec<String> {
    let description = browser.get("/api/v1/openapi.json").await.json();
    let paths = description["paths"].as_object().unwrap().keys();
    let of = |path: &str| if path.starts_with("/districts") { "d0" } else { "d0-03" };
    paths.map(|path| format!("/api/v1{}", path.replace("{id}", of(path)))).collect()
}

/// Asserts that an answer is a problem (RFC 9457) with this status.
fn is_problem(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
    let body = answer.json();
    assert_eq!(body["status"], status, "{what}");
    for field in ["type", "title", "detail"] {
        assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{what}: {field}");
    }
}

/// The values of a column, without repeats.
fn distinct(rows: &Value, column: &str) -> Vec<String> {
    let rows = rows.as_array().unwrap().iter();
    let mut values: Vec<String> =
        rows.map(|row| row[column].as_str().unwrap().to_owned()).collect();
    values.sort();
    values.dedup();
    values
}

#[test]
fn nobody_reads_a_resource_without_signing_in() {
    RUNTIME.block_on(async {
        let mut otto = shared().await.signed_in("otto").await;
        let mut stranger = shared().await.browser();
        let wrong = BASE64_STANDARD.encode("ann:not the password");
        for path in resources(&mut otto).await {
            if path.ends_with("openapi.json") {
                assert_eq!(stranger.get(&path).await.status, 200, "the description is open");
                continue;
            }
            let answer = stranger.get(&path).await;
            is_problem(&answer, 401, &path);
            assert!(answer.header("www-authenticate").starts_with("Basic "), "{path}");
        }
        let header = format!("Basic {wrong}");
        let headers = [("authorization", header.as_str())];
        let answer = stranger.send("GET", "/api/v1/schools", &headers, "").await;
        is_problem(&answer, 401, "a wrong password");
        let right = BASE64_STANDARD.encode(format!("cora:{PASSWORD}"));
        let header = format!("Basic {right}");
        let headers = [("authorization", header.as_str())];
        let answer = stranger.send("GET", "/api/v1/members", &headers, "").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(!stranger.has_cookie(), "a program's call leaves no session behind");
    });
}

#[test]
fn every_role_lists_its_own_schools_and_every_list_agrees() {
    let districts = |ids: &[&str]| -> Vec<String> {
        let of = |id: &&str| (0..10).map(|school| format!("{id}-{school:02}")).collect::<Vec<_>>();
        ids.iter().flat_map(of).collect()
    };
    // Every member is of one county; only d0 and d1 signed a grant.
    let expected = [
        ("ann", vec!["d0-03".to_owned()]),
        ("dan", districts(&["d0"])),
        ("cora", districts(&["d0", "d1"])),
        ("otto", districts(&["d0", "d1", "d2"])),
    ];
    RUNTIME.block_on(async {
        for (user, schools) in expected {
            let mut browser = shared().await.signed_in(user).await;
            let listed = browser.get("/api/v1/schools").await.json();
            assert_eq!(distinct(&listed["schools"], "school_id"), schools, "{user}");
            let csv = browser.get("/schools.csv").await.body;
            let mut ids: Vec<&str> =
                csv.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
            ids.sort_unstable();
            assert_eq!(ids, schools, "{user}");
        }
    });
}

#[test]
fn members_are_listed_by_grant_and_never_by_county() {
    RUNTIME.block_on(async {
        for (user, members) in
            [("cora", &["d0", "d1"][..]), ("otto", &["county", "d0", "d1", "d2"][..])]
        {
            let mut browser = shared().await.signed_in(user).await;
            let listed = browser.get("/api/v1/members").await.json();
            assert_eq!(distinct(&listed["members"], "member_id"), members, "{user}");
        }
        for user in ["ann", "dan"] {
            let mut browser = shared().await.signed_in(user).await;
            is_problem(&browser.get("/api/v1/members").await, 403, user);
        }
    });
}

#[test]
fn every_refusal_is_a_problem_in_json() {
    RUNTIME.block_on(async {
        let mut browser = shared().await.signed_in("ann").await;
        for (path, status) in [
            ("/api/v1/nothing", 404),
            ("/api/v1/schools/d2-00", 404),
            ("/api/v1/schools/d2-00/benchmarks", 404),
            ("/api/v1/schools/d0-03/nothing", 404),
            ("/api/v1/network?level=college", 400),
            ("/api/v1/network?level=high&level=middle", 400),
            ("/api/v1/schools/d0-03/peers?measure=NOT+A+NAME", 400),
            ("/api/v1/schools/d0-03/peers?measure=a&measure=b", 400),
        ] {
            is_problem(&browser.get(path).await, status, path);
        }
        for path in resources(&mut browser).await {
            let same = [("sec-fetch-site", "same-origin")];
            let answer = browser.send("POST", &path, &same, "").await;
            is_problem(&answer, 405, &path);
            assert_eq!(answer.header("allow"), "GET, HEAD", "{path}");
        }
    });
}

#[test]
fn every_resource_has_a_tag_that_saves_sending_it_again() {
    RUNTIME.block_on(async {
        let mut ann = shared().await.signed_in("ann").await;
        let mut dan = shared().await.signed_in("dan").await;
        for path in resources(&mut dan).await {
            let forbidden = path.ends_with("/members");
            let answer = dan.get(&path).await;
            if forbidden {
                assert_eq!(answer.header("etag"), "", "a refusal is not kept");
                continue;
            }
            assert_eq!(answer.status, 200, "{path}");
            assert!(answer.header("cache-control").contains("private"), "{path}");
            let tag = answer.header("etag").to_owned();
            let held = [("if-none-match", tag.as_str())];
            let again = dan.send("GET", &path, &held, "").await;
            assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
            let other = [("if-none-match", "\"0000\"")];
            assert_eq!(dan.send("GET", &path, &other, "").await.body, answer.body, "{path}");
        }
        // A tag opens nothing: whoever may not see a school is told so.
        let tag = dan.get("/api/v1/schools/d0-04").await.header("etag").to_owned();
        let held = [("if-none-match", tag.as_str())];
        let answer = ann.send("GET", "/api/v1/schools/d0-04", &held, "").await;
        is_problem(&answer, 404, "a tag of somebody else");
    });
}
