//! How much room there is, and how old the newest backup is.
//!
//! A server tells what it can: PostgreSQL the size of the database (how much is free it tells nobody), MariaDB the disks if
//! its plugin DISKS is there, else the size. For a SQLite file the file system is asked.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use relata_schema::Dialect;
use relata_sql::driver::Statement;
use relata_sql::{Connection, Result};

use super::{Finding, HealthStatus};
use crate::cluster::Texts;

const GIGABYTE: u64 = 1_000_000_000;

/// Less than a tenth, and less than this, is worth a word; less than a twentieth and less than that is a danger.
const LOW: u64 = 50 * GIGABYTE;
const DANGEROUS: u64 = GIGABYTE;

/// Where backups lie, and how old the newest may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backups {
    pub(crate) folder: PathBuf,
    pub(crate) oldest: Duration,
}

/// What is known of the disk. A server that does not tell is no failure.
pub(super) async fn disk(connection: &mut dyn Connection, file: Option<PathBuf>) -> Finding {
    let found = match connection.dialect() {
        Dialect::Sqlite => sqlite(connection, file).await,
        Dialect::Postgres => size(connection, "SELECT pg_database_size(current_database())::text").await,
        Dialect::Mysql => match mariadb(connection).await {
            Ok(Some(finding)) => Ok(finding),
            _ => size(connection, MARIADB_SIZE).await,
        },
    };
    found.unwrap_or_else(|error| {
        Finding::new("disk", HealthStatus::Healthy, format!("the server does not tell: {}", error.message()))
    })
}

const MARIADB_SIZE: &str = "SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables \
     WHERE table_schema = DATABASE()";

async fn texts(connection: &mut dyn Connection, sql: &str) -> Result<Vec<String>> {
    let mut texts = Texts::default();
    connection.query(Statement::once(sql, &[]), &mut texts).await?;
    Ok(texts.0)
}

async fn size(connection: &mut dyn Connection, sql: &str) -> Result<Finding> {
    let found = texts(connection, sql).await?;
    let bytes = found.first().and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0) as u64;
    let reason = format!("the database has {}; the server does not tell how much is free", readable(bytes));
    Ok(Finding::new("disk", HealthStatus::Healthy, reason))
}

/// The disk on which the data lies, by the plugin DISKS.
async fn mariadb(connection: &mut dyn Connection) -> Result<Option<Finding>> {
    let sql = "SELECT Total, Available FROM information_schema.DISKS \
               WHERE @@datadir LIKE CONCAT(Path, '%') ORDER BY LENGTH(Path) DESC LIMIT 1";
    let found = texts(connection, sql).await?;
    let kilobytes = |text: &String| text.parse::<u64>().ok();
    Ok(match found.as_slice() {
        [total, free] => kilobytes(total).zip(kilobytes(free)).map(|(total, free)| room(free * 1024, total * 1024, "")),
        _ => None,
    })
}

async fn sqlite(connection: &mut dyn Connection, file: Option<PathBuf>) -> Result<Finding> {
    let sql = "SELECT page_count * page_size, freelist_count * page_size \
               FROM pragma_page_count(), pragma_page_size(), pragma_freelist_count()";
    let found = texts(connection, sql).await?;
    let bytes = |index: usize| found.get(index).and_then(|text| text.parse().ok()).unwrap_or(0u64);
    let size = format!("the file has {}, {} of them unused", readable(bytes(0)), readable(bytes(1)));
    Ok(match file.as_deref().and_then(free_space) {
        Some((free, total)) => room(free, total, &format!("{size}; ")),
        None => Finding::new("disk", HealthStatus::Healthy, size),
    })
}

#[cfg(unix)]
fn free_space(file: &Path) -> Option<(u64, u64)> {
    let about = rustix::fs::statvfs(file).ok()?;
    Some((about.f_bavail.saturating_mul(about.f_frsize), about.f_blocks.saturating_mul(about.f_frsize)))
}

#[cfg(not(unix))]
fn free_space(_: &Path) -> Option<(u64, u64)> {
    None
}

fn room(free: u64, total: u64, before: &str) -> Finding {
    let reason = format!("{before}{} of {} are free on the disk", readable(free), readable(total));
    let less_than = |parts: u64, most: u64| free < total / parts && free < most;
    let status = match () {
        () if less_than(20, DANGEROUS) => HealthStatus::Unhealthy,
        () if less_than(10, LOW) => HealthStatus::Degraded,
        () => return Finding::new("disk", HealthStatus::Healthy, reason),
    };
    Finding::new("disk", status, reason).advise("make room, or give it a larger disk, before writes fail")
}

fn readable(bytes: u64) -> String {
    let units = [("GB", GIGABYTE), ("MB", 1_000_000), ("kB", 1000)];
    match units.iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{:.1} {name}", bytes as f64 / *unit as f64),
        None => format!("{bytes} bytes"),
    }
}

/// How old the newest backup is. A folder that hangs is no better than one that is not there.
pub(super) async fn backups(backups: Backups, limit: Duration) -> Finding {
    let folder = backups.folder.clone();
    let looking = tokio::task::spawn_blocking(move || newest(&folder));
    let found = match tokio::time::timeout(limit, looking).await {
        Ok(Ok(found)) => found,
        _ => Err("it was not read in time".to_string()),
    };
    let place = backups.folder.display();
    match found {
        Err(why) => Finding::new("backups", HealthStatus::Unhealthy, format!("{place}: {why}"))
            .advise("does the place of the backups exist, and may this process read it?"),
        Ok(None) => Finding::new("backups", HealthStatus::Unhealthy, format!("there is none in {place}"))
            .advise("make one now, and see why none was made"),
        Ok(Some((name, age))) => {
            let reason = format!("the newest, {name}, is {} old", readable_age(age));
            match age > backups.oldest {
                true => Finding::new("backups", HealthStatus::Degraded, reason)
                    .advise("see why no newer one was made, and make one"),
                false => Finding::new("backups", HealthStatus::Healthy, reason),
            }
        }
    }
}

/// The entry of a folder, file or folder itself, that was changed last.
fn newest(folder: &Path) -> std::result::Result<Option<(String, Duration)>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    let changed =
        entries.flatten().filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.file_name())));
    let newest = changed.max_by_key(|(changed, _)| *changed);
    Ok(newest.map(|(changed, name)| {
        let age = SystemTime::now().duration_since(changed).unwrap_or_default();
        (name.to_string_lossy().into_owned(), age)
    }))
}

fn readable_age(age: Duration) -> String {
    let minutes = age.as_secs() / 60;
    match minutes {
        0..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_room_is_told() {
        let status = |free, total| room(free, total, "").status;
        assert_eq!(status(60 * GIGABYTE, 1000 * GIGABYTE), HealthStatus::Healthy, "six percent of much is enough");
        assert_eq!(status(5 * GIGABYTE, 100 * GIGABYTE), HealthStatus::Degraded);
        assert_eq!(status(GIGABYTE / 2, 100 * GIGABYTE), HealthStatus::Unhealthy);
        assert_eq!(room(5 * GIGABYTE, 100 * GIGABYTE, "").reason, "5.0 GB of 100.0 GB are free on the disk");
    }

    #[tokio::test]
    async fn the_newest_backup_counts() {
        let folder = tempfile::tempdir().unwrap();
        let look = async |oldest| {
            let place = Backups { folder: folder.path().to_path_buf(), oldest };
            let finding = backups(place, Duration::from_secs(60)).await;
            (finding.status, finding.reason)
        };
        let day = Duration::from_secs(86_400);
        assert_eq!(look(day).await.0, HealthStatus::Unhealthy, "there is none");
        let file = std::fs::File::create(folder.path().join("monday.dump")).unwrap();
        file.set_modified(SystemTime::now() - 3 * day).unwrap();
        assert_eq!(look(day).await, (HealthStatus::Degraded, "the newest, monday.dump, is 3 days old".to_string()));
        std::fs::write(folder.path().join("thursday.dump"), "").unwrap();
        assert_eq!(look(day).await.0, HealthStatus::Healthy);
        let gone = Backups { folder: folder.path().join("nowhere"), oldest: day };
        assert_eq!(backups(gone, Duration::from_secs(60)).await.status, HealthStatus::Unhealthy);
    }
}
