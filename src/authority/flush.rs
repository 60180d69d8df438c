//! Emptying the store: Django's `flush`.

use super::{bootstrap, error::ChangeError, tx::Tx};
use crate::{
    domain::{ContentType, Group, Permission, User},
    store::layout::Table,
};

impl Tx<'_> {
    /// Deletes every row, then makes those that a new store has. Ids begin at 1 again; the audit trail goes on.
    pub fn flush(&mut self) -> Result<(), ChangeError> {
        for user in self.all::<User>()? {
            self.delete_user(&user)?;
        }
        for group in self.all::<Group>()? {
            self.delete_group(&group)?;
        }
        for permission in self.all::<Permission>()? {
            self.delete_permission(&permission)?;
        }
        for content_type in self.all::<ContentType>()? {
            self.delete_content_type(&content_type)?;
        }
        for table in [Table::User, Table::Group, Table::Permission, Table::ContentType] {
            self.reset_counter(table);
        }
        bootstrap::rows(self)
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        authority::{ChangeError, tests::bench},
        domain::{Permission, Token, User},
    };

    #[test]
    fn a_flushed_store_is_as_a_new_one() {
        let bench = bench();
        let mut session = bench.session();
        let fresh = session.transact(|tx| tx.all::<Permission>()).unwrap();
        let _ = bench.token_of("alice");
        session.transact(|tx| tx.flush()).unwrap();
        let left = session.transact(|tx| Ok::<_, ChangeError>((tx.all::<User>()?.len(), tx.all::<Token>()?.len())));
        assert_eq!(left.unwrap(), (0, 0));
        assert_eq!(session.transact(|tx| tx.all::<Permission>()).unwrap(), fresh);
        assert_eq!(session.transact(|tx| tx.insert(bench.user("bob"))).unwrap().id, 1);
    }
}
