//! The families of official files that can be imported.

/// One family of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Research file of California's Smarter Balanced results.
    Caaspp,
    /// The list of schools, districts and counties beside it.
    CaasppEntities,
    /// One indicator of the California School Dashboard.
    Dashboard,
    /// Colorado's results by school, grade and subject.
    Cmas,
    /// California's unduplicated pupil count.
    Cupc,
    /// California's count of students eligible for free and reduced-price
    /// meals.
    Frpm,
    /// Enrolment by student group beside the Dashboard.
    DashboardEnrollment,
    /// California's census-day enrolment by reporting category.
    CensusEnrollment,
}

/// What a family of files is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Results that are shown as official.
    Results,
    /// Names of the schools that results are of.
    Names,
    /// Who is in the schools: like-school features of the directory.
    Features,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 8] = [
        Self::Caaspp,
        Self::CaasppEntities,
        Self::Dashboard,
        Self::Cmas,
        Self::Cupc,
        Self::Frpm,
        Self::DashboardEnrollment,
        Self::CensusEnrollment,
    ];

    /// Its name on the command line and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caaspp => "caaspp",
            Self::CaasppEntities => "caaspp-entities",
            Self::Dashboard => "dashboard",
            Self::Cmas => "cmas",
            Self::Cupc => "cupc",
            Self::Frpm => "frpm",
            Self::DashboardEnrollment => "dashboard-enrollment",
            Self::CensusEnrollment => "census-enrollment",
        }
    }

    /// Its name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Caaspp => "CAASPP research file",
            Self::CaasppEntities => "CAASPP list of entities",
            Self::Dashboard => "California School Dashboard",
            Self::Cmas => "Colorado CMAS results",
            Self::Cupc => "CALPADS unduplicated pupil count",
            Self::Frpm => "California free and reduced-price meal count",
            Self::DashboardEnrollment => "California Dashboard enrolment",
            Self::CensusEnrollment => "California census-day enrolment",
        }
    }

    /// The format with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// What it is for.
    pub const fn is_for(self) -> Use {
        match self {
            Self::Caaspp | Self::Dashboard | Self::Cmas => Use::Results,
            Self::CaasppEntities => Use::Names,
            Self::Cupc | Self::Frpm | Self::DashboardEnrollment | Self::CensusEnrollment => {
                Use::Features
            }
        }
    }

    /// Digits of its county, district and school codes.
    pub const fn code_digits(self) -> [usize; 3] {
        match self {
            Self::Cmas => [0, 4, 4],
            _ => [2, 5, 7],
        }
    }
}
