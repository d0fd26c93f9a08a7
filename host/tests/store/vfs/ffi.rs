//! The part that SQLite calls.

#![expect(unsafe_code, reason = "SQLite calls a VFS through C, with pointers to what the VFS made")]

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    ptr, slice,
    sync::{Arc, Mutex},
};

use rusqlite::ffi::{
    SQLITE_CANTOPEN, SQLITE_FULL, SQLITE_IOERR_DELETE, SQLITE_IOERR_FSYNC, SQLITE_IOERR_READ,
    SQLITE_IOERR_SHORT_READ, SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_WRITE, SQLITE_OK, SQLITE_OPEN_CREATE,
    sqlite3_file, sqlite3_filename, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs, sqlite3_vfs_find,
    sqlite3_vfs_register,
};

use super::{Ask, Fault, Happened, State, lock, name_of, power::SECTOR};

/// What is behind every file: ours, and right after it the one of the usual VFS.
#[repr(C)]
struct File {
    base: sqlite3_file,
    open: *mut Open,
}

/// What is known of an open file.
struct Open {
    name: Arc<str>,
    disk: Arc<Mutex<State>>,
}

/// What a registered VFS leads to.
struct Registered {
    usual: *mut sqlite3_vfs,
    disk: Arc<Mutex<State>>,
}

static FILE_METHODS: sqlite3_io_methods = sqlite3_io_methods {
    // 1: without shared memory, which a connection that has the file to itself does not need.
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock_file),
    xUnlock: Some(unlock_file),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

/// Registers a VFS that tells `disk` of everything, and gives its name.
pub(super) fn register(disk: &Arc<Mutex<State>>) -> Arc<str> {
    let name: Arc<str> = format!("winddown-test-{:p}", Arc::as_ptr(disk)).into();
    let c_name = CString::new(&*name).unwrap();
    // SAFETY: a null pointer asks for the usual VFS, which is there as long as the process is.
    let usual = unsafe { sqlite3_vfs_find(ptr::null()) };
    let registered = Box::new(Registered { usual, disk: Arc::clone(disk) });
    // SAFETY: `usual` was found just now. Its other functions do not use the VFS that they are given.
    let mut vfs = unsafe { *usual };
    vfs.szOsFile += c_int::try_from(size_of::<File>()).unwrap();
    vfs.pNext = ptr::null_mut();
    vfs.zName = c_name.into_raw();
    vfs.pAppData = Box::into_raw(registered).cast();
    vfs.xOpen = Some(open);
    vfs.xDelete = Some(delete);
    // SAFETY: all that it leads to is never freed.
    let code = unsafe { sqlite3_vfs_register(Box::into_raw(Box::new(vfs)), 0) };
    assert_eq!(code, SQLITE_OK, "a VFS can be registered");
    name
}

/// The usual VFS's part of a file.
///
/// # Safety
/// `file` was made by [`open`].
unsafe fn usual(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: SQLite gives each file `szOsFile` bytes, which is room for both.
    unsafe { file.byte_add(size_of::<File>()) }
}

/// Calls a method of the usual VFS's part of a file.
macro_rules! usual {
    ($file:ident . $method:ident ( $($argument:expr),* )) => {{
        // SAFETY: SQLite calls a method only of a file that is open, and then both parts are.
        unsafe {
            let file = usual($file);
            (*(*file).pMethods).$method.unwrap()(file $(, $argument)*)
        }
    }};
}

/// What is known of a file that is open.
fn known<'file>(file: *mut sqlite3_file) -> &'file Open {
    // SAFETY: SQLite calls a method only of a file that is open, so `open` has set this and `close` has not
    // freed it.
    unsafe { &*(*file.cast::<File>()).open }
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    path: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: `register` has set this, `file` has room for both parts, and `path` is null or a C string.
    unsafe {
        let registered = &*(*vfs).pAppData.cast::<Registered>();
        (*file).pMethods = ptr::null();
        let name = if path.is_null() { "".into() } else { name_of(&CStr::from_ptr(path).to_string_lossy()) };
        if lock(&registered.disk).judge(Ask::Open).is_some() {
            return SQLITE_CANTOPEN;
        }
        let is_new =
            !path.is_null() && !std::path::Path::new(&*CStr::from_ptr(path).to_string_lossy()).exists();
        let code = (*registered.usual).xOpen.unwrap()(registered.usual, path, usual(file), flags, out_flags);
        if code == SQLITE_OK {
            if is_new && flags & SQLITE_OPEN_CREATE != 0 {
                lock(&registered.disk).happened.push(Happened::Made(Arc::clone(&name)));
            }
            let open = Open { name, disk: Arc::clone(&registered.disk) };
            (*file.cast::<File>()).open = Box::into_raw(Box::new(open));
            (*file).pMethods = &raw const FILE_METHODS;
        }
        code
    }
}

unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, path: *const c_char, sync_directory: c_int) -> c_int {
    // SAFETY: `register` has set this, and `path` is a C string.
    unsafe {
        let registered = &*(*vfs).pAppData.cast::<Registered>();
        let name = name_of(&CStr::from_ptr(path).to_string_lossy());
        let mut disk = lock(&registered.disk);
        if disk.judge(Ask::Delete).is_some() {
            return SQLITE_IOERR_DELETE;
        }
        let code = (*registered.usual).xDelete.unwrap()(registered.usual, path, 0);
        if code == SQLITE_OK {
            disk.happened.push(Happened::Deleted(Arc::clone(&name)));
            if sync_directory != 0 {
                disk.happened.push(Happened::DirectorySynced);
            }
        }
        code
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    let code = usual!(file.xClose());
    // SAFETY: `open` made it, and nothing is called of a file that is closed.
    drop(unsafe { Box::from_raw((*file.cast::<File>()).open) });
    code
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    into: *mut c_void,
    size: c_int,
    at: sqlite3_int64,
) -> c_int {
    match lock(&known(file).disk).judge(Ask::Read) {
        None => usual!(file.xRead(into, size, at)),
        Some(Fault::ShortRead) => {
            let code = usual!(file.xRead(into, size, at));
            let length = usize::try_from(size).unwrap();
            // SAFETY: SQLite gives a place for `size` bytes. It wants the rest of a short read to be zero.
            unsafe { slice::from_raw_parts_mut(into.cast::<u8>(), length)[length / 2..].fill(0) };
            if code == SQLITE_OK { SQLITE_IOERR_SHORT_READ } else { code }
        }
        Some(_) => SQLITE_IOERR_READ,
    }
}

/// About half of what is written at a place: whole sectors.
fn half(at: sqlite3_int64, size: c_int) -> c_int {
    let sector = sqlite3_int64::try_from(SECTOR).unwrap();
    let end = (at + sqlite3_int64::from(size / 2)) / sector * sector;
    c_int::try_from((end - at).max(0)).unwrap()
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    from: *const c_void,
    size: c_int,
    at: sqlite3_int64,
) -> c_int {
    let known = known(file);
    let mut disk = lock(&known.disk);
    let (size, fails) = match disk.judge(Ask::Write) {
        None => (size, SQLITE_OK),
        Some(Fault::Full) => (half(at, size), SQLITE_FULL),
        Some(_) => (half(at, size), SQLITE_IOERR_WRITE),
    };
    let code = usual!(file.xWrite(from, size, at));
    if code == SQLITE_OK {
        // SAFETY: SQLite gives at least `size` bytes.
        let bytes = unsafe { slice::from_raw_parts(from.cast::<u8>(), usize::try_from(size).unwrap()) };
        let at = u64::try_from(at).unwrap();
        disk.happened.push(Happened::Written(Arc::clone(&known.name), at, bytes.to_vec()));
        return fails;
    }
    code
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    let known = known(file);
    let mut disk = lock(&known.disk);
    if disk.judge(Ask::Resize).is_some() {
        return SQLITE_IOERR_TRUNCATE;
    }
    let code = usual!(file.xTruncate(size));
    if code == SQLITE_OK {
        disk.happened.push(Happened::Resized(Arc::clone(&known.name), u64::try_from(size).unwrap()));
    }
    code
}

/// What a sync is worth is told by what was written down, so the real one is left out.
unsafe extern "C" fn sync(file: *mut sqlite3_file, _flags: c_int) -> c_int {
    let known = known(file);
    let mut disk = lock(&known.disk);
    if disk.judge(Ask::Sync).is_some() {
        disk.happened.push(Happened::SyncFailed(Arc::clone(&known.name)));
        return SQLITE_IOERR_FSYNC;
    }
    disk.happened.push(Happened::Synced(Arc::clone(&known.name)));
    SQLITE_OK
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, size: *mut sqlite3_int64) -> c_int {
    usual!(file.xFileSize(size))
}

unsafe extern "C" fn lock_file(file: *mut sqlite3_file, level: c_int) -> c_int {
    usual!(file.xLock(level))
}

unsafe extern "C" fn unlock_file(file: *mut sqlite3_file, level: c_int) -> c_int {
    usual!(file.xUnlock(level))
}

unsafe extern "C" fn check_reserved_lock(file: *mut sqlite3_file, is_locked: *mut c_int) -> c_int {
    usual!(file.xCheckReservedLock(is_locked))
}

unsafe extern "C" fn file_control(file: *mut sqlite3_file, what: c_int, with: *mut c_void) -> c_int {
    usual!(file.xFileControl(what, with))
}

unsafe extern "C" fn sector_size(file: *mut sqlite3_file) -> c_int {
    usual!(file.xSectorSize())
}

unsafe extern "C" fn device_characteristics(file: *mut sqlite3_file) -> c_int {
    usual!(file.xDeviceCharacteristics())
}
