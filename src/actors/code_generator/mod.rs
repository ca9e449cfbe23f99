//! Writes protocols and scripts: a protocol, the parts that its template lists, and the template.
//!
//! `templates` finds the files, `assemble` puts a script together, `literal` writes the protocol as
//! Python, `protocol` fills it in, `repair` decides what to try when a script failed.

mod assemble;
mod literal;
mod protocol;
mod repair;
mod templates;

use std::{rc::Rc, sync::Arc};

use futures::FutureExt;

pub use templates::{TemplateError, Templates};

use crate::agent::{Agent, AgentContext, AgentError, Handling};
use crate::message::{
    Design, DesignExperiment, Envelope, ExperimentDesigned, Outgoing, Payload, RepairScript, Task, agent,
};
use crate::science::{ExperimentId, HypothesisId};

/// The agent around the templates.
pub struct CodeGenerator {
    templates: Arc<Templates>,
}

impl CodeGenerator {
    /// Writes from `templates`.
    pub fn new(templates: Arc<Templates>) -> Self {
        Self { templates }
    }

    fn design(&self, request: DesignExperiment, context: &AgentContext) -> Result<ExperimentDesigned, AgentError> {
        let requested = hypotheses(&request);
        let (cycle, arm, template) = (request.cycle, request.arm, protocol::template_of(&request.task));
        let (designs, declined) = match self.write(request, 1, context)? {
            Ok(design) => (vec![design], None),
            Err(reason) => (Vec::new(), Some(reason)),
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
        })
    }

    fn repair(&self, request: &RepairScript, context: &AgentContext) -> Result<ExperimentDesigned, AgentError> {
        let attempt = request.failed.protocol.attempt + 1;
        let mut designs = Vec::new();
        for narrower in repair::narrower(request) {
            if let Ok(design) = self.write(narrower, attempt, context)? {
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
        })
    }

    /// One design, or the reason why there is no script for it.
    fn write(
        &self,
        request: DesignExperiment,
        attempt: u32,
        context: &AgentContext,
    ) -> Result<Result<Design, String>, AgentError> {
        let protocol = protocol::protocol(&request, attempt);
        let script = match assemble::script(&self.templates, &protocol) {
            Ok(script) => script,
            Err(error) => return Ok(Err(error.to_string())),
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

impl Agent for CodeGenerator {
    fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Handling {
        async move {
            let designed = match message.payload {
                Payload::DesignExperiment(request) => self.design(*request, &context)?,
                Payload::RepairScript(request) => self.repair(&request, &context)?,
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

/// The hypotheses that a request is to test.
fn hypotheses(request: &DesignExperiment) -> Vec<HypothesisId> {
    match &request.task {
        Task::Tests(plan) => plan.hypotheses.iter().map(|hypothesis| hypothesis.id.clone()).collect(),
        Task::Custom(plan) => vec![plan.hypothesis.id.clone()],
        Task::Profile { .. } | Task::Figures { .. } => Vec::new(),
    }
}
