//! Runs one client once: with a clock, under callgrind for its instructions, or under memcheck for its allocations.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::context::{Context, read};
use crate::failure::{Failure, Outcome};
use crate::workspace::Workspace;

/// The clients, as the names of their programs have them after `bench-`.
pub(super) const R: &str = "r";
pub(super) const RAW_HYPER: &str = "raw-hyper";
pub(super) const REQWEST: &str = "reqwest";
pub(super) const B: &str = "b";
pub(super) const RAW_UREQ: &str = "raw-ureq";
pub(super) const HYPER: &str = "hyper";
pub(super) const BLOCKING: &str = "blocking";
/// Ours again, with the listings of any length and the bulk runs that R and B have no counterpart for.
pub(super) const HYPER_MORE: &str = "hyper-more";
pub(super) const BLOCKING_MORE: &str = "blocking-more";

/// The operations that are measured per call.
pub(super) const OPERATIONS: [&str; 3] = ["list", "assign", "one"];

/// Where the clients are.
pub(super) struct Bench<'a> {
    context: &'a Context,
    folder: PathBuf,
}

/// A server that ends with this value.
pub(super) struct Stub {
    process: Child,
    pub(super) address: String,
}

/// What one run of a client said and took.
pub(super) struct Finished {
    lines: String,
    pub(super) wall: Duration,
}

impl<'a> Bench<'a> {
    pub(super) fn new(context: &'a Context) -> Outcome<Self> {
        let folder = Workspace::read(context)?.target_directory.join("release");
        Ok(Bench { context, folder })
    }

    pub(super) fn program(&self, client: &str) -> PathBuf {
        self.folder.join(format!("bench-{client}"))
    }

    /// A server that takes `delay_ms` for each answer.
    pub(super) fn stub(&self, delay_ms: u32) -> Outcome<Stub> {
        let mut command = self.context.tool(self.program("stub"));
        let process = command.arg(delay_ms.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = process?;
        let mut address = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut address)?;
        }
        if address.is_empty() {
            return Err(Failure::new("the stub server did not print its address"));
        }
        Ok(Stub { process, address: address.trim().to_owned() })
    }

    /// A plain run.
    pub(super) fn run(&self, client: &str, operation: &str, calls: u32, stub: &Stub) -> Outcome<Finished> {
        let mut command = self.context.tool(self.program(client));
        command.args([operation, &calls.to_string(), &stub.address]);
        let start = Instant::now();
        let lines = read(&mut command)?;
        Ok(Finished { lines, wall: start.elapsed() })
    }

    /// Instructions per call: 60 calls less 20 calls, by 40, so that start and end of the process do not count.
    pub(super) fn instructions(&self, client: &str, operation: &str, stub: &Stub) -> Outcome<f64> {
        let options = ["--tool=callgrind", "--callgrind-out-file=/dev/null"];
        self.per_call(client, operation, stub, &options, |text| number_after(text, "Collected :"))
    }

    /// Allocations per call, counted likewise. A reallocation counts as one.
    pub(super) fn allocations(&self, client: &str, operation: &str, stub: &Stub) -> Outcome<f64> {
        let options = ["--tool=memcheck", "--undef-value-errors=no"];
        self.per_call(client, operation, stub, &options, |text| number_after(text, "total heap usage:"))
    }

    fn per_call(
        &self,
        client: &str,
        operation: &str,
        stub: &Stub,
        options: &[&str],
        count: fn(&str) -> Option<f64>,
    ) -> Outcome<f64> {
        let run = |calls: &str| {
            let mut valgrind: Command = self.context.tool("valgrind");
            valgrind.args(options).arg(self.program(client)).args([operation, calls, &stub.address]);
            let output = valgrind.output().map_err(|error| {
                Failure::new(format!(
                    "valgrind cannot be started ({error}); on Debian: apt-get install valgrind"
                ))
            })?;
            let said = String::from_utf8_lossy(&output.stderr);
            match count(&said) {
                Some(count) if output.status.success() => Ok(count),
                _ => Err(Failure::new(format!("bench-{client} {operation} {calls} under valgrind:\n{said}"))),
            }
        };
        Ok((run("60")? - run("20")?) / 40.0)
    }

    /// The size of a client's program without symbols.
    pub(super) fn size(&self, client: &str) -> Outcome<f64> {
        let stripped = self.folder.join(format!("bench-{client}.stripped"));
        read(self.context.tool("strip").arg("-o").arg(&stripped).arg(self.program(client)))?;
        let size = std::fs::metadata(&stripped)?.len();
        std::fs::remove_file(&stripped)?;
        Ok(u32::try_from(size)?.into())
    }
}

impl Stub {
    /// Connections and token requests since this was asked last.
    pub(super) fn counts(&self) -> Outcome<(u32, u32)> {
        use std::io::{Read as _, Write as _};
        let mut wire = std::net::TcpStream::connect(&self.address)?;
        wire.write_all(b"GET /stats HTTP/1.1\r\nHost: stub\r\n\r\n")?;
        wire.shutdown(std::net::Shutdown::Write)?;
        let mut answer = String::new();
        wire.read_to_string(&mut answer)?;
        let numbers = answer.lines().last().unwrap_or_default().split_once(' ');
        let (connections, tokens) = numbers.ok_or_else(|| Failure::new("the stub tells no counts"))?;
        Ok((connections.parse()?, tokens.parse()?))
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        // It ends when its input does; this only makes sure of it.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

impl Finished {
    /// What the client said under this name.
    pub(super) fn number(&self, name: &str) -> Outcome<f64> {
        let line = self.lines.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let number = line.and_then(|text| text.trim().parse().ok());
        number.ok_or_else(|| Failure::new(format!("a client did not say `{name}`:\n{}", self.lines)))
    }
}

/// `Collected : 1234` and `total heap usage: 1,234 allocs` as numbers.
fn number_after(text: &str, mark: &str) -> Option<f64> {
    let rest = text.split(mark).nth(1)?.trim_start();
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != ',').unwrap_or(rest.len());
    rest.get(..end)?.replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::number_after;

    #[test]
    fn numbers_of_valgrind() {
        assert_eq!(number_after("==1== Collected : 1234\n", "Collected :"), Some(1234.0));
        let text = "==1==   total heap usage: 1,234 allocs, 1,200 frees, 9 bytes allocated";
        assert_eq!(number_after(text, "total heap usage:"), Some(1234.0));
        assert_eq!(number_after("nothing", "Collected :"), None);
    }
}
