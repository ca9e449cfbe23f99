//! Who signed an archive: signatures in the format of minisign, in a file beside the archive, `study.tar.minisig`.
//!
//! The user's key is in the folder of the user's settings: `minisign.key`, and `minisign.pub` to hand out. The keys of
//! others, as they hand them out, are the files `signers/NAME.pub` there.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use kosmos_core::{
    files::{Sync, write_atomically},
    regular_file::open_regular_file,
};
use minisign::{KeyPair, PublicKey, SecretKey, SecretKeyBox, SignatureBox};
use serde::Serialize;

use crate::{config::Environment, science::RunId};

const SECRET_KEY: &str = "minisign.key";
const PUBLIC_KEY: &str = "minisign.pub";
const SIGNERS: &str = "signers";

/// The name of the user among the signers.
const USER: &str = "you";

/// The largest key or signature that is read, in bytes.
const LARGEST: u64 = 16 * 1024;

/// Why an archive cannot be signed, or its signature does not hold.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// There is no folder for the user's key.
    #[error("there is no folder for your signing key: neither XDG_CONFIG_HOME nor HOME is set")]
    NoConfigFolder,
    /// A file cannot be used.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// The attempted action, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file holds no key or no signature.
    #[error("{place} is not {what}: {why}")]
    Format {
        /// The file or the argument.
        place: String,
        /// The expected form.
        what: &'static str,
        /// Why it is not.
        why: String,
    },
    /// The archive has no signature, and one is required.
    #[error("the archive is not signed: there is no {}", path.display())]
    Unsigned {
        /// The signature's file.
        path: PathBuf,
    },
    /// The archive is signed by another than the required key.
    #[error("the archive is signed by the key {found}, not by {required}")]
    OtherSigner {
        /// The id of the key that signed it.
        found: String,
        /// The id of the required key.
        required: String,
    },
    /// The signature is not of this archive.
    #[error("the signature {} does not hold: {why}", path.display())]
    Broken {
        /// The signature's file.
        path: PathBuf,
        /// Why it does not hold.
        why: VerificationFault,
    },
}

/// Why a signature could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerificationFault {
    /// It is not by the key, or of something else.
    #[error("{0}")]
    Minisign(minisign_verify::Error),
    /// The signed content cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// The reason.
        cause: io::Error,
    },
}

impl From<minisign_verify::Error> for VerificationFault {
    fn from(error: minisign_verify::Error) -> Self {
        Self::Minisign(error)
    }
}

impl SignatureError {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// The remedy.
    pub fn help(&self) -> String {
        match self {
            Self::NoConfigFolder => "set XDG_CONFIG_HOME to a folder of yours that stays, such as ~/.config".to_owned(),
            Self::Io { .. } => "make it readable for you, or name another file".to_owned(),
            Self::Format { .. } => {
                "keys and signatures are those of minisign; `kosmos export --sign` makes a key where there is none"
                    .to_owned()
            }
            Self::Unsigned { .. } => "ask its maker for the signature, or import it without --signed-by".to_owned(),
            Self::OtherSigner { .. } => "check the key with its owner".to_owned(),
            Self::Broken { .. } => "do not use the archive: it or its signature was changed".to_owned(),
        }
    }
}

/// The user's signing key.
pub(super) struct SigningKey {
    secret: SecretKey,
    public: PublicKey,
    /// The public key's file, if the key was made just now.
    made: Option<PathBuf>,
}

/// The signature of an archive.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Signed {
    /// The signature's file.
    pub file: PathBuf,
    /// The public key, as minisign writes it.
    pub public_key: String,
    /// The file of the public key, if the key was made for this signature.
    pub made: Option<PathBuf>,
}

/// The statement of an archive's signature.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "signature", rename_all = "snake_case")]
pub enum Signer {
    /// There is none.
    Unsigned,
    /// It is of a key that the user does not have, and was not checked.
    Unknown {
        /// The key's id.
        key_id: String,
    },
    /// It holds.
    Known {
        /// The name by which the user has the key.
        name: String,
        /// The key's id.
        key_id: String,
        /// The comment that is part of what was signed.
        comment: String,
    },
}

impl SigningKey {
    /// The user's key, which is made if there is none.
    pub(super) fn find_or_create(environment: &Environment) -> Result<Self, SignatureError> {
        let folder = environment.config_folder().ok_or(SignatureError::NoConfigFolder)?;
        let path = folder.join(SECRET_KEY);
        if !path.exists() {
            return Self::create(&folder);
        }
        let text = read_small(&path)?;
        let format = |error: minisign::PError| SignatureError::Format {
            place: path.display().to_string(),
            what: "a secret key of minisign without a password",
            why: error.to_string(),
        };
        let secret = SecretKeyBox::from_string(&text)
            .and_then(SecretKeyBox::into_unencrypted_secret_key)
            .map_err(format)?;
        let public = PublicKey::from_secret_key(&secret).map_err(format)?;
        Ok(Self {
            secret,
            public,
            made: None,
        })
    }

    fn create(folder: &Path) -> Result<Self, SignatureError> {
        let made = |error: minisign::PError| SignatureError::Io {
            action: "make",
            path: folder.join(SECRET_KEY),
            source: io::Error::other(error.to_string()),
        };
        let KeyPair { pk: public, sk: secret } = KeyPair::generate_unencrypted_keypair().map_err(made)?;
        let secret_box = secret.to_box(Some("secret key of kosmos")).map_err(made)?;
        let public_box = public.to_box().map_err(made)?;
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(SignatureError::io("make", folder))?;
        let path = folder.join(SECRET_KEY);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let write = |mut file: File| {
            file.write_all(secret_box.to_string().as_bytes())?;
            file.sync_all()
        };
        options
            .open(&path)
            .and_then(write)
            .map_err(SignatureError::io("write", &path))?;
        let path = folder.join(PUBLIC_KEY);
        write_text(&path, &public_box.to_string())?;
        Ok(Self {
            secret,
            public,
            made: Some(path),
        })
    }

    /// Signs an archive: writes the file beside it.
    pub(super) fn sign_archive(&self, file: &Path, run: &RunId) -> Result<Signed, SignatureError> {
        let opened = File::open(file).map_err(SignatureError::io("read", file))?;
        let seconds = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let comment = format!("timestamp:{seconds}\trun:{run}");
        let untrusted = format!("signature of kosmos by the key {}", key_id(self.public.keynum()));
        let signature = minisign::sign(
            Some(&self.public),
            &self.secret,
            io::BufReader::new(opened),
            Some(&comment),
            Some(&untrusted),
        );
        let path = signature_path(file);
        let signature = signature.map_err(|error| SignatureError::Io {
            action: "make",
            path: path.clone(),
            source: io::Error::other(error.to_string()),
        })?;
        write_text(&path, &signature.to_string())?;
        Ok(Signed {
            file: path,
            public_key: self.public.to_base64(),
            made: self.made.clone(),
        })
    }
}

/// The file of an archive's signature.
pub(super) fn signature_path(archive: &Path) -> PathBuf {
    let mut path = OsString::from(archive);
    path.push(".minisig");
    PathBuf::from(path)
}

/// Checks who signed an archive, which is open as `opened`. With `required`, a public key or the file of one, it must
/// be signed by that key. A signature of a key that the user has must hold in any case.
pub(super) fn check_signer(
    archive: &Path,
    opened: &mut File,
    required: Option<&str>,
    environment: &Environment,
) -> Result<Signer, SignatureError> {
    let required = required
        .map(|text| parse_required_key(text, environment.working_folder()))
        .transpose()?;
    let path = signature_path(archive);
    if !path.exists() {
        return match required {
            Some(_) => Err(SignatureError::Unsigned { path }),
            None => Ok(Signer::Unsigned),
        };
    }
    let text = read_small(&path)?;
    let format = |why: String| SignatureError::Format {
        place: path.display().to_string(),
        what: "a signature of minisign",
        why,
    };
    // Both must be able to read it: the one checks it, the other tells its key.
    let signature = minisign_verify::Signature::decode(&text).map_err(|error| format(error.to_string()))?;
    let parsed = SignatureBox::from_string(&text).map_err(|error| format(error.to_string()))?;
    let found = key_id(parsed.keynum());
    let known = match required {
        Some(key) if key_id(key.keynum()) != found => {
            return Err(SignatureError::OtherSigner {
                found,
                required: key_id(key.keynum()),
            });
        }
        Some(key) => Some((name_of_key(&key, environment)?, key)),
        None => known_keys(environment)?
            .into_iter()
            .find(|(_, key)| key_id(key.keynum()) == found),
    };
    let Some((name, key)) = known else {
        return Ok(Signer::Unknown { key_id: found });
    };
    verify(&key, &signature, archive, opened).map_err(|why| SignatureError::Broken { path, why })?;
    Ok(Signer::Known {
        name,
        key_id: found,
        comment: signature.trusted_comment().to_owned(),
    })
}

/// Verifies the signature of what `opened` holds, from its beginning; leaves it there.
fn verify(
    key: &PublicKey,
    signature: &minisign_verify::Signature,
    archive: &Path,
    opened: &mut File,
) -> Result<(), VerificationFault> {
    let key = minisign_verify::PublicKey::from_base64(&key.to_base64())?;
    let mut verifier = key.verify_stream(signature)?;
    let failed = |cause: io::Error| VerificationFault::Archive {
        path: archive.to_owned(),
        cause,
    };
    opened.rewind().map_err(failed)?;
    let mut piece = vec![0; 1 << 16];
    loop {
        let read = opened.read(&mut piece).map_err(failed)?;
        match piece.get(..read) {
            Some(bytes) if read > 0 => verifier.update(bytes),
            _ => break,
        }
    }
    opened.rewind().map_err(failed)?;
    Ok(verifier.finalize()?)
}

/// The id of a key, as minisign writes it.
fn key_id(number: &[u8]) -> String {
    number.iter().rev().map(|byte| format!("{byte:02X}")).collect()
}

/// The key that the user names: a public key, or the file of one.
fn parse_required_key(text: &str, working_folder: &Path) -> Result<PublicKey, SignatureError> {
    match PublicKey::from_base64(text.trim()) {
        Ok(key) => Ok(key),
        Err(_) => read_public_key(&working_folder.join(text)),
    }
}

fn read_public_key(path: &Path) -> Result<PublicKey, SignatureError> {
    let text = read_small(path)?;
    let key = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    PublicKey::from_base64(key.unwrap_or_default()).map_err(|error| SignatureError::Format {
        place: path.display().to_string(),
        what: "a public key of minisign",
        why: error.to_string(),
    })
}

/// The keys that the user has, by the names of their files: the user's own, then those of others.
fn known_keys(environment: &Environment) -> Result<Vec<(String, PublicKey)>, SignatureError> {
    let Some(folder) = environment.config_folder() else {
        return Ok(Vec::new());
    };
    let mut known = Vec::new();
    let own = folder.join(PUBLIC_KEY);
    if own.exists() {
        known.push((USER.to_owned(), read_public_key(&own)?));
    }
    let signers = folder.join(SIGNERS);
    let entries = match fs::read_dir(&signers) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(known),
        entries => entries.map_err(SignatureError::io("list", &signers))?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths
        .collect::<Result<_, _>>()
        .map_err(SignatureError::io("list", &signers))?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pub"));
    paths.sort();
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        known.push((name, read_public_key(&path)?));
    }
    Ok(known)
}

/// The name by which the user has a key; its id if the user does not.
fn name_of_key(key: &PublicKey, environment: &Environment) -> Result<String, SignatureError> {
    let known = known_keys(environment)?.into_iter().find(|(_, known)| known == key);
    Ok(known.map_or_else(|| key_id(key.keynum()), |(name, _)| name))
}

fn read_small(path: &Path) -> Result<String, SignatureError> {
    let failed = || SignatureError::io("read", path);
    let file = open_regular_file(path).map_err(failed())?;
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text).map_err(failed())?;
    Ok(text)
}

fn write_text(path: &Path, text: &str) -> Result<(), SignatureError> {
    write_atomically(path, Sync::Content, |file| file.write_all(text.as_bytes()))
        .map_err(SignatureError::io("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Desk {
        folder: tempfile::TempDir,
    }

    impl Desk {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("study.tar"), "an archive").unwrap();
            Self { folder }
        }

        fn archive(&self) -> PathBuf {
            self.folder.path().join("study.tar")
        }

        fn environment(&self, user: &str) -> Environment {
            Environment::new([("XDG_CONFIG_HOME", self.folder.path().join(user))], self.folder.path())
        }

        fn sign(&self, user: &str) -> Signed {
            let key = SigningKey::find_or_create(&self.environment(user)).unwrap();
            key.sign_archive(&self.archive(), &"a-1".parse::<RunId>().unwrap())
                .unwrap()
        }

        fn check(&self, user: &str, required: Option<&str>) -> Result<Signer, SignatureError> {
            let mut opened = File::open(self.archive()).unwrap();
            check_signer(&self.archive(), &mut opened, required, &self.environment(user))
        }
    }

    fn name(signer: &Signer) -> &str {
        match signer {
            Signer::Known { name, comment, .. } if comment.ends_with("run:a-1") => name,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_signature_says_who_signed() {
        let desk = Desk::new();
        assert_eq!(desk.check("ann", None).unwrap(), Signer::Unsigned);
        let signed = desk.sign("ann");
        assert!(signed.made.is_some());
        assert_eq!(name(&desk.check("ann", None).unwrap()), "you");
        // The key is made once.
        let again = desk.sign("ann");
        assert_eq!((&again.made, &again.public_key), (&None, &signed.public_key));

        assert!(matches!(desk.check("bob", None).unwrap(), Signer::Unknown { .. }));
        let required = desk.check("bob", Some(&signed.public_key)).unwrap();
        assert!(matches!(required, Signer::Known { .. }), "{required:?}");
        assert_eq!(desk.check("bob", Some("ann/kosmos/minisign.pub")).unwrap(), required);
        let signers = desk.folder.path().join("bob/kosmos/signers");
        fs::create_dir_all(&signers).unwrap();
        fs::copy(signed.made.unwrap(), signers.join("ann.pub")).unwrap();
        assert_eq!(name(&desk.check("bob", None).unwrap()), "ann");
        assert_eq!(name(&desk.check("bob", Some(&signed.public_key)).unwrap()), "ann");
    }

    #[test]
    fn what_does_not_hold_is_refused() {
        let desk = Desk::new();
        let other = desk.sign("bob").public_key;
        let signed = desk.sign("ann");
        let error = |required: Option<&str>| desk.check("ann", required).unwrap_err().to_string();
        assert!(error(Some(&other)).contains("not by"), "{}", error(Some(&other)));
        assert!(
            error(Some("no key")).contains("cannot read"),
            "{}",
            error(Some("no key"))
        );
        fs::write(desk.archive(), "another archive").unwrap();
        assert!(error(None).contains("does not hold"), "{}", error(None));
        fs::write(desk.archive(), "an archive").unwrap();
        let text = fs::read_to_string(&signed.file).unwrap();
        fs::write(&signed.file, text.replace("run:a-1", "run:a-2")).unwrap();
        assert!(error(None).contains("does not hold"), "{}", error(None));
        for text in ["", "untrusted comment: x\nRWQ=\ntrusted comment: x\nAA==\n", "\u{0}"] {
            fs::write(&signed.file, text).unwrap();
            assert!(
                error(None).contains("is not a signature of minisign"),
                "{}",
                error(None)
            );
        }
        fs::remove_file(&signed.file).unwrap();
        assert!(error(Some(&other)).contains("is not signed"), "{}", error(Some(&other)));
    }

    /// The example of minisign's own documentation.
    #[test]
    fn a_signature_by_minisign_itself_holds() {
        let desk = Desk::new();
        fs::write(desk.archive(), "test").unwrap();
        let signature = "untrusted comment: signature from minisign secret key\n\
            RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
            trusted comment: timestamp:1633700835\tfile:test\tprehashed\n\
            wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==\n";
        fs::write(signature_path(&desk.archive()), signature).unwrap();
        let key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
        let signer = desk.check("ann", Some(key)).unwrap();
        let expected = Signer::Known {
            name: "E7620F1842B4E81F".to_owned(),
            key_id: "E7620F1842B4E81F".to_owned(),
            comment: "timestamp:1633700835\tfile:test\tprehashed".to_owned(),
        };
        assert_eq!(signer, expected);
    }
}
