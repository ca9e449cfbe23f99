//! A go-between before a real endpoint, which keeps what it was asked and may have some of it answered elsewhere.

use std::{
    io::{BufRead, BufReader, Read, Write, copy},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A recording go-between; it lives as long as the test's process.
pub struct ModelProxy {
    port: u16,
    chats: Arc<Mutex<Vec<String>>>,
}

/// Who answers the chat with this body: a host and a port, if not the endpoint.
type Divert = dyn Fn(&str) -> Option<String> + Send + Sync;

impl ModelProxy {
    /// In front of `upstream`, a host and a port.
    pub fn start(upstream: &str, divert: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let chats = Arc::<Mutex<Vec<String>>>::default();
        let (kept, upstream) = (Arc::clone(&chats), upstream.to_owned());
        let divert: Arc<Divert> = Arc::new(divert);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (kept, upstream, divert) = (Arc::clone(&kept), upstream.clone(), Arc::clone(&divert));
                // Either side may go at any time.
                thread::spawn(move || pass(client, &upstream, &*divert, &kept));
            }
        });
        Self { port, chats }
    }

    /// For `llm.base_url`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// The bodies of all chats that the endpoint was to answer.
    pub fn chats(&self) -> Vec<String> {
        self.chats.lock().unwrap().clone()
    }
}

/// Passes one request on, and what comes of it back; every request has a connection of its own.
fn pass(mut client: TcpStream, upstream: &str, divert: &Divert, kept: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        match line.trim().is_empty() {
            true => break,
            false if lower.starts_with("connection:") => {}
            false => head.push_str(&line),
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let text = String::from_utf8_lossy(&body).into_owned();
    let elsewhere = divert(&text);
    if elsewhere.is_none() && head.starts_with("POST /v1/chat/completions ") {
        kept.lock().unwrap().push(text);
    }
    let mut server = TcpStream::connect(elsewhere.as_deref().unwrap_or(upstream))?;
    write!(server, "{head}Connection: close\r\n\r\n")?;
    server.write_all(&body)?;
    // Who waits no longer is not worked for: the endpoint sees it by the closed connection.
    let (watched, ending) = (reader, server.try_clone()?);
    thread::spawn(move || {
        let _ = copy(&mut { watched }, &mut std::io::sink());
        let _ = ending.shutdown(std::net::Shutdown::Both);
    });
    copy(&mut server, &mut client)?;
    client.shutdown(std::net::Shutdown::Both)
}
