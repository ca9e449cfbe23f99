//! Reads the engine's messages during a build.

use std::collections::{HashMap, VecDeque};

use bollard::{
    Docker,
    errors::Error,
    models::BuildInfo,
    query_parameters::{ListImagesOptionsBuilder, RemoveImageOptions},
};
use futures::{Stream, StreamExt, pin_mut};

use super::{BuildProgress, ImageError, SILENCE, await_answer, recipe::label};

/// How many lines of a step's output are kept to explain its failure.
const KEPT: usize = 20;

/// Follows a build to its end and reports its steps.
pub async fn follow_build(
    account: impl Stream<Item = Result<BuildInfo, Error>>,
    progress: &(dyn Fn(BuildProgress) + Sync),
) -> Result<(), ImageError> {
    pin_mut!(account);
    let mut follower = BuildFollower::default();
    loop {
        match tokio::time::timeout(SILENCE, account.next()).await {
            Ok(None) => return Ok(()),
            Ok(Some(Ok(part))) => {
                if let Some(text) = &part.stream
                    && let Some(step) = follower.add_piece(text)
                {
                    progress(step);
                }
                if let Some(said) = part.error_detail.and_then(|error| error.message) {
                    return Err(follower.into_error(said));
                }
            }
            Ok(Some(Err(Error::DockerStreamError { error }))) => return Err(follower.into_error(error)),
            Ok(Some(Err(error))) => return Err(ImageError::by_engine("build the image")(error)),
            Err(_) => {
                return Err(ImageError::Silent {
                    action: "build the image",
                    seconds: SILENCE.as_secs(),
                });
            }
        }
    }
}

/// Removes the leftovers of builds of `recipe`: the first stage, which holds the packages once more, images
/// of builds that failed, and an image whose name a newer one has taken.
pub async fn remove_leftovers(docker: &Docker, recipe: &str) {
    let filters = HashMap::from([
        ("dangling", vec!["true".to_owned()]),
        ("label", vec![format!("{}={recipe}", label::BUILD)]),
    ]);
    let asked = ListImagesOptionsBuilder::default().filters(&filters).build();
    // Images in use stay. They take space and do no harm; `docker image prune` removes them.
    let found = await_answer("list its images", docker.list_images(Some(asked)))
        .await
        .unwrap_or_default();
    for image in found {
        let _ = await_answer(
            "remove an image",
            docker.remove_image(&image.id, None::<RemoveImageOptions>, None),
        )
        .await;
    }
}

/// Reads the messages, which arrive in pieces that may end within a line.
#[derive(Debug, Default)]
struct BuildFollower {
    /// The current step.
    step: Option<String>,
    output: VecDeque<String>,
    /// The unfinished line.
    begun: String,
}

impl BuildFollower {
    /// Adds a piece and returns the step that begins in it, if any.
    fn add_piece(&mut self, text: &str) -> Option<BuildProgress> {
        self.begun.push_str(text);
        let mut heard = None;
        while let Some((line, rest)) = self.begun.split_once('\n') {
            let line = strip_colours(line);
            self.begun = rest.to_owned();
            if let Some(step) = parse_step(&line) {
                self.output.clear();
                self.step = Some(step.to_string());
                heard = Some(step);
            } else if !is_noise(&line) {
                if self.output.len() == KEPT {
                    self.output.pop_front();
                }
                self.output.push_back(line);
            }
        }
        heard
    }

    fn into_error(mut self, said: String) -> ImageError {
        // The last line may be unfinished.
        self.add_piece("\n");
        ImageError::Step {
            step: self.step.unwrap_or_else(|| "the Dockerfile".to_owned()),
            said: without_command(&said).to_owned(),
            output: self.output.make_contiguous().join("\n"),
        }
    }
}

/// Returns true for the engine's own messages within a step.
fn is_noise(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with("--->") || line.starts_with("Removing intermediate container")
}

/// Returns the reason without the whole command, which Docker repeats.
fn without_command(said: &str) -> &str {
    match said
        .strip_prefix("The command '")
        .and_then(|rest| rest.rsplit_once("' "))
    {
        Some((_, reason)) => reason,
        None => said,
    }
}

/// Reads `Step 6/19 : RUN ...` of Docker and `[1/2] STEP 6/10: RUN ...` of Podman.
fn parse_step(line: &str) -> Option<BuildProgress> {
    let start = if line.starts_with('[') {
        line.split_once("] ")?.1
    } else {
        line
    };
    let rest = start.strip_prefix("Step ").or_else(|| start.strip_prefix("STEP "))?;
    let (counted, instruction) = rest.split_once(':')?;
    let (number, total) = counted.trim().split_once('/')?;
    Some(BuildProgress::Step {
        number: number.parse().ok()?,
        total: total.parse().ok()?,
        instruction: shorten_instruction(instruction),
    })
}

/// Shortens an instruction to one line of a terminal.
fn shorten_instruction(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= 72 {
        return words;
    }
    words.chars().take(71).chain(['…']).collect()
}

/// Removes the colours that Docker gives to a step's errors.
fn strip_colours(line: &str) -> String {
    let mut parts = line.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    let text = parts.fold(first, |text, part| {
        text + part.split_once('m').map_or(part, |(_, rest)| rest)
    });
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> Option<String> {
        parse_step(line).map(|step| step.to_string())
    }

    #[test]
    fn steps_of_both_engines_are_read() {
        let docker = "Step 6/19 : RUN python3 -I     && true";
        assert_eq!(shown(docker).unwrap(), "step 6 of 19: RUN python3 -I && true");
        let podman = "[1/2] STEP 2/9: COPY wheels /wheels";
        assert_eq!(shown(podman).unwrap(), "step 2 of 9: COPY wheels /wheels");
        assert_eq!(shown("STEP 2/9: USER 65534").unwrap(), "step 2 of 9: USER 65534");
        assert_eq!(shown(" ---> 1234"), None);
        assert_eq!(shown("Step by step: nothing"), None);
    }

    #[tokio::test]
    async fn a_failed_step_comes_with_its_last_lines() {
        let part = |text: &str| {
            Ok(BuildInfo {
                stream: Some(text.to_owned()),
                ..BuildInfo::default()
            })
        };
        let mut parts = vec![
            part("Step 1/2 : FROM x"),
            part("\n"),
            part("early\n"),
            part("Step 2/2 : RUN false\n"),
            part(" ---> Running in 1234\n"),
        ];
        parts.extend((0..30).map(|n| part(&format!("\x1b[91mline {n}\n"))));
        parts.push(part("\x1b[0mno end"));
        parts.push(Err(Error::DockerStreamError {
            error: "The command '/bin/sh -c false' returned a non-zero code: 1".to_owned(),
        }));
        let seen = std::sync::Mutex::new(Vec::new());
        let error = follow_build(futures::stream::iter(parts), &|step| seen.lock().unwrap().push(step))
            .await
            .unwrap_err();
        assert_eq!(seen.into_inner().unwrap().len(), 2);
        let ImageError::Step { step, said, output } = error else {
            panic!("{error}");
        };
        assert_eq!(
            (step.as_str(), said.as_str()),
            ("step 2 of 2: RUN false", "returned a non-zero code: 1")
        );
        let lines: Vec<&str> = output.lines().collect();
        assert_eq!(
            (lines.len(), lines.first(), lines.last()),
            (KEPT, Some(&"line 11"), Some(&"no end"))
        );
    }
}
