//! Where a warehouse is, and how it may be talked to: a URL without a secret,
//! and TLS for everything beyond this machine.
//!
//! The password comes from a file, from `PGPASSWORD`, or from a `PGPASSFILE`.
//! Nothing here shows it.

use std::{fmt, net::IpAddr, str::FromStr};

use sqlx::{
    ConnectOptions,
    postgres::{PgConnectOptions, PgSslMode},
};

use super::error::AddressError;

/// What a URL may say after its question mark.
const ALLOWED: [&str; 5] = ["sslmode", "sslrootcert", "sslcert", "sslkey", "host"];

/// A warehouse, and how it is reached.
#[derive(Clone)]
pub struct Address {
    options: PgConnectOptions,
}

impl Address {
    /// Reads a URL `postgres://USER@HOST:PORT/DATABASE`; what it leaves out
    /// comes from the variables that every client of PostgreSQL reads.
    pub fn parse(url: &str, password: Option<&str>) -> Result<Self, AddressError> {
        let rest = ["postgres://", "postgresql://"].iter().find_map(|it| url.strip_prefix(it));
        let rest = rest.ok_or(AddressError::Unreadable)?;
        let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
        let authority = before.split(['/', '#']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        let keys = || query.split('&').filter_map(|pair| pair.split('=').next());
        if user.contains(':') || keys().any(|key| key.eq_ignore_ascii_case("password")) {
            return Err(AddressError::Password);
        }
        if let Some(key) = keys().find(|key| !key.is_empty() && !ALLOWED.contains(key)) {
            return Err(AddressError::Option(key.chars().take(32).collect()));
        }
        // Its own message may repeat the URL.
        let options = PgConnectOptions::from_str(url).map_err(|_| AddressError::Unreadable)?;
        let options = encrypted(options)?;
        let options = match password {
            Some(password) => options.password(password),
            None => options,
        };
        let options = options.application_name("peerlight-node");
        Ok(Self { options: options.disable_statement_logging() })
    }

    /// What to connect with.
    pub(super) const fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// The role that reads.
    pub(super) fn user(&self) -> &str {
        self.options.get_username()
    }
}

/// The same with TLS, where what is sent leaves this machine: with the server's
/// certificate checked, unless `sslmode=require` says otherwise.
fn encrypted(options: PgConnectOptions) -> Result<PgConnectOptions, AddressError> {
    if is_here(&options) {
        return Ok(options);
    }
    match options.get_ssl_mode() {
        PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull => Ok(options),
        // What a client does when nobody says anything.
        PgSslMode::Prefer => Ok(options.ssl_mode(PgSslMode::VerifyFull)),
        PgSslMode::Disable | PgSslMode::Allow => {
            Err(AddressError::Unencrypted(options.get_host().to_owned()))
        }
    }
}

fn is_here(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let is_loopback = |host: &str| host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || is_loopback(bare)
}

/// Host, port and database.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.options.get_socket() {
            Some(socket) => write!(f, "{}", socket.display())?,
            None => write!(f, "{}:{}", self.options.get_host(), self.options.get_port())?,
        }
        let database = self.options.get_database();
        database.map_or(Ok(()), |database| write!(f, "/{database}"))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_with_a_password_is_refused_without_repeating_it() {
        for url in [
            "postgres://reader:hunter2@db.example.org/warehouse",
            "postgres://reader:@db.example.org/warehouse",
            "postgresql://reader@db.example.org/warehouse?password=hunter2",
            "postgres://reader@db.example.org/warehouse?sslmode=require&PassWord=hunter2",
        ] {
            let error = Address::parse(url, None).unwrap_err();
            assert!(matches!(error, AddressError::Password), "{url}: {error}");
            assert!(!error.to_string().contains("hunter2"));
        }
        let encoded = "postgres://reader@db.example.org/warehouse?p%61ssword=hunter2";
        assert!(matches!(Address::parse(encoded, None).unwrap_err(), AddressError::Option(_)));
        let address = Address::parse("postgres://reader@db.example.org/w", Some("hunter2"));
        assert!(!format!("{:?}", address.unwrap()).contains("hunter2"));
    }

    #[test]
    fn what_could_change_the_session_is_refused() {
        for url in [
            "postgres://db.example.org/w?options=-c%20statement_timeout%3D0",
            "postgres://db.example.org/w?options[default_transaction_read_only]=off",
            "postgres://db.example.org/w?hostaddr=10.0.0.1",
        ] {
            let error = Address::parse(url, None).unwrap_err();
            assert!(matches!(error, AddressError::Option(_)), "{url}: {error}");
        }
        for url in ["db.example.org/w", "mysql://db.example.org/w", "postgres://[::1/w"] {
            let error = Address::parse(url, None).unwrap_err();
            assert!(matches!(error, AddressError::Unreadable), "{url}: {error}");
        }
    }

    #[test]
    fn everything_beyond_this_machine_is_encrypted() {
        let mode = |url: &str| Address::parse(url, None).map(|it| it.options.get_ssl_mode());
        for url in ["postgres://db.example.org/w", "postgres://10.0.0.1/w?sslmode=verify-full"] {
            assert!(matches!(mode(url), Ok(PgSslMode::VerifyFull)), "{url}");
        }
        assert!(matches!(mode("postgres://a.org/w?sslmode=require"), Ok(PgSslMode::Require)));
        for url in ["postgres://a.org/w?sslmode=disable", "postgres://a.org/w?sslmode=allow"] {
            assert!(matches!(mode(url), Err(AddressError::Unencrypted(_))), "{url}");
        }
        for url in [
            "postgres://localhost/w?sslmode=disable",
            "postgres://127.0.0.1/w?sslmode=disable",
            "postgres://[::1]/w?sslmode=disable",
            "postgres:///w?host=/var/run/postgresql&sslmode=disable",
        ] {
            assert!(matches!(mode(url), Ok(PgSslMode::Disable)), "{url}");
        }
    }
}
