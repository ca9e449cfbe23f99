//! Asks a base image about its Python and its programs.

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

use super::{ImageError, await_answer, error::BaseFault};

/// How long a base may take to answer.
const ANSWER_TIME: Duration = Duration::from_secs(60);

/// Describes the Python that runs it, as one line of JSON.
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
pub struct PythonTarget {
    /// The version, such as 3.11.2.
    pub python: [u32; 3],
    /// The machine, as wheels name it, such as `x86_64`.
    pub machine: String,
    /// The minor version of the C library, glibc 2.
    pub glibc: u32,
}

impl PythonTarget {
    /// The version, such as `3.11.2`.
    pub fn python_version(&self) -> String {
        let [major, minor, patch] = self.python;
        format!("{major}.{minor}.{patch}")
    }
}

#[derive(Deserialize)]
struct Answer {
    python: [u32; 3],
    implementation: String,
    threaded: bool,
    machine: String,
    libc: (String, String),
}

/// Asks a base about its Python.
pub async fn ask_for_target(docker: &Docker, image: &str) -> Result<PythonTarget, ImageError> {
    let said = run_in_container(docker, image, &["python3", "-I", "-c", QUESTION]).await?;
    read_target(&said).map_err(|fault| ImageError::Base {
        image: image.to_owned(),
        fault,
    })
}

/// Returns true if a base has R, and the Python that starts its scripts.
pub async fn has_r(docker: &Docker, image: &str) -> Result<bool, ImageError> {
    let script = "command -v Rscript >/dev/null && command -v python3 >/dev/null && echo yes || echo no";
    Ok(run_in_container(docker, image, &["sh", "-c", script]).await?.trim() == "yes")
}

fn read_target(said: &str) -> Result<PythonTarget, BaseFault> {
    // Python prints the error that explains a failure last.
    let last = said.lines().last().unwrap_or("it printed nothing");
    let answer: Answer = serde_json::from_str(last).map_err(|_| BaseFault::NoAnswer(last.to_owned()))?;
    let [major, minor, _] = answer.python;
    if answer.implementation != "cpython" || answer.threaded {
        return Err(BaseFault::NotCPython);
    }
    if major != 3 || !(11..=14).contains(&minor) {
        return Err(BaseFault::Version { major, minor });
    }
    let glibc = match (answer.libc.0.as_str(), answer.libc.1.split_once('.')) {
        ("glibc", Some(("2", minor))) => minor.parse().ok(),
        _ => None,
    };
    Ok(PythonTarget {
        python: answer.python,
        machine: answer.machine,
        glibc: glibc.ok_or(BaseFault::NotGlibc)?,
    })
}

/// Runs a command in a container of its own and returns its output.
async fn run_in_container(docker: &Docker, image: &str, command: &[&str]) -> Result<String, ImageError> {
    let words = |words: &[&str]| Some(words.iter().map(|&word| word.to_owned()).collect());
    let body = ContainerCreateBody {
        image: Some(image.to_owned()),
        entrypoint: words(command.get(..1).unwrap_or_default()),
        cmd: words(command.get(1..).unwrap_or_default()),
        network_disabled: Some(true),
        host_config: Some(HostConfig {
            // Even if Kosmos has ended by then.
            auto_remove: Some(true),
            network_mode: Some("none".to_owned()),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let action = "ask the base about itself";
    let created = await_answer(action, docker.create_container(None::<CreateContainerOptions>, body)).await?;
    let said = start_and_read(docker, &created.id).await;
    let remove = RemoveContainerOptionsBuilder::default().force(true).build();
    // Usually the engine has removed it.
    let _ = await_answer(action, docker.remove_container(&created.id, Some(remove))).await;
    match said {
        // The program does not exist in the image.
        Err(ImageError::Engine { source, .. }) => Err(ImageError::Base {
            image: image.to_owned(),
            fault: BaseFault::Program {
                program: (*command.first().unwrap_or(&"the command")).to_owned(),
                cause: source.to_string(),
            },
        }),
        other => other,
    }
}

async fn start_and_read(docker: &Docker, container: &str) -> Result<String, ImageError> {
    let action = "ask the base about itself";
    let all = AttachContainerOptionsBuilder::default()
        .stdout(true)
        .stderr(true)
        .stream(true)
        .build();
    let attached = await_answer(action, docker.attach_container(container, Some(all))).await?;
    await_answer(action, docker.start_container(container, None::<StartContainerOptions>)).await?;
    let written = attached.output.try_fold(Vec::new(), |mut said, part| async move {
        said.extend_from_slice(&part.into_bytes());
        Ok(said)
    });
    match tokio::time::timeout(ANSWER_TIME, written).await {
        Ok(said) => Ok(String::from_utf8_lossy(&said.map_err(ImageError::by_engine(action))?).into_owned()),
        Err(_) => Err(ImageError::Silent {
            action,
            seconds: ANSWER_TIME.as_secs(),
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
        let target = read_target(&said("[3, 12, 8]", r#"["glibc", "2.36"]"#)).unwrap();
        assert_eq!((target.python_version().as_str(), target.glibc), ("3.12.8", 36));
    }

    #[test]
    fn what_the_lock_has_no_builds_for_says_so() {
        assert!(
            read_target(&said("[3, 9, 2]", r#"["glibc", "2.31"]"#))
                .unwrap_err()
                .to_string()
                .contains("3.9")
        );
        assert!(
            read_target(&said("[3, 12, 2]", r#"["", ""]"#))
                .unwrap_err()
                .to_string()
                .contains("glibc")
        );
        assert!(
            read_target("Traceback\nImportError: x")
                .unwrap_err()
                .to_string()
                .contains("ImportError: x")
        );
    }
}
