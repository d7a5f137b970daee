//! Typed events: what has happened, told to whoever subscribed, once it has really happened.
//!
//! An [`Events`] is a value that the application makes and hands around; there is no global one. What is published inside a
//! transaction is told after its commit, once and in order, and never if it is rolled back. Handlers run on the task that
//! commits: what takes long they hand on. One that panics is told to the log and keeps nobody else from hearing: what has
//! been committed has happened.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::executor::Executor;

type Handler = Arc<dyn Fn(&dyn Any) + Send + Sync>;

/// Who wants to hear of which events. Clones are the same.
#[derive(Clone, Default)]
pub struct Events(Arc<RwLock<HashMap<TypeId, Vec<Handler>>>>);

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let types = self.0.read().unwrap_or_else(PoisonError::into_inner).len();
        write!(f, "Events of {types} types")
    }
}

impl Events {
    /// Nobody listens yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `handler` for each event of this type.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
    /// static SOLD: AtomicI64 = AtomicI64::new(0);
    /// let events = relata::Events::new();
    /// events.on(|amount: &i64| drop(SOLD.fetch_add(*amount, Relaxed)));
    /// events.publish(2_i64, &mut db);
    /// assert_eq!(SOLD.load(Relaxed), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on<T: Send + Sync + 'static>(&self, handler: impl Fn(&T) + Send + Sync + 'static) {
        let handler: Handler = Arc::new(move |event| {
            if let Some(event) = event.downcast_ref::<T>() {
                handler(event);
            }
        });
        self.0.write().unwrap_or_else(PoisonError::into_inner).entry(TypeId::of::<T>()).or_default().push(handler);
    }

    /// Tells of an event: after the commit where `executor` is a transaction, at once where it is a database.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// # use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
    /// # static SOLD: AtomicI64 = AtomicI64::new(0);
    /// let events = relata::Events::new();
    /// events.on(|amount: &i64| drop(SOLD.fetch_add(*amount, Relaxed)));
    /// transaction!(db, |tx| {
    ///     events.publish(2_i64, &mut tx);
    ///     Book::delete(3).exec(&mut tx).await
    /// })?;
    /// assert_eq!(SOLD.load(Relaxed), 2); // told after the commit
    /// # Ok(())
    /// # }
    /// ```
    pub fn publish<T: Send + Sync + 'static>(&self, event: T, executor: &mut impl Executor) {
        let events = self.clone();
        executor.after_commit(Box::new(move || events.tell(&event)));
    }

    fn tell<T: Send + Sync + 'static>(&self, event: &T) {
        let handlers = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&TypeId::of::<T>()).cloned();
        handlers.into_iter().flatten().for_each(|handler| undisturbed(|| handler(event)));
    }
}

/// Runs what comes after a commit: a panic in it is told and goes no further.
pub(crate) fn undisturbed(work: impl FnOnce()) {
    if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)) {
        let text =
            panic.downcast_ref::<&str>().map(|text| text.to_string()).or(panic.downcast_ref::<String>().cloned());
        let said = text.unwrap_or_else(|| "no message".to_string());
        tracing::error!(target: "relata::events", "what was to be done after a commit panicked: {said}");
    }
}
