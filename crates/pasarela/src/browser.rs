//! The browser in which sellers' pages are opened.

use crate::failure::Failure;
use clap::Args;
use pasarela_engine::quality::browser::Browser;
use std::path::PathBuf;

/// Which browser.
#[derive(Debug, Args)]
pub struct BrowserArguments {
    /// The browser that opens sellers' pages: Chromium or one of its kind, or `none`; without it, the first one on the path
    ///
    /// Each time it is started anew, in its own sandbox, for forty seconds at most, as the user `nobody` where this program runs
    /// as root. It reaches what notifications may reach, and nothing else. Where its sandbox can't be had, pages are read as they
    /// are served.
    #[arg(long, value_name = "PATH", env = "PASARELA_BROWSER")]
    pub browser: Option<PathBuf>,
}

impl BrowserArguments {
    /// The browser that is meant, if there is one.
    pub fn browser(&self, is_development: bool) -> Result<Option<Browser>, Failure> {
        match &self.browser {
            None => Ok(Browser::on_path(is_development)),
            Some(none) if none.as_os_str() == "none" => Ok(None),
            // It is started elsewhere.
            Some(program) if program.is_file() => {
                let program = std::path::absolute(program).unwrap_or_else(|_| program.clone());
                Ok(Some(Browser::at(program, is_development)))
            }
            Some(program) => Err(Failure::new(
                format!("there is no browser at {}", program.display()),
                "Name Chromium or one of its kind with --browser PATH, or --browser none.",
            )),
        }
    }
}
