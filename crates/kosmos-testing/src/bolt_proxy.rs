//! A stretch of network between Kosmos and its graph server, which can be bad.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    sync::watch,
};

/// A stretch of network that a test makes bad; it works as long as it is not dropped.
pub struct BoltProxy {
    /// `bolt://` and its host and port.
    pub address: String,
    weather: Arc<Weather>,
    runtime: Option<Runtime>,
}

impl Drop for BoltProxy {
    fn drop(&mut self) {
        // Waits for nothing: tests may be asynchronous themselves.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

struct Weather {
    /// Milliseconds that each piece of an answer is late.
    late: AtomicU64,
    down: AtomicBool,
    /// Counts the times that all connections are cut.
    cuts: watch::Sender<u64>,
    /// Bytes of answers that came through.
    passed: AtomicU64,
}

impl BoltProxy {
    /// Before the server at `bolt://host:port`.
    pub fn before(uri: &str) -> Self {
        let server = uri.strip_prefix("bolt://").unwrap().to_owned();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let weather = Arc::new(Weather {
            late: AtomicU64::new(0),
            down: AtomicBool::new(false),
            cuts: watch::channel(0).0,
            passed: AtomicU64::new(0),
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = format!("bolt://{}", listener.local_addr().unwrap());
        let shared = Arc::clone(&weather);
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                if shared.down.load(Ordering::SeqCst) {
                    continue;
                }
                tokio::spawn(carry(client, server.clone(), Arc::clone(&shared)));
            }
        });
        Self {
            address,
            weather,
            runtime: Some(runtime),
        }
    }

    /// Every piece of an answer comes so much later.
    pub fn late_by(&self, time: Duration) {
        self.weather.late.store(time.as_millis() as u64, Ordering::SeqCst);
    }

    /// Cuts all connections, and refuses new ones.
    pub fn down(&self) {
        self.weather.down.store(true, Ordering::SeqCst);
        self.weather.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Accepts connections again.
    pub fn up(&self) {
        self.weather.down.store(false, Ordering::SeqCst);
    }

    /// Down for a second, up for a second, as long as the process that `done` asks for lives.
    pub fn flap_until(&self, mut done: impl FnMut() -> bool) {
        while !done() {
            self.down();
            std::thread::sleep(Duration::from_secs(1));
            self.up();
            std::thread::sleep(Duration::from_secs(1));
        }
    }

    /// Bytes of answers that came through.
    pub fn passed(&self) -> u64 {
        self.weather.passed.load(Ordering::SeqCst)
    }
}

async fn carry(client: TcpStream, server: String, weather: Arc<Weather>) {
    let mut cuts = weather.cuts.subscribe();
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let there = async { tokio::io::copy(&mut from_client, &mut to_server).await.map(drop) };
    let back = async {
        let mut piece = vec![0; 64 * 1024];
        loop {
            let read = from_server.read(&mut piece).await?;
            if read == 0 {
                return Ok::<(), std::io::Error>(());
            }
            tokio::time::sleep(Duration::from_millis(weather.late.load(Ordering::SeqCst))).await;
            to_client.write_all(&piece[..read]).await?;
            weather.passed.fetch_add(read as u64, Ordering::SeqCst);
        }
    };
    tokio::select! {
        _ = there => {}
        _ = back => {}
        _ = cuts.changed() => {}
    }
}
