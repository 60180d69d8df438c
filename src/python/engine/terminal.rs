//! A line from the person at the terminal that is not shown while it is typed.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::fd::AsFd;

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use rustpython_vm as vm;
use vm::{PyResult, VirtualMachine};

use super::host;
use super::system::os_error;

/// Asks on the controlling terminal. `None` where there is none.
///
/// # Errors
/// `KeyboardInterrupt`, `EOFError`, and what the terminal says.
pub(super) fn read_hidden(vm: &VirtualMachine, prompt: &str) -> PyResult<Option<String>> {
    let Ok(mut terminal) = OpenOptions::new().read(true).write(true).open("/dev/tty") else {
        return Ok(None);
    };
    let fails = |e: rustix::io::Errno| os_error(vm, &e.into());
    let before = tcgetattr(&terminal).map_err(fails)?;
    let mut silent = before.clone();
    silent.local_modes -= LocalModes::ECHO;
    // As CPython does: what was typed before was seen and is no secret, and whoever answers as soon as they are asked is
    // not seen any more.
    tcsetattr(&terminal, OptionalActions::Flush, &silent).map_err(fails)?;
    let asked = terminal.write_all(prompt.as_bytes()).map_err(|e| os_error(vm, &e));
    let line = asked.and_then(|()| read_line(vm, &terminal));
    let restored = tcsetattr(&terminal, OptionalActions::Flush, &before).map_err(fails);
    // The newline that was typed was not shown either. A terminal that is gone shows nothing.
    let _ = terminal.write_all(b"\n");
    let line = line?;
    restored?;
    match line.strip_suffix(b"\n") {
        Some(text) => Ok(Some(String::from_utf8_lossy(text).into_owned())),
        None if line.is_empty() => Err(vm.new_eof_error("")),
        None => Ok(Some(String::from_utf8_lossy(&line).into_owned())),
    }
}

fn read_line(vm: &VirtualMachine, terminal: &std::fs::File) -> PyResult<Vec<u8>> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        host::wait(vm, Some(terminal.as_fd()), None)?;
        match rustix::io::read(terminal, &mut byte) {
            Ok(0) => return Ok(line),
            Ok(_) => {
                line.push(byte[0]);
                if byte[0] == b'\n' {
                    return Ok(line);
                }
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(os_error(vm, &error.into())),
        }
    }
}
