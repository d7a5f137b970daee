//! The line to a server, shared by two who never use it at the same time: the client library, which connects, looks up
//! types and reads catalogues, and the driver itself, which writes statements and hands rows on from where they came in.
//!
//! Invariants
//! - While answers to the driver's own requests are due, the library reads nothing; what has come after them is the
//!   library's. Both begin at the head of a message.
//! - The driver reads when somebody waits, and no further than it is asked to: rows nobody fetches stay on the wire.
//! - An answer that is given up before it came is read to its end by a task, so that the server is never kept waiting
//!   for a reader; whoever comes next waits for that task.
//! - The state of the transaction is what the last `ReadyForQuery` said, whoever read it.

use std::future::poll_fn;
use std::io;
use std::ops::{ControlFlow, Range};
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use crate::frame::Frame;
use crate::message;

/// What is read at once. A message that is longer gets the room it needs for as long as it needs it.
const READ_AT_ONCE: usize = 32 * 1024;

/// Bytes that go both ways.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Transport for T {}

/// The line to a server.
pub(crate) struct Line {
    state: Mutex<State>,
    status: AtomicU8,
    /// A task that read to the end is over.
    drained: Notify,
}

struct State {
    /// None until the client library has agreed on encryption with the server.
    transport: Option<Pin<Box<dyn Transport>>>,
    input: Input,
    output: BytesMut,
    /// The transport was given bytes that it may still hold.
    unflushed: bool,
    /// How many of the driver's own requests are not answered to the end.
    due: usize,
    /// Rows are being sent to a `COPY` that is one of them.
    copying: bool,
    /// A task reads what is due.
    draining: bool,
    closed: bool,
    /// How far the library has come in the server's messages.
    frame: Frame,
    /// The library waits for something to read: on the transport, or for its turn.
    library: Option<Waker>,
}

impl Line {
    /// A line that has no transport yet.
    pub(crate) fn new() -> Arc<Self> {
        let state = State {
            transport: None,
            input: Input::default(),
            output: BytesMut::new(),
            unflushed: false,
            due: 0,
            copying: false,
            draining: false,
            closed: false,
            frame: Frame::default(),
            library: None,
        };
        Arc::new(Line { state: Mutex::new(state), status: AtomicU8::new(b'I'), drained: Notify::new() })
    }

    /// Gives it its transport.
    pub(crate) fn connect(&self, transport: impl Transport + 'static) {
        self.state().transport = Some(Box::pin(transport));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a transaction is open, also a failed one.
    pub(crate) fn in_transaction(&self) -> bool {
        self.status.load(Ordering::Acquire) != b'I'
    }

    /// The number that the server's process said it has.
    pub(crate) fn process(&self) -> i32 {
        self.state().frame.process()
    }

    /// Answers are due.
    pub(crate) fn is_busy(&self) -> bool {
        self.state().due > 0
    }

    /// The library has read half a message.
    pub(crate) fn is_halfway(&self) -> bool {
        self.state().frame.is_halfway()
    }

    /// Whether the server has ended the connection, as far as somebody has read.
    pub(crate) fn was_closed(&self) -> bool {
        self.state().closed
    }

    /// Whether the server has ended the connection; looks at what it has said while nobody waited. Not to be asked while
    /// the library waits for an answer: that would be looked away.
    pub(crate) fn is_closed(&self) -> bool {
        let state = &mut *self.state();
        if state.closed || state.due > 0 || state.frame.is_halfway() {
            return state.closed;
        }
        // A transport wakes whoever looked last: a task of the library's that listens must stay the one.
        let waker = state.library.clone();
        let mut context = Context::from_waker(waker.as_ref().unwrap_or(Waker::noop()));
        loop {
            match state.next() {
                // Nobody asked: it is the reason why the server ends the connection.
                Ok(Some((b'E', _))) | Err(_) => state.closed = true,
                Ok(Some(_)) => continue,
                Ok(None) => match state.poll_fill(&mut context) {
                    Poll::Pending => return false,
                    Poll::Ready(Ok(())) => continue,
                    Poll::Ready(Err(_)) => state.closed = true,
                },
            }
            return true;
        }
    }

    /// Writes requests that are answered by so many `ReadyForQuery`; they leave when an answer is waited for. If `write`
    /// fails, none of it is sent.
    pub(crate) fn send<E>(&self, answers: usize, write: impl FnOnce(&mut BytesMut) -> Result<(), E>) -> Result<(), E> {
        let state = &mut *self.state();
        let before = state.output.len();
        match write(&mut state.output) {
            Ok(()) => state.due += answers,
            Err(error) => {
                state.output.truncate(before);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Gives the messages that come, each with its type, to `take` until that has enough.
    ///
    /// # Errors
    /// The connection is over, or what came is no message.
    pub(crate) async fn receive(&self, mut take: impl FnMut(u8, &[u8]) -> ControlFlow<()>) -> io::Result<()> {
        poll_fn(|context| self.poll_receive(context, &mut take)).await
    }

    fn poll_receive(
        &self,
        context: &mut Context<'_>,
        take: &mut impl FnMut(u8, &[u8]) -> ControlFlow<()>,
    ) -> Poll<io::Result<()>> {
        let state = &mut *self.state();
        loop {
            while let Some((tag, body)) = state.next()? {
                let body = &state.input.bytes[body];
                if tag == b'Z' {
                    self.status.store(body.first().copied().unwrap_or(b'I'), Ordering::Release);
                    state.due = state.due.saturating_sub(1);
                }
                if take(tag, body).is_break() {
                    state.give_back();
                    return Poll::Ready(Ok(()));
                }
            }
            // The server's last words are worth more than that it does not listen any more.
            if let Poll::Ready(Err(_)) = state.poll_send(context) {
                state.output.clear();
            }
            ready!(state.poll_fill(context))?;
        }
    }

    /// Sends everything that was written and reads what comes meanwhile; `true` if the server refuses what it is sent. That it
    /// says other things is no refusal: it may consent, or tell of something.
    pub(crate) async fn flush(&self) -> io::Result<bool> {
        poll_fn(|context| {
            let state = &mut *self.state();
            loop {
                if state.poll_send(context)?.is_ready() {
                    return Poll::Ready(Ok(state.input.has_refusal()));
                }
                // A server that does not read until it is read from.
                ready!(state.poll_fill(context))?;
                if state.input.has_refusal() {
                    return Poll::Ready(Ok(true));
                }
            }
        })
        .await
    }

    /// Rows are going to be sent: should that be given up, the server is told.
    pub(crate) fn copying(&self) {
        self.state().copying = true;
    }

    /// All rows were sent, or shall not count.
    pub(crate) fn end_copy(&self, all: bool) {
        let state = &mut *self.state();
        if all {
            state.copying = false;
            message::copy_done(&mut state.output);
        } else {
            state.fail_copy();
        }
    }

    /// Waits until nothing is due.
    ///
    /// # Errors
    /// As [`Line::receive`].
    pub(crate) async fn drain(&self) -> io::Result<()> {
        loop {
            let over = self.drained.notified();
            {
                let state = self.state();
                if state.due == 0 {
                    return Ok(());
                }
                if !state.draining {
                    break;
                }
            }
            over.await;
        }
        self.read_out().await
    }

    async fn read_out(&self) -> io::Result<()> {
        self.state().fail_copy();
        while self.is_busy() {
            self.receive(|tag, _| if tag == b'Z' { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }).await?;
        }
        Ok(())
    }

    /// Leaves what is due to a task. Outside of a runtime the next who comes reads it.
    fn leave(self: &Arc<Self>) {
        let mut state = self.state();
        if state.due == 0 || state.draining {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            state.draining = true;
            // A runtime that is going down drops the task where it is spawned, and the task takes the lock.
            drop(state);
            let draining = Draining(self.clone());
            runtime.spawn(async move { draining.0.read_out().await });
        }
    }
}

/// A task that reads what is due, for as long as it runs.
struct Draining(Arc<Line>);

impl Drop for Draining {
    fn drop(&mut self) {
        self.0.state().draining = false;
        self.0.drained.notify_waiters();
    }
}

/// Notices that an answer was given up.
pub(crate) struct Watch {
    line: Arc<Line>,
    over: bool,
}

impl Watch {
    pub(crate) fn new(line: &Arc<Line>) -> Self {
        Watch { line: line.clone(), over: false }
    }

    /// The answer came.
    pub(crate) fn came(mut self) {
        self.over = true;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.over {
            self.line.leave();
        }
    }
}

impl State {
    fn transport(&mut self) -> io::Result<Pin<&mut dyn Transport>> {
        match &mut self.transport {
            Some(transport) => Ok(transport.as_mut()),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// The next message that has come whole: its type and where it is.
    #[inline]
    fn next(&mut self) -> io::Result<Option<(u8, Range<usize>)>> {
        self.input.next()
    }

    /// The library's turn again, if it asked.
    fn give_back(&mut self) {
        if self.due == 0
            && let Some(waker) = self.library.take()
        {
            waker.wake();
        }
    }

    fn library_waits(&mut self, context: &Context<'_>) {
        match &mut self.library {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
    }

    fn fail_copy(&mut self) {
        if std::mem::take(&mut self.copying) {
            message::copy_fail(&mut self.output);
        }
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.output.is_empty() && !self.unflushed {
            return Poll::Ready(Ok(()));
        }
        let Some(transport) = &mut self.transport else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        self.unflushed = true;
        while !self.output.is_empty() {
            match ready!(transport.as_mut().poll_write(context, &self.output))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.output.advance(sent),
            }
        }
        if self.output.capacity() > 8 * READ_AT_ONCE {
            self.output = BytesMut::new();
        }
        ready!(transport.as_mut().poll_flush(context))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }

    /// Reads something more.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(transport) = &mut self.transport else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let mut buffer = ReadBuf::new(self.input.room());
        let result = ready!(transport.as_mut().poll_read(context, &mut buffer));
        let read = buffer.filled().len();
        self.input.end += read;
        let result = result.and_then(|()| if read == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) });
        self.closed |= result.is_err();
        Poll::Ready(result)
    }
}

/// What has come and was not taken yet: `bytes[start..end]`.
#[derive(Default)]
struct Input {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// So many bytes the message takes of which a part has come.
    wanted: usize,
}

impl Input {
    #[inline]
    fn next(&mut self) -> io::Result<Option<(u8, Range<usize>)>> {
        let Some(&[tag, a, b, c, d]) = self.bytes[self.start..self.end].first_chunk() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if !(4..1 << 30).contains(&length) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a message of an impossible length"));
        }
        if self.end - self.start <= length {
            self.wanted = length + 1;
            return Ok(None);
        }
        let body = self.start + 5..self.start + 1 + length;
        self.start = body.end;
        Ok(Some((tag, body)))
    }

    fn has_message(&self) -> bool {
        self.start < self.end
    }

    /// Whether an error is among what has come and was not taken.
    fn has_refusal(&self) -> bool {
        let mut rest = &self.bytes[self.start..self.end];
        while let Some((tag, after)) = rest.split_first() {
            if *tag == b'E' {
                return true;
            }
            let length = after.first_chunk().map(|length| u32::from_be_bytes(*length) as usize);
            rest = length.and_then(|length| after.get(length..)).unwrap_or_default();
        }
        false
    }

    /// Room for more. What is there moves to the front if it has to.
    fn room(&mut self) -> &mut [u8] {
        let needed = self.wanted.max(READ_AT_ONCE);
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.bytes.len() > 8 * needed {
                self.bytes = Vec::new();
            }
        }
        if self.bytes.len() - self.start < needed || self.bytes.len() == self.end {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if self.bytes.len() < needed {
                self.bytes.resize(needed.next_power_of_two(), 0);
            }
        }
        self.wanted = 0;
        &mut self.bytes[self.end..]
    }
}

/// The line as the client library has it.
pub(crate) struct Shared(pub Arc<Line>);

impl AsyncRead for Shared {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let state = &mut *self.0.state();
        if state.due > 0 {
            state.library_waits(context);
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let input = &mut state.input;
        if input.has_message() {
            let take = buffer.remaining().min(input.end - input.start);
            buffer.put_slice(&input.bytes[input.start..input.start + take]);
            input.start += take;
        } else {
            let read = state.transport()?.poll_read(context, buffer)?;
            if read.is_pending() {
                state.library_waits(context);
                return Poll::Pending;
            }
        }
        if let Some(status) = state.frame.follow(&buffer.filled()[before..]) {
            self.0.status.store(status, Ordering::Release);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Shared {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let state = &mut *self.0.state();
        ready!(state.poll_send(context))?;
        state.transport()?.poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.state().transport()?.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.state().transport()?.poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::task::Wake;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Whether it was woken.
    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Release);
        }
    }

    #[tokio::test]
    async fn looking_whether_the_line_is_closed_leaves_the_library_its_waker() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let line = Line::new();
        line.connect(ours);
        let woken = Arc::<Woken>::default();
        let waker = woken.clone().into();
        let (mut shared, mut bytes) = (Shared(line.clone()), [0; 16]);
        let mut buffer = ReadBuf::new(&mut bytes);
        assert!(Pin::new(&mut shared).poll_read(&mut Context::from_waker(&waker), &mut buffer).is_pending());
        assert!(!line.is_closed());
        theirs.write_all(b"Z\0\0\0\x05I").await.unwrap();
        assert!(woken.0.load(Ordering::Acquire), "the library was not told that something has come");
        assert_eq!(shared.read(&mut [0; 16]).await.unwrap(), 6);
        drop(theirs);
        assert!(line.is_closed() && line.was_closed());
    }

    /// Like an encrypted transport whose socket is full: it takes what is written and holds it until the second flush, and
    /// the server answers what has reached it.
    #[derive(Default)]
    struct Holding {
        flushes: usize,
        answered: bool,
    }

    impl AsyncRead for Holding {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            if self.flushes < 2 || std::mem::replace(&mut self.answered, true) {
                return Poll::Pending;
            }
            buffer.put_slice(b"Z\0\0\0\x05I");
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Holding {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.flushes += 1;
            if self.flushes == 1 {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn what_the_transport_holds_is_sent_on() {
        let line = Line::new();
        line.connect(Holding::default());
        let sent = line.send::<io::Error>(1, |out| {
            message::sync(out);
            Ok(())
        });
        sent.unwrap();
        let answer = line.receive(|_, _| ControlFlow::Break(()));
        tokio::time::timeout(std::time::Duration::from_secs(20), answer).await.unwrap().unwrap();
        assert!(!line.is_busy());
    }
}
