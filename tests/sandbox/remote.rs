//! An engine on the other side of TLS. Its certificates come by the environment, so `kosmos` is run with one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use kosmos_testing::{kosmos_binary, service::find_engine_folder};
use serde_json::Value;

/// The address of the tests' own engine and the folder of its certificates; nothing, loudly, where there is none.
fn remote() -> Option<(String, PathBuf)> {
    let folder = find_engine_folder()?;
    let certificates = Path::new(&folder).join("tls");
    let host = fs::read_to_string(certificates.join("host")).unwrap();
    Some((host.trim().to_owned(), certificates))
}

/// A script and its input.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("table.csv"), "a,b\n1,2\n").unwrap();
        let script = "import pathlib, shutil\n\
                      print(pathlib.Path('data/table.csv').read_text().split())\n\
                      shutil.copy('data/table.csv', 'copy.csv')\n";
        fs::write(folder.path().join("script.py"), script).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn exec(&self, host: &str, certificates: Option<&Path>) -> Output {
        let mut command = Command::new(kosmos_binary());
        command
            .args(["sandbox", "exec", "--json", "--backend", "docker", "--set"])
            .arg(format!("sandbox.engine={host}"))
            .arg("--data")
            .arg(self.path("table.csv"))
            .arg("--out")
            .arg(self.path("out"))
            .arg(self.path("script.py"))
            .env_remove("DOCKER_TLS_VERIFY")
            .env_remove("DOCKER_CERT_PATH");
        if let Some(folder) = certificates {
            command.env("DOCKER_TLS_VERIFY", "1").env("DOCKER_CERT_PATH", folder);
        }
        command.output().unwrap()
    }

    /// What is said to who is not let in, which has to be soon.
    fn refused(&self, host: &str, certificates: Option<&Path>) -> String {
        let began = Instant::now();
        let output = self.exec(host, certificates);
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(5), "{said}");
        assert!(said.contains(host) && said.contains("DOCKER_CERT_PATH"), "{said}");
        said
    }
}

#[test]
fn a_job_runs_on_a_docker_engine_behind_tls() {
    let Some((host, certificates)) = remote() else { return };
    let desk = Desk::new();
    let output = desk.exec(&host, Some(&certificates));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["stdout"]["text"], "['a,b', '1,2']\n");
    assert_eq!(report["files"][0]["name"], "copy.csv");
    assert_eq!(fs::read_to_string(desk.path("out/copy.csv")).unwrap(), "a,b\n1,2\n");
}

#[test]
fn a_docker_engine_is_not_believed_and_lets_nobody_in_without_certificates() {
    let Some((host, certificates)) = remote() else { return };
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    let put = |from: &str, to: &str| fs::copy(certificates.join(from), folder.path().join(to)).unwrap();
    for name in ["ca.pem", "cert.pem", "key.pem"] {
        put(name, name);
    }
    // Not of who signed the engine's.
    put("cert.pem", "ca.pem");
    let said = desk.refused(&host, Some(folder.path()));
    assert!(said.contains("UnknownIssuer"), "{said}");

    // Of somebody, but of no client.
    put("ca.pem", "ca.pem");
    put("server.pem", "cert.pem");
    put("server-key.pem", "key.pem");
    let said = desk.refused(&host, Some(folder.path()));
    assert!(said.contains("BadCertificate"), "{said}");

    fs::remove_file(folder.path().join("cert.pem")).unwrap();
    let said = desk.refused(&host, Some(folder.path()));
    assert!(said.contains("cannot read") && said.contains("cert.pem"), "{said}");

    // Without TLS at all.
    let said = desk.refused(&host, None);
    assert!(said.contains("DOCKER_TLS_VERIFY=1"), "{said}");
}
