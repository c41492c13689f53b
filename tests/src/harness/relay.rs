//! Stands between nodes and a hub and writes down every byte that passes.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// Everything that passed, in both directions.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// From nodes to the hub.
    pub up: Vec<u8>,
    /// From the hub to nodes.
    pub down: Vec<u8>,
}

/// A relay on a port of its own.
pub struct Relay {
    address: SocketAddr,
    traffic: Arc<Mutex<Traffic>>,
    /// Bytes that may still go up before every connection is cut.
    allowed: Arc<AtomicU64>,
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
        };
        let (traffic, allowed) = (Arc::clone(&relay.traffic), Arc::clone(&relay.allowed));
        thread::spawn(move || {
            for node in listener.incoming().map_while(Result::ok) {
                let Ok(hub) = TcpStream::connect(hub) else { continue };
                let (Ok(node_back), Ok(hub_back)) = (node.try_clone(), hub.try_clone()) else {
                    continue;
                };
                pipe(node, hub, Direction::Up, Arc::clone(&traffic), Arc::clone(&allowed));
                pipe(
                    hub_back,
                    node_back,
                    Direction::Down,
                    Arc::clone(&traffic),
                    Arc::clone(&allowed),
                );
            }
        });
        Ok(relay)
    }

    /// Where nodes reach it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What has passed so far.
    pub fn traffic(&self) -> Traffic {
        self.traffic.lock().map(|traffic| traffic.clone()).unwrap_or_default()
    }

    /// Cuts connections once this many more bytes have gone up.
    pub fn cut_after(&self, bytes: u64) {
        self.allowed.store(bytes, Ordering::SeqCst);
    }

    /// Lets everything pass again.
    pub fn mend(&self) {
        self.allowed.store(u64::MAX, Ordering::SeqCst);
    }
}

fn pipe(
    mut from: TcpStream,
    mut to: TcpStream,
    direction: Direction,
    traffic: Arc<Mutex<Traffic>>,
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
            if let Ok(mut traffic) = traffic.lock() {
                let log = match direction {
                    Direction::Up => &mut traffic.up,
                    Direction::Down => &mut traffic.down,
                };
                log.extend_from_slice(&buffer[..count]);
            }
            if matches!(direction, Direction::Up) {
                let left = allowed.load(Ordering::SeqCst);
                if left < count as u64 {
                    break;
                }
                if left != u64::MAX {
                    allowed.store(left - count as u64, Ordering::SeqCst);
                }
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
