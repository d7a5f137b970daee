//! The ways in which a server wants a password proved.

use relata_mysql::MysqlDriver;
use relata_sql::driver::{ConnectOptions, Connection, Driver};
use relata_sql::{DatabaseUrl, Kind, Value};

use crate::server::{block_on, connect, is_mysql, server, value};

/// An account that goes with the value.
struct Account {
    name: String,
    root: Box<dyn Connection>,
}

impl Account {
    /// `None`: the server does not know this way.
    fn create(identified: &str) -> Option<Self> {
        let name = format!("relata_{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
        let mut root = connect(&server());
        block_on(root.batch(&format!("CREATE USER {name}@'%' IDENTIFIED {identified}"))).ok()?;
        Some(Account { name, root })
    }

    fn url(&self, password: &str, parameters: &str) -> DatabaseUrl {
        let (host, port) = (server().host().to_string(), server().port());
        DatabaseUrl::parse(&format!("mysql://{}:{password}@{host}:{port}/{parameters}", self.name)).unwrap()
    }

    fn enters(&self, password: &str, parameters: &str) {
        let mut connection = connect(&self.url(password, parameters));
        let who = value(&mut *connection, "SELECT CURRENT_USER()");
        assert_eq!(who, Value::Text(format!("{}@%", self.name)), "{parameters}");
    }

    fn is_refused(&self, password: &str, parameters: &str) {
        let url = self.url(password, parameters);
        let error = block_on(MysqlDriver.connect(&url, &ConnectOptions::default())).err().expect("no connection");
        assert_eq!(error.kind(), Kind::Authentication, "{error}");
    }

    /// By the server's socket and by TCP; no other password enters.
    fn enters_alone_with(&self, password: &str) {
        for parameters in ["", "?transport=tcp"] {
            self.enters(password, parameters);
            self.is_refused("wrong", parameters);
            self.is_refused("", parameters);
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let _ = block_on(self.root.batch(&format!("DROP USER {}@'%'", self.name)));
    }
}

#[test]
fn by_a_native_password() {
    let mariadb = "VIA mysql_native_password USING PASSWORD('sécret')";
    let way = if is_mysql() { "WITH mysql_native_password BY 'sécret'" } else { mariadb };
    match Account::create(way) {
        Some(account) => account.enters_alone_with("s%C3%A9cret"),
        None => eprintln!("SKIPPED: this server knows no native passwords any more"),
    }
}

#[test]
fn without_a_password() {
    let account = Account::create("BY ''").unwrap();
    account.enters("", "");
    account.is_refused("any", "");
}

#[test]
fn by_ed25519() {
    if !is_mysql() {
        // It may be there already.
        let _ = block_on(connect(&server()).batch("INSTALL SONAME 'auth_ed25519'"));
    }
    match Account::create("VIA ed25519 USING PASSWORD('sécret')") {
        Some(account) => account.enters_alone_with("s%C3%A9cret"),
        None => eprintln!("SKIPPED: this server has no plugin for ed25519"),
    }
}

#[test]
fn by_a_cached_password_of_mysql() {
    let Some(mut account) = Account::create("WITH caching_sha2_password BY 'sécret'") else {
        eprintln!("SKIPPED: this server has no caching_sha2_password");
        return;
    };
    for parameters in ["?transport=tcp", "", "?ssl-mode=required_without_verification"] {
        // The first time the whole password is sent: encrypted for the server's key, or where nobody reads along.
        block_on(account.root.batch("FLUSH PRIVILEGES")).unwrap();
        account.enters("s%C3%A9cret", parameters);
        account.enters("s%C3%A9cret", parameters);
        account.is_refused("wrong", parameters);
    }
    account.is_refused("", "");
}

#[test]
fn by_a_hashed_password_of_older_mysql() {
    let Some(account) = Account::create("WITH sha256_password BY 'sécret'") else {
        eprintln!("SKIPPED: this server has no sha256_password");
        return;
    };
    for parameters in ["?transport=tcp", "", "?ssl-mode=required_without_verification"] {
        account.enters("s%C3%A9cret", parameters);
        account.is_refused("wrong", parameters);
        account.is_refused("", parameters);
    }
}
