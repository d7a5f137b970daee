//! What carries the protocol: TCP, encrypted or not, or a Unix socket.

use std::io;

use relata_sql::socket::Socket;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// The transport to a server.
pub(crate) enum Wire {
    Tcp(TcpStream),
    Unix(Socket),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    pub(crate) async fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Tcp(stream) => stream.read(into).await,
            Wire::Unix(stream) => stream.read(into).await,
            Wire::Tls(stream) => stream.read(into).await,
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Wire::Tcp(stream) => stream.write_all(bytes).await,
            Wire::Unix(stream) => stream.write_all(bytes).await,
            Wire::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }

    /// Sends what goes at once.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Wire::Tcp(stream) => stream.try_write(bytes),
            Wire::Unix(stream) => stream.try_write(bytes),
            // What is encrypted is sent in portions of its own.
            Wire::Tls(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Says that nothing more will be sent.
    pub(crate) async fn shut(&mut self) -> io::Result<()> {
        match self {
            Wire::Tcp(stream) => stream.shutdown().await,
            Wire::Unix(stream) => stream.shutdown().await,
            Wire::Tls(stream) => stream.shutdown().await,
        }
    }

    /// Whether the server has closed it, as far as that has come here. To be asked between answers only: a server that has
    /// not been asked says nothing but good-bye. What comes encrypted may also be the protocol of the encryption.
    pub(crate) fn is_closed(&self) -> bool {
        let mut byte = [0];
        let read = match self {
            Wire::Tcp(stream) => stream.try_read(&mut byte),
            Wire::Unix(stream) => stream.try_read(&mut byte),
            Wire::Tls(_) => return false,
        };
        !matches!(read, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Whether nobody in between can read along.
    pub(crate) fn is_private(&self) -> bool {
        !matches!(self, Wire::Tcp(_))
    }
}
