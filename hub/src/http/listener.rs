//! Accepts connections of browsers and programs: TLS, then HTTP/1.1 or HTTP/2.
//!
//! A connection that does not finish its handshake or its request's head in
//! time is dropped, and only so many are served at once, so that a stranger
//! cannot use the hub up.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use axum::{Extension, Router};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::session::Peer;
use crate::{error::Error, hub::Hub, tls};

/// Connections at once.
const MOST_CONNECTIONS: usize = 1024;

/// Time for a handshake, and for the head of a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Time that answers under way have to finish when the hub stops.
const FAREWELL: Duration = Duration::from_secs(5);

/// Serves pages and API on `listener` until `stop` is done.
pub async fn serve(
    hub: Arc<Hub>,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    let acceptor = TlsAcceptor::from(Arc::new(tls::for_pages(&hub)?));
    let router = super::router(hub);
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let (stopping, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let place = Arc::clone(&places).acquire_owned();
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = async { (place.await, listener.accept().await) } => accepted,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            (Ok(place), Ok((stream, address))) => {
                let router = router.clone().layer(Extension(Peer(address)));
                let (acceptor, stopped) = (acceptor.clone(), stopped.clone());
                connections.spawn(async move {
                    converse(acceptor, stream, router, stopped).await;
                    drop(place);
                });
            }
            (_, Err(error)) => {
                // Out of file descriptors, most likely: others have to end first.
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(Duration::from_millis(100)).await;
            }
            (Err(_), _) => break,
        }
    }
    drop(listener);
    drop(stopping);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(FAREWELL + PATIENCE, all).await.is_err() {
        tracing::warn!("connections were cut when the hub stopped");
    }
    Ok(())
}

async fn converse(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    router: Router,
    mut stopped: watch::Receiver<()>,
) {
    let Ok(Ok(stream)) = timeout(PATIENCE, acceptor.accept(stream)).await else {
        tracing::debug!("a TLS handshake failed");
        return;
    };
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Duration::from_mins(1));
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection broke");
            }
        }
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            if timeout(FAREWELL, connection).await.is_err() {
                tracing::debug!("a connection did not end in time");
            }
        }
    }
}
