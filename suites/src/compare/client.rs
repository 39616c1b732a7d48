//! The other end of the worker protocol: a process that may crash, hang or talk nonsense.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread,
    time::{Duration, Instant},
};

use super::side::Side;
use crate::{
    harness::{
        error::{Error, Result},
        processor::pin,
    },
    worker::{Failure, Hello, Measured, PROTOCOL, Refusal, Reply, Request},
};

/// How long a worker may take to greet.
const GREETING: Duration = Duration::from_secs(60);
/// How long a worker that closed its output may take to end.
const FAREWELL: Duration = Duration::from_secs(1);
/// How often a wait looks whether the user wants to stop.
const TICK: Duration = Duration::from_millis(100);

/// Raised by Ctrl-C and SIGTERM.
pub type Stop = AtomicBool;

/// The error of a stopped command.
pub fn interrupted() -> Error {
    Error::Interrupted("stopped; everything that was built is kept for the next run".into())
}

/// A running worker. It is killed when this is dropped.
#[derive(Debug)]
pub struct Client<'a> {
    /// What it said first.
    pub hello: Hello,
    name: &'static str,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    complaints: File,
    limit: Duration,
    stop: &'a Stop,
    alive: bool,
}

impl<'a> Client<'a> {
    /// Starts a worker of a side and checks its greeting; `brief` asks for nothing but the protocol.
    pub fn start(side: &Side, brief: bool, limit: Duration, stop: &'a Stop) -> Result<Self> {
        let mut command = side.command(&[]);
        command.arg("worker").args(&side.worker_arguments).args(brief.then_some("--brief"));
        Self::spawn(side.name, command, limit, stop)
    }

    /// Starts a worker by a command.
    pub fn spawn(name: &'static str, mut command: Command, limit: Duration, stop: &'a Stop) -> Result<Self> {
        let broken = |e: std::io::Error| Error::broken(format!("cannot start the {name} worker: {e}"));
        let complaints = tempfile::tempfile().map_err(broken)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(complaints.try_clone().map_err(broken)?);
        let mut child = command.spawn().map_err(broken)?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (sender, lines) = channel();
        if let Some(output) = output {
            thread::spawn(move || {
                let lines = BufReader::new(output).split(b'\n').map_while(Result::ok);
                lines.map(|line| String::from_utf8_lossy(&line).into_owned()).try_for_each(|line| sender.send(line))
            });
        }
        let hello = Hello { protocol: PROTOCOL, about: None, peers: Vec::new() };
        let mut client = Self { hello, name, child, input, lines, complaints, limit, stop, alive: true };
        let line = client
            .line(GREETING)?
            .map_err(|refusal| Error::broken(format!("the {name} side has no working worker: {}", refusal.error)))?;
        client.hello = serde_json::from_str(&line)
            .map_err(|_| Error::broken(format!("the {name} side does not speak the worker protocol: `{line}`")))?;
        let theirs = client.hello.protocol;
        if theirs != PROTOCOL {
            return Err(Error::broken(format!(
                "the {name} side speaks version {theirs} of the worker protocol, this command version {PROTOCOL}; \
                 compare revisions that speak the same"
            )));
        }
        Ok(client)
    }

    /// Keeps the process on a processor.
    pub fn pin(&self, processor: usize) {
        pin(&self.child, processor);
    }

    /// Whether the process can be asked again.
    pub fn alive(&self) -> bool {
        self.alive
    }

    /// Asks for a measurement of a verified output.
    pub fn ask(&mut self, request: &Request) -> Result<Result<Measured, Refusal>> {
        Ok(self.exchange(request)?.and_then(|reply| match reply {
            Reply::Measured(measured) => Ok(measured),
            Reply::Computed(_) => Err(Refusal::new(Failure::Crashed, "the answer is that of a peer")),
            Reply::Refused(refusal) => Err(refusal),
        }))
    }

    /// Sends a request and waits for the reply. A process that dies or does not answer in time is a refusal too; an
    /// error means that the user stopped the command.
    pub fn exchange(&mut self, request: &Request) -> Result<Result<Reply, Refusal>> {
        let Ok(mut line) = serde_json::to_string(request) else {
            return Err(Error::broken("a request has no JSON form"));
        };
        line.push('\n');
        // A failed write means that the process is gone, which the wait for its answer finds out.
        let _gone = self.input.as_mut().map(|input| input.write_all(line.as_bytes()));
        Ok(self.line(self.limit)?.and_then(|line| {
            serde_json::from_str(&line).map_err(|_| {
                // The answer proper may follow, and would pass for that to the next request.
                self.alive = false;
                Refusal::new(Failure::Crashed, format!("the answer is not of the protocol: `{line}`"))
            })
        }))
    }

    /// Closes the worker's input and waits for its end.
    pub fn finish(mut self) -> Result<ExitStatus> {
        self.input = None;
        let started = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if started.elapsed() > self.limit => {
                    return Err(Error::broken(format!("the {} worker does not end", self.name)));
                }
                Ok(None) if self.stop.load(Ordering::Relaxed) => return Err(interrupted()),
                Ok(None) => thread::sleep(Duration::from_millis(5)),
                Err(e) => return Err(Error::broken(format!("cannot wait for the {} worker: {e}", self.name))),
            }
        }
    }

    fn line(&mut self, limit: Duration) -> Result<Result<String, Refusal>> {
        let started = Instant::now();
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Err(interrupted());
            }
            match self.lines.recv_timeout(TICK) {
                Ok(line) => return Ok(Ok(line)),
                Err(RecvTimeoutError::Timeout) if started.elapsed() < limit => {}
                Err(RecvTimeoutError::Timeout) => {
                    self.alive = false;
                    let seconds = limit.as_secs();
                    return Ok(Err(Refusal::new(Failure::Hung, format!("no answer in {seconds} s"))));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    self.alive = false;
                    return Ok(Err(Refusal::new(Failure::Crashed, self.last_words())));
                }
            }
        }
    }

    /// How the process ended, and the last line that it left on standard error. One that only closed its output is ended.
    fn last_words(&mut self) -> String {
        self.input = None;
        let started = Instant::now();
        while started.elapsed() < FAREWELL && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(5));
        }
        let _ended = self.child.kill();
        let ended = self.child.wait().map_or_else(|e| e.to_string(), |status| status.to_string());
        let mut text = String::new();
        let read = self.complaints.seek(SeekFrom::Start(0)).and_then(|_| self.complaints.read_to_string(&mut text));
        match text.lines().rfind(|line| !line.trim().is_empty()) {
            Some(line) if read.is_ok() => format!("the process ended ({ended}): {}", line.trim()),
            _ => format!("the process ended ({ended})"),
        }
    }
}

impl Drop for Client<'_> {
    fn drop(&mut self) {
        // Either fails only if the process has ended.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HELLO: &str = r#"echo '{"protocol":1}';"#;
    static GO: Stop = Stop::new(false);

    fn worker(script: &str) -> Result<Client<'static>> {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script);
        Client::spawn("head", command, Duration::from_secs(1), &GO)
    }

    fn request() -> Request {
        Request { case: "a/b".into(), variant: "c".into(), seed: 1, iterations: 1, par: None, input: None }
    }

    fn refusal(script: &str) -> Refusal {
        worker(&format!("{HELLO} {script}")).unwrap().ask(&request()).unwrap().unwrap_err()
    }

    #[test]
    fn a_crash_a_hang_and_nonsense_are_refusals() {
        let crash = refusal("read line; echo 'out of luck' >&2; exit 7");
        assert_eq!(crash.kind, Failure::Crashed);
        assert!(crash.error.contains("exit status: 7") && crash.error.contains("out of luck"), "{}", crash.error);
        assert_eq!(refusal("read line; sleep 9").kind, Failure::Hung);
        assert_eq!(refusal("read line; echo hm").kind, Failure::Crashed);
        assert_eq!(refusal("read line; printf '\\377\\n'; read line").kind, Failure::Crashed);
        assert_eq!(refusal("read line; exec >&-; sleep 9").kind, Failure::Crashed);
        let wrong = refusal(r#"read line; echo '{"error":"wrong answer","kind":"wrong"}'"#);
        assert_eq!(wrong, Refusal::new(Failure::Wrong, "wrong answer"));
    }

    #[test]
    fn a_line_too_many_is_not_taken_for_the_next_answer() {
        let answer = r#"{"error":"no","kind":"failed"}"#;
        let mut client = worker(&format!("{HELLO} while read line; do echo here; echo '{answer}'; done")).unwrap();
        assert_eq!(client.ask(&request()).unwrap().unwrap_err().kind, Failure::Crashed);
        assert!(!client.alive());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pinned_process_stays_on_its_processor() {
        let script = format!("{HELLO} read line; grep Cpus_allowed_list /proc/self/status >&2; exit 7");
        for processor in crate::harness::processor::available() {
            let mut client = worker(&script).unwrap();
            client.pin(processor);
            let gone = client.ask(&request()).unwrap().unwrap_err();
            let kept = gone.error.split_whitespace().last().unwrap();
            assert_eq!(kept, processor.to_string(), "{}", gone.error);
        }
    }

    #[test]
    fn another_protocol_or_none_is_one_sentence() {
        let error = |script| worker(script).unwrap_err().to_string();
        assert!(error(r#"echo '{"protocol":7}'; read line"#).contains("version 7"));
        assert!(error("echo hello; read line").contains("does not speak"));
        assert!(error("echo 'unrecognized subcommand' >&2; exit 2").contains("unrecognized subcommand"));
    }
}
