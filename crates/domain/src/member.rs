//! People who act for an account: what each role lets them do.

use serde::{Deserialize, Serialize};

/// The role of a person in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything. The account's own login has it.
    Owner,
    /// Applications and their credentials.
    Developer,
    /// Money: Pix keys, policies, reports.
    Finance,
    /// To look, at everything but secrets.
    ReadOnly,
}

/// All roles.
pub const ROLES: [Role; 4] = [Role::Owner, Role::Developer, Role::Finance, Role::ReadOnly];

/// What a role may let somebody do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// To see secrets; to make, change and delete applications; to renew credentials; to go live.
    Applications,
    /// To change Pix keys and the seller's policies.
    Money,
    /// To let people in and out, and to read the log of acts.
    People,
}

impl Role {
    /// Its name in forms and in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Developer => "developer",
            Role::Finance => "finance",
            Role::ReadOnly => "read_only",
        }
    }

    /// The role with this name.
    pub fn from_name(name: &str) -> Option<Role> {
        ROLES.into_iter().find(|role| role.name() == name)
    }

    /// Whether it lets somebody do that.
    pub const fn may(self, permission: Permission) -> bool {
        match permission {
            Permission::Applications => matches!(self, Role::Owner | Role::Developer),
            Permission::Money => matches!(self, Role::Owner | Role::Finance),
            Permission::People => matches!(self, Role::Owner),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_and_only_an_owner_lets_people_in() {
        for role in ROLES {
            assert_eq!(Role::from_name(role.name()), Some(role));
            assert_eq!(role.may(Permission::People), role == Role::Owner);
        }
        assert_eq!(Role::from_name("admin"), None);
        assert!(!Role::Developer.may(Permission::Money) && !Role::Finance.may(Permission::Applications));
        assert!(!Role::ReadOnly.may(Permission::Applications) && !Role::ReadOnly.may(Permission::Money));
    }
}
