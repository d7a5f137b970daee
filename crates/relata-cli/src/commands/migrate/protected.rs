//! Whether a database belongs to a protected environment, however its URL is written.
//!
//! What is compared is where a URL leads: kind of database, host, port and name. Users, parameters and spelling do not
//! matter, nor does how the URL came here (`--env`, `--url`, a variable). Hosts are the same if their names are, or if one
//! of their addresses is; all loopback addresses are one. Not seen: a proxy or a forwarded port in between.

use std::collections::BTreeSet;
use std::net::IpAddr;

use relata_schema::Dialect;
use relata_sql::DatabaseUrl;

use crate::output::Tone;
use crate::session::Session;

/// The name of the protected environment that the database belongs to. Says so where that cannot be told, because the URL
/// of a protected environment is not to be had here.
pub async fn environment(session: &Session, url: &DatabaseUrl) -> Option<String> {
    let environments = session.config().map(|config| config.environments.clone()).unwrap_or_default();
    for (name, environment) in environments.iter().filter(|(_, environment)| environment.protected) {
        match environment.url() {
            Ok(other) if same(url, &other).await => return Some(name.clone()),
            Ok(_) => {}
            Err(error) if environment.dialect().is_none_or(|dialect| dialect == url.dialect) => {
                let word = session.output.paint(Tone::Warning, "warning");
                let why = error.message();
                session
                    .output
                    .say(&format!("{word}: whether this is the protected environment {name} is not known: {why}"));
            }
            Err(_) => {}
        }
    }
    None
}

/// Whether two URLs lead to the same database.
async fn same(a: &DatabaseUrl, b: &DatabaseUrl) -> bool {
    if a.dialect != b.dialect {
        return false;
    }
    if a.dialect == Dialect::Sqlite {
        return a.database != ":memory:" && file(&a.database) == file(&b.database);
    }
    if name(a) != name(b) {
        return false;
    }
    if let (Some(socket), Some(other)) = (a.param("socket"), b.param("socket")) {
        return file(socket) == file(other);
    }
    for (host, port) in &a.hosts {
        for (other, _) in b.hosts.iter().filter(|(_, other)| other == port) {
            if same_host(host, other).await {
                return true;
            }
        }
    }
    false
}

/// The database; PostgreSQL's is called like the user unless the URL says otherwise.
fn name(url: &DatabaseUrl) -> &str {
    if url.database.is_empty() && url.dialect == Dialect::Postgres { &url.user } else { &url.database }
}

/// A path without links and detours, as far as it is there.
fn file(path: &str) -> std::path::PathBuf {
    let path = std::path::Path::new(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
    let within = || Some(std::fs::canonicalize(folder).ok()?.join(path.file_name()?));
    std::fs::canonicalize(path).ok().or_else(within).unwrap_or_else(|| path.to_path_buf())
}

async fn same_host(a: &str, b: &str) -> bool {
    let plain = |host: &str| host.trim_end_matches('.').to_ascii_lowercase();
    let (a, b) = (plain(a), plain(b));
    if a == b {
        return true;
    }
    let (a, b) = (addresses(&a).await, addresses(&b).await);
    !a.is_disjoint(&b)
}

/// The addresses of a host; all that lead to this machine as one. A folder of sockets is on this machine.
async fn addresses(host: &str) -> BTreeSet<IpAddr> {
    let here = IpAddr::from([127, 0, 0, 1]);
    if host.starts_with('/') || host == "localhost" {
        return BTreeSet::from([here]);
    }
    let found = tokio::net::lookup_host((host, 0)).await;
    let one = |address: std::net::SocketAddr| if address.ip().is_loopback() { here } else { address.ip() };
    found.map(|found| found.map(one).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn urls_that_lead_to_one_database_are_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().display();
        let folder = directory.path().file_name().unwrap().display();
        std::fs::write(directory.path().join("shop.db"), "").unwrap();
        for (a, b, expected) in [
            ("postgres://ann:x@localhost/shop", "postgresql://bob@127.0.0.1:5432/shop?sslmode=disable", true),
            ("postgres://ann@LOCALHOST./shop", "postgres://[::1]:5432/shop", true),
            ("postgres://shop@localhost", "postgres://ann@localhost/shop", true),
            ("postgres://localhost,10.0.0.7:5433/shop", "postgres://10.0.0.7:5433/shop", true),
            ("postgres://localhost:5432/shop", "postgres://localhost:5433/shop", false),
            ("postgres://localhost/shop", "postgres://localhost/shops", false),
            ("postgres://10.0.0.7/shop", "postgres://10.0.0.8/shop", false),
            ("mysql://root@localhost/shop", "mariadb://127.0.0.1:3306/shop", true),
            ("mysql://root@localhost/shop", "postgres://localhost:3306/shop", false),
            (&format!("sqlite:{path}/shop.db"), &format!("sqlite:{path}/../{folder}/./shop.db?mode=rw"), true),
            (&format!("sqlite:{path}/new.db"), &format!("sqlite://{path}/./new.db"), true),
            (&format!("sqlite:{path}/shop.db"), &format!("sqlite:{path}/shop2.db"), false),
            ("sqlite::memory:", "sqlite::memory:", false),
        ] {
            let found = same(&DatabaseUrl::parse(a).unwrap(), &DatabaseUrl::parse(b).unwrap()).await;
            assert_eq!(found, expected, "{a} and {b}");
        }
    }
}
