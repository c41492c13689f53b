//! What surrounds every page: name, navigation, breadcrumb, and the pages that
//! have nothing else: log-in and failures.

use std::sync::LazyLock;

use askama::Template;
use peerlight_proto::units::ContentHash;

/// The style sheet of every page.
pub const STYLE: &str = include_str!("../../web/peerlight.css");

/// The style sheet's address changes with its content, so that browsers may
/// keep it for good.
static STYLE_ADDRESS: LazyLock<String> = LazyLock::new(|| {
    format!("/assets/peerlight.css?v={}", ContentHash::of(STYLE.as_bytes()).short())
});

/// A link of the navigation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where it leads.
    pub href: String,
    /// What it is called.
    pub label: String,
    /// Whether it is the page shown.
    pub current: bool,
}

impl Link {
    /// A link to `href`.
    pub fn new(href: impl Into<String>, label: impl Into<String>) -> Self {
        Self { href: href.into(), label: label.into(), current: false }
    }
}

/// Who is signed in, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Their name.
    pub name: String,
    /// Their role.
    pub role: String,
}

/// What surrounds a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shell {
    /// The page's name.
    pub title: String,
    /// Who is signed in, if anybody.
    pub reader: Option<Signed>,
    /// The navigation.
    pub links: Vec<Link>,
    /// Pages above this one, outermost first.
    pub crumbs: Vec<Link>,
    /// Which data it shows, and of when.
    pub dateline: Option<String>,
    /// One sentence a district: what it does not offer.
    pub not_offered: Vec<String>,
}

impl Shell {
    /// A page for nobody in particular.
    pub fn plain(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Where the style sheet is.
    pub fn stylesheet(&self) -> &'static str {
        &STYLE_ADDRESS
    }
}

/// The log-in page.
#[derive(Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    /// What surrounds it.
    pub shell: Shell,
    /// What went wrong, if something did.
    pub wrong: Option<String>,
    /// The name that was typed.
    pub name: String,
    /// Where to go on to.
    pub next: String,
}

/// A page that says why there is no other.
#[derive(Template)]
#[template(path = "problem.html")]
pub struct ProblemPage {
    shell: Shell,
    sentence: String,
}

impl ProblemPage {
    /// A page that says `sentence`.
    pub const fn new(shell: Shell, sentence: String) -> Self {
        Self { shell, sentence }
    }

    /// The page as HTML.
    pub fn html(&self) -> String {
        rendered(self)
    }
}

/// A page as HTML. No line begins with a percent sign.
pub fn rendered(page: &impl Template) -> String {
    let html = page.render().expect("the templates write only strings and numbers");
    html.replace(" %", "\u{a0}%")
}
