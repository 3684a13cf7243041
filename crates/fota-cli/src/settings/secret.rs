//! The two secrets among the settings: never a flag, but a variable, a file, or the output of a command.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use fota_core::Secret;

use super::draft::variable;
use super::{Environment, Source};
use crate::error::Failure;
use crate::profile::{self, SecretKeys};

/// How long a command may take: enough to touch a key, not enough to hang a cron job.
const PATIENCE: Duration = Duration::from_secs(30);
/// No secret is that long; what is longer came out of the wrong command or file.
const MAX_LENGTH: u64 = 64 * 1024;

/// A secret, and where it is. It is read when it is needed.
#[derive(Debug)]
pub(crate) struct SecretSetting {
    /// Its key in a profile.
    pub(crate) name: &'static str,
    pub(crate) place: Option<Place>,
    pub(crate) source: Source,
}

/// Where a secret is.
#[derive(Debug)]
pub(crate) enum Place {
    /// Here.
    Text(Secret),
    /// In a file, which holds nothing else.
    File(PathBuf),
    /// It is what a command prints. The command's words are no secret.
    Command(Vec<String>),
}

impl SecretSetting {
    /// From `NAME`, `NAME_FILE` or `NAME_COMMAND` of the environment, else from the profile.
    pub(super) fn find(
        name: &'static str,
        environment: &Environment,
        in_profile: SecretKeys,
    ) -> Result<Self, Failure> {
        let plain = variable(name);
        let mut found: Vec<(String, Place)> = Vec::new();
        if let Some(text) = environment.text(&plain)? {
            found.push((plain.clone(), Place::Text(Secret::from(text))));
        }
        let file = format!("{plain}_FILE");
        if let Some(path) = environment.text(&file)? {
            found.push((file, Place::File(PathBuf::from(path))));
        }
        let command = format!("{plain}_COMMAND");
        if let Some(text) = environment.text(&command)? {
            let words = words(&text).map_err(|why| Failure::usage(format!("{command} {why}")).hint(
                "write the words with spaces between them, or as a JSON array: [\"op\", \"read\", \"op://vault/a b\"]",
            ))?;
            found.push((command, Place::Command(words)));
        }
        if let [(first, _), (second, _), ..] = found.as_slice() {
            return Err(Failure::usage(format!("{first} and {second} are both set")).hint("keep one of them"));
        }
        if let Some((variable, place)) = found.pop() {
            return Ok(SecretSetting { name, place: Some(place), source: Source::Environment(variable) });
        }
        let (key, place) = match in_profile {
            SecretKeys { text: Some(text), .. } => (name.to_owned(), Place::Text(text)),
            SecretKeys { file: Some(path), .. } => (format!("{name}_file"), Place::File(path.into())),
            SecretKeys { command: Some(words), .. } => (format!("{name}_command"), Place::Command(words)),
            SecretKeys { .. } => return Ok(SecretSetting { name, place: None, source: Source::Missing }),
        };
        Ok(SecretSetting { name, place: Some(place), source: Source::Profile(key) })
    }

    /// The secret itself; empty when it is not set.
    pub(crate) fn read(&self) -> Result<Secret, Failure> {
        match &self.place {
            None => Ok(Secret::default()),
            Some(Place::Text(secret)) => Ok(secret.clone()),
            Some(Place::File(path)) => from_file(path),
            Some(Place::Command(words)) => from_command(words, &self.source, PATIENCE),
        }
    }

    /// What would keep it from being read, as far as a look at the file's mode tells.
    pub(crate) fn problem(&self) -> Option<Failure> {
        match &self.place {
            Some(Place::File(path)) => match fs::metadata(path) {
                Err(error) => Some(unreadable(path, &error)),
                Ok(_) => profile::refuse_readable_by_others(path).err(),
            },
            _ => None,
        }
    }
}

fn from_file(path: &Path) -> Result<Secret, Failure> {
    profile::refuse_readable_by_others(path)?;
    let text = fs::File::open(path).and_then(read).map_err(|error| unreadable(path, &error))?;
    let secret = without_line_end(&text);
    if secret.is_empty() {
        return Err(Failure::usage(format!("the secret file {} is empty", path.display())));
    }
    Ok(secret)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("cannot read the secret file {}: {error}", path.display()))
}

/// Runs a command without a shell. Neither what it prints nor what it complains about is ever shown, for it
/// may be the secret.
fn from_command(words: &[String], source: &Source, patience: Duration) -> Result<Secret, Failure> {
    let (program, arguments) = match words.split_first() {
        Some((program, arguments)) => (program, arguments),
        None => return Err(Failure::usage(format!("{source} names no command"))),
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

/// All of it, if it is a text of reasonable length.
fn read(source: impl io::Read) -> io::Result<Secret> {
    let mut text = String::new();
    let result = source.take(MAX_LENGTH + 1).read_to_string(&mut text);
    let secret = Secret::from(text);
    result?;
    if secret.expose().len() as u64 > MAX_LENGTH {
        return Err(io::Error::other("it is too long"));
    }
    Ok(secret)
}

/// Editors and `echo` end the last line; no secret ends so.
fn without_line_end(text: &Secret) -> Secret {
    let text = text.expose();
    let text = text.strip_suffix('\n').unwrap_or(text);
    Secret::from(text.strip_suffix('\r').unwrap_or(text))
}

/// The words of a command in a variable: a JSON array, or words with spaces between them. There is no shell,
/// so what one would make of quotes or dollars is refused rather than taken literally.
fn words(text: &str) -> Result<Vec<String>, &'static str> {
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
        from_command(&words, &Source::Profile("password_command".to_owned()), patience).map_err(|failure| {
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

    fn file(home: &tempfile::TempDir, name: &str, content: &str, mode: u32) -> PathBuf {
        let path = home.path().join(name);
        fs::write(&path, content).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let _ = mode;
        path
    }

    #[test]
    fn one_place_for_each_secret() {
        let find = |set: &[(&str, &str)], keys| {
            SecretSetting::find("password", &Environment::of(set), keys).map(|found| found.source.to_string())
        };
        let none = || SecretKeys::default();
        let file = || SecretKeys { file: Some("f".to_owned()), ..none() };
        assert_eq!(find(&[], none()).unwrap(), "not set");
        assert_eq!(find(&[], file()).unwrap(), "password_file of the profile");
        for name in ["FOTA_PASSWORD", "FOTA_PASSWORD_FILE", "FOTA_PASSWORD_COMMAND"] {
            assert_eq!(find(&[(name, "x")], file()).unwrap(), name);
            for other in ["FOTA_PASSWORD", "FOTA_PASSWORD_FILE", "FOTA_PASSWORD_COMMAND"] {
                let both = find(&[(name, "x"), (other, "x")], none());
                assert_eq!(both.is_err(), name != other, "{name} {other}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn secrets_come_from_files_that_only_the_owner_can_read() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(
            from_file(&file(&home, "good", "fake-password\n", 0o600)).unwrap().expose(),
            "fake-password"
        );
        assert!(from_file(&file(&home, "empty", "\n", 0o600)).is_err());
        for mode in [0o644, 0o640, 0o604] {
            let failure = from_file(&file(&home, "open", CANARY, mode)).unwrap_err();
            assert!(failure.message().contains("open to others"), "{}", failure.message());
            assert!(!format!("{failure:?}").contains(CANARY));
        }
    }
}
