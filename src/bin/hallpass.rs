//! The admin shell.

use std::process::ExitCode;
use std::rc::Rc;

use hallpass::python::engine::{Exit, Interrupts, Setup, die_by_interrupt, on_big_stack};
use hallpass::shell::{self, Commands, Options};

fn main() -> ExitCode {
    let mut args = std::env::args().skip_while(|arg| arg != "-c").skip(1);
    let code = args.next();
    let interrupts = Interrupts::listen().ok();
    let exit = on_big_stack(|| {
        shell::run(Options {
            code,
            engine: Setup { interrupts, ..Setup::default() },
            commands: Commands { known: Rc::new(|_| false), run: Rc::new(|_| 1) },
            banner: String::new(),
            history: None,
        })
    });
    match exit {
        Exit::Status(status) => ExitCode::from(status),
        Exit::Interrupted => die_by_interrupt(),
    }
}
