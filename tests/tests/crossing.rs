//! What crosses the wire in a sync: ciphertext, and no id of anybody.

use crate::fixture::{Fixture, all_delivered_once};

/// TLS record types: change cipher spec, alert, handshake, application data.
const RECORD_TYPES: [u8; 4] = [20, 21, 22, 23];

/// Asserts that bytes are whole TLS records, and that once encryption began
/// nothing but encrypted records follows.
fn is_tls(bytes: &[u8]) {
    let mut rest = bytes;
    let mut encrypted = false;
    while rest.len() >= 5 {
        let (kind, length) = (rest[0], usize::from(u16::from_be_bytes([rest[3], rest[4]])));
        assert!(RECORD_TYPES.contains(&kind) && rest[1] == 3, "not a TLS record: {:?}", &rest[..5]);
        encrypted |= kind == 23;
        assert!(!encrypted || kind == 23, "a clear record after encryption began");
        let Some(next) = rest.get(5 + length..) else { return };
        rest = next;
    }
    assert!(encrypted, "nothing was encrypted");
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_sync_sends_ciphertext_only_and_no_id_of_a_student_or_school() {
    let fixture = Fixture::new(2);
    for node in &fixture.nodes {
        node.sync().unwrap();
        all_delivered_once(&fixture, node);
    }
    let traffic = fixture.relay.traffic();
    let sent: usize = traffic.iter().map(|connection| connection.up.len()).sum();
    assert!(sent > 10_000, "only {sent} bytes went up");
    let ids = fixture.ids();
    assert!(ids.len() > 600, "{} ids", ids.len());
    for connection in &traffic {
        if connection.up.is_empty() {
            continue;
        }
        is_tls(&connection.up);
        is_tls(&connection.down);
        for bytes in [&connection.up, &connection.down] {
            // Six digits may turn up by chance in megabytes of noise; longer
            // ids may not, so those are what is looked for.
            let found = ids.iter().filter(|id| id.len() >= 9).find(|id| contains(bytes, id));
            assert_eq!(found, None);
        }
    }
}
