//! The people of the demo: one log-in for each role.

use anyhow::Context;
use ring::rand::{SecureRandom, SystemRandom};

use super::input::Input;
use crate::harness::Program;

/// The county office that oversees every district of the demo.
pub const COUNTY_OFFICE: &str = "county-office";

/// Letters of a password: no two look alike.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Somebody who may sign in.
#[derive(Clone, Debug)]
pub struct User {
    /// Their role.
    pub role: &'static str,
    /// Name they sign in with.
    pub name: String,
    /// Their password.
    pub password: String,
    /// The school or member that the role is for; empty for the operator.
    pub subject: String,
    /// Who they are, for people.
    pub about: String,
}

/// One user for each role; the principal's is of `school`.
pub fn add_all(hub: &Program, input: &Input, school: &str) -> anyhow::Result<Vec<User>> {
    let school = input.school(school).context("the principal's school is in the directory")?;
    let district = input
        .districts
        .iter()
        .find(|district| district.id == school.district)
        .context("every school has a district")?;
    let users = [
        ("principal", school.id.as_str(), format!("principal of {}", school.name)),
        ("district", district.id.as_str(), district.name.clone()),
        ("coe", COUNTY_OFFICE, "county office that every district granted oversight".to_owned()),
        ("operator", "", "operator of the hub".to_owned()),
    ];
    users
        .into_iter()
        .map(|(role, subject, about)| {
            let user = User {
                role,
                name: format!("{role}-demo"),
                password: password()?,
                subject: subject.to_owned(),
                about,
            };
            add(hub, &user)?;
            Ok(user)
        })
        .collect()
}

fn add(hub: &Program, user: &User) -> anyhow::Result<()> {
    let mut arguments = vec!["user", "add", &user.name, "--role", user.role, "--password-stdin"];
    match user.role {
        "principal" => arguments.extend(["--school", &user.subject]),
        "district" | "coe" => arguments.extend(["--member", &user.subject]),
        _ => {}
    }
    hub.run_with(&arguments, &format!("{}\n", user.password))?;
    Ok(())
}

/// Twenty letters of five random bits each.
fn password() -> anyhow::Result<String> {
    let mut bytes = [0; 20];
    SystemRandom::new().fill(&mut bytes).ok().context("the machine has no randomness")?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}
