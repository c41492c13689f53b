//! Which rows of an export are answers that count, by the columns in which
//! Qualtrics says so: its `Status`, `Finished` and `DistributionChannel`.

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Response {
    /// An answer of a respondent.
    Answer,
    /// Somebody tried the survey out, or the system filled it in.
    Trial,
    /// The system takes it for a machine's.
    Spam,
    /// Nobody said what it is.
    Unknown,
}

/// What `Status` says, as a number or in words; none is an answer.
const STATUS: [(&str, Response); 17] = [
    ("", Response::Answer),
    ("0", Response::Answer),
    ("IP Address", Response::Answer),
    ("4", Response::Answer),
    ("Imported", Response::Answer),
    ("16", Response::Answer),
    ("Offline Survey", Response::Answer),
    ("1", Response::Trial),
    ("Survey Preview", Response::Trial),
    ("2", Response::Trial),
    ("Survey Test", Response::Trial),
    ("17", Response::Trial),
    ("Offline Survey Preview", Response::Trial),
    ("8", Response::Spam),
    ("Spam", Response::Spam),
    ("9", Response::Spam),
    ("12", Response::Spam),
];

/// Channels by which nobody is asked in earnest.
const TRIALS: [&str; 2] = ["preview", "test"];

/// What a row is, by its status and the channel it came by.
pub(super) fn kind(status: &str, channel: &str) -> Response {
    if TRIALS.iter().any(|trial| trial.eq_ignore_ascii_case(channel)) {
        return Response::Trial;
    }
    let known = STATUS.iter().find(|(name, _)| name.eq_ignore_ascii_case(status));
    let is_spam = || status.to_ascii_lowercase().ends_with(" spam");
    known.map_or_else(
        || if is_spam() { Response::Spam } else { Response::Unknown },
        |(_, response)| *response,
    )
}

/// Whether a respondent came to the end; `None` where the text does not say.
pub(super) fn is_finished(text: &str) -> Option<bool> {
    let is = |words: [&str; 3]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(["1", "true", "yes"]) {
        Some(true)
    } else if is(["0", "false", "no"]) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_as_a_number_and_in_words() {
        for (status, channel, expected) in [
            ("0", "anonymous", Response::Answer),
            ("IP Address", "email", Response::Answer),
            ("Survey Preview", "preview", Response::Trial),
            ("0", "preview", Response::Trial),
            ("2", "", Response::Trial),
            ("Survey Preview Spam", "", Response::Spam),
            ("8", "", Response::Spam),
            ("33", "", Response::Unknown),
        ] {
            assert_eq!(kind(status, channel), expected, "{status} {channel}");
        }
        assert_eq!(
            ["TRUE", "0", "", "Finished"].map(is_finished),
            [Some(true), Some(false), None, None]
        );
    }
}
