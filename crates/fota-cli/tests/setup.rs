//! Completions and manual pages, as a package would make them: no account, no settings, no network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::fs;

use common::Home;

/// Catches a shell without a script, and a script that does not know the commands.
#[test]
fn completions_of_every_shell_name_the_commands() {
    let home = Home::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let done = home.fota(["completions", shell]);
        assert_eq!(done.code, 0, "{shell}: {}", done.stderr);
        assert_eq!(done.stderr, "", "{shell}");
        for word in ["licenses", "assign", "reset-guard", "dry-run"] {
            assert!(done.stdout.contains(word), "{shell} does not know {word}");
        }
    }
    let done = home.fota(["completions", "tcsh"]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("powershell"), "{}", done.stderr);
}

/// Catches a script that bash cannot run, and one that completes nothing.
#[test]
fn bash_completes_a_command() {
    let home = Home::new();
    let script = home.write("fota.bash", home.fota(["completions", "bash"]).stdout);
    let lines = "source \"$1\"; COMP_WORDS=(fota licenses ass); COMP_CWORD=2; _fota fota ass licenses; \
                 echo \"${COMPREPLY[@]}\"";
    let output = std::process::Command::new("bash").args(["-c", lines, "bash"]).arg(script).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "assign", "{output:?}");
}

/// Catches a command without a page, and a page without the examples.
#[test]
fn every_command_has_a_manual_page() {
    let home = Home::new();
    let folder = home.path().join("new/man1");
    let done = home.fota(["man", folder.to_str().unwrap()]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    for name in ["fota", "fota-licenses", "fota-licenses-assign", "fota-auth-reset-guard", "fota-emulator"] {
        let page = fs::read_to_string(folder.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(".TH") && page.contains("Example"), "{name}");
    }
}

/// Catches a panic or a wrong exit code where the folder cannot be made.
#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let home = Home::new();
    let file = home.write("file", "");
    let done = home.fota(["man", file.join("man1").to_str().unwrap()]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("manual pages") && done.stderr.contains("file"), "{}", done.stderr);
}
