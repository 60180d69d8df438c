//! The bridge: the native module `_hallpass`, by which the prelude reaches the authority. Narrow on purpose: queries,
//! rows, links, atomic blocks, passwords. Names, laziness and words are the prelude's.

mod commands;
mod compile;
mod errors;
mod expression;
mod instance;
mod kinds;
mod moments;
mod naming;
mod passwords;
mod patterns;
mod query;
mod related;
mod rows;
mod saving;
mod screen;
mod shelf;
mod state;
mod tables;
mod value;

use rustpython_vm::{
    Context, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyBaseExceptionRef, PyModuleDef},
};

pub use commands::{CallCommand, Called, Refusal, attach_commands};
pub use screen::{Draw, Page, Screen, Surface, attach_screen};
pub use state::{Open, Shared, attach, settle, with_session};

/// The native modules of the bridge, for the builder of the interpreter.
pub(crate) fn modules(ctx: &Context) -> Vec<&'static PyModuleDef> {
    vec![_hallpass::module_def(ctx)]
}

/// A module by its full name.
fn import(vm: &VirtualMachine, name: &'static str) -> PyResult {
    let modules = vm.sys_module.get_attr("modules", vm)?;
    if let Ok(module) = modules.get_item(name, vm) {
        return Ok(module);
    }
    vm.import(name, 0)?;
    modules.get_item(name, vm)
}

/// An exception of the prelude with one argument.
fn raise(vm: &VirtualMachine, module: &'static str, class: &'static str, message: String) -> PyBaseExceptionRef {
    let made = import(vm, module)
        .and_then(|module| module.get_attr(class, vm))
        .and_then(|class| class.call((vm.ctx.new_str(message),), vm));
    match made.map(PyObjectRef::downcast) {
        Ok(Ok(exception)) => exception,
        Ok(Err(_)) => vm.new_system_error("an exception of the prelude is none".to_owned()),
        Err(error) => error,
    }
}

#[allow(missing_docs, reason = "the items are seen from Python, not from Rust")]
#[allow(clippy::unwrap_used, reason = "the macro unwraps what it puts into a new module")]
#[rustpython_vm::pymodule]
mod _hallpass {
    use rustpython_vm::{
        PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
        builtins::{PyDictRef, PyStrRef, PyTypeRef},
        class::PyClassImpl,
        function::ArgSequence,
    };

    use super::{
        commands,
        instance::{Layout, PyColumn, PyInstance},
        moments, passwords,
        query::{self, PyQuery},
        rows::{self, PySealed},
        saving,
        screen::{self, Form, Surface},
        state, tables,
    };
    use crate::authority::{Passwords, query::OnConflict};

    fn numbers(list: Vec<i64>, vm: &VirtualMachine) -> Vec<PyObjectRef> {
        list.into_iter().map(|n| vm.ctx.new_int(n).into()).collect()
    }

    #[pyattr(name = "Query")]
    fn query_class(_vm: &VirtualMachine) -> PyTypeRef {
        PyQuery::make_static_type()
    }

    #[pyattr(name = "Sealed")]
    fn sealed_class(_vm: &VirtualMachine) -> PyTypeRef {
        PySealed::make_static_type()
    }

    #[pyattr(name = "AltersData")]
    fn instance_class(_vm: &VirtualMachine) -> PyTypeRef {
        PyInstance::make_static_type()
    }

    #[pyattr(name = "Column")]
    fn column_class(_vm: &VirtualMachine) -> PyTypeRef {
        PyColumn::make_static_type()
    }

    #[pyattr(name = "Layout")]
    fn layout_class(_vm: &VirtualMachine) -> PyTypeRef {
        Layout::make_static_type()
    }

    /// What the instances of a model hold.
    #[pyfunction]
    fn layout(label: PyStrRef, vm: &VirtualMachine) -> PyResult<PyRef<Layout>> {
        Ok(Layout::new(rows::model(&label.to_string_lossy(), vm)?, vm).into_ref(&vm.ctx))
    }

    /// This moment, aware, in UTC.
    #[pyfunction]
    fn now(vm: &VirtualMachine) -> PyResult {
        moments::now(vm)
    }

    /// The version of this program.
    #[pyfunction]
    fn version() -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// Says whether the passwords that are written from here on are the same ones, hashed anew.
    #[pyfunction]
    fn rehashed(same: bool, vm: &VirtualMachine) -> PyResult<()> {
        let passwords = if same { Passwords::Rehashed } else { Passwords::New };
        state::run(vm, |session| {
            session.set_passwords(passwords);
            Ok(())
        })
    }

    /// Runs a command: what it printed on standard output and standard error, and its refusal, if it was refused, as
    /// (kind, message, exit status).
    #[pyfunction]
    fn call_command(words: ArgSequence<PyStrRef>, vm: &VirtualMachine) -> PyResult {
        commands::call(&words, vm)
    }

    /// Rows under the names of their columns as text, for the terminal or for anything else; `one`: as a record.
    #[pyfunction]
    fn draw(
        columns: ArgSequence<PyStrRef>,
        rows: ArgSequence<PyObjectRef>,
        one: bool,
        terminal: bool,
        vm: &VirtualMachine,
    ) -> PyResult<String> {
        let form = if one { Form::Record } else { Form::Table };
        let surface = if terminal { Surface::Terminal } else { Surface::Plain };
        screen::draw(&columns, &rows, form, surface, vm)
    }

    /// Begins to count so many objects, for a bar.
    #[pyfunction]
    fn begin_progress(total: usize) {
        screen::begin_progress(total);
    }

    /// So many are done; None: it is over.
    #[pyfunction]
    fn progress(done: Option<usize>) {
        screen::progress(done);
    }

    /// Puts a text on the terminal, a screen at a time.
    #[pyfunction]
    fn page(text: PyStrRef, vm: &VirtualMachine) -> PyResult<()> {
        screen::page(&text.to_string_lossy(), vm)
    }

    /// All rows of a model, as a query; of tokens, those that DRF has, or every one.
    #[pyfunction]
    fn query(label: PyStrRef, every: bool, vm: &VirtualMachine) -> PyResult<PyRef<PyQuery>> {
        query::all(&label.to_string_lossy(), every, vm)
    }

    /// What the table says of a model.
    #[pyfunction]
    fn describe(label: PyStrRef, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        tables::describe(rows::model(&label.to_string_lossy(), vm)?, vm)
    }

    /// Makes a row; its primary key (of a token, the token with its key sealed).
    #[pyfunction]
    fn insert(label: PyStrRef, attributes: PyDictRef, vm: &VirtualMachine) -> PyResult {
        let model = rows::model(&label.to_string_lossy(), vm)?;
        let patch = rows::patch(model, &attributes, vm)?;
        let row = state::run(vm, |session| session.transact(|tx| tx.insert_row(model, patch.clone())))?;
        rows::key_of(&row, vm)
    }

    /// Makes many rows, all or none; their primary keys. With `ignore`, those that conflict are left out (none).
    #[pyfunction]
    fn insert_many(
        label: PyStrRef,
        list: ArgSequence<PyDictRef>,
        ignore: bool,
        vm: &VirtualMachine,
    ) -> PyResult<Vec<PyObjectRef>> {
        let conflict = if ignore { OnConflict::Ignore } else { OnConflict::Refuse };
        tables::insert_many(rows::model(&label.to_string_lossy(), vm)?, &list, conflict, vm)
    }

    /// Makes the rows of instances that are fresh from their class. Whether they all were; else nothing was done.
    #[pyfunction]
    fn insert_fresh(label: PyStrRef, instances: ArgSequence, ignore: bool, vm: &VirtualMachine) -> PyResult<bool> {
        let conflict = if ignore { OnConflict::Ignore } else { OnConflict::Refuse };
        saving::insert_fresh(rows::model(&label.to_string_lossy(), vm)?, &instances, conflict, vm)
    }

    /// Puts a value where an instance holds that of a field.
    #[pyfunction]
    fn hold(instance: PyObjectRef, name: PyStrRef, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        PyInstance::hold(&instance, name, value, vm)
    }

    /// Whether an instance has all of its fields, told without a look at any.
    #[pyfunction]
    fn is_whole(instance: PyObjectRef) -> bool {
        PyInstance::is_whole(&instance)
    }

    /// Says which methods save an instance as Django's do.
    #[pyfunction]
    fn as_usual(methods: ArgSequence) {
        saving::set_usual(methods.into_vec());
    }

    /// Makes the row of an instance that was made just now. Whether it was plain; else nothing was done.
    #[pyfunction]
    fn insert_new(instance: PyObjectRef, vm: &VirtualMachine) -> PyResult<bool> {
        saving::insert_new(&instance, vm)
    }

    /// Writes the row of an instance whose values are plain ones: makes it, or sets the fields that are named (none:
    /// all) where there is one. Whether it was there; `None`: nothing was done, the long way has to be gone.
    #[pyfunction]
    fn write_plain(
        instance: PyObjectRef,
        insert: bool,
        update: bool,
        only: Option<ArgSequence<PyStrRef>>,
        vm: &VirtualMachine,
    ) -> PyResult<Option<bool>> {
        let only = only.map(|names| names.iter().map(|name| name.to_string_lossy().into_owned()).collect::<Vec<_>>());
        saving::write_plain(&instance, saving::Way::of(insert, update), only.as_deref(), vm)
    }

    /// Sets fields of the first row of a query. Whether there was one.
    #[pyfunction]
    fn save(query: PyRef<PyQuery>, attributes: PyDictRef, vm: &VirtualMachine) -> PyResult<bool> {
        let model = query.query.model;
        let patch = rows::patch(model, &attributes, vm)?;
        state::run(vm, |session| session.transact(|tx| tx.update_row(model, &query.query, &patch)))
    }

    /// The ids at the other ends of the links of a row.
    #[pyfunction]
    fn links(through: PyStrRef, from_left: bool, id: i64, vm: &VirtualMachine) -> PyResult<Vec<PyObjectRef>> {
        Ok(numbers(tables::links(&through.to_string_lossy(), from_left, id, vm)?, vm))
    }

    /// Links a row to others; the ids that it was not linked to before.
    #[pyfunction]
    fn link(
        through: PyStrRef,
        from_left: bool,
        id: i64,
        others: ArgSequence<i64>,
        vm: &VirtualMachine,
    ) -> PyResult<Vec<PyObjectRef>> {
        Ok(numbers(tables::link(&through.to_string_lossy(), from_left, id, &others, vm)?, vm))
    }

    /// Unlinks a row from others; the ids that it was linked to before.
    #[pyfunction]
    fn unlink(
        through: PyStrRef,
        from_left: bool,
        id: i64,
        others: ArgSequence<i64>,
        vm: &VirtualMachine,
    ) -> PyResult<Vec<PyObjectRef>> {
        Ok(numbers(tables::unlink(&through.to_string_lossy(), from_left, id, &others, vm)?, vm))
    }

    /// Opens an `atomic()` block or savepoint.
    #[pyfunction]
    fn begin(vm: &VirtualMachine) -> PyResult<()> {
        state::run(vm, |session| {
            session.begin();
            Ok(())
        })
    }

    /// Closes the innermost block.
    #[pyfunction]
    fn commit(vm: &VirtualMachine) -> PyResult<()> {
        state::run(vm, |session| Ok(session.commit()?))
    }

    /// Takes back the innermost block.
    #[pyfunction]
    fn roll_back(vm: &VirtualMachine) -> PyResult<()> {
        state::run(vm, |session| {
            session.roll_back();
            Ok(())
        })
    }

    /// How many blocks are open.
    #[pyfunction]
    fn depth(vm: &VirtualMachine) -> PyResult<usize> {
        state::run(vm, |session| Ok(session.depth()))
    }

    /// Random bytes as text of a given alphabet.
    #[pyfunction]
    fn random_text(length: usize, alphabet: PyStrRef, vm: &VirtualMachine) -> PyResult<String> {
        passwords::random_text(length, &alphabet.to_string_lossy(), vm)
    }

    /// An encoded hash of a password, by the hasher of that name.
    #[pyfunction]
    fn encode_password(
        hasher: PyStrRef,
        password: PyStrRef,
        salt: Option<PyStrRef>,
        vm: &VirtualMachine,
    ) -> PyResult<String> {
        passwords::encode(&hasher.to_string_lossy(), &password, salt.as_deref().map(|salt| &**salt), vm)
    }

    /// Whether it is the password, and whether the hash is due for a new one.
    #[pyfunction]
    fn verify_password(password: PyStrRef, encoded: PyStrRef, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        let (accepted, outdated) = passwords::verify(&password, &encoded, vm)?;
        Ok(vm.ctx.new_tuple(vec![vm.ctx.new_bool(accepted).into(), vm.ctx.new_bool(outdated).into()]).into())
    }

    /// The name of the hasher that made a hash.
    #[pyfunction]
    fn identify_hasher(encoded: PyStrRef, vm: &VirtualMachine) -> PyResult<&'static str> {
        passwords::identify(&encoded, vm)
    }

    /// The faults of a password, as (message, code); `attributes` are the username, names and address of its user.
    #[pyfunction]
    fn password_faults(
        password: PyStrRef,
        attributes: Option<ArgSequence<PyStrRef>>,
        vm: &VirtualMachine,
    ) -> Vec<PyObjectRef> {
        let attributes = attributes.and_then(|list| {
            let texts: Vec<String> = list.iter().map(|text| text.to_string_lossy().into_owned()).collect();
            <[String; 4]>::try_from(texts).ok()
        });
        let faults = passwords::faults(&password.to_string_lossy(), attributes);
        let pair = |(message, code): (String, &str)| {
            vm.ctx.new_tuple(vec![vm.ctx.new_str(message).into(), vm.ctx.new_str(code).into()]).into()
        };
        faults.into_iter().map(pair).collect()
    }

    /// Whether the links of `through` begin at rows of `label`.
    #[pyfunction]
    fn begins_at(through: PyStrRef, label: PyStrRef) -> bool {
        tables::begins_at(&through.to_string_lossy(), &label.to_string_lossy()).unwrap_or(true)
    }
}
