//! Tests of admission: what is taken in, and one refusal for each thing that
//! can be wrong.

use peerlight_proto::{
    charter::{Continual, Period},
    directory::School,
    layout::LayoutError,
    v1::EnvelopeKind,
    wire::{PayloadError, encode_payload},
};

use super::*;
use crate::sample;

const NOW: UnixSeconds = UnixSeconds(1_790_000_000);

/// A hub's view of one good release.
struct Case {
    charter: Charter,
    directory: Directory,
    member: MemberId,
    status: MemberStatus,
    offered: Option<BTreeSet<ProgramId>>,
    header: EnvelopeHeader,
    payload: Vec<u8>,
    history: History,
    /// Whether the hub once signed the documents that the header names.
    ever_signed: bool,
}

fn hash_of(name: &str) -> ContentHash {
    ContentHash::of(name.as_bytes())
}

fn case() -> Case {
    let charter = sample::charter();
    let schools: Vec<School> = ["1", "2"].map(|id| sample::school(id, "37", 400)).to_vec();
    let directory = Directory {
        consortium: charter.consortium.clone(),
        number: 1,
        school_year: charter.school_year,
        features_source: String::new(),
        schools,
    };
    let member: MemberId = "37".parse().unwrap();
    let program: ProgramId = "chronic_absence".parse().unwrap();
    let period: PeriodId = "annual".parse().unwrap();
    let layout = release_layout(&charter, &directory, &member, &program, &period).unwrap();
    let payload =
        encode_payload(layout.blocks.iter().map(|block| vec![7; block.cells()]).collect());
    let previous = stored("r1", 1, "enrolled", "period-1", hash_of("first"));
    let header = EnvelopeHeader {
        consortium: "test".to_owned(),
        sender: "37".to_owned(),
        kind: EnvelopeKind::OneShot as i32,
        program: program.to_string(),
        period: period.to_string(),
        release_id: "r2".to_owned(),
        sequence: 2,
        payload_digest: ContentHash::of(&payload).as_bytes().to_vec(),
        previous_payload_digest: hash_of("first").as_bytes().to_vec(),
        charter_hash: hash_of("charter").as_bytes().to_vec(),
        directory_hash: hash_of("directory").as_bytes().to_vec(),
        created_at_seconds: NOW.0 - 60,
        ..EnvelopeHeader::default()
    };
    Case {
        charter,
        directory,
        member,
        status: MemberStatus::Full,
        offered: Some([program].into()),
        header,
        payload,
        history: History { newest: Some(previous), ..History::default() },
        ever_signed: false,
    }
}

/// The second step of a stream whose first was taken in under documents that
/// are long out of force.
fn step() -> Case {
    let mut case = case();
    let programs = &mut case.charter.policy.programs;
    let program = programs.iter_mut().find(|it| it.id.as_str() == "chronic_absence").unwrap();
    program.continual = Some(Continual { changes: 2 });
    program.periods = ["one", "two", "three"]
        .into_iter()
        .zip(1..)
        .map(|(id, month)| Period { id: id.parse().unwrap(), due: format!("2026-{month:02}-01") })
        .collect();
    case.header.kind = EnvelopeKind::ContinualStep as i32;
    case.header.period = "two".to_owned();
    case.header.charter_hash = hash_of("long gone").as_bytes().to_vec();
    case.ever_signed = true;
    case.history.same_program = vec![HeldPeriod {
        period: "one".parse().unwrap(),
        charter_hash: hash_of("long gone"),
        directory_hash: hash_of("directory"),
    }];
    case
}

fn stored(id: &str, sequence: u64, program: &str, period: &str, digest: ContentHash) -> Stored {
    Stored {
        release_id: id.parse().unwrap(),
        sequence,
        payload_digest: digest,
        program: program.parse().unwrap(),
        period: period.parse().unwrap(),
        school_year: 2026,
    }
}

impl Case {
    fn check(&self) -> Result<Standing, Rejection> {
        let caller =
            Caller { member: &self.member, status: self.status, offered: self.offered.as_ref() };
        let standards = Standards {
            consortium: &self.charter.consortium,
            charters: &[(hash_of("charter"), &self.charter), (hash_of("older"), &self.charter)],
            directories: &[(hash_of("directory"), &self.directory)],
            once_in_force: Some((&self.charter, &self.directory)).filter(|_| self.ever_signed),
        };
        check_header(&self.header, &caller, &standards, &self.history, NOW)
    }

    fn admit(&self) -> Result<Vec<Vec<i64>>, Rejection> {
        match self.check()? {
            Standing::New(announced) => check_payload(&announced, &self.payload),
            Standing::SameAgain(_) => Ok(Vec::new()),
        }
    }
}

#[test]
fn a_good_release_is_taken_in() {
    let case = case();
    let Standing::New(announced) = case.check().unwrap() else { panic!("it is new") };
    assert_eq!(announced.stored.school_year, 2026);
    let blocks = check_payload(&announced, &case.payload).unwrap();
    assert_eq!(blocks.len(), announced.layout.blocks.len());
}

#[test]
fn the_charter_just_before_the_one_in_force_still_counts() {
    let mut case = case();
    case.header.charter_hash = hash_of("older").as_bytes().to_vec();
    assert!(case.admit().is_ok());
}

#[test]
fn the_same_release_again_is_known_whatever_is_in_force_now() {
    let mut case = case();
    let digest = ContentHash::of(&case.payload);
    let held = stored("r2", 2, "chronic_absence", "annual", digest);
    case.history = History {
        newest: Some(stored("r9", 9, "suspension", "annual", hash_of("later"))),
        same_id: Some(held.clone()),
        same_sequence: Some(held.clone()),
        same_period: Some(held.clone()),
        ..History::default()
    };
    case.header.charter_hash = hash_of("long gone").as_bytes().to_vec();
    assert_eq!(case.check(), Ok(Standing::SameAgain(held)));
}

#[test]
fn a_stream_goes_on_under_the_documents_it_was_started_under() {
    let case = step();
    let Standing::New(announced) = case.check().unwrap() else { panic!("it is new") };
    assert_eq!(announced.charter_hash, hash_of("long gone"));
    assert_eq!(announced.layout.step().map(|(_, step)| step), Some(1));
}

#[test]
fn a_step_without_the_one_before_it_is_refused() {
    let before = |case: &Case| {
        let found = case.check().unwrap_err();
        matches!(&found, Rejection::Predecessor { before, .. } if before.as_str() == "one")
    };
    let mut case = step();
    case.history.same_program[0].charter_hash = hash_of("charter");
    assert!(before(&case), "the stream was started under another charter");
    case.header.charter_hash = hash_of("charter").as_bytes().to_vec();
    assert!(case.check().is_ok());
    case.history.same_program[0].directory_hash = hash_of("another");
    assert!(before(&case), "the stream was started under another directory");
    case.history.same_program.clear();
    assert!(before(&case), "the stream was not started");
    let mut case = step();
    case.header.period = "three".to_owned();
    assert!(case.check().unwrap_err().to_string().contains("needs two first"));
}

#[test]
fn nothing_but_a_started_stream_is_held_against_documents_of_the_past() {
    let mut case = step();
    case.header.period = "one".to_owned();
    case.history.same_program.clear();
    assert!(matches!(case.check(), Err(Rejection::Charter(_))), "a stream's first step");
    let mut case = self::case();
    case.ever_signed = true;
    case.header.charter_hash = hash_of("long gone").as_bytes().to_vec();
    assert!(matches!(case.check(), Err(Rejection::Charter(_))), "a one-shot release");
}

/// What is wrong, how it came about, the refusal it gets, and whose move it is.
type Fault = (&'static str, fn(&mut Case), fn(&Rejection) -> bool, Mover);

fn each_is_refused<const N: usize>(faults: [Fault; N]) {
    for (name, fault, expected, mover) in faults {
        let mut case = case();
        fault(&mut case);
        let refusal = case.admit().expect_err(name);
        assert!(expected(&refusal), "{name}: {refusal:?}");
        assert_eq!(refusal.mover(), mover, "{name}");
    }
}

#[test]
fn a_release_from_the_wrong_sender_or_under_the_wrong_rules_is_refused() {
    let cases: [Fault; 12] = [
        (
            "a correction of nothing",
            |case| case.header.period = "annual.correction-1".to_owned(),
            |r| matches!(r, Rejection::Uncorrected { .. }),
            Mover::Sender,
        ),
        (
            "another's certificate",
            |case| case.member = "38".parse().unwrap(),
            |r| matches!(r, Rejection::Sender { .. }),
            Mover::NotAllowed,
        ),
        (
            "receive-only",
            |case| case.status = MemberStatus::ReceiveOnly,
            |r| matches!(r, Rejection::NotFull(_)),
            Mover::NotAllowed,
        ),
        (
            "another consortium",
            |case| case.header.consortium = "other".to_owned(),
            |r| matches!(r, Rejection::Consortium(_)),
            Mover::NotAllowed,
        ),
        (
            "bad name",
            |case| case.header.release_id = "../r".to_owned(),
            |r| matches!(r, Rejection::Name(_)),
            Mover::Sender,
        ),
        (
            "bad hash",
            |case| case.header.payload_digest = vec![1; 5],
            |r| matches!(r, Rejection::Hash(_)),
            Mover::Sender,
        ),
        (
            "unknown charter",
            |case| case.header.charter_hash = vec![1; 32],
            |r| matches!(r, Rejection::Charter(_)),
            Mover::Sender,
        ),
        (
            "unknown directory",
            |case| case.header.directory_hash = vec![1; 32],
            |r| matches!(r, Rejection::Directory(_)),
            Mover::Sender,
        ),
        (
            "no approval",
            |case| case.offered = None,
            |r| matches!(r, Rejection::NotApproved(..)),
            Mover::Sender,
        ),
        (
            "not offered",
            |case| case.offered = Some(BTreeSet::new()),
            |r| matches!(r, Rejection::NotOffered { .. }),
            Mover::Sender,
        ),
        (
            "unknown period",
            |case| case.header.period = "weekly".to_owned(),
            |r| matches!(r, Rejection::Layout(LayoutError::Unknown(..))),
            Mover::Sender,
        ),
        (
            "wrong kind",
            |case| case.header.kind = EnvelopeKind::GrowthSum as i32,
            |r| matches!(r, Rejection::Kind(_)),
            Mover::Sender,
        ),
    ];
    each_is_refused(cases);
}

#[test]
fn a_release_that_breaks_the_chain_or_reuses_an_identity_is_refused() {
    let cases: [Fault; 5] = [
        (
            "a release is missing",
            |case| case.header.sequence = 4,
            |r| *r == Rejection::Gap { expected: 2, found: 4 },
            Mover::Sender,
        ),
        (
            "another predecessor",
            |case| case.header.previous_payload_digest = vec![3; 32],
            |r| *r == Rejection::Chain,
            Mover::Alarm,
        ),
        (
            "release id used twice",
            |case| {
                case.history.same_id =
                    Some(stored("r2", 2, "chronic_absence", "annual", hash_of("other")));
            },
            |r| *r == Rejection::Equivocation(Reused::ReleaseId),
            Mover::Alarm,
        ),
        (
            "sequence used twice",
            |case| {
                case.history.same_sequence =
                    Some(stored("r3", 2, "suspension", "annual", hash_of("other")));
            },
            |r| *r == Rejection::Equivocation(Reused::Sequence),
            Mover::Alarm,
        ),
        (
            "noise drawn twice",
            |case| {
                case.history.same_period =
                    Some(stored("r3", 1, "chronic_absence", "annual", hash_of("other")));
            },
            |r| *r == Rejection::Equivocation(Reused::Period),
            Mover::Alarm,
        ),
    ];
    each_is_refused(cases);
}

#[test]
fn a_release_with_an_impossible_content_is_refused() {
    let cases: [Fault; 3] = [
        (
            "from the future",
            |case| case.header.created_at_seconds = NOW.0 + 7_200,
            |r| *r == Rejection::Future(7_200),
            Mover::Sender,
        ),
        (
            "another payload",
            |case| case.payload.push(0),
            |r| *r == Rejection::Digest,
            Mover::Sender,
        ),
        (
            "impossible value",
            |case| {
                let Standing::New(announced) = case.check().unwrap() else { panic!("new") };
                let mut blocks = check_payload(&announced, &case.payload).unwrap();
                blocks[1][0] = i64::MIN;
                case.payload = encode_payload(blocks);
                case.header.payload_digest = ContentHash::of(&case.payload).as_bytes().to_vec();
            },
            |r| *r == Rejection::Magnitude { block: 1 },
            Mover::Sender,
        ),
    ];
    each_is_refused(cases);
}

#[test]
fn a_payload_of_another_shape_is_refused() {
    let mut case = case();
    case.payload = encode_payload(vec![vec![1, 2, 3]]);
    case.header.payload_digest = ContentHash::of(&case.payload).as_bytes().to_vec();
    assert!(matches!(case.admit(), Err(Rejection::Payload(PayloadError::Shape { .. }))));
    case.payload = vec![0xff; 9];
    case.header.payload_digest = ContentHash::of(&case.payload).as_bytes().to_vec();
    assert_eq!(case.admit(), Err(Rejection::Payload(PayloadError::Unreadable)));
}

#[test]
fn the_first_release_has_number_one_and_no_predecessor() {
    let mut case = case();
    case.history = History::default();
    assert_eq!(case.admit(), Err(Rejection::Gap { expected: 1, found: 2 }));
    case.header.sequence = 1;
    assert_eq!(case.admit(), Err(Rejection::Chain));
    case.header.previous_payload_digest.clear();
    assert!(case.admit().is_ok());
}
