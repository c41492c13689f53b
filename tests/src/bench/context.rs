//! What a benchmark may use: a scratch folder, a Python with the tool it is
//! compared with, and the process's memory.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

/// Where a benchmark runs.
pub struct BenchContext {
    scratch: tempfile::TempDir,
    tools: PathBuf,
}

impl BenchContext {
    /// A context whose tools stay under the build folder between runs.
    pub fn new() -> anyhow::Result<Self> {
        let target = env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
        fs::create_dir_all(&target)?;
        let scratch = tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in(&target)
            .context("cannot make a scratch folder in the build folder")?;
        Ok(Self { scratch, tools: target.join("bench-tools") })
    }

    /// A folder that is removed when the benchmark is over.
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Threads that a benchmark and what it is compared with may both use.
    pub fn threads(&self) -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }

    /// Says on standard error what is being done.
    pub fn say(&self, what: &str) {
        eprintln!("{what}");
    }

    /// A Python that can import `requirement`, such as `duckdb==1.4.0`,
    /// installed from the package index on first use.
    pub fn python_with(&self, requirement: &str) -> anyhow::Result<PathBuf> {
        let python = self.tools.join("bin/python");
        if !python.exists() {
            self.say("making a Python environment");
            run(Command::new("python3").args(["-m", "venv"]).arg(&self.tools))?;
        }
        self.say(&format!("installing {requirement}"));
        run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .arg(requirement))?;
        Ok(python)
    }

    /// Forgets the highest memory use so far.
    pub fn reset_peak_memory(&self) -> anyhow::Result<()> {
        fs::write("/proc/self/clear_refs", "5").context("cannot reset the peak memory counter")
    }

    /// The highest resident memory of this process since the last reset, in
    /// bytes.
    pub fn peak_memory(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string("/proc/self/status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kibibytes: u64 = kibibytes.context("no VmHWM in /proc/self/status")?.trim().parse()?;
        Ok(kibibytes * 1024)
    }
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}
