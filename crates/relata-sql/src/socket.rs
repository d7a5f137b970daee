//! The Unix socket of a server on this machine.
//!
//! A stream of the runtime's is woken by two things: something has come, and what was sent has been taken. The second comes once
//! for each question, and nobody waits for it. Where the answer follows at once it does no harm, and even good: the
//! processor is awake when the answer comes. Where it takes longer, client and server are kept from their work for
//! nothing. So a stream whose answers usually take long is woken by what comes in only (decision 0016 has the figures).

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream as Plain;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;

use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::UnixStream;
use tokio::runtime::Handle;

/// Answers that usually take longer, in nanoseconds, are long, and short again when they take less than the other. One that is woken by
/// what comes in only takes some 15 µs longer if it is short.
const LONG: u64 = 95_000;
const SHORT: u64 = 90_000;

/// Until more is known.
const AT_FIRST: u64 = 50_000;

/// One that takes longer counts as this, so that a single one is soon forgotten.
const MOST: u64 = 400_000;

/// A stream to a server.
pub struct Socket {
    way: Way,
    /// Who waits for something to come in: asks again where the way has changed, for it is woken on the former one.
    reader: Option<Waker>,
    /// Where it was connected: it is woken there, whoever uses it.
    runtime: Handle,
    /// When the last question left, and when the last of its answer came.
    asked: Instant,
    answered: Instant,
    /// How long answers take, in nanoseconds, as an average that forgets.
    usual: u64,
}

enum Way {
    /// Woken by both.
    Both(UnixStream),
    /// Woken by what comes in.
    In(AsyncFd<Plain>),
    /// It was lost on the way from one to the other.
    Lost,
}

impl Socket {
    /// Connects.
    ///
    /// # Errors
    /// What the system says.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        UnixStream::connect(path).await.map(Socket::from)
    }

    /// Sends what goes at once.
    ///
    /// # Errors
    /// `WouldBlock`; what the system says.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.way {
            Way::Both(stream) => stream.try_write(bytes),
            Way::In(stream) => stream.get_ref().write(bytes),
            Way::Lost => Err(lost()),
        }
    }

    /// Reads what is there.
    ///
    /// # Errors
    /// `WouldBlock`; what the system says.
    pub fn try_read(&self, into: &mut [u8]) -> io::Result<usize> {
        match &self.way {
            Way::Both(stream) => stream.try_read(into),
            Way::In(stream) => stream.get_ref().read(into),
            Way::Lost => Err(lost()),
        }
    }

    /// A question is about to leave: the answer before it is over.
    fn ask(&mut self) -> io::Result<()> {
        if self.answered > self.asked {
            let took = u64::try_from((self.answered - self.asked).as_nanos()).unwrap_or(MOST).min(MOST);
            self.usual = self.usual - self.usual / 8 + took / 8;
            match self.way {
                Way::Both(_) if self.usual > LONG => self.be_woken_by_both(false)?,
                Way::In(_) if self.usual < SHORT => self.be_woken_by_both(true)?,
                _ => {}
            }
        }
        self.asked = Instant::now();
        Ok(())
    }

    fn be_woken_by_both(&mut self, both: bool) -> io::Result<()> {
        let _there = self.runtime.enter();
        self.way = match (std::mem::replace(&mut self.way, Way::Lost), both) {
            (Way::Both(stream), false) => Way::In(woken_by_input(stream.into_std()?)?),
            (Way::In(stream), true) => Way::Both(UnixStream::from_std(stream.into_inner())?),
            (same, _) => same,
        };
        self.reader.take().inspect(Waker::wake_by_ref);
        Ok(())
    }
}

impl From<UnixStream> for Socket {
    /// # Panics
    /// Outside of a runtime.
    fn from(stream: UnixStream) -> Self {
        let now = Instant::now();
        Socket {
            way: Way::Both(stream),
            reader: None,
            runtime: Handle::current(),
            asked: now,
            answered: now,
            usual: AT_FIRST,
        }
    }
}

#[allow(
    deprecated,
    reason = "what is dangerous are descriptors that others may close: a socket of the standard library is its own"
)]
fn woken_by_input(stream: Plain) -> io::Result<AsyncFd<Plain>> {
    AsyncFd::with_interest(stream, Interest::READABLE)
}

fn lost() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the system took the socket")
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let socket = self.get_mut();
        let read = match &mut socket.way {
            Way::Both(stream) => Pin::new(stream).poll_read(context, buffer)?,
            Way::In(stream) => poll_read(stream, context, buffer)?,
            Way::Lost => return Poll::Ready(Err(lost())),
        };
        match (read, &mut socket.reader) {
            (Poll::Ready(()), _) => socket.answered = Instant::now(),
            (Poll::Pending, Some(reader)) => reader.clone_from(context.waker()),
            (Poll::Pending, none) => *none = Some(context.waker().clone()),
        }
        read.map(Ok)
    }
}

fn poll_read(stream: &AsyncFd<Plain>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
    loop {
        let mut is_ready = ready!(stream.poll_read_ready(context))?;
        let room = buffer.initialize_unfilled();
        let wanted = room.len();
        match is_ready.try_io(|stream| stream.get_ref().read(room)) {
            Ok(Ok(read)) => {
                if 0 < read && read < wanted {
                    // That was all there is.
                    is_ready.clear_ready();
                }
                buffer.advance(read);
                return Poll::Ready(Ok(()));
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(Err(error)) => return Poll::Ready(Err(error)),
            Err(_would_block) => {}
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let socket = self.get_mut();
        socket.ask()?;
        loop {
            match &mut socket.way {
                Way::Both(stream) => return Pin::new(stream).poll_write(context, bytes),
                Way::In(stream) => match stream.get_ref().write(bytes) {
                    // Now somebody waits for what was sent to be taken.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => socket.be_woken_by_both(true)?,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    sent => return Poll::Ready(sent),
                },
                Way::Lost => return Poll::Ready(Err(lost())),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().way {
            Way::Both(stream) => Pin::new(stream).poll_shutdown(context),
            Way::In(stream) => Poll::Ready(stream.get_ref().shutdown(std::net::Shutdown::Write)),
            Way::Lost => Poll::Ready(Ok(())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn pair() -> (Socket, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (ours.into(), theirs)
    }

    impl Socket {
        /// As if answers took so long.
        fn takes(&mut self, time: Duration) {
            self.usual = u64::try_from(time.as_nanos()).unwrap();
            self.answered = self.asked + time;
        }
    }

    #[tokio::test]
    async fn it_is_woken_as_its_answers_take_long_or_not() {
        let (mut ours, mut theirs) = pair();
        for (took, both) in [(50, true), (120, false), (92, false), (60, true), (92, true), (5_000_000, false)] {
            ours.takes(Duration::from_micros(took));
            ours.write_all(b"question").await.unwrap();
            assert_eq!(matches!(ours.way, Way::Both(_)), both, "{took} µs");
            theirs.read_exact(&mut [0; 8]).await.unwrap();
            theirs.write_all(b"answer").await.unwrap();
            let mut answer = [0; 64];
            assert_eq!(ours.read(&mut answer).await.unwrap(), 6, "{took} µs");
        }
        ours.shutdown().await.unwrap();
        assert_eq!(theirs.read(&mut [0]).await.unwrap(), 0);
        drop(theirs);
        assert_eq!(ours.read(&mut [0]).await.unwrap(), 0);
    }

    /// Whoever has waited since before is told of what comes on the new way.
    #[tokio::test]
    async fn who_waits_is_woken_on_either_way() {
        let (mut ours, mut theirs) = pair();
        for took in [120, 20, 120] {
            ours.takes(Duration::from_micros(took));
            let (mut read, mut write) = tokio::io::split(ours);
            let reading = tokio::spawn(async move {
                let mut answer = [0; 64];
                let came = read.read(&mut answer).await.unwrap();
                (read, came)
            });
            // It waits before the question leaves.
            tokio::task::yield_now().await;
            write.write_all(b"question").await.unwrap();
            theirs.read_exact(&mut [0; 8]).await.unwrap();
            theirs.write_all(b"answer").await.unwrap();
            let (read, came) = tokio::time::timeout(Duration::from_secs(20), reading).await.unwrap().unwrap();
            assert_eq!(came, 6);
            ours = read.unsplit(write);
        }
    }

    /// More than a socket holds, both ways at the same time, while the way changes with each piece.
    #[tokio::test]
    async fn nothing_is_lost_or_twice_on_the_way() {
        const BYTES: usize = 3_000_000;
        let (ours, theirs) = pair();
        let sent: Vec<u8> = (0..BYTES).map(|at| (at * 7 / 3) as u8).collect();
        let (mut read, mut write) = tokio::io::split(theirs);
        let echo = tokio::spawn(async move { tokio::io::copy(&mut read, &mut write).await });
        let mut ours = ours;
        let (mut came, mut left) = (Vec::<u8>::new(), &sent[..]);
        let mut piece = vec![0; 50_000];
        while came.len() < BYTES {
            if !left.is_empty() {
                let long = Duration::from_micros(if left.len() % 2 == 0 { 120 } else { 20 });
                ours.takes(long);
                let some = left.len().min(70_001);
                tokio::select! {
                    written = ours.write(&left[..some]) => left = &left[written.unwrap()..],
                    () = tokio::time::sleep(Duration::from_millis(1)) => {}
                }
            }
            tokio::select! {
                read = ours.read(&mut piece) => came.extend(&piece[..read.unwrap()]),
                () = tokio::time::sleep(Duration::from_millis(1)) => {}
            }
        }
        assert!(came == sent);
        drop(ours);
        assert_eq!(echo.await.unwrap().unwrap(), BYTES as u64);
    }

    #[test]
    fn it_is_woken_where_it_was_connected_whoever_uses_it() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (mut ours, mut theirs) = runtime.block_on(async { pair() });
        let other = tokio::runtime::Builder::new_current_thread().build().unwrap();
        other.block_on(async {
            ours.takes(Duration::from_micros(120));
            ours.write_all(b"question").await.unwrap();
        });
        drop(other);
        assert!(matches!(ours.way, Way::In(_)));
        runtime.block_on(async {
            theirs.write_all(b"answer").await.unwrap();
            assert_eq!(ours.read(&mut [0; 64]).await.unwrap(), 6);
        });
    }
}
