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

use relata_sql::Result;
use relata_sql::url::{Transport, is_loopback};

use crate::client::{Client, Trouble};
use crate::connect::{Place, Target};
use crate::tls::SslMode;

/// Nobody on the same machine takes so long to answer.
const LIMIT: Duration = Duration::from_secs(1);

/// What the server says of the socket it listens on.
struct Announced {
    socket: String,
    account: String,
    session: String,
    /// A user-level lock that the session holds, of a name that no other server has.
    lock: String,
}

/// The connection, or one to the same server and account through the server's own socket.
pub(crate) async fn nearer(
    mut client: Client,
    target: Target,
    place: &Place<'_>,
    mode: SslMode,
) -> Result<(Client, Target)> {
    let asked_otherwise = place.url.param("socket").is_some() || place.url.transport()? == Transport::Tcp;
    if asked_otherwise || mode != SslMode::Disabled || !cfg!(unix) || !is_loopback(place.host) {
        return Ok((client, target));
    }
    let Ok(Some(announced)) = announced(&mut client, place).await else { return Ok((client, target)) };
    let by_socket = target.by_socket(&announced.socket);
    match tokio::time::timeout(LIMIT, through(&announced, &by_socket)).await {
        Ok(Ok(Some(near))) => {
            // Whether the other hears that it is no longer needed does not matter.
            let _ = tokio::time::timeout(LIMIT, client.quit()).await;
            Ok((near, by_socket))
        }
        _ => {
            // A connection that is broken says so when it is used.
            let _ = client.run(&format!("DO RELEASE_LOCK('{}')", announced.lock)).await;
            Ok((client, target))
        }
    }
}

/// Asks the server for its socket. `None`: there is none here, or what answered on this port is not the server itself.
async fn announced(client: &mut Client, place: &Place<'_>) -> Result<Option<Announced>, Trouble> {
    let facts = client.ask("SELECT @@socket, @@port, CURRENT_USER(), CONNECTION_ID()").await?;
    let mut facts = facts.into_iter().flatten();
    let mut fact = || facts.next().flatten().unwrap_or_default();
    let (socket, port, account, session) = (fact(), fact(), fact(), fact());
    // An account of one address cannot be that of a socket, whose sessions come from localhost: no login is tried in vain.
    let reachable = account.ends_with("@%") || account.ends_with("@localhost");
    let path = Path::new(&socket);
    if !path.is_absolute() || !path.exists() || port != place.port.to_string() || !reachable {
        return Ok(None);
    }
    let lock = format!("relata-{session}-{:016x}", RandomState::new().hash_one(&session));
    let held = client.ask(&format!("SELECT GET_LOCK('{lock}', 0)")).await?;
    Ok((held == [[Some("1".to_string())]]).then_some(Announced { socket, account, session, lock }))
}

/// A connection through the socket, if it leads to the server on which the lock is held, and to the same account.
async fn through(announced: &Announced, target: &Target) -> Result<Option<Client>, Trouble> {
    let mut near = target.reach().await?;
    let found = near.ask(&format!("SELECT IS_USED_LOCK('{}'), CURRENT_USER()", announced.lock)).await?;
    if found == [[Some(announced.session.clone()), Some(announced.account.clone())]] {
        return Ok(Some(near));
    }
    near.quit().await?;
    Ok(None)
}
