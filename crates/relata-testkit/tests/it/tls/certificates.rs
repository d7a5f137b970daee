//! Certificates for tests, made by the `openssl` command, which comes with PostgreSQL's own packages.
//!
//! What a folder holds: the authorities `right` and `wrong`; for servers `good` (`localhost`, from `right`) and `expired`
//! (the same, over since 2020); for clients `ann` (from `right`) and `stranger` (from `wrong`). Each is `NAME.crt` and
//! `NAME.key`, both PEM.

use std::path::Path;
use std::process::Command;

const CONFIG: &str = "
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[server]
subjectAltName = DNS:localhost
extendedKeyUsage = serverAuth
[client]
extendedKeyUsage = clientAuth
[ca]
default_ca = any
[any]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
unique_subject = no
policy = anything
[anything]
commonName = supplied
";

/// Fills a folder.
pub(super) fn make(folder: &Path) {
    std::fs::write(folder.join("openssl.cnf"), CONFIG).unwrap();
    std::fs::write(folder.join("index.txt"), "").unwrap();
    for name in ["right", "wrong"] {
        let out = format!("-x509 -extensions authority -days 30 -out {name}.crt");
        request(folder, name, &out);
    }
    issue(folder, "good", "right", "server", "20491231000000Z");
    issue(folder, "expired", "right", "server", "20200102000000Z");
    issue(folder, "ann", "right", "client", "20491231000000Z");
    issue(folder, "stranger", "wrong", "client", "20491231000000Z");
}

fn issue(folder: &Path, name: &str, authority: &str, usage: &str, until: &str) {
    request(folder, name, &format!("-new -out {name}.csr"));
    let from = "-startdate 20200101000000Z -enddate";
    let signer = format!("-cert {authority}.crt -keyfile {authority}.key");
    openssl(
        folder,
        &format!("ca -batch -notext {signer} -extensions {usage} {from} {until} -in {name}.csr -out {name}.crt"),
    );
}

fn request(folder: &Path, name: &str, out: &str) {
    let key = format!("-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {name}.key");
    openssl(folder, &format!("req {key} -subj /CN={name} {out}"));
}

fn openssl(folder: &Path, arguments: &str) {
    let mut words = arguments.split(' ');
    let mut command = Command::new("openssl");
    command.args(words.next()).args(["-config", "openssl.cnf"]).args(words).current_dir(folder);
    let output = command.output().expect("install openssl");
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}
