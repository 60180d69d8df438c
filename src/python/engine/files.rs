//! Ordinary files for scripts: the raw file under Python's own buffers and text, and the calls behind our `os`.

use std::path::PathBuf;

use rustpython_vm as vm;
use vm::builtins::{PyBytes, PyStr};
use vm::{PyObjectRef, PyResult, VirtualMachine};

pub(super) use _hallpass_files::module_def;

/// The path in a `str` or `bytes`.
fn path_of(object: &PyObjectRef, vm: &VirtualMachine) -> PyResult<PathBuf> {
    use std::os::unix::ffi::OsStringExt;

    let bytes = if let Some(text) = object.downcast_ref::<PyStr>() {
        match text.to_str() {
            Some(text) => text.as_bytes().to_vec(),
            None => {
                let encoded = vm.call_method(object, "encode", ("utf-8", "surrogateescape"))?;
                encoded.downcast_ref::<PyBytes>().map(|bytes| bytes.as_bytes().to_vec()).unwrap_or_default()
            }
        }
    } else if let Some(bytes) = object.downcast_ref::<PyBytes>() {
        bytes.as_bytes().to_vec()
    } else {
        let kind = object.class().name().to_string();
        return Err(vm.new_type_error(format!("expected str, bytes or os.PathLike object, not {kind}")));
    };
    if bytes.contains(&0) {
        return Err(vm.new_value_error("embedded null byte"));
    }
    Ok(std::ffi::OsString::from_vec(bytes).into())
}

#[allow(missing_docs, reason = "the items are seen from Python, not from Rust")]
#[vm::pymodule]
mod _hallpass_files {
    use std::cell::RefCell;
    use std::fs::{self, File, Metadata, OpenOptions};
    use std::io::{self, Read, Seek, SeekFrom, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
    use std::path::Path;

    use rustpython_vm as vm;
    use vm::function::{ArgBytesLike, ArgMemoryBuffer, OptionalArg};
    use vm::{Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};

    use super::super::guard;
    use super::super::system::os_error_about;
    use super::path_of;

    /// An open file. `None`: closed.
    #[pyattr]
    #[pyclass(name = "File")]
    #[derive(Debug, PyPayload)]
    struct RawFile {
        file: RefCell<Option<File>>,
    }

    impl RawFile {
        fn with<R>(&self, vm: &VirtualMachine, act: impl FnOnce(&mut File) -> io::Result<R>) -> PyResult<R> {
            match &mut *self.file.borrow_mut() {
                Some(file) => act(file).map_err(|e| os_error_about(vm, &e, None)),
                None => Err(vm.new_value_error("I/O operation on closed file")),
            }
        }
    }

    #[pyclass]
    impl RawFile {
        #[pymethod]
        fn readinto(zelf: &Py<Self>, buffer: ArgMemoryBuffer, vm: &VirtualMachine) -> PyResult<usize> {
            let mut into = buffer.borrow_buf_mut();
            zelf.with(vm, |file| file.read(&mut into))
        }

        #[pymethod]
        fn readall(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
            let mut bytes = Vec::new();
            zelf.with(vm, |file| file.read_to_end(&mut bytes))?;
            Ok(vm.ctx.new_bytes(bytes).into())
        }

        #[pymethod]
        fn write(zelf: &Py<Self>, data: ArgBytesLike, vm: &VirtualMachine) -> PyResult<usize> {
            zelf.with(vm, |file| file.write(&data.borrow_buf()))
        }

        #[pymethod]
        fn seek(zelf: &Py<Self>, offset: i64, whence: OptionalArg<i32>, vm: &VirtualMachine) -> PyResult<u64> {
            let to = match whence.unwrap_or(0) {
                0 => SeekFrom::Start(offset.try_into().map_err(|_| vm.new_value_error("negative seek position"))?),
                1 => SeekFrom::Current(offset),
                2 => SeekFrom::End(offset),
                other => return Err(vm.new_value_error(format!("invalid whence value ({other})"))),
            };
            zelf.with(vm, |file| file.seek(to))
        }

        #[pymethod]
        fn truncate(zelf: &Py<Self>, size: u64, vm: &VirtualMachine) -> PyResult<()> {
            zelf.with(vm, |file| file.set_len(size))
        }

        #[pymethod]
        fn sync(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
            zelf.with(vm, |file| file.sync_all())
        }

        #[pymethod]
        fn fileno(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<i32> {
            zelf.with(vm, |file| Ok(file.as_raw_fd()))
        }

        #[pymethod]
        fn isatty(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
            zelf.with(vm, |file| Ok(rustix::termios::isatty(&*file)))
        }

        #[pymethod]
        fn stat(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
            let meta = zelf.with(vm, |file| file.metadata())?;
            Ok(stat_tuple(&meta, vm))
        }

        #[pymethod]
        fn close(zelf: &Py<Self>) {
            zelf.file.borrow_mut().take();
        }
    }

    /// Does something with a path that is not guarded; what fails is said with the path.
    fn on<R>(path: &PyObjectRef, vm: &VirtualMachine, act: impl FnOnce(&Path) -> io::Result<R>) -> PyResult<R> {
        let real = path_of(path, vm)?;
        guard::check(&real).and_then(|()| act(&real)).map_err(|e| os_error_about(vm, &e, Some(path.clone())))
    }

    /// Opens by Python's mode: `r`, `w`, `a` or `x`, with `+` or without.
    #[pyfunction]
    fn open(path: PyObjectRef, mode: String, vm: &VirtualMachine) -> PyResult<PyRef<RawFile>> {
        let both = mode.contains('+');
        let mut options = OpenOptions::new();
        match mode.chars().find(|c| "rwax".contains(*c)) {
            Some('r') => options.read(true).write(both),
            Some('w') => options.write(true).read(both).create(true).truncate(true),
            Some('a') => options.append(true).read(both).create(true),
            _ => options.write(true).read(both).create_new(true),
        };
        let file = on(&path, vm, |path| {
            let file = options.mode(0o666).open(path)?;
            // Python opens no directories.
            if file.metadata()?.is_dir() { Err(rustix::io::Errno::ISDIR.into()) } else { Ok(file) }
        })?;
        Ok(RawFile { file: RefCell::new(Some(file)) }.into_ref(&vm.ctx))
    }

    fn stat_tuple(meta: &Metadata, vm: &VirtualMachine) -> PyObjectRef {
        let nanos = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        let whole = [
            i128::from(meta.mode()),
            i128::from(meta.ino()),
            i128::from(meta.dev()),
            i128::from(meta.nlink()),
            i128::from(meta.uid()),
            i128::from(meta.gid()),
            i128::from(meta.size()),
            i128::from(meta.atime()),
            i128::from(meta.mtime()),
            i128::from(meta.ctime()),
            nanos(meta.atime(), meta.atime_nsec()),
            nanos(meta.mtime(), meta.mtime_nsec()),
            nanos(meta.ctime(), meta.ctime_nsec()),
        ];
        vm.ctx.new_tuple(whole.into_iter().map(|n| vm.ctx.new_int(n).into()).collect()).into()
    }

    #[pyfunction]
    fn stat(path: PyObjectRef, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        let meta = on(&path, vm, |path| fs::metadata(path))?;
        Ok(stat_tuple(&meta, vm))
    }

    #[pyfunction]
    fn lstat(path: PyObjectRef, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        let meta = on(&path, vm, |path| fs::symlink_metadata(path))?;
        Ok(stat_tuple(&meta, vm))
    }

    /// The names in a folder, each with its kind: `d`, `f`, `l` or another.
    #[pyfunction]
    fn listdir(path: PyObjectRef, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        let entries = on(&path, vm, |path| {
            fs::read_dir(path)?
                .map(|entry| {
                    let entry = entry?;
                    let kind = entry.file_type()?;
                    let kind = match (kind.is_dir(), kind.is_file(), kind.is_symlink()) {
                        (true, _, _) => "d",
                        (_, true, _) => "f",
                        (_, _, true) => "l",
                        _ => "?",
                    };
                    Ok((entry.file_name().to_string_lossy().into_owned(), kind))
                })
                .collect::<io::Result<Vec<_>>>()
        })?;
        let pairs = entries.into_iter().map(|(name, kind)| {
            vm.ctx.new_tuple(vec![vm.ctx.new_str(name).into(), vm.ctx.new_str(kind).into()]).into()
        });
        Ok(vm.ctx.new_list(pairs.collect()).into())
    }

    #[pyfunction]
    fn mkdir(path: PyObjectRef, mode: u32, vm: &VirtualMachine) -> PyResult<()> {
        on(&path, vm, |path| fs::DirBuilder::new().mode(mode).create(path))
    }

    #[pyfunction]
    fn rmdir(path: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        on(&path, vm, |path| fs::remove_dir(path))
    }

    #[pyfunction]
    fn unlink(path: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        on(&path, vm, |path| fs::remove_file(path))
    }

    #[pyfunction]
    fn rename(from: PyObjectRef, to: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let target = on(&to, vm, |path| Ok(path.to_owned()))?;
        on(&from, vm, |path| fs::rename(path, &target))
    }

    #[pyfunction]
    fn symlink(from: PyObjectRef, to: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let source = path_of(&from, vm)?;
        on(&to, vm, |path| std::os::unix::fs::symlink(&source, path))
    }

    #[pyfunction]
    fn link(from: PyObjectRef, to: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let target = on(&to, vm, |path| Ok(path.to_owned()))?;
        on(&from, vm, |path| fs::hard_link(path, &target))
    }

    #[pyfunction]
    fn readlink(path: PyObjectRef, vm: &VirtualMachine) -> PyResult<String> {
        on(&path, vm, |path| fs::read_link(path)).map(|path| path.to_string_lossy().into_owned())
    }

    #[pyfunction]
    fn chmod(path: PyObjectRef, mode: u32, vm: &VirtualMachine) -> PyResult<()> {
        on(&path, vm, |path| fs::set_permissions(path, fs::Permissions::from_mode(mode)))
    }

    #[pyfunction]
    fn access(path: PyObjectRef, mode: u32, vm: &VirtualMachine) -> PyResult<bool> {
        let path = path_of(&path, vm)?;
        let wanted = rustix::fs::Access::from_bits_truncate(mode);
        Ok(guard::check(&path).is_ok() && rustix::fs::access(&path, wanted).is_ok())
    }

    /// Sets the times of a file, in nanoseconds since 1970.
    #[pyfunction]
    fn utime(path: PyObjectRef, accessed: u64, modified: u64, vm: &VirtualMachine) -> PyResult<()> {
        let at = |nanos| std::time::UNIX_EPOCH + std::time::Duration::from_nanos(nanos);
        let times = fs::FileTimes::new().set_accessed(at(accessed)).set_modified(at(modified));
        on(&path, vm, |path| File::open(path)?.set_times(times))
    }

    #[pyfunction]
    fn getcwd(vm: &VirtualMachine) -> PyResult<String> {
        let here = std::env::current_dir().map_err(|e| os_error_about(vm, &e, None))?;
        Ok(here.to_string_lossy().into_owned())
    }

    #[pyfunction]
    fn chdir(path: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        on(&path, vm, |path| std::env::set_current_dir(path))
    }
}
