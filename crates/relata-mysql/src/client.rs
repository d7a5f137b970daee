//! The protocol's commands on a connection that is logged in, and its answers.
//!
//! States: idle; rows of a result to be read; another result to come; over. A command that finds something unread reads it to its
//! end first, so that a cursor may be dropped at any row.
//!
//! A MariaDB that knows it does not describe a prepared statement's columns again as long as they are the same.

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mysql_common::constants::StatusFlags;
use relata_sql::{Error, Value};

use crate::line::Line;
use crate::packets::{Bytes, Column, Ended, ServerError};
use crate::types;

/// Why a conversation with the server did not go well.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The server says so.
    Server(ServerError),
    /// The wire broke, or nobody is there.
    Io(io::Error),
    /// Nothing was sent: the server had closed the connection before.
    Closed,
    /// What came makes no sense.
    Nonsense(String),
    /// The URL insists on TLS, and the server has none.
    NoTls,
    /// The server wants a login that is not known here.
    Login(String),
    /// Nothing was sent: it is more than the server takes at once.
    TooLong,
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Trouble::Io(error)
    }
}

/// What a packet says that begins with `0xFF`.
pub(crate) fn refusal(packet: &[u8]) -> Trouble {
    ServerError::read(packet).map_or_else(|| nonsense("an error"), Trouble::Server)
}

/// A packet that does not hold what it must.
pub(crate) fn nonsense(what: &str) -> Trouble {
    Trouble::Nonsense(format!("{what} that cannot be read"))
}

/// A statement that the server has prepared.
pub(crate) struct Prepared {
    id: u32,
    pub(crate) params: usize,
    /// As they were described last.
    columns: Mutex<Arc<[Column]>>,
    /// Of which types its parameters were, as far as any had a value.
    taken: Mutex<Vec<Option<u8>>>,
}

impl Prepared {
    fn columns(&self) -> MutexGuard<'_, Arc<[Column]>> {
        self.columns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether these values are of the types that it took before. MySQL settles the types of parameters by their first values, and
    /// makes of later ones what it settled: 0 of a text, the year 16383 of another.
    pub(crate) fn takes(&self, params: &[Value]) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.resize(params.len(), None);
        params.iter().zip(taken.iter_mut()).all(|(value, taken)| match (types::type_for_mysql(value), &taken) {
            (None, _) => true,
            (Some(now), Some(before)) => now == *before,
            (now, None) => {
                *taken = now;
                true
            }
        })
    }
}

/// What a statement answers at first.
pub(crate) struct Answered {
    /// The columns of its rows; none: it gives no rows.
    pub columns: Arc<[Column]>,
    pub binary: bool,
    pub affected: u64,
    pub last_id: u64,
}

/// What comes next of a result.
pub(crate) enum Step {
    Row(Range<usize>),
    End,
    /// It has not come in yet.
    Wait,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Rows,
    More,
    /// Good-bye is said.
    Over,
}

/// What was agreed on at the login.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Agreed {
    /// Number of the session.
    pub session: u32,
    pub version: (u16, u16, u16),
    /// Rows end as statements without rows do.
    pub ends_alike: bool,
    /// Columns that are known are not described again.
    pub spares_columns: bool,
    /// It is MariaDB, and not MySQL.
    pub mariadb: bool,
}

/// A connection that is logged in.
pub(crate) struct Client {
    line: Line,
    agreed: Agreed,
    status: StatusFlags,
    state: State,
    /// The most bytes that the server takes at once.
    pub(crate) max_packet: usize,
}

mod command {
    pub(super) const QUIT: u8 = 0x01;
    pub(super) const QUERY: u8 = 0x03;
    pub(super) const PING: u8 = 0x0E;
    pub(super) const PREPARE: u8 = 0x16;
    pub(super) const EXECUTE: u8 = 0x17;
    pub(super) const CLOSE: u8 = 0x19;
    pub(super) const RESET: u8 = 0x1F;
}

/// Without a good-bye, the server notes an aborted connection in its log.
impl Drop for Client {
    fn drop(&mut self) {
        if self.state == State::Idle && !self.line.is_sending() {
            // Whether it arrives or not, the connection is closed.
            let _ = self.line.wire().try_write(&[1, 0, 0, 0, command::QUIT]);
        }
    }
}

impl Client {
    pub(crate) fn new(line: Line, agreed: Agreed, ended: Ended) -> Self {
        Client { line, agreed, status: ended.status, state: State::Idle, max_packet: usize::MAX }
    }

    pub(crate) fn agreed(&self) -> &Agreed {
        &self.agreed
    }

    pub(crate) fn is_in_transaction(&self) -> bool {
        self.status.contains(StatusFlags::SERVER_STATUS_IN_TRANS)
    }

    /// Whether the server is known to be gone. Between answers only.
    pub(crate) fn is_closed(&self) -> bool {
        self.state == State::Idle && self.line.wire().is_closed()
    }

    /// The bytes of a row that was given out.
    #[inline]
    pub(crate) fn bytes(&self, row: Range<usize>) -> &[u8] {
        self.line.bytes(row)
    }

    /// Starts SQL by the text protocol, one statement or several.
    pub(crate) async fn query(&mut self, sql: &str) -> Result<Answered, Trouble> {
        self.send(|out| {
            out.push(command::QUERY);
            out.extend_from_slice(sql.as_bytes());
        })
        .await?;
        self.answer(None).await
    }

    /// Runs SQL and reads all that it answers.
    pub(crate) async fn run(&mut self, sql: &str) -> Result<(), Trouble> {
        self.query(sql).await?;
        self.discard().await
    }

    /// Has a statement prepared.
    pub(crate) async fn prepare(&mut self, sql: &str) -> Result<Prepared, Trouble> {
        self.send(|out| {
            out.push(command::PREPARE);
            out.extend_from_slice(sql.as_bytes());
        })
        .await?;
        let packet = self.packet().await?;
        let mut bytes = Bytes(self.line.bytes(packet));
        bytes.byte();
        let (Some(id), Some(columns), Some(params)) = (bytes.u32(), bytes.u16(), bytes.u16()) else {
            return Err(nonsense("a prepared statement"));
        };
        self.columns(usize::from(params)).await?;
        let columns = self.columns(usize::from(columns)).await?;
        Ok(Prepared { id, params: usize::from(params), columns: Mutex::new(columns), taken: Mutex::default() })
    }

    /// Starts a prepared statement. Values that no parameter can be are the inner error, and nothing is sent.
    pub(crate) async fn execute(
        &mut self,
        statement: &Prepared,
        params: &[Value],
    ) -> Result<Result<Answered, Error>, Trouble> {
        self.settle().await?;
        let mut written = Ok(());
        let length = self.line.begin(|out| {
            out.push(command::EXECUTE);
            out.extend_from_slice(&statement.id.to_le_bytes());
            // No cursor on the server; once.
            out.extend_from_slice(&[0, 1, 0, 0, 0]);
            written = types::write_params(params, self.agreed.mariadb, out);
        });
        if let Err(error) = written {
            self.line.take_back();
            return Ok(Err(error));
        }
        self.leave(length).await?;
        self.answer(Some(statement)).await.map(Ok)
    }

    /// The server may forget a statement. Leaves with the next command: nothing answers.
    pub(crate) fn close(&mut self, statement: &Prepared) {
        self.line.begin(|out| {
            out.push(command::CLOSE);
            out.extend_from_slice(&statement.id.to_le_bytes());
        });
    }

    /// Asks for a sign of life.
    pub(crate) async fn ping(&mut self) -> Result<(), Trouble> {
        self.send(|out| out.push(command::PING)).await?;
        self.answer(None).await.map(drop)
    }

    /// Everything that the session has set is as at the login; prepared statements are gone.
    pub(crate) async fn reset(&mut self) -> Result<(), Trouble> {
        self.send(|out| out.push(command::RESET)).await?;
        self.answer(None).await.map(drop)
    }

    /// Says good-bye.
    pub(crate) async fn quit(mut self) -> Result<(), Trouble> {
        self.send(|out| out.push(command::QUIT)).await?;
        self.state = State::Over;
        Ok(self.line.shut().await?)
    }

    /// What comes next of the rows, without waiting.
    #[inline]
    pub(crate) fn step(&mut self) -> Result<Step, Trouble> {
        if self.state != State::Rows {
            return Ok(Step::End);
        }
        let Some(packet) = self.line.ready() else { return Ok(Step::Wait) };
        match self.line.bytes(packet.clone()).first() {
            Some(0xFE | 0xFF) => self.rows_end(packet),
            Some(_) => Ok(Step::Row(packet)),
            None => Err(nonsense("a row")),
        }
    }

    /// A row that begins as an end does, or the end.
    fn rows_end(&mut self, packet: Range<usize>) -> Result<Step, Trouble> {
        let bytes = self.line.bytes(packet.clone());
        if bytes[0] == 0xFF {
            return Err(self.refused(packet));
        }
        let (longest, read): (usize, fn(&[u8]) -> Option<Ended>) =
            if self.agreed.ends_alike { (0xFF_FFFF, Ended::read) } else { (9, Ended::read_old) };
        if bytes.len() >= longest {
            return Ok(Step::Row(packet));
        }
        let ended = read(bytes).ok_or_else(|| nonsense("the end of rows"))?;
        self.end(ended);
        Ok(Step::End)
    }

    /// Waits for more of what [`Client::step`] had not.
    pub(crate) async fn wait(&mut self) -> Result<(), Trouble> {
        Ok(self.line.fill().await?)
    }

    /// The next row.
    pub(crate) async fn row(&mut self) -> Result<Option<Range<usize>>, Trouble> {
        loop {
            match self.step()? {
                Step::Row(row) => return Ok(Some(row)),
                Step::End => return Ok(None),
                Step::Wait => self.wait().await?,
            }
        }
    }

    /// The next of several results, when the rows of the one before are read.
    pub(crate) async fn next_result(&mut self) -> Result<Option<Answered>, Trouble> {
        if self.state != State::More {
            return Ok(None);
        }
        self.answer(None).await.map(Some)
    }

    /// All rows of a result of the text protocol.
    pub(crate) async fn texts(&mut self) -> Result<Vec<Vec<Option<String>>>, Trouble> {
        let mut rows = Vec::new();
        while let Some(row) = self.row().await? {
            let mut bytes = Bytes(self.line.bytes(row));
            let mut cells = Vec::new();
            while let Some(first) = bytes.0.first() {
                if *first == 0xFB {
                    bytes.byte();
                    cells.push(None);
                } else {
                    let cell = bytes.counted().ok_or_else(|| nonsense("a row"))?;
                    cells.push(Some(String::from_utf8_lossy(cell).into_owned()));
                }
            }
            rows.push(cells);
        }
        Ok(rows)
    }

    /// The rows of the first result of some SQL.
    pub(crate) async fn ask(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, Trouble> {
        self.query(sql).await?;
        let rows = self.texts().await?;
        self.discard().await?;
        Ok(rows)
    }

    /// Reads what is left of all results.
    pub(crate) async fn discard(&mut self) -> Result<(), Trouble> {
        loop {
            while self.row().await?.is_some() {}
            if self.next_result().await?.is_none() {
                return Ok(());
            }
        }
    }

    /// What was left unread is read, whatever it says.
    async fn settle(&mut self) -> Result<(), Trouble> {
        while self.state != State::Idle {
            match self.discard().await {
                Err(Trouble::Server(_)) | Ok(()) => {}
                Err(trouble) => return Err(trouble),
            }
        }
        if self.line.wire().is_closed() { Err(Trouble::Closed) } else { Ok(()) }
    }

    async fn send(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Trouble> {
        self.settle().await?;
        let length = self.line.begin(write);
        self.leave(length).await
    }

    async fn leave(&mut self, length: usize) -> Result<(), Trouble> {
        if length > self.max_packet {
            self.line.take_back();
            return Err(Trouble::TooLong);
        }
        Ok(self.line.flush().await?)
    }

    /// The next packet, unless it is an error.
    async fn packet(&mut self) -> Result<Range<usize>, Trouble> {
        let packet = self.line.next().await?;
        match self.line.bytes(packet.clone()).first() {
            Some(0xFF) => Err(self.refused(packet)),
            Some(_) => Ok(packet),
            None => Err(nonsense("an answer")),
        }
    }

    fn refused(&mut self, packet: Range<usize>) -> Trouble {
        self.state = State::Idle;
        refusal(self.line.bytes(packet))
    }

    fn end(&mut self, ended: Ended) {
        self.status = ended.status;
        let more = ended.status.contains(StatusFlags::SERVER_MORE_RESULTS_EXISTS);
        self.state = if more { State::More } else { State::Idle };
    }

    /// The head of an answer: how it went, or the columns of its rows.
    async fn answer(&mut self, statement: Option<&Prepared>) -> Result<Answered, Trouble> {
        let packet = self.packet().await?;
        let mut bytes = Bytes(self.line.bytes(packet.clone()));
        match bytes.0[0] {
            0x00 => {
                let ended = Ended::read(bytes.0).ok_or_else(|| nonsense("the end of a statement"))?;
                self.end(ended);
                let (affected, last_id) = (ended.affected, ended.last_id);
                return Ok(Answered { columns: Arc::new([]), binary: false, affected, last_id });
            }
            0xFB => return Err(Trouble::Nonsense("a request for a file of this machine".into())),
            _ => {}
        }
        let count = bytes.number().and_then(|count| usize::try_from(count).ok());
        let count = count.ok_or_else(|| nonsense("a number of columns"))?;
        let described = !self.agreed.spares_columns || bytes.byte() != Some(0);
        let columns = if described {
            let columns = self.columns(count).await?;
            if let Some(statement) = statement {
                *statement.columns() = columns.clone();
            }
            columns
        } else {
            // One of several results of a procedure is not read, but skipped.
            statement.map_or_else(|| [].into(), |statement| statement.columns().clone())
        };
        if statement.is_some() && columns.len() != count {
            return Err(nonsense("a result with other columns"));
        }
        self.state = State::Rows;
        Ok(Answered { columns, binary: statement.is_some(), affected: 0, last_id: 0 })
    }

    async fn columns(&mut self, count: usize) -> Result<Arc<[Column]>, Trouble> {
        let mut columns = Vec::with_capacity(count);
        for _ in 0..count {
            let packet = self.packet().await?;
            columns.push(Column::read(self.line.bytes(packet)).ok_or_else(|| nonsense("a column"))?);
        }
        if count > 0 && !self.agreed.ends_alike {
            self.packet().await?;
        }
        Ok(columns.into())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::UnixStream;

    use super::*;
    use crate::wire::Wire;

    #[tokio::test]
    async fn who_is_dropped_says_good_bye() {
        let (here, mut there) = UnixStream::pair().unwrap();
        let agreed = Agreed { session: 1, version: (10, 11, 0), ends_alike: true, spares_columns: true, mariadb: true };
        let ended = Ended { affected: 0, last_id: 0, status: StatusFlags::empty() };
        let mut client = Client::new(Line::new(Wire::Unix(here.into())), agreed, ended);
        client.close(&Prepared { id: 7, params: 0, columns: Mutex::new([].into()), taken: Mutex::default() });
        drop(client);
        let mut said = Vec::new();
        there.read_to_end(&mut said).await.unwrap();
        assert_eq!(said, [1, 0, 0, 0, command::QUIT]);
    }
}
