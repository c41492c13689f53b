//! The node's own pages: exact values beside the network's estimates, behind
//! an access code.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
};

use peerlight_tests::harness::{Serving, free_address};

use crate::fixture::Fixture;

/// Somebody at the district's own machine.
struct Reader {
    address: SocketAddr,
    cookie: String,
    _serving: Serving,
}

impl Reader {
    /// Serves a node's pages and types an access code.
    fn log_in(fixture: &Fixture, code: &str) -> Self {
        let address = free_address().unwrap();
        let listen = ["serve", "--pages-only", "--listen", &address.to_string()];
        let serving = fixture.nodes[0].program.serve(&listen, &["The access code is in"]).unwrap();
        let mut reader = Self { address, cookie: String::new(), _serving: serving };
        let body = format!("code={}", code.trim());
        let answer = reader.send("POST /login", &body);
        let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: "));
        if let Some(cookie) = cookie {
            cookie.split(';').next().unwrap().clone_into(&mut reader.cookie);
        }
        reader
    }

    fn get(&self, path: &str) -> String {
        self.send(&format!("GET {path}"), "")
    }

    fn send(&self, what: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(
            stream,
            "{what} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            self.cookie,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

/// The table row of a page that begins with this name.
fn row<'a>(page: &'a str, name: &str) -> &'a str {
    let start = page.find(&format!("<th scope=\"row\">{name}")).unwrap_or_else(|| panic!("{page}"));
    page[start..].split("</tr>").next().unwrap()
}

/// Students of a school who were enrolled for at least 31 days, by the input.
fn enrolled(data: &Path, district: &str, school: &str) -> usize {
    let file = data.join(district).join("student_years_2025.csv");
    let mut reader = csv::Reader::from_path(file).unwrap();
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|found| found == name).unwrap();
    let (at, expected, absent) =
        (column("school_id"), column("days_expected"), column("days_absent"));
    let rows = reader.records().map(Result::unwrap);
    rows.filter(|row| {
        &row[at] == school
            && !row[absent].is_empty()
            && row[expected].parse::<f64>().unwrap() >= 31.0
    })
    .count()
}

#[test]
fn a_school_shows_exact_values_beside_what_the_network_sees() {
    let fixture = Fixture::new(2);
    for node in &fixture.nodes {
        node.sync().unwrap();
    }
    fixture.consortium.hub.run(&["growth", "close"]).unwrap();
    fixture.consortium.hub.run(&["benchmark", "run"]).unwrap();
    let node = &fixture.nodes[0];
    let school = format!("{}00001", node.district);
    let code = fs::read_to_string(node.program.home().join("keys/page.code")).unwrap();
    let answers = fixture.data.join("survey_responses.csv");
    let header = "school_year,school_id,respondent,climate_safety";
    fs::write(&answers, format!("{header}\n2025,{school},staff,0.25\n2025,{school},staff,1\n"))
        .unwrap();
    node.program.run(&["import", "csv", &answers.display().to_string()]).unwrap();

    let reader = Reader::log_in(&fixture, &code);
    assert!(reader.get("/").contains(&format!("/schools/{school}")));
    let page = reader.get(&format!("/schools/{school}"));
    let counted = row(&page, "Students enrolled for at least 31 days");
    let exact = enrolled(&fixture.data, &node.district, &school);
    assert!(counted.contains(&format!("<td class=\"number exact\">{exact}</td>")), "{counted}");
    assert!(row(&page, "Chronic absence").contains(&format!(">{exact}<")), "its students");
    assert!(page.contains("<summary>Chronic absence: "), "groups are folded away");
    let csv = reader.get(&format!("/schools/{school}/measures.csv"));
    assert!(csv.lines().any(|line| line.starts_with("Chronic absence,Grade ")), "{csv}");

    let staff = row(&page, "cc_staff_safety");
    assert!(staff.contains(">62.5<") && staff.contains("items not known"), "{staff}");
    let csv = reader.get(&format!("/schools/{school}/surveys.csv"));
    assert!(csv.contains("cc_staff_safety,staff,csv,2,62.5,items not known"), "{csv}");

    let privacy = reader.get("/privacy");
    assert!(row(&privacy, "Chronic absence").contains("chronic_absence"), "{privacy}");
    let plan = reader.get("/plan");
    let precision = row(&plan, "Chronic absence");
    let figures = precision.matches("±").count() + precision.matches("too few").count();
    assert!(figures == 3 && precision.contains("±"), "a figure a preset: {precision}");
    assert!(plan.contains("thirteen school years compose to about epsilon 18"), "{plan}");
    let foreign = format!("/schools/{}00001", fixture.nodes[1].district);
    assert!(reader.get(&foreign).starts_with("HTTP/1.1 404"));

    let stranger = Reader::log_in(&fixture, "not-the-code");
    let answer = stranger.get(&format!("/schools/{school}"));
    assert!(answer.starts_with("HTTP/1.1 303") && !answer.contains("Chronic"), "{answer}");
}
