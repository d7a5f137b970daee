//! The way to a server on this machine: its own Unix socket answers sooner than TCP on the loopback interface.
//!
//! A connection by TCP moves there where the URL asks for no other way (`transport=tcp`, encryption that must be, a client's
//! certificate), where no login is tried in vain (a refusal is written into the server's log), and only if it is proved that
//! the socket leads to the same server: on one machine there may be several, a tunnel to another machine, or a pooler.
//!
//! Whatever goes wrong on the way leaves the connection by TCP as it is.

use std::path::Path;
use std::time::Duration;

use relata_sql::Result;
use relata_sql::driver::{ConnectOptions, Connection};
use relata_sql::url::{DatabaseUrl, Transport, is_loopback};

use crate::connect::{Endpoint, reach};
use crate::exec::PostgresConnection;

/// Nobody on the same machine takes so long to answer.
const LIMIT: Duration = Duration::from_secs(1);

/// Where Debian's, Red Hat's and the official images' servers listen; `/tmp` is not taken: whoever comes first may listen there.
const USUAL: &str = "/var/run/postgresql";

/// Session, when it began, port, who it is, where the server listens (NULL: the role may not know) and whether the rules of
/// its logins may be read.
const ASK: &str = "SELECT pg_catalog.pg_backend_pid(), \
    (SELECT extract(epoch FROM a.backend_start) FROM pg_catalog.pg_stat_activity a WHERE a.pid = pg_catalog.pg_backend_pid()), \
    pg_catalog.inet_server_port(), session_user, \
    CASE WHEN pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE') \
        THEN pg_catalog.current_setting('unix_socket_directories') END, \
    pg_catalog.has_table_privilege('pg_catalog.pg_hba_file_rules', 'SELECT') \
        AND pg_catalog.has_function_privilege('pg_catalog.pg_hba_file_rules()', 'EXECUTE')";

/// The first rule for a login through the socket that may be the one: its method, whether names are mapped, and whether it is
/// sure that it is the one. A line that cannot be read and names that stand for groups or patterns may be.
const RULE: &str = "SELECT auth_method, COALESCE(options::text LIKE '%map=%', false), sure FROM ( \
      SELECT *, pg_catalog.row_number() OVER () AS place, COALESCE(error IS NULL \
        AND (database && ARRAY['all', pg_catalog.current_database()::text] \
             OR 'sameuser' = ANY (database) AND pg_catalog.current_database() = session_user) \
        AND user_name && ARRAY['all', session_user::text], false) AS sure, \
      COALESCE(error IS NOT NULL OR EXISTS (SELECT FROM pg_catalog.unnest(database || user_name) AS name \
        WHERE name ~ '^[+/]' OR name IN ('samerole', 'samegroup')), true) AS maybe \
      FROM pg_catalog.pg_hba_file_rules WHERE type = 'local' OR error IS NOT NULL) rules \
    WHERE sure OR maybe ORDER BY place LIMIT 1";

/// The session by TCP, as the server knows it.
struct Session {
    number: String,
    began: String,
    role: String,
}

/// The connection, or one to the same server through its own socket.
pub(crate) async fn nearer(
    mut connection: PostgresConnection,
    url: &DatabaseUrl,
    options: &ConnectOptions,
) -> Result<PostgresConnection> {
    if !cfg!(unix) || !may_move(&connection, url)? {
        return Ok(connection);
    }
    let Ok(Some((session, sockets))) = sockets(&mut connection, url).await else { return Ok(connection) };
    for socket in sockets {
        if let Ok(Ok(Some(near))) = tokio::time::timeout(LIMIT, through(&socket, url, options, &session)).await {
            // The wire says good-bye by itself.
            drop(connection);
            return Ok(near);
        }
    }
    Ok(connection)
}

/// Whether nobody asked for another way.
fn may_move(connection: &PostgresConnection, url: &DatabaseUrl) -> Result<bool> {
    let (host, _, encryption) = connection.endpoint().asked();
    let bound = url.param("channel_binding") == Some("require") || url.param("sslcert").is_some();
    let tcp = url.transport()? == Transport::Tcp;
    Ok(is_loopback(host) && !tcp && !encryption && !bound && !connection.server().pooled)
}

/// The sockets of the server that answered, if it answered itself and a login through them is not refused.
async fn sockets(connection: &mut PostgresConnection, url: &DatabaseUrl) -> Result<Option<(Session, Vec<Endpoint>)>> {
    let (_, port, _) = connection.endpoint().asked();
    let mut facts = connection.texts(ASK).await?.into_iter().flatten();
    let mut fact = || facts.next().flatten();
    let (Some(number), Some(began), Some(answered), Some(role)) = (fact(), fact(), fact(), fact()) else {
        return Ok(None);
    };
    let (folders, rules) = (fact(), fact());
    if answered != port.to_string() {
        return Ok(None);
    }
    let endpoint = connection.endpoint();
    let sockets: Vec<_> = folders
        .as_deref()
        .unwrap_or(USUAL)
        .split(',')
        .map(|folder| endpoint.socket_in(folder.trim().trim_matches('"')))
        .filter(|socket| socket.asked().0.starts_with('/') && Path::new(&socket.place()).exists())
        .collect();
    if sockets.is_empty() || !is_let_in(connection, url, &role, rules.as_deref() == Some("t")).await? {
        return Ok(None);
    }
    Ok(Some((Session { number, began, role }, sockets)))
}

/// Whether a login through a socket succeeds, as far as can be known without trying.
async fn is_let_in(connection: &mut PostgresConnection, url: &DatabaseUrl, role: &str, readable: bool) -> Result<bool> {
    // The system's user of the same name is let in by the rule that everybody has (`peer`).
    let is_peer = || whoami::username().is_ok_and(|user| user == role);
    if !readable {
        return Ok(is_peer());
    }
    let rule = connection.texts(RULE).await?;
    let rule: Vec<_> = rule.iter().flatten().map(|cell| cell.as_deref().unwrap_or_default()).collect();
    Ok(match rule[..] {
        ["trust", _, "t"] => true,
        ["peer", "f", "t"] => is_peer(),
        ["scram-sha-256" | "md5" | "password", _, "t"] => url.password.is_some(),
        _ => false,
    })
}

/// A connection through the socket, if it leads to the server where the session is.
async fn through(
    socket: &Endpoint,
    url: &DatabaseUrl,
    options: &ConnectOptions,
    session: &Session,
) -> Result<Option<PostgresConnection>> {
    let mut near = reach(url, options, socket.clone()).await?;
    if near.server().pooled {
        return Ok(None);
    }
    // Numbers only, but for the role's name, which is compared here.
    let sql = format!(
        "SELECT session_user FROM pg_catalog.pg_stat_activity a WHERE a.pid = {} AND extract(epoch FROM a.backend_start) = {}",
        session.number, session.began
    );
    let found = near.texts(&sql).await?;
    Ok((found == [[Some(session.role.clone())]]).then_some(near))
}
