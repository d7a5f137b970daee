//! Who does the client library's work on the wire.
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

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use relata_sql::driver::BoxFuture;
use relata_sql::{Answer, Result};

/// The wire's future, until it ends or a task of its own has taken it over.
#[derive(Clone)]
pub(crate) struct Engine(Arc<Mutex<Option<BoxFuture<'static, ()>>>>);

impl Engine {
    pub(crate) fn new(wire: impl Future<Output = ()> + Send + 'static) -> Self {
        Engine(Arc::new(Mutex::new(Some(Box::pin(wire)))))
    }

    /// An answer that serves the wire while it is awaited.
    pub(crate) fn answer<'a, T: 'a>(&self, work: impl Future<Output = Result<T>> + Send + 'a) -> Answer<'a, T> {
        let mut watch = Watch { engine: self.clone(), over: false };
        Answer::later(async move {
            let mut work = pin!(work);
            let result = poll_fn(|context| watch.engine.poll(work.as_mut(), context)).await;
            watch.came();
            result
        })
    }

    fn poll<T>(&self, mut work: Pin<&mut impl Future<Output = T>>, context: &mut Context<'_>) -> Poll<T> {
        // What has come before is delivered first, and what the work asks for goes out at once.
        self.turn(context);
        if let Poll::Ready(result) = work.as_mut().poll(context) {
            return Poll::Ready(result);
        }
        self.turn(context);
        work.poll(context)
    }

    /// Reads and writes what can be without waiting.
    fn turn(&self, context: &mut Context<'_>) {
        let mut wire = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(future) = wire.as_mut()
            && future.as_mut().poll(context).is_ready()
        {
            *wire = None;
        }
    }

    /// Notices what the server has said while nobody waited, for one that its connection is over.
    pub(crate) fn look(&self) {
        self.turn(&mut Context::from_waker(Waker::noop()));
    }

    /// Leaves the wire to a task of its own. Outside of a runtime it is closed.
    pub(crate) fn detach(&self) {
        let wire = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
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
