//! One of the two programs with its home folder: run to its end, or left
//! serving until dropped.

use std::{
    env,
    ffi::OsStr,
    fmt,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, bail};
use serde_json::Value;

/// How long a server may take until it says where it listens.
const START: Duration = Duration::from_mins(1);
/// Between two looks at whether a program has ended.
const PAUSE: Duration = Duration::from_millis(50);

/// Where the two programs are.
#[derive(Clone, Debug)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// The ones that were built together with the program that runs now.
    pub fn beside_this_one() -> anyhow::Result<Self> {
        let this = env::current_exe().context("cannot tell where this program is")?;
        let folders = this.ancestors().skip(1).take(2);
        for folder in folders {
            if folder.join("peerlight-hub").exists() && folder.join("peerlight-node").exists() {
                return Ok(Self { folder: folder.to_owned() });
            }
        }
        bail!("peerlight-hub and peerlight-node are not beside {}: build them", this.display())
    }

    /// The hub's program with this home.
    pub fn hub(&self, home: &Path) -> Program {
        Program { binary: self.folder.join("peerlight-hub"), home: home.to_owned() }
    }

    /// The node's program with this home.
    pub fn node(&self, home: &Path) -> Program {
        Program { binary: self.folder.join("peerlight-node"), home: home.to_owned() }
    }
}

/// A command that did not end with exit code 0.
#[derive(Debug)]
pub struct Failure {
    /// The command, for people.
    pub command: String,
    /// Its exit code, if it was not ended by a signal.
    pub code: Option<i32>,
    /// What it said on standard error.
    pub said: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = self.said.trim();
        match self.code {
            Some(code) => write!(f, "{} ended with exit code {code}: {said}", self.command),
            None => write!(f, "{} was ended by a signal: {said}", self.command),
        }
    }
}

impl std::error::Error for Failure {}

/// A program and its home.
#[derive(Clone, Debug)]
pub struct Program {
    binary: PathBuf,
    home: PathBuf,
}

impl Program {
    /// Its home folder.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The command, not started; settings of this process's environment do not
    /// reach it.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(&self.binary);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("PEERLIGHT_") {
                command.env_remove(name);
            }
        }
        command.arg("--home").arg(&self.home).args(arguments);
        command
    }

    /// Runs it with `input` on standard input; gives its standard output.
    pub fn run_with<S: AsRef<OsStr>>(
        &self,
        arguments: &[S],
        input: &str,
    ) -> anyhow::Result<String> {
        let mut command = self.command(arguments);
        let shown = show(&self.binary, arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {shown}"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read its input may close it first.
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            bail!(Failure { command: shown, code: output.status.code(), said });
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it; gives its standard output.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> anyhow::Result<String> {
        self.run_with(arguments, "")
    }

    /// Runs it with `--output json`; gives what it printed.
    pub fn json(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let arguments = [arguments, &["--output", "json"]].concat();
        let text = self.run(&arguments)?;
        serde_json::from_str(&text).with_context(|| {
            format!("{} printed something that is not JSON", show(&self.binary, &arguments))
        })
    }

    /// Runs it and expects it to fail.
    pub fn fails<S: AsRef<OsStr>>(&self, arguments: &[S]) -> anyhow::Result<Failure> {
        match self.run(arguments) {
            Ok(_) => bail!("{} succeeded", show(&self.binary, arguments)),
            Err(error) => error.downcast::<Failure>(),
        }
    }

    /// Starts it and waits until every one of `lines` was the start of a line
    /// on its standard error.
    pub fn serve(&self, arguments: &[&str], lines: &[&str]) -> anyhow::Result<Serving> {
        let shown = show(&self.binary, arguments);
        let mut child = self
            .command(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {shown}"))?;
        let stderr = child.stderr.take().context("its standard error is piped")?;
        let said = Arc::new(Mutex::new(String::new()));
        let heard_so_far = Arc::clone(&said);
        let (send, heard) = mpsc::channel();
        // Reads to the end, so that the program never waits for its reader.
        let reader = thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Ok(mut said) = heard_so_far.lock() {
                    said.push_str(&line);
                    said.push('\n');
                }
                let _ = send.send(line);
            }
        });
        let serving = Serving { child, said, reader: Some(reader) };
        let mut awaited = lines.to_vec();
        while !awaited.is_empty() {
            match heard.recv_timeout(START) {
                Ok(line) => awaited.retain(|start| !line.starts_with(start)),
                Err(_) => bail!("{shown} did not start: {}", serving.said().trim()),
            }
        }
        Ok(serving)
    }
}

fn show<S: AsRef<OsStr>>(binary: &Path, arguments: &[S]) -> String {
    let name = binary.file_name().unwrap_or_default().to_string_lossy();
    let words = arguments.iter().map(|word| word.as_ref().to_string_lossy().into_owned());
    std::iter::once(name.into_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// A program that serves; ended when dropped.
#[derive(Debug)]
pub struct Serving {
    child: Child,
    said: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Serving {
    /// What it has said on standard error so far.
    pub fn said(&self) -> String {
        self.said.lock().map(|said| said.clone()).unwrap_or_default()
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(mut self) {
        self.end();
    }

    /// Asks it to end, as a service manager does; gives how it ended and all
    /// that it said. Fails if it does not end.
    pub fn terminate(mut self) -> anyhow::Result<(ExitStatus, String)> {
        let id = self.child.id().to_string();
        let told = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status()?;
        anyhow::ensure!(told.success(), "the program could not be told to end");
        let mut tries = START.as_millis() / PAUSE.as_millis();
        let status = loop {
            match self.child.try_wait()? {
                Some(status) => break status,
                None if tries == 0 => bail!("the program does not end: {}", self.said().trim()),
                None => thread::sleep(PAUSE),
            }
            tries -= 1;
        };
        // What it said last may still be in the pipe.
        if let Some(reader) = self.reader.take() {
            reader.join().map_err(|_| anyhow::anyhow!("its words could not be read"))?;
        }
        Ok((status, self.said()))
    }

    fn end(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.end();
    }
}
