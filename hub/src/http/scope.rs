//! Who is asking, and what they may see: the one type every query takes.
//!
//! Scope follows grants that a member signed, never geography. A school that
//! is not the reader's looks exactly like one that does not exist.

use std::collections::BTreeSet;

use peerlight_proto::{
    directory::{Directory, School},
    names::{MemberId, SchoolId},
};

/// What a user is, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Leads one school.
    Principal(SchoolId),
    /// Works for a district.
    District(MemberId),
    /// Works for a county office, or another member with a grant.
    Coe(MemberId),
    /// Runs the hub.
    Operator,
}

impl Role {
    /// Its name, as in the database and on the command line.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Principal(_) => "principal",
            Self::District(_) => "district",
            Self::Coe(_) => "coe",
            Self::Operator => "operator",
        }
    }

    /// The school or member it is for; empty for an operator.
    pub fn subject(&self) -> &str {
        match self {
            Self::Principal(school) => school.as_str(),
            Self::District(member) | Self::Coe(member) => member.as_str(),
            Self::Operator => "",
        }
    }

    /// Reads a role back from its name and subject.
    pub fn from_parts(name: &str, subject: &str) -> Option<Self> {
        match name {
            "principal" => SchoolId::new(subject).ok().map(Self::Principal),
            "district" => MemberId::new(subject).ok().map(Self::District),
            "coe" => MemberId::new(subject).ok().map(Self::Coe),
            "operator" => Some(Self::Operator),
            _ => None,
        }
    }

    /// The role for people.
    pub fn words(&self) -> String {
        match self {
            Self::Principal(school) => format!("principal of {school}"),
            Self::District(member) => format!("district {member}"),
            Self::Coe(member) => format!("county office {member}"),
            Self::Operator => "hub operator".to_owned(),
        }
    }
}

/// What one signed-in reader may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Who it is.
    pub user: String,
    /// What they are.
    pub role: Role,
    /// Members that granted oversight to the reader's county office; empty
    /// for every other role.
    granted: BTreeSet<MemberId>,
}

/// A school that the reader may see in full. Only [`Scope::school`] and
/// [`Scope::schools`] make one, so a query that takes it needs no check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OwnSchool<'a>(&'a School);

impl<'a> OwnSchool<'a> {
    /// The school.
    pub const fn get(self) -> &'a School {
        self.0
    }
}

/// A district that the reader may see in full. Only [`Scope::district`] and
/// [`Scope::districts`] make one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OwnDistrict<'a>(&'a MemberId);

impl<'a> OwnDistrict<'a> {
    /// Its id.
    pub const fn get(self) -> &'a MemberId {
        self.0
    }
}

/// A county office's reader: only [`Scope::overseer`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Overseer<'a>(&'a Scope);

impl Overseer<'_> {
    /// Whether a member is one this reader oversees.
    pub fn oversees(self, member: &MemberId) -> bool {
        self.0.granted.contains(member)
    }
}

/// The hub's operator: only [`Scope::operator`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Operator(());

impl Scope {
    /// The scope of a user; `granted` are the members that granted oversight
    /// to the county office of a [`Role::Coe`], and ignored for others.
    pub fn new(user: String, role: Role, granted: BTreeSet<MemberId>) -> Self {
        let granted = if matches!(role, Role::Coe(_)) { granted } else { BTreeSet::new() };
        Self { user, role, granted }
    }

    fn covers(&self, school: &School) -> bool {
        match &self.role {
            Role::Principal(own) => school.id == *own,
            _ => self.covers_district(&school.lea),
        }
    }

    /// Whether the whole of a district is the reader's; of a principal's, it is
    /// one school.
    fn covers_district(&self, lea: &MemberId) -> bool {
        match &self.role {
            Role::Principal(_) => false,
            Role::District(member) => lea == member,
            Role::Coe(member) => lea == member || self.granted.contains(lea),
            Role::Operator => true,
        }
    }

    /// The district with this id, if it has schools and is the reader's.
    pub fn district<'a>(&self, directory: &'a Directory, id: &str) -> Option<OwnDistrict<'a>> {
        self.districts(directory).into_iter().find(|own| own.get().as_str() == id)
    }

    /// The reader's districts that have schools, ordered by id.
    pub fn districts<'a>(&self, directory: &'a Directory) -> Vec<OwnDistrict<'a>> {
        let leas = directory.leas().into_iter();
        leas.filter(|lea| self.covers_district(lea)).map(OwnDistrict).collect()
    }

    /// The school with this id, if it exists and is the reader's.
    pub fn school<'a>(&self, directory: &'a Directory, id: &str) -> Option<OwnSchool<'a>> {
        let id = SchoolId::new(id).ok()?;
        directory.school(&id).filter(|school| self.covers(school)).map(OwnSchool)
    }

    /// The reader's schools, ordered by id.
    pub fn schools<'a>(&self, directory: &'a Directory) -> Vec<OwnSchool<'a>> {
        directory.schools.iter().filter(|school| self.covers(school)).map(OwnSchool).collect()
    }

    /// The reader as one who oversees members, if they are.
    pub const fn overseer(&self) -> Option<Overseer<'_>> {
        if matches!(self.role, Role::Coe(_)) { Some(Overseer(self)) } else { None }
    }

    /// The reader as the hub's operator, if they are.
    pub const fn operator(&self) -> Option<Operator> {
        if matches!(self.role, Role::Operator) { Some(Operator(())) } else { None }
    }

    /// Where this reader starts.
    pub fn home(&self) -> String {
        match &self.role {
            Role::Principal(school) => format!("/schools/{school}"),
            Role::District(_) => "/schools".to_owned(),
            Role::Coe(_) => "/coe".to_owned(),
            Role::Operator => "/operator".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use peerlight_proto::{
        directory::Level,
        names::ConsortiumId,
        units::{GradeSet, SchoolYear},
    };

    use super::*;

    fn school(id: &str, lea: &str) -> School {
        School {
            id: SchoolId::new(id).unwrap(),
            lea: MemberId::new(lea).unwrap(),
            name: id.to_owned(),
            level: Level::Elementary,
            school_type: "regular".to_owned(),
            grades: GradeSet::ALL,
            county: Some("1".to_owned()),
            enrollment: None,
            features: BTreeMap::new(),
        }
    }

    fn seen(role: Role, granted: &[&str]) -> Vec<String> {
        let directory = Directory {
            consortium: ConsortiumId::new("c").unwrap(),
            number: 1,
            school_year: SchoolYear::ending(2026).unwrap(),
            features_source: String::new(),
            schools: vec![school("a1", "a"), school("a2", "a"), school("b1", "b")],
        };
        let granted = granted.iter().map(|id| MemberId::new(*id).unwrap()).collect();
        let scope = Scope::new("someone".to_owned(), role, granted);
        for id in ["a1", "a2", "b1", "zz", "../x"] {
            let listed =
                scope.schools(&directory).iter().any(|school| school.get().id.as_str() == id);
            assert_eq!(scope.school(&directory, id).is_some(), listed, "{id}");
        }
        scope.schools(&directory).iter().map(|school| school.get().id.to_string()).collect()
    }

    #[test]
    fn each_role_sees_its_own_schools_and_a_coe_only_those_granted() {
        let member = |id| MemberId::new(id).unwrap();
        assert_eq!(seen(Role::Principal(SchoolId::new("a2").unwrap()), &["b"]), ["a2"]);
        assert_eq!(seen(Role::District(member("a")), &["b"]), ["a1", "a2"]);
        assert_eq!(seen(Role::Coe(member("coe")), &["b"]), ["b1"]);
        assert_eq!(seen(Role::Coe(member("coe")), &[]), Vec::<String>::new());
        assert_eq!(seen(Role::Operator, &[]), ["a1", "a2", "b1"]);
    }

    #[test]
    fn a_principal_sees_no_district_and_a_coe_only_those_granted() {
        let member = |id: &str| MemberId::new(id).unwrap();
        let directory = Directory {
            consortium: ConsortiumId::new("c").unwrap(),
            number: 1,
            school_year: SchoolYear::ending(2026).unwrap(),
            features_source: String::new(),
            schools: vec![school("a1", "a"), school("b1", "b")],
        };
        let seen = |role: Role, granted: &[&str]| -> Vec<String> {
            let granted = granted.iter().map(|id| member(id)).collect();
            let scope = Scope::new("someone".to_owned(), role, granted);
            scope.districts(&directory).iter().map(|own| own.get().to_string()).collect()
        };
        assert!(seen(Role::Principal(SchoolId::new("a1").unwrap()), &["a"]).is_empty());
        assert_eq!(seen(Role::District(member("a")), &["b"]), ["a"]);
        assert_eq!(seen(Role::Coe(member("coe")), &["b"]), ["b"]);
        assert_eq!(seen(Role::Operator, &[]), ["a", "b"]);
    }

    #[test]
    fn a_role_reads_back_from_its_parts() {
        for role in [
            Role::Principal(SchoolId::new("1").unwrap()),
            Role::District(MemberId::new("2").unwrap()),
            Role::Coe(MemberId::new("3").unwrap()),
            Role::Operator,
        ] {
            assert_eq!(Role::from_parts(role.as_str(), role.subject()), Some(role));
        }
        assert_eq!(Role::from_parts("principal", ""), None);
        assert_eq!(Role::from_parts("root", ""), None);
    }
}
