//! The way to a server on this machine: its own Unix socket answers sooner than TCP on the loopback interface.
//!
//! A server that was reached on a loopback address announces its socket. That is taken where the URL asks for no other way
//! (`transport=tcp`, encryption, a `socket`), and only if it is proved to lead to the same server and to the same account:
//! on one machine there may be several servers, a tunnel to another machine, or a proxy.
//!
//! Whatever goes wrong on the way leaves the connection by TCP as it is.

use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use relata_sql::Result;
use relata_sql::url::{Transport, is_loopback};

use crate::connect::Place;
use crate::tls::SslMode;

/// Nobody on the same machine takes so long to answer.
const LIMIT: Duration = Duration::from_secs(1);

/// What the server says of the socket it listens on.
struct Announced {
    socket: String,
    account: String,
    session: u64,
    /// A user-level lock that the session holds, of a name that no other server has.
    lock: String,
}

/// The connection, or one to the same server and account through the server's own socket.
pub(crate) async fn nearer(mut client: Conn, place: &Place<'_>, mode: SslMode) -> Result<Conn> {
    let asked_otherwise = place.url.param("socket").is_some() || place.url.transport()? == Transport::Tcp;
    if asked_otherwise || mode != SslMode::Disabled || !cfg!(unix) || !is_loopback(place.host) {
        return Ok(client);
    }
    let Ok(Some(announced)) = announced(&mut client, place).await else { return Ok(client) };
    match tokio::time::timeout(LIMIT, through(&announced, &client)).await {
        Ok(Ok(Some(near))) => {
            // Whether the other hears that it is no longer needed does not matter.
            let _ = tokio::time::timeout(LIMIT, client.disconnect()).await;
            Ok(near)
        }
        _ => {
            // A connection that is broken says so when it is used.
            let _ = client.query_drop(format!("DO RELEASE_LOCK('{}')", announced.lock)).await;
            Ok(client)
        }
    }
}

/// Asks the server for its socket. `None`: there is none here, or what answered on this port is not the server itself.
async fn announced(client: &mut Conn, place: &Place<'_>) -> mysql_async::Result<Option<Announced>> {
    let sql = "SELECT @@socket, @@port, CURRENT_USER(), CONNECTION_ID()";
    let Some((socket, port, account, session)) =
        client.query_first::<(Option<String>, u16, String, u64), _>(sql).await?
    else {
        return Ok(None);
    };
    let Some(socket) = socket.filter(|path| Path::new(path).is_absolute() && Path::new(path).exists()) else {
        return Ok(None);
    };
    // An account of one address cannot be that of a socket, whose sessions come from localhost: no login is tried in vain.
    let reachable = account.ends_with("@%") || account.ends_with("@localhost");
    if port != place.port || !reachable {
        return Ok(None);
    }
    let lock = format!("relata-{session}-{:016x}", RandomState::new().hash_one(session));
    let held: Option<Option<i64>> = client.query_first(format!("SELECT GET_LOCK('{lock}', 0)")).await?;
    Ok((held == Some(Some(1))).then_some(Announced { socket, account, session, lock }))
}

/// A connection through the socket, if it leads to the server on which the lock is held, and to the same account.
async fn through(announced: &Announced, client: &Conn) -> mysql_async::Result<Option<Conn>> {
    let options = OptsBuilder::from_opts(client.opts().clone()).socket(Some(announced.socket.clone()));
    let mut near = Conn::new(options).await?;
    let sql = format!("SELECT IS_USED_LOCK('{}'), CURRENT_USER()", announced.lock);
    let found: Option<(Option<u64>, String)> = near.query_first(sql).await?;
    if found == Some((Some(announced.session), announced.account.clone())) {
        return Ok(Some(near));
    }
    near.disconnect().await?;
    Ok(None)
}
