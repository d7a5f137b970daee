//! TLS to real servers: what is verified, who may log in, and what is said when it fails.

mod certificates;
mod discovery;
mod mariadb;
mod postgres;
pub(crate) mod private_server;
mod rotation;

use relata_sql::driver::{ConnectOptions, Connection, Row, RowSink, Statement};
use relata_sql::{Decode, Error, Result};
use relata_testkit::driver;

use private_server::PrivateServer;

/// The password in these tests' URLs. No message may contain it.
const PASSWORD: &str = "sesame-4711";

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[derive(Default)]
struct Text(String);

impl RowSink for Text {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        self.0 = String::decode(row.cell(0)?).unwrap();
        Ok(())
    }
}

async fn text(connection: &mut dyn Connection, sql: &str) -> Result<String> {
    let mut text = Text::default();
    connection.query(Statement::new(sql, &[]), &mut text).await?;
    Ok(text.0)
}

/// One login, and what came of it: what `sql` answers, or the error.
async fn attempt(server: &PrivateServer, login: &str, host: &str, parameters: &str, sql: &str) -> String {
    let url = server.url(&login.replace("PASSWORD", PASSWORD), host, parameters);
    let answer = async {
        let mut connection = driver(url.dialect).connect(&url, &ConnectOptions::default()).await?;
        let answer = text(&mut *connection, sql).await?;
        connection.close().await?;
        Ok::<_, Error>(answer)
    };
    match answer.await {
        Ok(answer) => answer,
        Err(error) => {
            for message in [error.to_string(), format!("{error:?}"), format!("{error:#?}")] {
                assert!(!message.contains(PASSWORD), "{message}");
            }
            server.stable(&format!("{:?}: {error}", error.kind()))
        }
    }
}

/// A line for each attempt: `LOGIN HOST PARAMETERS` (`-`: none), and what came of it.
async fn attempts(server: &PrivateServer, sql: &str, cases: &[&str]) -> String {
    let mut out = String::new();
    for case in cases {
        let mut words = case.split(' ');
        let [login, host, parameters] = [(); 3].map(|()| words.next().unwrap());
        let parameters = if parameters == "-" { "" } else { parameters };
        let result = attempt(server, login, host, parameters, sql).await.replace('\n', "\n    ");
        out.push_str(&format!("{case}\n    {result}\n"));
    }
    out
}
