//! `groups`: list the groups.

use clap::Args;

use super::{Cell, Context, Failure, Note, Reply, Table, argparse::nearest, reply::FormatArgs, what};
use crate::{
    authority::{ChangeError, Relation, Tx},
    domain::Group,
};

/// List the groups
#[derive(Args, Debug)]
pub struct Groups {
    /// Only groups of this user
    #[arg(long)]
    user: Option<String>,
    /// Only groups whose name contains this
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    format: FormatArgs,
}

impl Groups {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        let session = context.session()?;
        let (table, near) = session.borrow_mut().transact(|tx| {
            let of = match &self.user {
                Some(name) => Some(what::user(name, tx)?),
                None => None,
            };
            let own = of.map(|user| tx.links(Relation::UserGroups, user.id)).transpose()?.map(|links| links.ids());
            let table = self.table(own.as_deref(), tx)?;
            let near = match &self.name {
                Some(name) if table.rows.is_empty() => nearest(name, tx.all::<Group>()?.into_iter().map(|g| g.name)),
                Some(_) | None => None,
            };
            Ok::<_, Failure>((table, near))
        })?;
        let reply = Reply::list(table, self.format.format(), "groups");
        Ok(match near {
            Some(near) => reply.and(Note::Hint(format!("did you mean \"{}\"?", what::shown(&near)))),
            None => reply,
        })
    }

    fn table(&self, own: Option<&[i64]>, tx: &mut Tx<'_>) -> Result<Table, ChangeError> {
        let mut groups = tx.all::<Group>()?;
        groups.retain(|group| {
            self.name.as_ref().is_none_or(|part| group.name.contains(part))
                && own.is_none_or(|ids| ids.contains(&group.id))
        });
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        let mut rows = Vec::new();
        for group in groups {
            let users = tx.back_links(Relation::UserGroups, group.id)?.links.len();
            let permissions = tx.links(Relation::GroupPermissions, group.id)?.links.len();
            rows.push(vec![
                Cell::Number(group.id),
                Cell::Handle(group.name),
                Cell::Number(i64::try_from(users).unwrap_or(i64::MAX)),
                Cell::Number(i64::try_from(permissions).unwrap_or(i64::MAX)),
            ]);
        }
        Ok(Table::new(&["id", "name", "users", "permissions"], rows, tx.now()))
    }
}
