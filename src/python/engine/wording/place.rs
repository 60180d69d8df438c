//! Where an error was raised: the instruction of the innermost frame, and what it worked on. The engine's text alone
//! often does not tell; its bytecode does.

use rustpython_vm as vm;
use vm::builtins::{PyBaseException, PyTuple};
use vm::bytecode::{BinaryOperator, CodeUnit, Instruction, InstructionMetadata};
use vm::frame::FrameRef;
use vm::{AsObject, Py, PyObjectRef, VirtualMachine};

/// What was being done.
#[derive(Debug)]
pub(super) enum Place {
    /// An operator between two operands.
    Operator(BinaryOperator),
    /// `in`, `not in`.
    Membership,
    /// A call by a name (`len`), or of an attribute (`"".join`).
    Call(Callee),
    /// Anything else.
    Other,
}

/// What was called.
#[derive(Debug)]
pub(super) struct Callee {
    pub name: String,
    pub method: bool,
}

/// The innermost frame of an exception, stopped at an instruction.
pub(super) struct Stopped {
    frame: FrameRef,
    at: usize,
}

impl Stopped {
    /// Of `exc`; `None` where it was raised by no instruction.
    pub(super) fn of(exc: &Py<PyBaseException>) -> Option<Self> {
        let last = exc.__traceback__()?.iter().last()?;
        Some(Self { frame: last.frame.clone(), at: last.lasti as usize / 2 })
    }

    fn unit(&self, at: usize) -> Option<(Instruction, u32)> {
        let units: &[CodeUnit] = &self.frame.code.instructions;
        let unit = units.get(at)?;
        Some((unit.op.deoptimize(), u32::from(u8::from(unit.arg))))
    }

    pub(super) fn place(&self) -> Place {
        match self.unit(self.at) {
            Some((Instruction::BinaryOp { .. }, arg)) => {
                BinaryOperator::try_from(arg).map_or(Place::Other, Place::Operator)
            }
            Some((Instruction::ContainsOp { .. }, _)) => Place::Membership,
            Some((Instruction::Call { .. } | Instruction::CallKw { .. } | Instruction::CallFunctionEx, _)) => {
                self.below_arguments().or_else(|| self.callee()).map_or(Place::Other, Place::Call)
            }
            _ => Place::Other,
        }
    }

    /// What lies on the stack below the arguments of the call, by the effects of the instructions that put them there;
    /// `None` where the way to it is not straight.
    fn below_arguments(&self) -> Option<Callee> {
        let (call, count) = self.unit(self.at)?;
        let mut above = match call {
            Instruction::Call { .. } => count,
            // The names of keyword arguments lie on top.
            Instruction::CallKw { .. } => count + 1,
            _ => return None,
        };
        let mut before = Vec::new();
        let (mut at, mut high) = (0, 0);
        while at < self.at {
            let (instruction, low) = self.unit(at)?;
            let arg = high << 8 | low;
            let extends = matches!(instruction, Instruction::ExtendedArg);
            high = if extends { arg } else { 0 };
            if !extends {
                before.push((instruction, arg));
            }
            at += 1 + instruction.cache_entries();
        }
        while above > 0 {
            let (instruction, arg) = before.pop()?;
            if instruction.label_arg().is_some() || instruction.is_scope_exit() {
                return None;
            }
            let effect = instruction.stack_effect_info(arg);
            above = (above + effect.popped()).checked_sub(effect.pushed())?;
        }
        let loaded = match before.pop()? {
            (Instruction::PushNull, _) => before.pop()?,
            loaded => loaded,
        };
        let named = |index: u32, method| {
            let name = self.frame.code.names.get(index as usize)?.as_str().to_owned();
            Some(Callee { name, method })
        };
        match loaded {
            (Instruction::LoadName { .. }, arg) => named(arg, false),
            (Instruction::LoadGlobal { .. } | Instruction::LoadAttr { .. }, arg) => {
                named(arg >> 1, matches!(loaded.0, Instruction::LoadAttr { .. }))
            }
            _ => None,
        }
    }

    /// The last name that was loaded where the expression of the call begins.
    fn callee(&self) -> Option<Callee> {
        let locations = &self.frame.code.locations;
        let start = locations.get(self.at)?.0;
        for at in (0..self.at).rev() {
            let (instruction, arg) = self.unit(at)?;
            // Behind a list or the like the engine places what is called elsewhere: the nearest method is it.
            let method = matches!(instruction, Instruction::LoadAttr { .. }) && arg & 1 == 1;
            if locations.get(at)?.0 != start && !method {
                match instruction {
                    Instruction::Call { .. } | Instruction::CallKw { .. } => return None,
                    _ => continue,
                }
            }
            let named = |index: u32, method| {
                let name = self.frame.code.names.get(index as usize)?.as_str().to_owned();
                Some(Callee { name, method })
            };
            match instruction {
                Instruction::LoadName { .. } => return named(arg, false),
                Instruction::LoadGlobal { .. } => return named(arg >> 1, false),
                Instruction::LoadAttr { .. } => return named(arg >> 1, true),
                Instruction::Call { .. } | Instruction::CallKw { .. } | Instruction::CallFunctionEx => return None,
                _ => {}
            }
        }
        None
    }

    /// Whether one of the two operands is a float, as far as they are plain names and numbers.
    pub(super) fn floats(&self, vm: &VirtualMachine) -> bool {
        (1..=2)
            .filter_map(|back| self.operand(self.at.checked_sub(back)?, vm))
            .any(|operand| operand.class().is(vm.ctx.types.float_type))
    }

    fn operand(&self, at: usize, vm: &VirtualMachine) -> Option<PyObjectRef> {
        let (instruction, arg) = self.unit(at)?;
        let code = &self.frame.code;
        let name = match instruction {
            Instruction::LoadConst { .. } => {
                let constants = code.as_object().get_attr("co_consts", vm).ok()?;
                return constants.downcast_ref::<PyTuple>()?.get(arg as usize).cloned();
            }
            Instruction::LoadName { .. } => *code.names.get(arg as usize)?,
            Instruction::LoadGlobal { .. } => *code.names.get(arg as usize >> 1)?,
            Instruction::LoadFast { .. } => *code.varnames.get(arg as usize)?,
            _ => return None,
        };
        let locals = self.frame.as_object().get_attr("f_locals", vm).ok()?;
        locals.get_item(name, vm).ok().or_else(|| self.frame.globals.get_item_opt(name, vm).ok().flatten())
    }
}
