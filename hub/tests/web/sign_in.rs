//! Signing in and out, guessing, and requests of other sites.

use super::consortium::{Consortium, PASSWORD, RUNTIME, shared};

#[test]
fn a_stranger_is_sent_to_the_log_in_page_and_back_after_signing_in() {
    RUNTIME.block_on(async {
        let mut browser = shared().await.browser();
        let answer = browser.get("/schools/d0-03/peers?measure=growth_ela").await;
        assert_eq!(answer.status, 303);
        let login = answer.header("location").to_owned();
        assert_eq!(login, "/login?next=/schools/d0-03/peers%3Fmeasure%3Dgrowth_ela");
        let form = browser.get(&login).await;
        assert_eq!(form.status, 200);
        assert!(form.body.contains(r#"value="/schools/d0-03/peers?measure=growth_ela""#));

        let answer = browser.sign_in("ann", PASSWORD).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"));
        let cookie = answer.header("set-cookie");
        for part in ["__Host-peerlight=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert_eq!(browser.get("/").await.header("location"), "/schools/d0-03");

        let mut thief = shared().await.browser();
        thief.take_cookie_of(&browser);
        let answer = browser.send("POST", "/logout", &[], "").await;
        assert_eq!(answer.header("location"), "/login");
        assert!(!browser.has_cookie());
        assert_eq!(thief.get("/schools/d0-03").await.status, 303);
    });
}

#[test]
fn a_wrong_password_and_an_unknown_name_look_the_same() {
    RUNTIME.block_on(async {
        let one = Consortium::empty().await;
        let mut browser = one.browser();
        let wrong = browser.sign_in("otto", "not the password").await;
        let unknown = browser.sign_in("nobody", "not the password").await;
        assert_eq!((wrong.status, unknown.status), (401, 401));
        assert_eq!(wrong.body.replace("otto", "NAME"), unknown.body.replace("nobody", "NAME"));
        assert!(!browser.has_cookie());
        one.stop().await;
    });
}

#[test]
fn guessing_is_slowed_down_by_account_and_forgiven_by_time() {
    RUNTIME.block_on(async {
        let one = Consortium::empty().await;
        let mut browser = one.browser();
        for _ in 0..5 {
            assert_eq!(browser.sign_in("otto", "a wrong guess").await.status, 401);
        }
        let answer = browser.sign_in("otto", PASSWORD).await;
        assert_eq!(answer.status, 429);
        assert!(answer.body.contains("Too many attempts. Wait 2 seconds"), "{}", answer.body);
        one.hub.clock.advance(2);
        assert_eq!(browser.sign_in("otto", PASSWORD).await.status, 303);
        one.stop().await;
    });
}

#[test]
fn a_session_ends_when_idle_and_after_half_a_day() {
    RUNTIME.block_on(async {
        let one = Consortium::empty().await;
        let mut browser = one.signed_in("otto").await;
        one.hub.clock.advance(2 * 3600);
        assert_eq!(browser.get("/operator").await.status, 303);

        let mut browser = one.signed_in("otto").await;
        for _ in 0..11 {
            one.hub.clock.advance(3600);
            assert_eq!(browser.get("/operator").await.status, 200);
        }
        one.hub.clock.advance(3600);
        assert_eq!(browser.get("/operator").await.status, 303);
        one.stop().await;
    });
}

#[test]
fn a_disabled_user_is_signed_out_at_once() {
    RUNTIME.block_on(async {
        let one = Consortium::empty().await;
        let mut browser = one.signed_in("otto").await;
        peerlight_hub::account::disable(&one.hub, "otto").await.unwrap();
        assert_eq!(browser.get("/operator").await.status, 303);
        assert_eq!(browser.sign_in("otto", PASSWORD).await.status, 401);
        one.stop().await;
    });
}

#[test]
fn another_site_cannot_post_in_the_readers_name() {
    RUNTIME.block_on(async {
        let mut browser = shared().await.signed_in("ann").await;
        for header in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
            let answer = browser.send("POST", "/logout", &[header], "").await;
            assert_eq!(answer.status, 403, "{header:?}");
        }
        assert_eq!(browser.get("/schools/d0-03").await.status, 200);
    });
}

#[test]
fn programs_sign_in_with_basic_and_are_told_what_is_wrong_as_problem_json() {
    RUNTIME.block_on(async {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let mut program = shared().await.browser();
        let answer = program.get("/api/v1/schools").await;
        assert_eq!(answer.status, 401);
        assert!(answer.header("www-authenticate").starts_with("Basic"));
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.json()["status"], 401);

        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("dan:{PASSWORD}")));
        let headers = [("authorization", basic.as_str())];
        let answer = program.send("GET", "/api/v1/schools", &headers, "").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["schools"].as_array().unwrap().len(), 10);
        assert!(!program.has_cookie());
    });
}
