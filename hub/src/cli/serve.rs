//! `serve`: both listeners until a signal.

use std::{net::SocketAddr, sync::Arc};

use clap::Args;
use tokio::signal;

use crate::{error::Error, hub::Hub, serve};

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Where to serve nodes, instead of what hub.toml says.
    #[arg(long, env = "PEERLIGHT_GRPC_ADDRESS")]
    grpc_address: Option<SocketAddr>,
    /// Where to serve pages, instead of what hub.toml says.
    #[arg(long, env = "PEERLIGHT_HTTPS_ADDRESS")]
    https_address: Option<SocketAddr>,
}

/// Serves until Ctrl-C or SIGTERM.
pub async fn run(mut hub: Hub, arguments: Arguments) -> Result<(), Error> {
    hub.config.grpc_address = arguments.grpc_address.unwrap_or(hub.config.grpc_address);
    hub.config.https_address = arguments.https_address.unwrap_or(hub.config.https_address);
    let running = serve::start(Arc::new(hub)).await?;
    eprintln!("serving nodes on {}", running.addresses.grpc);
    eprintln!("serving pages on https://{}", running.addresses.https);
    running.until(stop_signal()).await?;
    eprintln!("stopped");
    Ok(())
}

async fn stop_signal() {
    let interrupt = async {
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut stream) => {
                stream.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
