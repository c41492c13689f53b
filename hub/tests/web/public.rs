//! Official public results on the pages and in the API: marked as official,
//! the same to every reader, and complete.

use peerlight_hub::hub::Hub;
use peerlight_hub_engine::public::measure::{CAASPP_ELA, CAASPP_MATH};
use peerlight_proto::group::{Flag, StudentGroup};

use super::consortium::{RUNTIME, shared};
use crate::public_file;

/// Puts official results in a hub: of a member's school and of another.
pub async fn hold(hub: &Hub) {
    let (all, learners) = (StudentGroup::All, StudentGroup::Flag(Flag::EnglishLearner));
    let numbers = [
        ("d0-03", "", &CAASPP_ELA, all, Some(43.41)),
        ("d0-03", "", &CAASPP_ELA, learners, None),
        ("d0-03", "", &CAASPP_MATH, all, Some(0.0)),
        ("01100170112607", "Envision & Co", &CAASPP_ELA, all, Some(61.5)),
    ];
    public_file::hold(hub, 2025, &numbers).await;
}

#[test]
fn a_schools_page_leads_to_its_official_results_which_are_marked_as_not_ours() {
    RUNTIME.block_on(async {
        let mut ann = shared().await.signed_in("ann").await;
        let own = ann.get("/schools/d0-03").await.body;
        assert!(own.contains(r#"href="/public/schools/d0-03""#), "{own}");
        let page = ann.get("/public/schools/d0-03").await.body;
        assert!(page.contains("not from the consortium"), "{page}");
        assert!(page.contains("43.41\u{a0}%") && page.contains("2024-25"), "{page}");
        assert!(page.contains("0\u{a0}%"), "a printed zero is shown");
        assert!(page.contains("Not published by the state"), "{page}");
        assert!(page.contains(r#"href="/schools/d0-03""#), "and back");
        let csv = ann.get("/public/schools/d0-03.csv").await.body;
        let rows: Vec<&str> = csv.lines().skip(1).collect();
        assert_eq!(rows.len(), page.matches(r#"<tr class="row">"#).count());
        assert!(rows.iter().all(|row| row.ends_with("official_public_result")), "{csv}");
        let hidden = "d0-03,2024-25,caaspp_ela_met,flag:EL,not_published,,%,182,caaspp";
        assert!(csv.contains(hidden), "{csv}");
        let document = ann.get("/api/v1/public/schools/d0-03").await.json();
        assert_eq!(document["results"].as_array().unwrap().len(), rows.len());
        assert_eq!(document["results"][1]["value"], serde_json::Value::Null);
    });
}

#[test]
fn schools_that_are_no_members_are_found_by_name_and_shown() {
    RUNTIME.block_on(async {
        let mut ann = shared().await.signed_in("ann").await;
        let found = ann.get("/public/schools?find=envision+%26").await.body;
        assert!(found.contains(r#"href="/public/schools/01100170112607">Envision &#38; Co"#));
        assert!(found.contains("Elsewhere &#60;Unified&#62;"), "{found}");
        assert!(found.contains("/public/schools.csv?find=envision%20%26"), "{found}");
        let none = ann.get("/public/schools?find=nowhere").await.body;
        assert!(none.contains("No school of the official files"), "{none}");
        let page = ann.get("/public/schools/01100170112607").await.body;
        assert!(page.contains("61.5\u{a0}%") && !page.contains("This school in the consortium"));
        let listed = ann.get("/api/v1/public/schools").await.json();
        assert_eq!(
            (listed["schools"].as_array().unwrap().len(), &listed["more"]),
            (2, &false.into())
        );
        let files = ann.get("/public").await.body;
        assert!(files.contains("CAASPP research file") && files.contains("sb_ca2025.zip"));
    });
}
