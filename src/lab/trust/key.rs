//! The user's key. A home folder may come from elsewhere, the folder of the user's settings does not: entries of
//! `<home>/own` count only if they carry a tag by the key that is kept there.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};

use super::TrustError;
use crate::config::Environment;

/// The file's name in the folder of the user's settings.
const FILE: &str = "own.key";

/// The file, for messages.
const WHAT: &str = "the key that marks your runs";

/// Bytes of a key.
const BYTES: usize = 32;

/// Precedes every text that is tagged: a tag is of no use elsewhere.
const CONTEXT: &[u8] = b"kosmos own runs 1\n";

/// The user's key.
pub(super) struct UserKey(hmac::Key);

impl UserKey {
    /// The user's key; none if there is none yet.
    pub(super) fn find(environment: &Environment) -> Result<Option<Self>, TrustError> {
        let Some(path) = key_path(environment) else {
            return Ok(None);
        };
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(TrustError::io("read", &path, WHAT))?,
        };
        let text = read_key(&mut file, &path)?;
        match text.is_empty() {
            // Another process is making it.
            true => Self::find_or_create(environment).map(Some),
            false => Self::parse(&text, &path).map(Some),
        }
    }

    /// The user's key, which is created at its first use.
    pub(super) fn find_or_create(environment: &Environment) -> Result<Self, TrustError> {
        let path = key_path(environment).ok_or(TrustError::NoConfigFolder)?;
        let mut file = open_or_create(&path).map_err(TrustError::io("create", &path, WHAT))?;
        // Two processes may start their first runs at the same time. The lock ends with the file.
        file.lock().map_err(TrustError::io("lock", &path, WHAT))?;
        let mut text = read_key(&mut file, &path)?;
        if text.is_empty() {
            text = draw_key().map_err(TrustError::io("create", &path, WHAT))?;
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
                .map_err(TrustError::io("write", &path, WHAT))?;
        }
        Self::parse(&text, &path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, TrustError> {
        let digits = text.trim_end();
        match digits.len() == 2 * BYTES && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, digits.as_bytes()))),
            false => Err(TrustError::Key {
                path: path.to_owned(),
                problem: "not a key that Kosmos made",
            }),
        }
    }

    /// The tag of a text, in hexadecimal digits.
    pub(super) fn tag(&self, text: &str) -> String {
        encode_hex(hmac::sign(&self.0, &[CONTEXT, text.as_bytes()].concat()))
    }

    /// Returns true if `tag` is the tag of the text.
    pub(super) fn matches(&self, text: &str, tag: &str) -> bool {
        let expected = self.tag(text);
        // Compared by their own tags, so that the time taken tells nothing.
        hmac::verify(
            &self.0,
            tag.as_bytes(),
            hmac::sign(&self.0, expected.as_bytes()).as_ref(),
        )
        .is_ok()
    }
}

fn key_path(environment: &Environment) -> Option<PathBuf> {
    environment.config_folder().map(|folder| folder.join(FILE))
}

fn open_or_create(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The text of the key's file, which nobody else may read.
fn read_key(file: &mut File, path: &Path) -> Result<String, TrustError> {
    let failed = || TrustError::io("read", path, WHAT);
    let found = file.metadata().map_err(failed())?;
    let fault = |problem| TrustError::Key {
        path: path.to_owned(),
        problem,
    };
    if !found.is_file() {
        return Err(fault("not a file"));
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o077 != 0 {
        return Err(fault("a secret key that others may read"));
    }
    let mut text = String::new();
    file.rewind().map_err(failed())?;
    file.take(1024).read_to_string(&mut text).map_err(failed())?;
    Ok(text)
}

fn encode_hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn draw_key() -> io::Result<String> {
    let mut bytes = [0; BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| io::Error::other("the system gives no random numbers"))?;
    Ok(encode_hex(bytes) + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(folder: &Path) -> Environment {
        Environment::new([("XDG_CONFIG_HOME", folder)], "/")
    }

    #[test]
    fn a_key_is_made_once_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let environment = environment(folder.path());
        assert!(UserKey::find(&environment).unwrap().is_none());
        let tag = UserKey::find_or_create(&environment).unwrap().tag("text");
        for key in [
            UserKey::find(&environment).unwrap(),
            UserKey::find_or_create(&environment).ok(),
        ] {
            let key = key.unwrap();
            assert!(key.matches("text", &tag));
            for (text, tag) in [("texts", tag.as_str()), ("text", ""), ("text", "00"), ("", &tag)] {
                assert!(!key.matches(text, tag), "{text} {tag}");
            }
        }
        let path = folder.path().join("kosmos/own.key");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(
                fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777,
                0o700
            );
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            let error = UserKey::find(&environment).err().unwrap();
            assert!(error.to_string().contains("others may read"), "{error}");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        fs::write(&path, "not a key\n").unwrap();
        let error = UserKey::find_or_create(&environment).err().unwrap();
        assert!(error.to_string().contains("not a key that Kosmos made"), "{error}");
    }

    #[test]
    fn without_a_folder_there_is_no_key_and_none_is_made() {
        let nothing: [(&str, &str); 0] = [];
        let environment = Environment::new(nothing, "/");
        assert!(UserKey::find(&environment).unwrap().is_none());
        assert!(matches!(
            UserKey::find_or_create(&environment),
            Err(TrustError::NoConfigFolder)
        ));
    }

    #[test]
    fn two_users_have_two_keys() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [one, other] = folders
            .each_ref()
            .map(|folder| UserKey::find_or_create(&environment(folder.path())).unwrap());
        assert!(!other.matches("text", &one.tag("text")));
    }
}
