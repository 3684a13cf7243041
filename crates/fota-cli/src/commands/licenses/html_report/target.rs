//! Where the page goes: a file that is complete or untouched, or stdout.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{stdout, still_read};
use crate::private::sync_folder;

/// What every report begins with, and no other file.
pub(super) const MARK: &str = "<!doctype html>\n<!-- fota licenses report -->\n";

#[derive(Debug)]
pub(super) enum Target {
    Stdout,
    File(Draft),
}

/// A file that is being written beside the one it will replace. Dropped, it is gone.
#[derive(Debug)]
pub(super) struct Draft {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
}

impl Target {
    /// Makes sure that the page can be written, before the service is asked for anything.
    pub(super) fn prepare(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Ok(Target::Stdout);
        }
        let refuse = |why: String| Failure::usage(format!("cannot write --html {}: {why}", path.display()));
        // A link stays what it is, and the file that it leads to is replaced.
        let resolved = match fs::symlink_metadata(path) {
            Ok(_) => fs::canonicalize(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => std::path::absolute(path),
            Err(error) => Err(error),
        };
        let resolved = resolved.map_err(|error| refuse(error.to_string()))?;
        let old = match fs::metadata(&resolved) {
            Ok(old) => Some(old),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(refuse(error.to_string())),
        };
        if let Some(old) = &old {
            if !old.is_file() {
                return Err(refuse("it is no regular file".to_owned()).hint("--html - writes to stdout"));
            }
            if !is_report(&resolved, old).map_err(|error| refuse(error.to_string()))? {
                return Err(refuse("there is a file that is no report of this command".to_owned())
                    .hint("choose another name, or delete the file"));
            }
        }
        let draft = Draft::create(resolved, old.as_ref()).map_err(|error| refuse(error.to_string()))?;
        Ok(Target::File(draft))
    }

    /// Writes the page, and tells where it is unless it went to stdout.
    pub(super) fn write(self, page: &str) -> Result<Option<PathBuf>, Failure> {
        match self {
            Target::Stdout => {
                let mut out = stdout();
                still_read(out.write_all(page.as_bytes()).and_then(|()| out.flush()))?;
                Ok(None)
            }
            Target::File(draft) => {
                let path = draft.path.clone();
                draft.finish(page).map(Some).map_err(|error| {
                    let text = format!("cannot write the report {}: {error}", path.display());
                    Failure::new(Exit::Unexpected, "output", text)
                        .hint("make room or choose another folder; an earlier report is as it was")
                })
            }
        }
    }
}

impl Draft {
    fn create(path: PathBuf, old: Option<&Metadata>) -> io::Result<Self> {
        let name = path.file_name().ok_or_else(|| io::Error::other("it is no name of a file"))?;
        let mut temporary = std::ffi::OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(temporary);
        let file = File::create_new(&temporary)?;
        let draft = Draft { path, temporary, file };
        if let Some(old) = old {
            // Whoever could read the earlier report can read this one.
            draft.file.set_permissions(old.permissions())?;
        }
        Ok(draft)
    }

    fn finish(mut self, page: &str) -> io::Result<PathBuf> {
        self.file.write_all(page.as_bytes())?;
        self.file.sync_all()?;
        fs::rename(&self.temporary, &self.path)?;
        sync_folder(&self.path)?;
        Ok(self.path.clone())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // It has its real name by now, or it is of no use.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// Whether nothing is lost when the file is replaced.
fn is_report(path: &Path, metadata: &Metadata) -> io::Result<bool> {
    if metadata.len() == 0 {
        return Ok(true);
    }
    let mut start = Vec::new();
    File::open(path)?.take(MARK.len() as u64).read_to_end(&mut start)?;
    Ok(start == MARK.as_bytes())
}
