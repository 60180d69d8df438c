//! The state as a mounted file system. Everything is answered without the kernel's cache, or that would stand between
//! the program and what we know.

use std::{
    ffi::{OsStr, OsString},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use fuser::{
    AccessFlags, BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry,
    ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use super::state::{Bytes, Faults, Names, Node, State};

/// Called after each operation that changes anything or makes it durable.
pub(crate) type Hook = Box<dyn FnMut(&State) + Send>;

/// The file system.
#[derive(Clone)]
pub(crate) struct CutFs {
    pub(crate) state: Arc<Mutex<State>>,
    pub(crate) hook: Arc<Mutex<Option<Hook>>>,
}

const TTL: Duration = Duration::from_secs(3600);

impl CutFs {
    pub(crate) fn new() -> Self {
        Self { state: Arc::new(Mutex::new(State::new())), hook: Arc::default() }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an operation and lets the hook look, before the caller hears of it.
    fn changed(&self, state: &mut State) {
        state.operations += 1;
        if let Some(hook) = self.hook.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            hook(state);
        }
    }
}

fn attributes(state: &State, inode: u64) -> Option<FileAttr> {
    let (size, kind, perm) = match state.nodes.get(&inode)? {
        Node::File(bytes) => (bytes.now.len() as u64, FileType::RegularFile, 0o600),
        Node::Dir(_) => (4096, FileType::Directory, 0o700),
        Node::Socket => (0, FileType::Socket, 0o600),
    };
    let time = SystemTime::UNIX_EPOCH;
    Some(FileAttr {
        ino: INodeNo(inode),
        size,
        blocks: size.div_ceil(512),
        atime: time,
        mtime: time,
        ctime: time,
        crtime: time,
        kind,
        perm,
        nlink: 1,
        uid: rustix::process::getuid().as_raw(),
        gid: rustix::process::getgid().as_raw(),
        rdev: 0,
        blksize: 4096,
        flags: 0,
    })
}

impl Filesystem for CutFs {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let mut state = self.state();
        let inode = state.names(parent.0).and_then(|names| names.now.get(name).copied());
        match inode.and_then(|inode| attributes(&state, inode)) {
            Some(attr) => reply.entry(&TTL, &attr, Generation(0)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _: &Request, inode: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match attributes(&self.state(), inode.0) {
            Some(attr) => reply.attr(&TTL, &attr),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        inode: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _handle: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut state = self.state();
        if let Some(size) = size {
            state.set_length(inode.0, size);
            self.changed(&mut state);
        }
        match attributes(&state, inode.0) {
            Some(attr) => reply.attr(&TTL, &attr),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn mknod(&self, _: &Request, parent: INodeNo, name: &OsStr, mode: u32, _: u32, _: u32, reply: ReplyEntry) {
        // S_IFMT and S_IFSOCK.
        if mode & 0o170_000 != 0o140_000 {
            return reply.error(Errno::EPERM);
        }
        self.make(parent, name, Node::Socket, reply);
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        self.make(parent, name, Node::Dir(Names::default()), reply);
    }

    fn create(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, _: i32, reply: ReplyCreate) {
        let mut state = self.state();
        let inode = state.add(parent.0, name, Node::File(Bytes::default()));
        self.changed(&mut state);
        match attributes(&state, inode) {
            Some(attr) => {
                reply.created(&TTL, &attr, Generation(0), FileHandle(0), FopenFlags::FOPEN_DIRECT_IO);
            }
            None => reply.error(Errno::EIO),
        }
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let mut state = self.state();
        if state.remove(parent.0, name) {
            self.changed(&mut state);
            reply.ok();
        } else {
            reply.error(Errno::ENOENT);
        }
    }

    fn rmdir(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        self.unlink(request, parent, name, reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        _: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let mut state = self.state();
        if parent != new_parent {
            return reply.error(Errno::EXDEV);
        }
        if state.rename(parent.0, name, new_name) {
            self.changed(&mut state);
            reply.ok();
        } else {
            reply.error(Errno::ENOENT);
        }
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::FOPEN_DIRECT_IO);
    }

    fn read(
        &self,
        _: &Request,
        inode: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let mut state = self.state();
        let Some(bytes) = state.bytes(inode.0) else { return reply.error(Errno::ENOENT) };
        let end = (offset + u64::from(size)).min(bytes.now.len() as u64);
        let start = offset.min(end);
        let place = |n| usize::try_from(n).expect("files of a test fit into memory");
        reply.data(&bytes.now[place(start)..place(end)]);
    }

    fn write(
        &self,
        _: &Request,
        inode: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let mut state = self.state();
        if Faults::strikes(&mut state.faults.write) {
            return reply.error(Errno::EIO);
        }
        if let Some(capacity) = state.faults.capacity {
            let length = state.bytes(inode.0).map_or(0, |bytes| bytes.now.len() as u64);
            let growth = (offset + data.len() as u64).saturating_sub(length);
            if growth > 0 && state.used() + growth > capacity {
                return reply.error(Errno::ENOSPC);
            }
        }
        state.write(inode.0, offset, data);
        self.changed(&mut state);
        reply.written(u32::try_from(data.len()).expect("the kernel sends less"));
    }

    /// Not there: a process that forks and executes would otherwise wait for us to answer while we wait for it.
    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.error(Errno::ENOSYS);
    }

    fn fsync(&self, _: &Request, inode: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let mut state = self.state();
        if Faults::strikes(&mut state.faults.sync) {
            state.lose(inode.0);
            return reply.error(Errno::EIO);
        }
        state.sync(inode.0);
        self.changed(&mut state);
        reply.ok();
    }

    fn fsyncdir(&self, request: &Request, inode: INodeNo, handle: FileHandle, data: bool, reply: ReplyEmpty) {
        self.fsync(request, inode, handle, data, reply);
    }

    fn readdir(&self, _: &Request, inode: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let mut state = self.state();
        let names: Vec<(OsString, u64)> =
            state.names(inode.0).map(|n| n.now.clone().into_iter().collect()).unwrap_or_default();
        let skip = usize::try_from(offset).expect("directories of a test are small");
        for (place, (name, inode)) in names.iter().enumerate().skip(skip) {
            let Some(attr) = attributes(&state, *inode) else { continue };
            if reply.add(INodeNo(*inode), place as u64 + 1, attr.kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let state = self.state();
        let capacity = state.faults.capacity.unwrap_or(1 << 30);
        let free = capacity.saturating_sub(state.used()) / 4096;
        reply.statfs(capacity / 4096, free, free, 1000, 1000, 4096, 255, 4096);
    }

    fn access(&self, _: &Request, _: INodeNo, _: AccessFlags, reply: ReplyEmpty) {
        reply.ok();
    }

    /// Space that is set apart reads as zeros; how far it reaches is lost like any other length.
    fn fallocate(
        &self,
        _: &Request,
        inode: INodeNo,
        _: FileHandle,
        from: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        let mut state = self.state();
        let end = from + length;
        let now = state.bytes(inode.0).map_or(0, |bytes| bytes.now.len() as u64);
        if mode != 0 {
            return reply.error(Errno::EOPNOTSUPP);
        }
        if state.faults.capacity.is_some_and(|capacity| end > now && state.used() + end - now > capacity) {
            return reply.error(Errno::ENOSPC);
        }
        if end > now {
            state.set_length(inode.0, end);
            self.changed(&mut state);
        }
        reply.ok();
    }
}

impl CutFs {
    fn make(&self, parent: INodeNo, name: &OsStr, node: Node, reply: ReplyEntry) {
        let mut state = self.state();
        let inode = state.add(parent.0, name, node);
        self.changed(&mut state);
        match attributes(&state, inode) {
            Some(attr) => reply.entry(&TTL, &attr, Generation(0)),
            None => reply.error(Errno::EIO),
        }
    }
}
