//! Secrets that a command prints, such as a password manager.

use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use fota_core::Secret;

use super::Source;
use super::secret::{read, without_line_end};
use crate::error::Failure;

/// How long a command may take: enough to touch a key, not enough to hang a cron job.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a command without a shell. Neither what it prints nor what it complains about is ever shown, for it
/// may be the secret.
pub(super) fn from_command(words: &[String], source: &Source) -> Result<Secret, Failure> {
    within(PATIENCE, words, source)
}

fn within(patience: Duration, words: &[String], source: &Source) -> Result<Secret, Failure> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Failure::usage(format!("{source} names no command")));
    };
    let fail = |what: String| {
        Failure::usage(format!("the command {program:?} for a secret ({source}) {what}"))
            .hint("run it by hand to see what it says; it must print the secret and nothing else")
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| fail(format!("cannot be run: {error}")))?;
    let (send, receive) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        // In a thread of its own, for reading cannot be given up: not when the command hangs, and not when it
        // leaves a child behind that keeps its output open.
        thread::spawn(move || send.send(read(output)));
    }
    let start = Instant::now();
    let mut printed = None;
    loop {
        let status = child.try_wait().map_err(|error| fail(format!("cannot be waited for: {error}")))?;
        match status {
            Some(status) if !status.success() => {
                // One that prints too much is ended by it, and that is not the reason to tell.
                if let Ok(Err(error)) = receive.recv_timeout(Duration::from_millis(200)) {
                    return Err(fail(format!("prints what is no secret: {error}")));
                }
                return Err(fail(match status.code() {
                    Some(code) => format!("failed with exit code {code}"),
                    None => "was ended by a signal".to_owned(),
                }));
            }
            Some(_) if printed.is_some() => break,
            _ => {}
        }
        if start.elapsed() >= patience {
            let _ = child.kill();
            let _ = child.wait();
            return Err(fail(format!("was not done after {} s", patience.as_secs().max(1))));
        }
        match receive.recv_timeout(Duration::from_millis(10)) {
            Ok(Ok(text)) => printed = Some(text),
            Ok(Err(error)) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(fail(format!("prints what is no secret: {error}")));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            // All was read; what is awaited now is the end of the command.
            Err(mpsc::RecvTimeoutError::Disconnected) => thread::sleep(Duration::from_millis(5)),
        }
    }
    let text = printed.unwrap_or_default();
    let secret = without_line_end(&text);
    if secret.is_empty() {
        return Err(fail("printed nothing".to_owned()));
    }
    Ok(secret)
}

/// The words of a command in a variable: a JSON array, or words with spaces between them. There is no shell,
/// so what one would make of quotes or dollars is refused rather than taken literally.
pub(super) fn words(text: &str) -> Result<Vec<String>, &'static str> {
    let text = text.trim();
    let words = if text.starts_with('[') {
        serde_json::from_str(text).map_err(|_| "is not a JSON array of texts")?
    } else if text.contains(['"', '\'', '`', '$', '|', ';', '<', '>', '&']) {
        return Err("holds characters for a shell, and none is run");
    } else {
        text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    if words.first().is_none_or(String::is_empty) {
        return Err("names no command");
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "canary-not-a-real-secret";

    fn run(words: &[&str], patience: Duration) -> Result<Secret, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        within(patience, &words, &Source::Profile("password_command".to_owned())).map_err(|failure| {
            assert!(!format!("{failure:?}").contains(CANARY), "{failure:?}");
            failure.message().to_owned()
        })
    }

    #[cfg(unix)]
    #[test]
    fn what_a_command_prints_is_the_secret() {
        let shell = |script: &str| run(&["sh", "-c", script], PATIENCE);
        assert_eq!(shell("echo 'fake pass'").unwrap().expose(), "fake pass");
        assert_eq!(shell("printf 'fake\\r\\n'").unwrap().expose(), "fake");
        assert_eq!(shell("printf 'fake\\n\\n'").unwrap().expose(), "fake\n", "one line end and no more");
        // A daemon that keeps the output open does not hold the command up for long.
        assert_eq!(run(&["printf", "%s", "$HOME *"], PATIENCE).unwrap().expose(), "$HOME *", "no shell");
        let script = format!("echo {CANARY}; echo {CANARY} >&2; exit 3");
        assert!(shell(&script).unwrap_err().contains("failed with exit code 3"));
        assert!(shell(&format!("echo {CANARY}; kill -9 $$")).unwrap_err().contains("signal"));
        assert!(shell("true").unwrap_err().contains("printed nothing"));
        assert!(shell("printf '\\377canary'").unwrap_err().contains("no secret"));
        assert!(shell("head -c 700000 /dev/zero").unwrap_err().contains("too long"));
        assert!(run(&["/no/such/program"], PATIENCE).unwrap_err().contains("cannot be run"));
    }

    #[cfg(unix)]
    #[test]
    fn a_command_that_hangs_is_given_up() {
        let start = Instant::now();
        let script = format!("echo {CANARY}; exec sleep 20");
        for script in [script.as_str(), "sleep 20 &"] {
            let error = run(&["sh", "-c", script], Duration::from_millis(300)).unwrap_err();
            assert!(error.contains("was not done"), "{error}");
        }
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn words_of_a_variable() {
        let of = |text: &str| words(text).map(|words| words.join("|"));
        assert_eq!(of(" pass show  thingspace/secret "), Ok("pass|show|thingspace/secret".to_owned()));
        assert_eq!(of(r#"["op", "read", "op://vault/a b"]"#), Ok("op|read|op://vault/a b".to_owned()));
        for bad in
            ["", " ", "[]", "[1]", "[\"\"]", "[\"a\"", "echo 'a b'", "echo $HOME", "a | b", "a; b", "a && b"]
        {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
