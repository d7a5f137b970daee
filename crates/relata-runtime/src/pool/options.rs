//! How a pool behaves.

use std::time::Duration;

use relata_sql::driver::ConnectOptions;
use relata_sql::{Error, Kind, Result};

/// How a pool behaves. `Duration::MAX` switches a deadline off.
///
/// ```
/// use relata_runtime::PoolOptions;
/// use std::time::Duration;
///
/// let options = PoolOptions { max_connections: 20, acquire_timeout: Duration::from_secs(2), ..PoolOptions::default() };
/// assert!(options.check().is_ok());
/// assert!(PoolOptions { max_connections: 0, ..options }.check().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolOptions {
    /// At most so many connections to each node. SQLite: so many readers beside the one writer.
    pub max_connections: u32,
    /// So many are opened in the background at the start and kept. 0: connections are opened when they are needed.
    pub min_connections: u32,
    /// How long to wait for a free connection.
    pub acquire_timeout: Duration,
    /// Whoever would be more than so many-th to wait is refused at once with `Kind::Overloaded`.
    pub max_waiting: u32,
    /// A tenant ([`crate::Db::tenant`]) has at most so many connections at once.
    pub tenant_connections: u32,
    /// A connection that was idle for longer is pinged before it is handed out; what was used just now is taken to be alive.
    pub ping_after: Duration,
    /// How long a ping, or making a returned connection clean, may take before the connection is closed instead.
    pub ping_timeout: Duration,
    /// A connection that was idle for longer is closed instead of handed out.
    pub idle_timeout: Duration,
    /// Idle connections are pinged so often in the background, so that no firewall forgets them.
    pub keepalive: Duration,
    /// A connection is closed at this age, or up to a tenth earlier so that not all go at once.
    pub max_lifetime: Duration,
    /// A connection borrowed for longer is reported once, with the place that borrowed it.
    pub leak_after: Duration,
    /// After the first success, a failed connect (server restarting, failover) is tried again for so long.
    pub reconnect_patience: Duration,
    /// How long a statement may run; it is then given up and stopped on the server.
    pub statement_timeout: Duration,
    /// While a connection has been held for longer than this and no statement was answered, a server that nobody else watches
    /// is asked on another connection whether it lives. When it keeps silent for [`PoolOptions::ping_timeout`], statements that
    /// wait for it end with `Kind::InDoubt`, and others are not sent, until it answers. Long statements of a server that
    /// answers go on, and are asked about less and less often.
    pub frozen_after: Duration,
    /// How many failures in a row open the breaker of a node. 0: never.
    pub breaker_failures: u32,
    /// How long an open breaker refuses before it lets one attempt through; doubled with each that fails, up to 30 s.
    pub breaker_pause: Duration,
    /// Statements slower than this count as slow calls: when four of five are, the breaker of the node opens.
    pub breaker_slow: Duration,
    /// Statements are timed, counted by fingerprint and told as spans. Without it there are no numbers of statements; errors,
    /// deadlines and breakers are as with it.
    pub observe: bool,
    /// MariaDB: a transaction that is retried writes a row into the table `relata_commits`, which is made when it is first
    /// needed, so that it can be found out what became of it should the answer to its commit be lost. PostgreSQL keeps that
    /// account itself. Without it such a commit ends as `Kind::InDoubt`.
    pub commit_keys: bool,
    /// How long keys of transactions are kept: relata's own, and the application's (`transaction!(db, key = …)`).
    pub keep_commit_keys: Duration,
    /// How connections are opened.
    pub connect: ConnectOptions,
}

impl Default for PoolOptions {
    fn default() -> Self {
        PoolOptions {
            max_connections: 10,
            min_connections: 0,
            acquire_timeout: Duration::from_secs(10),
            max_waiting: u32::MAX,
            tenant_connections: u32::MAX,
            ping_after: Duration::from_millis(500),
            ping_timeout: Duration::from_secs(2),
            idle_timeout: Duration::from_secs(600),
            keepalive: Duration::from_secs(120),
            max_lifetime: Duration::from_secs(1800),
            leak_after: Duration::from_secs(300),
            reconnect_patience: Duration::from_secs(5),
            statement_timeout: Duration::MAX,
            frozen_after: Duration::from_millis(500),
            breaker_failures: 5,
            breaker_pause: Duration::from_secs(1),
            breaker_slow: Duration::MAX,
            observe: true,
            commit_keys: true,
            keep_commit_keys: Duration::from_secs(86_400),
            connect: ConnectOptions::default(),
        }
    }
}

macro_rules! settings {
    (counts: $($count:ident)*; durations: $($duration:ident)*; switches: $($switch:ident)*) => {
        impl PoolOptions {
            /// The names of what can be set by [`PoolOptions::set`]: those of the fields.
            pub const SETTINGS: &'static [&'static str] =
                &[$(stringify!($count),)* $(stringify!($duration),)* $(stringify!($switch),)*];

            /// Sets one by its name: a count, or a duration like `500ms`, `10s`, `5m`, `1h`, or `off`; a switch, `on` or `off`.
            ///
            /// ```
            /// let mut options = relata::PoolOptions::default();
            /// options.set("max_connections", "20").unwrap();
            /// options.set("statement_timeout", "30s").unwrap();
            /// assert_eq!(options.max_connections, 20);
            /// ```
            ///
            /// # Errors
            /// What is wrong, for a message that names the place.
            pub fn set(&mut self, name: &str, value: &str) -> std::result::Result<(), String> {
                match name {
                    $(stringify!($count) => self.$count = count(value)?,)*
                    $(stringify!($duration) => self.$duration = duration(value)?,)*
                    $(stringify!($switch) => self.$switch = switch(value)?,)*
                    _ => return Err(format!("{name:?} is no setting of a pool; there are: {}", Self::SETTINGS.join(", "))),
                }
                Ok(())
            }
        }
    };
}

settings! {
    counts: max_connections min_connections max_waiting tenant_connections breaker_failures;
    durations: acquire_timeout ping_after ping_timeout idle_timeout keepalive max_lifetime leak_after reconnect_patience
        statement_timeout frozen_after breaker_pause breaker_slow keep_commit_keys;
    switches: observe commit_keys
}

fn switch(value: &str) -> std::result::Result<bool, String> {
    match value {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err(format!("{value:?} is neither on nor off")),
    }
}

fn count(value: &str) -> std::result::Result<u32, String> {
    value.parse().map_err(|_| format!("{value:?} is no count"))
}

/// Reads a duration: `500ms`, `10s`, `5m`, `1h`, `off` (which is `Duration::MAX`).
///
/// # Errors
/// What is wrong, for a message that names the place.
pub fn duration(value: &str) -> std::result::Result<Duration, String> {
    if value == "off" {
        return Ok(Duration::MAX);
    }
    let end = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let milliseconds = match &value[end..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    match value[..end].parse::<u64>().ok().and_then(|number| number.checked_mul(milliseconds)) {
        Some(number) if milliseconds > 0 => Ok(Duration::from_millis(number)),
        _ => Err(format!("{value:?} is no duration; write 500ms, 10s, 5m, 1h or off")),
    }
}

impl PoolOptions {
    /// Whether a pool can be made of it.
    ///
    /// # Errors
    /// `Kind::Configuration` for a pool of zero connections, or a minimum above the maximum.
    pub fn check(&self) -> Result<()> {
        let (most, least) = (self.max_connections, self.min_connections);
        if most == 0 {
            return Err(Error::new(Kind::Configuration, "max_connections is 0: such a pool can serve nobody")
                .hint("a pool wants at least one connection; 10 is the default"));
        }
        if least > most {
            let message = format!("min_connections is {least}, more than max_connections, which is {most}");
            return Err(Error::new(Kind::Configuration, message).hint("lower the minimum, or raise the maximum"));
        }
        if self.tenant_connections == 0 {
            return Err(Error::new(Kind::Configuration, "tenant_connections is 0: no tenant could do anything")
                .hint("leave it out for no limit"));
        }
        Ok(())
    }

    /// For one connection that must never be closed: what a database in memory lives in.
    pub(crate) fn only_one(&self, keep: bool) -> PoolOptions {
        let mut one = PoolOptions { max_connections: 1, min_connections: self.min_connections.min(1), ..self.clone() };
        if keep {
            one.idle_timeout = Duration::MAX;
            one.ping_after = Duration::MAX;
            one.keepalive = Duration::MAX;
            one.max_lifetime = Duration::MAX;
        }
        one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_the_names_of_the_fields() {
        let mut options = PoolOptions::default();
        for name in PoolOptions::SETTINGS {
            let value = if name.contains("connections") || name.ends_with("waiting") || name.ends_with("failures") {
                "7"
            } else if ["observe", "commit_keys"].contains(name) {
                "off"
            } else {
                "7s"
            };
            options.set(name, value).unwrap();
        }
        assert_eq!((options.max_connections, options.keepalive), (7, Duration::from_secs(7)));
        options.set("max_lifetime", "off").unwrap();
        assert_eq!(options.max_lifetime, Duration::MAX);
        for (name, value) in
            [("max_connections", "many"), ("keepalive", "7"), ("keepalive", "7 s"), ("keepalive", ""), ("size", "1")]
        {
            assert!(options.set(name, value).is_err(), "{name} = {value}");
        }
    }

    #[test]
    fn what_can_be_no_pool_is_refused() {
        let refused = |options: PoolOptions| options.check().unwrap_err().to_string();
        expect_test::expect![[r#"
            max_connections is 0: such a pool can serve nobody [R0602]
              hint: a pool wants at least one connection; 10 is the default"#]]
        .assert_eq(&refused(PoolOptions { max_connections: 0, ..PoolOptions::default() }));
        expect_test::expect![[r#"
            min_connections is 11, more than max_connections, which is 10 [R0602]
              hint: lower the minimum, or raise the maximum"#]]
        .assert_eq(&refused(PoolOptions { min_connections: 11, ..PoolOptions::default() }));
    }
}
