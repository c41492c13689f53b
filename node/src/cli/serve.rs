//! `serve`: the scheduler, the inbox and the local pages, until the system says
//! stop.

use std::{io::IsTerminal, net::SocketAddr};

use clap::Args;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::Context;
use crate::{daemon, error::Error, inbox, keys, page};

/// Sync on schedule, import from the inbox, and serve the district's own pages on
/// this machine.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node serve
  peerlight-node serve --listen 127.0.0.1:8460 --sync-cron \"17 */6 * * *\"

Files that are put into the inbox (INBOX/csv/, INBOX/calpads/ ...) are imported as
\"import\" does, and moved to INBOX/done, refused or waiting; \"status\" shows it.

The pages show exact values: they listen on a loopback address only and ask for
the access code in keys/page.code.")]
pub struct ServeArgs {
    /// Loopback address of the pages.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// When to try to sync: a cron expression in the charter's time zone.
    #[arg(long, value_name = "CRON")]
    sync_cron: Option<String>,
    /// Serve the pages and never call the hub on schedule.
    #[arg(long)]
    pages_only: bool,
}

pub async fn run(args: &ServeArgs, context: &Context) -> Result<(), Error> {
    let mut flags = Vec::new();
    if let Some(listen) = args.listen {
        flags.push(("listen", listen.to_string()));
    }
    if let Some(cron) = &args.sync_cron {
        flags.push(("sync_cron", cron.clone()));
    }
    let node = context.node(&flags).await?;
    let code = keys::page_code(&node.home)?;
    let listener = TcpListener::bind(node.config.listen).await?;
    println!("http://{}", listener.local_addr()?);
    // On a terminal for the person there; never into a log.
    if std::io::stderr().is_terminal() {
        eprintln!("Access code: {}", code.as_str());
    } else {
        eprintln!("The access code is in {}.", node.home.keys().join("page.code").display());
    }
    let (stop, stopped) = watch::channel(false);
    let pages = tokio::spawn(page::serve(node.clone(), code, listener, stopped.clone()));
    // By itself: a long import must hold up neither a sync nor a page.
    let inbox = tokio::spawn({
        let (node, stopped) = (node.clone(), stopped.clone());
        async move { inbox::run(&node, stopped).await }
    });
    let mut terminate = signal(SignalKind::terminate())?;
    let asked = async {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        // Whoever listens has ended already if nobody is there.
        let _ = stop.send(true);
    };
    let schedule =
        async { if args.pages_only { Ok(()) } else { daemon::run(&node, stopped).await } };
    let ((), outcome) = tokio::join!(asked, schedule);
    if let Ok(Err(error)) = pages.await {
        tracing::error!(%error, "the pages ended");
    }
    if let Ok(Err(error)) = inbox.await {
        tracing::error!(%error, "the inbox ended");
    }
    node.store.close().await;
    eprintln!("Stopped; nothing is lost.");
    outcome
}
