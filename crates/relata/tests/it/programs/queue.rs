//! A queue of jobs: several workers, none of whom takes what another has; tries that fail come back later, and in the end stay; what a
//! worker took and never finished is taken again; periodic jobs are there once.

use std::collections::BTreeMap;

use relata::prelude::*;
use relata::{Case, Dialect, Result, Unit, count_rows, now};

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stand {
    Waiting,
    Running,
    Done,
    Dead,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "jobs")]
#[index(stand, due_at)]
pub struct Job {
    #[id]
    pub id: Id<Job>,
    #[check(len(1..=60))]
    pub kind: String,
    pub input: Json,
    pub stand: Stand,
    #[default(0)]
    pub tries: i32,
    pub due_at: Timestamp,
    /// Whoever has it by then has not finished it.
    pub held_until: Option<Timestamp>,
    pub error: Option<String>,
    /// There is one job of a name that is not done.
    #[unique]
    pub only_one: Option<String>,
}

crate::setup::everywhere!(in "queue.rs": every_job_runs_once, failures_come_back_and_stay, lost_jobs_are_taken_again, several_at_once);

fn job(kind: &str, n: i64) -> NewJob {
    NewJob {
        kind: kind.into(),
        input: serde_json::json!({ "n": n }),
        stand: Stand::Waiting,
        due_at: "2026-01-01T00:00:00Z".parse().unwrap(),
    }
}

/// Those that are due: waiting, or held by somebody for too long.
fn due() -> relata::Find<Job> {
    let lost = Job.stand.eq(Stand::Running).and(Job.held_until.lt(now()));
    Job::find()
        .filter(Job.stand.eq(Stand::Waiting).and(Job.due_at.le(now())).or(lost))
        .order(Job.due_at.asc())
        .order(Job.id.asc())
}

/// The next job, for a minute. SQLite has one writer at a time, the others skip what somebody else is about to take.
async fn take(db: &mut Db) -> Result<Option<Job>> {
    let locks = db.dialect() != Dialect::Sqlite;
    transaction!(db, retries = 5, |tx| {
        let due = if locks { due().for_update().skip_locked() } else { due() };
        let Some(mut job) = due.first(&mut tx).await? else { return Ok(None) };
        job.stand = Stand::Running;
        job.tries += 1;
        job.held_until = Some(Timestamp::now() + relata::time::SignedDuration::from_mins(1));
        job.save(&mut tx).await?;
        Ok(Some(job))
    })
}

/// After five tries it stays; until then it waits longer each time.
async fn finish(db: &mut Db, job: &Job, outcome: std::result::Result<(), String>) -> Result<()> {
    let update = Job::update(job.id).set(Job.held_until.to_none());
    let update = match outcome {
        Ok(()) => update.set(Job.stand.to(Stand::Done)).set(Job.error.to_none()).set(Job.only_one.to_none()),
        Err(error) => update
            .set(Job.error.to(error))
            .set(Job.stand.to(Case::<Job, Stand>::when(Job.tries.ge(5), Stand::Dead).otherwise(Stand::Waiting)))
            .set(Job.due_at.to(now().plus(i64::from(job.tries) * 10, Unit::Minute))),
    };
    update.require_rows(1).exec(db).await?;
    Ok(())
}

async fn stands(db: &mut Db) -> Result<BTreeMap<Stand, i64>> {
    let counts = Job::find().group_by(Job.stand).select((Job.stand, count_rows()));
    Ok(counts.all(db).await?.into_iter().collect())
}

async fn every_job_runs_once(mut db: Db) -> Result<()> {
    Job::insert_many((0..60).map(|n| job("count", n))).exec(&mut db).await?;
    let workers = (0..4).map(|_| {
        let mut db = db.clone();
        tokio::spawn(async move {
            let mut done = Vec::new();
            while let Some(job) = take(&mut db).await? {
                done.push(job.input["n"].as_i64().unwrap());
                finish(&mut db, &job, Ok(())).await?;
            }
            Result::Ok(done)
        })
    });
    let mut all = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        all.extend(worker.await.unwrap()?);
    }
    all.sort_unstable();
    assert_eq!(all, (0..60).collect::<Vec<_>>(), "each once");
    assert_eq!(stands(&mut db).await?, BTreeMap::from([(Stand::Done, 60)]));
    Ok(())
}

async fn failures_come_back_and_stay(mut db: Db) -> Result<()> {
    job("mail", 1).insert(&mut db).await?;
    for tries in 1..=5 {
        let job = take(&mut db).await?.expect("it is due");
        assert_eq!(job.tries, tries);
        finish(&mut db, &job, Err(format!("no answer, {tries}"))).await?;
        assert!(take(&mut db).await?.is_none(), "not yet");
        Job::update_many().filter(Job.stand.eq(Stand::Waiting)).set(Job.due_at.to(now())).exec(&mut db).await?;
    }
    let dead = Job::find().filter(Job.stand.eq(Stand::Dead)).one(&mut db).await?;
    assert_eq!((dead.tries, dead.error.as_deref()), (5, Some("no answer, 5")));
    assert!(dead.due_at > Timestamp::now(), "due after the next pause");
    Ok(())
}

async fn lost_jobs_are_taken_again(mut db: Db) -> Result<()> {
    let first = job("nightly", 0).only_one("nightly".to_string());
    assert!(first.on_conflict(Job.only_one).ignore(&mut db).await?);
    let again = job("nightly", 0).only_one("nightly".to_string());
    assert!(!again.on_conflict(Job.only_one).ignore(&mut db).await?, "it is there already");
    let taken = take(&mut db).await?.unwrap();
    assert!(take(&mut db).await?.is_none());
    Job::update(taken.id).set(Job.held_until.to(now().plus(-1, Unit::Second))).exec(&mut db).await?;
    let taken = take(&mut db).await?.expect("whoever had it is gone");
    assert_eq!((taken.tries, taken.kind.as_str()), (2, "nightly"));
    finish(&mut db, &taken, Ok(())).await?;
    let again = job("nightly", 0).only_one("nightly".to_string());
    assert!(again.on_conflict(Job.only_one).ignore(&mut db).await?, "the next may be planned");
    Ok(())
}

/// Twenty by one statement, where the database gives back what it updates.
async fn several_at_once(mut db: Db) -> Result<()> {
    Job::insert_many((0..50).map(|n| job("count", n))).exec(&mut db).await?;
    let locks = db.dialect() == Dialect::Postgres;
    let take = || {
        let due = if locks { due().for_update().skip_locked() } else { due() };
        Job::update_many()
            .filter(Job.id.in_query(due.limit(20).select(Job.id)))
            .set(Job.stand.to(Stand::Running))
            .set(Job.tries.add(1))
            .set(Job.held_until.to(now().plus(1, Unit::Minute)))
    };
    for expected in [20, 20, 10, 0] {
        if db.dialect() == Dialect::Mysql {
            assert_eq!(take().exec(&mut db).await?, expected);
        } else {
            let taken = take().returning(&mut db).await?;
            assert_eq!(taken.len() as u64, expected);
            assert!(taken.iter().all(|job| job.tries == 1 && job.stand == Stand::Running));
        }
    }
    Ok(())
}
