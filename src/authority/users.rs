//! Users, groups, permissions and content types: finding them by name, and deleting them with all that refers to them.

use super::{error::ChangeError, tx::Tx};
use crate::{
    domain::{ContentType, Group, Permission, Token, User},
    store::layout::{self, Relation, Table},
};

/// What was deleted together with a row.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Cascade {
    /// The tokens of a user, revoked ones too.
    pub tokens: Vec<Token>,
    /// How many permissions (of a content type).
    pub permissions: usize,
    /// How many links of users and groups.
    pub user_groups: usize,
    /// How many links of users and permissions.
    pub user_permissions: usize,
    /// How many links of groups and permissions.
    pub group_permissions: usize,
}

impl Tx<'_> {
    /// The user with exactly this name.
    pub fn user_named(&mut self, username: &str) -> Result<Option<User>, ChangeError> {
        self.find_at(&layout::username(username))
    }

    /// The group with exactly this name.
    pub fn group_named(&mut self, name: &str) -> Result<Option<Group>, ChangeError> {
        self.find_at(&layout::group_name(name))
    }

    /// The content type of a model: `("auth", "user")`.
    pub fn content_type_of(&mut self, app_label: &str, model: &str) -> Result<Option<ContentType>, ChangeError> {
        self.find_at(&layout::content_type(app_label, model))
    }

    /// The permission with this codename on this content type.
    pub fn permission_of(&mut self, content_type: i64, codename: &str) -> Result<Option<Permission>, ChangeError> {
        self.find_at(&layout::codename(content_type, codename))
    }

    /// Deletes a user, their tokens and their links.
    pub fn delete_user(&mut self, user: &User) -> Result<Cascade, ChangeError> {
        self.expect_referrers(user)?;
        let tokens = self.tokens_of(user.id)?;
        for token in &tokens {
            self.delete_token(token)?;
        }
        let user_groups = self.unlink_left(Relation::UserGroups, user.id)?;
        let user_permissions = self.unlink_left(Relation::UserPermissions, user.id)?;
        self.remove(user)?;
        Ok(Cascade { tokens, user_groups, user_permissions, ..Cascade::default() })
    }

    /// Deletes a group and its links.
    pub fn delete_group(&mut self, group: &Group) -> Result<Cascade, ChangeError> {
        self.expect_referrers(group)?;
        let user_groups = self.unlink_right(Relation::UserGroups, group.id)?;
        let group_permissions = self.unlink_left(Relation::GroupPermissions, group.id)?;
        self.remove(group)?;
        Ok(Cascade { user_groups, group_permissions, ..Cascade::default() })
    }

    /// Deletes a permission and its links.
    pub fn delete_permission(&mut self, permission: &Permission) -> Result<Cascade, ChangeError> {
        self.expect_referrers(permission)?;
        let user_permissions = self.unlink_right(Relation::UserPermissions, permission.id)?;
        let group_permissions = self.unlink_right(Relation::GroupPermissions, permission.id)?;
        self.remove(permission)?;
        Ok(Cascade { user_permissions, group_permissions, ..Cascade::default() })
    }

    /// Deletes a content type and its permissions.
    pub fn delete_content_type(&mut self, content_type: &ContentType) -> Result<Cascade, ChangeError> {
        self.expect_referrers(content_type)?;
        let mut sum = Cascade::default();
        for permission in self.permissions_on(content_type.id)? {
            let one = self.delete_permission(&permission)?;
            sum.permissions += 1;
            sum.user_permissions += one.user_permissions;
            sum.group_permissions += one.group_permissions;
        }
        self.remove(content_type)?;
        Ok(sum)
    }

    /// The permissions on a content type, by codename.
    pub fn permissions_on(&mut self, content_type: i64) -> Result<Vec<Permission>, ChangeError> {
        let mut ids = Vec::new();
        self.range(&layout::codename(content_type, ""), |_, value| {
            ids.extend(layout::read_number(value));
            Ok(super::Scan::On)
        })?;
        ids.into_iter().filter_map(|id| self.find(id).transpose()).collect()
    }

    /// Gives the next ids of a table from 1 on again: for `flush`, which empties it.
    pub fn reset_counter(&mut self, table: Table) {
        self.put(table.counter(), None);
    }
}
