//! Writes protocols and scripts: a protocol, the parts that its template lists, and the template.
//!
//! `templates` finds the files, `assemble` puts a script together, `literal` writes the protocol as
//! Python, `protocol` fills it in, `repair` decides what to try when a script failed. `author` is the model that writes
//! what no template does.

mod assemble;
mod author;
mod literal;
mod protocol;
mod repair;
mod templates;

use std::{rc::Rc, sync::Arc};

use author::Work;
use futures::FutureExt;

pub(crate) use assemble::assemble_standalone;
pub use templates::{TemplateError, Templates};

use super::sandbox_executor::read_stderr;
use crate::agent::{Agent, AgentContext, AgentError, Handling};
use crate::message::{
    CustomPlan, DatasetPlan, Design, DesignExperiment, Envelope, ExperimentDesigned, ExperimentTask, ModelAnswers,
    Outgoing, Payload, RepairScript, agent,
};
use crate::policy::Thinker;
use crate::science::{Arm, ExperimentId, HypothesisId, Protocol};

/// The agent around the templates.
pub struct CodeGenerator {
    templates: Arc<Templates>,
    thinker: Option<Thinker>,
}

impl CodeGenerator {
    /// Writes from `templates`, and by `thinker` what no template does.
    pub fn new(templates: Arc<Templates>, thinker: Option<Thinker>) -> Self {
        Self { templates, thinker }
    }

    /// The answer to a request for an analysis by a model, new or instead of one that failed, and what else is to be
    /// told.
    async fn design_analysis(
        &self,
        request: &DesignExperiment,
        plan: &CustomPlan,
        failed: Option<&RepairScript>,
        context: &AgentContext,
    ) -> Result<Vec<Outgoing>, AgentError> {
        let attempt = failed.map_or(1, |failed| failed.failed.protocol.attempt + 1);
        let before = match failed {
            Some(repair) => {
                let stderr = read_stderr(&repair.failed.id, context)?;
                Some(author::Failed::of(repair, &stderr))
            }
            None => None,
        };
        let work = author::write_analysis(self.thinker.as_ref(), request.cycle, plan, before.as_ref(), context).await?;
        let mut answer = ExperimentDesigned {
            cycle: request.cycle,
            arm: request.arm,
            template: protocol::template_for_task(&request.task),
            repairs: failed.map(|failed| failed.failed.id.clone()),
            requested: hypotheses_to_test(request),
            designs: Vec::new(),
            declined: None,
            written_by: None,
            model: ModelAnswers::default(),
        };
        let notice = match work {
            Work::Code { code, model } => {
                match self.write_design(request.clone(), attempt, Some(&code), context)? {
                    Ok(design) => answer.designs.push(design),
                    Err(error) => answer.declined = Some(error.to_string()),
                }
                answer.written_by = Some(model);
                answer.model = ModelAnswers::one_used();
                None
            }
            Work::Nothing {
                reason,
                answers,
                notice,
            } => {
                answer.declined = Some(reason);
                answer.model = answers;
                notice
            }
        };
        let answer = Outgoing::new(agent::RESEARCH_DIRECTOR, answer);
        Ok(std::iter::once(answer).chain(notice).collect())
    }

    fn design_experiment(
        &self,
        request: DesignExperiment,
        context: &AgentContext,
    ) -> Result<ExperimentDesigned, AgentError> {
        let requested = hypotheses_to_test(&request);
        let (cycle, arm, template) = (request.cycle, request.arm, protocol::template_for_task(&request.task));
        let (designs, declined) = match self.write_design(request, 1, None, context)? {
            Ok(design) => (vec![design], None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        Ok(ExperimentDesigned {
            cycle,
            arm,
            template,
            repairs: None,
            requested,
            designs,
            declined,
            written_by: None,
            model: ModelAnswers::default(),
        })
    }

    fn repair_script(&self, request: &RepairScript, context: &AgentContext) -> Result<ExperimentDesigned, AgentError> {
        let attempt = request.failed.protocol.attempt + 1;
        let mut designs = Vec::new();
        for narrower in repair::narrow_requests(request) {
            if let Ok(design) = self.write_design(narrower, attempt, None, context)? {
                designs.push(design);
            }
        }
        let reason = request
            .failed
            .failure
            .clone()
            .unwrap_or_else(|| "the script failed".to_owned());
        Ok(ExperimentDesigned {
            cycle: request.request.cycle,
            arm: request.request.arm,
            template: request.failed.protocol.template.clone(),
            repairs: Some(request.failed.id.clone()),
            requested: request.failed.protocol.hypotheses.clone(),
            declined: designs.is_empty().then_some(reason),
            designs,
            written_by: None,
            model: ModelAnswers::default(),
        })
    }

    /// One design, or the reason why there is no script for it.
    fn write_design(
        &self,
        request: DesignExperiment,
        attempt: u32,
        code: Option<&str>,
        context: &AgentContext,
    ) -> Result<Result<Design, TemplateError>, AgentError> {
        let protocol = protocol::make_protocol(&request, attempt, code);
        let script = match assemble::assemble_script(&self.templates, &protocol) {
            Ok(script) => script,
            Err(error) => return Ok(Err(error)),
        };
        let script_sha256 = context.blobs().put(script.as_bytes())?;
        let id = ExperimentId::derive(&script);
        Ok(Ok(Design {
            id,
            protocol,
            script_sha256,
            request,
        }))
    }
}

impl Agent<Payload> for CodeGenerator {
    fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Handling {
        async move {
            let designed = match message.payload {
                Payload::DesignExperiment(request) => {
                    if let ExperimentTask::Custom(plan) = &request.task {
                        return Ok(self.design_analysis(&request, plan, None, &context).await?.into());
                    }
                    self.design_experiment(*request, &context)?
                }
                Payload::RepairScript(repair) => {
                    if let ExperimentTask::Custom(plan) = &repair.request.task {
                        let sent = self
                            .design_analysis(&repair.request, plan, Some(&repair), &context)
                            .await?;
                        return Ok(sent.into());
                    }
                    self.repair_script(&repair, &context)?
                }
                other => {
                    return Err(AgentError::Unexpected {
                        agent: agent::CODE_GENERATOR,
                        message: other.name(),
                    });
                }
            };
            Ok(Outgoing::new(agent::RESEARCH_DIRECTOR, designed).into())
        }
        .boxed_local()
    }
}

/// The protocol and the script by which a table is read and described, without a run.
pub(crate) fn write_profile_script(
    templates: &Templates,
    data: &DatasetPlan,
    seed: u64,
) -> Result<(Protocol, String), TemplateError> {
    let request = DesignExperiment {
        cycle: 0,
        arm: Arm::Observed,
        dataset: data.name.clone(),
        seed,
        task: ExperimentTask::Profile {
            data: Box::new(data.clone()),
            question: String::new(),
            target: None,
            exposure: None,
            given: Vec::new(),
            subject: None,
            time: None,
            randomised: Vec::new(),
        },
    };
    let protocol = protocol::make_protocol(&request, 1, None);
    let script = assemble::assemble_script(templates, &protocol)?;
    Ok((protocol, script))
}

/// The hypotheses that a request is to test.
fn hypotheses_to_test(request: &DesignExperiment) -> Vec<HypothesisId> {
    match &request.task {
        ExperimentTask::Tests(plan) => plan.hypotheses.iter().map(|hypothesis| hypothesis.id.clone()).collect(),
        ExperimentTask::Custom(plan) => vec![plan.hypothesis.id.clone()],
        ExperimentTask::Profile { .. } | ExperimentTask::Figures { .. } => Vec::new(),
    }
}
