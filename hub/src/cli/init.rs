//! `init`: makes a new consortium in an empty folder.

use std::net::{IpAddr, SocketAddr};

use clap::Args;
use peerlight_proto::names::ConsortiumId;

use crate::{
    clock::Clock,
    config::{Config, upload_seconds},
    error::Error,
    home::Home,
    hub::Hub,
};

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Short id of the consortium, such as "valley".
    #[arg(long)]
    consortium: ConsortiumId,
    /// Name or address under which districts reach this hub.
    #[arg(long)]
    host: String,
    /// Further names for the hub's certificate.
    #[arg(long = "also-known-as", value_name = "NAME")]
    other_names: Vec<String>,
    /// Address to listen on.
    #[arg(long, default_value = "0.0.0.0")]
    listen: IpAddr,
    /// Port for nodes; 0 takes a free one.
    #[arg(long, default_value_t = 7443)]
    grpc_port: u16,
    /// Port for pages; 0 takes a free one.
    #[arg(long, default_value_t = 7444)]
    https_port: u16,
    /// URL of a PostgreSQL database; without it the hub keeps an SQLite file
    /// in its folder. Leave passwords out: PostgreSQL reads ~/.pgpass.
    #[arg(long, env = "PEERLIGHT_DATABASE")]
    database: Option<String>,
    /// Serve gRPC reflection (for tools such as grpcurl).
    #[arg(long)]
    reflection: bool,
}

/// Makes the hub and says what comes next.
pub async fn run(home: Home, clock: Clock, arguments: Arguments) -> Result<(), Error> {
    let config = Config {
        consortium: arguments.consortium,
        host: arguments.host,
        other_names: arguments.other_names,
        grpc_address: SocketAddr::new(arguments.listen, arguments.grpc_port),
        https_address: SocketAddr::new(arguments.listen, arguments.https_port),
        database: arguments.database,
        reflection: arguments.reflection,
        upload_seconds: upload_seconds(),
    };
    let hub = Hub::create(home, config, clock).await?;
    let path = hub.home.path().display();
    println!("authority fingerprint (SHA-256): {}", hub.authority.pin());
    eprintln!("made consortium {} in {path}", hub.config.consortium);
    eprintln!("back up {} now: without it nobody can join or be read", hub.home.key("").display());
    eprintln!("next: peerlight-hub --home {path} directory import schools.csv --school-year YEAR");
    Ok(())
}
