//! Who does the client library's work on the wire: what it does for connecting, types and catalogues; statements go
//! their own way, see `line`.
//!
//! `tokio-postgres` splits a connection into a client that asks and a future that reads and writes. Usually that future
//! is a task of its own, and every statement pays two hops between tasks, often between threads. Here whoever waits for
//! an answer does that work while waiting, on the same thread.
//!
//! Invariants
//! - While an answer is awaited, the wire is served; while nobody waits, nothing is read, as nothing is expected.
//! - An answer that is given up before it came leaves the wire to a task of its own, so that the server is never kept
//!   waiting for a reader.
//! - The future is polled by one at a time and never again after its end.
//! - Client and wire wake each other by way of a [`Relay`]: while both are being polled that only means another turn, and
//!   the runtime, for which a wake may be a system call, hears of nothing but the socket.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;
use relata_sql::driver::BoxFuture;

/// So many turns are made in one go; then others get theirs.
const TURNS: usize = 64;

/// The wire's future and who is woken for it.
#[derive(Clone)]
pub(crate) struct Engine(Arc<Parts>);

struct Parts {
    /// Until it ends or a task of its own has taken it over.
    wire: Mutex<Option<BoxFuture<'static, ()>>>,
    relay: Arc<Relay>,
    /// Wakes the relay.
    waker: Waker,
}

/// Keeps wakes that client and wire give each other from the runtime.
#[derive(Default)]
struct Relay {
    state: AtomicU8,
    task: AtomicWaker,
}

/// Nobody polls: a wake goes on to the task.
const RESTING: u8 = 0;
/// Both are being polled.
const TURNING: u8 = 1;
/// They have been woken meanwhile: another turn is due.
const AGAIN: u8 = 2;

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let turning = |state| (state != RESTING).then_some(AGAIN);
        if self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, turning).is_err() {
            self.task.wake();
        }
    }
}

impl Engine {
    pub(crate) fn new(wire: impl Future<Output = ()> + Send + 'static) -> Self {
        let relay = Arc::<Relay>::default();
        let waker = relay.clone().into();
        Engine(Arc::new(Parts { wire: Mutex::new(Some(Box::pin(wire))), relay, waker }))
    }

    /// Waits for what the library was asked, serving the wire meanwhile.
    pub(crate) async fn serve<T>(&self, work: impl Future<Output = T>) -> T {
        let mut watch = Watch { engine: self.clone(), over: false };
        let mut work = pin!(work);
        let result = poll_fn(|context| watch.engine.poll(work.as_mut(), context)).await;
        watch.came();
        result
    }

    fn poll<T>(&self, mut work: Pin<&mut impl Future<Output = T>>, context: &mut Context<'_>) -> Poll<T> {
        let Relay { state, task } = &*self.0.relay;
        task.register(context.waker());
        let mut relayed = Context::from_waker(&self.0.waker);
        for _ in 0..TURNS {
            state.store(TURNING, Ordering::Release);
            // What has come before is delivered first, and what the work asks for goes out at once.
            self.turn(&mut relayed);
            let polled = work.as_mut().poll(&mut relayed);
            if polled.is_ready() {
                state.store(RESTING, Ordering::Release);
                return polled;
            }
            if state.swap(RESTING, Ordering::AcqRel) != AGAIN {
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads and writes what can be without waiting.
    fn turn(&self, context: &mut Context<'_>) {
        let mut wire = self.0.wire.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(future) = wire.as_mut()
            && future.as_mut().poll(context).is_ready()
        {
            *wire = None;
        }
    }

    /// Leaves the wire to a task of its own. Outside of a runtime it is closed.
    pub(crate) fn detach(&self) {
        let wire = self.0.wire.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (Some(wire), Ok(runtime)) = (wire, tokio::runtime::Handle::try_current()) {
            runtime.spawn(wire);
        }
    }
}

/// Notices that an answer was given up.
struct Watch {
    engine: Engine,
    over: bool,
}

impl Watch {
    /// The answer came.
    fn came(&mut self) {
        self.over = true;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.over {
            self.engine.detach();
        }
    }
}
