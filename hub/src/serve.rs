//! The running hub: two listeners, and what has to happen by the hour.
//!
//! ```text
//! gRPC   TLS 1.3, client certificates ──▶ grpc   for nodes
//! https  TLS 1.3                      ──▶ http   for people
//! ```
//!
//! A connection that does not finish its handshake in time is dropped; it
//! cannot hold up the others.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};

use crate::{addresses::Addresses, error::Error, grpc, http, hub::Hub, intake::Intake, tls};

const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Open connections get so long to finish when the hub stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(20);
const HOUR: Duration = Duration::from_hours(1);

/// A running hub.
pub struct Running {
    /// What it listens on.
    pub addresses: Addresses,
    stop: watch::Sender<bool>,
    tasks: JoinSet<Result<(), Error>>,
}

/// Binds both listeners and starts to serve.
pub async fn start(hub: Arc<Hub>) -> Result<Running, Error> {
    hub.rotate_keys().await?;
    let nodes = bind("grpc_address", hub.config.grpc_address).await?;
    let pages = bind("https_address", hub.config.https_address).await?;
    let addresses = Addresses { grpc: local(&nodes)?, https: local(&pages)? };
    addresses.write(&hub.home)?;

    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let router = grpc::services(&hub, Intake::start(&hub)).await?;
    let incoming = accept(nodes, tls::for_nodes(&hub)?, stopped.clone());
    let until = wait(stopped.clone());
    tasks.spawn(async move {
        let incoming = ReceiverStream::new(incoming).map(Ok::<_, std::io::Error>);
        Ok(router.serve_with_incoming_shutdown(incoming, until).await?)
    });
    tasks.spawn(http::serve(Arc::clone(&hub), pages, wait(stopped.clone())));
    tasks.spawn(every_hour(hub, stopped));
    Ok(Running { addresses, stop, tasks })
}

impl Running {
    /// Serves until `signal`, or until a listener fails; then stops.
    pub async fn until(mut self, signal: impl Future<Output = ()>) -> Result<(), Error> {
        let ended = tokio::select! {
            () = signal => Ok(()),
            ended = self.tasks.join_next() => joined(ended),
        };
        self.stop().await?;
        ended
    }

    /// Takes no more calls, finishes those that are open, and ends.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.stop.send_replace(true);
        let all = async {
            while let Some(ended) = self.tasks.join_next().await {
                joined(Some(ended))?;
            }
            Ok(())
        };
        tokio::time::timeout(SHUTDOWN_TIMEOUT, all).await.unwrap_or(Ok(()))
    }
}

fn joined(ended: Option<Result<Result<(), Error>, tokio::task::JoinError>>) -> Result<(), Error> {
    match ended {
        Some(Ok(outcome)) => outcome,
        Some(Err(panic)) if panic.is_panic() => std::panic::resume_unwind(panic.into_panic()),
        Some(Err(_)) | None => Ok(()),
    }
}

async fn bind(setting: &'static str, address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|error| Error::Flag {
        flag: setting,
        problem: format!("cannot listen on {address}: {error}"),
    })
}

fn local(listener: &TcpListener) -> Result<SocketAddr, Error> {
    listener.local_addr().map_err(|source| Error::File { path: "socket".into(), source })
}

async fn wait(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which also means stop.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// Accepts connections and finishes their handshakes beside each other.
fn accept(
    listener: TcpListener,
    config: ServerConfig,
    stopped: watch::Receiver<bool>,
) -> mpsc::Receiver<TlsStream<TcpStream>> {
    let (sender, receiver) = mpsc::channel(32);
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        let stop = wait(stopped);
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                () = sender.closed() => break,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, peer)) = accepted else {
                // Out of file descriptors, most likely: let some close.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let (acceptor, sender) = (acceptor.clone(), sender.clone());
            tokio::spawn(async move {
                let _ = stream.set_nodelay(true);
                match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => {
                        let _ = sender.send(stream).await;
                    }
                    Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
                    Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
                }
            });
        }
    });
    receiver
}

/// Rotates keys as their dates say.
async fn every_hour(hub: Arc<Hub>, stopped: watch::Receiver<bool>) -> Result<(), Error> {
    let stop = wait(stopped);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return Ok(()),
            () = tokio::time::sleep(HOUR) => {}
        }
        if let Err(error) = hub.rotate_keys().await {
            tracing::error!(%error, "the envelope keys could not be rotated");
        }
    }
}
