use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::lines::{describe_model_use, format_rough_duration};
use super::{Progress, ProgressEvent, Screen, printable};

/// Bars that are updated in place: the cycle, a line per agent, the experiments, the findings, the budget.
pub(super) struct Bars {
    state: Mutex<State>,
}

struct State {
    screen: MultiProgress,
    cycle: Option<ProgressBar>,
    agents: BTreeMap<String, ProgressBar>,
    experiments: Option<ProgressBar>,
    findings: Option<ProgressBar>,
    budget: Option<ProgressBar>,
    model: Option<ProgressBar>,
    preparing: Option<ProgressBar>,
}

/// Time between two frames of a spinner.
const TICK: Duration = Duration::from_millis(120);

impl Bars {
    pub(super) fn new(screen: &Screen) -> Self {
        let state = State {
            screen: screen.bars().clone(),
            cycle: None,
            agents: BTreeMap::new(),
            experiments: None,
            findings: None,
            budget: None,
            model: None,
            preparing: None,
        };
        Self {
            state: Mutex::new(state),
        }
    }
}

impl Progress for Bars {
    fn on(&self, event: ProgressEvent) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .show_event(event);
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).remove_bars();
    }
}

impl State {
    fn show_event(&mut self, event: ProgressEvent) {
        match event {
            ProgressEvent::Preparing { what, done, total } => self.set_preparing_line(&what, done, total),
            ProgressEvent::RunStarted { run, question } => {
                self.write_line(&format!("run {run}: {question}"));
                self.add_bars();
            }
            ProgressEvent::Cycle { n, of } => set_message(self.cycle.as_ref(), format!("cycle {n} of {of}")),
            ProgressEvent::AgentBusy { agent, what } => self.set_agent_line(&agent, &what, true),
            ProgressEvent::AgentIdle { agent } => self.set_agent_line(&agent, "idle", false),
            ProgressEvent::AgentRestarted { agent, reason } => {
                self.write_line(&format!("restarted {agent}: {reason}"));
                self.set_agent_line(&agent, "restarted", false);
            }
            ProgressEvent::Experiments { done, running, planned } => {
                if let Some(bar) = &self.experiments {
                    bar.set_length(planned);
                    bar.set_position(done);
                    bar.set_message(format!("{running} running"));
                }
            }
            ProgressEvent::Findings { n } => set_message(self.findings.as_ref(), n.to_string()),
            ProgressEvent::Budget {
                wall_left,
                experiments_left,
            } => {
                set_message(
                    self.budget.as_ref(),
                    format!("{}, {experiments_left} experiments", format_rough_duration(wall_left)),
                );
            }
            ProgressEvent::Model {
                calls,
                tokens,
                usd,
                tokens_left,
                usd_left,
            } => self.set_model_line(format!(
                "{calls} replies, {}",
                describe_model_use(tokens, usd, tokens_left, usd_left)
            )),
            ProgressEvent::Said { agent, text } => self.set_agent_line(&agent, &newest_words(&text), true),
            ProgressEvent::Note(note) => self.write_line(&format!("note: {note}")),
            ProgressEvent::Ended { status } => {
                self.remove_bars();
                self.write_line(&format!("ended: {status}"));
            }
        }
    }

    /// Adds the bars of a run, from top to bottom.
    fn add_bars(&mut self) {
        self.remove_bars();
        let cycle = self.screen.add(spinner("{spinner} {wide_msg}"));
        cycle.set_message("starting");
        cycle.enable_steady_tick(TICK);
        self.cycle = Some(cycle);
        self.experiments = Some(self.screen.add(bar("  experiments {bar:24} {pos}/{len} {wide_msg}")));
        self.findings = Some(self.screen.add(spinner("  findings    {wide_msg}")));
        self.budget = Some(self.screen.add(spinner("  left        {wide_msg}")));
        set_message(self.findings.as_ref(), "0".to_owned());
    }

    /// Sets the line that only runs with a model have.
    fn set_model_line(&mut self, text: String) {
        let Some(budget) = &self.budget else { return };
        let screen = &self.screen;
        let line = self
            .model
            .get_or_insert_with(|| screen.insert_after(budget, spinner("  model       {wide_msg}")));
        set_message(Some(line), text);
    }

    fn set_agent_line(&mut self, agent: &str, what: &str, busy: bool) {
        let Some(experiments) = &self.experiments else {
            return;
        };
        let screen = &self.screen;
        let line = self.agents.entry(agent.to_owned()).or_insert_with(|| {
            let line = screen.insert_before(experiments, spinner("  {spinner} {prefix:24} {wide_msg}"));
            line.set_prefix(printable(agent).into_owned());
            line
        });
        line.set_message(printable(what).into_owned());
        match busy {
            true => line.enable_steady_tick(TICK),
            false => line.disable_steady_tick(),
        }
    }

    fn set_preparing_line(&mut self, what: &str, done: u64, total: Option<u64>) {
        if total == Some(done) {
            if let Some(bar) = self.preparing.take() {
                bar.finish_and_clear();
            }
            return self.write_line(&format!("ready: {what}"));
        }
        let screen = &self.screen;
        let line = self.preparing.get_or_insert_with(|| {
            let line = screen.add(match total {
                Some(_) => bar("{spinner} {bar:24} {pos}/{len} {wide_msg}"),
                None => spinner("{spinner} {wide_msg}"),
            });
            line.enable_steady_tick(TICK);
            line
        });
        if let Some(total) = total {
            line.set_length(total);
        }
        line.set_position(done);
        line.set_message(printable(what).into_owned());
    }

    /// Writes a permanent line above the bars.
    fn write_line(&self, line: &str) {
        // `MultiProgress::println` is silent when there is no bar; `suspend` is not.
        self.screen.suspend(|| {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "{}", printable(line));
        });
    }

    fn remove_bars(&mut self) {
        let single = [
            &mut self.cycle,
            &mut self.experiments,
            &mut self.findings,
            &mut self.budget,
            &mut self.model,
            &mut self.preparing,
        ];
        let bars = single
            .into_iter()
            .filter_map(Option::take)
            .chain(std::mem::take(&mut self.agents).into_values());
        for bar in bars {
            bar.finish_and_clear();
            self.screen.remove(&bar);
        }
    }
}

/// Number of characters of an arriving reply that are shown.
const SHOWN: usize = 60;

/// The newest words of a reply, on one line.
fn newest_words(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let length = line.chars().count();
    match length > SHOWN {
        true => format!("…{}", line.chars().skip(length - SHOWN).collect::<String>()),
        false => line,
    }
}

fn set_message(bar: Option<&ProgressBar>, message: String) {
    if let Some(bar) = bar {
        bar.set_message(message);
        bar.tick();
    }
}

fn spinner(template: &str) -> ProgressBar {
    ProgressBar::new_spinner().with_style(parse_style(ProgressStyle::default_spinner(), template))
}

fn bar(template: &str) -> ProgressBar {
    ProgressBar::new(0).with_style(parse_style(ProgressStyle::default_bar(), template))
}

/// The templates are constants, which a test parses; an invalid one would fall back to the plain style.
fn parse_style(plain: ProgressStyle, template: &str) -> ProgressStyle {
    plain.clone().template(template).unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, ProgressDrawTarget, TermLike};

    use super::*;

    fn bars(term: &InMemoryTerm) -> Bars {
        let screen = Screen::new();
        screen
            .bars()
            .set_draw_target(ProgressDrawTarget::term_like(Box::new(term.clone())));
        Bars::new(&screen)
    }

    #[test]
    fn shows_a_line_per_agent_between_cycle_and_experiments() {
        let term = InMemoryTerm::new(20, 100);
        let bars = bars(&term);
        bars.on(ProgressEvent::RunStarted {
            run: "r1".into(),
            question: "why?".into(),
        });
        bars.on(ProgressEvent::Cycle { n: 2, of: 4 });
        bars.on(ProgressEvent::AgentBusy {
            agent: "data_analyst".into(),
            what: "e7\u{1b}[2J".into(),
        });
        bars.on(ProgressEvent::AgentIdle {
            agent: "code_generator".into(),
        });
        bars.on(ProgressEvent::Experiments {
            done: 10,
            running: 2,
            planned: 40,
        });
        bars.on(ProgressEvent::Findings { n: 3 });
        bars.on(ProgressEvent::Budget {
            wall_left: Duration::from_secs(600),
            experiments_left: 190,
        });
        bars.on(ProgressEvent::Model {
            calls: 3,
            tokens: 1500,
            usd: 0.0,
            tokens_left: Some(500),
            usd_left: None,
        });
        bars.on(ProgressEvent::Said {
            agent: "code_generator".into(),
            text: format!("{{\"code\":\n{}\u{1b}[2Jnewest", "old ".repeat(100)),
        });
        let shown = term.contents();
        let place = |text: &str| {
            shown
                .lines()
                .position(|line| line.contains(text))
                .unwrap_or_else(|| panic!("{text}:\n{shown}"))
        };
        let order = [
            "cycle 2 of 4",
            "data_analyst",
            "code_generator",
            "10/40 2 running",
            "findings    3",
            "10m, 190 experiments",
            "model       3 replies, 1500 of 2000 tokens",
        ];
        assert!(shown.contains("code_generator           …"), "{shown}");
        assert!(shown.contains("newest"), "{shown}");
        assert!(order.map(place).is_sorted(), "{shown}");
        assert!(!shown.contains('\u{1b}'));
        bars.on(ProgressEvent::Ended {
            status: "answered".into(),
        });
        assert_eq!(term.contents().trim(), "");
        assert_eq!(term.width(), 100);
    }
}
