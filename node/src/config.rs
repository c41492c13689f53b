//! Settings: flag > environment > `node.toml` > default, each with its origin.
//!
//! A setting is one row of [`SETTINGS`]; `config show --origin` and the file
//! that `init` writes are made from the same rows, so they cannot disagree.
//! All faults are reported at once; an unknown key is a fault.

use std::{collections::BTreeMap, fmt, fmt::Write, net::SocketAddr, path::PathBuf, str::FromStr};

use peerlight_node_engine::intake::{Precedence, PrecedenceError};

use crate::{
    home::{self, Access, Home, HomeError},
    release::decision::ReleasePolicy,
};

/// Prefix of environment variables: `PEERLIGHT_NODE_LISTEN` sets `listen`.
pub const ENVIRONMENT_PREFIX: &str = "PEERLIGHT_NODE_";

/// One setting: its key in `node.toml`, its default, and what it is for.
struct Setting {
    key: &'static str,
    default: &'static str,
    about: &'static str,
}

/// Every setting. An empty default means "not set".
const SETTINGS: [Setting; 13] = [
    Setting {
        key: "hub_address",
        default: "",
        about: "Host and port of the hub, if it moved since joining; else the join token's.",
    },
    Setting {
        key: "sync_cron",
        default: "17 */6 * * *",
        about: "When \"serve\" tries to sync: a cron expression in the charter's time zone.",
    },
    Setting {
        key: "sync_jitter_seconds",
        default: "900",
        about: "Each attempt waits a random part of this, so that nodes do not call at once.",
    },
    Setting {
        key: "hub_deadline_seconds",
        default: "30",
        about: "How long one call to the hub may take.",
    },
    Setting {
        key: "ceiling_epsilon",
        default: "4",
        about: "The district's own limit: a charter with a larger epsilon is not approved.",
    },
    Setting {
        key: "release_policy",
        default: "auto",
        about: "\"auto\": what is due is drawn and sent. \"approve\": a person approves each release first.",
    },
    Setting {
        key: "accept_change_percent",
        default: "10",
        about: "An import whose rows or groups move more than this asks for --accept-change.",
    },
    Setting {
        key: "common_id",
        default: "student_id",
        about: "The id by which rows of several sources are one student's: student_id or statewide_id.",
    },
    Setting {
        key: "source_precedence",
        default: "",
        about: "Sources in the order in which they are believed, such as \"calpads, csv\"; the rest by name.",
    },
    Setting {
        key: "column_precedence",
        default: "",
        about: "Columns with an order of their own, such as \"grade_level=calpads>csv, gpa=sis\".",
    },
    Setting {
        key: "inbox",
        default: "inbox",
        about: "Folder that \"serve\" imports from: a full path, or one within the node's home.",
    },
    Setting {
        key: "inbox_seconds",
        default: "30",
        about: "Seconds between two looks into the inbox; 0: \"serve\" imports nothing.",
    },
    Setting {
        key: "listen",
        default: "127.0.0.1:0",
        about: "Loopback address of the local pages; port 0 takes any free one.",
    },
];

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag of this command.
    Flag,
    /// An environment variable.
    Environment(String),
    /// `node.toml`.
    File,
    /// Built in.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File => f.write_str("node.toml"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// One resolved setting, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Key in `node.toml`.
    pub key: &'static str,
    /// Its value as text; empty if not set.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// All settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// Host and port of the hub, if it moved since joining.
    pub hub_address: Option<String>,
    /// When `serve` tries to sync.
    pub sync_cron: String,
    /// Largest random delay of an attempt, seconds.
    pub sync_jitter_seconds: u64,
    /// How long one call to the hub may take, seconds.
    pub hub_deadline_seconds: u64,
    /// The district's own limit on a charter's epsilon.
    pub ceiling_epsilon: f64,
    /// Whether a person approves every release.
    pub release_policy: ReleasePolicy,
    /// Change of an import that asks for confirmation, percent.
    pub accept_change_percent: f64,
    /// How the sources of a school year become one.
    pub precedence: Precedence,
    /// Folder that `serve` imports from; relative to the node's home.
    pub inbox: PathBuf,
    /// Seconds between two looks into it; 0 for never.
    pub inbox_seconds: u64,
    /// Address of the local pages.
    pub listen: SocketAddr,
    /// The same as text with origins, in the order of the file.
    pub resolved: Vec<Resolved>,
}

/// The settings cannot be used; every fault is named.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read or written.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// One or more faults.
    #[error("the settings cannot be used:\n{}", .0.join("\n"))]
    Faults(Vec<String>),
}

impl Config {
    /// Reads `node.toml` and the environment; `flags` are keys with values.
    pub fn load(home: &Home, flags: &[(&str, String)]) -> Result<Self, ConfigError> {
        let file = home::read(&home.config_file())?;
        let file = String::from_utf8_lossy(&file);
        Self::resolve(&file, |name| std::env::var(name).ok(), flags)
    }

    /// Resolves settings from the text of the file, the environment and flags.
    pub fn resolve(
        file: &str,
        environment: impl Fn(&str) -> Option<String>,
        flags: &[(&str, String)],
    ) -> Result<Self, ConfigError> {
        let mut faults = Vec::new();
        let mut in_file = read_file(file, &mut faults);
        let resolved: Vec<Resolved> = SETTINGS
            .iter()
            .map(|setting| {
                let name = variable(setting.key);
                let flag = flags.iter().find(|(key, _)| *key == setting.key);
                let from_file = in_file.remove(setting.key);
                let (value, origin) = if let Some((_, value)) = flag {
                    (value.clone(), Origin::Flag)
                } else if let Some(value) = environment(&name) {
                    (value, Origin::Environment(name))
                } else if let Some(value) = from_file {
                    (value, Origin::File)
                } else {
                    (setting.default.to_owned(), Origin::Default)
                };
                Resolved { key: setting.key, value, origin }
            })
            .collect();
        for key in in_file.keys() {
            faults.push(format!("  node.toml: \"{key}\" is not a setting; see \"config show\""));
        }
        let mut reader = Reader { resolved: &resolved, faults };
        let hub_address = Some(reader.text("hub_address")).filter(|text| !text.is_empty());
        let sync_cron = reader.text("sync_cron");
        if let Err(error) = sync_cron.parse::<croner::Cron>() {
            reader.fault("sync_cron", &format!("is not a cron expression ({error})"));
        }
        let sync_jitter_seconds = reader.parse("sync_jitter_seconds", "a number of seconds");
        let hub_deadline_seconds: u64 = reader.parse("hub_deadline_seconds", "a number of seconds");
        let ceiling_epsilon: f64 = reader.parse("ceiling_epsilon", "a number such as 4");
        let release_policy = reader.parse("release_policy", "auto or approve");
        let accept_change_percent = reader.parse("accept_change_percent", "a percentage");
        let precedence = Precedence {
            common: reader.explained("common_id"),
            sources: reader.explained("source_precedence"),
            columns: reader.explained("column_precedence"),
        };
        let inbox = PathBuf::from(reader.text("inbox"));
        let inbox_seconds = reader.parse("inbox_seconds", "a number of seconds");
        if inbox.as_os_str().is_empty() {
            reader.fault("inbox", "names no folder; to import nothing set inbox_seconds to 0");
        }
        let listen: Option<SocketAddr> =
            reader.parse_optional("listen", "an address such as 127.0.0.1:8460");
        if hub_deadline_seconds == 0 {
            reader.fault("hub_deadline_seconds", "must be at least 1");
        }
        if ceiling_epsilon.is_nan() || ceiling_epsilon <= 0.0 {
            reader.fault("ceiling_epsilon", "must be above 0");
        }
        if listen.is_some_and(|address| !address.ip().is_loopback()) {
            reader.fault(
                "listen",
                "must be a loopback address: the local pages show exact values and use no TLS",
            );
        }
        let faults = reader.faults;
        match listen {
            Some(listen) if faults.is_empty() => Ok(Self {
                hub_address,
                sync_cron,
                sync_jitter_seconds,
                hub_deadline_seconds,
                ceiling_epsilon,
                release_policy,
                accept_change_percent,
                precedence,
                inbox,
                inbox_seconds,
                listen,
                resolved,
            }),
            _ => Err(ConfigError::Faults(faults)),
        }
    }

    /// Writes the file of a new node: every setting, explained, as a comment.
    pub fn create(home: &Home) -> Result<(), ConfigError> {
        Ok(home::replace(&home.config_file(), sample().as_bytes(), Access::Shared)?)
    }
}

/// The settings file of a new node.
pub fn sample() -> String {
    let mut text = "# Settings of this node. Flags and environment variables win over this file;\n\
                    # \"peerlight-node config show --origin\" says where each value comes from.\n"
        .to_owned();
    for Setting { key, default, about } in &SETTINGS {
        let value = if default.parse::<f64>().is_ok() {
            (*default).to_owned()
        } else {
            format!("{default:?}")
        };
        writeln!(text, "\n# {about}\n# {key} = {value}").expect("writing to a String cannot fail");
    }
    text
}

fn variable(key: &str) -> String {
    format!("{ENVIRONMENT_PREFIX}{}", key.to_ascii_uppercase())
}

fn read_file(text: &str, faults: &mut Vec<String>) -> BTreeMap<String, String> {
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            faults.push(format!("  node.toml: {}", error.message()));
            return BTreeMap::new();
        }
    };
    let plain = |value: toml::Value| match value {
        toml::Value::String(text) => text,
        other => other.to_string(),
    };
    table.into_iter().map(|(key, value)| (key, plain(value))).collect()
}

struct Reader<'a> {
    resolved: &'a [Resolved],
    faults: Vec<String>,
}

impl Reader<'_> {
    fn text(&self, key: &str) -> String {
        let found = self.resolved.iter().find(|setting| setting.key == key);
        found.map(|setting| setting.value.clone()).unwrap_or_default()
    }

    fn parse_optional<T: FromStr>(&mut self, key: &str, what: &str) -> Option<T> {
        let value = self.text(key).parse().ok();
        if value.is_none() {
            self.fault(key, &format!("is not {what}"));
        }
        value
    }

    fn parse<T: FromStr + Default>(&mut self, key: &str, what: &str) -> T {
        self.parse_optional(key, what).unwrap_or_default()
    }

    /// Parses a setting whose errors say what is wrong.
    fn explained<T>(&mut self, key: &str) -> T
    where
        T: FromStr<Err = PrecedenceError> + Default,
    {
        self.text(key).parse().unwrap_or_else(|error: PrecedenceError| {
            self.fault(key, &error.to_string());
            T::default()
        })
    }

    fn fault(&mut self, key: &str, problem: &str) {
        let found = self.resolved.iter().find(|setting| setting.key == key);
        let (value, origin) = found
            .map_or((String::new(), Origin::Default), |it| (it.value.clone(), it.origin.clone()));
        self.faults.push(format!("  {key} = \"{value}\" (from {origin}) {problem}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_wins_over_the_environment_over_the_file_over_the_default() {
        let file = "sync_jitter_seconds = 5\nhub_deadline_seconds = 6\nceiling_epsilon = 2";
        let environment = |name: &str| match name {
            "PEERLIGHT_NODE_HUB_DEADLINE_SECONDS" => Some("7".to_owned()),
            "PEERLIGHT_NODE_CEILING_EPSILON" => Some("3".to_owned()),
            _ => None,
        };
        let flags = [("ceiling_epsilon", "1.5".to_owned())];
        let config = Config::resolve(file, environment, &flags).unwrap();
        assert_eq!(config.sync_jitter_seconds, 5);
        assert_eq!(config.hub_deadline_seconds, 7);
        assert!((config.ceiling_epsilon - 1.5).abs() < 1e-12);
        assert_eq!(config.sync_cron, "17 */6 * * *");
        let origin = |key| config.resolved.iter().find(|it| it.key == key).unwrap().origin.clone();
        assert_eq!(origin("sync_jitter_seconds"), Origin::File);
        assert_eq!(origin("ceiling_epsilon"), Origin::Flag);
        assert_eq!(origin("sync_cron"), Origin::Default);
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let file = "sync_cron = \"often\"\nlisten = \"0.0.0.0:80\"\nlisen = 1\n\
                    common_id = \"id\"\ncolumn_precedence = \"shoe_size=csv\"";
        let text = Config::resolve(file, |_| None, &[]).unwrap_err().to_string();
        for part in [
            "sync_cron",
            "loopback",
            "\"lisen\" is not a setting",
            "is not student_id or statewide_id",
            "names shoe_size",
        ] {
            assert!(text.contains(part), "{part} is missing from {text}");
        }
    }

    #[test]
    fn the_file_that_init_writes_changes_nothing_and_can_be_uncommented() {
        Config::resolve(&sample(), |_| None, &[]).unwrap();
        let uncommented: Vec<String> = sample()
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| line.contains(" = "))
            .map(str::to_owned)
            .collect();
        let config = Config::resolve(&uncommented.join("\n"), |_| None, &[]).unwrap();
        assert!(config.resolved.iter().all(|it| it.origin == Origin::File));
        assert_eq!(uncommented.len(), SETTINGS.len());
    }
}
