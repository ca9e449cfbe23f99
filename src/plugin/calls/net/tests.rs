//! Requests to servers on the loopback; 127.0.0.2 is another host.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io,
    net::SocketAddr,
    rc::Rc,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures::FutureExt;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{
    fetcher::{FetchError, FetchLimits, Fetcher, Lookup, check_permitted, system_lookup},
    headers::RequestHeaders,
};
use crate::plugin::{
    network::{AddressClass, HostRule},
    wire::code,
};

const LIMITS: FetchLimits = FetchLimits {
    time: Duration::from_secs(5),
    body: 1000,
};

/// How a server answers a request.
#[derive(Clone)]
enum Answer {
    /// This text, then the end.
    Text(String),
    /// This text, then bytes without end, one piece in this time.
    Endless(String, Duration),
}

impl Answer {
    fn ok(body: &str) -> Self {
        Self::Text(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    fn redirect(to: &str) -> Self {
        Self::Text(format!(
            "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"
        ))
    }
}

/// A server that answers all requests in one way and remembers them.
struct Server {
    address: SocketAddr,
    /// The heads of the requests, one for each connection.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(host: &str, answer: Answer) -> Self {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        Self::serve(listener, answer)
    }

    fn serve(listener: TcpListener, answer: Answer) -> Self {
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let heads = Arc::clone(&seen);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answer_request(stream, answer.clone(), Arc::clone(&heads)));
            }
        });
        Self { address, seen }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn place(&self) -> String {
        self.address.to_string()
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn answer_request(mut stream: TcpStream, answer: Answer, heads: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => break,
            Ok(read) => head.extend_from_slice(&piece[..read]),
        }
    }
    heads
        .lock()
        .unwrap()
        .push(String::from_utf8_lossy(&head).to_lowercase());
    match answer {
        Answer::Text(text) => drop(stream.write_all(text.as_bytes()).await),
        Answer::Endless(text, pause) => {
            let mut sent = stream.write_all(text.as_bytes()).await;
            while sent.is_ok() {
                tokio::time::sleep(pause).await;
                sent = stream.write_all(b"x").await;
            }
        }
    }
}

fn rules(entries: &[&str]) -> Vec<HostRule> {
    entries.iter().map(|entry| HostRule::parse(entry).unwrap()).collect()
}

async fn fetch_with(
    url: &str,
    entries: &[&str],
    headers: &[(&str, &str)],
    lookup: &Lookup,
    limits: FetchLimits,
) -> Result<Value, FetchError> {
    let rules = rules(entries);
    let headers: BTreeMap<String, String> = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let fetcher = Fetcher {
        rules: &rules,
        lookup,
        limits,
    };
    let url = check_permitted(url, &rules).unwrap();
    fetcher.fetch(url, RequestHeaders::check(&headers).unwrap()).await
}

async fn fetch(url: &str, entries: &[&str], headers: &[(&str, &str)]) -> Result<Value, FetchError> {
    fetch_with(url, entries, headers, &system_lookup, LIMITS).await
}

/// A name server that gives one answer after the other, and counts the questions.
struct Names {
    asked: Rc<RefCell<Vec<String>>>,
    lookup: Box<Lookup>,
}

impl Names {
    fn new(answers: &[&[&str]]) -> Self {
        let answers: Vec<Vec<SocketAddr>> = answers
            .iter()
            .map(|answer| answer.iter().map(|address| address.parse().unwrap()).collect())
            .collect();
        let asked = Rc::new(RefCell::new(Vec::new()));
        let questions = Rc::clone(&asked);
        let lookup = move |name: String, _port: u16| {
            let mut questions = questions.borrow_mut();
            let answer = answers.get(questions.len()).cloned();
            questions.push(name);
            std::future::ready(answer.ok_or_else(|| io::Error::other("no such name"))).boxed_local()
        };
        Self {
            asked,
            lookup: Box::new(lookup),
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }
}

#[tokio::test]
async fn an_answer_has_its_status_its_text_and_three_headers() {
    let text =
        "HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\nset-cookie: a=b\r\ncontent-length: 5\r\n\r\nhello";
    let server = Server::start("127.0.0.1", Answer::Text(text.to_owned())).await;
    let answer = fetch(
        &server.url("/a?b"),
        &[&server.place()],
        &[("Accept", "text/plain"), ("X-Key", "k")],
    )
    .await;
    let expected = serde_json::json!({
        "status": 404, "headers": { "content-type": "text/plain" }, "text": "hello", "truncated": false,
    });
    assert_eq!(answer.unwrap(), expected);
    let seen = server.seen();
    let [head] = seen.as_slice() else { panic!("{seen:?}") };
    assert!(head.starts_with("get /a?b http/1.1\r\n"), "{head}");
    for line in [
        &format!("host: {}", server.place()) as &str,
        "accept: text/plain",
        "x-key: k",
        "accept-encoding: identity",
        "user-agent: kosmos/",
    ] {
        assert_eq!(head.matches(line).count(), 1, "{line}: {head}");
    }
}

#[tokio::test]
async fn localhost_is_fetched_where_it_is_listed() {
    let server = Server::start("127.0.0.1", Answer::ok("here")).await;
    let place = format!("localhost:{}", server.address.port());
    let answer = fetch(&format!("http://{place}/"), &[&place], &[]).await.unwrap();
    assert_eq!(answer["text"], "here");
}

#[tokio::test]
async fn a_name_with_a_local_address_gets_no_connection() {
    let server = Server::start("127.0.0.1", Answer::ok("secret")).await;
    let port = server.address.port();
    let v4 = server.place();
    let mapped = format!("[::ffff:127.0.0.1]:{port}");
    let public = format!("93.184.215.14:{port}");
    for (name, entry, addresses, class) in [
        ("api.example.org", "", vec![v4.as_str()], AddressClass::Loopback),
        ("api.example.org", "", vec![mapped.as_str()], AddressClass::Loopback),
        ("evil.localhost", "", vec![v4.as_str()], AddressClass::Loopback),
        (
            "api.example.org",
            "",
            vec![public.as_str(), v4.as_str()],
            AddressClass::Loopback,
        ),
        (
            "api.example.org",
            "",
            vec!["169.254.169.254:80"],
            AddressClass::LinkLocal,
        ),
        (
            "api.example.org",
            "private:",
            vec!["169.254.169.254:80"],
            AddressClass::LinkLocal,
        ),
        ("api.example.org", "", vec!["10.0.0.1:80"], AddressClass::Private),
        ("api.example.org", "", vec!["[fd00::1]:80"], AddressClass::UniqueLocal),
        ("api.example.org", "", vec!["100.64.0.1:80"], AddressClass::Shared),
        (
            "api.example.org",
            "private:",
            vec!["0.0.0.0:80"],
            AddressClass::Unspecified,
        ),
        (
            "api.example.org",
            "private:",
            vec!["224.0.0.1:80"],
            AddressClass::Multicast,
        ),
        ("localhost", "", vec!["10.0.0.1:80"], AddressClass::Private),
    ] {
        let place = format!("{name}:{port}");
        let names = Names::new(&[&addresses]);
        let entry = format!("{entry}{place}");
        let error = fetch_with(&format!("http://{place}/"), &[&entry], &[], &names.lookup, LIMITS).await;
        let error = error.unwrap_err();
        assert!(
            matches!(&error, FetchError::RefusedAddress { class: found, .. } if *found == class),
            "{name} {addresses:?}: {error}"
        );
        assert_eq!(error.code(), code::NOT_PERMITTED);
        let told = error.to_string();
        assert!(
            told.contains(name) && told.contains("does not list that host as private"),
            "{told}"
        );
    }
    assert_eq!(server.seen(), [""; 0]);
}

#[tokio::test]
async fn a_name_that_is_listed_as_private_is_connected_to_what_was_checked() {
    let good = Server::start("127.0.0.1", Answer::ok("good")).await;
    let port = good.address.port();
    // The name server answers otherwise the second time.
    let evil = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
    let evil = Server::serve(evil, Answer::ok("evil"));
    let names = Names::new(&[&[&good.place()], &[&evil.place()]]);
    let place = format!("papers.example.org:{port}");
    let entry = format!("private:{place}");
    let answer = fetch_with(&format!("http://{place}/"), &[&entry], &[], &names.lookup, LIMITS).await;
    assert_eq!(answer.unwrap()["text"], "good");
    assert_eq!(names.asked(), ["papers.example.org"]);
    assert_eq!((good.seen().len(), evil.seen().len()), (1, 0));
    assert!(
        good.seen()[0].contains(&format!("host: {place}\r\n")),
        "{:?}",
        good.seen()
    );
}

#[tokio::test]
async fn each_hop_is_resolved_and_checked() {
    let target = Server::start("127.0.0.2", Answer::ok("secret")).await;
    let port = target.address.port();
    let inner = format!("http://inner.example.org:{port}/");
    let front = Server::start("127.0.0.1", Answer::redirect(&inner)).await;
    let entries = [front.place(), format!("inner.example.org:{port}")];
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    let names = Names::new(&[&[&target.place()]]);
    let error = fetch_with(&front.url("/"), &entries, &[], &names.lookup, LIMITS)
        .await
        .unwrap_err();
    assert!(matches!(error, FetchError::RefusedAddress { .. }), "{error}");

    let refused = [
        target.url("/"),
        format!("http://127.0.0.2:{port}/"),
        format!("http://2130706434:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ];
    for to in refused {
        let front = Server::start("127.0.0.1", Answer::redirect(&to)).await;
        let error = fetch(&front.url("/"), &[&front.place()], &[]).await.unwrap_err();
        assert!(matches!(error, FetchError::RefusedRedirect(_)), "{to}: {error}");
    }
    assert_eq!(target.seen(), [""; 0]);
}

#[tokio::test]
async fn credentials_stay_with_the_host_that_they_were_meant_for() {
    let headers = [
        ("Authorization", "Bearer secret-1"),
        ("Cookie", "secret-2"),
        ("X-Api-Key", "secret-3"),
        ("Accept", "text/plain"),
        ("User-Agent", "agent/1"),
    ];
    let last = Server::start("127.0.0.1", Answer::ok("end")).await;
    let other_host = Server::start("127.0.0.2", Answer::redirect(&last.url("/back"))).await;
    let first = Server::start("127.0.0.1", Answer::redirect(&other_host.url("/x"))).await;
    let places = [first.place(), other_host.place(), last.place()];
    let entries: Vec<&str> = places.iter().map(String::as_str).collect();
    let answer = fetch(&first.url("/"), &entries, &headers).await.unwrap();
    assert_eq!(answer["text"], "end");
    assert_eq!(first.seen()[0].matches("secret").count(), 3);
    // Another port of the first host, after a detour, is another origin too.
    for server in [other_host, last] {
        let seen = server.seen();
        assert!(!seen[0].contains("secret"), "{seen:?}");
        assert!(
            seen[0].contains("accept: text/plain") && seen[0].contains("user-agent: agent/1"),
            "{seen:?}"
        );
    }
}

#[tokio::test]
async fn credentials_stay_on_the_same_origin() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::serve(listener, Answer::redirect("/again"));
    let error = fetch(&server.url("/"), &[&server.place()], &[("Authorization", "secret")])
        .await
        .unwrap_err();
    assert!(matches!(error, FetchError::TooManyRedirects), "{error}");
    let seen = server.seen();
    assert_eq!(seen.len(), 6);
    assert!(
        seen.iter().all(|head| head.contains("authorization: secret")),
        "{seen:?}"
    );
}

#[tokio::test]
async fn a_body_ends_at_its_limit_of_size_or_time() {
    let head = "HTTP/1.1 200 OK\r\n\r\n".to_owned() + &"y".repeat(990);
    let server = Server::start("127.0.0.1", Answer::Endless(head, Duration::ZERO)).await;
    let answer = fetch(&server.url("/"), &[&server.place()], &[]).await.unwrap();
    assert_eq!(
        (answer["text"].as_str().unwrap().len(), &answer["truncated"]),
        (1000, &true.into())
    );

    let limits = FetchLimits {
        time: Duration::from_millis(300),
        ..LIMITS
    };
    for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nx-a: ", ""] {
        let server = Server::start("127.0.0.1", Answer::Endless(head.to_owned(), Duration::from_millis(20))).await;
        let started = Instant::now();
        let answer = fetch_with(&server.url("/"), &[&server.place()], &[], &system_lookup, limits).await;
        let error = answer.unwrap_err();
        if head.is_empty() {
            // These bytes are no HTTP, which is found before the time is over.
            assert!(
                matches!(error, FetchError::NoAnswer(_) | FetchError::TimedOut(_)),
                "{error}"
            );
        } else {
            assert!(matches!(error, FetchError::TimedOut(_)), "{head:?}: {error}");
            assert_eq!(error.to_string(), "no whole answer within 0.3 s");
        }
        assert!(started.elapsed() < Duration::from_secs(3));
    }
}

#[tokio::test]
async fn a_text_is_bounded_as_json_too() {
    for (body, letters) in [
        ("\u{1}".repeat(1000), 250),
        ("\"".repeat(1000), 750),
        ("a".repeat(1000), 1000),
    ] {
        let server = Server::start("127.0.0.1", Answer::ok(&body)).await;
        let answer = fetch(&server.url("/"), &[&server.place()], &[]).await.unwrap();
        let text = answer["text"].as_str().unwrap();
        assert_eq!((text.len(), &answer["truncated"]), (letters, &(letters < 1000).into()));
        assert!(serde_json::to_string(text).unwrap().len() <= 1502);
    }
}

#[tokio::test]
async fn all_that_a_server_sends_is_bounded() {
    let interim = format!("HTTP/1.1 103 Early Hints\r\nlink: <{}>\r\n\r\n", "x".repeat(4000));
    let last = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
    let server = Server::start("127.0.0.1", Answer::Text(interim.repeat(3) + last)).await;
    let answer = fetch(&server.url("/"), &[&server.place()], &[]).await.unwrap();
    assert_eq!((&answer["status"], &answer["text"]), (&200.into(), &"hi".into()));

    let chunks = "1;padding=".to_owned() + &"x".repeat(1000) + "\r\ny\r\n";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned() + &chunks.repeat(500);
    for text in [interim.repeat(100) + last, chunked] {
        let server = Server::start("127.0.0.1", Answer::Text(text)).await;
        let error = fetch(&server.url("/"), &[&server.place()], &[]).await.unwrap_err();
        assert!(matches!(error, FetchError::NoAnswer(_)), "{error}");
    }
    let server = Server::start("127.0.0.1", Answer::Text(interim.repeat(100))).await;
    let error = fetch(&server.url("/"), &[&server.place()], &[]).await.unwrap_err();
    assert!(error.to_string().contains("the server sends too much"), "{error}");
}

#[tokio::test]
async fn answers_that_are_no_answers_are_errors() {
    let many = (0..200).map(|at| format!("x-{at}: 1\r\n")).collect::<String>();
    let long = format!("x: {}\r\n", "a".repeat(1 << 20));
    for (text, expected) in [
        (
            format!("HTTP/1.1 200 OK\r\n{many}content-length: 0\r\n\r\n"),
            "no answer",
        ),
        (
            format!("HTTP/1.1 200 OK\r\n{long}content-length: 0\r\n\r\n"),
            "no answer",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\ncut".to_owned(),
            "no answer",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".to_owned(),
            "no answer",
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n".to_owned(), "no answer"),
        (
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n\u{1f}x".to_owned(),
            "compressed (gzip)",
        ),
        (
            "HTTP/1.1 302 Found\r\nlocation: http://[\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "invalid address",
        ),
    ] {
        let server = Server::start("127.0.0.1", Answer::Text(text.clone())).await;
        let error = fetch(&server.url("/"), &[&server.place()], &[]).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{text:.60}: {error}");
        assert_eq!(error.code(), code::FAILED);
    }
    let names = Names::new(&[]);
    let error = fetch_with(
        "http://nowhere.example/",
        &["nowhere.example"],
        &[],
        &names.lookup,
        LIMITS,
    )
    .await;
    let told = error.unwrap_err().to_string();
    assert_eq!(told, "`nowhere.example` cannot be resolved: no such name");
}

#[test]
fn an_address_must_be_plain() {
    let hosts = rules(&["api.example.org", "127.0.0.1:8080"]);
    for bad in [
        "http://user@api.example.org/",
        "http://:secret@api.example.org/",
        "https://api.example.org@evil.example/",
        "file:///etc/passwd",
        "ftp://api.example.org/",
        "unix:///run/docker.sock",
        "nothing",
        "",
    ] {
        assert!(check_permitted(bad, &hosts).is_err(), "{bad}");
    }
    // A backslash is a slash: what follows is a path.
    let url = check_permitted("http://127.0.0.1:8080\\@evil.example/", &hosts).unwrap();
    assert_eq!((url.host_str(), url.path()), (Some("127.0.0.1"), "/@evil.example/"));
    let long = format!("https://api.example.org/{}", "a".repeat(9000));
    assert!(
        check_permitted(&long, &hosts)
            .unwrap_err()
            .message
            .contains("longer than 8192 bytes")
    );
}
