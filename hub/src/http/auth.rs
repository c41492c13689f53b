//! Decides whether a name and a password may sign in, and slows down whoever
//! guesses.
//!
//! Guesses are counted per account and per address in the database, so that a
//! restart or a second hub process forgets none. An unknown name, a wrong
//! password and a disabled account look the same, and take as long.

use std::{collections::BTreeSet, fmt::Write, net::IpAddr};

use peerlight_proto::units::UnixSeconds;
use zeroize::Zeroizing;

use super::{
    Web,
    problem::Problem,
    scope::{Role, Scope},
};
use crate::{
    password,
    store::user::{self, Attempts, Source, User},
};

/// Failures of one account before it has to wait.
const FREE_PER_ACCOUNT: u32 = 5;

/// Failures from one address before it has to wait: a school may share one.
const FREE_PER_ADDRESS: u32 = 50;

/// Longest wait, seconds.
const LONGEST_WAIT: i64 = 15 * 60;

/// What became of an attempt to sign in.
pub enum Login {
    /// The password fits.
    Welcome(Scope),
    /// It does not, or there is no such user.
    Wrong,
    /// Too many failures: how many seconds to wait.
    Wait(i64),
}

/// Seconds that still have to pass after `attempts`.
fn wait(attempts: Attempts, free: u32, now: UnixSeconds) -> i64 {
    let beyond = attempts.failures.saturating_sub(free - 1);
    if beyond == 0 {
        return 0;
    }
    let pause = 2_i64.saturating_pow(beyond.min(20)).min(LONGEST_WAIT);
    (attempts.last_at.0 + pause - now.0).clamp(0, LONGEST_WAIT)
}

/// Checks a name and password from `address`.
pub async fn check(
    web: &Web,
    name: &str,
    password: Zeroizing<String>,
    address: IpAddr,
) -> Result<Login, Problem> {
    let now = web.clock.now();
    let (account, place) = (Source::name(name), Source::address(address));
    let of_account = user::find_attempts(&web.store, &account).await?;
    let of_place = user::find_attempts(&web.store, &place).await?;
    let seconds =
        wait(of_account, FREE_PER_ACCOUNT, now).max(wait(of_place, FREE_PER_ADDRESS, now));
    if seconds > 0 {
        return Ok(Login::Wait(seconds));
    }
    let found = user::find(&web.store, name).await?.filter(|user| !user.disabled);
    let stored = found.as_ref().map(|user| user.password_hash.clone());
    let fits = password::verify(password, stored).await;
    let scope = match found {
        Some(user) if fits => scope_of(web, &user).await?,
        _ => None,
    };
    if let Some(scope) = scope {
        if of_account.failures > 0 {
            user::remove_failures(&web.store, &account).await?;
        }
        return Ok(Login::Welcome(scope));
    }
    user::insert_failure(&web.store, &account, now).await?;
    user::insert_failure(&web.store, &place, now).await?;
    Ok(Login::Wrong)
}

/// What a user may see now; `None` if they are disabled.
pub async fn scope_of(web: &Web, user: &User) -> Result<Option<Scope>, Problem> {
    if user.disabled {
        return Ok(None);
    }
    let Some(role) = Role::from_parts(&user.role, &user.subject) else { return Ok(None) };
    let granted = match &role {
        Role::Coe(coe) => web.granted_to(coe).await?,
        _ => BTreeSet::new(),
    };
    Ok(Some(Scope::new(user.name.clone(), role, granted)))
}

/// The log-in page, which leads on to `wanted`.
pub fn login_path(wanted: &str) -> String {
    if wanted == "/" {
        return "/login".to_owned();
    }
    let mut coded = String::new();
    for byte in wanted.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                coded.push(char::from(byte));
            }
            _ => write!(coded, "%{byte:02X}").expect("writing to a String cannot fail"),
        }
    }
    format!("/login?next={coded}")
}

/// A place of ours to go on to: a path on this host, or the start.
pub fn onward(next: Option<&str>) -> &str {
    let ours = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && !path.starts_with("/login")
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    next.filter(ours).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_with_every_failure_and_ends() {
        let at = |failures| Attempts { failures, last_at: UnixSeconds(1000) };
        let now = UnixSeconds(1000);
        assert_eq!(wait(at(0), FREE_PER_ACCOUNT, now), 0);
        assert_eq!(wait(at(4), FREE_PER_ACCOUNT, now), 0);
        assert_eq!(wait(at(5), FREE_PER_ACCOUNT, now), 2);
        assert_eq!(wait(at(6), FREE_PER_ACCOUNT, now), 4);
        assert_eq!(wait(at(6), FREE_PER_ACCOUNT, UnixSeconds(1003)), 1);
        assert_eq!(wait(at(6), FREE_PER_ACCOUNT, UnixSeconds(1004)), 0);
        assert_eq!(wait(at(4000), FREE_PER_ACCOUNT, now), LONGEST_WAIT);
        // A clock that was set back does not lock anybody out for longer.
        assert_eq!(wait(at(40), FREE_PER_ACCOUNT, UnixSeconds(0)), LONGEST_WAIT);
    }

    #[test]
    fn signing_in_never_leads_to_another_site() {
        assert_eq!(onward(Some("/schools/1?measure=growth_ela")), "/schools/1?measure=growth_ela");
        for bad in ["//evil.example", "https://evil.example", "/\\evil", "", "/a\nb", "/login"] {
            assert_eq!(onward(Some(bad)), "/", "{bad:?}");
        }
        assert_eq!(
            login_path("/schools/1?measure=a&b"),
            "/login?next=/schools/1%3Fmeasure%3Da%26b"
        );
        assert_eq!(login_path("/"), "/login");
    }
}
