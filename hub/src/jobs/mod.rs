//! What the hub does by itself or on an operator's word: idempotent steps that
//! the daemon and the command line share.
