//! Whole runs of the supervisor in simulated time: scripted agents, and from a seed random latencies, panics, errors,
//! freezes, lost and doubled results, full mailboxes, kills of the process, and stops.
//!
//! Everything happens on one thread and nothing waits for real, so a seed gives the same run each time:
//! `KOSMOS_TEST_SEED=123 cargo test -p kosmos-engine supervisor::simulation` does that one alone.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    path::Path,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use futures::FutureExt;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::{
    Observed, RETIRED, RestartPolicy, StopSignal, Strategy,
    host::{HostEvent, HostFactory, HostSetup, Hosting},
};
use crate::{
    MessageId, RunId, SUPERVISOR,
    agent::{Agent, AgentError, RestartLimits},
    journal::EffectState,
    sample::{
        AgentContext, AgentSpec, Commit, DIRECTOR, Ending, Entry, Envelope, Handled, Handling, Hub, HubOptions,
        Journal, Outgoing, Record, Registry, RunResult, Status, Talk,
    },
};

/// Runs of one test; there are four, so 10,000 in all.
const RUNS: usize = 2_500;
/// Of these, in the default tier of the tests.
const DRAWN: usize = 125;

/// Longer than any run may take, in simulated time.
const FOREVER: Duration = Duration::from_secs(30 * 24 * 3600);

const DEADLINE: Duration = Duration::from_secs(60);

const WORKERS: [&str; 3] = ["code_generator", "data_analyst", "sandbox_executor"];

/// The plan of one seed.
struct World {
    seed: u64,
    random: RefCell<fastrand::Rng>,
    journal: Journal,
    /// Tasks that the director hands out at first.
    tasks: u32,
    /// Tasks that kill whoever has them.
    poison: BTreeSet<u32>,
    /// Whether anything goes wrong by chance.
    troubled: bool,
    /// Of the run, over all processes.
    wall: Option<Duration>,
    /// Times that a task's work was done after its value had been received.
    again: Cell<u32>,
    /// Failures by message.
    failures: RefCell<BTreeMap<MessageId, u32>>,
}

impl World {
    fn new(seed: u64, journal: Journal) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let tasks = random.u32(1..12);
        let troubled = random.u32(..10) > 0;
        let poison = (0..tasks).filter(|_| troubled && random.u32(..20) == 0).collect();
        let wall = (random.u32(..5) == 0).then(|| Duration::from_secs(random.u64(1..300)));
        Self {
            seed,
            random: RefCell::new(random),
            journal,
            tasks,
            poison,
            troubled,
            wall,
            again: Cell::default(),
            failures: RefCell::default(),
        }
    }

    /// True once in `n` times.
    fn once_in(&self, n: u32) -> bool {
        self.troubled && self.random.borrow_mut().u32(..n) == 0
    }

    fn pick_one<T: Clone>(&self, from: &[T]) -> T {
        let at = self.random.borrow_mut().usize(..from.len());
        from[at].clone()
    }

    fn random_latency(&self) -> Duration {
        let mut random = self.random.borrow_mut();
        let most = match random.u32(..50) {
            0 if self.troubled => 2 * DEADLINE.as_millis() as u64,
            1..5 => 20_000,
            _ => 500,
        };
        Duration::from_millis(random.u64(..=most))
    }
}

/// The number at the front of a task's name: `7`, or `7.1` for what follows from it.
fn root_task(task: &str) -> u32 {
    task.split('.').next().unwrap_or_default().parse().unwrap()
}

/// Hands out tasks, some of which lead to others, and ends the run when each is done or given up. Its state is a fold
/// of the messages that it has handled, as the real one's is.
struct Director {
    world: Rc<World>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    open: BTreeSet<String>,
    over: bool,
}

impl Director {
    fn restore(world: &Rc<World>) -> Self {
        let director = Self {
            world: Rc::clone(world),
            state: RefCell::default(),
        };
        let (_, handled) = world.journal.latest_snapshot_and_since(&DIRECTOR.into()).unwrap();
        for message in handled {
            director.apply_message(&message);
        }
        director
    }

    fn apply_message(&self, message: &Envelope) -> Vec<Outgoing> {
        let mut state = self.state.borrow_mut();
        let mut sent = Vec::new();
        let mut give = |state: &mut State, task: String| {
            let worker = WORKERS[root_task(&task) as usize % WORKERS.len()];
            sent.push(Outgoing::new(worker, Talk::said("task", &task)));
            state.open.insert(task);
        };
        let mut status = Status::Complete;
        match &message.payload {
            Talk::Said { word, of } => match word.as_str() {
                "begin" => (0..self.world.tasks).for_each(|task| give(&mut state, task.to_string())),
                "done" => {
                    assert!(state.open.remove(of), "{of} is done twice");
                    let depth = of.matches('.').count();
                    if depth < 2 && root_task(of).is_multiple_of(3) {
                        give(&mut state, format!("{of}.{depth}"));
                    }
                }
                "wall_time" => {
                    status = Status::TimeSpent;
                    state.open.clear();
                }
                other => panic!("{other}"),
            },
            Talk::DeadLettered(letter) => {
                let Talk::Said { of, .. } = &letter.payload else {
                    panic!("{letter:?}")
                };
                assert!(state.open.remove(of), "{of} is given up twice");
            }
            other @ Talk::Ended(_) => panic!("{other:?}"),
        }
        if state.open.is_empty() && !state.over {
            state.over = true;
            let end = Ending {
                status,
                message: "all is done or given up".to_owned(),
            };
            sent.push(Outgoing::new(SUPERVISOR, Talk::Ended(end)));
        }
        sent
    }
}

impl Agent<Talk> for Director {
    fn handle(self: Rc<Self>, message: Envelope, _: AgentContext) -> Handling {
        async move {
            // What comes after the end is heard and changes nothing.
            if self.state.borrow().over {
                return Ok(Handled::default());
            }
            Ok(self.apply_message(&message).into())
        }
        .boxed_local()
    }
}

/// Does a task, as an effect.
struct Worker {
    world: Rc<World>,
}

impl Agent<Talk> for Worker {
    fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Handling {
        async move {
            let Talk::Said { of, .. } = &message.payload else {
                panic!("{message:?}")
            };
            let key = format!("work:{of}");
            let world = Rc::clone(&self.world);
            let by = self.world.random.borrow_mut().u64(..);
            let value: u64 = context
                .effect(&key, || async {
                    sleep(world.random_latency() / 4).await;
                    Ok(by)
                })
                .await?;
            let recorded = world.journal.effect_state(&key).unwrap();
            let same = matches!(recorded, Some(EffectState::Done(ref first)) if *first == value);
            if !same {
                world.again.set(world.again.get() + 1);
            }
            Ok(Outgoing::new(DIRECTOR, Talk::said("done", of)).into())
        }
        .boxed_local()
    }
}

/// A place where an agent lives and has accidents.
struct Ward(Rc<Inside>);

struct Inside {
    world: Rc<World>,
    setup: HostSetup<Talk>,
    agent: RefCell<Option<Rc<dyn Agent<Talk>>>>,
    /// Handlers under way.
    tasks: RefCell<Vec<JoinHandle<()>>>,
    falls: Cell<usize>,
    abandoned: Cell<bool>,
}

fn ward_factory(world: &Rc<World>) -> HostFactory<Talk> {
    let world = Rc::clone(world);
    Rc::new(move |setup| {
        let agent = (setup.spec.factory)().ok();
        Box::new(Ward(Rc::new(Inside {
            world: Rc::clone(&world),
            setup,
            agent: RefCell::new(agent),
            tasks: RefCell::default(),
            falls: Cell::default(),
            abandoned: Cell::default(),
        })))
    })
}

impl Hosting<Talk> for Ward {
    fn deliver(&self, envelope: Envelope, context: AgentContext) -> bool {
        let inside = Rc::clone(&self.0);
        if inside.agent.borrow().is_none() || inside.world.once_in(50) {
            return false;
        }
        let task = tokio::task::spawn_local(Rc::clone(&inside).handle(envelope, context));
        inside.tasks.borrow_mut().push(task);
        true
    }

    fn close(&self) -> Option<tokio::sync::oneshot::Receiver<()>> {
        None
    }

    fn abandon(self: Box<Self>) {
        self.0.abandoned.set(true);
        // A handler that is frozen, or computes, does not always let go at once.
        if !self.0.world.once_in(3) {
            self.0.drop_all();
        }
    }
}

impl Inside {
    fn drop_all(&self) {
        for task in self.tasks.borrow_mut().drain(..) {
            task.abort();
        }
    }

    fn send_event(&self, event: HostEvent<Talk>) {
        let _ = self.setup.events.send(event);
    }

    async fn handle(self: Rc<Self>, envelope: Envelope, context: AgentContext) {
        let world = Rc::clone(&self.world);
        let message = envelope.id.clone();
        let poisoned = match &envelope.payload {
            Talk::Said { word, of } => word == "task" && world.poison.contains(&root_task(of)),
            _ => false,
        };
        // The director falls less often: its third fall on one message ends the run.
        let odds = if self.setup.name.as_str() == DIRECTOR { 60 } else { 20 };
        sleep(world.random_latency()).await;
        if poisoned || world.once_in(odds) {
            return self.crash_on(message);
        }
        if world.once_in(odds * 2) {
            // Frozen.
            return std::future::pending().await;
        }
        let agent = self.agent.borrow().clone();
        let Some(agent) = agent else { return };
        let mut outcome = agent.handle(envelope, context).await;
        sleep(world.random_latency()).await;
        if world.once_in(odds) {
            return self.crash_on(message);
        }
        if world.once_in(odds) {
            outcome = Err(AgentError::retry(std::io::Error::other("an error of its own")));
        }
        if outcome.is_err() {
            self.agent.replace((self.setup.spec.factory)().ok());
            *world.failures.borrow_mut().entry(message.clone()).or_default() += 1;
        }
        if world.once_in(odds * 2) {
            // The result is lost.
            return;
        }
        let twice = world.once_in(odds).then(|| match &outcome {
            Ok(handled) => Ok(Handled {
                sent: handled.sent.clone(),
                snapshot: None,
            }),
            Err(_) => Err(AgentError::Cancelled),
        });
        for outcome in [Some(outcome), twice].into_iter().flatten() {
            self.send_event(HostEvent::Finished {
                agent: self.setup.name.clone(),
                generation: self.setup.generation,
                message: message.clone(),
                outcome,
            });
        }
    }

    /// A panic: everything under way goes with it, and a fresh agent is there after a while.
    fn crash_on(self: Rc<Self>, culprit: MessageId) {
        *self.world.failures.borrow_mut().entry(culprit.clone()).or_default() += 1;
        self.agent.replace(None);
        self.send_event(HostEvent::Crashed {
            agent: self.setup.name.clone(),
            generation: self.setup.generation,
            culprit: Some(culprit),
            reason: "panicked: by chance".to_owned(),
        });
        self.falls.set(self.falls.get() + 1);
        let wait = self.setup.policy.backoff_before(self.falls.get(), 0.5);
        let inside = Rc::clone(&self);
        tokio::task::spawn_local(async move {
            sleep(wait).await;
            if inside.abandoned.get() {
                return;
            }
            inside.agent.replace((inside.setup.spec.factory)().ok());
            inside.send_event(HostEvent::Ready {
                agent: inside.setup.name.clone(),
                generation: inside.setup.generation,
            });
        });
        // Last, since it ends this handler too.
        self.drop_all();
    }
}

fn build_registry(world: &Rc<World>, dispensable: bool) -> Registry {
    // A factory is to be sent between threads; here there is one, and the world is put where it finds it.
    WORLD.set(Some(Rc::clone(world)));
    let mut registry = Registry::default();
    let here = || WORLD.with_borrow(|world| world.clone().unwrap());
    registry.register(
        DIRECTOR,
        AgentSpec::new(DEADLINE, move || {
            Ok(Rc::new(Director::restore(&here())) as Rc<dyn Agent<Talk>>)
        }),
    );
    for (at, name) in WORKERS.into_iter().enumerate() {
        let mut spec = AgentSpec::new(DEADLINE, move || {
            Ok(Rc::new(Worker { world: here() }) as Rc<dyn Agent<Talk>>)
        });
        if at == 1 {
            spec = spec.with_messages_in_order();
        }
        if at == 2 {
            spec = spec.with_concurrency(3);
        }
        if dispensable {
            spec = spec.with_limits(RestartLimits {
                max_restarts: 2,
                window: Duration::from_secs(600),
                max_attempts: 2,
                dispensable: true,
            });
        }
        registry.register(name, spec);
    }
    registry
}

thread_local! {
    static WORLD: RefCell<Option<Rc<World>>> = const { RefCell::new(None) };
}

fn run_id() -> RunId {
    "simulated".parse().unwrap()
}

/// How a run came out, and what its journal says.
struct Told {
    result: RunResult,
    entries: Vec<Entry>,
    /// Of all processes together, in simulated time.
    took: Duration,
    processes: u32,
}

/// One run, in as many processes as it takes.
fn simulate_run(world: &Rc<World>, folder: &Arc<Path>) -> Told {
    fastrand::seed(world.seed);
    let dispensable = world.random.borrow_mut().bool();
    let strategy = world.pick_one(&[Strategy::OneForOne, Strategy::OneForOne, Strategy::RestForOne]);
    let policy = RestartPolicy {
        // Accidents are far more frequent here than where the usual limits are meant for.
        max_restarts: world.pick_one(&[5, 50, 500]),
        window: Duration::from_secs(60),
        strategy,
        ..RestartPolicy::default()
    };
    let (mut took, mut processes) = (Duration::ZERO, 0);
    loop {
        processes += 1;
        assert!(processes < 100, "it does not come to an end");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let local = tokio::task::LocalSet::new();
        let began = world.once_in(2).then(|| world.random_latency() * 4);
        let asked = world.once_in(6).then(|| world.random_latency() * 4);
        let (policy, folder, here) = (policy.clone(), Arc::clone(folder), Rc::clone(world));
        let (result, time) = local.block_on(&runtime, async move {
            let start = Instant::now();
            if processes == 1 {
                let to = DIRECTOR.into();
                let first = Envelope::external(&run_id(), 0, to, Talk::said("begin", ""));
                here.journal.commit(Commit::of_message(first)).await.unwrap();
            }
            let options = HubOptions {
                policy,
                wall_left: here.wall.map(|wall| wall.saturating_sub(took)),
                drain: Duration::from_secs(5),
                observer: Arc::new(|_: Observed<'_, Talk>| {}),
            };
            let stop = StopSignal::default();
            let hub = Hub::new(
                run_id(),
                folder,
                here.journal.clone(),
                &build_registry(&here, dispensable),
                options,
            )
            .with_hosts(ward_factory(&here));
            let asking = async {
                match asked {
                    Some(after) => {
                        sleep(after).await;
                        stop.request_stop();
                        sleep(Duration::from_secs(1)).await;
                        stop.request_stop();
                    }
                    None => std::future::pending().await,
                }
                std::future::pending::<()>().await;
            };
            let killed = async {
                match began {
                    Some(after) => sleep(after).await,
                    None => std::future::pending().await,
                }
            };
            let result = tokio::select! {
                biased;
                () = killed => None,
                result = timeout(FOREVER, hub.run_to_end(&stop)) => Some(result),
                () = asking => None,
            };
            (result, start.elapsed())
        });
        took += time;
        match result {
            None | Some(Ok(Ok(RunResult::Stopped))) => continue,
            Some(Err(_)) => panic!("it does not end"),
            Some(Ok(result)) => {
                return Told {
                    result: result.unwrap(),
                    entries: journal_entries(world),
                    took,
                    processes,
                };
            }
        }
    }
}

fn journal_entries(world: &World) -> Vec<Entry> {
    world.journal.entries().map(Result::unwrap).collect()
}

/// Checks the properties that every run must have.
fn check_invariants(world: &World, told: &Told) {
    let RunResult::Ended(end) = &told.result else {
        panic!("{:?}", told.result);
    };
    let mut sent: BTreeMap<&MessageId, &Envelope> = BTreeMap::new();
    let mut handled: BTreeMap<&MessageId, bool> = BTreeMap::new();
    let mut receipts: BTreeSet<&String> = BTreeSet::new();
    for (entry, seq) in told.entries.iter().zip(1..) {
        assert_eq!(entry.seq, seq, "entries without a gap");
        match &entry.record {
            Record::Sent { envelope } => {
                let known = sent.insert(&envelope.id, envelope);
                assert!(known.is_none(), "{} is sent twice", envelope.id);
                let from = envelope.cause.as_ref();
                assert!(
                    from.is_none_or(|cause| handled.contains_key(cause)),
                    "an effect before its cause"
                );
            }
            Record::Handled { message, dead, .. } => {
                assert!(sent.contains_key(message), "{message} is handled and was never sent");
                let known = handled.insert(message, dead.is_some());
                assert!(known.is_none(), "{message} is handled twice");
            }
            Record::Receipt { key, .. } => assert!(receipts.insert(key), "{key} has two receipts"),
            Record::Attempted { attempt, .. } => assert!(*attempt <= 3, "tried {attempt} times"),
            _ => {}
        }
    }
    assert_eq!(
        world.again.get(),
        0,
        "a value was used that is not the one in the journal"
    );
    // Every task that was handed out came back, done or given up, unless the run ended before.
    let count = |word: &str| {
        sent.values()
            .filter(|envelope| matches!(&envelope.payload, Talk::Said { word: said, .. } if said == word))
            .count()
    };
    let letters = sent
        .values()
        .filter(|envelope| matches!(envelope.payload, Talk::DeadLettered(_)))
        .count();
    let given_up = handled.values().filter(|dead| **dead).count();
    assert_eq!(letters, given_up, "each message that is given up is told of");
    match end.status {
        Status::Complete => {
            let (tasks, done) = (count("task"), count("done"));
            assert_eq!(tasks, done + letters, "a task is lost");
            assert!(tasks >= world.tasks as usize);
            assert!(world.troubled || letters == 0, "without trouble all is done");
        }
        Status::TimeSpent => {
            let wall = world.wall.unwrap();
            assert_eq!(count("wall_time"), 1);
            // The director hears of it as soon as it is free, at the latest after its deadlines and waits.
            let late = 4 * DEADLINE + Duration::from_secs(60);
            assert!(told.took <= wall + late, "{:?} of {wall:?}", told.took);
        }
        // An agent that the run cannot do without fell too often.
        Status::EngineFailed => {
            assert!(world.troubled, "{end:?}");
            assert!(
                end.message.contains("restarted more than") || end.message.contains("the director failed"),
                "{end:?}"
            );
        }
    }
    if let Some(wall) = world.wall
        && end.status == Status::Complete
    {
        assert!(told.took <= wall + 6 * DEADLINE, "{:?} of {wall:?}", told.took);
    }
}

/// Returns the records of a journal as text, without times.
fn records_text(told: &Told) -> String {
    let records: Vec<_> = told.entries.iter().map(|entry| format!("{:?}", entry.record)).collect();
    records.join("\n")
}

fn run_seeds(seeds: impl IntoIterator<Item = u64>, each: impl Fn(u64, &Told)) {
    let home = tempfile::tempdir().unwrap();
    let folder: Arc<Path> = Arc::from(home.path());
    let journal = Journal::on_this_thread(home.path());
    for seed in seeds {
        journal.wipe();
        let world = Rc::new(World::new(seed, journal.clone()));
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let told = simulate_run(&world, &folder);
            check_invariants(&world, &told);
            each(seed, &told);
        }));
        if let Err(panic) = done {
            eprintln!("KOSMOS_TEST_SEED={seed} cargo test -p kosmos-engine supervisor::simulation does this run alone");
            std::panic::resume_unwind(panic);
        }
    }
    WORLD.set(None);
}

fn run_quarter(nth: usize) {
    let alone = std::env::var("KOSMOS_TEST_SEED").ok().map(|seed| seed.parse().unwrap());
    let (ends, processes) = (RefCell::new(BTreeMap::new()), Cell::new(0));
    let seeds: Vec<u64> = match alone {
        Some(seed) => vec![seed],
        None => {
            let sample = kosmos_testing::sample::draw_sample(&format!("simulation_{nth}"), RUNS, DRAWN);
            let points = sample.points.iter();
            points.map(|point| (nth * RUNS + point) as u64).collect()
        }
    };
    let drawn = seeds.len();
    run_seeds(seeds, |_, told| {
        let RunResult::Ended(end) = &told.result else { return };
        *ends.borrow_mut().entry(end.status.to_string()).or_insert(0) += 1;
        processes.set(processes.get() + told.processes);
    });
    eprintln!("{:?} in {} processes", ends.borrow(), processes.get());
    // A small sample may lack the rarest kind of end; `each_kind_of_end_is_reached` looks for it.
    if drawn == RUNS {
        assert_eq!(ends.borrow().len(), 3, "{:?}", ends.borrow());
    }
}

/// Without all three, the runs would show nothing.
#[test]
fn each_kind_of_end_is_reached() {
    let ends = RefCell::new(BTreeSet::new());
    for first in (0..500).step_by(25) {
        run_seeds(first..first + 25, |_, told| {
            let RunResult::Ended(end) = &told.result else { return };
            ends.borrow_mut().insert(end.status);
        });
        if ends.borrow().len() == 3 {
            return;
        }
    }
    panic!("{:?}", ends.borrow());
}

#[test]
fn ten_thousand_runs_first_quarter() {
    run_quarter(0);
}

#[test]
fn ten_thousand_runs_second_quarter() {
    run_quarter(1);
}

#[test]
fn ten_thousand_runs_third_quarter() {
    run_quarter(2);
}

#[test]
fn ten_thousand_runs_fourth_quarter() {
    run_quarter(3);
}

#[test]
fn a_seed_gives_the_same_run_each_time() {
    let first = RefCell::new(BTreeMap::new());
    run_seeds(0..50, |seed, told| {
        drop(first.borrow_mut().insert(seed, records_text(told)))
    });
    run_seeds((0..50).rev(), |seed, told| {
        assert_eq!(first.borrow()[&seed], records_text(told), "{seed}")
    });
    assert!(
        first.borrow().values().any(|text| text.contains(RETIRED)),
        "no agent retires in these"
    );
}
