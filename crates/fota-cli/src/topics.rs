//! `fota help TOPIC`: what is not about one command. clap's own `help` knows commands only.

use crate::args::SETTINGS;
use crate::exit;

/// Topics and what they say.
const TOPICS: [(&str, &str); 2] = [("exit-codes", exit::HELP), ("settings", SETTINGS)];

/// What to print for these arguments, if they ask for a topic.
pub(crate) fn asked(arguments: &[String]) -> Option<&'static str> {
    let [help, topic] = arguments else { return None };
    TOPICS.iter().find(|(name, _)| help == "help" && name == topic).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_do_not_hide_commands() {
        use clap::CommandFactory as _;
        let command = crate::args::Cli::command();
        for (name, text) in TOPICS {
            assert!(command.find_subcommand(name).is_none(), "{name}");
            assert!(!text.is_empty() && text.lines().all(|line| line.len() < 120), "{name}");
            assert_eq!(asked(&["help".to_owned(), name.to_owned()]), Some(text));
        }
        assert_eq!(asked(&["help".to_owned(), "licenses".to_owned()]), None);
        assert_eq!(asked(&["exit-codes".to_owned()]), None);
    }
}
