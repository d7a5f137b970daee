//! From a wire to a connection that is logged in: the greeting, encryption, the proof of who asks.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use mysql_common::constants::{CapabilityFlags, MariadbCapabilities};
use mysql_common::io::ParseBuf;
use mysql_common::packets::{AuthPlugin, AuthSwitchRequest, HandshakePacket, HandshakeResponse, SslRequest};
use mysql_common::proto::MySerialize;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use crate::client::{Agreed, Client, Trouble, nonsense, refusal};
use crate::line::Line;
use crate::packets::Ended;
use crate::wire::Wire;

/// The longest packet the protocol knows; the server's own `max_allowed_packet` is what limits.
const LONGEST_PACKET: u32 = 1 << 30;

/// No server greets at such length.
const LONGEST_GREETING: usize = 4096;

/// `utf8mb4_general_ci`; the session says which character set it wants.
const COLLATION: u8 = 45;

/// What MySQL had before it kept proofs of passwords in memory.
const SHA256: AuthPlugin<'static> = AuthPlugin::Other(Cow::Borrowed(b"sha256_password"));

/// How many bytes the server gives to be mixed with a password.
const NONCE: usize = 20;

/// Encryption as the URL asks for it.
#[derive(Clone)]
pub(crate) struct Encryption {
    pub config: Arc<ClientConfig>,
    pub name: ServerName<'static>,
    /// Without it there is no connection.
    pub required: bool,
}

/// Who asks for what.
#[derive(Clone)]
pub(crate) struct Login {
    pub user: String,
    pub password: Option<String>,
    pub database: Option<String>,
    pub program: String,
    pub encryption: Option<Encryption>,
}

const WANTED: CapabilityFlags = CapabilityFlags::CLIENT_PROTOCOL_41
    .union(CapabilityFlags::CLIENT_SECURE_CONNECTION)
    .union(CapabilityFlags::CLIENT_LONG_PASSWORD)
    .union(CapabilityFlags::CLIENT_LONG_FLAG)
    .union(CapabilityFlags::CLIENT_FOUND_ROWS)
    .union(CapabilityFlags::CLIENT_TRANSACTIONS)
    .union(CapabilityFlags::CLIENT_MULTI_STATEMENTS)
    .union(CapabilityFlags::CLIENT_MULTI_RESULTS)
    .union(CapabilityFlags::CLIENT_PS_MULTI_RESULTS)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA)
    .union(CapabilityFlags::CLIENT_CONNECT_WITH_DB)
    .union(CapabilityFlags::CLIENT_CONNECT_ATTRS)
    .union(CapabilityFlags::CLIENT_DEPRECATE_EOF)
    .union(CapabilityFlags::CLIENT_SSL);

/// What the server said of itself.
struct Greeting {
    capabilities: CapabilityFlags,
    mariadb: MariadbCapabilities,
    is_mariadb: bool,
    session: u32,
    version: (u16, u16, u16),
    plugin: AuthPlugin<'static>,
    nonce: Vec<u8>,
}

/// Logs in.
pub(crate) async fn enter(wire: Wire, login: &Login) -> Result<Client, Trouble> {
    let mut line = Line::new(wire);
    let mut greeting = greeted(&mut line).await?;
    if matches!(line.wire(), Wire::Unix(_)) || login.encryption.is_none() {
        greeting.capabilities.remove(CapabilityFlags::CLIENT_SSL);
    }
    if login.database.is_none() {
        greeting.capabilities.remove(CapabilityFlags::CLIENT_CONNECT_WITH_DB);
    }
    if let Some(encryption) = &login.encryption {
        if greeting.capabilities.contains(CapabilityFlags::CLIENT_SSL) {
            line = encrypted(line, &greeting, encryption).await?;
        } else if encryption.required {
            return Err(Trouble::NoTls);
        }
    }
    respond(&mut line, &greeting, login).await?;
    let agreed = Agreed {
        session: greeting.session,
        version: greeting.version,
        ends_alike: greeting.capabilities.contains(CapabilityFlags::CLIENT_DEPRECATE_EOF),
        spares_columns: greeting.mariadb.contains(MariadbCapabilities::MARIADB_CLIENT_CACHE_METADATA),
        mariadb: greeting.is_mariadb,
    };
    let ended = prove(&mut line, greeting.plugin, greeting.nonce, login.password.as_deref()).await?;
    Ok(Client::new(line, agreed, ended))
}

async fn greeted(line: &mut Line) -> Result<Greeting, Trouble> {
    let packet = line.next_within(LONGEST_GREETING).await?;
    let bytes = line.bytes(packet);
    if bytes.first() == Some(&0xFF) {
        return Err(refusal(bytes));
    }
    let greeting = ParseBuf(bytes).parse::<HandshakePacket<'_>>(())?;
    let mut nonce = greeting.scramble_1_ref().to_vec();
    nonce.extend_from_slice(greeting.scramble_2_ref().unwrap_or_default());
    nonce.resize(NONCE, 0);
    let capabilities = greeting.capabilities();
    // MariaDB says so by leaving out what MySQL always says.
    let is_mariadb = !capabilities.contains(CapabilityFlags::CLIENT_LONG_PASSWORD);
    let mariadb = if is_mariadb { greeting.mariadb_ext_capabilities() } else { MariadbCapabilities::empty() };
    let version = greeting.maria_db_server_version_parsed().or_else(|| greeting.server_version_parsed());
    let plugin = match greeting.auth_plugin() {
        Some(AuthPlugin::CachingSha2Password) => AuthPlugin::CachingSha2Password,
        _ => AuthPlugin::MysqlNativePassword,
    };
    Ok(Greeting {
        capabilities: capabilities & WANTED,
        mariadb: mariadb & MariadbCapabilities::MARIADB_CLIENT_CACHE_METADATA,
        is_mariadb,
        session: greeting.connection_id(),
        version: version.unwrap_or_default(),
        plugin,
        nonce,
    })
}

async fn encrypted(mut line: Line, greeting: &Greeting, encryption: &Encryption) -> Result<Line, Trouble> {
    let request =
        SslRequest::new(greeting.capabilities, LONGEST_PACKET, COLLATION).with_mariadb_capabilities(greeting.mariadb);
    line.answer(|out| request.serialize(out));
    line.flush().await?;
    let number = line.number();
    // Somebody in between could have put packets there that were believed later.
    let Some(Wire::Tcp(stream)) = line.into_wire() else { return Err(nonsense("more than a greeting")) };
    let connector = TlsConnector::from(encryption.config.clone());
    let stream = connector.connect(encryption.name.clone(), stream).await?;
    Ok(Line::new(Wire::Tls(Box::new(stream))).go_on_from(number))
}

async fn respond(line: &mut Line, greeting: &Greeting, login: &Login) -> Result<(), Trouble> {
    let proof = greeting.plugin.gen_data(login.password.as_deref(), &greeting.nonce);
    let attributes = [
        ("_client_name", "relata"),
        ("_client_version", env!("CARGO_PKG_VERSION")),
        ("_os", std::env::consts::OS),
        ("_platform", std::env::consts::ARCH),
        ("program_name", &login.program),
    ];
    let attributes: HashMap<_, _> = attributes.map(|(name, value)| (name.to_string(), value.to_string())).into();
    let has_attributes = greeting.capabilities.contains(CapabilityFlags::CLIENT_CONNECT_ATTRS);
    let response = HandshakeResponse::new(
        proof.as_deref(),
        greeting.version,
        Some(login.user.as_bytes()),
        login.database.as_ref().map(|name| name.as_bytes()),
        Some(greeting.plugin.borrow()),
        greeting.capabilities,
        has_attributes.then_some(attributes),
        LONGEST_PACKET,
    )
    .with_mariadb_ext_capabilities(greeting.mariadb);
    line.answer(|out| response.serialize(out));
    Ok(line.flush().await?)
}

/// Proves who asks, in the way that the server wants it for this account.
async fn prove(
    line: &mut Line,
    mut plugin: AuthPlugin<'static>,
    mut nonce: Vec<u8>,
    password: Option<&str>,
) -> Result<Ended, Trouble> {
    let mut switched = false;
    loop {
        let packet = line.next().await?;
        let bytes = line.bytes(packet);
        match *bytes {
            [0x00, ..] => return Ended::read(bytes).ok_or_else(|| nonsense("the end of a login")),
            [0xFF, ..] => return Err(refusal(bytes)),
            [0xFE] => return Err(Trouble::Login("mysql_old_password".into())),
            [0xFE, ..] if !switched => {
                switched = true;
                let request = ParseBuf(bytes).parse::<AuthSwitchRequest<'_>>(())?;
                plugin = known(request.auth_plugin())?;
                nonce = request.plugin_data().to_vec();
                if plugin == SHA256 {
                    whole_password(line, &nonce, password, 0x01).await?;
                    continue;
                }
                let proof = plugin.gen_data(password, &nonce);
                line.answer(|out| out.extend_from_slice(proof.as_deref().unwrap_or_default()));
                line.flush().await?;
            }
            // The server knows the password from before.
            [0x01, 0x03] if plugin == AuthPlugin::CachingSha2Password => {}
            [0x01, 0x04] if plugin == AuthPlugin::CachingSha2Password => {
                whole_password(line, &nonce, password, 0x02).await?;
            }
            _ => return Err(nonsense("a question while logging in")),
        }
    }
}

/// The ways in that are known here; a password in the clear is none of them.
fn known(plugin: AuthPlugin<'_>) -> Result<AuthPlugin<'static>, Trouble> {
    match plugin {
        AuthPlugin::MysqlNativePassword | AuthPlugin::CachingSha2Password | AuthPlugin::Ed25519 => {
            Ok(plugin.into_owned())
        }
        other if other == SHA256 => Ok(SHA256),
        other => Err(Trouble::Login(String::from_utf8_lossy(other.as_bytes()).into_owned())),
    }
}

/// The password itself, where nobody reads along; else encrypted for the server's key, which is asked for by this word.
async fn whole_password(line: &mut Line, nonce: &[u8], password: Option<&str>, ask: u8) -> Result<(), Trouble> {
    let mut secret = password.unwrap_or_default().as_bytes().to_vec();
    secret.push(0);
    if !line.wire().is_private() && secret.len() > 1 {
        line.answer(|out| out.push(ask));
        line.flush().await?;
        let packet = line.next().await?;
        let key = line.bytes(packet).get(1..).filter(|key| key.starts_with(b"-----BEGIN PUBLIC KEY-----"));
        let key = key.ok_or_else(|| nonsense("a key for the password"))?;
        secret.iter_mut().zip(nonce.iter().cycle()).for_each(|(byte, mix)| *byte ^= mix);
        secret = mysql_common::crypto::encrypt(&secret, key);
    }
    line.answer(|out| out.extend_from_slice(&secret));
    Ok(line.flush().await?)
}
