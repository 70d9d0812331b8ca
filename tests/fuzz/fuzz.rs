//! The fuzzer behind scripts/fuzz: it runs a target until it has found something, or until its time is over.
//!
//! Each target is run by a process of its own, so that an input that ends the process, by exhausting the stack or the
//! memory, is known as well.

#[path = "mod.rs"]
mod fuzz;

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fuzz::engine::{Finding, Fuzzer};
use fuzz::{TARGETS, Target};

/// What the command line asks for.
struct Arguments {
    targets: Vec<Target>,
    seconds: u64,
    seed: u64,
    /// Where inputs are kept, a folder for each target.
    corpus: PathBuf,
    /// An input to be run once, in place of fuzzing.
    input: Option<PathBuf>,
    /// This is the process that runs the target.
    works: bool,
}

fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("fuzz [--seconds N] [--seed N] [--corpus FOLDER] [--input FILE] [TARGET…]");
        eprintln!(
            "The targets are {}; all are run, one after the other, unless some are named.",
            names.join(", ")
        );
        return ExitCode::from(2);
    };
    if let Some(input) = &arguments.input {
        let octets = std::fs::read(input).expect("the input can be read");
        arguments.targets.iter().for_each(|target| (target.run)(&octets));
        return ExitCode::SUCCESS;
    }
    if arguments.works {
        return work(&arguments);
    }
    let failed = arguments.targets.iter().filter(|target| !supervise(&arguments, target)).count();
    ExitCode::from(u8::from(failed > 0))
}

fn arguments() -> Option<Arguments> {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs());
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fuzz");
    let mut read = Arguments { targets: Vec::new(), seconds: 60, seed, corpus, input: None, works: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seconds" => read.seconds = words.next()?.parse().ok()?,
            "--seed" => read.seed = words.next()?.parse().ok()?,
            "--corpus" => read.corpus = words.next()?.into(),
            "--input" => read.input = Some(words.next()?.into()),
            "--work" => read.works = true,
            name => read.targets.push(*TARGETS.iter().find(|target| target.name == name)?),
        }
    }
    if read.targets.is_empty() {
        read.targets = TARGETS.to_vec();
    }
    Some(read)
}

/// Has a process of its own run the target. False when that has found something.
fn supervise(arguments: &Arguments, target: &Target) -> bool {
    let mut command = Command::new(std::env::current_exe().expect("the program knows itself"));
    command.args([
        "--work",
        "--seconds",
        &arguments.seconds.to_string(),
        "--seed",
        &arguments.seed.to_string(),
    ]);
    command.arg("--corpus").arg(&arguments.corpus).arg(target.name);
    let status = command.status().expect("the program can be run");
    if let Some(signal) = status.signal() {
        let input = std::fs::read(current(target)).unwrap_or_default();
        report(arguments, target, &Finding { input, why: format!("it ended by signal {signal}") });
    }
    let _ = std::fs::remove_file(current(target));
    status.success()
}

fn work(arguments: &Arguments) -> ExitCode {
    let target = arguments.targets[0];
    let folder = arguments.corpus.join(target.name);
    std::fs::create_dir_all(&folder).expect("the corpus has a folder");
    let entries = std::fs::read_dir(&folder).expect("the folder can be read");
    let kept = entries.flatten().filter_map(|entry| std::fs::read(entry.path()).ok()).collect();
    let path = current(&target);
    let mut fuzzer = Fuzzer::new(target, kept, arguments.seed).announcing(move |input| {
        std::fs::write(&path, input).expect("the current input can be written");
    });
    // A panic is a finding, and is told as one.
    std::panic::set_hook(Box::new(|_| ()));
    let (begin, mut told) = (Instant::now(), Instant::now());
    let mut outcome = fuzzer.begin();
    while outcome.is_ok() && begin.elapsed() < Duration::from_secs(arguments.seconds) {
        outcome = fuzzer.step().map(|new| {
            if let Some(input) = new {
                let name = format!("{:016x}", name(&input));
                std::fs::write(folder.join(name), input).expect("an input can be kept");
            }
        });
        if told.elapsed() > TELL {
            told = Instant::now();
            tell(&target, &fuzzer, begin.elapsed());
        }
    }
    tell(&target, &fuzzer, begin.elapsed());
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(finding) => {
            report(arguments, &target, &finding);
            ExitCode::FAILURE
        }
    }
}

fn tell(target: &Target, fuzzer: &Fuzzer, elapsed: Duration) {
    let (runs, kept, reached) = fuzzer.figures();
    let seconds = elapsed.as_secs();
    println!(
        "{}: {runs} inputs in {seconds} s, {kept} kept, {reached} places of the code reached",
        target.name
    );
}

/// Keeps what was found, and says how to see it again.
fn report(arguments: &Arguments, target: &Target, finding: &Finding) {
    let file = arguments.corpus.join(format!("found-{}-{:016x}", target.name, name(&finding.input)));
    std::fs::write(&file, &finding.input).expect("a finding can be kept");
    let text = String::from_utf8_lossy(&finding.input);
    println!(
        "{}: FOUND: {}\n{text:?}\nscripts/fuzz --input {} {0}",
        target.name,
        finding.why,
        file.display()
    );
    let _ = std::io::stdout().flush();
}

/// Where the process that runs a target leaves its input.
fn current(target: &Target) -> PathBuf {
    std::env::temp_dir().join(format!(
        "aox-fuzz-{}-{}",
        target.name,
        std::env::current_exe().map_or(0, |path| { name(path.as_os_str().as_encoded_bytes()) })
    ))
}

/// A name for an input (FNV-1a).
fn name(octets: &[u8]) -> u64 {
    octets
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, octet| (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3))
}

const TELL: Duration = Duration::from_secs(30);
