//! Who sees what: every role at every route.

use super::consortium::{RUNTIME, shared};

const OWN: &str = "d0-03";
const SAME_DISTRICT: &str = "d0-04";
const GRANTED: &str = "d1-00";
const FOREIGN: &str = "d2-00";

#[test]
fn every_role_sees_its_own_schools_and_no_others() {
    let seen = [
        ("ann", vec![OWN]),
        ("dan", vec![OWN, SAME_DISTRICT]),
        ("cora", vec![OWN, SAME_DISTRICT, GRANTED]),
        ("otto", vec![OWN, SAME_DISTRICT, GRANTED, FOREIGN]),
    ];
    RUNTIME.block_on(async {
        for (user, schools) in seen {
            let mut browser = shared().await.signed_in(user).await;
            for school in [OWN, SAME_DISTRICT, GRANTED, FOREIGN] {
                let expected = if schools.contains(&school) { 200 } else { 404 };
                for path in [
                    format!("/schools/{school}"),
                    format!("/schools/{school}.csv"),
                    format!("/schools/{school}/so-far"),
                    format!("/schools/{school}/so-far.csv"),
                    format!("/schools/{school}/similar"),
                    format!("/schools/{school}/similar.csv"),
                    format!("/schools/{school}/peers"),
                    format!("/schools/{school}/peers.csv"),
                    format!("/api/v1/schools/{school}"),
                    format!("/api/v1/schools/{school}/benchmarks"),
                    format!("/api/v1/schools/{school}/so-far"),
                    format!("/api/v1/schools/{school}/similar"),
                    format!("/api/v1/schools/{school}/peers"),
                ] {
                    let answer = browser.get(&path).await;
                    assert_eq!(answer.status, expected, "{user} {path}");
                }
            }
        }
    });
}

#[test]
fn pages_of_one_role_are_refused_to_the_others_and_open_pages_are_not() {
    let table = [
        ("/coe", [403, 403, 200, 403]),
        ("/coe.csv", [403, 403, 200, 403]),
        ("/operator", [403, 403, 403, 200]),
        ("/operator.csv", [403, 403, 403, 200]),
        ("/api/v1/members", [403, 403, 200, 200]),
        ("/districts", [200; 4]),
        ("/districts.csv", [200; 4]),
        ("/api/v1/districts", [200; 4]),
        ("/districts?measure=nothing", [400; 4]),
        ("/districts/d0", [404, 200, 200, 200]),
        ("/districts/d0.csv", [404, 200, 200, 200]),
        ("/api/v1/districts/d0/totals", [404, 200, 200, 200]),
        ("/districts/d1", [404, 404, 200, 200]),
        ("/api/v1/districts/d1/totals", [404, 404, 200, 200]),
        ("/districts/d2", [404, 404, 404, 200]),
        ("/districts/d2.csv", [404, 404, 404, 200]),
        ("/api/v1/districts/d2/totals", [404, 404, 404, 200]),
        ("/districts/county", [404; 4]),
        ("/districts/none", [404; 4]),
        ("/schools", [200; 4]),
        ("/schools.csv", [200; 4]),
        ("/network", [200; 4]),
        ("/network.csv", [200; 4]),
        ("/help", [200; 4]),
        ("/publications", [200; 4]),
        ("/public", [200; 4]),
        ("/public.csv", [200; 4]),
        ("/public/schools?find=else", [200; 4]),
        ("/public/schools/d0-03", [200; 4]),
        ("/public/schools/01100170112607", [200; 4]),
        ("/public/schools/d0-04", [404, 200, 200, 200]),
        ("/public/schools/d2-00", [404, 404, 404, 200]),
        ("/public/schools/99999999999999", [404; 4]),
        ("/api/v1/public", [200; 4]),
        ("/api/v1/public/schools/01100170112607", [200; 4]),
        ("/api/v1/public/schools/d2-00", [404, 404, 404, 200]),
        ("/api/v1/schools", [200; 4]),
        ("/api/v1/network", [200; 4]),
        ("/api/v1/publications", [200; 4]),
        ("/api/v1/openapi.json", [200; 4]),
        ("/nothing", [404; 4]),
        ("/publications/none/manifest.json", [404; 4]),
        ("/publications/..%2fkeys/root.pk8", [404; 4]),
    ];
    RUNTIME.block_on(async {
        for (position, user) in ["ann", "dan", "cora", "otto"].into_iter().enumerate() {
            let mut browser = shared().await.signed_in(user).await;
            for (path, expected) in table {
                let answer = browser.get(path).await;
                assert_eq!(answer.status, expected[position], "{user} {path}");
            }
        }
    });
}

#[test]
fn a_school_of_somebody_else_looks_like_one_that_does_not_exist() {
    RUNTIME.block_on(async {
        let mut browser = shared().await.signed_in("ann").await;
        let foreign = browser.get(&format!("/schools/{FOREIGN}")).await;
        let unknown = browser.get("/schools/no-such-school").await;
        assert_eq!(foreign.body, unknown.body);
        let foreign = browser.get(&format!("/api/v1/schools/{FOREIGN}/peers")).await;
        let unknown = browser.get("/api/v1/schools/no-such-school/peers").await;
        assert_eq!(foreign.body, unknown.body);
    });
}

#[test]
fn a_county_office_sees_the_members_that_granted_and_no_others() {
    RUNTIME.block_on(async {
        let mut browser = shared().await.signed_in("cora").await;
        let page = browser.get("/coe").await.body;
        assert!(page.contains("Alder") && page.contains("Birch") && !page.contains("Cedar"));
        let members = browser.get("/api/v1/members").await.json();
        let ids: Vec<_> =
            members["members"].as_array().unwrap().iter().map(|row| &row["member_id"]).collect();
        assert_eq!(ids, ["d0", "d1"]);
    });
}
