//! Rows as lists of values, in the order of the table of models, and how related ones are found.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use super::{
    QueryError, Row, Tx,
    cache::{Link, Table, Tables},
    columns::{self, Numbers, Texts},
};
use crate::{
    authority::Scan,
    domain::{
        ContentType, Group, Key, Model, Permission, Token, TokenState, User, Value,
        filter::{Step, View},
    },
    store::{Revision, Run, layout::Relation, record::UserView},
};

/// The places of a token's fields in the table of models.
pub(super) mod token_field {
    pub(crate) const KEY: usize = 0;
    pub(crate) const USER: usize = 1;
    pub(crate) const CREATED: usize = 2;
    pub(crate) const NAME: usize = 4;
    pub(crate) const EXPIRES: usize = 5;
    pub(crate) const STATE: usize = 8;
    pub(crate) const LAST_USED: usize = 9;
    pub(crate) const USES: usize = 10;
}

/// Whether the value of a field is looked up when it is asked for, and does not lie in the row.
pub(super) fn is_looked_up(model: Model, field: usize) -> bool {
    let looked_up = [token_field::KEY, token_field::STATE, token_field::LAST_USED, token_field::USES];
    model.concrete() == Model::Token && looked_up.contains(&field)
}

/// Rows as they are needed, each read once.
pub(super) struct Rows<'t, 'a> {
    pub(super) tx: &'t mut Tx<'a>,
    tables: Tables,
    /// The revision of which everything in `tables` is; none before something is read as a whole, and none where this
    /// transaction has written: what it sees is nobody else's then.
    at: Option<Revision>,
    /// Whether something was read that the cache does not know.
    news: bool,
    /// What values are read for at this moment.
    pub(super) purpose: Purpose,
}

/// What values are read for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    /// To find, order or group rows.
    Compare,
    /// To be part of the answer: of a key the audit trail learns.
    Show,
}

impl<'t, 'a> Rows<'t, 'a> {
    pub(super) fn new(tx: &'t mut Tx<'a>) -> Self {
        Self { tx, tables: Tables::default(), at: None, news: false, purpose: Purpose::Compare }
    }

    /// Takes over what is known of the store as it is, before something is read as a whole.
    fn recall(&mut self) -> Result<(), QueryError> {
        if self.at.is_none() && self.tx.overlay.is_empty() {
            let at = self.tx.revision()?;
            self.tables = self.tx.core.rows.at(at);
            self.at = Some(at);
        }
        Ok(())
    }

    /// How many rows a model has.
    pub(super) fn count(&mut self, model: Model, prefix: &[u8]) -> Result<usize, QueryError> {
        self.recall()?;
        if let Some(rows) = self.tables.rows.get(&(model, View::Django)) {
            return Ok(rows.len());
        }
        if let Some(count) = self.tables.counts.get(&model) {
            return Ok(*count);
        }
        let count = self.tx.ids_under(prefix)?.len();
        self.tables.counts.insert(model, count);
        self.news = true;
        Ok(count)
    }

    /// All rows of a model, in the order of a field.
    pub(super) fn sorted(&mut self, model: Model, view: View, field: usize) -> Result<Table, QueryError> {
        let rows = self.table(model, view)?;
        let key = (model.concrete(), view, field);
        if let Some(sorted) = self.tables.sorted.get(&key) {
            return Ok(Arc::clone(sorted));
        }
        let plain = !is_looked_up(model, field);
        let texts = plain.then(|| rows.iter().map(|row| row.text(field)).collect::<Option<Vec<_>>>()).flatten();
        let sorted: Table = if let Some(texts) = texts {
            Arc::new(columns::in_order(&texts).into_iter().map(|place| Arc::clone(&rows[place])).collect())
        } else {
            let mut keyed = Vec::with_capacity(rows.len());
            for row in rows.iter() {
                keyed.push((self.value(row, field)?.into_owned(), Arc::clone(row)));
            }
            keyed.sort_by(|(a, _), (b, _)| a.order(b));
            Arc::new(keyed.into_iter().map(|(_, row)| row).collect())
        };
        self.tables.sorted.insert(key, Arc::clone(&sorted));
        self.news = true;
        Ok(sorted)
    }

    /// The texts of a field of a table that is kept as a whole.
    pub(super) fn texts(&mut self, table: &Table, field: usize) -> Option<Arc<Texts>> {
        let key = (self.address(table)?, field);
        self.news |= !self.tables.texts.contains_key(&key);
        let rows = || table.iter().map(|row| &**row);
        self.tables.texts.entry(key).or_insert_with(|| Texts::of(rows(), field).map(Arc::new)).clone()
    }

    /// The numbers of a field of a table that is kept as a whole.
    pub(super) fn numbers(&mut self, table: &Table, field: usize) -> Option<Arc<Numbers>> {
        let key = (self.address(table)?, field);
        self.news |= !self.tables.numbers.contains_key(&key);
        let rows = || table.iter().map(|row| &**row);
        self.tables.numbers.entry(key).or_insert_with(|| Numbers::of(rows(), field).map(Arc::new)).clone()
    }

    /// Where a table lies that is kept as a whole: it stays there as long as its columns.
    fn address(&self, table: &Table) -> Option<usize> {
        let mut kept = self.tables.rows.values().chain(self.tables.sorted.values());
        kept.any(|kept| Arc::ptr_eq(kept, table)).then(|| Arc::as_ptr(table).addr())
    }

    /// How many rows a step to many rows leads to.
    pub(super) fn count_of(&mut self, from: &Row, step: &Step, view: View) -> Result<i64, QueryError> {
        let count = match step {
            Step::Links { through, near, .. } => {
                self.tables.sides.get(&(*through, *near)).map(|side| side.get(&from.id).map_or(0, Vec::len))
            }
            Step::Back { .. } => self.tables.backs.get(&view).map(|backs| backs.get(&from.id).map_or(0, Vec::len)),
            Step::Forward { .. } => None,
        };
        let count = match count {
            Some(count) => count,
            None => self.follow(from, step, view)?.len(),
        };
        Ok(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// All rows of a model, in the order of their ids.
    pub(super) fn table(&mut self, model: Model, view: View) -> Result<Table, QueryError> {
        self.recall()?;
        let key = (model.concrete(), view);
        if let Some(rows) = self.tables.rows.get(&key) {
            return Ok(Arc::clone(rows));
        }
        let tx = &mut *self.tx;
        let rows: Vec<Row> = match key.0 {
            Model::User => {
                let (mut run, mut changes) = (Run::default(), Vec::new());
                tx.versions(&crate::store::layout::Table::User.prefix(), |key, bytes, changed| {
                    UserView::decode(bytes)?;
                    run.push(key, Some(bytes));
                    changes.push(changed);
                    Ok(Scan::On)
                })?;
                let run = Arc::new(run);
                changes.into_iter().enumerate().filter_map(|(at, changed)| Row::user(&run, at, changed)).collect()
            }
            Model::Group => tx.all::<Group>()?.into_iter().map(Row::from).collect(),
            Model::Permission => tx.all::<Permission>()?.into_iter().map(Row::from).collect(),
            Model::ContentType => tx.all::<ContentType>()?.into_iter().map(Row::from).collect(),
            Model::Token | Model::TokenProxy => {
                tx.all::<Token>()?.into_iter().filter(|t| is_seen(t, view)).map(Row::token).collect()
            }
            Model::Session | Model::LogEntry => Vec::new(),
            Model::UserGroups | Model::UserPermissions | Model::GroupPermissions => {
                let mut links: Vec<_> = self.links(key.0)?.iter().map(|link| Row::link(*link)).collect();
                links.sort_unstable_by_key(|row| row.id);
                links
            }
        };
        let rows = Arc::new(rows.into_iter().map(Arc::new).collect::<Vec<_>>());
        self.tables.rows.insert(key, Arc::clone(&rows));
        self.news = true;
        Ok(rows)
    }

    /// The row with this id.
    pub(super) fn row(&mut self, model: Model, view: View, id: i64) -> Result<Option<Arc<Row>>, QueryError> {
        let key = (model.concrete(), view);
        if let Some(rows) = self.tables.rows.get(&key) {
            let rows = Arc::clone(rows);
            let places = self
                .tables
                .places
                .entry(key)
                .or_insert_with(|| Arc::new(rows.iter().enumerate().map(|(place, row)| (row.id, place)).collect()));
            return Ok(places.get(&id).map(|place| Arc::clone(&rows[*place])));
        }
        let tx = &mut *self.tx;
        let row = match key.0 {
            Model::User => tx.find::<User>(id)?.map(Row::from),
            Model::Group => tx.find::<Group>(id)?.map(Row::from),
            Model::Permission => tx.find::<Permission>(id)?.map(Row::from),
            Model::ContentType => tx.find::<ContentType>(id)?.map(Row::from),
            Model::Token | Model::TokenProxy => {
                tx.find::<Token>(id)?.filter(|token| is_seen(token, view)).map(Row::token)
            }
            Model::Session | Model::LogEntry => None,
            Model::UserGroups | Model::UserPermissions | Model::GroupPermissions => {
                self.links(key.0)?.iter().find(|(link, ..)| *link == id).map(|link| Row::link(*link))
            }
        };
        Ok(row.map(Arc::new))
    }

    /// The row whose unique text field holds this.
    pub(super) fn named(&mut self, model: Model, field: usize, text: &str) -> Result<Option<Arc<Row>>, QueryError> {
        let tx = &mut *self.tx;
        let row = match (model.concrete(), model.describe().fields[field].name) {
            (Model::User, "username") => tx.user_named(text)?.map(Row::from),
            (Model::Group, "name") => tx.group_named(text)?.map(Row::from),
            (Model::Token, "key") => {
                let found = tx.token_by_key(&Key::from_text(text.to_owned()))?;
                // By its current key any live token is found, named ones too.
                let current = |key| key == crate::domain::KeyState::Current;
                found.filter(|(token, key)| token.is_live() && current(*key)).map(|(token, _)| Row::token(token))
            }
            _ => None,
        };
        Ok(row.map(Arc::new))
    }

    /// The tokens of a user.
    pub(super) fn tokens_of(&mut self, user: i64, view: View) -> Result<Vec<Arc<Row>>, QueryError> {
        let tokens = match view {
            View::Django => self.tx.token_named(user, None)?.into_iter().collect(),
            View::Every => self.tx.tokens_of(user)?,
        };
        Ok(tokens.into_iter().map(|token| Arc::new(Row::token(token))).collect())
    }

    /// All links of a relation.
    pub(super) fn links(&mut self, through: Model) -> Result<Arc<Vec<Link>>, QueryError> {
        self.recall()?;
        if let Some(links) = self.tables.links.get(&through) {
            return Ok(Arc::clone(links));
        }
        let links = Arc::new(match relation(through) {
            Some(relation) => self.tx.all_links(relation)?,
            None => Vec::new(),
        });
        self.tables.links.insert(through, Arc::clone(&links));
        self.news = true;
        Ok(links)
    }

    /// The links of one row: (link id, id at the other end), in the order of the links.
    pub(super) fn links_of(&mut self, through: Model, near: usize, id: i64) -> Result<Vec<(i64, i64)>, QueryError> {
        let Some(relation) = relation(through) else { return Ok(Vec::new()) };
        let links = if near == 1 { self.tx.links(relation, id)? } else { self.tx.back_links(relation, id)? };
        Ok(links.links)
    }

    /// Reads what is needed to follow `step` from many rows, so that it is not looked up for each.
    pub(super) fn prepare(&mut self, step: &Step, view: View) -> Result<(), QueryError> {
        match step {
            Step::Forward { to, .. } => {
                self.table(*to, view)?;
            }
            Step::Back { to, field } => {
                if to.concrete() == Model::Token && !self.tables.backs.contains_key(&view) {
                    let mut backs: HashMap<i64, Vec<Arc<Row>>> = HashMap::new();
                    for row in self.table(*to, view)?.iter() {
                        if let Some(id) = row.values[*field].int() {
                            backs.entry(id).or_default().push(Arc::clone(row));
                        }
                    }
                    self.tables.backs.insert(view, Arc::new(backs));
                    self.news = true;
                }
            }
            Step::Links { through, near, to, .. } => {
                self.table(*to, view)?;
                if !self.tables.sides.contains_key(&(*through, *near)) {
                    let mut side: HashMap<i64, Vec<i64>> = HashMap::new();
                    for (_, left, right) in self.links(*through)?.iter() {
                        let (from, to) = if *near == 1 { (*left, *right) } else { (*right, *left) };
                        side.entry(from).or_default().push(to);
                    }
                    self.tables.sides.insert((*through, *near), Arc::new(side));
                    self.news = true;
                }
            }
        }
        Ok(())
    }

    /// The rows that a step leads to.
    pub(super) fn follow(&mut self, from: &Row, step: &Step, view: View) -> Result<Vec<Arc<Row>>, QueryError> {
        match step {
            Step::Forward { field, to, .. } => {
                let Some(id) = from.values[*field].int() else { return Ok(Vec::new()) };
                Ok(self.row(*to, view, id)?.into_iter().collect())
            }
            Step::Back { to, field } => match to.concrete() {
                Model::Token => match self.tables.backs.get(&view) {
                    Some(backs) => Ok(backs.get(&from.id).cloned().unwrap_or_default()),
                    None => self.tokens_of(from.id, view),
                },
                other => {
                    let rows = self.table(other, view)?;
                    Ok(rows.iter().filter(|row| row.values[*field].int() == Some(from.id)).cloned().collect())
                }
            },
            Step::Links { through, near, to, .. } => {
                let ids = match self.tables.sides.get(&(*through, *near)) {
                    Some(side) => side.get(&from.id).cloned().unwrap_or_default(),
                    None => {
                        let mut ids: Vec<_> =
                            self.links_of(*through, *near, from.id)?.into_iter().map(|(_, id)| id).collect();
                        // SQLite walks the index of both ends.
                        ids.sort_unstable();
                        ids
                    }
                };
                ids.into_iter().filter_map(|id| self.row(*to, view, id).transpose()).collect()
            }
        }
    }

    /// The value of a field.
    pub(super) fn value<'r>(&mut self, row: &'r Row, field: usize) -> Result<Cow<'r, Value>, QueryError> {
        let Some(token) = &row.token else { return Ok(row.value(field)) };
        Ok(match field {
            token_field::KEY => {
                let key = match self.purpose {
                    Purpose::Compare => self.tx.key_of(token)?,
                    Purpose::Show => self.tx.show_key(token)?,
                };
                Cow::Owned(key.map_or(Value::Null, |key| Value::Text(key.expose().to_owned())))
            }
            token_field::STATE => Cow::Owned(Value::from(match token.state(self.tx.now()) {
                TokenState::Active => "active",
                TokenState::Expired { .. } => "expired",
                TokenState::Revoked { .. } => "revoked",
            })),
            token_field::LAST_USED => Cow::Owned(self.tx.usage_of(token)?.last_used.into()),
            token_field::USES => {
                Cow::Owned(Value::Int(i64::try_from(self.tx.usage_of(token)?.uses).unwrap_or(i64::MAX)))
            }
            _ => Cow::Borrowed(&row.values[field]),
        })
    }
}

impl Drop for Rows<'_, '_> {
    fn drop(&mut self) {
        let Some(at) = self.at.filter(|_| self.news && self.tx.overlay.is_empty()) else { return };
        // What was read while others wrote may be of two moments.
        if self.tx.revision().is_ok_and(|now| now == at) {
            self.tx.core.rows.keep(at, std::mem::take(&mut self.tables));
        }
    }
}

/// The relation that a model of links stands for.
pub(super) const fn relation(through: Model) -> Option<Relation> {
    match through {
        Model::UserGroups => Some(Relation::UserGroups),
        Model::UserPermissions => Some(Relation::UserPermissions),
        Model::GroupPermissions => Some(Relation::GroupPermissions),
        Model::User
        | Model::Group
        | Model::Permission
        | Model::ContentType
        | Model::Token
        | Model::TokenProxy
        | Model::Session
        | Model::LogEntry => None,
    }
}

pub(super) fn is_seen(token: &Token, view: View) -> bool {
    match view {
        View::Django => token.name.is_none() && token.is_live(),
        View::Every => true,
    }
}
