//! `hashlib.pbkdf2_hmac` with an ear for interrupts: so many rounds take long.

use rustpython_vm as vm;
use vm::function::{ArgBytesLike, FuncArgs};
use vm::{PyObjectRef, PyResult, TryFromObject, VirtualMachine};

use super::host;
use crate::authority::password::derive;

/// Fewer rounds than these are over before somebody could want them to end.
const LONG: i64 = 10_000;

/// Puts it in the place of the engine's, which does the rest.
pub(super) fn install(vm: &VirtualMachine) -> PyResult<()> {
    let module = vm.import("_hashlib", 0)?;
    let plain = module.get_attr("pbkdf2_hmac", vm)?;
    let patient = vm.new_function("pbkdf2_hmac", move |args: FuncArgs, vm: &VirtualMachine| match long(&args, vm) {
        Some(work) => {
            let key = host::patiently(vm, work)?;
            Ok(vm.ctx.new_bytes(key).into())
        }
        None => plain.call(args, vm),
    });
    module.set_attr("pbkdf2_hmac", patient, vm)
}

/// The work, where it is long and there is nothing wrong with the arguments.
fn long(args: &FuncArgs, vm: &VirtualMachine) -> Option<impl FnOnce() -> Vec<u8> + Send + use<>> {
    const NAMES: [&str; 5] = ["hash_name", "password", "salt", "iterations", "dklen"];
    let argument =
        |at: usize| -> Option<PyObjectRef> { args.args.get(at).or_else(|| args.kwargs.get(NAMES[at])).cloned() };
    let rounds: i64 = argument(3)?.try_into_value(vm).ok()?;
    if rounds < LONG || args.args.len() + args.kwargs.len() > NAMES.len() {
        return None;
    }
    let name: String = argument(0)?.try_into_value(vm).ok()?;
    let length: Option<usize> = match argument(4).filter(|length| !vm.is_none(length)) {
        None => None,
        Some(length) => Some(length.try_into_value(vm).ok().filter(|length| (1..1 << 20).contains(length))?),
    };
    let bytes = |at: usize| -> Option<Vec<u8>> {
        Some(ArgBytesLike::try_from_object(vm, argument(at)?).ok()?.borrow_buf().to_vec())
    };
    derive(&name.to_ascii_lowercase(), bytes(1)?, bytes(2)?, u32::try_from(rounds).ok()?, length)
}
