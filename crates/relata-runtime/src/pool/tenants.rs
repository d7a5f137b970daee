//! Limits per tenant: one that asks for everything leaves connections for the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use relata_sql::{Error, Kind, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A tenant and its share of the connections.
#[derive(Debug)]
pub(crate) struct Tenant {
    name: String,
    most: u32,
    share: Arc<Semaphore>,
}

/// One connection of a tenant's share.
pub(crate) type TenantPermit = OwnedSemaphorePermit;

/// The tenants that somebody speaks for just now.
#[derive(Default)]
pub(crate) struct Tenants(Mutex<HashMap<String, Weak<Tenant>>>);

impl Tenants {
    /// The tenant of a name: the same for all who ask at the same time.
    pub(crate) fn named(&self, name: &str, most: u32) -> Arc<Tenant> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tenant) = known.get(name).and_then(Weak::upgrade) {
            return tenant;
        }
        known.retain(|_, tenant| tenant.strong_count() > 0);
        let permits = (most as usize).min(Semaphore::MAX_PERMITS);
        let tenant = Arc::new(Tenant { name: name.to_string(), most, share: Arc::new(Semaphore::new(permits)) });
        known.insert(name.to_string(), Arc::downgrade(&tenant));
        tenant
    }
}

impl Tenant {
    pub(crate) fn try_enter(&self) -> Option<TenantPermit> {
        self.share.clone().try_acquire_owned().ok()
    }

    /// One of its connections, when it has fewer than its share.
    pub(crate) async fn enter(&self, until: Instant) -> Result<TenantPermit> {
        match tokio::time::timeout_at(until.into(), self.share.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => {
                let message =
                    format!("the tenant {:?} holds all {} connections that one may have", self.name, self.most);
                Err(Error::new(Kind::PoolTimeout, message)
                    .hint("other tenants are not affected; raise `tenant_connections`, or finish its work sooner"))
            }
        }
    }
}
