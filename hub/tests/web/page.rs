//! What pages say and how they are sent.

use peerlight_hub::store::incident::{self, Acknowledgement, Incident};
use peerlight_proto::names::MemberId;

use super::consortium::{Consortium, RUNTIME, shared};

const PAGES: [&str; 13] = [
    "/schools",
    "/schools/d0-03",
    "/schools/d0-03/so-far",
    "/schools/d0-03/similar",
    "/schools/d0-03/peers",
    "/districts",
    "/districts/d0",
    "/network",
    "/publications",
    "/public",
    "/public/schools?find=elsewhere",
    "/public/schools/d0-03",
    "/help",
];

fn rows(page: &str) -> usize {
    page.matches(r#"<tr class="row">"#).count()
}

fn csv_rows(csv: &str) -> usize {
    csv.lines().count() - 1
}

#[test]
fn every_page_forbids_scripts_and_frames_and_is_marked_up_for_all_readers() {
    RUNTIME.block_on(async {
        let mut browser = shared().await.signed_in("dan").await;
        for path in PAGES {
            let answer = browser.get(path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            let policy = answer.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{policy}");
            assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
            assert!(answer.header("strict-transport-security").contains("max-age="));
            assert_eq!(answer.header("referrer-policy"), "no-referrer");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            let page = &answer.body;
            for part in [r#"<html lang="en">"#, r##"href="#main""##, "<main", "<nav", "<h1>"] {
                assert!(page.contains(part), "{path} lacks {part}");
            }
            for forbidden in ["<script", " style=", "onclick", "http://", " %"] {
                assert!(!page.contains(forbidden), "{path} has {forbidden}");
            }
            assert_eq!(page.matches("<h1>").count(), 1, "{path}");
            let tables = page.matches("<table").count();
            assert_eq!(page.matches("<caption").count(), tables, "{path}");
            assert_eq!(page.matches("<th>").count(), 0, "{path}: every header has a scope");
        }
    });
}

#[test]
fn an_export_has_the_rows_of_its_page_and_the_api_the_same() {
    RUNTIME.block_on(async {
        let mut browser = shared().await.signed_in("dan").await;
        for (page, csv, api, list) in [
            ("/schools", "/schools.csv", "/api/v1/schools", "schools"),
            (
                "/schools/d0-03",
                "/schools/d0-03.csv",
                "/api/v1/schools/d0-03/benchmarks",
                "benchmarks",
            ),
            (
                "/schools/d0-03/so-far",
                "/schools/d0-03/so-far.csv",
                "/api/v1/schools/d0-03/so-far",
                "months",
            ),
            (
                "/schools/d0-03/similar",
                "/schools/d0-03/similar.csv",
                "/api/v1/schools/d0-03/similar",
                "like",
            ),
            (
                "/districts?measure=growth_ela",
                "/districts.csv?measure=growth_ela",
                "/api/v1/districts?measure=growth_ela",
                "districts",
            ),
            ("/districts/d0", "/districts/d0.csv", "/api/v1/districts/d0/totals", "totals"),
            (
                "/network?level=middle",
                "/network.csv?level=middle",
                "/api/v1/network?level=middle",
                "distributions",
            ),
        ] {
            let shown = rows(&browser.get(page).await.body);
            let exported = csv_rows(&browser.get(csv).await.body);
            let served = browser.get(api).await.json()[list].as_array().unwrap().len();
            assert!(shown > 0, "{page}");
            assert_eq!((exported, served), (shown, shown), "{page}");
        }
    });
}

#[test]
fn a_school_page_gives_estimates_with_intervals_and_says_what_is_not_offered() {
    RUNTIME.block_on(async {
        let mut browser = shared().await.signed_in("ann").await;
        let page = browser.get("/schools/d0-03").await.body;
        assert!(page.contains("Alder does not offer: "), "{page}");
        assert!(page.contains("Suspension"));
        assert!(page.contains("Not offered"));
        assert!(page.contains(" ± "));
        assert!(page.contains("includes privacy noise"));
        assert!(page.contains("Better than, of schools"));
        assert!(page.contains(r#"role="img""#));
        assert!(page.contains("cannot tell "));
        let csv = browser.get("/schools/d0-03.csv").await;
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
        for line in csv.body.lines().skip(1) {
            assert!(line.split(',').nth(3).is_some_and(|status| !status.is_empty()), "{line}");
        }
        assert!(csv.body.contains(",suspension,all,not_offered,,,"));
    });
}

#[test]
fn the_year_so_far_has_a_chart_its_table_and_every_month_with_its_interval() {
    RUNTIME.block_on(async {
        let mut browser = shared().await.signed_in("ann").await;
        let school = browser.get("/schools/d0-03").await.body;
        assert!(school.contains(r#"href="/schools/d0-03/so-far""#), "{school}");
        let page = browser.get("/schools/d0-03/so-far").await.body;
        assert!(page.contains(r#"id="chronic_absence_in_year""#), "{page}");
        assert!(!page.contains("Course failure"), "a middle school has none: {page}");
        assert_eq!(page.matches("<svg").count(), 1);
        assert!(page.contains("1 November 2025") && page.contains("95\u{a0}% interval"), "{page}");
        let answer = browser.get("/api/v1/schools/d0-03/so-far").await.json();
        assert_eq!(answer["schema_version"], 1);
        let months = answer["months"].as_array().unwrap();
        let days: Vec<&str> = months.iter().map(|row| row["as_of"].as_str().unwrap()).collect();
        assert_eq!((days.len(), days[0], days[9]), (10, "2025-11-01", "2026-08-01"));
        let shown = months.iter().filter(|row| row["status"] == "shown").count();
        assert_eq!(page.matches("<circle").count(), shown);
        assert!(shown > 5, "{answer}");
        for month in months {
            let (low, high) = (month["ci_low"].as_f64(), month["ci_high"].as_f64());
            assert_eq!(low.is_some(), month["status"] != "not_precise", "{month}");
            assert!(low.zip(high).is_none_or(|(low, high)| low < high), "{month}");
        }
        // 0.014 of 600 students more in each of ten steps.
        let last = &months[9];
        let (low, high) = (last["ci_low"].as_f64().unwrap(), last["ci_high"].as_f64().unwrap());
        assert!(low < 14.0 && 14.0 < high && high - low < 15.0, "{last}");
    });
}

#[test]
fn months_that_are_due_and_have_not_come_say_so() {
    RUNTIME.block_on(async {
        let mut otto = shared().await.signed_in("otto").await;
        let answer = otto.get("/api/v1/schools/d2-05/so-far").await.json();
        let months = answer["months"].as_array().unwrap();
        let missing: Vec<&str> = months
            .iter()
            .filter(|month| month["status"] == "not_reported")
            .map(|month| month["as_of"].as_str().unwrap())
            .collect();
        assert_eq!((months.len(), missing), (10, vec!["2026-07-01", "2026-08-01"]));
        let page = otto.get("/schools/d2-05/so-far").await.body;
        assert_eq!(page.matches("Not reported by district").count(), 4, "table and chart: {page}");
        assert!(page.contains(">As of 1 June 2026: "), "{page}");
        let page = otto.get("/districts?measure=chronic_absence_in_year").await.body;
        assert!(page.contains("Cedar &#60;&#38;&#62;, as of 1 June 2026</a>"), "{page}");
        assert!(page.contains("Alder, as of 1 August 2026</a>"), "{page}");
        let page = otto.get("/districts/d2").await.body;
        assert!(
            page.contains("as of 1 June 2026") && page.contains("as of 1 August 2026"),
            "{page}"
        );
    });
}

#[test]
fn months_before_students_are_counted_say_so_and_those_to_come_have_their_place() {
    RUNTIME.block_on(async {
        let one = Consortium::counted_late().await;
        let mut otto = one.signed_in("otto").await;
        let answer = otto.get("/api/v1/schools/d2-05/so-far").await.json();
        let months = answer["months"].as_array().unwrap();
        let uncounted = |month: &&serde_json::Value| month["status"] == "not_counted";
        let days: Vec<&str> =
            months.iter().filter(uncounted).map(|month| month["as_of"].as_str().unwrap()).collect();
        assert_eq!((months.len(), days), (8, vec!["2026-02-01", "2026-03-01"]));
        assert!(months[7]["ci_low"].is_number(), "{answer}");
        let page = otto.get("/schools/d2-05/so-far").await.body;
        assert!(page.contains("No share: students are first counted on 20 March 2026"), "{page}");
        assert!(page.contains("The next figure is as of 15 December 2026."), "{page}");
        assert_eq!(page.matches(">Dec</text>").count(), 2, "{page}");
        one.stop().await;
    });
}

#[test]
fn a_district_stands_beside_the_network_and_its_page_is_found_from_where_one_starts() {
    RUNTIME.block_on(async {
        let mut dan = shared().await.signed_in("dan").await;
        let start = dan.get("/schools").await.body;
        assert!(start.contains(r#"href="/districts/d0""#), "{start}");
        let page = dan.get("/districts/d0").await.body;
        assert!(page.contains("<h1>Alder</h1>") && page.contains("10 of the network"), "{page}");
        assert!(page.contains("Alder does not offer: Suspension"), "{page}");
        let answer = dan.get("/api/v1/districts/d0/totals").await.json();
        assert_eq!((&answer["schema_version"], &answer["lea_id"]), (&1.into(), &"d0".into()));
        let row = |measure: &str, group: &str| {
            let rows = answer["totals"].as_array().unwrap().iter();
            let mut rows =
                rows.filter(|row| row["measure"] == measure && row["student_group"] == group);
            rows.next().unwrap_or_else(|| panic!("{measure} {group}: {answer}")).clone()
        };
        // 1.85 % of students more in each of ten months, everywhere alike.
        let months = row("chronic_absence_in_year", "all");
        let end = |name: &str| months[name].as_f64().unwrap();
        assert!(end("ci_low") < 18.5 && 18.5 < end("ci_high"), "{months}");
        assert!(end("network_ci_low") < 18.5 && 18.5 < end("network_ci_high"), "{months}");
        let widths =
            (end("ci_high") - end("ci_low"), end("network_ci_high") - end("network_ci_low"));
        assert!(widths.1 < widths.0, "more students, less noise: {months}");
        // d2 is late, and a share of June is not added to those of August.
        assert_eq!((&months["schools"], &months["network_schools"]), (&10.into(), &20.into()));
        assert_eq!(months["as_of"], "2026-08-01");
        // d2's schools grow by 14 more, so that the network's mean is above d0's.
        let growth = row("growth_ela", "all");
        assert!(growth["ci_high"].as_f64() < growth["network_ci_low"].as_f64(), "{growth}");
        let suspension = row("suspension", "all");
        assert_eq!(suspension["status"], "not_offered");
        assert_eq!(row("enrolled", "flag:HOM")["schools"], 0, "small flags are of districts");

        let mut cora = shared().await.signed_in("cora").await;
        let start = cora.get("/coe").await.body;
        assert!(
            start.contains(r#"href="/districts/d1""#) && start.contains(r#"href="/districts""#)
        );
    });
}

#[test]
fn a_county_office_sees_its_districts_side_by_side_and_nobody_sees_more_than_theirs() {
    RUNTIME.block_on(async {
        let seen = [("ann", ""), ("dan", "d0"), ("cora", "d0 d1"), ("otto", "d0 d1 d2")];
        for (user, expected) in seen {
            let mut browser = shared().await.signed_in(user).await;
            let answer = browser.get("/api/v1/districts?measure=growth_math").await.json();
            assert_eq!(
                (&answer["schema_version"], &answer["measure"]),
                (&1.into(), &"growth_math".into())
            );
            let found = answer["districts"].as_array().unwrap().iter();
            let ids: Vec<&str> = found.map(|row| row["lea_id"].as_str().unwrap()).collect();
            assert_eq!(ids.join(" "), expected, "{user}");
            let page = browser.get("/districts?measure=growth_math").await.body;
            assert_eq!(rows(&page), ids.len(), "{user}");
            assert_eq!(page.matches(r#"class="point""#).count(), ids.len(), "{user}: {page}");
            assert_eq!(page.contains("Cedar"), user == "otto", "{user}");
        }
    });
}

#[test]
fn a_school_that_grows_slower_gets_peers_of_other_districts_with_probabilities() {
    RUNTIME.block_on(async {
        let mut browser = shared().await.signed_in("ann").await;
        let answer = browser.get("/api/v1/schools/d0-03/peers?measure=growth_ela").await.json();
        let peers = answer["peers"].as_array().unwrap();
        assert!((1..=3).contains(&peers.len()), "{answer}");
        for peer in peers {
            assert_eq!(peer["status"], "shown");
            assert_ne!(peer["peer_lea_id"], "d0");
            assert!(peer["probability_better"].as_f64().unwrap() >= 0.8);
            assert!((0.0..=1.0).contains(&peer["stability"].as_f64().unwrap()));
        }
        let page = browser.get("/schools/d0-03/peers?measure=growth_ela").await.body;
        assert_eq!(page.matches(r#"<li class="card">"#).count(), peers.len());
        assert!(page.contains("(yours)") && page.contains("probability"));
        let none = browser.get("/schools/d0-03/peers?measure=nothing+such").await;
        assert_eq!(none.status, 400);
    });
}

#[test]
fn like_schools_come_with_reasons_their_source_and_missing_features() {
    RUNTIME.block_on(async {
        let mut browser = shared().await.signed_in("dan").await;
        let page = browser.get("/schools/d0-03/similar").await.body;
        assert!(page.contains("a simulated directory"));
        assert!(page.contains("English learners"));
        let answer = browser.get("/api/v1/schools/d0-03/similar").await.json();
        assert!(answer["like"][0]["reasons"][0]["theirs"].is_number());
        let missing = browser.get("/schools/d0-09/similar").await.body;
        assert!(
            missing.contains(
                "The directory does not give these figures for this school: English learners"
            ),
            "{missing}"
        );
    });
}

#[test]
fn names_are_escaped_and_the_operator_sees_every_member() {
    RUNTIME.block_on(async {
        let mut browser = shared().await.signed_in("otto").await;
        let page = browser.get("/operator").await.body;
        assert!(page.contains("Cedar &#60;&#38;&#62;"));
        assert_eq!(rows(&page), 4);
        assert!(page.contains("up to date") && page.contains("Incidents"));
    });
}

#[test]
fn an_answer_that_is_held_already_is_not_sent_again() {
    RUNTIME.block_on(async {
        let mut browser = shared().await.signed_in("ann").await;
        let answer = browser.get("/api/v1/network").await;
        let tag = answer.header("etag").to_owned();
        assert!(tag.starts_with('"'), "{tag}");
        let again = browser.send("GET", "/api/v1/network", &[("if-none-match", &tag)], "").await;
        assert_eq!((again.status, again.body.as_str()), (304, ""));
        let style = browser.get("/assets/peerlight.css").await;
        assert!(style.header("cache-control").contains("immutable"));
        assert!(answer.header("cache-control").contains("private"));
    });
}

#[test]
fn before_the_first_run_pages_say_what_is_missing() {
    RUNTIME.block_on(async {
        let one = Consortium::empty().await;
        let mut browser = one.signed_in("otto").await;
        let page = browser.get("/network").await;
        assert_eq!(page.status, 409);
        assert!(page.body.contains("No benchmarks have been computed yet"), "{}", page.body);
        assert_eq!(browser.get("/schools").await.status, 200);
        assert_eq!(browser.get("/operator").await.status, 200);
        assert_eq!(browser.get("/publications").await.status, 200);
        let answer = browser.get("/api/v1/schools/x").await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (409, "application/problem+json")
        );
        one.stop().await;
    });
}

#[test]
fn the_operators_page_shows_open_incidents_and_counts_the_others() {
    RUNTIME.block_on(async {
        let consortium = Consortium::empty().await;
        let store = &consortium.hub.store;
        let mut browser = consortium.signed_in("otto").await;
        assert!(browser.get("/operator").await.body.contains("None open."));
        let incident = Incident {
            at: consortium.hub.now(),
            member: MemberId::new("d0").unwrap(),
            kind: "equivocation".to_owned(),
            description: "the sequence number <1> came twice".to_owned(),
        };
        incident::insert(store, &incident).await.unwrap();
        let id = incident::list(store).await.unwrap().remove(0).id;
        let page = browser.get("/operator").await.body;
        assert!(page.contains(&id) && page.contains("&#60;1&#62; came twice"), "{page}");
        assert!(page.contains("doctor --acknowledge"), "{page}");

        let at = consortium.hub.now();
        let word = Acknowledgement { by: "Lee".to_owned(), note: "restored".to_owned(), at };
        incident::acknowledge(store, std::slice::from_ref(&id), &word).await.unwrap();
        let page = browser.get("/operator").await.body;
        assert!(!page.contains(&id) && page.contains("None open."), "{page}");
        assert!(page.contains("1 acknowledged"), "{page}");
        consortium.stop().await;
    });
}
