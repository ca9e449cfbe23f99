//! A pass-through in front of a real endpoint, which keeps what it was asked.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// What was sent through one connection, from the client's side.
type Sent = Arc<Mutex<Vec<u8>>>;

/// It lives as long as the test's process.
pub struct Proxy {
    port: u16,
    connections: Arc<Mutex<Vec<Sent>>>,
}

impl Proxy {
    /// In front of `upstream`, a host and a port.
    pub fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(Mutex::new(Vec::new()));
        let (kept, upstream) = (Arc::clone(&connections), upstream.to_owned());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let sent = Sent::default();
                kept.lock().unwrap().push(Arc::clone(&sent));
                let server = TcpStream::connect(&upstream).unwrap();
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || pass(from, to, |bytes| sent.lock().unwrap().extend(bytes)));
                thread::spawn(move || pass(server, client, |_| ()));
            }
        });
        Self { port, connections }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// The bodies of all chats so far, as text.
    pub fn chats(&self) -> Vec<String> {
        let connections = self.connections.lock().unwrap();
        let mut bodies = Vec::new();
        for sent in connections.iter() {
            let sent = sent.lock().unwrap();
            let text = String::from_utf8_lossy(&sent);
            for request in text.split("POST /v1/chat/completions ").skip(1) {
                let (_, body) = request.split_once("\r\n\r\n").unwrap_or_default();
                // What follows on the same connection is another request.
                let body = body.split("GET /v1/models ").next().unwrap_or_default();
                bodies.push(body.to_owned());
            }
        }
        bodies
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, mut seen: impl FnMut(&[u8])) {
    let mut buffer = [0; 16384];
    while let Ok(n) = from.read(&mut buffer) {
        if n == 0 {
            break;
        }
        seen(&buffer[..n]);
        if to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    // Either side may be gone already.
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}
