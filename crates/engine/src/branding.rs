//! How an application's pages look to its buyers: a name, a color, a logo. Test and live apart, like all settings.

use crate::audit::Actor;
use crate::payments::{MAX_ROUNDS, from_json, hash, hex, to_json};
use crate::{Engine, Failure};
use pasarela_domain::identity::{AccountId, ApplicationId, Caller, Mode};
use pasarela_domain::refusal::Refusal;
use pasarela_store::{NotificationChange, NotificationSetting, RecordChange, SettingKind};
use serde::{Deserialize, Serialize};

/// The longest name, in characters: it stands in one line of a phone's screen, or in two.
const LONGEST_NAME: usize = 60;
/// The largest logo: it is loaded by every buyer, and kept in the database.
pub const LARGEST_LOGO: usize = 48 * 1024;
/// The most pixels of a logo's side: a small file can unpack to a picture that fills a phone's memory.
pub const LONGEST_SIDE: u32 = 1_024;
/// Every PNG begins like this; the picture's width and height follow in its first part, which is called `IHDR`.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What buyers see of an application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branding {
    /// Its name, in the place of the account's.
    pub name: Option<String>,
    /// Six hexadecimal digits, in lower case.
    pub color: Option<String>,
    /// Names the logo's bytes: changes with them.
    pub logo: Option<String>,
}

/// A change: what is not named stays, `Some(None)` takes it away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrandingChange {
    /// The name.
    pub name: Option<Option<String>>,
    /// `#rrggbb`
    pub color: Option<Option<String>>,
    /// A PNG.
    pub logo: Option<Option<Vec<u8>>>,
}

impl Engine {
    /// What the buyers of the caller's application see, in its mode.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn branding(&self, caller: &Caller) -> Result<Branding, Failure> {
        self.branding_of(caller.application_id, caller.mode).await
    }

    /// What the buyers of an application see, in a mode.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn branding_of(&self, id: ApplicationId, mode: Mode) -> Result<Branding, Failure> {
        read(self.kept_look(id, mode, SettingKind::Branding).await?.as_ref())
    }

    /// Changes it in the caller's mode.
    ///
    /// # Errors
    /// 400 for a name that is too long, a color that is none, or a logo that is no small PNG.
    pub async fn change_branding(
        &self,
        caller: &Caller,
        change: &BrandingChange,
    ) -> Result<Branding, Failure> {
        let change = Checked::of(change)?;
        for _ in 0..MAX_ROUNDS {
            let (branding, records) =
                self.branding_records(caller.application_id, caller.mode, &change).await?;
            if self.try_commit(records).await? {
                return Ok(branding);
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Changes it in both modes at once, as people do, who see one shop. It is in the log.
    ///
    /// # Errors
    /// As [`Engine::change_branding`], and 404 for an application that is not the account's.
    pub async fn change_looks(
        &self,
        account_id: AccountId,
        id: ApplicationId,
        change: &BrandingChange,
        actor: &Actor,
    ) -> Result<(), Failure> {
        self.application(account_id, id).await?;
        let change = Checked::of(change)?;
        for _ in 0..MAX_ROUNDS {
            let (_, mut records) = self.branding_records(id, Mode::Test, &change).await?;
            records.extend(self.branding_records(id, Mode::Live, &change).await?.1);
            let (name, what) = (id.to_string(), change.what());
            records.push(self.audited(account_id, actor, "branding.changed", &name, &what)?);
            if self.try_commit(records).await? {
                return Ok(());
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// How it looks after `change` in a mode, and what is to be committed for it.
    async fn branding_records(
        &self,
        id: ApplicationId,
        mode: Mode,
        change: &Checked,
    ) -> Result<(Branding, Vec<RecordChange>), Failure> {
        let set = |kind, stored: Option<&NotificationSetting>, body| {
            RecordChange::Notification(NotificationChange::Set(NotificationSetting {
                application_id: id,
                mode,
                kind,
                name: String::new(),
                version: stored.map_or(0, |stored| stored.version),
                changed: self.inner.clock.wall(),
                body,
            }))
        };
        let stored = self.kept_look(id, mode, SettingKind::Branding).await?;
        let before = read(stored.as_ref())?;
        let logo = change.logo.clone();
        let branding = Branding {
            name: change.name.clone().unwrap_or(before.name),
            color: change.color.clone().unwrap_or(before.color),
            logo: logo.as_ref().map_or(before.logo, |bytes| bytes.as_deref().map(name_of)),
        };
        let mut records = vec![set(SettingKind::Branding, stored.as_ref(), to_json(&branding)?)];
        if let Some(bytes) = logo {
            let stored = self.kept_look(id, mode, SettingKind::Logo).await?;
            // Settings are not deleted: no logo is an empty one.
            records.push(set(SettingKind::Logo, stored.as_ref(), bytes.unwrap_or_default()));
        }
        Ok((branding, records))
    }

    /// The logo of an application that has this name; `None` where there is none.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn logo(
        &self,
        application_id: ApplicationId,
        mode: Mode,
        name: &str,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let logo = self.kept_look(application_id, mode, SettingKind::Logo).await?;
        Ok(logo.map(|logo| logo.body).filter(|bytes| !bytes.is_empty() && name_of(bytes) == name))
    }

    async fn kept_look(
        &self,
        application_id: ApplicationId,
        mode: Mode,
        kind: SettingKind,
    ) -> Result<Option<NotificationSetting>, Failure> {
        Ok(self.inner.store.application_records(application_id, mode, kind).await?.pop())
    }
}

/// A change that may be made.
struct Checked {
    name: Option<Option<String>>,
    color: Option<Option<String>>,
    logo: Option<Option<Vec<u8>>>,
}

impl Checked {
    fn of(change: &BrandingChange) -> Result<Checked, Refusal> {
        if let Some(Some(bytes)) = &change.logo {
            check_logo(bytes)?;
        }
        Ok(Checked {
            name: change
                .name
                .as_ref()
                .map(|name| name.as_deref().map(checked_name).transpose())
                .transpose()?,
            color: change
                .color
                .as_ref()
                .map(|color| color.as_deref().map(checked_color).transpose())
                .transpose()?,
            logo: change.logo.clone(),
        })
    }

    /// What it changes, for the log.
    fn what(&self) -> String {
        let named =
            [("name", self.name.is_some()), ("color", self.color.is_some()), ("logo", self.logo.is_some())];
        let named: Vec<&str> = named.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect();
        named.join(", ")
    }
}

fn read(stored: Option<&NotificationSetting>) -> Result<Branding, Failure> {
    Ok(stored.map(|stored| from_json(&stored.body, "a branding")).transpose()?.unwrap_or_default())
}

fn checked_name(name: &str) -> Result<String, Refusal> {
    let name = name.trim();
    let is_fine =
        !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control);
    if is_fine {
        Ok(name.to_owned())
    } else {
        Err(refused(format!("name must have 1 to {LONGEST_NAME} characters")))
    }
}

fn checked_color(color: &str) -> Result<String, Refusal> {
    let digits = color.strip_prefix('#').unwrap_or_default();
    let is_color = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_color {
        Ok(digits.to_ascii_lowercase())
    } else {
        Err(refused("color must be like #0b5c57".to_owned()))
    }
}

/// Whether a picture may be shown.
fn check_logo(bytes: &[u8]) -> Result<(), Refusal> {
    let side = |at: usize| {
        bytes.get(at..at + 4).map(|side| u32::from_be_bytes([side[0], side[1], side[2], side[3]]))
    };
    let is_png = bytes.starts_with(PNG) && bytes.get(12..16) == Some(b"IHDR".as_slice());
    let is_small = |side: Option<u32>| side.is_some_and(|side| (1..=LONGEST_SIDE).contains(&side));
    if !is_png || bytes.len() > LARGEST_LOGO || !is_small(side(16)) || !is_small(side(20)) {
        return Err(refused(format!(
            "logo must be a PNG of at most {LARGEST_LOGO} bytes and {LONGEST_SIDE} by {LONGEST_SIDE} pixels, in base64"
        )));
    }
    Ok(())
}

fn name_of(logo: &[u8]) -> String {
    hex(&hash(&[logo])[..8])
}

fn refused(message: String) -> Refusal {
    Refusal::plain(400, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        [PNG, &[0, 0, 0, 13], b"IHDR", &width.to_be_bytes(), &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat()
    }

    #[test]
    fn only_a_small_png_is_a_logo() {
        assert!(check_logo(&png(64, 64)).is_ok());
        assert_ne!(name_of(&png(64, 64)), name_of(&png(64, 65)));
        for bad in [png(0, 4), png(4, 1_025), png(u32::MAX, 4), Vec::new(), b"<svg/>".to_vec(), PNG.to_vec()]
        {
            assert!(check_logo(&bad).is_err(), "{bad:?}");
        }
        let large = [png(64, 64), vec![0; LARGEST_LOGO]].concat();
        assert!(check_logo(&large).is_err());
    }

    #[test]
    fn a_color_and_a_name_are_what_they_say() {
        assert_eq!(checked_color("#0B5C57").unwrap(), "0b5c57");
        for bad in ["", "0b5c57", "#0b5c5", "#0b5c577", "#gggggg", "red", "#é0b5c"] {
            assert!(checked_color(bad).is_err(), "{bad}");
        }
        assert_eq!(checked_name("  Mates & Co. ").unwrap(), "Mates & Co.");
        for bad in ["", "   ", "a\nb", &"a".repeat(61)] {
            assert!(checked_name(bad).is_err(), "{bad:?}");
        }
    }
}
