//! The attacks on the network: one agent, three servers and a proxy, and names of a hosts file that only the run sees.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Command, Output},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use kosmos_testing::{TestHome, describe_output, run_id, service::skip_test};
use serde_json::json;

use crate::{
    agents::trust,
    open::{Verdicts, attacks_in, source_of},
};

/// The place that [`crate::open`] names.
const ON: &str = "network";

/// Interim answers before the answer, in bytes.
const FLOOD: usize = 8 << 20;

/// A server that writes down what it is asked, and answers as the path says.
struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(at: &str) -> Self {
        let listener = TcpListener::bind(at).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                thread::spawn(move || answer(stream, &kept));
            }
        });
        Self { address, seen }
    }

    /// The heads of the requests so far.
    fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn forget(&self) {
        self.seen.lock().unwrap().clear();
    }
}

fn answer(mut stream: TcpStream, kept: &Mutex<Vec<String>>) {
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut head = Vec::new();
    let mut piece = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(read) if read > 0 && head.len() < 1 << 16 => head.extend_from_slice(&piece[..read]),
            _ => break,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    kept.lock().unwrap().push(head.clone());
    let path = head.split_whitespace().nth(1).unwrap_or_default();
    // Whoever has heard enough hangs up.
    let _ = match path.strip_prefix("/to/") {
        Some(to) => redirect(&mut stream, to),
        None if path == "/interim" => flood(&mut stream),
        None => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"),
    };
}

/// To the address that the path has in hexadecimal.
fn redirect(stream: &mut TcpStream, to: &str) -> std::io::Result<()> {
    let to = to.split('?').next().unwrap_or_default();
    let digits = (0..to.len() / 2).map(|at| {
        to.get(2 * at..2 * at + 2)
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
    });
    let Some(location) = digits.collect::<Option<Vec<u8>>>() else {
        // An address that was taken for a path.
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    };
    stream.write_all(b"HTTP/1.1 302 Found\r\nLocation: ")?;
    stream.write_all(&location)?;
    stream.write_all(b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

fn flood(stream: &mut TcpStream) -> std::io::Result<()> {
    let interim = format!("HTTP/1.1 103 Early Hints\r\nLink: <{}>\r\n\r\n", "x".repeat(4000));
    for _ in 0..FLOOD / interim.len() {
        stream.write_all(interim.as_bytes())?;
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\nafter the flood")
}

struct Scene {
    study: TestHome,
    listed: Server,
    other: Server,
    forbidden: Server,
    proxy: Server,
}

impl Scene {
    fn set_up() -> Self {
        let scene = Self {
            study: TestHome::frugal_small("[agents.caller]\nenabled = true"),
            listed: Server::start("127.0.0.1:0"),
            other: Server::start("127.0.0.1:0"),
            // Reached by any address of this machine, of either family.
            forbidden: Server::start("[::]:0"),
            proxy: Server::start("127.0.0.1:0"),
        };
        let port = scene.forbidden.address.port();
        let manifest = source_of("network/agent.toml")
            .replace("LISTED\"", &format!("{}\"", scene.listed.address.port()))
            .replace("OTHER\"", &format!("{}\"", scene.other.address.port()))
            .replace("FORBIDDEN\"", &format!("{port}\""));
        scene.study.file("agents/caller/agent.toml", manifest);
        let places = json!({
            "listed": scene.listed.address.to_string(), "other": scene.other.address.to_string(),
            "forbidden": format!("127.0.0.1:{port}"), "port": port,
        });
        scene.study.file("agents/caller/places.json", places.to_string());
        scene
            .study
            .file("agents/caller/agent.py", source_of("network/agent.py"));
        for attack in attacks_in("network") {
            let file = format!("agents/caller/{attack}.py");
            scene.study.file(&file, source_of(&format!("network/{attack}.py")));
        }
        let hosts = "127.0.0.1 localhost\n198.51.100.1 mixed.direct.example\n127.0.0.1 mixed.direct.example\n\
                     0.0.0.0 zero.direct.example\n::ffff:127.0.0.1 mapped.direct.example\n\
                     :: unspecified.direct.example\n127.9.9.9 far.direct.example\n127.0.0.1 loop.proxied.example\n";
        scene.study.file("hosts", hosts);
        trust(&scene.study, "caller");
        scene
    }

    /// `kosmos` with those names, and with a proxy for all others.
    fn kosmos(&self, arguments: &[&str]) -> Output {
        let inner = self.study.kosmos(arguments);
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--propagation", "private", "sh", "-c"])
            .args([r#"mount --bind "$0" /etc/hosts && exec "$@""#])
            .arg(self.study.path().join("hosts"))
            .arg(inner.get_program())
            .args(inner.get_args())
            .current_dir(self.study.path());
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let proxy = format!("http://{}", self.proxy.address);
        for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            command.env(name, &proxy);
        }
        for name in ["NO_PROXY", "no_proxy"] {
            command.env(name, "direct.example,127.0.0.0/8,0.0.0.0,::/0,localhost");
        }
        command.output().unwrap()
    }

    fn servers(&self) -> [&Server; 4] {
        [&self.listed, &self.other, &self.forbidden, &self.proxy]
    }
}

/// The value of a header of a request, by its name in any case; none if there is none.
fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let lines = request.split(['\n', '\r', '\0']).skip(1);
    lines
        .filter_map(|line| line.split_once(':'))
        .find_map(|(found, value)| (found.trim().eq_ignore_ascii_case(name)).then_some(value.trim()))
}

fn path_of(request: &str) -> &str {
    request.split_whitespace().nth(1).unwrap_or_default()
}

/// The first request that the forbidden server was reached with by that attack.
fn reached(scene: &Scene, attack: &str) -> Option<String> {
    let found = scene
        .forbidden
        .requests()
        .into_iter()
        .find(|request| path_of(request).contains(attack));
    found.map(|request| format!("the forbidden server was asked {request:?}"))
}

/// The first request to `server` at `path` that has a header in which the agent gave a secret.
fn secret_at(server: &Server, path: &str) -> Option<String> {
    let names = ["authorization", "cookie", "x-api-key", "private-token", "api-key"];
    let mut requests = server
        .requests()
        .into_iter()
        .filter(|request| path_of(request).contains(path));
    requests.find(|request| {
        names
            .iter()
            .any(|name| header(request, name).is_some_and(|value| value.contains("secret")))
    })
}

/// The first request with a header that its agent may not choose.
fn framed(server: &Server) -> Option<String> {
    server.requests().into_iter().find(|request| {
        let Some(name) = path_of(request).strip_prefix("/framing_headers/") else {
            return false;
        };
        match name {
            "value" => {
                header(request, "host").is_some_and(|host| host == "chosen") || request.contains("\nHost: chosen")
            }
            name => {
                header(request, name).is_some_and(|value| matches!(value, "chosen" | "11" | "chunked" | "100-continue"))
            }
        }
    })
}

#[test]
fn the_network_is_held() {
    let mounts = Command::new("unshare").args(["--mount", "true"]).status();
    if !mounts.is_ok_and(|status| status.success()) {
        skip_test("a hosts file can be mounted by root alone");
        return;
    }
    let scene = Scene::set_up();
    let output = scene.kosmos(&["run", "run.toml"]);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        describe_output(&output)
    );
    let told: Vec<String> = scene.listed.requests();
    let told = |attack: &str| {
        let place = format!("/told/{attack}/");
        let found = told
            .iter()
            .find_map(|request| path_of(request).strip_prefix(place.as_str()));
        let found = found.unwrap_or_else(|| panic!("{attack} was not carried out: {}", describe_output(&output)));
        assert_ne!(found, "failed", "{attack}");
        found.to_owned()
    };
    let mut verdicts = Verdicts::default();
    for attack in attacks_in("network") {
        let said = told(&attack);
        let breach = match attack.as_str() {
            "framing_headers" => framed(&scene.listed),
            "other_port" => secret_at(&scene.other, "/other_port/arrived"),
            "back_home" => secret_at(&scene.listed, "/back_home/chosen"),
            "environment_proxy" => {
                let asked = scene
                    .proxy
                    .requests()
                    .into_iter()
                    .find(|request| request.contains("loop.proxied.example"));
                asked.or_else(|| reached(&scene, "environment_proxy"))
            }
            "interim_flood" => (said == "arrived").then(|| format!("{FLOOD} bytes came before the answer")),
            "calls_in_replay" => calls_later(&scene),
            name => reached(&scene, name),
        };
        verdicts.record(&attack, breach);
    }
    verdicts.check(ON, &attacks_in("network"));
}

/// A request that reaches any server when the run is replayed, verified and reported.
fn calls_later(scene: &Scene) -> Option<String> {
    let before: Vec<Vec<String>> = scene.servers().iter().map(|server| server.requests()).collect();
    scene.servers().iter().for_each(|server| server.forget());
    let run = scene.study.the_run();
    for command in ["report", "verify", "replay"] {
        let output = scene.kosmos(&[command, run_id(&run)]);
        assert!(
            matches!(output.status.code(), Some(0 | 3)),
            "{command}: {}",
            describe_output(&output)
        );
    }
    let called = scene
        .servers()
        .iter()
        .find_map(|server| server.requests().first().cloned());
    for (server, requests) in scene.servers().iter().zip(before) {
        *server.seen.lock().unwrap() = requests;
    }
    called.map(|request| format!("asked for {request:?}"))
}
