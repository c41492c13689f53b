//! Stands between nodes and a hub, writes down every byte that passes, and
//! cuts the line when told to.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// What passed through one connection.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// From the node to the hub.
    pub up: Vec<u8>,
    /// From the hub to the node.
    pub down: Vec<u8>,
}

/// A relay on a port of its own.
pub struct Relay {
    address: SocketAddr,
    traffic: Arc<Mutex<Vec<Traffic>>>,
    /// Bytes that may still go up before every connection is cut.
    allowed: Arc<AtomicU64>,
    /// Bytes that may still come down.
    answers: Arc<AtomicU64>,
}

#[derive(Clone, Copy)]
enum Direction {
    Up,
    Down,
}

impl Relay {
    /// Starts to relay connections to `hub`.
    pub fn to(hub: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let relay = Self {
            address: listener.local_addr()?,
            traffic: Arc::default(),
            allowed: Arc::new(AtomicU64::new(u64::MAX)),
            answers: Arc::new(AtomicU64::new(u64::MAX)),
        };
        let (traffic, allowed) = (Arc::clone(&relay.traffic), Arc::clone(&relay.allowed));
        let answers = Arc::clone(&relay.answers);
        thread::spawn(move || {
            for (number, node) in listener.incoming().map_while(Result::ok).enumerate() {
                let log = Log { traffic: Arc::clone(&traffic), number };
                log.note(Direction::Up, &[]);
                let Ok(hub) = TcpStream::connect(hub) else { continue };
                let (Ok(node_back), Ok(hub_back)) = (node.try_clone(), hub.try_clone()) else {
                    continue;
                };
                pipe(node, hub, Direction::Up, log.clone(), Arc::clone(&allowed));
                pipe(hub_back, node_back, Direction::Down, log, Arc::clone(&answers));
            }
        });
        Ok(relay)
    }

    /// Where nodes reach it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What has passed so far, connection by connection.
    pub fn traffic(&self) -> Vec<Traffic> {
        self.traffic.lock().map(|traffic| traffic.clone()).unwrap_or_default()
    }

    /// How many bytes have gone up so far.
    pub fn sent(&self) -> usize {
        self.traffic().iter().map(|connection| connection.up.len()).sum()
    }

    /// Cuts connections once this many more bytes have gone up.
    pub fn cut_after(&self, bytes: u64) {
        self.allowed.store(bytes, Ordering::SeqCst);
    }

    /// Cuts connections once exactly this many more bytes have come down.
    pub fn cut_answers_after(&self, bytes: u64) {
        self.answers.store(bytes, Ordering::SeqCst);
    }

    /// Lets everything pass again.
    pub fn mend(&self) {
        self.answers.store(u64::MAX, Ordering::SeqCst);
        self.allowed.store(u64::MAX, Ordering::SeqCst);
    }
}

/// Where one connection is written down.
#[derive(Clone)]
struct Log {
    traffic: Arc<Mutex<Vec<Traffic>>>,
    number: usize,
}

impl Log {
    fn note(&self, direction: Direction, bytes: &[u8]) {
        let Ok(mut traffic) = self.traffic.lock() else { return };
        if traffic.len() <= self.number {
            traffic.resize_with(self.number + 1, Traffic::default);
        }
        let connection = &mut traffic[self.number];
        match direction {
            Direction::Up => connection.up.extend_from_slice(bytes),
            Direction::Down => connection.down.extend_from_slice(bytes),
        }
    }
}

fn pipe(
    mut from: TcpStream,
    mut to: TcpStream,
    direction: Direction,
    log: Log,
    allowed: Arc<AtomicU64>,
) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            log.note(direction, &buffer[..count]);
            let left = allowed.load(Ordering::SeqCst);
            if left < count as u64 {
                if matches!(direction, Direction::Down) {
                    let _ = to.write_all(&buffer[..left as usize]);
                }
                break;
            }
            if left != u64::MAX {
                allowed.store(left - count as u64, Ordering::SeqCst);
            }
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        // Both ends learn that the other is gone; they may know already.
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    });
}
