//! The admin shell.

use std::process::ExitCode;
use std::rc::Rc;

use hallpass::python::engine::{Engine, Exit, Setup, on_big_stack};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let source = match (args.next().as_deref(), args.next().as_deref(), args.next()) {
        (Some("shell"), Some("-c"), Some(source)) => source,
        _ => std::io::read_to_string(std::io::stdin()).unwrap_or_default(),
    };
    let exit = on_big_stack(|| {
        let engine = Engine::new(Setup { argv: vec!["hallpass".into(), "shell".into()], settle: Rc::new(|| Ok(())) });
        let exit = engine.run_module(&source);
        engine.finish();
        exit
    });
    match exit {
        Exit::Status(status) => ExitCode::from(status),
        Exit::Interrupted => ExitCode::from(130),
    }
}
