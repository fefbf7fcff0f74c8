//! The mail server that messages to people are handed to.

use crate::failure::Failure;
use clap::Args;
use pasarela_engine::mail::MailSettings;
use pasarela_engine::mail::server::MailServer;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Where the user's password may be, instead of a file.
const PASSWORD_VARIABLE: &str = "PASARELA_SMTP_PASSWORD";

/// Where mail goes.
#[derive(Debug, Args)]
pub struct MailArguments {
    /// The mail server that messages are handed to: smtps://USER@HOST:465 or smtp://USER@HOST:587
    ///
    /// `smtp://` demands STARTTLS; `?tls=opportunistic` takes it where it is offered, `?tls=none` never. Without a mail server,
    /// and while it can't be reached, messages are files in the outbox. The user's password is in --smtp-password-file or in the
    /// variable PASARELA_SMTP_PASSWORD.
    #[arg(long, value_name = "URL", env = "PASARELA_SMTP_URL", requires = "mail_from")]
    pub smtp_url: Option<String>,
    /// A file with the password of the mail server's user
    #[arg(long, value_name = "FILE", env = "PASARELA_SMTP_PASSWORD_FILE", requires = "smtp_url")]
    pub smtp_password_file: Option<PathBuf>,
    /// Who sends the messages: an e-mail that the mail server lets that user send as
    #[arg(long, value_name = "EMAIL", env = "PASARELA_MAIL_FROM", requires = "smtp_url")]
    pub mail_from: Option<String>,
}

impl MailArguments {
    /// The settings, if a mail server is named.
    pub fn settings(&self) -> Result<Option<MailSettings>, Failure> {
        let (Some(address), Some(from)) = (&self.smtp_url, &self.mail_from) else { return Ok(None) };
        let server = MailServer::new(address, self.password()?).map_err(|fault| {
            Failure::new(
                fault.to_string(),
                "Put the user's password into a file (--smtp-password-file FILE) or into the variable PASARELA_SMTP_PASSWORD.",
            )
        })?;
        let from = from.parse().map_err(|error| {
            Failure::new(
                format!("--mail-from is no e-mail: {error}"),
                "Give one such as payments@example.com.",
            )
        })?;
        Ok(Some(MailSettings { server, from }))
    }

    fn password(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        let variable =
            std::env::var(PASSWORD_VARIABLE).ok().filter(|text| !text.is_empty()).map(Zeroizing::new);
        let Some(file) = &self.smtp_password_file else { return Ok(variable) };
        if variable.is_some() {
            return Err(Failure::new(
                format!("the mail server's password is in {} and in {PASSWORD_VARIABLE}", file.display()),
                "Take one of them away.",
            ));
        }
        let text = std::fs::read_to_string(file).map(Zeroizing::new).map_err(|error| {
            Failure::new(
                format!("{} can't be read: {error}", file.display()),
                "Name the file with the mail server's password with --smtp-password-file FILE.",
            )
        })?;
        Ok(Some(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())))
    }
}
