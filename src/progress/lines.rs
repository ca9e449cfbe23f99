use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Progress, ProgressEvent, printable};

/// One line per important change: the work of agents is left out, and experiments are reported in steps of a tenth.
pub(super) struct Lines<W> {
    state: Mutex<State<W>>,
}

struct State<W> {
    out: W,
    preparing: Option<String>,
    told_experiments: u64,
    findings: u64,
    budget: Option<(Duration, u64)>,
    model: Option<String>,
}

impl<W: Write + Send> Lines<W> {
    pub(super) fn new(out: W) -> Self {
        let state = State {
            out,
            preparing: None,
            told_experiments: 0,
            findings: 0,
            budget: None,
            model: None,
        };
        Self {
            state: Mutex::new(state),
        }
    }
}

impl<W: Write + Send> Progress for Lines<W> {
    fn on(&self, event: ProgressEvent) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write_event(event);
    }
}

impl<W: Write> State<W> {
    fn write_event(&mut self, event: ProgressEvent) {
        let Some(line) = self.describe_event(event) else { return };
        // The reader may have gone; the lab continues.
        let _ = writeln!(self.out, "{}", printable(&line));
    }

    fn describe_event(&mut self, event: ProgressEvent) -> Option<String> {
        match event {
            ProgressEvent::Preparing { what, done, total } => self.describe_preparing(what, done, total),
            ProgressEvent::RunStarted { run, question } => Some(format!("run {run}: {question}")),
            ProgressEvent::Cycle { n, of } => {
                let left = self.budget.map(|(wall, experiments)| {
                    format!("{} and {experiments} experiments left", format_rough_duration(wall))
                });
                let known: Vec<String> = left.into_iter().chain(self.model.clone()).collect();
                Some(match known.is_empty() {
                    true => format!("cycle {n} of {of}"),
                    false => format!("cycle {n} of {of} ({})", known.join("; ")),
                })
            }
            ProgressEvent::AgentBusy { .. } | ProgressEvent::AgentIdle { .. } | ProgressEvent::Said { .. } => None,
            ProgressEvent::Model {
                calls,
                tokens,
                usd,
                tokens_left,
                usd_left,
            } => {
                self.model = Some(format!(
                    "{calls} replies, {}",
                    describe_model_use(tokens, usd, tokens_left, usd_left)
                ));
                None
            }
            ProgressEvent::AgentRestarted { agent, reason } => Some(format!("restarted {agent}: {reason}")),
            ProgressEvent::Experiments { done, running, planned } => self.describe_experiments(done, running, planned),
            ProgressEvent::Findings { n } => {
                let changed = n != self.findings;
                self.findings = n;
                changed.then(|| format!("findings: {n}"))
            }
            ProgressEvent::Budget {
                wall_left,
                experiments_left,
            } => {
                self.budget = Some((wall_left, experiments_left));
                None
            }
            ProgressEvent::Note(note) => Some(format!("note: {note}")),
            ProgressEvent::Ended { status } => Some(format!("ended: {status}")),
        }
    }

    fn describe_preparing(&mut self, what: String, done: u64, total: Option<u64>) -> Option<String> {
        if total == Some(done) {
            self.preparing = None;
            return Some(format!("ready: {what}"));
        }
        if self.preparing.as_ref() == Some(&what) {
            return None;
        }
        let line = format!("preparing: {what}");
        self.preparing = Some(what);
        Some(line)
    }

    fn describe_experiments(&mut self, done: u64, running: u64, planned: u64) -> Option<String> {
        let step = (planned / 10).max(1);
        let complete = done == planned && done > self.told_experiments;
        if done < self.told_experiments + step && !complete {
            return None;
        }
        self.told_experiments = done;
        Some(format!("experiments: {done} of {planned} done, {running} running"))
    }
}

/// Describes the tokens and dollars that models have used, with the limits.
pub(super) fn describe_model_use(tokens: u64, usd: f64, tokens_left: Option<u64>, usd_left: Option<f64>) -> String {
    let left = |text: Option<String>| text.map(|text| format!(" of {text}")).unwrap_or_default();
    let mut out = format!(
        "{tokens}{} tokens",
        left(tokens_left.map(|left| tokens.saturating_add(left).to_string()))
    );
    if usd > 0.0 || usd_left.is_some() {
        out.push_str(&format!(
            ", {usd:.4}{} USD",
            left(usd_left.map(|left| format!("{:.2}", usd + left)))
        ));
    }
    out
}

/// Formats a duration to the second, or to the minute if it is an hour or longer.
pub(super) fn format_rough_duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let rounded = if seconds >= 3600 {
        seconds - seconds % 60
    } else {
        seconds
    };
    humantime::format_duration(Duration::from_secs(rounded)).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn told(events: impl IntoIterator<Item = ProgressEvent>) -> String {
        let kept = Kept::default();
        let lines = Lines::new(kept.clone());
        events.into_iter().for_each(|event| lines.on(event));
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_run_takes_a_few_lines() {
        let preparing = |done| ProgressEvent::Preparing {
            what: "python".into(),
            done,
            total: Some(3),
        };
        let mut events: Vec<_> = (0..=3).map(preparing).collect();
        events.extend([
            ProgressEvent::RunStarted {
                run: "r1".into(),
                question: "does a\nmatter?\u{1b}[2J".into(),
            },
            ProgressEvent::Budget {
                wall_left: Duration::from_secs(1799),
                experiments_left: 200,
            },
            ProgressEvent::Cycle { n: 1, of: 4 },
            ProgressEvent::AgentBusy {
                agent: "data_analyst".into(),
                what: "x".into(),
            },
        ]);
        events.extend((0..=40).map(|done| ProgressEvent::Experiments {
            done,
            running: 2,
            planned: 40,
        }));
        events.extend([
            ProgressEvent::Findings { n: 0 },
            ProgressEvent::Findings { n: 3 },
            ProgressEvent::Findings { n: 3 },
            ProgressEvent::AgentRestarted {
                agent: "data_analyst".into(),
                reason: "panicked".into(),
            },
            ProgressEvent::Note("one table was sampled".into()),
            ProgressEvent::Ended {
                status: "answered".into(),
            },
        ]);
        let expected = "\
preparing: python
ready: python
run r1: does a matter?\u{FFFD}[2J
cycle 1 of 4 (29m 59s and 200 experiments left)
experiments: 4 of 40 done, 2 running
experiments: 8 of 40 done, 2 running
experiments: 12 of 40 done, 2 running
experiments: 16 of 40 done, 2 running
experiments: 20 of 40 done, 2 running
experiments: 24 of 40 done, 2 running
experiments: 28 of 40 done, 2 running
experiments: 32 of 40 done, 2 running
experiments: 36 of 40 done, 2 running
experiments: 40 of 40 done, 2 running
findings: 3
restarted data_analyst: panicked
note: one table was sampled
ended: answered
";
        assert_eq!(told(events), expected);
    }

    #[test]
    fn a_thousand_events_are_not_a_thousand_lines() {
        let events = (0..=1000).map(|done| ProgressEvent::Experiments {
            done,
            running: 4,
            planned: 1000,
        });
        assert_eq!(told(events).lines().count(), 10);
    }

    #[test]
    fn a_cycle_line_shows_the_model_use() {
        let model = |usd, tokens_left, usd_left| ProgressEvent::Model {
            calls: 3,
            tokens: 1500,
            usd,
            tokens_left,
            usd_left,
        };
        let said = ProgressEvent::Said {
            agent: "data_analyst".into(),
            text: "words".into(),
        };
        let cycle = ProgressEvent::Cycle { n: 2, of: 4 };
        let table = [
            (model(0.0, None, None), "cycle 2 of 4 (3 replies, 1500 tokens)\n"),
            (
                model(0.012, Some(500), Some(4.988)),
                "cycle 2 of 4 (3 replies, 1500 of 2000 tokens, 0.0120 of 5.00 USD)\n",
            ),
        ];
        for (model, expected) in table {
            assert_eq!(told([said.clone(), model, cycle.clone()]), expected);
        }
    }

    #[test]
    fn time_is_rounded_when_long() {
        assert_eq!(format_rough_duration(Duration::from_millis(61_500)), "1m 1s");
        assert_eq!(format_rough_duration(Duration::from_secs(3_725)), "1h 2m");
    }
}
