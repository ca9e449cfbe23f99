use clap::Args;
use serde::Serialize;

use crate::{
    cli::{CliError, Console, Exit, Globals, SettingsArgs, output},
    config::{ByteSize, Environment},
    lab::{LabError, report_image_step},
    sandbox::{
        Language, SandboxError,
        docker::{
            ContainerEngine,
            image::{self, Base, BuildOptions, BuiltImage},
        },
    },
    supervisor::StopSignal,
};

/// `kosmos sandbox build`: builds an image.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct BuildArgs {
    /// Language of the scripts that run in the image
    #[arg(long, value_name = "python|r", default_value = "python")]
    pub language: Language,

    /// Base of the image: `registry`, `debian`, an image's name, or `auto`
    #[arg(long, value_name = "BASE", default_value = "auto")]
    pub base: Base,

    /// Build the image even if it exists
    #[arg(long)]
    pub force: bool,

    /// Changes to the settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

pub(super) const LONG_ABOUT: &str = "\
Build the image that the docker backend runs scripts in.

It holds the interpreter and exactly the packages of Kosmos's lock, each checked by its hash; no compiler and no \
package manager for the language; scripts run as an unprivileged user. The tag is derived from the contents, so that a \
newer Kosmos uses a newer image. With --base auto, the image python:3.12-slim (for R debian:bookworm-slim) is pulled \
if a registry can be reached; otherwise a base is built from Debian's packages, which needs mmdebstrap or \
debootstrap, and the output says so.

If the setting sandbox.packages lists packages, an image with them is built on top of that one.";

const EXAMPLES: &str = "\
Examples:
  kosmos sandbox build
  kosmos sandbox build --language r --base debian
  kosmos sandbox build --set 'sandbox.packages=[\"tabulate==0.9.0\"]'
  kosmos sandbox build --set sandbox.engine=tcp://lab.example:2376";

#[derive(Serialize)]
struct Report<'a> {
    engine: &'a str,
    #[serde(flatten)]
    built: &'a BuiltImage,
}

/// Runs the command.
pub(super) fn execute_build(args: &BuildArgs, globals: &Globals) -> Result<Exit, CliError> {
    let environment = Environment::of_process()?;
    let resolved = args
        .settings
        .resolve_for_containers("kosmos sandbox build", environment)?;
    let settings = &resolved.settings.sandbox;
    let console = Console::start(&resolved.settings.log, globals)?;
    let options = BuildOptions {
        language: args.language,
        packages: match args.language {
            Language::Python => settings.packages.clone(),
            Language::R => Vec::new(),
        },
        base: args.base.clone(),
        force: args.force,
        python: settings.python.clone(),
        ..BuildOptions::default()
    };
    let work = async {
        let engine = ContainerEngine::connect(settings.engine.as_deref()).await?;
        let stop = StopSignal::default();
        stop.listen_to_signals();
        let mut asked = stop.subscribe();
        let progress = |step| report_image_step(console.progress.as_ref(), &step);
        // Dropping the build ends it.
        tokio::select! {
            built = image::build_image(engine.docker(), &options, &progress) => Ok((engine.host().to_owned(), built?)),
            _ = asked.changed() => Err(SandboxError::Cancelled),
        }
    };
    match actix::System::new().block_on(work) {
        Ok((engine, built)) => {
            match globals.json {
                true => output::print_json(&Report {
                    engine: &engine,
                    built: &built,
                })?,
                false => output::print_text(&render_image(&built))?,
            }
            Ok(Exit::Done)
        }
        Err(SandboxError::Cancelled) => Ok(Exit::Interrupted),
        Err(error) => Err(CliError::from(LabError::Sandbox(error))),
    }
}

fn render_image(built: &BuiltImage) -> String {
    let image = &built.image;
    let was = if built.fresh { "built" } else { "exists already" };
    format!("{}  {}  {}  {was}\n", image.tag, image.id, ByteSize::new(image.size))
}
