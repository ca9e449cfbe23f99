//! Everything around a home of Kosmos that a hostile run would like to reach, and whether it was.

use std::{
    collections::BTreeMap,
    fs,
    io::{ErrorKind, Read},
    mem::MaybeUninit,
    net::TcpListener,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

/// The value of each variable that must not leave the process that has it.
pub const MARK: &str = "canary-5d1f0c3e9a7b";

/// Files that nobody has a reason to open; each opening is counted by the kernel.
pub struct Canaries {
    root: PathBuf,
    before: BTreeMap<PathBuf, Vec<u8>>,
    watch: OwnedFd,
}

impl Canaries {
    /// Puts them into `root`: secrets, a script and a folder to be emptied.
    pub fn place(root: &Path) -> Self {
        for (name, content) in [
            ("secret.txt", "a secret of the user's"),
            ("table.csv", "x,y\n1,2\n2,4\n3,7\n4,8\n5,11\n"),
            ("precious/letters/first.txt", "kept for years"),
            ("precious/script.py", "raise SystemExit('a script of the user')"),
            ("user/.ssh/id_ed25519", "a private key"),
            ("user/.netrc", "machine example.org login me password secret"),
        ] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let watch = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).unwrap();
        let before = list_files(root);
        let folders = before.keys().map(|file| file.parent().unwrap()).chain([root]);
        // Looking a name up is no event; opening, reading, changing and removing are. Closing is none either: what this
        // process has open is closed once more in a command that the other thread starts at that moment.
        let events = WatchFlags::ALL_EVENTS.difference(WatchFlags::CLOSE_WRITE | WatchFlags::CLOSE_NOWRITE);
        for folder in folders.collect::<std::collections::BTreeSet<_>>() {
            inotify::add_watch(&watch, folder, events).unwrap();
        }
        let canaries = Self {
            root: root.to_owned(),
            before,
            watch,
        };
        canaries.take_events();
        canaries
    }

    /// What was done to them since the last time, in words; empty if nothing.
    pub fn report_touched(&self) -> Vec<String> {
        let mut touched = self.take_events();
        if list_files(&self.root) != self.before {
            touched.push("files differ".to_owned());
        }
        // Of the comparison.
        self.take_events();
        touched
    }

    fn take_events(&self) -> Vec<String> {
        let mut buffer = [MaybeUninit::<u8>::uninit(); 16384];
        let mut reader = inotify::Reader::new(&self.watch, &mut buffer);
        let mut events = Vec::new();
        while let Ok(event) = reader.next() {
            events.push(format!("{:?} {:?}", event.events(), event.file_name()));
        }
        events
    }
}

/// The regular files below a folder with their content.
pub fn list_files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.insert(entry.path(), fs::read(entry.path()).unwrap_or_default());
            }
        }
    }
    files
}

/// A socket that nobody has a reason to connect to.
pub struct Listener {
    /// Its port on 127.0.0.1.
    pub port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    pub fn start() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&heard);
        thread::spawn(move || {
            for connection in socket.incoming() {
                let mut connection = connection.unwrap();
                connection.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
                let mut first = [0; 4096];
                let length = match connection.read(&mut first) {
                    Ok(length) => length,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                    Err(_) => 0,
                };
                let text = String::from_utf8_lossy(&first[..length]).into_owned();
                told.lock().unwrap().push(text);
            }
        });
        Self { port, heard }
    }

    /// What was sent to it.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}
