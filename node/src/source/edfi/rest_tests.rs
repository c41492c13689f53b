//! A server shaped like an Ed-Fi API, over a real socket: the same records as
//! interchange files make the same student years, and a server that cannot be
//! believed changes nothing.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    super::{Read as Source, SourceError},
    tests::{known, problems, schools, wanted},
    *,
};

#[derive(Clone, Copy, Debug)]
enum Fault {
    Busy,
    Failed,
    Cut,
}

/// What the server has, and how it misbehaves.
#[derive(Default)]
pub(super) struct State {
    records: BTreeMap<&'static str, Vec<Value>>,
    faults: VecDeque<Fault>,
    /// Questions that one token answers; then it has run out.
    token_lasts: u32,
    left: u32,
    pub(super) log_ins: u32,
    /// Added to what is said of the number of records.
    lie: u64,
    /// Readings during which something is still changed.
    changes: u64,
    version: u64,
}

fn start(state: State) -> (String, Arc<Mutex<State>>) {
    serve(state, None)
}

/// Starts it behind TLS, where it has a certificate, which is for `localhost`.
pub(super) fn serve(state: State, tls: Option<Arc<ServerConfig>>) -> (String, Arc<Mutex<State>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = if tls.is_some() { "https://localhost" } else { "http://127.0.0.1" };
    let base = format!("{origin}:{}/api", listener.local_addr().unwrap().port());
    let state = Arc::new(Mutex::new(state));
    let (shared, root) = (Arc::clone(&state), base.clone());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let Some(tls) = &tls else {
                answer(stream, &shared, &root);
                continue;
            };
            let connection = ServerConnection::new(Arc::clone(tls)).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            answer(&mut stream, &shared, &root);
            stream.conn.send_close_notify();
            // Who did not trust the certificate has gone.
            let _ = stream.flush();
        }
    });
    (base, state)
}

fn answer(mut stream: impl Read + Write, state: &Mutex<State>, base: &str) {
    let mut lines = BufReader::new(&mut stream);
    let (mut head, mut line) = (String::new(), String::new());
    while lines.read_line(&mut line).is_ok_and(|read| read > 2) {
        head += &line;
        line.clear();
    }
    if head.is_empty() {
        return;
    }
    let header = |name: &str| {
        let found = head.lines().filter_map(|line| line.split_once(": "));
        found.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    };
    let length = header("content-length").map_or(0, |length| length.parse().unwrap());
    lines.read_exact(&mut vec![0; length]).unwrap();
    let target = head.split(' ').nth(1).unwrap_or("").to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let authorization = header("authorization").unwrap_or("");
    let mut state = state.lock().unwrap();
    let (status, extra, body) = state.answer(path, query, authorization, base);
    let fault =
        if path.contains("/ed-fi/") && status == 200 { state.faults.pop_front() } else { None };
    let body = body.to_string();
    let _ = match fault {
        Some(Fault::Busy) => write!(
            stream,
            "HTTP/1.1 429 x\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ),
        Some(Fault::Failed) => {
            write!(stream, "HTTP/1.1 500 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        cut => {
            let length = body.len() + if cut.is_some() { 9 } else { 0 };
            write!(
                stream,
                "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\n{extra}Connection: close\r\n\r\n{body}"
            )
        }
    };
}

impl State {
    /// A server that has the year and behaves.
    pub(super) fn whole() -> Self {
        Self { records: records(), token_lasts: 99, ..Self::default() }
    }

    fn answer(
        &mut self,
        path: &str,
        query: &str,
        authorization: &str,
        base: &str,
    ) -> (u16, String, Value) {
        let none = String::new;
        let path = path.strip_prefix("/api").unwrap();
        if path.is_empty() {
            let at = |path: &str| format!("{base}{path}");
            let urls = json!({ "oauth": at("/oauth/token"),
                "dataManagementApi": at("/data/v3/"), "changeQueries": at("/changes/v1/") });
            return (200, none(), json!({ "urls": urls }));
        }
        if path == "/oauth/token" {
            let wanted = format!("Basic {}", BASE64_STANDARD.encode("id:secret"));
            if authorization != wanted {
                return (401, none(), json!({}));
            }
            (self.log_ins, self.left) = (self.log_ins + 1, self.token_lasts);
            return (200, none(), json!({ "access_token": format!("t{}", self.log_ins) }));
        }
        if authorization != format!("Bearer t{}", self.log_ins) || self.left == 0 {
            return (401, none(), json!({}));
        }
        self.left -= 1;
        if path.ends_with("/availableChangeVersions") {
            self.version += u64::from(self.changes > 0);
            return (200, none(), json!({ "newestChangeVersion": self.version }));
        }
        let of = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .filter(|(key, _)| *key == name)
                .map(|(_, value)| value.parse::<usize>().unwrap())
                .next()
        };
        let path = path.strip_prefix("/data/v3/ed-fi/").unwrap();
        if path.ends_with("/deletes") || query.contains("minChangeVersion") {
            let gone = (self.changes > 0).then(|| json!({ "id": "x" }));
            self.changes = self.changes.saturating_sub(1);
            return (200, "Total-Count: 0\r\n".to_owned(), gone.into_iter().collect());
        }
        let Some(all) = self.records.get(path) else { return (404, none(), json!({})) };
        let page: Vec<Value> =
            all.iter().skip(of("offset").unwrap()).take(of("limit").unwrap()).cloned().collect();
        let total = all.len() as u64 + self.lie;
        (200, format!("Total-Count: {total}\r\n"), Value::Array(page))
    }
}

/// A year of 1,200 students, as the API tells it.
fn records() -> BTreeMap<&'static str, Vec<Value>> {
    let mut all: BTreeMap<&'static str, Vec<Value>> = BTreeMap::new();
    let school = json!({ "schoolId": 255_901_001 });
    for day in ["2021-09-01", "2021-09-02", "2021-09-03"] {
        let event = "uri://ed-fi.org/CalendarEventDescriptor#Instructional day";
        all.entry("calendarDates").or_default().push(json!({ "id": day, "date": day,
            "calendarReference": { "calendarCode": "A", "schoolId": 255_901_001, "schoolYear": 2022 },
            "calendarEvents": [{ "calendarEventDescriptor": event }] }));
    }
    for (code, subject) in [("E", "English Language Arts"), ("M", "Mathematics")] {
        let subject = format!("uri://ed-fi.org/AcademicSubjectDescriptor#{subject}");
        all.entry("courses").or_default().push(json!({ "id": code, "courseCode": code,
            "educationOrganizationReference": { "educationOrganizationId": 255_901_001 },
            "academicSubjects": [{ "academicSubjectDescriptor": subject }] }));
    }
    for number in 0..1_200 {
        let student = json!({ "studentUniqueId": format!("77{number:04}") });
        let mut add = |resource, mut record: Value| {
            record["id"] = json!(format!("{resource}{number}"));
            if record["studentAcademicRecordReference"].is_null() {
                record["studentReference"] = student.clone();
            }
            all.entry(resource).or_default().push(record);
        };
        let grade = "uri://ed-fi.org/GradeLevelDescriptor#Ninth grade";
        add(
            "studentSchoolAssociations",
            json!({ "schoolReference": school,
            "entryDate": "2021-08-23", "entryGradeLevelDescriptor": grade, "primarySchool": true }),
        );
        let race = ["White", "Asian"][number % 2];
        let characteristic = (number % 9 == 0).then(|| {
            json!({ "studentCharacteristicDescriptor":
            "uri://ed-fi.org/StudentCharacteristicDescriptor#Homeless" })
        });
        add(
            "studentEducationOrganizationAssociations",
            json!({
            "hispanicLatinoEthnicity": number % 5 == 0,
            "races": [{ "raceDescriptor": format!("uri://ed-fi.org/RaceDescriptor#{race}") }],
            "studentCharacteristics": characteristic.into_iter().collect::<Value>(),
            "sexDescriptor": "uri://ed-fi.org/SexDescriptor#Female" }),
        );
        for (course, letter) in [("E", ["A-", "C"]), ("M", ["B", "F"])] {
            let term = json!({ "educationOrganizationId": 255_901_001, "schoolYear": 2022,
                "studentUniqueId": student["studentUniqueId"] });
            add(
                "courseTranscripts",
                json!({ "studentAcademicRecordReference": term, "attemptedCredits": 5.0,
                "courseReference":
                    { "courseCode": course, "educationOrganizationId": 255_901_001 },
                "finalLetterGradeEarned": letter[usize::from(number % 4 == 0)] }),
            );
        }
        if number % 7 == 0 {
            add(
                "studentSchoolAttendanceEvents",
                json!({ "eventDate": "2021-09-02",
                "eventDuration": 0.5, "schoolReference": school,
                "attendanceEventCategoryDescriptor":
                    "uri://ed-fi.org/AttendanceEventCategoryDescriptor#Excused Absence" }),
            );
        }
        if number % 50 == 0 {
            add(
                "disciplineActions",
                json!({ "disciplineActionIdentifier": "1",
                "disciplineDate": "2021-10-01", "actualDisciplineActionLength": 2.0,
                "disciplines": [{ "disciplineDescriptor":
                    "uri://ed-fi.org/DisciplineDescriptor#Out of School Suspension" }] }),
            );
        }
    }
    all
}

/// The same record in XML.
fn xml(name: &str, value: &Value, text: &mut String) {
    let name = name.strip_suffix("Descriptor").unwrap_or(name);
    let name = name[..1].to_uppercase() + &name[1..];
    match value {
        Value::Array(items) => {
            for item in items {
                xml(name.strip_suffix('s').unwrap(), item, text);
            }
        }
        Value::Object(members) => {
            write!(text, "<{name}>").unwrap();
            for (key, value) in members.iter().filter(|(key, _)| *key != "id") {
                xml(key, value, text);
            }
            writeln!(text, "</{name}>").unwrap();
        }
        Value::String(value) => write!(text, "<{name}>{value}</{name}>").unwrap(),
        value => write!(text, "<{name}>{value}</{name}>").unwrap(),
    }
}

fn from_files() -> Source {
    let folder = tempfile::tempdir().unwrap();
    for (resource, all) in records() {
        let root = match resource {
            "calendarDates" => "EducationOrgCalendar",
            "studentSchoolAttendanceEvents" => "StudentAttendance",
            "disciplineActions" => "StudentDiscipline",
            "courses" => "EducationOrganization",
            "courseTranscripts" => "StudentTranscript",
            _ => "StudentEnrollment",
        };
        let mut text = format!("<Interchange{root} xmlns=\"http://ed-fi.org/5.2.0\">\n");
        let record = resource.strip_suffix('s').unwrap();
        for value in &all {
            xml(record, value, &mut text);
        }
        write!(text, "</Interchange{root}>").unwrap();
        fs::write(folder.path().join(format!("{resource}.xml")), text).unwrap();
    }
    files(folder.path(), &wanted(2022), schools()).unwrap()
}

fn fetch(url: &str, secret: &str) -> Result<Source, SourceError> {
    fetch_trusting(url, secret, None)
}

pub(super) fn fetch_trusting(
    url: &str,
    secret: &str,
    authority: Option<PathBuf>,
) -> Result<Source, SourceError> {
    let [client, secret] = ["id", secret].map(|text| Zeroizing::new(text.to_owned()));
    let access = Access { url: url.to_owned(), client, secret, authority };
    service(&access, &wanted(2022), &schools())
}

#[test]
fn an_api_tells_the_same_student_years_as_files_whatever_goes_wrong_meanwhile() {
    let faults = VecDeque::from([Fault::Busy, Fault::Cut, Fault::Failed, Fault::Busy]);
    let state =
        State { records: records(), token_lasts: 4, changes: 1, faults, ..State::default() };
    let (url, state) = start(state);
    let (fetched, read) = (fetch(&url, "secret").unwrap(), from_files());
    let [ours] = fetched.imported.years.as_slice() else { panic!("one year") };
    let [theirs] = read.imported.years.as_slice() else { panic!("one year") };
    assert_eq!((ours.rows(), theirs.rows()), (1_200, 1_200), "{}", problems(&read.imported.report));
    let ids = |years: &peerlight_node_engine::intake::StudentYears| {
        (0..years.rows()).map(|row| years.students.get(row).to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(ids(ours), ids(theirs));
    for column in peerlight_node_engine::student::Column::ALL {
        assert_eq!(known(ours, column), known(theirs, column), "{}", column.name());
    }
    let days = known(ours, peerlight_node_engine::student::Column::DaysAbsent);
    assert_eq!(days.iter().filter(|days| **days > 0.0).count(), 172);
    let column = peerlight_node_engine::student::Column::CoursesFailed;
    assert_eq!(known(ours, column).iter().filter(|failed| **failed > 0.0).count(), 300);
    // The tokens ran out again and again, and the changed year was read twice.
    assert!(state.lock().unwrap().log_ins > 5);
}

#[test]
fn a_server_that_cannot_be_believed_is_refused_and_no_student_is_named() {
    let with = |state: State| start(state).0;
    let many = with(State { lie: 300, ..State::whole() });
    let restless = with(State { changes: 99, ..State::whole() });
    let closed = with(State::whole());
    for (url, secret, what) in [
        (many.as_str(), "secret", "said that there are"),
        (restless.as_str(), "secret", "changed while they were read"),
        (closed.as_str(), "guess", "does not let this client in"),
        ("http://example.org/api", "secret", "over https alone"),
    ] {
        let error = fetch(url, secret).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(what), "{text}");
        assert!(!format!("{text}{error:?}").contains("770"), "a student is named");
    }
}
