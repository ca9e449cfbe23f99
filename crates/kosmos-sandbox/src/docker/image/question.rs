//! What a base says of itself.

use std::time::Duration;

use bollard::{
    Docker,
    models::{ContainerCreateBody, HostConfig},
    query_parameters::{
        AttachContainerOptionsBuilder, CreateContainerOptions, RemoveContainerOptionsBuilder, StartContainerOptions,
    },
};
use futures::TryStreamExt;
use serde::Deserialize;

use super::{ImageError, answer};

/// How long a base may think.
const THINKING: Duration = Duration::from_secs(60);

/// Tells about the Python that runs it, as one line of JSON.
const QUESTION: &str = "
import json, platform, sys, sysconfig
print(json.dumps(dict(
    python=list(sys.version_info[:3]),
    implementation=sys.implementation.name,
    threaded=bool(sysconfig.get_config_var('Py_GIL_DISABLED')),
    machine=platform.machine(),
    libc=platform.libc_ver(),
)))
";

/// A Python and a machine to fetch packages for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The version, such as 3.11.2.
    pub python: [u32; 3],
    /// The machine, as wheels name it, such as `x86_64`.
    pub machine: String,
    /// The minor version of the C library, glibc 2.
    pub glibc: u32,
}

impl Target {
    /// The version, such as `3.11.2`.
    pub fn version(&self) -> String {
        let [major, minor, patch] = self.python;
        format!("{major}.{minor}.{patch}")
    }
}

#[derive(Deserialize)]
struct Said {
    python: [u32; 3],
    implementation: String,
    threaded: bool,
    machine: String,
    libc: (String, String),
}

/// Asks a base about its Python.
pub async fn target(docker: &Docker, image: &str) -> Result<Target, ImageError> {
    let said = ask(docker, image, &["python3", "-I", "-c", QUESTION]).await?;
    read(&said).map_err(|reason| ImageError::Base {
        image: image.to_owned(),
        reason,
    })
}

/// Whether a base has R, and the Python that starts its scripts.
pub async fn has_r(docker: &Docker, image: &str) -> Result<bool, ImageError> {
    let script = "command -v Rscript >/dev/null && command -v python3 >/dev/null && echo yes || echo no";
    Ok(ask(docker, image, &["sh", "-c", script]).await?.trim() == "yes")
}

fn read(said: &str) -> Result<Target, String> {
    // Errors of Python come last and are what explains it.
    let last = said.lines().last().unwrap_or("it says nothing");
    let said: Said = serde_json::from_str(last).map_err(|_| format!("its python3 cannot be asked: {last}"))?;
    let [major, minor, _] = said.python;
    if said.implementation != "cpython" || said.threaded {
        return Err("its Python is not the usual CPython".to_owned());
    }
    if major != 3 || !(11..=14).contains(&minor) {
        return Err(format!("its Python is {major}.{minor}, and 3.11 to 3.14 are supported"));
    }
    let glibc = match (said.libc.0.as_str(), said.libc.1.split_once('.')) {
        ("glibc", Some(("2", minor))) => minor.parse().ok(),
        _ => None,
    };
    Ok(Target {
        python: said.python,
        machine: said.machine,
        glibc: glibc.ok_or_else(|| "its C library is not glibc, for which the packages are built".to_owned())?,
    })
}

/// Runs a command in a container of its own and gives back what it writes.
async fn ask(docker: &Docker, image: &str, command: &[&str]) -> Result<String, ImageError> {
    let words = |words: &[&str]| Some(words.iter().map(|&word| word.to_owned()).collect());
    let body = ContainerCreateBody {
        image: Some(image.to_owned()),
        entrypoint: words(command.get(..1).unwrap_or_default()),
        cmd: words(command.get(1..).unwrap_or_default()),
        network_disabled: Some(true),
        host_config: Some(HostConfig {
            // Also if we are gone by the time it ends.
            auto_remove: Some(true),
            network_mode: Some("none".to_owned()),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let action = "ask the base about itself";
    let created = answer(action, docker.create_container(None::<CreateContainerOptions>, body)).await?;
    let said = listen(docker, &created.id).await;
    let remove = RemoveContainerOptionsBuilder::default().force(true).build();
    // Usually it has removed itself.
    let _ = answer(action, docker.remove_container(&created.id, Some(remove))).await;
    match said {
        // The program is not there.
        Err(ImageError::Engine { source, .. }) => Err(ImageError::Base {
            image: image.to_owned(),
            reason: format!("{} cannot be run in it: {source}", command.first().unwrap_or(&"it")),
        }),
        other => other,
    }
}

async fn listen(docker: &Docker, container: &str) -> Result<String, ImageError> {
    let action = "ask the base about itself";
    let all = AttachContainerOptionsBuilder::default()
        .stdout(true)
        .stderr(true)
        .stream(true)
        .build();
    let attached = answer(action, docker.attach_container(container, Some(all))).await?;
    answer(action, docker.start_container(container, None::<StartContainerOptions>)).await?;
    let written = attached.output.try_fold(Vec::new(), |mut said, part| async move {
        said.extend_from_slice(&part.into_bytes());
        Ok(said)
    });
    match tokio::time::timeout(THINKING, written).await {
        Ok(said) => Ok(String::from_utf8_lossy(&said.map_err(ImageError::engine(action))?).into_owned()),
        Err(_) => Err(ImageError::Silent {
            action,
            seconds: THINKING.as_secs(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(python: &str, libc: &str) -> String {
        format!(
            r#"{{"python": {python}, "implementation": "cpython", "threaded": false, "machine": "x86_64", "libc": {libc}}}"#
        )
    }

    #[test]
    fn a_target_is_read() {
        let target = read(&said("[3, 12, 8]", r#"["glibc", "2.36"]"#)).unwrap();
        assert_eq!((target.version().as_str(), target.glibc), ("3.12.8", 36));
    }

    #[test]
    fn what_the_lock_has_no_builds_for_says_so() {
        assert!(
            read(&said("[3, 9, 2]", r#"["glibc", "2.31"]"#))
                .unwrap_err()
                .contains("3.9")
        );
        assert!(read(&said("[3, 12, 2]", r#"["", ""]"#)).unwrap_err().contains("glibc"));
        assert!(
            read("Traceback\nImportError: x")
                .unwrap_err()
                .contains("ImportError: x")
        );
    }
}
